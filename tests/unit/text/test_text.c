#include "support/check.h"
#include "text/text.h"

#include <stdlib.h>
#include <string.h>

static void
check_escape(struct bytes in, const char *want)
{
	char out[256];

	CHECK_EQ(text_escape(out, sizeof out, in), strlen(want));
	CHECK_BYTES(bytes_str(out), bytes_str(want));
}

TEST(utf8_is_strict)
{
	CHECK(text_is_utf8(BYTES_NONE));
	CHECK(text_is_utf8(BYTES_LIT("h\xc3\xa9llo \xf0\x9f\x90\xa6")));
	CHECK(!text_is_utf8(BYTES_LIT("\xc0\x80")));         /* overlong */
	CHECK(!text_is_utf8(BYTES_LIT("\xed\xa0\x80")));     /* surrogate */
	CHECK(!text_is_utf8(BYTES_LIT("\xf4\x90\x80\x80"))); /* too high */
	CHECK(!text_is_utf8(BYTES_LIT("ab\xe2\x82")));       /* cut off */
}

TEST(nfc_composes)
{
	uint8_t out[16];
	size_t n;

	CHECK_OK(text_nfc(BYTES_LIT("e\xcc\x81"), out, sizeof out, &n));
	CHECK_BYTES(((struct bytes){ out, n }), BYTES_LIT("\xc3\xa9"));
	/* Hangul, and the angstrom sign, which is not its own normal form. */
	CHECK_OK(text_nfc(BYTES_LIT("\xe1\x84\x80\xe1\x85\xa1"), out,
	    sizeof out, &n));
	CHECK_BYTES(((struct bytes){ out, n }), BYTES_LIT("\xea\xb0\x80"));
	CHECK_OK(text_nfc(BYTES_LIT("\xe2\x84\xab"), out, sizeof out, &n));
	CHECK_BYTES(((struct bytes){ out, n }), BYTES_LIT("\xc3\x85"));
	/* What only looks alike stays what it is: a circled one, a ligature. */
	CHECK_OK(text_nfc(BYTES_LIT("\xe2\x91\xa0\xef\xac\x81"), out,
	    sizeof out, &n));
	CHECK_EQ(n, 6);
	CHECK_OK(text_nfc(BYTES_NONE, out, sizeof out, &n));
	CHECK_EQ(n, 0);
}

TEST(nfc_refuses)
{
	uint8_t out[4];
	size_t n;

	CHECK_ERR(text_nfc(BYTES_LIT("\xff"), out, sizeof out, &n), ERR_ARG);
	CHECK_ERR(text_nfc(BYTES_LIT("hello"), out, sizeof out, &n),
	    ERR_ROOM);
}

TEST(escapes_control_bytes)
{
	check_escape(BYTES_LIT("plain, h\xc3\xa9"), "plain, h\xc3\xa9");
	check_escape(BYTES_LIT("a\nb\tc\rd"), "a\\nb\\tc\\rd");
	check_escape(BYTES_LIT("\x1b[2J\x07\x7f\0x"),
	    "\\x1b[2J\\x07\\x7f\\x00x");
	check_escape(BYTES_LIT("\xc2\x9b"
			       "31m"),
	    "\\x9b31m");
	check_escape(BYTES_LIT("a\xff\xc3"), "a\\xff\\xc3");
}

TEST(escapes_direction_and_shape)
{
	check_escape(BYTES_LIT("\xe2\x80\xae"
			       "evil\xe2\x81\xa6"),
	    "\\u202eevil\\u2066");
	check_escape(BYTES_LIT("\xe2\x80\xa8"), "\\u2028");
	check_escape(BYTES_LIT("\xf3\xa0\x80\x81"), "\\U000e0001");
	check_escape(BYTES_LIT("\xef\xbf\xbf"), "\\uffff");
	/* Four marks on a letter stay, the fifth does not. */
	check_escape(BYTES_LIT("a\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81"),
	    "a\xcc\x81\xcc\x81\xcc\x81\xcc\x81\\u0301");
}

TEST(escape_keeps_to_its_room)
{
	char out[8];

	memset(out, 'z', sizeof out);
	CHECK_EQ(text_escape(out, 4, BYTES_LIT("ab\x1b")), 6);
	CHECK_BYTES(bytes_str(out), BYTES_LIT("ab"));
	CHECK_EQ(out[4], 'z');
	CHECK_EQ(text_escape(NULL, 0, BYTES_LIT("ab")), 2);
}

/* No byte that moves a cursor survives, whatever the input. */
TEST(escape_of_every_byte_pair)
{
	char out[64];

	for (unsigned i = 0; i < 0x10000; i++) {
		uint8_t in[2] = { (uint8_t)(i >> 8), (uint8_t)i };

		(void)text_escape(out, sizeof out, BYTES_OF(in));
		for (const char *p = out; *p != '\0'; p++)
			CHECK((uint8_t)*p >= 0x20 && *p != 0x7f);
		CHECK(text_is_utf8(bytes_str(out)));
	}
}

TEST(qr_is_drawn)
{
	char *qr = text_qr("12345 67890");
	char *big;
	size_t lines = 0;

	CHECK(qr != NULL);
	for (const char *p = qr; p != NULL && *p != '\0'; p++)
		lines += *p == '\n';
	CHECK_EQ(lines, 13); /* version 1: 21 modules and the quiet zone */
	free(qr);
	big = calloc(1, 10001);
	memset(big, 'a', 10000);
	CHECK(text_qr(big) == NULL);
	free(big);
}

CHECK_MAIN(T(utf8_is_strict), T(nfc_composes), T(nfc_refuses),
    T(escapes_control_bytes), T(escapes_direction_and_shape),
    T(escape_keeps_to_its_room), T(escape_of_every_byte_pair),
    T(qr_is_drawn))
