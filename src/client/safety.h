/*
 * safety - the number that two people compare to know that nobody stands
 * between them: 60 digits made of both identity keys and names.
 *
 * Each side is 30 digits: SHA-512 over label, version, identity key and name,
 * then 5,200 times over the hash and the identity key; its first 30 bytes
 * are six numbers of 40 bits, big-endian, each modulo 100,000. The lower
 * side stands first, so that both people see the same.
 */
#ifndef CLIENT_SAFETY_H
#define CLIENT_SAFETY_H

#include "base/bytes.h"
#include "wire/name.h"

/* 12 groups of 5 digits, the spaces between them, and a NUL. */
#define CLIENT_SAFETY_TEXT (12 * 5 + 11 + 1)

struct client_safety_side {
	const struct wire_name *name;
	const uint8_t *identity; /* 32 bytes */
};

void client_safety_number(const struct client_safety_side *one,
    const struct client_safety_side *other, char out[CLIENT_SAFETY_TEXT]);

#endif
