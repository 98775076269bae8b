/* rd, wr and hex: what is written is read back, and nothing past the end. */
#include "base/hex.h"
#include "base/rd.h"
#include "base/wr.h"
#include "support/check.h"
#include "support/fault.h"

#include <string.h>

TEST(numbers_come_back)
{
	uint8_t buf[18];
	struct wr w = wr_init(buf, sizeof buf);
	struct rd r;

	wr_u8(&w, 0x01);
	wr_u16(&w, 0x0203);
	wr_u24(&w, 0x040506);
	wr_u32(&w, 0x0708090a);
	wr_u64(&w, 0x0b0c0d0e0f101112);
	CHECK_OK(wr_done(&w));
	for (uint8_t i = 0; i < sizeof buf; i++)
		CHECK_EQ(buf[i], i + 1);
	r = rd_init(wr_bytes(&w));
	CHECK_EQ(rd_u8(&r), 0x01);
	CHECK_EQ(rd_u16(&r), 0x0203);
	CHECK_EQ(rd_u24(&r), 0x040506);
	CHECK_EQ(rd_u32(&r), 0x0708090a);
	CHECK_EQ(rd_u64(&r), 0x0b0c0d0e0f101112);
	CHECK_OK(rd_end(&r));
}

TEST(reading_past_the_end_sticks)
{
	struct rd r = rd_init(BYTES_LIT("abc"));
	uint8_t out[4] = { 9, 9, 9, 9 };

	CHECK_EQ(rd_u16(&r), 'a' << 8 | 'b');
	rd_copy(&r, out, sizeof out);
	CHECK(out[0] == 0 && out[3] == 0);
	CHECK_EQ(rd_u8(&r), 0);
	CHECK(rd_view(&r, 0).n == 0);
	CHECK_ERR(rd_end(&r), ERR_DECODE);
}

TEST(leftover_bytes_are_an_error)
{
	struct rd r = rd_init(BYTES_LIT("abc"));

	(void)rd_u16(&r);
	CHECK_ERR(rd_end(&r), ERR_DECODE);
	CHECK_BYTES(rd_rest(&r), BYTES_LIT("c"));
	CHECK_OK(rd_end(&r));
}

TEST(vectors_have_caps)
{
	struct wr w = wr_new();
	struct rd r;

	wr_vec8(&w, BYTES_LIT("one"));
	wr_vec16(&w, BYTES_LIT("two"));
	wr_vec24(&w, BYTES_LIT("three"));
	wr_vec32(&w, BYTES_LIT("four"));
	CHECK_OK(wr_done(&w));
	r = rd_init(wr_bytes(&w));
	CHECK_BYTES(rd_vec8(&r, 3), BYTES_LIT("one"));
	CHECK_BYTES(rd_vec16(&r, 3), BYTES_LIT("two"));
	CHECK_BYTES(rd_vec24(&r, 5), BYTES_LIT("three"));
	CHECK_EQ(rd_vec32(&r, 3).n, 0);
	CHECK_ERR(rd_end(&r), ERR_DECODE);
	wr_free(&w);
}

TEST(every_truncation_is_refused)
{
	struct wr w = wr_new();

	wr_vec16(&w, BYTES_LIT("hello"));
	wr_u32(&w, 7);
	for (size_t n = 0; n <= w.n; n++) {
		struct rd r = rd_init((struct bytes){ w.p, n });

		(void)rd_vec16(&r, 100);
		(void)rd_u32(&r);
		CHECK_ERR(rd_end(&r), n == w.n ? ERR_OK : ERR_DECODE);
	}
	wr_free(&w);
}

TEST(a_full_buffer_fails_and_sticks)
{
	uint8_t buf[4];
	struct wr w = wr_init(buf, sizeof buf);

	wr_u24(&w, 1);
	wr_u16(&w, 2);
	wr_u8(&w, 3);
	CHECK_ERR(wr_done(&w), ERR_ROOM);
	CHECK_EQ(w.n, 3);
}

TEST(brackets_nest_and_know_their_width)
{
	static const uint8_t want[] = { 0, 6, 1, 'x', 0, 0, 1, 'y' };
	struct wr w = wr_new();
	size_t outer = wr_begin(&w, 2), inner;

	wr_vec8(&w, BYTES_LIT("x"));
	inner = wr_begin(&w, 3);
	wr_u8(&w, 'y');
	wr_end(&w, inner, 3);
	wr_end(&w, outer, 2);
	CHECK_BYTES(wr_bytes(&w), BYTES_OF(want));
	inner = wr_begin(&w, 1);
	wr_zero(&w, 256);
	wr_end(&w, inner, 1);
	CHECK_ERR(wr_done(&w), ERR_ARG);
	wr_free(&w);
}

TEST(growing_keeps_everything)
{
	struct wr w = wr_new();
	size_t len;
	uint8_t *p;

	for (uint32_t i = 0; i < 5000; i++)
		wr_u32(&w, i);
	CHECK_OK(wr_done(&w));
	for (uint32_t i = 0; i < 5000; i++) {
		struct rd r = rd_init((struct bytes){ w.p + 4 * i, 4 });
		CHECK_EQ(rd_u32(&r), i);
	}
	p = wr_take(&w, &len);
	CHECK_EQ(len, 20000);
	CHECK(w.p == NULL);
	w = (struct wr){ p, len, len, true, ERR_OK };
	wr_free(&w);
}

TEST(copying_nothing_writes_nothing)
{
	struct rd r = rd_init(BYTES_LIT("abc"));
	uint8_t out[1] = { 9 };

	rd_copy(&r, out, 0);
	CHECK_EQ(out[0], 9);
	rd_fail(&r, ERR_STATE);
	rd_copy(&r, out, 0);
	CHECK_EQ(out[0], 9);
	CHECK_ERR(rd_end(&r), ERR_STATE);
}

TEST(the_first_error_stays)
{
	struct wr w = wr_new();
	size_t len = 7;

	wr_u24(&w, 1 << 24);
	wr_fail(&w, ERR_STATE);
	CHECK_ERR(wr_done(&w), ERR_ARG);
	CHECK(wr_take(&w, &len) == NULL);
	CHECK_EQ(len, 0);
	CHECK(wr_take(&w, &len) == NULL);
	CHECK_EQ(len, 0);
}

TEST(without_memory_nothing_is_written)
{
	struct wr w = wr_new();

	wr_u8(&w, 1);
	CHECK(wr_reserve(&w, SIZE_MAX / 2) == NULL);
	CHECK_ERR(wr_done(&w), ERR_NOMEM);
	CHECK_EQ(w.n, 1);
	wr_free(&w);
	fault_at(2);
	wr_u8(&w, 1);
	wr_zero(&w, 1000);
	CHECK(fault_end());
	CHECK_ERR(wr_done(&w), ERR_NOMEM);
	CHECK_EQ(w.n, 1);
	wr_free(&w);
}

TEST(hex_has_one_spelling)
{
	static const uint8_t raw[] = { 0x00, 0x7f, 0xff, 0xa5 };
	char text[HEX_LEN(4) + 1];
	uint8_t back[4];

	hex_encode(text, BYTES_OF(raw));
	CHECK(strcmp(text, "007fffa5") == 0);
	CHECK_OK(hex_decode(back, 4, bytes_str("007FFFa5")));
	CHECK_BYTES(BYTES_OF(back), BYTES_OF(raw));
	CHECK_ERR(hex_decode(back, 4, bytes_str("007fffa")), ERR_DECODE);
	CHECK_ERR(hex_decode(back, 4, bytes_str("007fffag")), ERR_DECODE);
}

TEST(base64_has_one_spelling)
{
	uint8_t raw[64], back[64];
	char text[BASE64_LEN(64) + 1];

	for (uint8_t i = 0; i < 64; i++)
		raw[i] = (uint8_t)(i * 37 + 11);
	for (size_t n = 0; n <= sizeof raw; n++) {
		base64_encode(text, (struct bytes){ raw, n });
		CHECK_EQ(strlen(text), BASE64_LEN(n));
		CHECK_OK(base64_decode(back, n, bytes_str(text)));
		CHECK(memcmp(raw, back, n) == 0);
	}
	CHECK_OK(base64_decode(back, 1, bytes_str("-w")));
	CHECK_EQ(back[0], 0xfb);
	CHECK_ERR(base64_decode(back, 1, bytes_str("-x")), ERR_DECODE);
	CHECK_ERR(base64_decode(back, 1, bytes_str("+w")), ERR_DECODE);
	CHECK_ERR(base64_decode(back, 1, bytes_str("-w==")), ERR_DECODE);
}

CHECK_MAIN(T(numbers_come_back), T(reading_past_the_end_sticks),
    T(leftover_bytes_are_an_error), T(vectors_have_caps),
    T(every_truncation_is_refused), T(a_full_buffer_fails_and_sticks),
    T(brackets_nest_and_know_their_width), T(growing_keeps_everything),
    T(copying_nothing_writes_nothing), T(the_first_error_stays),
    T(without_memory_nothing_is_written), T(hex_has_one_spelling),
    T(base64_has_one_spelling))
