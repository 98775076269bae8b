#include "text/text.h"
#include "text/words.h"

#include <stdio.h>
#include <string.h>

/* Seven words of ten bits are 70 bits. */
#define WORDS 7

_Static_assert(sizeof words / sizeof words[0] == 1024, "ten bits a word");

void
text_passphrase(char *out, size_t cap, const uint8_t random[16])
{
	size_t n = 0;

	if (cap > 0)
		out[0] = '\0';
	for (size_t i = 0; i < WORDS && n < cap; i++) {
		unsigned bits = (unsigned)random[2 * i] << 8 |
		    random[2 * i + 1];
		int len = snprintf(out + n, cap - n, "%s%s",
		    i == 0 ? "" : "-", words[bits % 1024]);

		n += (size_t)len;
	}
}
