#include "world.h"

#include "server/bus.h"

#include <string.h>

/*
 * Two cores, each with its own store and its own connections: whatever one
 * asks the other goes over the bus as bytes. The same exchanges as with one.
 */

static struct world w;
static struct guy alice, bob;

/* Alice connects to the shard that is not her home, bob to the other one. */
static void
begin(void)
{
	world_init_shards(&w);
	guy_init(&w, &alice, "alice", "correct horse");
	guy_init(&w, &bob, "bob", "correct horse");
	alice.shard = 1 - server_bus_home(w.server, &alice.name);
	bob.shard = 1 - alice.shard;
}

TEST(accounts_rest_at_home)
{
	struct server_user_info info;
	struct wire_STATUS_SET away = { .req = 5,
		.status = WIRE_STATUS_AWAY };
	struct wire_DONE done;

	begin();
	CHECK(guy_connect(&alice) && guy_register(&alice));
	CHECK(guy_login(&alice, WIRE_MODE_HOSTS));
	CHECK(!server_user_next(w.servers[alice.shard], NULL, &info));
	CHECK(server_user_next(w.servers[1 - alice.shard], NULL, &info));
	CHECK_EQ(info.sessions, 1);
	guy_say(&alice, WIRE_STATUS_SET, &away);
	CHECK(guy_take(&alice, WIRE_DONE, &done));
	guy_cut(&alice);
	CHECK(server_user_next(w.servers[1 - alice.shard], NULL, &info));
	CHECK_EQ(info.sessions, 0);
	world_free(&w);
}

TEST(a_line_between_shards)
{
	struct wire_WANT want = { .req = 1, .paths = WIRE_PATH_RELAY };
	struct wire_ANSWER answer = { .verdict = WIRE_VERDICT_ACCEPT,
		.paths = WIRE_PATH_RELAY };
	struct wire_STREAM_OPENED at_alice, at_bob;
	struct wire_STREAM_CREDIT credit = { .credit = 5 };
	struct wire_STREAM_DATA data = { .data = BYTES_LIT("hello") };
	struct wire_STREAM_CLOSE over;
	struct wire_INTRODUCTION asked;
	struct wire_INTRODUCED got;
	struct wire_PRESENCE presence;
	struct wire_STREAM_OPEN open;
	struct pact_ticket ticket;

	begin();
	CHECK(guy_connect(&alice) && guy_register(&alice));
	CHECK(guy_connect(&bob) && guy_register(&bob));
	CHECK(guy_login_device(&alice, WIRE_MODE_HOSTS));
	CHECK(guy_login_device(&bob, WIRE_MODE_HOSTS));
	CHECK(guy_take(&alice, WIRE_PRESENCE, &presence));
	CHECK(wire_name_equal(&presence.name, &bob.name));
	want.name = bob.name;
	guy_say(&alice, WIRE_WANT, &want);
	CHECK(guy_take(&bob, WIRE_INTRODUCTION, &asked));
	memcpy(answer.id, asked.id, sizeof answer.id);
	guy_say(&bob, WIRE_ANSWER, &answer);
	CHECK(guy_take(&alice, WIRE_INTRODUCED, &got));
	CHECK_OK(pact_ticket_open(got.ticket, bob.k, &ticket));
	memcpy(open.id, got.id, sizeof open.id);
	guy_say(&alice, WIRE_STREAM_OPEN, &open);
	CHECK(guy_take(&alice, WIRE_STREAM_OPENED, &at_alice));
	CHECK(guy_take(&bob, WIRE_STREAM_OPENED, &at_bob));
	data.stream = at_alice.stream;
	guy_say(&alice, WIRE_STREAM_DATA, &data);
	CHECK(guy_take(&bob, WIRE_STREAM_DATA, &data));
	CHECK_BYTES(data.data, BYTES_LIT("hello"));
	credit.stream = at_bob.stream;
	guy_say(&bob, WIRE_STREAM_CREDIT, &credit);
	CHECK(guy_take(&alice, WIRE_STREAM_CREDIT, &credit));
	guy_cut(&bob);
	CHECK(guy_take(&alice, WIRE_STREAM_CLOSE, &over));
	CHECK_EQ(over.stream, at_alice.stream);
	world_free(&w);
}

CHECK_MAIN(T(accounts_rest_at_home), T(a_line_between_shards))
