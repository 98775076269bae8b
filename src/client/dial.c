#include "client/dial.h"

#include "base/plant.h"
#include "wire/limits.h"

#include <string.h>

struct range {
	uint8_t prefix[16];
	unsigned bits;
	enum client_scope scope;
};

/* The first that fits decides. */
static const struct range v4[] = {
	{ { 0 }, 8, CLIENT_SCOPE_NEVER },		 /* "this" network */
	{ { 127 }, 8, CLIENT_SCOPE_LOOPBACK },		 /* RFC 1122 */
	{ { 10 }, 8, CLIENT_SCOPE_LOCAL },		 /* RFC 1918 */
	{ { 172, 16 }, 12, CLIENT_SCOPE_LOCAL },	 /* RFC 1918 */
	{ { 192, 168 }, 16, CLIENT_SCOPE_LOCAL },	 /* RFC 1918 */
	{ { 169, 254 }, 16, CLIENT_SCOPE_LOCAL },	 /* RFC 3927 */
	{ { 100, 64 }, 10, CLIENT_SCOPE_LOCAL },	 /* RFC 6598 */
	{ { 224 }, 3, CLIENT_SCOPE_NEVER },		 /* multicast and up */
	{ { 0 }, 0, CLIENT_SCOPE_PUBLIC },
};

static const struct range v6[] = {
	{ { [15] = 1 }, 128, CLIENT_SCOPE_LOOPBACK },
	{ { 0xfe, 0x80 }, 10, CLIENT_SCOPE_LOCAL },	 /* RFC 4291 */
	{ { 0xfe, 0xc0 }, 10, CLIENT_SCOPE_LOCAL },	 /* RFC 3879 */
	{ { 0xfc }, 7, CLIENT_SCOPE_LOCAL },		 /* RFC 4193 */
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32, CLIENT_SCOPE_NEVER },
	{ { 0x20 }, 3, CLIENT_SCOPE_PUBLIC },		 /* global unicast */
	{ { 0 }, 0, CLIENT_SCOPE_NEVER },
};

static bool
is_in(const uint8_t *ip, const struct range *range)
{
	unsigned whole = range->bits / 8, rest = range->bits % 8;
	uint8_t mask = (uint8_t)(0xff00U >> rest);

	if (memcmp(ip, range->prefix, whole) != 0)
		return false;
	return rest == 0 ||
	    (ip[whole] & mask) == (range->prefix[whole] & mask);
}

enum client_scope
client_dial_scope(const uint8_t ip[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	bool is_v4 = memcmp(ip, mapped, sizeof mapped) == 0;
	const struct range *range = is_v4 ? v4 : v6;

	while (!is_in(is_v4 ? ip + 12 : ip, range))
		range++;
	return range->scope;
}

bool
client_dial_is_allowed(const struct wire_endpoint *to,
    const struct wire_endpoint *server)
{
	enum client_scope through = client_dial_scope(server->ip);

	if (to->port < WIRE_MIN_DIAL_PORT && !PLANTED(PLANT_ANY_PORT_DIALLED))
		return false;
	switch (client_dial_scope(to->ip)) {
	case CLIENT_SCOPE_PUBLIC:
		return true;
	case CLIENT_SCOPE_LOOPBACK:
		return through == CLIENT_SCOPE_LOOPBACK;
	case CLIENT_SCOPE_LOCAL:
		return through == CLIENT_SCOPE_LOOPBACK ||
		    through == CLIENT_SCOPE_LOCAL;
	case CLIENT_SCOPE_NEVER:
		break;
	}
	return false;
}
