#include "server/session.h"

#include "server/conn.h"
#include "server/introduction.h"
#include "server/relay.h"

#include "base/plant.h"
#include "crypto/ct.h"

#include <stdlib.h>
#include <string.h>

struct server_talk *
server_session_talk(struct server_conn *c)
{
	if (c->of.talk == NULL)
		c->of.talk = calloc(1, sizeof *c->of.talk);
	return c->of.talk;
}

static bool
is_empty(const struct server_talk *talk, uint64_t now)
{
	if (talk->halves_n != 0 || talk->is_asking || talk->has_credential ||
	    talk->is_leaving)
		return false;
	for (size_t i = 0; i < WIRE_LINES_MAX; i++)
		if (talk->tickets[i].until_ms > now)
			return false;
	return true;
}

void
server_session_tidy(struct server *s, struct server_conn *c)
{
	/* The serial must go on where numbers were given out already, and a
	 * new talk starts it from the clock, which is further. */
	if (c->state != SERVER_LOGGED || c->of.talk == NULL ||
	    !is_empty(c->of.talk, server_now_ms(s)))
		return;
	free(c->of.talk);
	c->of.talk = NULL;
}

size_t
server_session_relay_room(const struct server_conn *c)
{
	if (c->state != SERVER_LOGGED || c->of.talk == NULL)
		return 0;
	return c->of.talk->halves_n * 2 * WIRE_CREDIT_MAX;
}

void
server_session_leave(struct server *s, struct server_conn *c)
{
	struct server_vault *vault = server_vault(c);
	struct server_letter letter = { .kind = SERVER_LETTER_LEAVE,
		.from = server_conn_ref(s, c), .name = vault->name };

	bytes_wipe(vault->key, sizeof vault->key);
	if (c->of.talk != NULL) {
		server_introduction_withdraw(s, c);
		server_relay_end_all(s, c);
		bytes_wipe(c->of.talk, sizeof *c->of.talk);
		free(c->of.talk);
		c->of.talk = NULL;
	}
	if (!PLANTED(PLANT_PRESENCE_STAYS))
		server_bus_post_home(s, &letter);
}

void
server_session_ask(struct server *s, struct server_conn *c,
    const struct wire_name *name, enum wire_type type, struct bytes body)
{
	struct server_letter letter = { .kind = SERVER_LETTER_ASK,
		.type = (uint8_t)type, .from = server_conn_ref(s, c),
		.name = *name, .body = body };

	server_bus_post_home(s, &letter);
}

/* ---- a new password ---- */

enum err
server_session_passwd(struct server *s, struct server_conn *c,
    const struct wire_PASSWD_START *m)
{
	struct wire_REGISTER_REPLY reply = { .req = m->req };
	struct server_talk *talk;
	enum err err = ERR_OK;

	if (!c->is_password) {
		server_conn_error(s, c, m->req, WIRE_ERROR_FORBIDDEN, 0);
		return ERR_OK;
	}
	talk = server_session_talk(c);
	NEED(talk != NULL, ERR_NOMEM);
	server_random(s, talk->credential_id, sizeof talk->credential_id);
	TRY(opaque_server_register(&server_hold(s)->opaque,
	    BYTES_OF(talk->credential_id), m->request, reply.response));
	talk->has_credential = true;
	server_conn_say(s, c, WIRE_REGISTER_REPLY, &reply);
out:
	return err;
}

enum err
server_session_change(struct server *s, struct server_conn *c,
    const struct wire_CHANGE *m, struct bytes body)
{
	struct server_letter letter = { .kind = SERVER_LETTER_ASK,
		.type = WIRE_CHANGE, .from = server_conn_ref(s, c),
		.name = server_vault(c)->name, .body = body };
	struct server_talk *talk = c->of.talk;

	/* A credential is for one record. */
	if (talk != NULL && talk->has_credential &&
	    (m->parts & WIRE_PART_RECORD) != 0) {
		talk->has_credential = false;
		letter.flags = SERVER_LETTER_YES;
		memcpy(letter.id, talk->credential_id, sizeof letter.id);
	}
	server_bus_post_home(s, &letter);
	return ERR_OK;
}

/* ---- logout ---- */

enum err
server_session_logout(struct server *s, struct server_conn *c,
    const struct wire_LOGOUT *m)
{
	struct server_talk *talk = server_session_talk(c);
	struct wire_LOGOUT_REPLY reply;

	if (talk == NULL)
		return ERR_NOMEM;
	if (m->scope > WIRE_LOGOUT_FORGET || talk->is_leaving)
		return ERR_STATE;
	talk->is_leaving = true;
	talk->scope = m->scope;
	memcpy(talk->client_challenge, m->challenge,
	    sizeof talk->client_challenge);
	server_random(s, talk->server_challenge,
	    sizeof talk->server_challenge);
	memcpy(reply.challenge, talk->server_challenge,
	    sizeof reply.challenge);
	pact_keys_logout(server_vault(c)->key, PACT_LABEL_LOGOUT_1,
	    talk->client_challenge, talk->server_challenge, reply.answer);
	server_conn_say(s, c, WIRE_LOGOUT_REPLY, &reply);
	return ERR_OK;
}

enum err
server_session_logout_ack(struct server *s, struct server_conn *c,
    const struct wire_LOGOUT_ACK *m)
{
	struct server_vault *vault = server_vault(c);
	struct server_talk *talk = c->of.talk;
	struct server_letter letter = { .kind = SERVER_LETTER_LOGOUT,
		.from = server_conn_ref(s, c), .name = vault->name };
	uint8_t want[32];
	bool is_right;

	if (talk == NULL || !talk->is_leaving)
		return ERR_STATE;
	pact_keys_logout(vault->key, PACT_LABEL_LOGOUT_2,
	    talk->client_challenge, talk->server_challenge, want);
	is_right = ct_verdict(ct_equal(want, m->answer, sizeof want));
	bytes_wipe(want, sizeof want);
	if (!is_right)
		return ERR_AUTH;
	if (talk->scope != WIRE_LOGOUT_SESSION) {
		memcpy(letter.id, vault->device, sizeof letter.id);
		server_bus_post_home(s, &letter);
	}
	s->stats.logouts++;
	server_conn_end(s, c, WIRE_CLOSE_DONE);
	return ERR_OK;
}
