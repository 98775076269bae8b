#include "server/register.h"

#include "server/account.h"
#include "server/conn.h"
#include "server/login.h"
#include "server/op.h"

#include "base/plant.h"
#include "crypto/ct.h"

#include <string.h>

void
server_register_hash(const uint8_t code[WIRE_CODE_LEN], uint8_t hash[32])
{
	struct bytes part = { code, WIRE_CODE_LEN };

	blake2b_parts(BYTES_NONE, &part, 1, hash, 32);
}

/* ---- in the channel ---- */

enum err
server_register_start(struct server *s, struct server_conn *c,
    const struct wire_REGISTER_START *m)
{
	struct server_login *login = server_login_of(c);
	struct server_letter letter = { .kind = SERVER_LETTER_TRY,
		.from = server_conn_ref(s, c), .name = m->name };

	if (login->step != SERVER_LOGIN_IDLE &&
	    login->step != SERVER_LOGIN_RECORD)
		return ERR_STATE;
	if (++login->tries > WIRE_CODE_TRIES)
		return ERR_LIMIT;
	login->step = SERVER_LOGIN_TRY;
	login->req = m->req;
	login->name = m->name;
	memcpy(login->ke1, m->request, sizeof m->request);
	memcpy(login->code, m->code, sizeof login->code);
	memcpy(letter.id, m->code, sizeof letter.id);
	server_bus_post_home(s, &letter);
	return ERR_OK;
}

void
server_register_tried(struct server *s, struct server_conn *c,
    const struct server_letter *letter)
{
	struct wire_REGISTER_REPLY m = { 0 };
	struct server_login *login;

	if (c == NULL || c->state != SERVER_OPEN)
		return;
	login = server_login_of(c);
	if (login->step == SERVER_LOGIN_CREATE) {
		/* The account is there, or could not be made. */
		login->step = SERVER_LOGIN_IDLE;
		login->is_invited = false;
		if (letter->number != 0) {
			server_login_failed(s, c, login->req,
			    (enum wire_error)letter->number);
			return;
		}
		s->stats.registrations++;
		server_conn_done(s, c, login->req);
		return;
	}
	if (login->step != SERVER_LOGIN_TRY)
		return;
	if (letter->number != 0) {
		server_login_failed(s, c, login->req,
		    (enum wire_error)letter->number);
		return;
	}
	server_random(s, login->credential_id, sizeof login->credential_id);
	m.req = login->req;
	if (opaque_server_register(&server_hold(s)->opaque,
	    BYTES_OF(login->credential_id), login->ke1, m.response) !=
	    ERR_OK) {
		server_conn_end(s, c, WIRE_CLOSE_PROTOCOL);
		return;
	}
	login->step = SERVER_LOGIN_RECORD;
	login->is_invited = true;
	server_conn_say(s, c, WIRE_REGISTER_REPLY, &m);
}

enum err
server_register_finish(struct server *s, struct server_conn *c,
    const struct wire_REGISTER_FINISH *m, struct bytes body)
{
	struct server_login *login = server_login_of(c);
	struct server_letter letter = { .kind = SERVER_LETTER_CREATE,
		.from = server_conn_ref(s, c), .name = m->name,
		.req = m->req, .body = body };

	if (login->step != SERVER_LOGIN_RECORD ||
	    !wire_name_equal(&login->name, &m->name) ||
	    !ct_verdict(
		ct_equal(login->code, m->code, sizeof login->code)))
		return ERR_STATE;
	memcpy(letter.id, login->credential_id, sizeof letter.id);
	login->step = SERVER_LOGIN_CREATE;
	login->req = m->req;
	server_bus_post_home(s, &letter);
	return ERR_OK;
}

/* ---- at home ---- */

static void
reply(struct server *s, const struct server_letter *letter,
    enum wire_error code)
{
	struct server_letter tried = { .kind = SERVER_LETTER_TRIED,
		.to = letter->from, .number = code };

	server_bus_post_session(s, &tried);
}

static enum wire_error
code_of(enum err err)
{
	if (err == ERR_OK)
		return (enum wire_error)0;
	if (err == ERR_CONFLICT)
		return WIRE_ERROR_TAKEN;
	if (err == ERR_GONE || err == ERR_EXPIRED || err == ERR_LIMIT)
		return WIRE_ERROR_INVITE;
	return WIRE_ERROR_STORE;
}

static void
try_done(struct server *s, struct server_op *op, enum err err)
{
	reply(s, &op->letter, PLANTED(PLANT_OPRF_WITHOUT_INVITE) ?
	    (enum wire_error)0 : code_of(err));
}

static void
submit_try(struct server *s, const struct server_letter *letter)
{
	struct server_op *op = server_op_new(s, letter);

	if (op == NULL) {
		reply(s, letter, WIRE_ERROR_STORE);
		return;
	}
	server_register_hash(letter->id, op->request.invite_hash);
	server_op_submit(op, STORE_INVITE_TRY, try_done);
}

static void
invited(struct server *s, struct server_op *op, enum err err)
{
	if (err == ERR_OK)
		submit_try(s, &op->letter);
	else
		reply(s, &op->letter, code_of(err));
}

/* Where registration is open, whoever comes first to a name that nobody has
 * brings an invite along: the code is of their own choosing. */
static void
invite_oneself(struct server *s, const struct server_letter *letter)
{
	struct server_op *op = server_op_new(s, letter);

	if (op == NULL) {
		reply(s, letter, WIRE_ERROR_STORE);
		return;
	}
	memcpy(op->request.invite.name, letter->name.s,
	    sizeof op->request.invite.name);
	server_register_hash(letter->id, op->request.invite.hash);
	op->request.invite.expires_s = server_now_s(s) + WIRE_LOGIN_MS / 1000;
	op->request.invite.tries = WIRE_CODE_TRIES;
	server_op_submit(op, STORE_INVITE_PUT, invited);
}

void
server_register_try(struct server *s, const struct server_letter *letter)
{
	const struct server_account *a = server_account_get(s, &letter->name);

	/* Where it is not open, a name that is taken must look like one that
	 * nobody was invited to. */
	if (!s->config.is_open)
		submit_try(s, letter);
	else if (a == NULL)
		invite_oneself(s, letter);
	else if (a->has_record)
		reply(s, letter, WIRE_ERROR_TAKEN);
	else
		submit_try(s, letter);
}

/* Checks that a new account is one, and fills it in. */
static enum err
fill(struct server *s, struct server_op *op)
{
	const struct server_account *old =
	    server_account_get(s, &op->letter.name);
	struct store_account *to = &op->request.account;
	struct wire_REGISTER_FINISH m;
	struct pact_roster roster;
	enum err err;

	TRY(wire_decode(WIRE_REGISTER_FINISH, op->letter.body, &m));
	TRY(opaque_server_check_record(m.record));
	TRY(pact_roster_read(m.roster, &roster));
	NEED(wire_name_equal(&roster.name, &m.name), ERR_AUTH);
	NEED(memcmp(roster.identity, m.identity, 32) == 0, ERR_AUTH);
	NEED(ct_is_zero(roster.previous, 32), ERR_AUTH);
	NEED(roster.version == 1, ERR_AUTH);
	server_register_hash(m.code, op->request.invite_hash);
	/* Hardly ever a version that an earlier account of the name had; a
	 * login that began with that one has other credentials in any case. */
	to->version = old != NULL ? old->version + 1 : server_now_s(s);
	to->is_enabled = to->has_record = true;
	to->status = WIRE_STATUS_AVAILABLE;
	memcpy(to->credential_id, op->letter.id, sizeof to->credential_id);
	to->ksf_passes = m.ksf_passes;
	to->ksf_memory_kib = m.ksf_memory_kib;
	memcpy(to->record, m.record, sizeof to->record);
	memcpy(to->identity, m.identity, sizeof to->identity);
	to->identity_version = to->settings_version = 1;
	to->identity_box = m.identity_box;
	to->settings_box = m.settings_box;
	to->roster_version = 1;
	to->roster = m.roster;
	to->created_s = server_now_s(s);
out:
	return err;
}

static void
created(struct server *s, struct server_op *op, enum err err)
{
	if (err == ERR_OK)
		err = server_account_put(s, &op->request.account, &op->room);
	server_op_reread(s, &op->letter.name, err);
	if (PLANTED(PLANT_ACK_BEFORE_COMMIT))
		return;
	reply(s, &op->letter, code_of(err));
}

void
server_register_create(struct server *s, const struct server_letter *letter)
{
	struct server_op *op = server_op_new(s, letter);
	enum wire_error code = WIRE_ERROR_STORE;

	if (op != NULL && fill(s, op) != ERR_OK)
		code = WIRE_ERROR_INVALID;
	else if (op != NULL && server_account_reserve(s, &letter->name,
	    op->request.account.roster.n, &op->room) == ERR_OK)
		code = (enum wire_error)0;
	if (code != 0) {
		server_op_free(op);
		reply(s, letter, code);
		return;
	}
	server_op_submit(op, STORE_ACCOUNT_CREATE, created);
	if (PLANTED(PLANT_ACK_BEFORE_COMMIT))
		reply(s, letter, (enum wire_error)0);
}
