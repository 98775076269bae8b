#include "sottod/line.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void
line_lose(struct line *l)
{
	if (l->p != NULL)
		bytes_wipe(l->p, l->n);
	free(l->p);
	*l = (struct line){ .is_lost = true };
}

void
line_put(struct line *l, const char *format, ...)
{
	va_list args;
	char *p;
	int n;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0 || l->is_lost)
		return;
	p = realloc(l->p, l->n + (size_t)n + 1);
	if (p == NULL) {
		line_lose(l);
		return;
	}
	l->p = p;
	va_start(args, format);
	(void)vsnprintf(l->p + l->n, (size_t)n + 1, format, args);
	va_end(args);
	l->n += (size_t)n;
}

void
line_word(struct line *l, const char *text)
{
	for (; *text != '\0'; text++) {
		uint8_t c = (uint8_t)*text;

		if (c >= 0x20 && c < 0x7f)
			line_put(l, "%c", c);
		else
			line_put(l, "\\x%02x", c);
	}
}

static void
key(struct line *l, const char *name)
{
	line_put(l, "%s\"%s\":", l->members++ == 0 ? "{" : ",", name);
}

void
line_json_begin(struct line *l, const char *type)
{
	l->members = 0;
	line_json_text(l, "type", type);
}

/* Bytes outside ASCII become the escapes of Latin-1: what the system says in
 * other letters is rare here, and must not break the line's encoding. */
void
line_json_text(struct line *l, const char *name, const char *text)
{
	key(l, name);
	line_put(l, "\"");
	for (; *text != '\0'; text++) {
		uint8_t c = (uint8_t)*text;

		if (c == '"' || c == '\\')
			line_put(l, "\\%c", c);
		else if (c >= 0x20 && c < 0x7f)
			line_put(l, "%c", c);
		else
			line_put(l, "\\u%04x", c);
	}
	line_put(l, "\"");
}

void
line_json_number(struct line *l, const char *name, uint64_t v)
{
	key(l, name);
	line_put(l, "%" PRIu64, v);
}

void
line_json_bool(struct line *l, const char *name, bool v)
{
	key(l, name);
	line_put(l, "%s", v ? "true" : "false");
}

void
line_json_time(struct line *l, const char *name, uint64_t time_s)
{
	char text[32];

	line_time(text, time_s);
	line_json_text(l, name, text);
}

void
line_json_end(struct line *l)
{
	line_put(l, "}");
}

void
line_time(char out[32], uint64_t time_s)
{
	time_t t = (time_t)time_s;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(out, 32, "%Y-%m-%dT%H:%M:%S.000Z", &tm) == 0)
		(void)strcpy(out, "1970-01-01T00:00:00.000Z");
}

void
line_free(struct line *l)
{
	free(l->p);
	*l = (struct line){ 0 };
}
