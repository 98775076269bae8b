/* Transports and the symmetric state: counters, rekeying, and x. */
#include "noise/symmetric.h"
#include "noise/transport.h"
#include "support/check.h"

#include "crypto/crypto.h"

#include <stdlib.h>
#include <string.h>

__attribute__((constructor)) static void
start_libraries(void)
{
	if (crypto_init() != ERR_OK)
		abort();
}

static const uint8_t key[NOISE_KEY_LEN] = "0123456789abcdef0123456789abcde";

static const enum aead_alg algs[] = { AEAD_CHACHAPOLY, AEAD_AES256GCM };

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

TEST(messages_open_once_and_in_order)
{
	for (size_t a = 0; a < COUNT(algs); a++) {
		struct noise_transport send, receive;
		uint8_t first[3 + AEAD_TAG_LEN], second[3 + AEAD_TAG_LEN];
		uint8_t out[3];

		noise_transport_init(&send, key);
		noise_transport_init(&receive, key);
		CHECK_OK(noise_transport_seal(
		    &send, algs[a], BYTES_LIT("ad"), BYTES_LIT("one"), first));
		CHECK_OK(noise_transport_seal(
		    &send, algs[a], BYTES_LIT("ad"), BYTES_LIT("two"), second));
		CHECK_EQ(send.n, 2);

		CHECK_ERR(noise_transport_open(&receive, algs[a],
			      BYTES_LIT("ad"), BYTES_OF(second), out),
		    ERR_AUTH);
		CHECK_EQ(receive.n, 0);
		CHECK_OK(noise_transport_open(
		    &receive, algs[a], BYTES_LIT("ad"), BYTES_OF(first), out));
		CHECK_BYTES(BYTES_OF(out), BYTES_LIT("one"));
		CHECK_ERR(noise_transport_open(&receive, algs[a],
			      BYTES_LIT("ad"), BYTES_OF(first), out),
		    ERR_AUTH);
		CHECK_ERR(noise_transport_open(&receive, algs[a],
			      BYTES_LIT("da"), BYTES_OF(second), out),
		    ERR_AUTH);
		CHECK_OK(noise_transport_open(
		    &receive, algs[a], BYTES_LIT("ad"), BYTES_OF(second), out));
		CHECK_BYTES(BYTES_OF(out), BYTES_LIT("two"));
		CHECK_EQ(receive.n, 2);
	}
}

TEST(every_flipped_bit_is_refused)
{
	for (size_t a = 0; a < COUNT(algs); a++) {
		struct noise_transport send, receive, before;
		uint8_t sealed[5 + AEAD_TAG_LEN], out[5];

		noise_transport_init(&send, key);
		noise_transport_init(&receive, key);
		before = receive;
		CHECK_OK(noise_transport_seal(
		    &send, algs[a], BYTES_NONE, BYTES_LIT("hello"), sealed));
		for (size_t bit = 0; bit < 8 * sizeof sealed; bit++) {
			sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
			CHECK_ERR(noise_transport_open(&receive, algs[a],
				      BYTES_NONE, BYTES_OF(sealed), out),
			    ERR_AUTH);
			CHECK(memcmp(&receive, &before, sizeof before) == 0);
			sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		for (size_t n = 0; n < sizeof sealed; n++)
			CHECK_ERR(
			    noise_transport_open(&receive, algs[a], BYTES_NONE,
				(struct bytes){ sealed, n }, out),
			    n < AEAD_TAG_LEN ? ERR_DECODE : ERR_AUTH);
		CHECK_OK(noise_transport_open(
		    &receive, algs[a], BYTES_NONE, BYTES_OF(sealed), out));
	}
}

/* The layout of the nonce, by hand: 4 zeros, then LE or BE. */
TEST(nonces_are_those_of_the_algorithm)
{
	static const uint8_t le[AEAD_NONCE_LEN] = { 0, 0, 0, 0, 2, 1 };
	static const uint8_t be[AEAD_NONCE_LEN] = { 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 1, 2 };
	uint8_t got[AEAD_TAG_LEN], want[AEAD_TAG_LEN];

	for (size_t a = 0; a < COUNT(algs); a++) {
		struct noise_transport t;

		noise_transport_init(&t, key);
		t.n = 0x0102;
		CHECK_OK(noise_transport_seal(
		    &t, algs[a], BYTES_NONE, BYTES_NONE, got));
		CHECK_OK(aead_seal(algs[a], key,
		    algs[a] == AEAD_CHACHAPOLY ? le : be, BYTES_NONE,
		    BYTES_NONE, want));
		CHECK_BYTES(BYTES_OF(got), BYTES_OF(want));
	}
}

TEST(the_last_counter_is_never_used)
{
	for (size_t a = 0; a < COUNT(algs); a++) {
		struct noise_transport send, receive;
		uint8_t sealed[1 + AEAD_TAG_LEN], out[1];

		noise_transport_init(&send, key);
		noise_transport_init(&receive, key);
		send.n = receive.n = UINT64_MAX - 1;
		CHECK_OK(noise_transport_seal(
		    &send, algs[a], BYTES_NONE, BYTES_LIT("x"), sealed));
		CHECK_ERR(noise_transport_seal(&send, algs[a], BYTES_NONE,
			      BYTES_LIT("x"), sealed),
		    ERR_LIMIT);
		CHECK_OK(noise_transport_open(
		    &receive, algs[a], BYTES_NONE, BYTES_OF(sealed), out));
		CHECK_ERR(noise_transport_open(&receive, algs[a], BYTES_NONE,
			      BYTES_OF(sealed), out),
		    ERR_LIMIT);
		CHECK_EQ(send.n, UINT64_MAX);
		CHECK_EQ(receive.n, UINT64_MAX);
	}
}

TEST(long_messages_are_refused_before_work)
{
	static uint8_t big[NOISE_MAX_MESSAGE_LEN + 1];
	static uint8_t sealed[NOISE_MAX_MESSAGE_LEN];
	struct noise_transport send, receive;

	noise_transport_init(&send, key);
	noise_transport_init(&receive, key);
	CHECK_ERR(noise_transport_seal(&send, AEAD_CHACHAPOLY, BYTES_NONE,
		      (struct bytes){ big, NOISE_MAX_PLAIN_LEN + 1 }, sealed),
	    ERR_ARG);
	CHECK_OK(noise_transport_seal(&send, AEAD_CHACHAPOLY, BYTES_NONE,
	    (struct bytes){ big, NOISE_MAX_PLAIN_LEN }, sealed));
	CHECK_ERR(noise_transport_open(&receive, AEAD_CHACHAPOLY, BYTES_NONE,
		      BYTES_OF(big), big),
	    ERR_TOO_BIG);
	CHECK_OK(noise_transport_open(
	    &receive, AEAD_CHACHAPOLY, BYTES_NONE, BYTES_OF(sealed), big));
}

/* Section 11.3: k = the first 32 bytes of ENCRYPT(k, 2^64 - 1, "", zeros). */
TEST(rekeying_is_the_specified_one_and_keeps_step)
{
	static const uint8_t nonce[AEAD_NONCE_LEN] = { 0, 0, 0, 0, 255, 255,
		255, 255, 255, 255, 255, 255 };
	static const uint8_t zeros[32];
	uint8_t want[32 + AEAD_TAG_LEN], sealed[2 + AEAD_TAG_LEN], out[2];

	for (size_t a = 0; a < COUNT(algs); a++) {
		struct noise_transport send, receive, old;

		noise_transport_init(&send, key);
		noise_transport_init(&receive, key);
		send.n = receive.n = 7;
		old = receive;
		CHECK_OK(aead_seal(
		    algs[a], key, nonce, BYTES_NONE, BYTES_OF(zeros), want));
		CHECK_OK(noise_transport_rekey(&send, algs[a]));
		CHECK_BYTES(BYTES_OF(send.k), ((struct bytes){ want, 32 }));
		CHECK_EQ(send.n, 7);

		CHECK_OK(noise_transport_seal(
		    &send, algs[a], BYTES_NONE, BYTES_LIT("hi"), sealed));
		CHECK_ERR(noise_transport_open(&receive, algs[a], BYTES_NONE,
			      BYTES_OF(sealed), out),
		    ERR_AUTH);
		CHECK(memcmp(&receive, &old, sizeof old) == 0);
		CHECK_OK(noise_transport_rekey(&receive, algs[a]));
		CHECK_OK(noise_transport_open(
		    &receive, algs[a], BYTES_NONE, BYTES_OF(sealed), out));
		CHECK_BYTES(BYTES_OF(out), BYTES_LIT("hi"));
	}
}

TEST(a_wiped_transport_is_used_up)
{
	struct noise_transport t;
	uint8_t sealed[1 + AEAD_TAG_LEN];
	static const uint8_t zeros[NOISE_KEY_LEN];

	noise_transport_init(&t, key);
	noise_transport_wipe(&t);
	CHECK_BYTES(BYTES_OF(t.k), BYTES_OF(zeros));
	CHECK_ERR(noise_transport_seal(
		      &t, AEAD_CHACHAPOLY, BYTES_NONE, BYTES_LIT("x"), sealed),
	    ERR_LIMIT);
}

/*
 * Split by the book (section 4.3), with HMAC alone: the third output is x,
 * and asking for it does not change the other two.
 */
TEST(x_is_the_third_output_of_split)
{
	static const enum hash_alg hashes[] = { HASH_SHA256, HASH_SHA512,
		HASH_BLAKE2B };

	for (size_t i = 0; i < COUNT(hashes); i++) {
		size_t n = hash_len(hashes[i]);
		uint8_t temp[HASH_MAX_LEN], o1[HASH_MAX_LEN];
		uint8_t o2[HASH_MAX_LEN], o3[HASH_MAX_LEN], x[HASH_MAX_LEN];
		struct noise_symmetric sym;
		struct noise_transport a, b;

		noise_symmetric_init(&sym, AEAD_CHACHAPOLY, hashes[i], "name");
		CHECK_OK(noise_symmetric_mix_key(&sym, BYTES_LIT("input")));
		hmac(hashes[i], (struct bytes){ sym.ck, n }, BYTES_NONE, temp);
		hmac(hashes[i], (struct bytes){ temp, n }, BYTES_LIT("\1"), o1);
		hmac_parts(hashes[i], (struct bytes){ temp, n },
		    (struct bytes[]){ { o1, n }, BYTES_LIT("\2") }, 2, o2);
		hmac_parts(hashes[i], (struct bytes){ temp, n },
		    (struct bytes[]){ { o2, n }, BYTES_LIT("\3") }, 2, o3);

		CHECK_OK(noise_symmetric_split(&sym, &a, &b, x));
		CHECK_BYTES(BYTES_OF(a.k), ((struct bytes){ o1, 32 }));
		CHECK_BYTES(BYTES_OF(b.k), ((struct bytes){ o2, 32 }));
		CHECK_BYTES(
		    ((struct bytes){ x, n }), ((struct bytes){ o3, n }));
	}
}

/* A name longer than the hash is hashed, a shorter one padded (5.2). */
TEST(long_names_are_hashed)
{
	static const char name[] = "Noise_XXpsk3_25519_ChaChaPoly_SHA256";
	uint8_t want[32];
	struct noise_symmetric sym;

	hash_one(HASH_SHA256, bytes_str(name), want);
	noise_symmetric_init(&sym, AEAD_CHACHAPOLY, HASH_SHA256, name);
	CHECK_BYTES(((struct bytes){ sym.h, 32 }), BYTES_OF(want));
	noise_symmetric_init(&sym, AEAD_CHACHAPOLY, HASH_SHA512, name);
	CHECK(strcmp((const char *)sym.h, name) == 0);
}

CHECK_MAIN(T(messages_open_once_and_in_order), T(every_flipped_bit_is_refused),
    T(nonces_are_those_of_the_algorithm), T(the_last_counter_is_never_used),
    T(long_messages_are_refused_before_work),
    T(rekeying_is_the_specified_one_and_keeps_step),
    T(a_wiped_transport_is_used_up), T(x_is_the_third_output_of_split),
    T(long_names_are_hashed))
