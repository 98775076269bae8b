/*
 * transport - one direction of a channel (Noise revision 34, section 5.1,
 * CipherState).
 *
 * A struct noise_transport is a key and a counter and nothing else, since a
 * server holds two of them for everybody who is online; which AEAD they are
 * for, the caller knows and says each time. The counter is the nonce: a
 * message opens only as the next one, so whatever is lost, repeated or
 * swapped on the way fails to open. The counter's last value is kept for
 * rekeying; when it is reached, the direction is used up.
 */
#ifndef NOISE_TRANSPORT_H
#define NOISE_TRANSPORT_H

#include "base/bytes.h"
#include "base/err.h"
#include "crypto/aead.h"

#define NOISE_KEY_LEN         32
#define NOISE_MAX_MESSAGE_LEN 65535 /* with the tag; section 3 */
#define NOISE_MAX_PLAIN_LEN   (NOISE_MAX_MESSAGE_LEN - AEAD_TAG_LEN)

struct noise_transport {
	uint8_t k[NOISE_KEY_LEN];
	uint64_t n;
};

_Static_assert(
    sizeof(struct noise_transport) == 40, "a direction costs 40 bytes");

/* Starts a direction under key, with counter 0 (InitializeKey). */
void noise_transport_init(
    struct noise_transport *t, const uint8_t key[NOISE_KEY_LEN]);

/*
 * EncryptWithAd: writes in.n + AEAD_TAG_LEN bytes to out, which is `in` or
 * does not overlap it, and counts. Fails with ARG when in is longer than
 * NOISE_MAX_PLAIN_LEN and with LIMIT when the direction is used up; nothing
 * has then changed.
 */
MUST_USE enum err noise_transport_seal(struct noise_transport *t,
    enum aead_alg alg, struct bytes ad, struct bytes in, uint8_t *out);

/*
 * DecryptWithAd: writes in.n - AEAD_TAG_LEN bytes to out, and counts. Fails
 * with DECODE when in is too short, TOO_BIG when it is too long, LIMIT when
 * the direction is used up, AUTH when it does not open; the counter has then
 * not changed.
 */
MUST_USE enum err noise_transport_open(struct noise_transport *t,
    enum aead_alg alg, struct bytes ad, struct bytes in, uint8_t *out);

/*
 * Rekey (section 11.3): replaces the key by one that does not lead back to
 * it; the counter goes on. Both ends do it at the same place in the stream.
 * Fails with CRYPTO only when a library refuses.
 */
MUST_USE enum err noise_transport_rekey(
    struct noise_transport *t, enum aead_alg alg);

/* Wipes t; it is then used up. */
void noise_transport_wipe(struct noise_transport *t);

#endif
