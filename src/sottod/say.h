/*
 * say - what the program tells people: trouble and logs on stderr, plain or
 * as JSON; data on stdout.
 *
 * Trouble has a code (the exit code), what failed, why, and what to do about
 * it. It is a value, so that a live server can hand it to the command that
 * asked.
 */
#ifndef SOTTOD_SAY_H
#define SOTTOD_SAY_H

#include "base/log.h"
#include "sottod/line.h"

struct trouble {
	int code;
	char what[128];
	char why[512];
	char advice[512];
};

/* Fills *t; why by the printf rules. Returns code. */
int trouble_set(struct trouble *t, int code, const char *what,
    const char *advice, const char *why, ...)
    __attribute__((format(printf, 5, 6)));

/* Chooses the form of everything that is said, and installs the log. */
void say_init(bool is_json, enum log_level level);

/* Says it on stderr and returns its code. */
int say_trouble(const struct trouble *t);

/* Writes a line to stdout and flushes. Returns whether that worked, and there
 * was one; nobody reading is no reason to complain. */
bool say_line(const char *text);

/* Returns whether a line could not be written that somebody may wait for. */
bool say_is_lost(void);

#endif
