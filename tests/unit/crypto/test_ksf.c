/* ksf: values computed with OpenSSL 3.5 (openssl kdf ARGON2ID), and limits. */
#include "crypto/crypto.h"
#include "crypto/ct.h"
#include "crypto/ksf.h"
#include "support/check.h"
#include "support/unhex.h"

#include <string.h>

static const uint8_t salt[KSF_SALT_LEN] = "0123456789abcdef";

TEST(two_values)
{
	uint8_t out[64];

	CHECK_OK(crypto_init());
	CHECK_OK(ksf_argon2id((struct ksf_params){ 3, 64 },
	    BYTES_LIT("password"), salt, out, 32));
	CHECK_BYTES(((struct bytes){ out, 32 }),
	    unhex("4b5dc7fd03bc8449b6becb981762b597e860b2322fc34685d1fd2dc2"
		  "1aaf07cb"));
	CHECK_OK(ksf_argon2id((struct ksf_params){ 1, 1024 },
	    BYTES_LIT("password"), salt, out, 64));
	CHECK_BYTES(BYTES_OF(out),
	    unhex("71ebc936944750ce9bb11cb934bdc3179052da98ee0cfb4ea086d53c"
		  "6b99c820785fa9eccf1ac1d298f1c7a07ad6d3231beaf9f9a7841b37"
		  "8a35875cca60fd33"));
}

TEST(every_input_counts)
{
	const struct ksf_params params = { 1, 8 };
	uint8_t base[32], out[32], other_salt[KSF_SALT_LEN];

	CHECK_OK(crypto_init());
	memcpy(other_salt, salt, sizeof other_salt);
	other_salt[15] ^= 1;
	CHECK_OK(ksf_argon2id(params, BYTES_LIT("p"), salt, base, 32));
	CHECK_OK(ksf_argon2id(params, BYTES_LIT("q"), salt, out, 32));
	CHECK(!ct_equal(base, out, 32));
	CHECK_OK(ksf_argon2id(params, BYTES_NONE, salt, out, 32));
	CHECK(!ct_equal(base, out, 32));
	CHECK_OK(ksf_argon2id(params, BYTES_LIT("p"), other_salt, out, 32));
	CHECK(!ct_equal(base, out, 32));
	CHECK_OK(ksf_argon2id(
	    (struct ksf_params){ 2, 8 }, BYTES_LIT("p"), salt, out, 32));
	CHECK(!ct_equal(base, out, 32));
	CHECK_OK(ksf_argon2id(
	    (struct ksf_params){ 1, 9 }, BYTES_LIT("p"), salt, out, 32));
	CHECK(!ct_equal(base, out, 32));
	CHECK_OK(ksf_argon2id(params, BYTES_LIT("p"), salt, out, 16));
	CHECK(!ct_equal(base, out, 16));
}

TEST(limits)
{
	static const struct {
		struct ksf_params params;
		size_t len;
	} bad[] = {
		{ { 0, 8 }, 32 },
		{ { 1, 7 }, 32 },
		{ { 1, 8 }, 15 },
		{ { 1, 8 }, 65 },
		{ { KSF_MAX_PASSES + 1, 8 }, 32 },
		{ { 1, KSF_MAX_MEMORY_KIB + 1 }, 32 },
		{ { UINT32_MAX, UINT32_MAX }, 32 },
	};
	uint8_t out[65];

	CHECK_OK(crypto_init());
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK_ERR(ksf_argon2id(bad[i].params, BYTES_LIT("p"), salt, out,
			      bad[i].len),
		    ERR_ARG);
	CHECK_OK(ksf_argon2id(
	    (struct ksf_params){ 1, 8 }, BYTES_LIT("p"), salt, out, 16));
	CHECK_OK(ksf_argon2id(
	    (struct ksf_params){ 1, 8 }, BYTES_LIT("p"), salt, out, 64));
}

CHECK_MAIN(T(two_values), T(every_input_counts), T(limits))
