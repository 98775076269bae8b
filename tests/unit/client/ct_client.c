/*
 * ct_client - what the client does with secrets, on secrets that valgrind
 * takes for undefined (see tests/unit/crypto/ct_check.c for how that works).
 *
 * Keys at rest, boxes, session keys, tickets, rosters and the logout. What is
 * sealed is public, and so is whether something opened; so is what a box of
 * settings or a ticket says, once it is open: their keys are the secret.
 */
#include "client/box.h"
#include "client/command.h"
#include "client/core.h"
#include "client/keyring.h"
#include "client/logout.h"
#include "client/seen.h"
#include "crypto/crypto.h"
#include "crypto/ct.h"
#include "crypto/sig.h"
#include "pact/roster.h"
#include "pact/ticket.h"
#include "support/check.h"

#include <string.h>

static const uint8_t nonce[24] = { 9, 8, 7 };

/* 64 secret bytes. */
static const uint8_t *
secret(void)
{
	static uint8_t bytes[64];

	CHECK_OK(crypto_init());
	memset(bytes, 5, sizeof bytes);
	ct_poison(bytes, sizeof bytes);
	return bytes;
}

static struct client_account
account_of_alice(void)
{
	struct client_account a = { .name = { "alice" }, .device = { 3 } };

	ed25519_public(secret(), a.identity);
	ct_unpoison(a.identity, sizeof a.identity);
	return a;
}

TEST(threat_31_key_store)
{
	struct client_account a = account_of_alice();
	struct client_keyring_head head = { { 3, 65536 }, { 2 } };
	struct client_keys keys, got;
	struct wr w = wr_new();

	memset(&keys, 1, sizeof keys);
	ct_poison(&keys, sizeof keys);
	CHECK_OK(client_keyring_seal(&head, &a, secret(), &keys, nonce, &w));
	ct_unpoison(w.p, w.n);
	CHECK_OK(client_keyring_open(wr_bytes(&w), &a, secret(), &got));
	w.p[w.n - 1] ^= 1;
	CHECK_ERR(client_keyring_open(wr_bytes(&w), &a, secret(), &got),
	    ERR_AUTH);
	wr_free(&w);
}

TEST(threat_31_boxes)
{
	struct client_account a = account_of_alice();
	struct client_identity id, got;
	struct client_seen seen = { 1, 5, 2, { 9, 1, { { 1 } } } };
	struct wr w = wr_new();

	memset(&id, 5, sizeof id);
	ct_poison(&id, sizeof id);
	CHECK_OK(client_box_seal_identity(&id, &a, secret(), 1, nonce, &w));
	ct_unpoison(w.p, w.n);
	CHECK_OK(client_box_open_identity(wr_bytes(&w), &a, secret(), 1,
	    &got));
	a.identity[0] ^= 1;
	wr_reset(&w);
	CHECK_OK(client_box_seal_identity(&id, &a, secret(), 1, nonce, &w));
	ct_unpoison(w.p, w.n);
	CHECK_ERR(client_box_open_identity(wr_bytes(&w), &a, secret(), 1,
	    &got), ERR_KEY);
	wr_reset(&w);
	CHECK_OK(client_box_seal_settings(BYTES_LIT("pins"), &a, secret(), 1,
	    nonce, &w));
	CHECK_OK(client_seen_seal(&seen, &a, secret(), nonce, &w));
	wr_free(&w);
}

TEST(threat_31_session_keys_and_tickets)
{
	struct pact_ticket ticket = { .id = { 1 }, .name = { "bob" } }, got;
	struct wire_name alice = { "alice" };
	uint8_t key[PACT_SESSION_KEY_LEN], sealed[PACT_TICKET_LEN];
	uint8_t h[PACT_HASH_LEN] = { 1 }, device[PACT_DEVICE_ID_LEN] = { 2 };
	uint8_t signature[64];
	struct bytes x = { secret(), 64 };
	struct wr w = wr_new();

	CHECK_OK(pact_keys_session(x, x, h, &alice, device, key));
	CHECK_OK(pact_ticket_seal(&ticket, key, nonce, sealed));
	ct_unpoison(sealed, sizeof sealed);
	CHECK_OK(pact_ticket_open(BYTES_OF(sealed), key, &got));
	sealed[40] ^= 1;
	CHECK_ERR(pact_ticket_open(BYTES_OF(sealed), key, &got), ERR_AUTH);
	pact_keys_device_login(&w, h, &alice, device);
	ed25519_sign(secret(), wr_bytes(&w), signature);
	wr_free(&w);
}

TEST(threat_31_rosters)
{
	struct client_account a = account_of_alice();
	struct pact_roster roster = { .name = a.name, .version = 1,
		.count = 1 };
	struct pact_roster_entry *entry = &roster.entries[0];
	struct wr w = wr_new();

	memcpy(roster.identity, a.identity, sizeof roster.identity);
	ed25519_public(secret(), entry->device_key);
	ct_unpoison(entry->device_key, sizeof entry->device_key);
	CHECK_OK(pact_roster_sign_entry(
	    entry, &a.name, a.identity, secret()));
	CHECK_OK(pact_roster_write(&w, &roster, secret()));
	ct_unpoison(w.p, w.n);
	CHECK_OK(pact_roster_read(wr_bytes(&w), &roster));
	wr_free(&w);
}

/* ---- the logout, by the core ---- */

static uint64_t
now(void *ctx)
{
	(void)ctx;
	return 5000;
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
}

static void
on_event(void *ctx, const struct sotto_event *event)
{
	(void)ctx;
	(void)event;
}

/* Answers a LOGOUT as the server does, or wrongly; returns whether the
 * client takes it. */
static bool
is_let_go(uint8_t flip)
{
	struct client_options options = { .ksf = { 1, 8 } };
	struct env env = { now, now, fill, NULL };
	struct client_effects effects = { .deadline = on_deadline,
		.event = on_event };
	struct wire_LOGOUT_REPLY m = { .challenge = { 2 } };
	struct client_command *cmd;
	struct client *c;
	bool is_over;

	CHECK_OK(client_new(&options, NULL, &env, &effects, &c));
	c->session.key = secret_dup((struct bytes){ secret(), 32 });
	cmd = client_command_new(c, CLIENT_COMMAND_LOGOUT);
	cmd->step = CLIENT_STEP_RUNNING;
	cmd->phase = CLIENT_PHASE_ASKED;
	pact_keys_logout(secret_bytes(c->session.key), PACT_LABEL_LOGOUT_1,
	    cmd->challenge, m.challenge, m.answer);
	m.answer[31] ^= flip;
	CHECK_OK(client_logout_on_reply(c, &m));
	is_over = c->session.is_over;
	client_free(c);
	return is_over;
}

TEST(threat_31_confirmed_logout)
{
	CHECK(is_let_go(0));
	CHECK(!is_let_go(1));
}

CHECK_MAIN(T(threat_31_key_store), T(threat_31_boxes),
    T(threat_31_session_keys_and_tickets), T(threat_31_rosters),
    T(threat_31_confirmed_logout))
