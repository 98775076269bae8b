#include "client/core.h"
#include "client/introduction.h"
#include "client/line.h"
#include "client/people.h"
#include "crypto/crypto.h"
#include "pact/ticket.h"
#include "support/check.h"

#include <stdlib.h>
#include <string.h>

/* A client that has a session and has accepted one introduction, with the
 * ticket that the server would have made for it. */
static struct {
	struct client *c;
	struct client_introduction *asked;
	struct pact_ticket ticket;
	uint8_t key[PACT_SESSION_KEY_LEN];
	uint64_t now_ms;
	size_t effects;
} t;

static uint64_t
now_ms(void *ctx)
{
	(void)ctx;
	return t.now_ms;
}

static void
fill(void *ctx, void *out, size_t n)
{
	(void)ctx;
	memset(out, 0x5a, n);
}

static void
on_deadline(void *ctx, uint64_t at_ms)
{
	(void)ctx;
	(void)at_ms;
	t.effects++;
}

static void
on_event(void *ctx, const struct sotto_event *event)
{
	(void)ctx;
	(void)event;
	t.effects++;
}

static void
on_close(void *ctx, client_link link, bool at_once)
{
	(void)ctx;
	(void)link;
	(void)at_once;
	t.effects++;
}

static void
begin(void)
{
	struct client_options options = { .ksf = { 1, 8 } };
	struct env env = { now_ms, now_ms, fill, NULL };
	struct client_effects effects = { .deadline = on_deadline,
		.event = on_event, .close = on_close };
	struct client_introduction *in = calloc(1, sizeof *in);

	CHECK_OK(crypto_init());
	t.now_ms = 5000;
	CHECK_OK(client_new(&options, NULL, &env, &effects, &t.c));
	memset(t.key, 7, sizeof t.key);
	t.c->session.key = secret_dup(BYTES_OF(t.key));
	t.c->session.since_ms = 5000;
	t.ticket = (struct pact_ticket){ .id = { 1 }, .name = { "bob" },
		.identity = { 2 }, .device = { 3 }, .link_key = { 4 },
		.paths = WIRE_PATH_DIRECT, .expires_ms = WIRE_TICKET_MS };
	in->id[0] = 1;
	in->peer.name = t.ticket.name;
	in->peer.identity[0] = 2;
	in->peer.device[0] = 3;
	in->peer.link_key[0] = 4;
	in->paths = WIRE_PATH_DIRECT | WIRE_PATH_RELAY;
	in->is_accepted = true;
	list_push_back(&t.c->introductions, &in->link);
	t.asked = in;
}

static void
end(void)
{
	client_free(t.c);
	t.c = NULL;
}

/* Presents the ticket as it is now. */
static enum err
admit(enum sotto_path path)
{
	struct client_introduction *found = NULL;
	uint8_t sealed[PACT_TICKET_LEN];
	enum err err;

	CHECK_OK(pact_ticket_seal(&t.ticket, t.key, (uint8_t[24]){ 9 },
	    sealed));
	err = client_introduction_admit(t.c, BYTES_OF(sealed), path, &found);
	CHECK((err == ERR_OK) == (found == t.asked));
	return err;
}

TEST(the_right_ticket_is_admitted)
{
	begin();
	CHECK_OK(admit(SOTTO_PATH_DIRECT));
	end();
}

TEST(a_ticket_is_spent_once)
{
	begin();
	CHECK_OK(admit(SOTTO_PATH_DIRECT));
	t.asked->is_spent = true;
	CHECK_ERR(admit(SOTTO_PATH_DIRECT), ERR_REPLAY);
	end();
}

TEST(a_ticket_expires_on_our_own_clock)
{
	begin();
	t.now_ms = 5000 + WIRE_TICKET_MS;
	CHECK_OK(admit(SOTTO_PATH_DIRECT));
	t.now_ms++;
	CHECK_ERR(admit(SOTTO_PATH_DIRECT), ERR_EXPIRED);
	end();
}

TEST(a_ticket_is_for_one_caller)
{
	uint8_t *parts[] = { t.ticket.identity, t.ticket.device,
		t.ticket.link_key };

	begin();
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		parts[i][0] ^= 1;
		CHECK_ERR(admit(SOTTO_PATH_DIRECT), ERR_KEY);
		parts[i][0] ^= 1;
	}
	t.ticket.name.s[0] = 'r';
	CHECK_ERR(admit(SOTTO_PATH_DIRECT), ERR_KEY);
	end();
}

TEST(a_ticket_is_for_the_paths_it_names)
{
	begin();
	CHECK_ERR(admit(SOTTO_PATH_RELAY), ERR_KEY);
	t.ticket.paths = WIRE_PATH_RELAY | WIRE_PATH_DIRECT;
	CHECK_OK(admit(SOTTO_PATH_RELAY));
	t.asked->paths = WIRE_PATH_RELAY;
	CHECK_ERR(admit(SOTTO_PATH_DIRECT), ERR_KEY);
	end();
}

TEST(a_ticket_without_consent_is_nothing)
{
	begin();
	t.asked->is_accepted = false;
	CHECK_ERR(admit(SOTTO_PATH_DIRECT), ERR_GONE);
	t.asked->is_accepted = true;
	t.ticket.id[0]++;
	CHECK_ERR(admit(SOTTO_PATH_DIRECT), ERR_GONE);
	end();
}

TEST(a_ticket_dies_with_the_session_key)
{
	begin();
	secret_bytes(t.c->session.key)[0] ^= 1;
	CHECK_ERR(admit(SOTTO_PATH_DIRECT), ERR_AUTH);
	secret_free(t.c->session.key);
	t.c->session.key = NULL;
	CHECK_ERR(admit(SOTTO_PATH_DIRECT), ERR_STATE);
	end();
}

TEST(freeing_a_client_says_nothing)
{
	begin();
	t.asked->is_accepted = false;
	t.effects = 0;
	end();
	CHECK_EQ(t.effects, 0);
}

/* ---- who comes to the door ---- */

/* A stranger connects, and says what is no first record; his connection is
 * there until the shell has closed it. */
static bool
knock(void)
{
	static const struct wire_endpoint from = { { [15] = 1 }, 4000 };
	client_link link = client_accepted(t.c, &from);

	if (link == 0)
		return false;
	client_bytes(t.c, link, BYTES_LIT("\0\1x"));
	client_line_settle(t.c);
	return true;
}

/* Nobody comes in to a client that does not listen or has no session; and
 * not more at a time than it has places for. */
TEST(the_door_has_a_keeper)
{
	unsigned n = 0;

	begin();
	CHECK(!knock());
	t.c->is_listening = true;
	while (n < 1000 && knock())
		n++;
	CHECK_EQ(n, 64);
	CHECK(list_is_empty(&t.c->lines));
	client_closed(t.c, t.c->next_link, ERR_OK);
	CHECK(knock());
	end();
	begin();
	t.c->is_listening = true;
	secret_free(t.c->session.key);
	t.c->session.key = NULL;
	CHECK(!knock());
	end();
}

/* ---- what a line may not do ---- */

/* A line that stands tells which roster was seen; it neither changes a key
 * nor what was confirmed of it. */
TEST(a_line_does_not_move_a_pin)
{
	struct client_pin pin = { .name = { "bob" }, .identity = { 2 },
		.is_verified = true, .roster_version = 5 };
	const uint8_t same[32] = { 2 }, other[32] = { 3 };
	const struct client_pin *now;

	begin();
	CHECK_OK(client_pins_set(&t.c->pins, &pin));
	client_people_note(t.c, &pin.name, other, 9);
	now = client_pins_get(&t.c->pins, &pin.name);
	CHECK_EQ(now->identity[0], 2);
	CHECK_EQ(now->roster_version, 5);
	client_people_note(t.c, &pin.name, same, 4);
	now = client_pins_get(&t.c->pins, &pin.name);
	CHECK_EQ(now->roster_version, 5);
	client_people_note(t.c, &pin.name, same, 6);
	now = client_pins_get(&t.c->pins, &pin.name);
	CHECK_EQ(now->roster_version, 6);
	CHECK_EQ(now->identity[0], 2);
	CHECK(now->is_verified);
	end();
}

/* Nobody sends more on a stream than was allowed. */
TEST(a_stream_has_a_window)
{
	static const uint8_t bytes[300];
	struct wire_STREAM_DATA m = { .stream = 7, .data = { bytes, 200 } };
	struct client_line *line;

	begin();
	line = client_line_answer(t.c, SOTTO_PATH_RELAY);
	if (!CHECK(line != NULL))
		return;
	line->stream.is_open = true;
	line->stream.number = 7;
	line->stream.window = 300;
	CHECK_OK(client_relay_on_data(t.c, &m));
	CHECK_EQ(line->stream.window, 100);
	CHECK_ERR(client_relay_on_data(t.c, &m), ERR_DECODE);
	end();
}

CHECK_MAIN(T(the_right_ticket_is_admitted), T(a_ticket_is_spent_once),
    T(a_ticket_expires_on_our_own_clock), T(a_ticket_is_for_one_caller),
    T(a_ticket_is_for_the_paths_it_names),
    T(a_ticket_without_consent_is_nothing),
    T(a_ticket_dies_with_the_session_key), T(the_door_has_a_keeper),
    T(a_line_does_not_move_a_pin),
    T(a_stream_has_a_window), T(freeing_a_client_says_nothing))
