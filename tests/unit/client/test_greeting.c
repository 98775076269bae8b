/*
 * The handshake of a line, against an end in this file that makes its
 * prologue by hand, out of docs/PROTOCOL.md, section 8: that both ends of a
 * program agree says nothing about what they agree on.
 */
#include "base/rd.h"
#include "client/command.h"
#include "client/core.h"
#include "client/greeting.h"
#include "client/introduction.h"
#include "client/line.h"
#include "crypto/crypto.h"
#include "crypto/dh.h"
#include "noise/handshake.h"
#include "pact/ticket.h"
#include "support/check.h"

#include <stdlib.h>
#include <string.h>

/* bob is the client; alice is here. */
static struct {
	struct client *c;
	struct client_introduction *asked;
	uint8_t key[PACT_SESSION_KEY_LEN];
	struct noise_keypair alice, bob;
	uint8_t ticket[PACT_TICKET_LEN];
} t;

static const uint8_t alice_identity[32] = { 21 }, alice_device[16] = { 22 };
static const uint8_t bob_identity[32] = { 31 }, bob_device[16] = { 32 };

static uint64_t
now_ms(void *ctx)
{
	(void)ctx;
	return 5000;
}

static void
fill(void *ctx, void *out, size_t n)
{
	static uint8_t next;

	(void)ctx;
	memset(out, ++next, n);
}

static void
on_deadline(void *ctx, uint64_t at_ms)
{
	(void)ctx;
	(void)at_ms;
}

static void
on_event(void *ctx, const struct sotto_event *ev)
{
	(void)ctx;
	(void)ev;
}

static void
introduce(void)
{
	struct client_introduction *in = calloc(1, sizeof *in);
	struct pact_ticket ticket = { .id = { 1 }, .name = { "alice" },
		.paths = WIRE_PATH_RELAY, .expires_ms = WIRE_TICKET_MS };

	memcpy(ticket.identity, alice_identity, 32);
	memcpy(ticket.device, alice_device, 16);
	memcpy(ticket.link_key, t.alice.public, 32);
	CHECK_OK(pact_ticket_seal(&ticket, t.key, (uint8_t[24]){ 9 },
	    t.ticket));
	in->id[0] = 1;
	in->peer.name = ticket.name;
	memcpy(in->peer.identity, alice_identity, 32);
	memcpy(in->peer.device, alice_device, 16);
	memcpy(in->peer.link_key, t.alice.public, 32);
	in->paths = WIRE_PATH_RELAY;
	in->is_accepted = true;
	list_push_back(&t.c->introductions, &in->link);
	t.asked = in;
}

static void
begin(void)
{
	struct client_options options = { .ksf = { 1, 8 } };
	struct env env = { now_ms, now_ms, fill, NULL };
	struct client_effects effects = { .deadline = on_deadline,
		.event = on_event };
	uint8_t secret[X25519_LEN] = { 8 };

	CHECK_OK(crypto_init());
	CHECK_OK(client_new(&options, NULL, &env, &effects, &t.c));
	noise_keypair_init(&t.bob, secret);
	t.c->keys = secret_new(sizeof(struct client_keys));
	memset(secret_bytes(t.c->keys), 5, sizeof(struct client_keys));
	memcpy(client_keys(t.c)->link_secret, secret, sizeof secret);
	CHECK_OK(wire_name_parse(&t.c->account.name, bytes_str("bob")));
	memcpy(t.c->account.identity, bob_identity, 32);
	memcpy(t.c->account.device, bob_device, 16);
	secret[0] = 16;
	noise_keypair_init(&t.alice, secret);
	memset(t.key, 7, sizeof t.key);
	t.c->session.key = secret_dup(BYTES_OF(t.key));
	t.c->session.since_ms = 5000;
	introduce();
}

static void
end(void)
{
	client_free(t.c);
}

/* "sotto/1 line" || version || caller || callee || ticket, in which a byte is
 * changed, unless it stands behind the end. */
static struct wr
prologue(bool bob_calls, struct bytes ticket, size_t changed)
{
	struct wr w = wr_new();

	wr_put(&w, BYTES_LIT("sotto/1 line"));
	wr_u8(&w, 1);
	for (int i = 0; i < 2; i++) {
		bool is_bob = (i == 0) == bob_calls;

		wr_u8(&w, is_bob ? 3 : 5);
		wr_put(&w, bytes_str(is_bob ? "bob" : "alice"));
		wr_put(&w, (struct bytes){ is_bob ? bob_identity :
						    alice_identity, 32 });
		wr_put(&w, (struct bytes){ is_bob ? bob_device :
						    alice_device, 16 });
	}
	wr_put(&w, ticket);
	CHECK_OK(wr_done(&w));
	if (changed < w.n)
		w.p[changed] ^= 1;
	return w;
}

/* Of so many bytes. */
#define PROLOGUE_LEN (12 + 1 + 1 + 3 + 48 + 1 + 5 + 48 + PACT_TICKET_LEN)

static void
shake(struct noise_handshake *hs, enum noise_role role, struct bytes ticket,
    size_t changed)
{
	struct noise_keys keys = { .s = &t.alice, .rs = t.bob.public };
	struct wr w = prologue(role == NOISE_RESPONDER, ticket, changed);

	CHECK_EQ(w.n, PROLOGUE_LEN);
	CHECK_OK(noise_handshake_init(hs, &t.c->line_pattern, role,
	    wr_bytes(&w), &keys));
	wr_free(&w);
}

static struct client_line *
call(struct client_command *cmd)
{
	struct client_line *line = client_line_call(t.c, cmd,
	    SOTTO_PATH_RELAY);

	CHECK_OK(wire_name_parse(&line->peer.name, bytes_str("alice")));
	memcpy(line->peer.identity, alice_identity, 32);
	memcpy(line->peer.device, alice_device, 16);
	memcpy(line->peer.link_key, t.alice.public, 32);
	CHECK_OK(client_greeting_say(line));
	line->call = NULL;
	return line;
}

/* What bob calls with opens for who means the same call, in every byte. */
TEST(a_caller_binds_the_whole_prologue)
{
	struct client_command cmd = { .type = CLIENT_COMMAND_CALL };
	struct noise_handshake hs;
	struct client_line *line;
	struct bytes ticket, message;
	struct wr none;
	uint8_t room[1];
	struct rd r;

	begin();
	memset(cmd.call.ticket, 3, sizeof cmd.call.ticket);
	cmd.call.ticket_n = PACT_TICKET_LEN;
	line = call(&cmd);
	r = rd_init(wr_bytes(&line->stream.out));
	CHECK_EQ(rd_u16(&r), line->stream.out.n - 2);
	ticket = rd_vec16(&r, WIRE_TICKET_MAX);
	CHECK_BYTES(ticket, client_call_ticket(&cmd));
	message = rd_rest(&r);
	for (size_t i = 0; i <= PROLOGUE_LEN; i++) {
		none = wr_init(room, 0);
		shake(&hs, NOISE_RESPONDER, ticket, i);
		CHECK_ERR(noise_handshake_read(&hs, message, &none),
		    i == PROLOGUE_LEN ? ERR_OK : ERR_AUTH);
	}
	noise_handshake_wipe(&hs);
	end();
}

/* Says alice's first record on a new line; returns whether it is taken. */
static bool
is_answered(size_t changed)
{
	struct client_line *line = client_line_answer(t.c, SOTTO_PATH_RELAY);
	struct noise_random random = { { 3 }, { 4 }, { 5 } };
	struct noise_handshake hs;
	struct wr w = wr_new();
	size_t mark = wr_begin(&w, 2);
	bool is_taken;

	shake(&hs, NOISE_INITIATOR, BYTES_OF(t.ticket), changed);
	wr_vec16(&w, BYTES_OF(t.ticket));
	CHECK_OK(noise_handshake_write(&hs, &random, BYTES_NONE, &w));
	wr_end(&w, mark, 2);
	client_line_bytes(line, wr_bytes(&w));
	wr_free(&w);
	noise_handshake_wipe(&hs);
	is_taken = line->state == CLIENT_LINE_HELLO;
	CHECK_EQ(line->state == CLIENT_LINE_OVER, !is_taken);
	CHECK(!line->is_shown);
	return is_taken;
}

/* The same when bob is called. Who has the ticket, and not the key, does not
 * spend it for who has both. */
TEST(a_callee_binds_the_whole_prologue)
{
	begin();
	for (size_t i = 0; i < PROLOGUE_LEN; i++) {
		CHECK(!is_answered(i));
		client_line_settle(t.c);
	}
	CHECK(!t.asked->is_spent);
	CHECK(is_answered(PROLOGUE_LEN));
	CHECK(t.asked->is_spent);
	CHECK(!is_answered(PROLOGUE_LEN));
	end();
}

CHECK_MAIN(T(a_caller_binds_the_whole_prologue),
    T(a_callee_binds_the_whole_prologue))
