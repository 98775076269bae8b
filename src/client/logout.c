#include "client/logout.h"

#include "client/core.h"
#include "client/devices.h"
#include "client/line.h"
#include "crypto/ct.h"

#include <string.h>

static const char WHAT[] = "The logout was not confirmed.";

/* Says LOGOUT. */
static void
part(struct client *c, struct client_command *cmd)
{
	struct wire_LOGOUT m = { .scope = (uint8_t)cmd->scope };

	client_random(c, cmd->challenge, sizeof cmd->challenge);
	memcpy(m.challenge, cmd->challenge, sizeof m.challenge);
	/* Its answer has no number, but a time to come. */
	(void)client_command_ask(c, cmd);
	cmd->phase = CLIENT_PHASE_ASKED;
	client_channel_say(c, WIRE_LOGOUT, &m);
}

/* An ephemeral device leaves the roster by what it signed beforehand. */
static void
say_farewell(struct client *c, struct client_command *cmd)
{
	struct wire_CHANGE m = { .parts = WIRE_PART_ROSTER };

	m.req = client_command_ask(c, cmd);
	m.roster = wr_bytes(&c->session.farewell);
	client_channel_say(c, WIRE_CHANGE, &m);
}

static void
start(struct client *c, struct client_command *cmd)
{
	struct client_session *s = &c->session;
	struct client_report r;
	enum err err;

	client_line_close_all(c);
	if (cmd->scope == SOTTO_LOGOUT_FORGET && !s->is_stranger) {
		err = client_devices_exclude(c, cmd, c->account.device);
		if (err == ERR_OK)
			return;
		r = client_report_local(err, WHAT);
		client_command_done(c, cmd, &r);
	} else if (s->farewell.n > 0 && s->is_password) {
		say_farewell(c, cmd);
	} else {
		part(c, cmd);
	}
}

/* The roster is changed: DONE, or an error that is no reason to stay. */
static enum err
answer(struct client *c, struct client_command *cmd, enum wire_type type,
    const void *message)
{
	(void)message;
	if (type != WIRE_DONE || cmd->phase != CLIENT_PHASE_OLD)
		return ERR_STATE;
	part(c, cmd);
	return ERR_OK;
}

static void
refused(struct client *c, struct client_command *cmd,
    const struct wire_ERROR *error)
{
	struct client_report r;

	client_pins_end(&c->pins, false);
	if (cmd->scope != SOTTO_LOGOUT_FORGET) {
		part(c, cmd);
	} else if (error->code == WIRE_ERROR_CONFLICT && cmd->tries++ < 3) {
		cmd->step = CLIENT_STEP_WAITING;
		client_session_again(c, CLIENT_GOAL_PASSWORD);
	} else {
		r = client_report_error(error, WHAT);
		client_command_done(c, cmd, &r);
	}
}

/* Whoever has logged out has nothing here that opens anything. */
static void
forget_secrets(struct client *c)
{
	secret_free(c->password);
	c->password = NULL;
	secret_free(c->keys);
	c->keys = NULL;
}

static void
wipe_account(struct client *c)
{
	for (int i = 0; i < CLIENT_FILES; i++)
		client_vault_put(c, (enum client_file)i, BYTES_NONE);
	client_pins_free(&c->pins);
	c->has_account = false;
	c->account = (struct client_account){ 0 };
	c->seen = (struct client_seen){ 0 };
}

enum err
client_logout_on_reply(struct client *c, const struct wire_LOGOUT_REPLY *m)
{
	struct client_command *cmd = client_command_find(c,
	    CLIENT_COMMAND_LOGOUT);
	const uint8_t *key = secret_bytes(c->session.key);
	struct wire_LOGOUT_ACK ack;
	uint8_t want[32];
	struct client_report r;

	if (cmd == NULL || cmd->phase != CLIENT_PHASE_ASKED)
		return ERR_STATE;
	pact_keys_logout(key, PACT_LABEL_LOGOUT_1, cmd->challenge,
	    m->challenge, want);
	if (!ct_verdict(ct_equal(want, m->answer, sizeof want))) {
		r = client_report_make(SOTTO_NO_SERVER,
		    "Whoever answered does not have the session's key.", "",
		    "%s", WHAT);
		client_session_fail(c, &r);
		return ERR_OK;
	}
	pact_keys_logout(key, PACT_LABEL_LOGOUT_2, cmd->challenge,
	    m->challenge, ack.answer);
	client_channel_say(c, WIRE_LOGOUT_ACK, &ack);
	cmd->phase = CLIENT_PHASE_NEW;
	c->session.is_over = true;
	return ERR_OK;
}

bool
client_logout_survives(struct client *c, struct client_command *cmd)
{
	bool is_off = cmd->step == CLIENT_STEP_RUNNING &&
	    cmd->scope == SOTTO_LOGOUT_FORGET &&
	    cmd->phase == CLIENT_PHASE_ASKED;

	if (!is_off)
		return false;
	/* The server ends the sessions of a device that is off the roster,
	 * and this was one. */
	wheel_cancel(&c->wheel, &cmd->timer);
	wipe_account(c);
	forget_secrets(c);
	cmd->step = CLIENT_STEP_SAVING;
	return true;
}

void
client_logout_finish(struct client *c)
{
	struct client_command *cmd = client_command_find(c,
	    CLIENT_COMMAND_LOGOUT);
	struct client_command *host;

	client_session_drop(c);
	client_report_state(c, SOTTO_STATE_OFFLINE, 0, "");
	while ((host = client_command_find(c, CLIENT_COMMAND_HOST)) != NULL)
		client_command_ok(c, host);
	if (cmd == NULL)
		return;
	wheel_cancel(&c->wheel, &cmd->timer);
	cmd->step = CLIENT_STEP_SAVING;
	if (cmd->scope == SOTTO_LOGOUT_FORGET || c->options.is_ephemeral)
		wipe_account(c);
	forget_secrets(c);
}

const struct client_command_kind client_logout_kind = {
	.is_writer = true,
	.start = start,
	.answer = answer,
	.refused = refused,
	.failed = WHAT,
};
