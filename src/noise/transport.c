#include "noise/transport.h"

#include "base/plant.h"
#include "base/reveal.h"

#include <string.h>

#define USED_UP UINT64_MAX

/*
 * Section 12.3 and 12.4: four zero bytes, then n, little-endian for
 * ChaChaPoly and big-endian for AESGCM.
 */
static void
make_nonce(enum aead_alg alg, uint64_t n, uint8_t nonce[AEAD_NONCE_LEN])
{
	memset(nonce, 0, AEAD_NONCE_LEN);
	for (size_t i = 0; i < sizeof n; i++, n >>= 8) {
		if (alg == AEAD_CHACHAPOLY)
			nonce[AEAD_NONCE_LEN - sizeof n + i] = (uint8_t)n;
		else
			nonce[AEAD_NONCE_LEN - 1 - i] = (uint8_t)n;
	}
}

void
noise_transport_init(
    struct noise_transport *t, const uint8_t key[NOISE_KEY_LEN])
{
	memcpy(t->k, key, NOISE_KEY_LEN);
	REVEAL("transport", t->k);
	t->n = 0;
}

enum err
noise_transport_seal(struct noise_transport *t, enum aead_alg alg,
    struct bytes ad, struct bytes in, uint8_t *out)
{
	uint8_t nonce[AEAD_NONCE_LEN];
	enum err err;

	NEED(in.n <= NOISE_MAX_PLAIN_LEN, ERR_ARG);
	NEED(t->n != USED_UP, ERR_LIMIT);
	make_nonce(alg, t->n, nonce);
	TRY(aead_seal(alg, t->k, nonce, ad, in, out));
	t->n += !PLANTED(PLANT_NONCE_STANDS);
out:
	return err;
}

enum err
noise_transport_open(struct noise_transport *t, enum aead_alg alg,
    struct bytes ad, struct bytes in, uint8_t *out)
{
	uint8_t nonce[AEAD_NONCE_LEN];
	enum err err;

	NEED(in.n >= AEAD_TAG_LEN, ERR_DECODE);
	NEED(in.n <= NOISE_MAX_MESSAGE_LEN, ERR_TOO_BIG);
	NEED(t->n != USED_UP, ERR_LIMIT);
	make_nonce(alg, t->n, nonce);
	TRY(aead_open(alg, t->k, nonce, ad, in, out));
	t->n += !PLANTED(PLANT_NONCE_STANDS);
out:
	return err;
}

enum err
noise_transport_rekey(struct noise_transport *t, enum aead_alg alg)
{
	static const uint8_t zeros[NOISE_KEY_LEN];
	struct {
		uint8_t sealed[NOISE_KEY_LEN + AEAD_TAG_LEN];
	} s;
	uint8_t nonce[AEAD_NONCE_LEN];
	enum err err;

	make_nonce(alg, USED_UP, nonce);
	TRY(aead_seal(alg, t->k, nonce, BYTES_NONE, BYTES_OF(zeros), s.sealed));
	memcpy(t->k, s.sealed, NOISE_KEY_LEN);
	REVEAL("transport", t->k);
out:
	bytes_wipe(&s, sizeof s);
	return err;
}

void
noise_transport_wipe(struct noise_transport *t)
{
	bytes_wipe(t->k, sizeof t->k);
	t->n = USED_UP;
}
