#include "base/hex.h"

#include <string.h>

static const char hex_digits[] = "0123456789abcdef";
static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789-_";

/* Returns the value of c in an alphabet of n digits, or -1. */
static int
digit(const char *alphabet, uint8_t c)
{
	const char *at = c == 0 ? NULL : strchr(alphabet, c);

	return at == NULL ? -1 : (int)(at - alphabet);
}

static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'F' ? (uint8_t)(c + 32) : c;
}

void
hex_encode(char *out, struct bytes b)
{
	for (size_t i = 0; i < b.n; i++) {
		*out++ = hex_digits[b.p[i] >> 4];
		*out++ = hex_digits[b.p[i] & 15];
	}
	*out = '\0';
}

enum err
hex_decode(void *out, size_t n, struct bytes text)
{
	uint8_t *to = out;

	if (text.n != HEX_LEN(n))
		return ERR_DECODE;
	for (size_t i = 0; i < n; i++) {
		int high = digit(hex_digits, lower(text.p[2 * i]));
		int low = digit(hex_digits, lower(text.p[2 * i + 1]));

		if (high < 0 || low < 0)
			return ERR_DECODE;
		to[i] = (uint8_t)(high << 4 | low);
	}
	return ERR_OK;
}

void
base64_encode(char *out, struct bytes b)
{
	uint32_t bits = 0;
	unsigned have = 0;

	for (size_t i = 0; i < b.n; i++) {
		bits = bits << 8 | b.p[i];
		for (have += 8; have >= 6; have -= 6)
			*out++ = base64_digits[bits >> (have - 6) & 63];
	}
	if (have > 0)
		*out++ = base64_digits[bits << (6 - have) & 63];
	*out = '\0';
}

enum err
base64_decode(void *out, size_t n, struct bytes text)
{
	uint8_t *to = out;
	uint32_t bits = 0;
	unsigned have = 0;

	if (text.n != BASE64_LEN(n))
		return ERR_DECODE;
	for (size_t i = 0; i < text.n; i++) {
		int v = digit(base64_digits, text.p[i]);

		if (v < 0)
			return ERR_DECODE;
		bits = bits << 6 | (uint32_t)v;
		have += 6;
		if (have >= 8) {
			have -= 8;
			*to++ = (uint8_t)(bits >> have);
		}
	}
	return (bits & ((1u << have) - 1)) == 0 ? ERR_OK : ERR_DECODE;
}
