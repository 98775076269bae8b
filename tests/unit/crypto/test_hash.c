/* hash: published values, and that the ways to a hash agree. */
#include "crypto/crypto.h"
#include "crypto/hash.h"
#include "support/check.h"
#include "support/unhex.h"

#include <string.h>

static const enum hash_alg algs[] = { HASH_SHA256, HASH_SHA384, HASH_SHA512,
	HASH_BLAKE2B };

#define N_ALGS (sizeof algs / sizeof algs[0])

/* FIPS 180-4's example, and RFC 7693 appendix A. */
TEST(abc)
{
	static const char *const want[N_ALGS] = {
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61"
		"f20015ad",
		"cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a"
		"43ff5bed8086072ba1e7cc2358baeca134c825a7",
		"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee6"
		"4b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e"
		"2a9ac94fa54ca49f",
		"ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6f"
		"dbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925a"
		"b92386edd4009923",
	};
	uint8_t out[HASH_MAX_LEN];

	for (size_t i = 0; i < N_ALGS; i++) {
		hash_one(algs[i], BYTES_LIT("abc"), out);
		CHECK_BYTES(
		    ((struct bytes){ out, hash_len(algs[i]) }), unhex(want[i]));
	}
}

/* RFC 4231, case 2 and case 6 (a key longer than a block). */
TEST(hmac_sha2)
{
	uint8_t long_key[131], out[HASH_MAX_LEN];

	hmac(HASH_SHA256, BYTES_LIT("Jefe"),
	    BYTES_LIT("what do ya want for nothing?"), out);
	CHECK_BYTES(((struct bytes){ out, 32 }),
	    unhex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b9"
		  "64ec3843"));
	hmac(HASH_SHA512, BYTES_LIT("Jefe"),
	    BYTES_LIT("what do ya want for nothing?"), out);
	CHECK_BYTES(((struct bytes){ out, 64 }),
	    unhex("164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7"
		  "ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b"
		  "636e070a38bce737"));
	memset(long_key, 0xaa, sizeof long_key);
	hmac(HASH_SHA256, BYTES_OF(long_key),
	    BYTES_LIT("Test Using Larger Than Block-Size Key - Hash Key "
		      "First"),
	    out);
	CHECK_BYTES(((struct bytes){ out, 32 }),
	    unhex("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f"
		  "0ee37f54"));
	hmac(HASH_SHA384, BYTES_OF(long_key),
	    BYTES_LIT("Test Using Larger Than Block-Size Key - Hash Key "
		      "First"),
	    out);
	CHECK_BYTES(((struct bytes){ out, 48 }),
	    unhex("4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05"
		  "033ac4c60c2ef6ab4030fe8296248df163f44952"));
}

/* The definition of RFC 2104, with a key of a block and one byte more. */
TEST(hmac_is_its_definition)
{
	uint8_t key[HASH_MAX_BLOCK_LEN + 1], pad[HASH_MAX_BLOCK_LEN];
	uint8_t inner[HASH_MAX_LEN], want[HASH_MAX_LEN], got[HASH_MAX_LEN];

	for (size_t i = 0; i < sizeof key; i++)
		key[i] = (uint8_t)(i * 3);
	for (size_t i = 0; i < N_ALGS; i++) {
		size_t block = hash_block_len(algs[i]), len = hash_len(algs[i]);
		struct bytes in[2] = { { pad, block }, BYTES_LIT("message") };
		struct bytes out[2] = { { pad, block }, { inner, len } };

		for (size_t j = 0; j < block; j++)
			pad[j] = key[j] ^ 0x36;
		hash_parts(algs[i], in, 2, inner);
		for (size_t j = 0; j < block; j++)
			pad[j] = key[j] ^ 0x5c;
		hash_parts(algs[i], out, 2, want);
		hmac(algs[i], (struct bytes){ key, block }, in[1], got);
		CHECK_BYTES(((struct bytes){ got, len }),
		    ((struct bytes){ want, len }));

		/* A longer key stands for its hash. */
		hash_one(algs[i], (struct bytes){ key, block + 1 }, inner);
		hmac(algs[i], (struct bytes){ inner, len }, in[1], want);
		hmac(algs[i], (struct bytes){ key, block + 1 }, in[1], got);
		CHECK_BYTES(((struct bytes){ got, len }),
		    ((struct bytes){ want, len }));
	}
}

/* RFC 5869 A.1 and A.3. */
TEST(hkdf_sha256)
{
	uint8_t ikm[22], prk[32], out[42];

	memset(ikm, 0x0b, sizeof ikm);
	hkdf_extract(HASH_SHA256, unhex("000102030405060708090a0b0c"),
	    BYTES_OF(ikm), prk);
	CHECK_BYTES(BYTES_OF(prk),
	    unhex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844a"
		  "d7c2b3e5"));
	CHECK_OK(hkdf_expand(HASH_SHA256, BYTES_OF(prk),
	    unhex("f0f1f2f3f4f5f6f7f8f9"), out, sizeof out));
	CHECK_BYTES(BYTES_OF(out),
	    unhex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56"
		  "ecc4c5bf34007208d5b887185865"));
	hkdf_extract(HASH_SHA256, BYTES_NONE, BYTES_OF(ikm), prk);
	CHECK_OK(hkdf_expand(
	    HASH_SHA256, BYTES_OF(prk), BYTES_NONE, out, sizeof out));
	CHECK_BYTES(BYTES_OF(out),
	    unhex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f"
		  "3c738d2d9d201395faa4b61a96c8"));
}

TEST(hkdf_expand_has_a_limit)
{
	static uint8_t out[255 * HASH_MAX_LEN + 1];
	const struct bytes prk = BYTES_LIT("a key of some length");

	for (size_t i = 0; i < N_ALGS; i++) {
		size_t most = 255 * hash_len(algs[i]);

		CHECK_OK(hkdf_expand(algs[i], prk, BYTES_NONE, out, most));
		CHECK_ERR(hkdf_expand(algs[i], prk, BYTES_NONE, out, most + 1),
		    ERR_ARG);
	}
	CHECK_OK(hkdf_expand(HASH_SHA256, prk, BYTES_NONE, out, 0));
}

TEST(pieces_copies_and_parts_agree)
{
	uint8_t in[700], want[HASH_MAX_LEN], got[HASH_MAX_LEN];
	struct hash h, fork;

	for (size_t i = 0; i < sizeof in; i++)
		in[i] = (uint8_t)(i * i);
	for (size_t i = 0; i < N_ALGS; i++) {
		size_t len = hash_len(algs[i]);

		hash_one(algs[i], BYTES_OF(in), want);
		for (size_t cut = 0; cut <= sizeof in; cut += 7) {
			struct bytes parts[3] = { { in, cut }, BYTES_NONE,
				{ in + cut, sizeof in - cut } };

			hash_init(&h, algs[i]);
			hash_update(&h, parts[0]);
			hash_copy(&fork, &h);
			hash_update(&h, BYTES_LIT("elsewhere"));
			hash_final(&h, got);
			hash_update(&fork, parts[2]);
			hash_final(&fork, got);
			CHECK_BYTES(((struct bytes){ got, len }),
			    ((struct bytes){ want, len }));
			hash_parts(algs[i], parts, 3, got);
			CHECK_BYTES(((struct bytes){ got, len }),
			    ((struct bytes){ want, len }));
		}
	}
}

TEST(final_wipes)
{
	uint8_t out[HASH_MAX_LEN];
	struct hash h;

	for (size_t i = 0; i < N_ALGS; i++) {
		memset(&h, 0, sizeof h);
		hash_init(&h, algs[i]);
		hash_update(&h, BYTES_LIT("a secret"));
		hash_final(&h, out);
		for (size_t j = 0; j < sizeof h.state; j++)
			CHECK_EQ(h.state[j], 0);
	}
}

/* The first value of BLAKE2's published keyed ones. */
TEST(blake2b_with_a_key)
{
	uint8_t key[64], out[64], cut[16], again[16];
	const struct bytes parts[2] = { BYTES_LIT("two "), BYTES_LIT("parts") };
	const struct bytes whole = BYTES_LIT("two parts");

	for (size_t i = 0; i < sizeof key; i++)
		key[i] = (uint8_t)i;
	blake2b_parts(BYTES_OF(key), NULL, 0, out, sizeof out);
	CHECK_BYTES(BYTES_OF(out),
	    unhex("10ebb67700b1868efb4417987acf4690ae9d972fb7a590c2f02871799a"
		  "aa4786b5e996e8f0f4eb981fc214b005f42d2ff4233499391653df7aef"
		  "cbc13fc51568"));
	blake2b_parts(BYTES_NONE, parts, 2, cut, sizeof cut);
	blake2b_parts(BYTES_NONE, &whole, 1, again, sizeof again);
	CHECK_BYTES(BYTES_OF(cut), BYTES_OF(again));
	blake2b_parts(BYTES_NONE, parts, 2, out, sizeof out);
	CHECK(memcmp(out, cut, sizeof cut) != 0);
}

/* FIPS 202's values of the empty message. */
TEST(sha3_of_nothing)
{
	uint8_t out[64];

	CHECK_OK(crypto_init());
	CHECK_OK(crypto_init()); /* twice is fine */
	CHECK_OK(sha3_256(NULL, 0, out));
	CHECK_BYTES(((struct bytes){ out, 32 }),
	    unhex("a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b"
		  "80f8434a"));
	CHECK_OK(sha3_512(NULL, 0, out));
	CHECK_BYTES(((struct bytes){ out, 64 }),
	    unhex("a69f73cca23a9ac5c8b567dc185a756e97c982164fe25859e0d1dcc1"
		  "475c80a615b2123af1f5f94c11e3e9402c3ac558f500199d95b6d3e3"
		  "01758586281dcd26"));
	CHECK_OK(shake128(NULL, 0, out, 32));
	CHECK_BYTES(((struct bytes){ out, 32 }),
	    unhex("7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eac"
		  "fa66ef26"));
	CHECK_OK(shake256(NULL, 0, out, 32));
	CHECK_BYTES(((struct bytes){ out, 32 }),
	    unhex("46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c2764"
		  "6ed5762f"));
}

TEST(shake_outputs_continue_each_other)
{
	const struct bytes in = BYTES_LIT("x");
	uint8_t shorter[500], longer[1500];

	CHECK_OK(crypto_init());
	CHECK_OK(shake128(&in, 1, shorter, sizeof shorter));
	CHECK_OK(shake128(&in, 1, longer, sizeof longer));
	CHECK_BYTES(
	    BYTES_OF(shorter), ((struct bytes){ longer, sizeof shorter }));
}

/* The value in the paper that defined SipHash. */
TEST(siphash_of_the_paper)
{
	uint8_t key[SIPHASH_KEY_LEN], in[15];

	for (size_t i = 0; i < sizeof key; i++)
		key[i] = (uint8_t)i;
	memcpy(in, key, sizeof in);
	CHECK(siphash(key, BYTES_OF(in)) == 0xa129ca6149be45e5);
}

CHECK_MAIN(T(abc), T(hmac_sha2), T(hmac_is_its_definition), T(hkdf_sha256),
    T(hkdf_expand_has_a_limit), T(pieces_copies_and_parts_agree),
    T(final_wipes), T(blake2b_with_a_key), T(sha3_of_nothing),
    T(shake_outputs_continue_each_other), T(siphash_of_the_paper))
