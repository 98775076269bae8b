/*
 * ct_handshake - whole handshakes, and records after them, on secrets that
 * valgrind takes for undefined (see tests/unit/crypto/ct_check.c for how that
 * works).
 *
 * Static keys, pre-shared keys and all randomness are secret. What goes over
 * the wire is public once it is sent, and so is whether it was taken. The
 * program ends with 0 when the handshakes went through.
 */
#include "crypto/crypto.h"
#include "crypto/ct.h"
#include "noise/handshake.h"

#include <stdio.h>
#include <string.h>
#include <valgrind/valgrind.h>

static struct noise_handshake hs[2];
static struct noise_random randomness;
static uint8_t psks[NOISE_MAX_PSKS * NOISE_PSK_LEN];

/* Public keys are public, as soon as they are made. */
static void
make_keys(struct noise_keypair pair[2])
{
	for (uint8_t i = 0; i < 2; i++) {
		uint8_t secret[X25519_LEN] = { 0, (uint8_t)(i + 1) };

		ct_poison(secret, sizeof secret);
		noise_keypair_init(&pair[i], secret);
		ct_unpoison(pair[i].public, X25519_LEN);
	}
	memset(psks, 3, sizeof psks);
	memset(&randomness, 4, sizeof randomness);
	ct_poison(psks, sizeof psks);
	ct_poison(&randomness, sizeof randomness);
}

static enum err
pass(size_t number)
{
	static uint8_t message[4096], payload[4096];
	struct wr m = wr_init(message, sizeof message);
	struct wr got = wr_init(payload, sizeof payload);
	enum err err;

	TRY(noise_handshake_write(
	    &hs[number % 2], &randomness, BYTES_LIT("payload"), &m));
	ct_unpoison(message, m.n);
	TRY(noise_handshake_read(&hs[1 - number % 2], wr_bytes(&m), &got));
out:
	return err;
}

/* A record of n bytes that opens, and before it one that does not. */
static enum err
record(struct noise_transport *from, struct noise_transport *to, size_t n)
{
	static uint8_t text[20000], sealed[20000 + AEAD_TAG_LEN];
	struct bytes whole = { sealed, n + AEAD_TAG_LEN };
	enum err err;

	TRY(noise_transport_seal(from, AEAD_CHACHAPOLY, BYTES_NONE,
	    (struct bytes){ text, n }, sealed));
	ct_unpoison(sealed, whole.n);
	sealed[n] ^= 1;
	NEED(noise_transport_open(to, AEAD_CHACHAPOLY, BYTES_NONE, whole,
		 text) == ERR_AUTH, ERR_CRYPTO);
	sealed[n] ^= 1;
	TRY(noise_transport_open(
	    to, AEAD_CHACHAPOLY, BYTES_NONE, whole, text));
out:
	return err;
}

static enum err
run(const char *name)
{
	struct noise_pattern pattern;
	struct noise_keypair pair[2];
	struct noise_split split[2];
	enum err err;

	make_keys(pair);
	TRY(noise_pattern_parse(&pattern, name));
	for (int i = 0; i < 2; i++)
		TRY(noise_handshake_init(&hs[i], &pattern, (enum noise_role)i,
		    BYTES_NONE,
		    &(struct noise_keys){
			&pair[i], pair[1 - i].public, psks, pattern.psks }));
	for (size_t i = 0; i < pattern.messages; i++)
		TRY(pass(i));
	for (int i = 0; i < 2; i++)
		TRY(noise_handshake_split(&hs[i], &split[i]));
	TRY(record(&split[0].send, &split[1].receive, 100));
	TRY(record(&split[1].send, &split[0].receive, 20000));
	TRY(noise_transport_rekey(&split[0].send, AEAD_CHACHAPOLY));
	TRY(noise_transport_rekey(&split[1].receive, AEAD_CHACHAPOLY));
	TRY(record(&split[0].send, &split[1].receive, 100));
out:
	return err;
}

int
main(int argc, char **argv)
{
	enum err err;

	if (argc != 2 || !RUNNING_ON_VALGRIND) {
		(void)fputs("usage: valgrind ct_handshake NAME\n", stderr);
		return 64;
	}
	err = crypto_init();
	if (err == ERR_OK)
		err = run(argv[1]);
	if (err != ERR_OK)
		(void)fprintf(stderr, "%s: %s\n", argv[1], err_text(err));
	return err == ERR_OK ? 0 : 1;
}
