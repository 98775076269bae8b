#include "sottod/say.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
	bool is_json;
	bool is_lost;    /* a line of output */
	bool is_journal; /* stderr leads there, and takes syslog's levels */
} form;

int
trouble_set(struct trouble *t, int code, const char *what, const char *advice,
    const char *why, ...)
{
	va_list args;

	*t = (struct trouble){ .code = code };
	(void)snprintf(t->what, sizeof t->what, "%s", what);
	(void)snprintf(t->advice, sizeof t->advice, "%s", advice);
	va_start(args, why);
	(void)vsnprintf(t->why, sizeof t->why, why, args);
	va_end(args);
	return code;
}

static void
to_stderr(struct line *l)
{
	line_put(l, "\n");
	if (l->is_lost)
		(void)fputs("sottod: out of memory\n", stderr);
	(void)fwrite(l->p, 1, l->n, stderr);
	line_free(l);
}

static void
on_log(enum log_level level, const char *text, void *ctx)
{
	static const char *const names[] = { "error", "warning", "info",
		"debug" };
	static const int syslog_levels[] = { 3, 4, 6, 7 };
	struct line l = { 0 };

	(void)ctx;
	if (form.is_json) {
		line_json_begin(&l, "log");
		line_json_text(&l, "level", names[level]);
		line_json_text(&l, "text", text);
		line_json_end(&l);
	} else if (form.is_journal) {
		line_put(&l, "<%d>%s", syslog_levels[level], text);
	} else {
		line_put(&l, "sottod: %s%s",
		    level <= LOG_WARN ? "" : "-- ", text);
	}
	to_stderr(&l);
}

void
say_init(bool is_json, enum log_level level)
{
	form.is_json = is_json;
	form.is_journal = getenv("JOURNAL_STREAM") != NULL;
	log_set(on_log, level, NULL);
}

int
say_trouble(const struct trouble *t)
{
	struct line l = { 0 };

	if (form.is_json) {
		line_json_begin(&l, "error");
		line_json_number(&l, "code", (uint64_t)t->code);
		line_json_text(&l, "what", t->what);
		line_json_text(&l, "why", t->why);
		line_json_text(&l, "do", t->advice);
		line_json_end(&l);
	} else {
		line_put(&l, "%s%s: ", form.is_journal ? "<3>" : "sottod: ",
		    t->what);
		line_word(&l, t->why);
		if (t->advice[0] != '\0') {
			line_put(&l, "\n%s",
			    form.is_journal ? "<3>" : "        ");
			line_word(&l, t->advice);
		}
	}
	to_stderr(&l);
	return t->code;
}

bool
say_line(const char *text)
{
	bool is_said = text != NULL && fputs(text, stdout) >= 0 &&
	    fputc('\n', stdout) != EOF && fflush(stdout) == 0;

	if (!is_said && (text == NULL || errno != EPIPE))
		form.is_lost = true;
	return is_said;
}

bool
say_is_lost(void)
{
	return form.is_lost;
}
