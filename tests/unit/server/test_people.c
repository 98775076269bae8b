#include "world.h"

#include "base/rd.h"

#include <stdio.h>
#include <string.h>

static struct world w;
static struct guy alice, bob, carol, second;

/* Asks for the list; returns the status that name has in it, or -1; *n gets
 * how many people there are. */
static int
listed(struct guy *g, const char *name, size_t *n)
{
	struct wire_LIST m = { .req = ++g->req };
	struct wire_PEOPLE people;
	struct wire_person person, last = { 0 };
	int status = -1;

	*n = 0;
	guy_forget(g);
	guy_say(g, WIRE_LIST, &m);
	do {
		struct rd r;

		if (!CHECK(guy_take(g, WIRE_PEOPLE, &people)))
			return -1;
		CHECK_EQ(people.req, m.req);
		r = rd_init(people.entries);
		while (r.n > 0 && r.err == ERR_OK) {
			wire_person_get(&r, &person);
			CHECK(strcmp(person.name.s, last.name.s) > 0);
			last = person;
			if (strcmp(person.name.s, name) == 0)
				status = person.status;
			(*n)++;
		}
		CHECK_OK(rd_end(&r));
	} while (!people.is_last);
	return status;
}

/* Takes a PRESENCE; returns its status, or -1. */
static int
heard(struct guy *g, const char *name)
{
	struct wire_PRESENCE m;

	while (guy_take(g, WIRE_PRESENCE, &m))
		if (strcmp(m.name.s, name) == 0)
			return m.status;
	return -1;
}

static bool
set_status(struct guy *g, enum wire_status status)
{
	struct wire_STATUS_SET m = { .req = ++g->req,
		.status = (uint8_t)status };
	struct wire_DONE done;

	guy_say(g, WIRE_STATUS_SET, &m);
	return guy_take(g, WIRE_DONE, &done) && done.req == m.req;
}

TEST(everybody_is_listed_in_order)
{
	size_t n;

	world_init(&w);
	CHECK(guy_join(&w, &carol, "carol"));
	CHECK(guy_join(&w, &alice, "alice"));
	CHECK(guy_join(&w, &bob, "bob"));
	guy_cut(&carol);
	CHECK_EQ(listed(&alice, "bob", &n), WIRE_STATUS_AVAILABLE);
	CHECK_EQ(n, 3);
	CHECK_EQ(listed(&alice, "carol", &n), WIRE_STATUS_OFFLINE);
	world_free(&w);
}

TEST(arrivals_and_departures)
{
	struct wire_CLOSE close = { .reason = WIRE_CLOSE_DONE };

	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	CHECK(guy_join(&w, &bob, "bob"));
	CHECK_EQ(heard(&alice, "bob"), WIRE_STATUS_AVAILABLE);
	CHECK_EQ(heard(&bob, "bob"), -1);
	guy_say(&bob, WIRE_CLOSE, &close);
	CHECK_EQ(heard(&alice, "bob"), WIRE_STATUS_OFFLINE);
	/* A short session is online, but not announced. */
	CHECK(guy_connect(&bob) && guy_login_device(&bob, 0));
	CHECK_EQ(heard(&alice, "bob"), -1);
	/* A second session of the same person is no second arrival. */
	CHECK(guy_connect(&bob));
	CHECK(guy_login_device(&bob, WIRE_MODE_HOSTS));
	CHECK_EQ(heard(&alice, "bob"), WIRE_STATUS_AVAILABLE);
	guy_init_device(&second, &bob);
	CHECK(guy_connect(&second) && guy_login(&second, WIRE_MODE_HOSTS));
	CHECK_EQ(heard(&alice, "bob"), -1);
	guy_cut(&second);
	CHECK_EQ(heard(&alice, "bob"), -1);
	guy_cut(&bob);
	CHECK_EQ(heard(&alice, "bob"), WIRE_STATUS_OFFLINE);
	world_free(&w);
}

TEST(statuses)
{
	struct wire_BUSY busy = { .lines = 1 };
	struct wire_PERSON_GET ask = { .req = 77 };
	struct wire_PERSON person;
	size_t n;

	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	CHECK(guy_join(&w, &bob, "bob"));
	guy_forget(&alice);
	/* Not before it is stored. */
	w.shelf.is_slow = true;
	CHECK(!set_status(&bob, WIRE_STATUS_AWAY));
	CHECK_EQ(heard(&alice, "bob"), -1);
	w.shelf.is_slow = false;
	world_pump(&w);
	CHECK_EQ(heard(&alice, "bob"), WIRE_STATUS_AWAY);
	guy_forget(&bob);
	guy_say(&bob, WIRE_BUSY, &busy);
	CHECK_EQ(heard(&alice, "bob"), WIRE_STATUS_BUSY);
	busy.lines = 0;
	guy_say(&bob, WIRE_BUSY, &busy);
	CHECK_EQ(heard(&alice, "bob"), WIRE_STATUS_AWAY);
	/* Invisible looks like gone, to everybody, and lasts. */
	CHECK(set_status(&bob, WIRE_STATUS_INVISIBLE));
	CHECK_EQ(heard(&alice, "bob"), WIRE_STATUS_OFFLINE);
	CHECK_EQ(listed(&alice, "bob", &n), WIRE_STATUS_OFFLINE);
	CHECK(guy_connect(&bob) && guy_login_device(&bob, WIRE_MODE_HOSTS));
	CHECK_EQ(heard(&alice, "bob"), -1);
	CHECK_EQ(listed(&alice, "bob", &n), WIRE_STATUS_OFFLINE);
	ask.name = bob.name;
	guy_say(&alice, WIRE_PERSON_GET, &ask);
	CHECK(guy_take(&alice, WIRE_PERSON, &person));
	CHECK_EQ(person.status, WIRE_STATUS_OFFLINE);
	busy.lines = 1;
	guy_say(&bob, WIRE_BUSY, &busy);
	CHECK_EQ(heard(&alice, "bob"), -1);
	CHECK_EQ(listed(&alice, "bob", &n), WIRE_STATUS_OFFLINE);
	/* No status but these can be asked for. */
	CHECK(!set_status(&bob, WIRE_STATUS_OFFLINE));
	CHECK_EQ(guy_take_error(&bob), WIRE_ERROR_INVALID);
	world_free(&w);
}

TEST(one_person)
{
	struct wire_PERSON_GET m = { .req = 77 };
	struct wire_PERSON person;

	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	CHECK(guy_join(&w, &bob, "bob"));
	m.name = bob.name;
	guy_say(&alice, WIRE_PERSON_GET, &m);
	CHECK(guy_take(&alice, WIRE_PERSON, &person));
	CHECK_BYTES(BYTES_OF(person.identity), BYTES_OF(bob.identity));
	CHECK_BYTES(person.roster, ((struct bytes){ bob.roster_bytes,
	    bob.roster_len }));
	CHECK_OK(wire_name_parse(&m.name, BYTES_LIT("nobody")));
	guy_say(&alice, WIRE_PERSON_GET, &m);
	CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_UNKNOWN);
	world_free(&w);
}

/* The directory after a restart is the one before it. */
TEST(a_restart_forgets_nobody)
{
	struct server_user_info info;
	size_t n = 0;

	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	CHECK(guy_join(&w, &bob, "bob"));
	CHECK(set_status(&bob, WIRE_STATUS_AWAY));
	world_restart(&w);
	for (const struct wire_name *at = NULL;
	     server_user_next(w.server, at, &info); at = &info.name)
		n++;
	CHECK_EQ(n, 2);
	CHECK(guy_connect(&bob) && guy_login_device(&bob, WIRE_MODE_HOSTS));
	CHECK(guy_connect(&alice) && guy_login(&alice, 0));
	CHECK_EQ(listed(&alice, "bob", &n), WIRE_STATUS_AWAY);
	world_free(&w);
}

CHECK_MAIN(T(everybody_is_listed_in_order), T(arrivals_and_departures),
    T(statuses), T(one_person), T(a_restart_forgets_nobody))
