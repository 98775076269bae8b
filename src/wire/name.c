#include "wire/name.h"

#include <string.h>

static bool
is_first(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

enum err
wire_name_decode(struct wire_name *name, struct bytes text)
{
	struct wire_name parsed = { { 0 } };

	if (text.n == 0 || text.n > WIRE_NAME_MAX)
		return ERR_DECODE;
	for (size_t i = 0; i < text.n; i++) {
		char c = (char)text.p[i];

		if (!is_first(c) &&
		    (i == 0 || (c != '_' && c != '.' && c != '-')))
			return ERR_DECODE;
		parsed.s[i] = c;
	}
	*name = parsed;
	return ERR_OK;
}

enum err
wire_name_parse(struct wire_name *name, struct bytes text)
{
	uint8_t folded[WIRE_NAME_MAX];

	if (text.n > sizeof folded)
		return ERR_ARG;
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		folded[i] = c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
	}
	if (wire_name_decode(name, (struct bytes){ folded, text.n }) != ERR_OK)
		return ERR_ARG;
	return ERR_OK;
}

struct bytes
wire_name_bytes(const struct wire_name *name)
{
	return bytes_str(name->s);
}

bool
wire_name_equal(const struct wire_name *a, const struct wire_name *b)
{
	return strcmp(a->s, b->s) == 0;
}
