/*
 * out - what the program says: data on stdout as plain lines or as JSON, one
 * object a line; errors and talk on stderr.
 *
 * Everything that came from another person or from a server goes through
 * here, and nothing passes with control bytes: plain output escapes them as
 * sotto_escape does, JSON as \u escapes. Every line is flushed as a whole.
 */
#ifndef CLI_OUT_H
#define CLI_OUT_H

#include "sotto.h"

enum out_color { OUT_COLOR_AUTO, OUT_COLOR_ALWAYS, OUT_COLOR_NEVER };

enum out_stream { OUT_STDERR, OUT_STDOUT };

struct out {
	bool is_json;
	enum out_color color;
	int verbosity;  /* -1 with -q, 0, 1 and more with -v */
	bool is_broken; /* stdout takes no more */
	enum out_stream talk; /* what happens: in a chat on stdout */
	/* In a chat on a terminal: takes a finished line, instead of stdout
	 * and stderr, and puts it above what is being typed. */
	void (*above)(void *ctx, const char *line);
	void *above_ctx;
};

/* ---- lines, piece by piece ---- */

/* A line of output that is being made. */
struct out_line {
	struct out *out;
	char *p;
	size_t n, cap;
	enum out_stream to;
	int fields;
};

/* Begins a line. */
struct out_line out_begin(struct out *out, enum out_stream to);

/* Appends by the printf rules, unescaped: for our own words only. */
void out_put(struct out_line *l, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Appends n bytes of somebody's text, escaped for a terminal. */
void out_text(struct out_line *l, const char *text, size_t n);

/* Appends a blank and a sentence, escaped; nothing for none. */
void out_sentence(struct out_line *l, const char *s);

/* Begins a style of ECMA-48 ("1" bold, "2" faint, "31" red), and ends it;
 * nothing where there is no colour. */
void out_style(struct out_line *l, const char *style);
void out_plain(struct out_line *l);

/* Appends a member of a JSON object; the first one opens the object. */
void out_json_text(struct out_line *l, const char *key, const char *text,
    size_t n);
void out_json_string(struct out_line *l, const char *key, const char *s);
void out_json_number(struct out_line *l, const char *key, uint64_t v);
void out_json_bool(struct out_line *l, const char *key, bool v);

/* A time, Unix milliseconds, as RFC 3339 in UTC; 0 becomes null. */
void out_json_time(struct out_line *l, const char *key, uint64_t time_ms);

/* Ends the line (and the JSON object), writes and flushes it. Returns
 * whether it was written. */
bool out_end(struct out_line *l);

/* Writes a time in RFC 3339 form, UTC with milliseconds, and a NUL. */
void out_time(char text[32], uint64_t time_ms);

/* ---- talk ---- */

/* An error or a notice, in its sentences. */
void out_error(struct out *out, const struct sotto_error *e);

/* The same from words of our own. Returns outcome. */
int out_fail(struct out *out, enum sotto_outcome outcome, const char *what,
    const char *why, const char *advice);

/* What happens, or what a person asked about the program, as a line of our
 * own words; escaped. */
void out_say(struct out *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Talk for a person who waits: on a terminal, or with -v. */
void out_progress(struct out *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Whether to use colour. */
bool out_has_color(const struct out *out, enum out_stream to);

#endif
