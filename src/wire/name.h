/*
 * name - the names of accounts: [a-z0-9][a-z0-9_.-]{0,31}.
 */
#ifndef WIRE_NAME_H
#define WIRE_NAME_H

#include "base/bytes.h"
#include "base/err.h"
#include "wire/limits.h"

/* Zero-terminated; bytes after the terminator are zero, so that names can be
 * compared and hashed whole. */
struct wire_name {
	char s[WIRE_NAME_MAX + 1];
};

/* Parses text, upper case folded to lower. Fails with ARG. */
MUST_USE enum err wire_name_parse(struct wire_name *name, struct bytes text);

/* The same without folding, for what comes over the wire. DECODE. */
MUST_USE enum err wire_name_decode(struct wire_name *name, struct bytes text);

/* Returns the name's bytes, without terminator. */
struct bytes wire_name_bytes(const struct wire_name *name);

bool wire_name_equal(const struct wire_name *a, const struct wire_name *b);

#endif
