#include "crypto/kem.h"
#include "base/wr.h"
#include "crypto/ct.h"
#include "crypto/dh.h"
#include "crypto/mlkem.h"
#include "crypto/xwing.h"

#include <string.h>

#define VERSION	  "HPKE-v1"
#define MAX_PARTS 4

size_t
hpke_public_len(enum hpke_kem kem)
{
	switch (kem) {
	case HPKE_P256:
		return P256_PUBLIC_LEN;
	case HPKE_X25519:
		return X25519_LEN;
	case HPKE_MLKEM768:
		return MLKEM768_EK_LEN;
	case HPKE_XWING:
		return XWING_PUBLIC_LEN;
	}
	return 0;
}

size_t
hpke_secret_len(enum hpke_kem kem)
{
	return kem == HPKE_MLKEM768 ? MLKEM768_SEED_LEN : 32;
}

size_t
hpke_enc_len(enum hpke_kem kem)
{
	switch (kem) {
	case HPKE_P256:
		return P256_PUBLIC_LEN;
	case HPKE_X25519:
		return X25519_LEN;
	case HPKE_MLKEM768:
		return MLKEM768_CT_LEN;
	case HPKE_XWING:
		return XWING_CT_LEN;
	}
	return 0;
}

size_t
hpke_random_len(enum hpke_kem kem)
{
	return kem == HPKE_XWING ? XWING_RANDOM_LEN : 32;
}

static struct kem_suite_id
kem_id(enum hpke_kem kem)
{
	return (struct kem_suite_id){
		{ 'K', 'E', 'M', (uint8_t)(kem >> 8), (uint8_t)kem }, 5
	};
}

void
kem_labeled_extract(enum hash_alg alg, const struct kem_suite_id *id,
    struct bytes salt, const char *label, struct bytes ikm, uint8_t *prk)
{
	const struct bytes parts[] = {
		BYTES_LIT(VERSION),
		{ id->p, id->n },
		bytes_str(label),
		ikm,
	};

	hmac_parts(alg, salt, parts, sizeof parts / sizeof parts[0], prk);
}

enum err
kem_labeled_expand(enum hash_alg alg, const struct kem_suite_id *id,
    const uint8_t *prk, const struct kem_info *info, uint8_t *out, size_t len)
{
	struct wr w = wr_new();
	enum err err;

	wr_u16(&w, (uint16_t)len);
	wr_put(&w, BYTES_LIT(VERSION));
	wr_put(&w, (struct bytes){ id->p, id->n });
	wr_put(&w, bytes_str(info->label));
	for (size_t i = 0; i < info->n; i++)
		wr_put(&w, info->parts[i]);
	TRY(wr_done(&w));
	NEED(len <= UINT16_MAX, ERR_ARG);
	TRY(hkdf_expand(
	    alg, (struct bytes){ prk, hash_len(alg) }, wr_bytes(&w), out, len));
out:
	wr_free(&w);
	return err;
}

enum err
kem_labeled_derive(const struct kem_suite_id *id, struct bytes ikm,
    const struct kem_info *info, uint8_t *out, size_t len)
{
	size_t label_len = strlen(info->label);
	const uint8_t lengths[4] = {
		(uint8_t)(label_len >> 8),
		(uint8_t)label_len,
		(uint8_t)(len >> 8),
		(uint8_t)len,
	};
	struct bytes parts[6 + MAX_PARTS] = {
		ikm,
		BYTES_LIT(VERSION),
		{ id->p, id->n },
		{ lengths, 2 },
		bytes_str(info->label),
		{ lengths + 2, 2 },
	};

	if (len > UINT16_MAX || info->n > MAX_PARTS)
		return ERR_ARG;
	for (size_t i = 0; i < info->n; i++)
		parts[6 + i] = info->parts[i];
	return shake256(parts, 6 + info->n, out, len);
}

/* RFC 9180 7.1.3: the first candidate that is a scalar. */
static enum err
derive_p256(const struct kem_suite_id *id, const uint8_t *prk, uint8_t *secret,
    uint8_t *public)
{
	enum err err = ERR_KEY;

	for (unsigned i = 0; i < 256 && err == ERR_KEY; i++) {
		uint8_t counter = (uint8_t)i;
		struct bytes part = { &counter, 1 };
		struct kem_info info = { "candidate", &part, 1 };

		err = kem_labeled_expand(
		    HASH_SHA256, id, prk, &info, secret, P256_SECRET_LEN);
		if (err == ERR_OK)
			err = p256_public(secret, public);
	}
	return err == ERR_KEY ? ERR_CRYPTO : err;
}

enum err
hpke_derive_key_pair(
    enum hpke_kem kem, struct bytes ikm, uint8_t *secret, uint8_t *public)
{
	struct kem_suite_id id = kem_id(kem);
	struct kem_info info = { "DeriveKeyPair", NULL, 0 };
	struct {
		uint8_t prk[32];
	} s;
	enum err err = ERR_ARG;

	switch (kem) {
	case HPKE_P256:
	case HPKE_X25519:
		kem_labeled_extract(
		    HASH_SHA256, &id, BYTES_NONE, "dkp_prk", ikm, s.prk);
		if (kem == HPKE_P256) {
			TRY(derive_p256(&id, s.prk, secret, public));
			break;
		}
		info.label = "sk";
		TRY(kem_labeled_expand(
		    HASH_SHA256, &id, s.prk, &info, secret, X25519_LEN));
		x25519_public(secret, public);
		break;
	case HPKE_MLKEM768:
	case HPKE_XWING:
		TRY(kem_labeled_derive(
		    &id, ikm, &info, secret, hpke_secret_len(kem)));
		TRY(hpke_public(kem,
		    (struct bytes){ secret, hpke_secret_len(kem) }, public));
		break;
	}
out:
	bytes_wipe(&s, sizeof s);
	if (err != ERR_OK)
		bytes_wipe(secret, hpke_secret_len(kem));
	return err;
}

enum err
hpke_public(enum hpke_kem kem, struct bytes secret, uint8_t *public)
{
	struct {
		uint8_t dk[MLKEM768_DK_LEN];
	} s;
	enum err err = ERR_OK;

	if (secret.n != hpke_secret_len(kem))
		return ERR_KEY;
	switch (kem) {
	case HPKE_P256:
		return p256_public(secret.p, public);
	case HPKE_X25519:
		x25519_public(secret.p, public);
		return ERR_OK;
	case HPKE_MLKEM768:
		err = mlkem768_keygen(secret.p, public, s.dk);
		bytes_wipe(&s, sizeof s);
		return err;
	case HPKE_XWING:
		return xwing_public(secret.p, public);
	}
	return ERR_ARG;
}

/* The u-coordinates of small order, and their other spellings below 2^255;
 * bit 255 is ignored by X25519. */
static bool
x25519_has_small_order(const uint8_t public[X25519_LEN])
{
	static const uint8_t order_8[2][X25519_LEN] = {
		{ 0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56,
		    0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb,
		    0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49,
		    0xb8, 0x00 },
		{ 0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0,
		    0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4,
		    0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f,
		    0x11, 0x57 },
	};
	uint8_t u[X25519_LEN];
	bool all_ff = true;

	memcpy(u, public, sizeof u);
	u[31] &= 0x7f;
	if (u[0] <= 1 && ct_is_zero(u + 1, sizeof u - 1))
		return true; /* 0 and 1 */
	for (size_t i = 1; i < sizeof u - 1; i++)
		all_ff = all_ff && u[i] == 0xff;
	if (all_ff && u[31] == 0x7f && u[0] >= 0xec && u[0] <= 0xee)
		return true; /* p - 1, p and p + 1 */
	return bytes_equal(BYTES_OF(u), BYTES_OF(order_8[0])) ||
	       bytes_equal(BYTES_OF(u), BYTES_OF(order_8[1]));
}

/* FIPS 203 7.2: every coefficient of an encapsulation key is below q. */
static bool
mlkem_is_reduced(const uint8_t ek[MLKEM768_EK_LEN])
{
	for (size_t i = 0; i + 2 < MLKEM768_EK_LEN - 32; i += 3) {
		unsigned a = ek[i] | (ek[i + 1] & 0x0fu) << 8;
		unsigned b = ek[i + 1] >> 4 | (unsigned)ek[i + 2] << 4;

		if (a >= 3329 || b >= 3329)
			return false;
	}
	return true;
}

enum err
hpke_check_public(enum hpke_kem kem, struct bytes public)
{
	bool ok = false;

	if (public.n != hpke_public_len(kem))
		return ERR_KEY;
	switch (kem) {
	case HPKE_P256:
		return p256_check(public.p);
	case HPKE_X25519:
		ok = !x25519_has_small_order(public.p);
		break;
	case HPKE_MLKEM768:
		ok = mlkem_is_reduced(public.p);
		break;
	case HPKE_XWING:
		ok = mlkem_is_reduced(public.p) &&
		     !x25519_has_small_order(public.p + MLKEM768_EK_LEN);
		break;
	}
	return ok ? ERR_OK : ERR_KEY;
}

static enum err
dh(enum hpke_kem kem, const uint8_t *secret, const uint8_t *public,
    uint8_t *shared)
{
	return kem == HPKE_P256 ? p256(secret, public, shared)
				: x25519(secret, public, shared);
}

/* RFC 9180 4.1: one or two Diffie-Hellman outputs of 32 bytes to a secret,
 * bound to kem_context. */
static enum err
extract_and_expand(enum hpke_kem kem, struct bytes dhs,
    const struct bytes context[3], uint8_t *shared)
{
	struct kem_suite_id id = kem_id(kem);
	struct kem_info info = { "shared_secret", context, 3 };
	struct {
		uint8_t prk[32];
	} s;
	enum err err;

	kem_labeled_extract(
	    HASH_SHA256, &id, BYTES_NONE, "eae_prk", dhs, s.prk);
	err = kem_labeled_expand(
	    HASH_SHA256, &id, s.prk, &info, shared, HPKE_SHARED_LEN);
	bytes_wipe(&s, sizeof s);
	return err;
}

static enum err
dh_encap(enum hpke_kem kem, struct bytes public, struct bytes sender,
    const uint8_t *random, uint8_t *enc, uint8_t *shared)
{
	uint8_t sender_public[P256_PUBLIC_LEN];
	struct bytes context[3] = { { enc, hpke_enc_len(kem) }, public,
		BYTES_NONE };
	struct {
		uint8_t e[32], dh[64];
	} s;
	size_t n = 32;
	enum err err;

	TRY(hpke_derive_key_pair(kem, (struct bytes){ random, 32 }, s.e, enc));
	TRY(dh(kem, s.e, public.p, s.dh));
	if (sender.n != 0) {
		TRY(hpke_public(kem, sender, sender_public));
		TRY(dh(kem, sender.p, public.p, s.dh + 32));
		context[2] =
		    (struct bytes){ sender_public, hpke_public_len(kem) };
		n = 64;
	}
	TRY(extract_and_expand(
	    kem, (struct bytes){ s.dh, n }, context, shared));
out:
	bytes_wipe(&s, sizeof s);
	return err;
}

static enum err
dh_decap(enum hpke_kem kem, struct bytes secret, struct bytes sender,
    struct bytes enc, uint8_t *shared)
{
	uint8_t public[P256_PUBLIC_LEN];
	const struct bytes context[3] = { enc, { public, hpke_public_len(kem) },
		sender };
	struct {
		uint8_t dh[64];
	} s;
	enum err err;

	TRY(hpke_public(kem, secret, public));
	TRY(dh(kem, secret.p, enc.p, s.dh));
	if (sender.n != 0)
		TRY(dh(kem, secret.p, sender.p, s.dh + 32));
	TRY(extract_and_expand(kem,
	    (struct bytes){ s.dh, sender.n != 0 ? 64 : 32 }, context, shared));
out:
	bytes_wipe(&s, sizeof s);
	return err;
}

enum err
kem_encap(enum hpke_kem kem, struct bytes public, struct bytes sender,
    const uint8_t *random, uint8_t *enc, uint8_t shared[HPKE_SHARED_LEN])
{
	if (public.n != hpke_public_len(kem))
		return ERR_KEY;
	switch (kem) {
	case HPKE_P256:
	case HPKE_X25519:
		return dh_encap(kem, public, sender, random, enc, shared);
	case HPKE_MLKEM768:
		if (sender.n != 0)
			return ERR_ARG;
		return mlkem768_encaps(public.p, random, enc, shared);
	case HPKE_XWING:
		if (sender.n != 0)
			return ERR_ARG;
		return xwing_encaps(public.p, random, enc, shared);
	}
	return ERR_ARG;
}

static enum err
mlkem_decap(const uint8_t *seed, const uint8_t *ct, uint8_t *shared)
{
	uint8_t ek[MLKEM768_EK_LEN];
	struct {
		uint8_t dk[MLKEM768_DK_LEN];
	} s;
	enum err err;

	TRY(mlkem768_keygen(seed, ek, s.dk));
	TRY(mlkem768_decaps(s.dk, ct, shared));
out:
	bytes_wipe(&s, sizeof s);
	return err;
}

enum err
kem_decap(enum hpke_kem kem, struct bytes secret, struct bytes sender,
    struct bytes enc, uint8_t shared[HPKE_SHARED_LEN])
{
	if (secret.n != hpke_secret_len(kem) || enc.n != hpke_enc_len(kem) ||
	    (sender.n != 0 && sender.n != hpke_public_len(kem)))
		return ERR_KEY;
	switch (kem) {
	case HPKE_P256:
	case HPKE_X25519:
		return dh_decap(kem, secret, sender, enc, shared);
	case HPKE_MLKEM768:
		if (sender.n != 0)
			return ERR_ARG;
		return mlkem_decap(secret.p, enc.p, shared);
	case HPKE_XWING:
		if (sender.n != 0)
			return ERR_ARG;
		return xwing_decaps(secret.p, enc.p, shared);
	}
	return ERR_ARG;
}
