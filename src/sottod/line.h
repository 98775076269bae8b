/*
 * line - a line of output that is being made, plain or as a JSON object.
 *
 * It grows as needed. Without memory there is no line: p is NULL from then on,
 * and whoever takes it has to look. Text from outside passes line_word or
 * line_json_text, which let no control byte through.
 */
#ifndef SOTTOD_LINE_H
#define SOTTOD_LINE_H

#include "base/bytes.h"

struct line {
	char *p; /* terminated once anything was put; NULL: nothing, or lost */
	size_t n;
	unsigned members;
	bool is_lost; /* there was no memory for some of it */
};

/* Appends by the printf rules, unescaped: for words of our own. */
void line_put(struct line *l, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Appends text with everything but printable ASCII as \xNN. */
void line_word(struct line *l, const char *text);

/* Begins a JSON object of this type, appends members, ends it. */
void line_json_begin(struct line *l, const char *type);
void line_json_text(struct line *l, const char *key, const char *text);
void line_json_number(struct line *l, const char *key, uint64_t v);
void line_json_bool(struct line *l, const char *key, bool v);
/* Seconds since 1970, as RFC 3339 in UTC with milliseconds. */
void line_json_time(struct line *l, const char *key, uint64_t time_s);
void line_json_end(struct line *l);

/* Writes the same form of a time to out. */
void line_time(char out[32], uint64_t time_s);

/* Says that some of it could not be had: it is lost, and wiped. */
void line_lose(struct line *l);

/* Releases the memory; the line is empty again. */
void line_free(struct line *l);

#endif
