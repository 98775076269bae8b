/*
 * log - lines for the operator, through a sink that the shell installs.
 *
 * A line has a level and text made by the printf rules. Control bytes and
 * bytes outside ASCII are escaped on the way, so that nobody's name forges a
 * line. What may be logged is the caller's duty: never a secret, never a
 * person's name or address above DEBUG. The sink is one per process, since
 * there is one stderr; a core without a sink is silent.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

typedef void log_fn(enum log_level level, const char *line, void *ctx);

/* Installs sink for lines at or below level; NULL silences. */
void log_set(log_fn *sink, enum log_level level, void *ctx);

/* Says one line, without a newline, at most 500 bytes of it. */
void log_say(enum log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
