/*
 * value - values of flags and of keys, from their words.
 *
 * Each returns whether the text is of its form, and changes nothing if not.
 */
#ifndef CLI_VALUE_H
#define CLI_VALUE_H

#include "cli/options.h"

/* One of n words; *out gets its place. */
bool value_pick(const char *text, const char *const *words, size_t n,
    int *out);

/* The same for a list of words, into an enum whose values are their places. */
#define VALUE_PICK(text, out, ...)                                             \
	value_pick(text, (const char *const[]){ __VA_ARGS__ },                 \
	    sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *),     \
	    out)

/* A decimal number. */
bool value_number(const char *text, unsigned long least, unsigned long most,
    unsigned long *out);

/* Seconds over zero, perhaps with a fraction. */
bool value_seconds(const char *text, double *out);

/* ADDR:PORT or [ADDR]:PORT with numbers for both. */
bool value_endpoint(const char *text);

/* NAME or NAME@HOST[:PORT]; whether there can be such a host is not told. */
bool value_account(const char *text);

/* What several of flags, environment and files can set. */
bool value_output(struct options *o, const char *text);
bool value_color(struct options *o, const char *text);

#endif
