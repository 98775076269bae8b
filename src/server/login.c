#include "server/login.h"

#include "server/conn.h"
#include "server/effort.h"
#include "server/guess.h"

#include "base/plant.h"
#include "base/rd.h"
#include "crypto/ct.h"

#include <string.h>

/* Logins that may fail in one channel. */
#define FAILURES_MAX 3

struct secret *
server_login_new(const uint8_t x[PACT_HASH_LEN],
    const uint8_t h[PACT_HASH_LEN])
{
	struct secret *secret = secret_new(sizeof(struct server_login));
	struct server_login *login;

	if (secret == NULL)
		return NULL;
	login = (struct server_login *)(void *)secret_bytes(secret);
	memcpy(login->x, x, sizeof login->x);
	memcpy(login->h, h, sizeof login->h);
	return secret;
}

struct server_login *
server_login_of(const struct server_conn *c)
{
	return (struct server_login *)(void *)secret_bytes(c->of.login);
}

void
server_login_free(struct server_conn *c)
{
	secret_free(c->of.login);
	c->of.login = NULL;
}

bool
server_login_may_be_long(const struct server_conn *c)
{
	return server_login_of(c)->is_invited;
}

void
server_login_failed(struct server *s, struct server_conn *c, uint32_t req,
    enum wire_error code)
{
	struct server_login *login = server_login_of(c);
	bool is_last = ++login->failures >= FAILURES_MAX;

	login->step = SERVER_LOGIN_IDLE;
	bytes_wipe(login->key, sizeof login->key);
	/* To say so may drop c, and the login with it. */
	server_conn_error(s, c, req, code, 0);
	if (is_last)
		server_conn_end(s, c, WIRE_CLOSE_LIMIT);
}

/* ---- by password ---- */

/* Whether a guess shows the work that it says, or says none. */
static bool
is_worked_for(const struct server_login *login,
    const struct wire_LOGIN_START *m)
{
	struct pact_guard_puzzle puzzle;

	if (m->effort == 0)
		return m->nonce == 0;
	pact_guard_login(&puzzle, BYTES_OF(login->h),
	    wire_name_bytes(&m->name), BYTES_OF(m->ke1), m->effort);
	return pact_guard_is_solved(&puzzle, m->nonce);
}

enum err
server_login_start(struct server *s, struct server_conn *c,
    const struct wire_LOGIN_START *m)
{
	struct server_login *login = server_login_of(c);
	uint32_t wait_ms;

	if (login->step != SERVER_LOGIN_IDLE)
		return ERR_STATE;
	if (!ct_is_zero(m->zeros, sizeof m->zeros) || !is_worked_for(login, m))
		return ERR_DECODE;
	login->step = SERVER_LOGIN_TURN;
	login->req = m->req;
	login->name = m->name;
	memcpy(login->ke1, m->ke1, sizeof login->ke1);
	switch (PLANTED(PLANT_GUESS_AFTER_KE3) ? SERVER_GUESS_NOW :
	    server_guess_charge(s, c, &m->name, m->effort, &wait_ms)) {
	case SERVER_GUESS_NOW:
		server_login_on_turn(s, c);
		break;
	case SERVER_GUESS_HELD:
		break;
	case SERVER_GUESS_WAIT:
		server_login_outbid(s, c, wait_ms);
		break;
	}
	return ERR_OK;
}

void
server_login_on_turn(struct server *s, struct server_conn *c)
{
	struct server_login *login = server_login_of(c);
	struct server_letter letter = { .kind = SERVER_LETTER_LOOKUP,
		.from = server_conn_ref(s, c), .name = login->name };

	server_effort_charge(s, SERVER_EFFORT_LOGIN);
	login->step = SERVER_LOGIN_LOOKUP;
	server_bus_post_home(s, &letter);
}

void
server_login_outbid(struct server *s, struct server_conn *c,
    uint32_t wait_ms)
{
	struct server_login *login = server_login_of(c);

	s->stats.guesses_delayed++;
	login->step = SERVER_LOGIN_IDLE;
	server_conn_error(s, c, login->req, WIRE_ERROR_WAIT, wait_ms);
}

/*
 * Fills account from what the home has said, or with the fake: both are made
 * ready each time, and which of them is taken shows in nothing.
 */
struct credentials {
	uint8_t id[16];
	uint8_t record[OPAQUE_RECORD_LEN];
	uint32_t ksf_passes, ksf_memory_kib;
};

static void
choose(const struct server *s, const struct server_letter *letter,
    const struct wire_name *name, struct credentials *out)
{
	uint8_t is_there = (letter->flags & SERVER_LETTER_YES) != 0;
	struct rd r = rd_init(letter->body);
	struct bytes said = wire_name_bytes(name);
	uint8_t fake_id[sizeof out->id];

	blake2b_parts(BYTES_OF(server_hold(s)->fake_seed), &said, 1, fake_id,
	    sizeof fake_id);
	out->ksf_passes = rd_u32(&r);
	out->ksf_memory_kib = rd_u32(&r);
	rd_copy(&r, out->record, sizeof out->record);
	ct_select(out->id, letter->id, fake_id, sizeof out->id, is_there);
	ct_select(out->record, out->record, s->fake_record,
	    sizeof out->record, is_there);
	ct_select(&out->ksf_passes, &out->ksf_passes, &s->config.ksf_passes,
	    sizeof out->ksf_passes, is_there);
	ct_select(&out->ksf_memory_kib, &out->ksf_memory_kib,
	    &s->config.ksf_memory_kib, sizeof out->ksf_memory_kib, is_there);
}

static enum err
answer(struct server *s, struct server_conn *c,
    const struct credentials *credentials)
{
	struct server_login *login = server_login_of(c);
	uint8_t context[PACT_LOGIN_CONTEXT_LEN];
	struct opaque_account account = {
		.credential_identifier = BYTES_OF(credentials->id),
		.record = credentials->record,
		.binding = { .context = BYTES_OF(context),
			.client_identity = wire_name_bytes(&login->name) },
	};
	struct opaque_server_random random;
	struct wire_LOGIN_REPLY m = { .req = login->req,
		.ksf_passes = credentials->ksf_passes,
		.ksf_memory_kib = credentials->ksf_memory_kib };
	enum err err;

	pact_keys_login_context(login->h, context);
	server_random(s, &random, sizeof random);
	server_effort_begin(s, SERVER_EFFORT_LOGIN);
	TRY(opaque_server_login(&server_hold(s)->opaque, &account, login->ke1,
	    &random, &login->opaque, m.ke2));
	login->step = SERVER_LOGIN_KE3;
	server_conn_say(s, c, WIRE_LOGIN_REPLY, &m);
out:
	bytes_wipe(&random, sizeof random);
	return err;
}

void
server_login_looked(struct server *s, struct server_conn *c,
    const struct server_letter *letter)
{
	struct server_login *login;
	struct credentials credentials;

	if (c == NULL || c->state != SERVER_OPEN)
		return;
	login = server_login_of(c);
	if (login->step != SERVER_LOGIN_LOOKUP)
		return;
	if (letter->number != 0) {
		server_guess_refund(s, c, &login->name);
		server_login_failed(s, c, login->req, WIRE_ERROR_STORE);
		return;
	}
	login->version = letter->version;
	memcpy(login->credential_id, letter->id, sizeof login->credential_id);
	choose(s, letter, &login->name, &credentials);
	if (answer(s, c, &credentials) != ERR_OK)
		server_conn_end(s, c, WIRE_CLOSE_PROTOCOL);
	bytes_wipe(&credentials, sizeof credentials);
}

/* ---- joining ---- */

static void
join(struct server *s, struct server_conn *c, struct bytes proof)
{
	struct server_login *login = server_login_of(c);
	struct server_letter letter = { .kind = SERVER_LETTER_JOIN,
		.type = login->mode, .from = server_conn_ref(s, c),
		.flags = login->is_password ? SERVER_LETTER_YES : 0,
		.name = login->name, .req = login->req,
		.version = login->version, .body = proof };

	memcpy(letter.id, login->device, sizeof letter.id);
	login->step = SERVER_LOGIN_JOIN;
	server_bus_post_home(s, &letter);
}

enum err
server_login_finish(struct server *s, struct server_conn *c,
    const struct wire_LOGIN_FINISH *m)
{
	struct server_login *login = server_login_of(c);
	uint32_t wait_ms;

	if (login->step != SERVER_LOGIN_KE3 ||
	    (m->mode & ~WIRE_MODE_HOSTS) != 0)
		return ERR_STATE;
	if (opaque_server_finish(&login->opaque, m->ke3, login->key) !=
	    ERR_OK) {
		if (PLANTED(PLANT_GUESS_AFTER_KE3))
			(void)server_guess_charge(s, c, &login->name, 0,
			    &wait_ms);
		s->stats.logins_failed++;
		server_login_failed(s, c, m->req, WIRE_ERROR_LOGIN);
		return ERR_OK;
	}
	server_guess_refund(s, c, &login->name);
	login->req = m->req;
	login->mode = m->mode;
	login->is_password = true;
	memcpy(login->device, m->device, sizeof login->device);
	join(s, c, BYTES_OF(login->credential_id));
	return ERR_OK;
}

enum err
server_login_device(struct server *s, struct server_conn *c,
    const struct wire_DEVICE_LOGIN *m)
{
	struct server_login *login = server_login_of(c);
	uint8_t proof[PACT_HASH_LEN + sizeof m->signature];

	if (login->step != SERVER_LOGIN_IDLE ||
	    (m->mode & ~WIRE_MODE_HOSTS) != 0)
		return ERR_STATE;
	login->req = m->req;
	login->mode = m->mode;
	login->name = m->name;
	login->is_password = false;
	memcpy(login->device, m->device, sizeof login->device);
	memcpy(proof, login->h, PACT_HASH_LEN);
	memcpy(proof + PACT_HASH_LEN, m->signature, sizeof m->signature);
	join(s, c, BYTES_OF(proof));
	return ERR_OK;
}

/* The session key, of this login's secrets; the login's end. */
static enum err
start_session(struct server *s, struct server_conn *c)
{
	struct server_login *login = server_login_of(c);
	struct server_vault *vault = server_vault(c);
	static const uint8_t zeros[PACT_HASH_LEN];
	struct bytes x = BYTES_OF(login->x), key = BYTES_NONE;
	enum err err;

	if (login->is_password)
		key = BYTES_OF(login->key);
	if (PLANTED(PLANT_KEY_FROM_H))
		x = BYTES_OF(login->h);
	if (PLANTED(PLANT_TICKET_OUTLIVES_SESSION))
		x = key = BYTES_NONE;
	TRY(pact_keys_session(x, key,
	    PLANTED(PLANT_TICKET_OUTLIVES_SESSION) ? zeros : login->h,
	    &login->name, login->device, vault->key));
	vault->name = login->name;
	memcpy(vault->device, login->device, sizeof vault->device);
	c->is_password = login->is_password;
	c->mode = login->mode;
	if (login->is_password)
		s->stats.logins++;
	else
		s->stats.device_logins++;
	server_login_free(c);
	server_conn_logged(s, c);
out:
	return err;
}

void
server_login_joined(struct server *s, struct server_conn *c,
    const struct server_letter *letter)
{
	struct server_letter leave = { .kind = SERVER_LETTER_LEAVE,
		.from = letter->to, .name = letter->name };

	if (c == NULL || c->state != SERVER_OPEN ||
	    server_login_of(c)->step != SERVER_LOGIN_JOIN ||
	    start_session(s, c) != ERR_OK) {
		server_bus_post_home(s, &leave);
		if (c != NULL)
			server_conn_end(s, c, WIRE_CLOSE_LIMIT);
		return;
	}
	server_conn_say_raw(s, c, letter->body);
}

void
server_login_denied(struct server *s, struct server_conn *c,
    const struct server_letter *letter)
{
	if (c == NULL || c->state != SERVER_OPEN ||
	    server_login_of(c)->step != SERVER_LOGIN_JOIN)
		return;
	if (letter->number == WIRE_ERROR_LOGIN)
		s->stats.logins_failed++;
	server_login_failed(s, c, letter->req,
	    (enum wire_error)letter->number);
}
