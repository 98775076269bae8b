#include "support/unhex.h"
#include "base/hex.h"

#include <stdio.h>
#include <stdlib.h>

struct bytes
unhex(const char *text)
{
	static uint8_t values[16][4096];
	static size_t next;
	static char digits[HEX_LEN(sizeof values[0])];
	uint8_t *out = values[next++ % 16];
	size_t n = 0;

	for (; *text != '\0' && n < sizeof digits; text++)
		if (*text != ' ')
			digits[n++] = *text;
	if (*text != '\0' || n % 2 != 0 ||
	    hex_decode(out, n / 2, (struct bytes){ (uint8_t *)digits, n }) !=
		ERR_OK) {
		(void)fprintf(stderr, "not hex: %s\n", text);
		exit(EXIT_FAILURE);
	}
	return (struct bytes){ out, n / 2 };
}
