#include "client/dial.h"
#include "support/check.h"

#include <string.h>

static struct wire_endpoint
v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	struct wire_endpoint e = { .port = 40000 };

	e.ip[10] = e.ip[11] = 0xff;
	e.ip[12] = a;
	e.ip[13] = b;
	e.ip[14] = c;
	e.ip[15] = d;
	return e;
}

static struct wire_endpoint
v6(uint16_t first, uint8_t last)
{
	struct wire_endpoint e = { .port = 40000 };

	e.ip[0] = (uint8_t)(first >> 8);
	e.ip[1] = (uint8_t)first;
	e.ip[15] = last;
	return e;
}

static bool
may(struct wire_endpoint to, struct wire_endpoint server)
{
	return client_dial_is_allowed(&to, &server);
}

TEST(scopes)
{
	CHECK_EQ(client_dial_scope(v4(127, 0, 0, 1).ip),
	    CLIENT_SCOPE_LOOPBACK);
	CHECK_EQ(client_dial_scope(v4(10, 1, 2, 3).ip), CLIENT_SCOPE_LOCAL);
	CHECK_EQ(client_dial_scope(v4(172, 31, 2, 3).ip), CLIENT_SCOPE_LOCAL);
	CHECK_EQ(client_dial_scope(v4(172, 32, 2, 3).ip),
	    CLIENT_SCOPE_PUBLIC);
	CHECK_EQ(client_dial_scope(v4(192, 168, 0, 9).ip),
	    CLIENT_SCOPE_LOCAL);
	CHECK_EQ(client_dial_scope(v4(169, 254, 169, 254).ip),
	    CLIENT_SCOPE_LOCAL);
	CHECK_EQ(client_dial_scope(v4(100, 127, 0, 1).ip), CLIENT_SCOPE_LOCAL);
	CHECK_EQ(client_dial_scope(v4(100, 128, 0, 1).ip),
	    CLIENT_SCOPE_PUBLIC);
	CHECK_EQ(client_dial_scope(v4(0, 0, 0, 0).ip), CLIENT_SCOPE_NEVER);
	CHECK_EQ(client_dial_scope(v4(224, 0, 0, 1).ip), CLIENT_SCOPE_NEVER);
	CHECK_EQ(client_dial_scope(v4(255, 255, 255, 255).ip),
	    CLIENT_SCOPE_NEVER);
	CHECK_EQ(client_dial_scope(v6(0, 1).ip), CLIENT_SCOPE_LOOPBACK);
	CHECK_EQ(client_dial_scope(v6(0, 0).ip), CLIENT_SCOPE_NEVER);
	CHECK_EQ(client_dial_scope(v6(0xfe80, 1).ip), CLIENT_SCOPE_LOCAL);
	CHECK_EQ(client_dial_scope(v6(0xfd00, 1).ip), CLIENT_SCOPE_LOCAL);
	CHECK_EQ(client_dial_scope(v6(0x2a00, 1).ip), CLIENT_SCOPE_PUBLIC);
	CHECK_EQ(client_dial_scope(v6(0xff02, 1).ip), CLIENT_SCOPE_NEVER);
}

TEST(a_server_far_away_sends_nobody_home)
{
	struct wire_endpoint far = v4(203, 0, 113, 1);

	CHECK(may(v4(198, 51, 100, 7), far));
	CHECK(!may(v4(127, 0, 0, 1), far));
	CHECK(!may(v4(192, 168, 1, 1), far));
	CHECK(!may(v4(169, 254, 169, 254), far));
	CHECK(!may(v6(0, 1), far));
	CHECK(!may(v6(0xfe80, 1), far));
}

TEST(a_server_near_by_does)
{
	CHECK(may(v4(127, 0, 0, 1), v4(127, 0, 0, 1)));
	CHECK(may(v6(0, 1), v4(127, 0, 0, 1)));
	CHECK(may(v4(192, 168, 1, 2), v4(127, 0, 0, 1)));
	CHECK(may(v4(192, 168, 1, 2), v4(192, 168, 1, 1)));
	CHECK(!may(v4(127, 0, 0, 1), v4(192, 168, 1, 1)));
	CHECK(!may(v4(0, 0, 0, 0), v4(127, 0, 0, 1)));
}

TEST(low_ports_are_out)
{
	struct wire_endpoint to = v4(198, 51, 100, 7);

	to.port = 1023;
	CHECK(!may(to, v4(203, 0, 113, 1)));
	to.port = 1024;
	CHECK(may(to, v4(203, 0, 113, 1)));
}

CHECK_MAIN(T(scopes), T(a_server_far_away_sends_nobody_home),
    T(a_server_near_by_does), T(low_ports_are_out))
