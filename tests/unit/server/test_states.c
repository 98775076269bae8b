/*
 * Threat row 14: whatever comes, whenever it comes, what follows is written
 * down here. One row a message, one column a state; one row a state of a
 * connection, one column an event.
 */
#include "world.h"

#include "server/conn.h"
#include "server/login.h"

#include <stdio.h>
#include <string.h>

static struct world w;
static struct guy alice;

/* ---- messages ---- */

/* Where a channel can be, in the order of the columns. */
enum place {
	IDLE,     /* it stands, and nothing was asked */
	TURN,     /* LOGIN_START waits for its turn */
	LOOKUP,   /* ... for the store */
	KE3,      /* LOGIN_FINISH is due */
	JOIN,     /* it is being judged */
	TRY,      /* REGISTER_START waits for the store */
	RECORD,   /* REGISTER_FINISH is due */
	CREATE,   /* the account is being made */
	DEVICE,   /* logged in by device */
	PASSWORD, /* logged in by password */
	CHANGING, /* PASSWD_START was answered */
	LEAVING,  /* LOGOUT was answered */
	PLACES
};

/*
 * What follows:
 *
 *	p  CLOSE, for a broken rule     e  ERROR
 *	d  CLOSE, as asked for          k  DONE
 *	a  the message's own answer     -  nothing
 */
#define BROKEN "pppppppppppp"

static const char *const follows_of[256] = {
	[WIRE_CLOSE]          = "dddddddddddd",
	[WIRE_PING]           = "aaaaaaaaaaaa",
	[WIRE_PONG]           = "------------",
	[WIRE_REGISTER_START] = "epppppeppppp",
	[WIRE_LOGIN_START]    = "appppppppppp",
	[WIRE_LOGIN_FINISH]   = "pppepppppppp",
	[WIRE_DEVICE_LOGIN]   = "eppppppppppp",
	[WIRE_LOGOUT]         = "ppppppppaaap",
	/* A wrong answer breaks a rule, too. */
	[WIRE_LOGOUT_ACK]     = "pppppppppppp",
	[WIRE_PASSWD_START]   = "ppppppppeaae",
	[WIRE_CHANGE]         = "ppppppppeeee",
	[WIRE_SETTINGS_GET]   = "ppppppppaaaa",
	[WIRE_LIST]           = "ppppppppaaaa",
	[WIRE_PERSON_GET]     = "ppppppppaaaa",
	[WIRE_STATUS_SET]     = "ppppppppkkkk",
	[WIRE_BUSY]           = "pppppppp----",
	[WIRE_WANT]           = "ppppppppeeee",
	[WIRE_UNWANT]         = "pppppppp----",
	[WIRE_ANSWER]         = "pppppppp----",
	[WIRE_STREAM_OPEN]    = "ppppppppaaaa",
	[WIRE_STREAM_DATA]    = "pppppppp----",
	[WIRE_STREAM_CREDIT]  = "pppppppp----",
	[WIRE_STREAM_CLOSE]   = "pppppppp----",
};

/* The base point of ristretto: as good a request as any. */
static const uint8_t point[32] = { 0xe2, 0xf2, 0xae, 0x0a, 0x6a, 0xbc, 0x4e,
	0x71, 0xa8, 0x84, 0xa9, 0x61, 0xc5, 0x00, 0x51, 0x5f, 0x58, 0xe3, 0x0b,
	0x6a, 0xa5, 0x82, 0xdd, 0x8d, 0xb6, 0xa6, 0x59, 0x45, 0xe0, 0x8d, 0x2d,
	0x76 };

/* Sets the step that a channel is at, as if it had come that far. */
static void
set_step(struct guy *g, enum server_login_step step)
{
	struct server_login *login = server_login_of(g->conn);

	login->step = (uint8_t)step;
	login->is_invited = step == SERVER_LOGIN_RECORD ||
	    step == SERVER_LOGIN_CREATE;
}

static void
to_login(struct guy *g, enum place place)
{
	struct guy_login login;

	w.shelf.is_slow = place == LOOKUP;
	guy_login_start(g, &login);
	if (place == LOOKUP)
		return;
	CHECK(guy_take(g, WIRE_LOGIN_REPLY, &login.reply));
	w.shelf.is_slow = place == JOIN;
	if (place == JOIN)
		guy_login_finish(g, &login, 0);
}

static void
to_session(struct guy *g, enum place place)
{
	struct wire_LOGOUT bye = { .scope = WIRE_LOGOUT_SESSION };
	struct wire_PASSWD_START start = { .req = 900 };

	if (place == DEVICE || place == LEAVING)
		CHECK(guy_login_device(g, 0));
	else
		CHECK(guy_login(g, 0));
	memcpy(start.request, point, sizeof point);
	if (place == CHANGING)
		guy_say(g, WIRE_PASSWD_START, &start);
	if (place == LEAVING)
		guy_say(g, WIRE_LOGOUT, &bye);
}

static void
go_to(struct guy *g, enum place place)
{
	static const enum server_login_step steps[PLACES] = {
		[TURN] = SERVER_LOGIN_TURN, [TRY] = SERVER_LOGIN_TRY,
		[RECORD] = SERVER_LOGIN_RECORD, [CREATE] = SERVER_LOGIN_CREATE,
	};

	CHECK(guy_connect(g));
	if (place >= DEVICE)
		to_session(g, place);
	else if (place == LOOKUP || place == KE3 || place == JOIN)
		to_login(g, place);
	else
		set_step(g, steps[place]);
	guy_forget(g);
}

/* Writes one that is well formed, or as much of it as can be; returns its
 * length. */
static size_t
write_message(struct guy *g, uint8_t type, uint8_t *out, size_t cap)
{
	struct wire_LOGIN_START login = { .name = g->name };
	struct wire_PASSWD_START passwd = { .req = 1 };
	struct wire_STATUS_SET status = { .status = WIRE_STATUS_AWAY };
	struct wr to = wr_init(out, cap);

	memcpy(login.ke1, point, sizeof point);
	memcpy(login.ke1 + 64, point, sizeof point);
	memcpy(passwd.request, point, sizeof point);
	out[0] = type;
	if (wire_kind_of(type) == NULL)
		return WIRE_HEADER_LEN;
	if (type == WIRE_LOGIN_START)
		CHECK_OK(wire_encode(&to, WIRE_LOGIN_START, &login));
	else if (type == WIRE_PASSWD_START)
		CHECK_OK(wire_encode(&to, WIRE_PASSWD_START, &passwd));
	else if (type == WIRE_STATUS_SET)
		CHECK_OK(wire_encode(&to, WIRE_STATUS_SET, &status));
	else
		return guy_blank(g, type, out, cap);
	return to.n;
}

/* Returns what follows when this is all that is said. */
static char
say(struct guy *g, enum place place, uint8_t type)
{
	uint8_t message[1024] = { 0 };
	size_t n = write_message(g, type, message, sizeof message);
	char follows = '-';

	go_to(g, place);
	guy_say_raw(g, (struct bytes){ message, n });
	/* What it waited for before comes later, and is none of this. */
	if (g->inbox_n > 0) {
		const struct letterbox *box = &g->inbox[g->inbox_n - 1];

		follows = box->type == WIRE_ERROR ? 'e' :
		    box->type == WIRE_DONE ? 'k' : 'a';
		if (box->type == WIRE_CLOSE)
			follows = box->body[0] == WIRE_CLOSE_PROTOCOL ? 'p' :
			    box->body[0] == WIRE_CLOSE_DONE ? 'd' : '?';
	}
	CHECK(g->is_closed == (follows == 'p' || follows == 'd'));
	w.shelf.is_slow = false;
	world_pump(&w);
	guy_cut(g);
	guy_forget(g);
	world_wait(&w, 3600000); /* guesses are counted by the hour */
	return follows;
}

TEST(threat_14_every_message_in_every_state)
{
	size_t pairs = 0;

	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	for (unsigned type = 1; type < 256; type++) {
		const char *want = follows_of[type] == NULL ? BROKEN :
							      follows_of[type];
		char got[PLACES + 1] = { 0 };

		for (enum place at = IDLE; at < PLACES; at++, pairs++)
			got[at] = say(&alice, at, (uint8_t)type);
		if (!CHECK(strcmp(got, want) == 0))
			printf("  0x%02x: %s, want %s\n", type, got, want);
	}
	CHECK_EQ(pairs, 255 * PLACES);
	world_free(&w);
}

/* ---- connections ---- */

/* What the shell can tell of a connection. */
enum event { BYTES, SENT, DEADLINE, FLUSH, DRAIN, CLOSED, EVENTS };

/*
 * The state after each of them, by its letter: Free, fIrst, Waiting, Open,
 * Logged, Ending, Dead. The bytes are none that mean something.
 */
static const struct {
	enum server_state state;
	const char *after;
} conns[] = {
	/*                 bytes sent deadline flush drain closed */
	{ SERVER_FIRST,   "DIDIDF" },
	{ SERVER_WAITING, "DWDWDF" },
	{ SERVER_OPEN,    "EODOEF" },
	{ SERVER_LOGGED,  "ELLLEF" },
	{ SERVER_ENDING,  "EEDEEF" },
	{ SERVER_DEAD,    "DDDDDF" },
};

/* Brings alice's connection into the state, and nothing further. */
static struct server_conn *
enter(enum server_state state)
{
	uint8_t no_record[3] = { 0, 1 };

	guy_cut(&alice);
	alice.is_closed = alice.is_cut = false;
	if (state == SERVER_FIRST) {
		alice.conn = server_open(w.server, &alice, &alice.from);
		return alice.conn;
	}
	if (state == SERVER_WAITING)
		w.server->budget.tokens = -10;
	CHECK(guy_connect(&alice) == (state != SERVER_WAITING));
	if (state == SERVER_LOGGED || state == SERVER_ENDING)
		CHECK(guy_login_device(&alice, 0));
	if (state == SERVER_ENDING)
		server_bytes(w.server, alice.conn, BYTES_OF(no_record));
	if (state == SERVER_DEAD)
		server_conn_drop(w.server, alice.conn);
	CHECK_EQ(alice.conn->state, state);
	return alice.conn;
}

static void
happen(enum event event, struct server_conn *c)
{
	uint8_t nothing[3] = { 0, 0, 1 };

	switch (event) {
	case BYTES:
		server_bytes(w.server, c, BYTES_OF(nothing));
		break;
	case SENT:
		server_sent(w.server, c, 1);
		break;
	case DEADLINE:
		w.now_ms += WIRE_LOGIN_MS + 1;
		server_tick(w.server);
		break;
	case FLUSH:
		server_flush(w.server);
		break;
	case DRAIN:
		server_drain(w.server);
		break;
	case CLOSED:
		alice.conn = NULL;
		server_closed(w.server, c);
		break;
	case EVENTS:
		break;
	}
}

TEST(threat_14_every_event_in_every_state_of_a_connection)
{
	static const char letters[] = { [SERVER_FREE] = 'F',
		[SERVER_FIRST] = 'I', [SERVER_WAITING] = 'W',
		[SERVER_OPEN] = 'O', [SERVER_LOGGED] = 'L',
		[SERVER_ENDING] = 'E', [SERVER_DEAD] = 'D' };

	for (size_t i = 0; i < sizeof conns / sizeof conns[0]; i++) {
		char got[EVENTS + 1] = { 0 };

		for (enum event event = BYTES; event < EVENTS; event++) {
			struct server_conn *c;

			world_init(&w);
			CHECK(guy_join(&w, &alice, "alice"));
			w.server->config.guard = SERVER_GUARD_OFF;
			c = enter(conns[i].state);
			happen(event, c);
			got[event] = letters[c->state];
			world_free(&w);
		}
		if (!CHECK(strcmp(got, conns[i].after) == 0))
			printf("  %c: %s, want %s\n", letters[conns[i].state],
			    got, conns[i].after);
	}
}

CHECK_MAIN(T(threat_14_every_message_in_every_state),
    T(threat_14_every_event_in_every_state_of_a_connection))
