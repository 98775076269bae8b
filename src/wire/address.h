/*
 * address - what people type to say where a server is, and who on it.
 *
 * HOST:PORT, 1.2.3.4:5, [::1]:5; the port may be left out. An invite link is
 * sotto://NAME@HOST:PORT/SERVERKEY#CODE.
 */
#ifndef WIRE_ADDRESS_H
#define WIRE_ADDRESS_H

#include "base/bytes.h"
#include "base/err.h"
#include "wire/limits.h"
#include "wire/name.h"

#define WIRE_HOST_MAX 253
#define WIRE_PORT     7368
#define WIRE_KEY_LEN  32

/* Longest text of an address, and of a link, with the terminator. */
#define WIRE_ADDRESS_TEXT_MAX (WIRE_HOST_MAX + 2 + 6 + 1)
#define WIRE_LINK_TEXT_MAX                                                     \
	(8 + 32 + 1 + WIRE_ADDRESS_TEXT_MAX + 1 + 43 + 1 + 22)

struct wire_address {
	char host[WIRE_HOST_MAX + 1]; /* name or number, without brackets */
	uint16_t port;
};

struct wire_link {
	struct wire_name name;
	struct wire_address at;
	uint8_t server_key[WIRE_KEY_LEN];
	uint8_t code[WIRE_CODE_LEN];
};

/* Parses HOST[:PORT]; without a port it is WIRE_PORT. Port 0 is allowed only
 * with may_be_zero, for listening. Fails with ARG. */
MUST_USE enum err wire_address_parse(struct wire_address *at,
    struct bytes text, bool may_be_zero);

/* Parses NAME@HOST[:PORT]. Fails with ARG. */
MUST_USE enum err wire_address_parse_user(struct wire_name *name,
    struct wire_address *at, struct bytes text);

/* Writes HOST:PORT, an IPv6 number in brackets, to out, which holds
 * WIRE_ADDRESS_TEXT_MAX. */
void wire_address_print(char *out, const struct wire_address *at);

/* Parses a server's key: 43 characters of base64url. Zeros are no key, for
 * inside they stand for one that is not known. Fails with ARG. */
MUST_USE enum err wire_key_parse(uint8_t key[WIRE_KEY_LEN],
    struct bytes text);

/* Parses and prints links; out holds WIRE_LINK_TEXT_MAX. ARG. */
MUST_USE enum err wire_link_parse(struct wire_link *link, struct bytes text);
void wire_link_print(char *out, const struct wire_link *link);

#endif
