#include "base/log.h"

#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>

#define LINE_LEN 500

static struct {
	log_fn *sink;
	enum log_level level;
	void *ctx;
} sink;

void
log_set(log_fn *fn, enum log_level level, void *ctx)
{
	sink.sink = fn;
	sink.level = level;
	sink.ctx = ctx;
}

/* Copies line to out, a byte that is not printable ASCII as \xNN. */
static void
escape(char *out, size_t cap, const char *line)
{
	size_t n = 0;

	for (; *line != '\0' && n + 5 < cap; line++) {
		uint8_t c = (uint8_t)*line;

		if (c >= 0x20 && c < 0x7f)
			out[n++] = (char)c;
		else
			n += (size_t)snprintf(out + n, cap - n, "\\x%02x", c);
	}
	out[n] = '\0';
}

void
log_say(enum log_level level, const char *format, ...)
{
	char line[LINE_LEN], safe[LINE_LEN];
	va_list args;

	if (sink.sink == NULL || level > sink.level)
		return;
	va_start(args, format);
	(void)vsnprintf(line, sizeof line, format, args);
	va_end(args);
	escape(safe, sizeof safe, line);
	sink.sink(level, safe, sink.ctx);
}
