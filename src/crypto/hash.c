/*
 * libcrypto's SHA-2 on states of our own: the only one here that uses the
 * processor's instructions and needs neither heap nor a thread's context. It
 * is three times as fast as libsodium's on the short inputs of key schedules.
 * libcrypto calls these functions deprecated, in favour of heap contexts.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "crypto/hash.h"
#include "crypto/evp.h"

#include <sodium.h>
#include <string.h>

static const struct {
	size_t len;
	size_t block_len;
	size_t state_len;
} sizes[] = {
	[HASH_SHA256] = { 32, 64, sizeof(SHA256_CTX) },
	[HASH_SHA384] = { 48, 128, sizeof(SHA512_CTX) },
	[HASH_SHA512] = { 64, 128, sizeof(SHA512_CTX) },
	[HASH_BLAKE2B] = { 64, 128, sizeof(crypto_generichash_blake2b_state) },
};

/* The libraries' view of the state. */
union state {
	SHA256_CTX sha256;
	SHA512_CTX sha512; /* of SHA-384, too */
	crypto_generichash_blake2b_state blake2b;
};

_Static_assert(sizeof(union state) <= sizeof((struct hash *)0)->state,
    "struct hash has room for every state");
_Static_assert(_Alignof(union state) <= 64, "and is aligned for it");

static union state *
state_of(struct hash *h)
{
	return (union state *)(void *)h->state;
}

size_t
hash_len(enum hash_alg alg)
{
	return sizes[alg].len;
}

size_t
hash_block_len(enum hash_alg alg)
{
	return sizes[alg].block_len;
}

void
hash_init(struct hash *h, enum hash_alg alg)
{
	union state *state = state_of(h);

	h->alg = alg;
	switch (alg) {
	case HASH_SHA256:
		(void)SHA256_Init(&state->sha256);
		break;
	case HASH_SHA384:
		(void)SHA384_Init(&state->sha512);
		break;
	case HASH_SHA512:
		(void)SHA512_Init(&state->sha512);
		break;
	case HASH_BLAKE2B:
		(void)crypto_generichash_blake2b_init(
		    &state->blake2b, NULL, 0, sizes[alg].len);
		break;
	}
}

void
hash_update(struct hash *h, struct bytes in)
{
	union state *state = state_of(h);

	if (in.n == 0)
		return;
	switch (h->alg) {
	case HASH_SHA256:
		(void)SHA256_Update(&state->sha256, in.p, in.n);
		break;
	case HASH_SHA384:
	case HASH_SHA512:
		(void)SHA512_Update(&state->sha512, in.p, in.n);
		break;
	case HASH_BLAKE2B:
		(void)crypto_generichash_blake2b_update(
		    &state->blake2b, in.p, in.n);
		break;
	}
}

/*
 * libsodium 1.0.18 leaves the output in its frame, below the caller's; that is
 * too much where it is a chaining key.
 */
static void
blake2b_final(crypto_generichash_blake2b_state *state, uint8_t *out, size_t len)
{
	(void)crypto_generichash_blake2b_final(state, out, len);
	sodium_stackzero(512);
}

void
hash_final(struct hash *h, uint8_t *out)
{
	union state *state = state_of(h);

	switch (h->alg) {
	case HASH_SHA256:
		(void)SHA256_Final(out, &state->sha256);
		break;
	case HASH_SHA384:
		(void)SHA384_Final(out, &state->sha512);
		break;
	case HASH_SHA512:
		(void)SHA512_Final(out, &state->sha512);
		break;
	case HASH_BLAKE2B:
		blake2b_final(&state->blake2b, out, sizes[HASH_BLAKE2B].len);
		break;
	}
	bytes_wipe(h->state, sizes[h->alg].state_len);
}

void
hash_copy(struct hash *to, const struct hash *from)
{
	to->alg = from->alg;
	memcpy(to->state, from->state, sizes[from->alg].state_len);
}

static void
update_parts(struct hash *h, const struct bytes *parts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		hash_update(h, parts[i]);
}

void
hash_parts(enum hash_alg alg, const struct bytes *parts, size_t n, uint8_t *out)
{
	struct hash h;

	hash_init(&h, alg);
	update_parts(&h, parts, n);
	hash_final(&h, out);
}

void
hash_one(enum hash_alg alg, struct bytes in, uint8_t *out)
{
	hash_parts(alg, &in, 1, out);
}

/* The two hashes of RFC 2104, with the key's block already in them. */
static void
keyed_init(struct hkdf *k, enum hash_alg alg, struct bytes key)
{
	uint8_t pad[HASH_MAX_BLOCK_LEN] = { 0 };
	struct bytes block = { pad, sizes[alg].block_len };

	if (key.n > block.n)
		hash_one(alg, key, pad);
	else if (key.n > 0)
		memcpy(pad, key.p, key.n);
	for (size_t i = 0; i < block.n; i++)
		pad[i] ^= 0x36;
	hash_init(&k->inner, alg);
	hash_update(&k->inner, block);
	for (size_t i = 0; i < block.n; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	hash_init(&k->outer, alg);
	hash_update(&k->outer, block);
	bytes_wipe(pad, sizeof pad);
}

/* Uses k up: both hashes are wiped. */
static void
keyed_final(struct hkdf *k, uint8_t *out)
{
	size_t len = sizes[k->inner.alg].len;

	hash_final(&k->inner, out);
	hash_update(&k->outer, (struct bytes){ out, len });
	hash_final(&k->outer, out);
}

void
hmac_parts(enum hash_alg alg, struct bytes key, const struct bytes *parts,
    size_t n, uint8_t *out)
{
	struct hkdf k;

	keyed_init(&k, alg, key);
	update_parts(&k.inner, parts, n);
	keyed_final(&k, out);
}

void
hmac(enum hash_alg alg, struct bytes key, struct bytes in, uint8_t *out)
{
	hmac_parts(alg, key, &in, 1, out);
}

void
hkdf_extract(
    enum hash_alg alg, struct bytes salt, struct bytes ikm, uint8_t *prk)
{
	hmac(alg, salt, ikm, prk);
}

void
hkdf_init(struct hkdf *h, enum hash_alg alg, struct bytes prk)
{
	keyed_init(h, alg, prk);
}

enum err
hkdf_next(const struct hkdf *h, struct bytes info, uint8_t *out, size_t len)
{
	struct {
		struct hkdf k;
		uint8_t block[HASH_MAX_LEN];
	} s;
	size_t step = sizes[h->inner.alg].len, done = 0, take;
	struct bytes last = BYTES_NONE;
	uint8_t counter = 0;

	if (len > 255 * step)
		return ERR_ARG;
	for (; done < len; done += take) {
		counter++;
		hash_copy(&s.k.inner, &h->inner);
		hash_copy(&s.k.outer, &h->outer);
		hash_update(&s.k.inner, last);
		hash_update(&s.k.inner, info);
		hash_update(&s.k.inner, (struct bytes){ &counter, 1 });
		keyed_final(&s.k, s.block);
		take = len - done < step ? len - done : step;
		memcpy(out + done, s.block, take);
		last = (struct bytes){ s.block, step };
	}
	bytes_wipe(s.block, sizeof s.block);
	return ERR_OK;
}

void
hkdf_wipe(struct hkdf *h)
{
	bytes_wipe(h->inner.state, sizes[h->inner.alg].state_len);
	bytes_wipe(h->outer.state, sizes[h->outer.alg].state_len);
}

enum err
hkdf_expand(enum hash_alg alg, struct bytes prk, struct bytes info,
    uint8_t *out, size_t len)
{
	struct hkdf h;
	enum err err;

	hkdf_init(&h, alg, prk);
	err = hkdf_next(&h, info, out, len);
	hkdf_wipe(&h);
	return err;
}

void
blake2b_parts(struct bytes key, const struct bytes *parts, size_t n,
    uint8_t *out, size_t out_len)
{
	crypto_generichash_blake2b_state state;

	(void)crypto_generichash_blake2b_init(&state, key.p, key.n, out_len);
	for (size_t i = 0; i < n; i++)
		if (parts[i].n > 0)
			(void)crypto_generichash_blake2b_update(
			    &state, parts[i].p, parts[i].n);
	blake2b_final(&state, out, out_len);
	bytes_wipe(&state, sizeof state);
}

/*
 * With a context of its own, which libcrypto wipes when it frees it: the state
 * of SHA-3 can be run backwards, to the secrets that went in.
 */
static enum err
keccak(enum evp_digest which, const struct bytes *parts, size_t n, uint8_t *out,
    size_t len)
{
	bool is_xof = which == EVP_SHAKE128 || which == EVP_SHAKE256;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx != NULL && evp_digest(which) != NULL &&
		  EVP_DigestInit_ex2(ctx, evp_digest(which), NULL) == 1;

	for (size_t i = 0; ok && i < n; i++)
		ok = EVP_DigestUpdate(ctx, parts[i].p, parts[i].n) == 1;
	if (ok && is_xof)
		ok = EVP_DigestFinalXOF(ctx, out, len) == 1;
	else if (ok)
		ok = EVP_DigestFinal_ex(ctx, out, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	if (ok)
		return ERR_OK;
	memset(out, 0, len);
	return ERR_CRYPTO;
}

enum err
sha3_256(const struct bytes *parts, size_t n, uint8_t out[32])
{
	return keccak(EVP_SHA3_256, parts, n, out, 32);
}

enum err
sha3_512(const struct bytes *parts, size_t n, uint8_t out[64])
{
	return keccak(EVP_SHA3_512, parts, n, out, 64);
}

enum err
shake128(const struct bytes *parts, size_t n, uint8_t *out, size_t len)
{
	return keccak(EVP_SHAKE128, parts, n, out, len);
}

enum err
shake256(const struct bytes *parts, size_t n, uint8_t *out, size_t len)
{
	return keccak(EVP_SHAKE256, parts, n, out, len);
}

uint64_t
siphash(const uint8_t key[SIPHASH_KEY_LEN], struct bytes in)
{
	uint8_t out[8];
	uint64_t v = 0;

	(void)crypto_shorthash_siphash24(out, in.p, in.n, key);
	for (size_t i = 0; i < sizeof out; i++)
		v |= (uint64_t)out[i] << 8 * i;
	return v;
}
