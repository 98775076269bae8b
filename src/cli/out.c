#include "cli/out.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- lines, piece by piece ---- */

struct out_line
out_begin(struct out *out, enum out_stream to)
{
	return (struct out_line){ .out = out, .to = to };
}

/* What is shown may be what somebody wrote: no copy stays behind. */
static void
wipe(struct out_line *l)
{
	if (l->p != NULL)
		explicit_bzero(l->p, l->cap);
	free(l->p);
}

/* Makes room for n more bytes and a NUL. */
static char *
room(struct out_line *l, size_t n)
{
	size_t cap = (l->n + n + 1) * 2;
	char *p;

	if (l->n + n < l->cap)
		return l->p + l->n;
	p = malloc(cap);
	if (p == NULL)
		abort();
	if (l->n > 0)
		memcpy(p, l->p, l->n);
	wipe(l);
	l->p = p;
	l->cap = cap;
	return p + l->n;
}

static void
put(struct out_line *l, const char *s, size_t n)
{
	memcpy(room(l, n), s, n);
	l->n += n;
	l->p[l->n] = '\0';
}

void
out_put(struct out_line *l, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	if (n < 0)
		return;
	va_start(ap, format);
	(void)vsnprintf(room(l, (size_t)n), (size_t)n + 1, format, ap);
	va_end(ap);
	l->n += (size_t)n;
}

void
out_text(struct out_line *l, const char *text, size_t n)
{
	size_t len = sotto_escape(NULL, 0, text, n);

	(void)sotto_escape(room(l, len), len + 1, text, n);
	l->n += len;
}

void
out_style(struct out_line *l, const char *style)
{
	if (out_has_color(l->out, l->to))
		out_put(l, "\x1b[%sm", style);
}

void
out_plain(struct out_line *l)
{
	out_style(l, "0");
}

static void
json_key(struct out_line *l, const char *key)
{
	out_put(l, "%s\"%s\":", l->fields++ == 0 ? "{" : ",", key);
}

/* Takes one character of UTF-8; malformed bytes count as U+FFFD. */
static uint32_t
next_char(const unsigned char **at, const unsigned char *end)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t c = *(*at)++;
	unsigned len = c < 0x80 ? 1 : c >> 5 == 6 ? 2 : c >> 4 == 14 ? 3 :
	    c >> 3 == 30                                             ? 4 :
	                                                               0;

	if (len == 1)
		return c;
	if (len == 0 || (size_t)(end - *at) < len - 1)
		return 0xfffd;
	c &= 0x7fU >> len;
	for (unsigned i = 0; i + 1 < len; i++) {
		if ((*at)[i] >> 6 != 2)
			return 0xfffd;
		c = c << 6 | ((*at)[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || c >> 11 == 0x1b)
		return 0xfffd;
	*at += len - 1;
	return c;
}

/* What a reader of the line, or a terminal behind it, might act upon. */
static bool
is_unsafe(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xfffd ||
	    c == 0x61c || (c >= 0x200b && c <= 0x200f) ||
	    (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ||
	    c == 0xfeff;
}

static void
json_char(struct out_line *l, uint32_t c, const char *bytes, size_t n)
{
	if (c == '"' || c == '\\')
		out_put(l, "\\%c", (char)c);
	else if (c == '\n')
		put(l, "\\n", 2);
	else if (is_unsafe(c))
		out_put(l, "\\u%04" PRIx32, c);
	else
		put(l, bytes, n);
}

void
out_json_text(struct out_line *l, const char *key, const char *text, size_t n)
{
	const unsigned char *at = (const unsigned char *)text, *end = at + n;

	json_key(l, key);
	put(l, "\"", 1);
	while (at < end) {
		const unsigned char *from = at;
		uint32_t c = next_char(&at, end);

		json_char(l, c, (const char *)from, (size_t)(at - from));
	}
	put(l, "\"", 1);
}

void
out_json_string(struct out_line *l, const char *key, const char *s)
{
	out_json_text(l, key, s, strlen(s));
}

void
out_json_number(struct out_line *l, const char *key, uint64_t v)
{
	json_key(l, key);
	out_put(l, "%" PRIu64, v);
}

void
out_json_bool(struct out_line *l, const char *key, bool v)
{
	json_key(l, key);
	out_put(l, "%s", v ? "true" : "false");
}

void
out_time(char text[32], uint64_t time_ms)
{
	time_t seconds = (time_t)(time_ms / 1000);
	struct tm tm;
	size_t n;

	if (gmtime_r(&seconds, &tm) == NULL)
		memset(&tm, 0, sizeof tm);
	n = strftime(text, 32, "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(text + n, 32 - n, ".%03uZ", (unsigned)(time_ms % 1000));
}

void
out_json_time(struct out_line *l, const char *key, uint64_t time_ms)
{
	char text[32];

	json_key(l, key);
	out_time(text, time_ms);
	if (time_ms == 0)
		out_put(l, "null");
	else
		out_put(l, "\"%s\"", text);
}

bool
out_end(struct out_line *l)
{
	FILE *f = l->to == OUT_STDOUT ? stdout : stderr;
	struct out *out = l->out;
	bool ok = true;

	if (l->fields > 0)
		put(l, "}", 1);
	if (out->above != NULL) {
		out->above(out->above_ctx, l->p == NULL ? "" : l->p);
	} else {
		put(l, "\n", 1);
		ok = fwrite(l->p, 1, l->n, f) == l->n && fflush(f) == 0;
	}
	if (!ok && l->to == OUT_STDOUT)
		out->is_broken = true;
	wipe(l);
	*l = (struct out_line){ 0 };
	return ok;
}

/* ---- talk ---- */

void
out_sentence(struct out_line *l, const char *s)
{
	if (s == NULL || s[0] == '\0')
		return;
	out_put(l, " ");
	out_text(l, s, strlen(s));
}

void
out_error(struct out *out, const struct sotto_error *e)
{
	struct out_line l = out_begin(out, OUT_STDERR);
	const char *why = e->why == NULL ? "" : e->why;
	const char *advice = e->advice == NULL ? "" : e->advice;

	if (out->is_json) {
		out_json_string(&l, "type", "error");
		out_json_number(&l, "code", (uint64_t)e->outcome);
		out_json_string(&l, "what", e->what == NULL ? "" : e->what);
		out_json_string(&l, "why", why);
		out_json_string(&l, "do", advice);
		if (e->outcome == SOTTO_WAIT)
			out_json_number(&l, "wait_ms", e->wait_ms);
	} else {
		out_style(&l, "31");
		out_put(&l, out->above == NULL ? "sotto:" : "!!");
		out_plain(&l);
		out_sentence(&l, e->what);
		out_sentence(&l, why);
		if (e->outcome == SOTTO_WAIT)
			out_put(&l, " Wait %" PRIu32 " s.",
			    (e->wait_ms + 999) / 1000);
		out_sentence(&l, advice);
	}
	(void)out_end(&l);
}

int
out_fail(struct out *out, enum sotto_outcome outcome, const char *what,
    const char *why, const char *advice)
{
	struct sotto_error e = { outcome, 0, what, why, advice };

	out_error(out, &e);
	return (int)outcome;
}

__attribute__((format(printf, 3, 0))) static void
say(struct out *out, enum out_stream to, const char *format, va_list ap)
{
	struct out_line l = out_begin(out, to);
	char text[512];

	(void)vsnprintf(text, sizeof text, format, ap);
	if (out->is_json) {
		out_json_string(&l, "type", "progress");
		out_json_string(&l, "text", text);
	} else {
		out_style(&l, "2");
		out_put(&l, "-- ");
		out_text(&l, text, strlen(text));
		out_plain(&l);
	}
	(void)out_end(&l);
}

void
out_say(struct out *out, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say(out, out->is_json ? OUT_STDERR : out->talk, format, ap);
	va_end(ap);
}

void
out_progress(struct out *out, const char *format, ...)
{
	va_list ap;

	if (out->verbosity < 0 ||
	    (out->verbosity == 0 && (out->is_json || !isatty(STDERR_FILENO))))
		return;
	va_start(ap, format);
	say(out, OUT_STDERR, format, ap);
	va_end(ap);
}

bool
out_has_color(const struct out *out, enum out_stream to)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
	const char *force = getenv("CLICOLOR_FORCE");

	if (out->color != OUT_COLOR_AUTO)
		return out->color == OUT_COLOR_ALWAYS;
	if (no != NULL && no[0] != '\0')
		return false;
	if (force != NULL && force[0] != '\0' && strcmp(force, "0") != 0)
		return true;
	return isatty(to == OUT_STDOUT ? STDOUT_FILENO : STDERR_FILENO) &&
	    term != NULL && strcmp(term, "dumb") != 0;
}
