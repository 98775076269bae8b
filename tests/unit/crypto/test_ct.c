/* ct: what the functions say; that they say it in constant time is shown by
 * ct_check. */
#include "crypto/ct.h"
#include "support/check.h"

#include <string.h>

TEST(equal_looks_at_every_bit)
{
	uint8_t a[40], b[40];

	memset(a, 0xa5, sizeof a);
	memcpy(b, a, sizeof b);
	CHECK(ct_equal(a, b, sizeof a));
	CHECK(ct_equal(a, b, 0));
	for (size_t i = 0; i < 8 * sizeof a; i++) {
		b[i / 8] ^= (uint8_t)(1 << i % 8);
		CHECK(!ct_equal(a, b, sizeof a));
		CHECK(ct_equal(a, b, i / 8));
		b[i / 8] ^= (uint8_t)(1 << i % 8);
	}
}

TEST(zero_looks_at_every_bit)
{
	uint8_t a[40] = { 0 };

	CHECK(ct_is_zero(a, sizeof a));
	for (size_t i = 0; i < 8 * sizeof a; i++) {
		a[i / 8] ^= (uint8_t)(1 << i % 8);
		CHECK(!ct_is_zero(a, sizeof a));
		a[i / 8] = 0;
	}
}

TEST(select_takes_one_of_two)
{
	const uint8_t a[3] = { 1, 2, 255 }, b[3] = { 254, 0, 7 };
	uint8_t out[3];

	ct_select(out, a, b, sizeof out, 1);
	CHECK_BYTES(BYTES_OF(out), BYTES_OF(a));
	ct_select(out, a, b, sizeof out, 0);
	CHECK_BYTES(BYTES_OF(out), BYTES_OF(b));
}

TEST(hiding_changes_nothing)
{
	CHECK_EQ(ct_hide(0), 0);
	CHECK_EQ(ct_hide(0xffffffff), 0xffffffff);
}

CHECK_MAIN(T(equal_looks_at_every_bit), T(zero_looks_at_every_bit),
    T(select_takes_one_of_two), T(hiding_changes_nothing))
