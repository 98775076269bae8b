#include "client/core.h"
#include "client/introduction.h"
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
begin(void)
{
	struct client_options options = { .ksf = { 1, 8 } };
	struct env env = { now_ms, now_ms, fill, NULL };
	struct client_effects effects = { .deadline = on_deadline,
		.event = on_event };
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

CHECK_MAIN(T(the_right_ticket_is_admitted), T(a_ticket_is_spent_once),
    T(a_ticket_expires_on_our_own_clock), T(a_ticket_is_for_one_caller),
    T(a_ticket_is_for_the_paths_it_names),
    T(a_ticket_without_consent_is_nothing),
    T(a_ticket_dies_with_the_session_key), T(freeing_a_client_says_nothing))
