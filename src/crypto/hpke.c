#include "crypto/hpke.h"
#include "crypto/kem.h"

#include <string.h>

/* RFC 9180 table 1. */
enum mode { MODE_BASE = 0, MODE_PSK = 1, MODE_AUTH = 2, MODE_AUTH_PSK = 3 };

static struct kem_suite_id
suite_id(struct hpke_suite suite)
{
	return (struct kem_suite_id){
		{ 'H', 'P', 'K', 'E', (uint8_t)(suite.kem >> 8),
		    (uint8_t)suite.kem, (uint8_t)(suite.kdf >> 8),
		    (uint8_t)suite.kdf, (uint8_t)(suite.aead >> 8),
		    (uint8_t)suite.aead },
		10
	};
}

static enum hash_alg
hash_of(enum hpke_kdf kdf)
{
	switch (kdf) {
	case HPKE_HKDF_SHA256:
		return HASH_SHA256;
	case HPKE_HKDF_SHA384:
		return HASH_SHA384;
	case HPKE_HKDF_SHA512:
	case HPKE_SHAKE256:
		break;
	}
	return HASH_SHA512; /* of the length that SHAKE256 has as Nh, too */
}

static enum aead_alg
aead_of(enum hpke_aead aead)
{
	switch (aead) {
	case HPKE_AES128GCM:
		return AEAD_AES128GCM;
	case HPKE_AES256GCM:
		return AEAD_AES256GCM;
	case HPKE_CHACHAPOLY:
	case HPKE_EXPORT_ONLY:
		break;
	}
	return AEAD_CHACHAPOLY;
}

static bool
is_suite(struct hpke_suite s)
{
	return hpke_public_len(s.kem) != 0 &&
	       (s.kdf == HPKE_HKDF_SHA256 || s.kdf == HPKE_HKDF_SHA384 ||
		   s.kdf == HPKE_HKDF_SHA512 || s.kdf == HPKE_SHAKE256) &&
	       (s.aead == HPKE_AES128GCM || s.aead == HPKE_AES256GCM ||
		   s.aead == HPKE_CHACHAPOLY || s.aead == HPKE_EXPORT_ONLY);
}

/* RFC 9180 5.1, KeySchedule, from h->shared; the two-stage KDFs. */
static enum err
schedule(struct hpke *h, uint8_t mode, const struct hpke_receiver *in)
{
	struct kem_suite_id id = suite_id(h->suite);
	enum hash_alg alg = hash_of(h->suite.kdf);
	uint8_t psk_id_hash[HASH_MAX_LEN], info_hash[HASH_MAX_LEN];
	const struct bytes context[3] = {
		{ &mode, 1 },
		{ psk_id_hash, hash_len(alg) },
		{ info_hash, hash_len(alg) },
	};
	struct kem_info info = { "key", context, 3 };
	struct {
		uint8_t secret[HASH_MAX_LEN];
	} s;
	enum err err;

	kem_labeled_extract(
	    alg, &id, BYTES_NONE, "psk_id_hash", in->mode.psk_id, psk_id_hash);
	kem_labeled_extract(
	    alg, &id, BYTES_NONE, "info_hash", in->info, info_hash);
	kem_labeled_extract(
	    alg, &id, BYTES_OF(h->shared), "secret", in->mode.psk, s.secret);
	if (h->suite.aead != HPKE_EXPORT_ONLY) {
		TRY(kem_labeled_expand(alg, &id, s.secret, &info, h->key,
		    aead_key_len(aead_of(h->suite.aead))));
		info.label = "base_nonce";
		TRY(kem_labeled_expand(
		    alg, &id, s.secret, &info, h->nonce, sizeof h->nonce));
	}
	info.label = "exp";
	TRY(kem_labeled_expand(
	    alg, &id, s.secret, &info, h->exporter, hash_len(alg)));
out:
	bytes_wipe(&s, sizeof s);
	return err;
}

/* draft-ietf-hpke-hpke, CombineSecrets_OneStage. */
static enum err
schedule_one_stage(struct hpke *h, uint8_t mode, const struct hpke_receiver *in)
{
	struct kem_suite_id id = suite_id(h->suite);
	size_t key_len = h->suite.aead == HPKE_EXPORT_ONLY
			     ? 0
			     : aead_key_len(aead_of(h->suite.aead));
	size_t nonce_len = key_len == 0 ? 0 : sizeof h->nonce;
	const uint8_t head[3] = { mode, (uint8_t)(in->mode.psk_id.n >> 8),
		(uint8_t)in->mode.psk_id.n };
	const uint8_t info_len[2] = { (uint8_t)(in->info.n >> 8),
		(uint8_t)in->info.n };
	const struct bytes context[4] = { BYTES_OF(head), in->mode.psk_id,
		BYTES_OF(info_len), in->info };
	struct kem_info info = { "secret", context, 4 };
	struct {
		uint8_t in[2 + 256 + 2 + HPKE_SHARED_LEN];
		uint8_t out[AEAD_MAX_KEY_LEN + AEAD_NONCE_LEN + HASH_MAX_LEN];
	} s;
	size_t n = in->mode.psk.n;
	enum err err = ERR_OK;

	NEED(n <= 256 && in->info.n <= UINT16_MAX &&
		 in->mode.psk_id.n <= UINT16_MAX,
	    ERR_ARG);
	s.in[0] = (uint8_t)(n >> 8);
	s.in[1] = (uint8_t)n;
	if (n != 0)
		memcpy(s.in + 2, in->mode.psk.p, n);
	s.in[2 + n] = 0;
	s.in[3 + n] = HPKE_SHARED_LEN;
	memcpy(s.in + 4 + n, h->shared, HPKE_SHARED_LEN);
	TRY(kem_labeled_derive(&id,
	    (struct bytes){ s.in, 4 + n + HPKE_SHARED_LEN }, &info, s.out,
	    key_len + nonce_len + HASH_MAX_LEN));
	memcpy(h->key, s.out, key_len);
	memcpy(h->nonce, s.out + key_len, nonce_len);
	memcpy(h->exporter, s.out + key_len + nonce_len, HASH_MAX_LEN);
out:
	bytes_wipe(&s, sizeof s);
	return err;
}

/* From h->shared to a context ready for use; RFC 9180 5.1. */
static enum err
finish(struct hpke *h, const struct hpke_receiver *in)
{
	bool has_psk = in->mode.psk.n != 0;
	uint8_t mode =
	    (uint8_t)((has_psk ? MODE_PSK : MODE_BASE) +
		      (in->mode.sender.n != 0 ? MODE_AUTH : MODE_BASE));

	/* VerifyPSKInputs */
	if (has_psk != (in->mode.psk_id.n != 0))
		return ERR_ARG;
	return h->suite.kdf == HPKE_SHAKE256 ? schedule_one_stage(h, mode, in)
					     : schedule(h, mode, in);
}

enum err
hpke_setup_sender(struct hpke *h, struct hpke_suite suite,
    const struct hpke_receiver *to, const uint8_t *random, uint8_t *enc)
{
	enum err err;

	*h = (struct hpke){ .suite = suite };
	NEED(is_suite(suite), ERR_ARG);
	TRY(kem_encap(
	    suite.kem, to->key, to->mode.sender, random, enc, h->shared));
	TRY(finish(h, to));
out:
	if (err != ERR_OK)
		hpke_wipe(h);
	return err;
}

enum err
hpke_setup_receiver(struct hpke *h, struct hpke_suite suite,
    const struct hpke_receiver *us, struct bytes enc)
{
	enum err err;

	*h = (struct hpke){ .suite = suite };
	NEED(is_suite(suite), ERR_ARG);
	TRY(kem_decap(suite.kem, us->key, us->mode.sender, enc, h->shared));
	TRY(finish(h, us));
out:
	if (err != ERR_OK)
		hpke_wipe(h);
	return err;
}

void
hpke_wipe(struct hpke *h)
{
	bytes_wipe(h, sizeof *h);
}

/* ComputeNonce, 5.2. */
static void
nonce_of(const struct hpke *h, uint8_t nonce[AEAD_NONCE_LEN])
{
	memcpy(nonce, h->nonce, AEAD_NONCE_LEN);
	for (size_t i = 0; i < 8; i++)
		nonce[AEAD_NONCE_LEN - 1 - i] ^= (uint8_t)(h->seq >> 8 * i);
}

enum err
hpke_seal(struct hpke *h, struct bytes ad, struct bytes in, uint8_t *out)
{
	uint8_t nonce[AEAD_NONCE_LEN];
	enum err err = ERR_OK;

	NEED(h->suite.aead != HPKE_EXPORT_ONLY, ERR_ARG);
	NEED(h->seq != UINT64_MAX, ERR_LIMIT);
	nonce_of(h, nonce);
	TRY(aead_seal(aead_of(h->suite.aead), h->key, nonce, ad, in, out));
	h->seq++;
out:
	return err;
}

enum err
hpke_open(struct hpke *h, struct bytes ad, struct bytes in, uint8_t *out)
{
	uint8_t nonce[AEAD_NONCE_LEN];
	enum err err = ERR_OK;

	NEED(h->suite.aead != HPKE_EXPORT_ONLY, ERR_ARG);
	NEED(h->seq != UINT64_MAX, ERR_LIMIT);
	nonce_of(h, nonce);
	TRY(aead_open(aead_of(h->suite.aead), h->key, nonce, ad, in, out));
	h->seq++;
out:
	return err;
}

enum err
hpke_export(
    const struct hpke *h, struct bytes context, uint8_t *out, size_t len)
{
	struct kem_suite_id id = suite_id(h->suite);
	struct kem_info info = { "sec", &context, 1 };

	if (h->suite.kdf == HPKE_SHAKE256)
		return kem_labeled_derive(
		    &id, BYTES_OF(h->exporter), &info, out, len);
	return kem_labeled_expand(
	    hash_of(h->suite.kdf), &id, h->exporter, &info, out, len);
}
