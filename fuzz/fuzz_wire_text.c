/*
 * Names, addresses and invite links, as typed. What parses prints as
 * something that parses to the same.
 */
#include "fuzz.h"
#include "wire/address.h"

#include <string.h>

static void
same_link(struct bytes in)
{
	struct wire_link link, again;
	char text[WIRE_LINK_TEXT_MAX];

	if (wire_link_parse(&link, in) != ERR_OK)
		return;
	wire_link_print(text, &link);
	MUST(wire_link_parse(&again, bytes_str(text)) == ERR_OK);
	MUST(memcmp(link.code, again.code, sizeof link.code) == 0);
	MUST(memcmp(link.server_key, again.server_key, WIRE_KEY_LEN) == 0);
	MUST(strcmp(link.at.host, again.at.host) == 0);
	MUST(link.at.port == again.at.port);
	MUST(wire_name_equal(&link.name, &again.name));
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct bytes in = { p, n };
	struct wire_address at, again;
	struct wire_name name;
	char text[WIRE_ADDRESS_TEXT_MAX];

	same_link(in);
	(void)!wire_address_parse_user(&name, &at, in);
	if (wire_name_parse(&name, in) == ERR_OK)
		MUST(strlen(name.s) == n && n <= WIRE_NAME_MAX);
	if (wire_address_parse(&at, in, true) == ERR_OK) {
		wire_address_print(text, &at);
		MUST(wire_address_parse(&again, bytes_str(text), true) ==
		    ERR_OK);
		MUST(strcmp(at.host, again.host) == 0 &&
		    at.port == again.port);
	}
	return 0;
}
