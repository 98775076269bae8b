#include "cli/out.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- lines, piece by piece ---- */

struct out_line
out_begin(struct out *out, FILE *to)
{
	return (struct out_line){ .out = out, .to = to };
}

/* Makes room for n more bytes and a NUL. */
static char *
room(struct out_line *l, size_t n)
{
	char *p = realloc(l->p, l->n + n + 1);

	if (p == NULL)
		abort();
	l->p = p;
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
	struct out *out = l->out;
	bool ok = true;

	if (l->fields > 0)
		put(l, "}", 1);
	if (out->above != NULL) {
		out->above(out->above_ctx, l->p == NULL ? "" : l->p);
	} else {
		put(l, "\n", 1);
		ok = fwrite(l->p, 1, l->n, l->to) == l->n &&
		    fflush(l->to) == 0;
	}
	if (!ok && l->to == stdout)
		out->is_broken = true;
	if (l->p != NULL)
		explicit_bzero(l->p, l->n);
	free(l->p);
	*l = (struct out_line){ 0 };
	return ok;
}

/* ---- what commands show ---- */

static void
put_name(struct out_line *l, const char *name)
{
	out_text(l, name, strlen(name));
}

/* The name in a column of at least width. */
static void
put_column(struct out_line *l, const char *text, size_t width)
{
	size_t before = l->n;

	put_name(l, text);
	while (l->n < before + width)
		put(l, " ", 1);
	put(l, "  ", 2);
}

void
out_account(struct out *out, const struct sotto_event *ev)
{
	struct out_line l = out_begin(out, stdout);

	if (out->is_json) {
		out_json_string(&l, "type", "account");
		out_json_string(&l, "name", ev->account.name);
		out_json_string(&l, "server", ev->account.server);
		out_json_string(&l, "identity", ev->account.identity);
		out_json_string(&l, "device", ev->account.device);
		out_json_bool(&l, "verified_server",
		    ev->account.is_verified_server);
	} else {
		put_column(&l, ev->account.name, 0);
		put_column(&l, ev->account.server, 0);
		out_put(&l, "identity ");
		put_column(&l, ev->account.identity, 0);
		out_put(&l, "device ");
		put_column(&l, ev->account.device, 0);
		out_put(&l, "server %s", ev->account.is_verified_server ?
		        "verified" :
		        "unverified");
	}
	(void)out_end(&l);
}

void
out_person(struct out *out, const struct sotto_event *ev)
{
	struct out_line l = out_begin(out, stdout);

	if (out->is_json) {
		out_json_string(&l, "type", "person");
		out_json_string(&l, "name", ev->person.name);
		out_json_string(&l, "status",
		    sotto_status_word(ev->person.status));
		out_json_number(&l, "devices", ev->person.devices);
		out_json_string(&l, "pin", sotto_pin_word(ev->person.pin));
		out_json_bool(&l, "you", ev->person.is_you);
	} else {
		put_column(&l, ev->person.name, 12);
		put_column(&l, sotto_status_word(ev->person.status), 9);
		put_column(&l, sotto_pin_word(ev->person.pin), 8);
		out_put(&l, "%u%s", ev->person.devices,
		    ev->person.is_you ? "  you" : "");
	}
	(void)out_end(&l);
}

void
out_device(struct out *out, const struct sotto_event *ev)
{
	struct out_line l = out_begin(out, stdout);
	char added[32], expires[32];

	if (out->is_json) {
		out_json_string(&l, "type", "device");
		out_json_string(&l, "id", ev->device.id);
		out_json_string(&l, "name", ev->device.name);
		out_json_time(&l, "added", ev->device.added_s * 1000);
		out_json_time(&l, "expires", ev->device.expires_s * 1000);
		out_json_bool(&l, "this", ev->device.is_this);
	} else {
		out_time(added, ev->device.added_s * 1000);
		out_time(expires, ev->device.expires_s * 1000);
		put_column(&l, ev->device.id, 0);
		put_column(&l, ev->device.name, 12);
		put_column(&l, added, 0);
		put_column(&l, ev->device.expires_s == 0 ? "never" : expires,
		    0);
		out_put(&l, "%s", ev->device.is_this ? "this" : "-");
	}
	(void)out_end(&l);
}

/* A drawing of several lines, as it is: it is ours. */
static void
put_drawing(struct out *out, const char *drawing)
{
	while (*drawing != '\0') {
		size_t n = strcspn(drawing, "\n");
		struct out_line l = out_begin(out, stdout);

		put(&l, drawing, n);
		(void)out_end(&l);
		drawing += n + (drawing[n] == '\n');
	}
}

void
out_safety(struct out *out, const struct sotto_event *ev, bool shows_qr)
{
	struct out_line l = out_begin(out, stdout);

	if (out->is_json) {
		out_json_string(&l, "type", "safety");
		out_json_string(&l, "name", ev->safety.name);
		out_json_string(&l, "number", ev->safety.number);
		out_json_string(&l, "pin", sotto_pin_word(ev->safety.pin));
	} else {
		put_column(&l, ev->safety.name, 0);
		put_column(&l, sotto_pin_word(ev->safety.pin), 8);
		put_name(&l, ev->safety.number);
	}
	(void)out_end(&l);
	if (shows_qr && !out->is_json)
		put_drawing(out, ev->safety.qr);
}

void
out_sent(struct out *out, const char *to, enum sotto_path path, uint32_t ms)
{
	struct out_line l = out_begin(out, stdout);

	if (out->is_json) {
		out_json_string(&l, "type", "sent");
		out_json_string(&l, "to", to);
		out_json_string(&l, "path", sotto_path_word(path));
		out_json_number(&l, "ms", ms);
	} else {
		out_put(&l, "sent to ");
		put_name(&l, to);
		out_put(&l, " (%s, %" PRIu32 " ms)", sotto_path_word(path), ms);
	}
	(void)out_end(&l);
}

bool
out_message(struct out *out, const struct sotto_event *ev)
{
	struct out_line l = out_begin(out, stdout);

	if (out->is_json) {
		out_json_string(&l, "type", "message");
		out_json_string(&l, "from", ev->session.name);
		out_json_text(&l, "text", ev->text.p, ev->text.n);
		out_json_string(&l, "path", sotto_path_word(ev->session.path));
		out_json_string(&l, "pin", sotto_pin_word(ev->session.pin));
		out_json_time(&l, "time", ev->text.time_ms);
	} else {
		put_name(&l, ev->session.name);
		out_put(&l, ": ");
		out_text(&l, ev->text.p, ev->text.n);
	}
	return out_end(&l);
}

static void
put_sentence(struct out_line *l, const char *s)
{
	if (s == NULL || s[0] == '\0')
		return;
	out_put(l, " ");
	out_text(l, s, strlen(s));
}

static void
json_session(struct out_line *l, const struct sotto_event *ev,
    const char *what)
{
	out_json_string(l, "type", "session");
	out_json_string(l, "event", what);
	out_json_string(l, "name", ev->session.name);
	out_json_string(l, "path", sotto_path_word(ev->session.path));
	out_json_string(l, "pin", sotto_pin_word(ev->session.pin));
	out_json_bool(l, "caller", ev->session.is_caller);
}

void
out_session(struct out *out, const struct sotto_event *ev)
{
	bool is_up = ev->type == SOTTO_SESSION_UP;
	bool is_cut = !is_up && ev->error.outcome != SOTTO_OK;
	struct out_line l = out_begin(out, out->is_json ? stdout : out->talk);

	if (out->is_json) {
		json_session(&l, ev, is_up ? "up" : is_cut ? "cut" : "closed");
		if (is_cut)
			out_json_string(&l, "why", ev->error.why);
		(void)out_end(&l);
		return;
	}
	/* Nothing here looks like the beginning of a message. */
	out_style(&l, "2");
	out_put(&l, is_up ? "-- speaking with " :
	        is_cut    ? "-- line cut, with " :
	                    "-- session closed, with ");
	put_name(&l, ev->session.name);
	if (is_up)
		out_put(&l, " [%s] [%s] [pq]%s",
		    sotto_path_word(ev->session.path),
		    sotto_pin_word(ev->session.pin),
		    ev->session.pin == SOTTO_PIN_VERIFIED ?
		        "" :
		        " unverified, see /verify");
	if (is_cut) {
		out_put(&l, ".");
		put_sentence(&l, ev->error.why);
	}
	out_plain(&l);
	(void)out_end(&l);
}

void
out_presence(struct out *out, const struct sotto_event *ev)
{
	struct out_line l = out_begin(out, out->is_json ? stdout : out->talk);

	if (out->is_json) {
		out_json_string(&l, "type", "presence");
		out_json_string(&l, "name", ev->person.name);
		out_json_string(&l, "status",
		    sotto_status_word(ev->person.status));
	} else {
		out_style(&l, "2");
		out_put(&l, "-- ");
		put_name(&l, ev->person.name);
		out_put(&l, " is %s", sotto_status_word(ev->person.status));
		out_plain(&l);
	}
	(void)out_end(&l);
}

void
out_question(struct out *out, const struct sotto_event *ev)
{
	bool is_over = ev->type == SOTTO_QUESTION_OVER;
	struct out_line l = out_begin(out, out->is_json ? stdout : out->talk);

	if (out->is_json) {
		json_session(&l, ev, is_over ? "withdrawn" : "asked");
	} else {
		out_put(&l, "-- ");
		put_name(&l, ev->session.name);
		out_put(&l, is_over ? " no longer asks" :
		        " would like to speak with you: /accept or /decline");
	}
	(void)out_end(&l);
}

/* ---- talk ---- */

void
out_error(struct out *out, const struct sotto_error *e)
{
	struct out_line l = out_begin(out, stderr);
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
		put_sentence(&l, e->what);
		put_sentence(&l, why);
		if (e->outcome == SOTTO_WAIT)
			out_put(&l, " Wait %" PRIu32 " s.",
			    (e->wait_ms + 999) / 1000);
		put_sentence(&l, advice);
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

static void
say(struct out *out, FILE *to, const char *format, va_list ap)
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
		put_name(&l, text);
		out_plain(&l);
	}
	(void)out_end(&l);
}

void
out_say(struct out *out, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say(out, out->is_json ? stderr : out->talk, format, ap);
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
	say(out, stderr, format, ap);
	va_end(ap);
}

bool
out_has_color(const struct out *out, FILE *f)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
	const char *force = getenv("CLICOLOR_FORCE");

	if (out->color != OUT_COLOR_AUTO)
		return out->color == OUT_COLOR_ALWAYS;
	if (no != NULL && no[0] != '\0')
		return false;
	if (force != NULL && force[0] != '\0' && strcmp(force, "0") != 0)
		return true;
	return isatty(fileno(f)) && term != NULL && strcmp(term, "dumb") != 0;
}
