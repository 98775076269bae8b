#include "kat.h"
#include "base/hex.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct kat_value {
	struct kat_value *next;
	uint8_t bytes[];
};

static void
forget_values(struct kat *k)
{
	struct kat_value *value;

	while (k->values != NULL) {
		value = k->values;
		k->values = value->next;
		free(value);
	}
}

void
kat_begin(struct kat *k, const char *name, ...)
{
	va_list args;

	forget_values(k);
	k->case_failed = false;
	va_start(args, name);
	(void)vsnprintf(k->name, sizeof k->name, name, args);
	va_end(args);
}

void
kat_end(struct kat *k)
{
	if (k->case_failed)
		k->failed++;
	else
		k->passed++;
	forget_values(k);
}

void
kat_not_run(struct kat *k, const char *why)
{
	printf("not run %s: %s\n", k->name, why);
	k->not_run++;
	forget_values(k);
}

bool
kat_true(struct kat *k, const char *what, bool held)
{
	if (!held) {
		printf("FAIL %s: %s\n", k->name, what);
		k->case_failed = true;
	}
	return held;
}

bool
kat_err(struct kat *k, const char *what, enum err got, enum err want)
{
	if (!kat_true(k, what, got == want))
		printf("  got \"%s\", want \"%s\"\n", err_text(got),
		    err_text(want));
	return got == want;
}

bool
kat_bytes(struct kat *k, const char *what, struct bytes got, struct bytes want)
{
	return kat_true(k, what, want.p != NULL && bytes_equal(got, want));
}

uint8_t *
kat_space(struct kat *k, size_t n)
{
	struct kat_value *value = calloc(1, sizeof *value + n + 1);

	if (value == NULL) {
		perror("sotto-kat");
		exit(EXIT_FAILURE);
	}
	value->next = k->values;
	k->values = value;
	return value->bytes;
}

struct bytes
kat_hex_value(struct kat *k, const json_t *value)
{
	struct bytes text = { (const uint8_t *)json_string_value(value),
		json_string_length(value) };
	uint8_t *out;

	if (value == NULL || json_is_null(value))
		return BYTES_NONE;
	out = kat_space(k, text.n / 2);
	if (kat_true(k, "a value is hex",
		json_is_string(value) && text.n % 2 == 0 &&
		    hex_decode(out, text.n / 2, text) == ERR_OK))
		return (struct bytes){ out, text.n / 2 };
	return BYTES_NONE;
}

struct bytes
kat_hex(struct kat *k, const json_t *object, const char *name)
{
	return kat_hex_value(k, json_object_get(object, name));
}

const char *
kat_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text == NULL ? "" : text;
}

uint64_t
kat_number(const json_t *object, const char *name, uint64_t otherwise)
{
	const json_t *value = json_object_get(object, name);

	return json_is_integer(value) ? (uint64_t)json_integer_value(value)
				      : otherwise;
}
