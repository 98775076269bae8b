/* aead: published values; every changed byte is noticed; in place. */
#include "crypto/aead.h"
#include "crypto/crypto.h"
#include "support/check.h"
#include "support/unhex.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>

static const enum aead_alg algs[] = { AEAD_CHACHAPOLY, AEAD_AES128GCM,
	AEAD_AES256GCM, AEAD_XCHACHAPOLY };

#define N_ALGS	(sizeof algs / sizeof algs[0])
#define MAX_LEN 5000

static uint8_t key[AEAD_MAX_KEY_LEN], nonce[AEAD_XNONCE_LEN];
static uint8_t text[MAX_LEN], sealed[MAX_LEN + AEAD_TAG_LEN];
static uint8_t opened[MAX_LEN];

static void
start(void)
{
	CHECK_OK(crypto_init());
	for (size_t i = 0; i < sizeof key; i++)
		key[i] = (uint8_t)(i * 5 + 1);
	for (size_t i = 0; i < sizeof nonce; i++)
		nonce[i] = (uint8_t)(i * 7 + 2);
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (uint8_t)(i * 11 + 3);
}

/* Seals what a published example seals, and compares ciphertext and tag. */
static void
example(enum aead_alg alg, struct bytes k, struct bytes n, struct bytes ad,
    struct bytes in, const char *want)
{
	uint8_t out[200];

	CHECK_EQ(k.n, aead_key_len(alg));
	CHECK_EQ(n.n, aead_nonce_len(alg));
	CHECK_OK(aead_seal(alg, k.p, n.p, ad, in, out));
	CHECK_BYTES(((struct bytes){ out, in.n + AEAD_TAG_LEN }), unhex(want));
}

/* RFC 8439 2.8.2, and draft-irtf-cfrg-xchacha A.3.1. */
TEST(chachapoly_examples)
{
	const struct bytes in = BYTES_LIT(
	    "Ladies and Gentlemen of the class of '99: If I could offer you "
	    "only one tip for the future, sunscreen would be it.");
	const struct bytes k = unhex("808182838485868788898a8b8c8d8e8f"
				     "909192939495969798999a9b9c9d9e9f");
	const struct bytes ad = unhex("50515253c0c1c2c3c4c5c6c7");

	start();
	example(AEAD_CHACHAPOLY, k, unhex("070000004041424344454647"), ad, in,
	    "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
	    "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
	    "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
	    "3ff4def08e4b7a9de576d26586cec64b6116"
	    "1ae10b594f09e26a7e902ecbd0600691");
	example(AEAD_XCHACHAPOLY, k,
	    unhex("404142434445464748494a4b4c4d4e4f5051525354555657"), ad, in,
	    "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb"
	    "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452"
	    "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
	    "21f9664c97637da9768812f615c68b13b52e"
	    "c0875924c1c7987947deafd8780acf49");
}

/* Test cases 4 and 16 of the submission of GCM to NIST. */
TEST(aes_gcm_examples)
{
	const struct bytes in = unhex(
	    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
	    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
	const struct bytes ad =
	    unhex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
	const struct bytes n = unhex("cafebabefacedbaddecaf888");

	start();
	example(AEAD_AES128GCM, unhex("feffe9928665731c6d6a8f9467308308"), n,
	    ad, in,
	    "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
	    "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091"
	    "5bc94fbc3221a5db94fae95ae7121a47");
	example(AEAD_AES256GCM,
	    unhex("feffe9928665731c6d6a8f9467308308"
		  "feffe9928665731c6d6a8f9467308308"),
	    n, ad, in,
	    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
	    "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
	    "76fc6ece0f4e1768cddf8853bb2d551b");
}

/* Lengths around blocks, and on both sides of the change of library. */
TEST(what_is_sealed_opens_also_in_place)
{
	start();
	for (size_t i = 0; i < N_ALGS * MAX_LEN;
	     i += i % MAX_LEN < 70 || (i % MAX_LEN > 2030 && i % MAX_LEN < 2070)
		      ? 1
		      : 97) {
		enum aead_alg alg = algs[i / MAX_LEN];
		size_t n = i % MAX_LEN;
		struct bytes ad = { text, n % 40 };

		CHECK_OK(aead_seal(
		    alg, key, nonce, ad, (struct bytes){ text, n }, sealed));
		memcpy(opened, text, n);
		CHECK_OK(aead_open(alg, key, nonce, ad,
		    (struct bytes){ sealed, n + AEAD_TAG_LEN }, opened));
		CHECK(memcmp(opened, text, n) == 0);

		/* The same, in place. */
		CHECK_OK(aead_open(alg, key, nonce, ad,
		    (struct bytes){ sealed, n + AEAD_TAG_LEN }, sealed));
		CHECK(memcmp(sealed, text, n) == 0);
		CHECK_OK(aead_seal(
		    alg, key, nonce, ad, (struct bytes){ sealed, n }, sealed));
		CHECK_OK(aead_open(alg, key, nonce, ad,
		    (struct bytes){ sealed, n + AEAD_TAG_LEN }, opened));
		CHECK(memcmp(opened, text, n) == 0);
	}
}

static bool
all_zero(const uint8_t *p, size_t n)
{
	while (n > 0 && *p == 0) {
		p++;
		n--;
	}
	return n == 0;
}

/* Opens sealed, which has been changed; wants AUTH and zeros. */
static void
refused(enum aead_alg alg, struct bytes ad, size_t n)
{
	memset(opened, 0x55, n);
	CHECK_ERR(aead_open(alg, key, nonce, ad,
		      (struct bytes){ sealed, n + AEAD_TAG_LEN }, opened),
	    ERR_AUTH);
	CHECK(all_zero(opened, n));
}

TEST(every_changed_byte_is_noticed)
{
	static const size_t lens[] = { 0, 1, 33, 300, 2500 };

	start();
	for (size_t a = 0; a < N_ALGS * 5; a++) {
		enum aead_alg alg = algs[a / 5];
		size_t n = lens[a % 5];
		struct bytes ad = { key, 20 };

		CHECK_OK(aead_seal(
		    alg, key, nonce, ad, (struct bytes){ text, n }, sealed));
		for (size_t i = 0; i < n + AEAD_TAG_LEN; i++) {
			sealed[i] ^= (uint8_t)(1 << i % 8);
			refused(alg, ad, n);
			sealed[i] ^= (uint8_t)(1 << i % 8);
		}
		refused(alg, (struct bytes){ key, 19 }, n);
		for (size_t i = 0; i < aead_nonce_len(alg); i++) {
			nonce[i] ^= 1;
			refused(alg, ad, n);
			nonce[i] ^= 1;
		}
		for (size_t i = 0; i < aead_key_len(alg); i++) {
			key[i] ^= 0x80;
			refused(alg, (struct bytes){ text, 0 }, n);
			key[i] ^= 0x80;
		}
		CHECK_OK(aead_open(alg, key, nonce, ad,
		    (struct bytes){ sealed, n + AEAD_TAG_LEN }, opened));
	}
}

TEST(less_than_a_tag_is_refused)
{
	start();
	for (size_t a = 0; a < N_ALGS; a++)
		for (size_t n = 0; n < AEAD_TAG_LEN; n++)
			CHECK_ERR(aead_open(algs[a], key, nonce, BYTES_NONE,
				      (struct bytes){ sealed, n }, opened),
			    ERR_AUTH);
}

TEST(an_empty_message_needs_no_room)
{
	start();
	for (size_t a = 0; a < N_ALGS; a++) {
		const struct bytes in = { sealed, AEAD_TAG_LEN };

		CHECK_OK(aead_seal(
		    algs[a], key, nonce, BYTES_NONE, BYTES_NONE, sealed));
		CHECK_OK(aead_open(algs[a], key, nonce, BYTES_NONE, in, NULL));
		sealed[0] ^= 1;
		CHECK_ERR(aead_open(algs[a], key, nonce, BYTES_NONE, in, NULL),
		    ERR_AUTH);
	}
}

/* Short ones are put together from parts; libsodium has the whole, too. */
TEST(the_parts_make_the_whole)
{
	static uint8_t whole[MAX_LEN + AEAD_TAG_LEN];

	start();
	for (size_t n = 0; n < 2200; n++) {
		struct bytes ad = { text, n % 41 };

		(void)crypto_aead_chacha20poly1305_ietf_encrypt(whole, NULL,
		    text, n, ad.p, ad.n, NULL, nonce, key);
		CHECK_OK(aead_seal(AEAD_CHACHAPOLY, key, nonce, ad,
		    (struct bytes){ text, n }, sealed));
		CHECK_BYTES(((struct bytes){ sealed, n + AEAD_TAG_LEN }),
		    ((struct bytes){ whole, n + AEAD_TAG_LEN }));
		CHECK_OK(aead_open(AEAD_CHACHAPOLY, key, nonce, ad,
		    (struct bytes){ whole, n + AEAD_TAG_LEN }, opened));
		CHECK_BYTES(((struct bytes){ opened, n }),
		    ((struct bytes){ text, n }));
	}
}

/* Both libraries compute the same ChaCha20-Poly1305. */
TEST(the_change_of_library_does_not_show)
{
	static uint8_t short_one[MAX_LEN + AEAD_TAG_LEN];

	start();
	CHECK_OK(aead_seal(AEAD_CHACHAPOLY, key, nonce, BYTES_NONE,
	    (struct bytes){ text, 1000 }, short_one));
	CHECK_OK(aead_seal(AEAD_CHACHAPOLY, key, nonce, BYTES_NONE,
	    (struct bytes){ text, 4000 }, sealed));
	CHECK(memcmp(short_one, sealed, 1000) == 0);
}

static void *
seal_and_open(void *arg)
{
	uint8_t in[3000], out[sizeof in + AEAD_TAG_LEN], k[32] = { 0 };
	bool *ok = arg;

	memset(in, 7, sizeof in);
	*ok = true;
	for (uint8_t i = 0; i < 200; i++) {
		k[0] = i;
		*ok = *ok && aead_seal(algs[i % 3], k, nonce, BYTES_NONE,
				 BYTES_OF(in), out) == ERR_OK;
		*ok = *ok && aead_open(algs[i % 3], k, nonce, BYTES_NONE,
				 BYTES_OF(out), out) == ERR_OK;
		*ok = *ok && memcmp(in, out, sizeof in) == 0;
	}
	return NULL;
}

TEST(threads_do_not_share_contexts)
{
	pthread_t threads[4];
	bool ok[4] = { false };

	start();
	for (size_t i = 0; i < 4; i++)
		CHECK(pthread_create(
			  &threads[i], NULL, seal_and_open, &ok[i]) == 0);
	for (size_t i = 0; i < 4; i++) {
		CHECK(pthread_join(threads[i], NULL) == 0);
		CHECK(ok[i]);
	}
}

CHECK_MAIN(T(chachapoly_examples), T(aes_gcm_examples),
    T(what_is_sealed_opens_also_in_place), T(every_changed_byte_is_noticed),
    T(less_than_a_tag_is_refused), T(an_empty_message_needs_no_room),
    T(the_parts_make_the_whole), T(the_change_of_library_does_not_show),
    T(threads_do_not_share_contexts))
