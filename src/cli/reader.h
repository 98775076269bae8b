/*
 * reader - the line that is being typed, while others write.
 *
 * On a terminal the line is edited with libedit, and what arrives meanwhile
 * appears above it. A paste between the terminal's brackets goes into the
 * line and is not sent by the line ends in it; other control characters of
 * it are dropped. Elsewhere lines are read from stdin as they are.
 */
#ifndef CLI_READER_H
#define CLI_READER_H

#include <stdbool.h>
#include <stddef.h>

struct reader;

/* Waits until there is input on stdin (true), or until reading is to end. It
 * may call reader_above meanwhile. */
typedef bool reader_wait_fn(void *ctx);

/* Makes a reader; on a terminal that can be edited on, unless it is told not
 * to. Never NULL: out of memory ends the process. */
struct reader *reader_new(bool may_edit, reader_wait_fn *wait, void *ctx);

/* Gives the terminal back as it was. */
void reader_free(struct reader *r);

/* Whether lines are edited on a terminal. */
bool reader_is_terminal(const struct reader *r);

/* Sets what stands in front of the line; copied. */
void reader_prompt(struct reader *r, const char *prompt);

/* Reads the next line, without its end; it lives until the next call.
 * Returns false at the end of input, or when waiting was ended. */
bool reader_line(struct reader *r, const char **line, size_t *n);

/* Writes a finished line to stdout, above what is being typed. */
void reader_above(struct reader *r, const char *line);

/* The window has another size, or the screen was used by others. */
void reader_redraw(struct reader *r);

#endif
