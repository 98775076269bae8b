#include "client/passwd.h"

#include "base/reveal.h"
#include "client/core.h"
#include "client/enrol.h"
#include "client/login.h"
#include "opaque/client.h"

#include <string.h>

#define TRIES 3

static const char WHAT[] = "The password was not changed.";

static struct opaque_registration *
registration_of(const struct client_command *cmd)
{
	return (struct opaque_registration *)(void *)secret_bytes(
	    cmd->opaque);
}

static struct client_person *
person_of(const struct client_command *cmd)
{
	return (struct client_person *)(void *)secret_bytes(cmd->person);
}

static void
swap_passwords(struct client *c, struct client_command *cmd)
{
	struct secret *other = c->password;

	c->password = cmd->password;
	cmd->password = other;
}

static void
finish(struct client *c, struct client_command *cmd, enum err err)
{
	struct client_report r = client_report_local(err, WHAT);

	client_command_done(c, cmd, &r);
}

static void
start(struct client *c, struct client_command *cmd)
{
	struct {
		uint8_t blind[OPAQUE_BLIND_SEED_LEN];
	} r;
	struct wire_PASSWD_START m;
	enum err err = ERR_OK;

	if (cmd->phase == CLIENT_PHASE_CHECK) {
		/* The new password let us in, and the login has sealed the
		 * keyring under it. */
		client_command_ok(c, cmd);
		return;
	}
	secret_free(cmd->opaque);
	secret_free(cmd->person);
	cmd->opaque = secret_new(sizeof(struct opaque_registration));
	cmd->person = secret_dup(secret_view(c->session.person));
	NEED(cmd->opaque != NULL && cmd->person != NULL, ERR_NOMEM);
	client_random(c, r.blind, sizeof r.blind);
	TRY(opaque_client_register(registration_of(cmd),
	    secret_view(cmd->password), r.blind, m.request));
	m.req = client_command_ask(c, cmd);
	client_channel_say(c, WIRE_PASSWD_START, &m);
	cmd->phase = CLIENT_PHASE_ASKED;
out:
	bytes_wipe(&r, sizeof r);
	if (err != ERR_OK)
		finish(c, cmd, err);
}

/* Says CHANGE with the record and both boxes, under new keys. */
static enum err
change(struct client *c, struct client_command *cmd, struct bytes record)
{
	struct client_session *s = &c->session;
	struct client_person *person = person_of(cmd);
	struct wr identity = wr_new(), settings = wr_new();
	struct wire_CHANGE m = { .parts = WIRE_PART_RECORD |
		    WIRE_PART_IDENTITY | WIRE_PART_SETTINGS,
		.ksf_passes = c->options.ksf.passes,
		.ksf_memory_kib = c->options.ksf.memory_kib,
		.record = record,
		.identity_version = s->identity_version + 1,
		.settings_version = s->settings_version + 1 };
	enum err err;

	client_random(c, person->identity.data_key, 32);
	REVEAL("data", person->identity.data_key);
	TRY(client_enrol_identity_box(c, person, m.identity_version,
	    &identity));
	TRY(client_enrol_settings_box(c, person->identity.data_key,
	    m.settings_version, &settings));
	m.req = client_command_ask(c, cmd);
	m.identity_box = wr_bytes(&identity);
	m.settings_box = wr_bytes(&settings);
	client_channel_say(c, WIRE_CHANGE, &m);
	client_pins_begin(&c->pins);
	cmd->phase = CLIENT_PHASE_UNSURE;
out:
	wr_free(&identity);
	wr_free(&settings);
	return err;
}

static void
on_stretched(struct client *c, enum err err, const uint8_t *stretched)
{
	struct client_command *cmd = client_command_find(c,
	    CLIENT_COMMAND_PASSWD);
	struct {
		uint8_t nonce[OPAQUE_NONCE_LEN];
		uint8_t record[OPAQUE_RECORD_LEN];
	} r;
	uint8_t context[PACT_LOGIN_CONTEXT_LEN];
	struct opaque_binding binding = {
		.client_identity = wire_name_bytes(&c->account.name) };

	if (cmd == NULL)
		return;
	TRY(err);
	pact_keys_login_context(c->channel.h, context);
	binding.context = BYTES_OF(context);
	client_random(c, r.nonce, sizeof r.nonce);
	TRY(opaque_client_register_finish(registration_of(cmd), &binding,
	    stretched, r.nonce, r.record, person_of(cmd)->export_key));
	TRY(change(c, cmd, BYTES_OF(r.record)));
out:
	bytes_wipe(&r, sizeof r);
	if (err != ERR_OK)
		finish(c, cmd, err);
}

static enum err
on_reply(struct client *c, struct client_command *cmd,
    const struct wire_REGISTER_REPLY *m)
{
	struct {
		uint8_t to_stretch[OPAQUE_STRETCH_LEN];
	} r;
	enum err err;

	TRY(opaque_client_register_unblind(registration_of(cmd),
	    secret_view(cmd->password), m->response, r.to_stretch));
	TRY(client_login_stretch(c, c->options.ksf, r.to_stretch,
	    on_stretched));
	cmd->req = 0;
out:
	bytes_wipe(&r, sizeof r);
	return err;
}

static void
on_sealed(struct client *c, enum err err)
{
	client_command_sealed(c, CLIENT_COMMAND_PASSWD, err);
}

static void
on_changed(struct client *c, struct client_command *cmd)
{
	struct client_session *s = &c->session;
	enum err err;

	cmd->phase = CLIENT_PHASE_NEW;
	cmd->req = 0;
	client_pins_end(&c->pins, true);
	swap_passwords(c, cmd);
	*client_session_person(s) = *person_of(cmd);
	memcpy(client_keys(c)->data_key, person_of(cmd)->identity.data_key,
	    32);
	c->seen.identity = ++s->identity_version;
	c->seen.settings = ++s->settings_version;
	err = client_enrol_seal(c, on_sealed);
	if (err != ERR_OK)
		finish(c, cmd, err);
}

static enum err
answer(struct client *c, struct client_command *cmd, enum wire_type type,
    const void *message)
{
	if (type == WIRE_REGISTER_REPLY && cmd->phase == CLIENT_PHASE_ASKED)
		return on_reply(c, cmd, message);
	if (type != WIRE_DONE || cmd->phase != CLIENT_PHASE_UNSURE)
		return ERR_STATE;
	on_changed(c, cmd);
	return ERR_OK;
}

static void
refused(struct client *c, struct client_command *cmd,
    const struct wire_ERROR *error)
{
	struct client_report r;

	client_pins_end(&c->pins, false);
	if (error->code == WIRE_ERROR_CONFLICT && cmd->tries++ < TRIES) {
		cmd->step = CLIENT_STEP_WAITING;
		cmd->phase = CLIENT_PHASE_OLD;
		client_session_again(c, CLIENT_GOAL_PASSWORD);
		return;
	}
	r = client_report_error(error, WHAT);
	client_command_done(c, cmd, &r);
}

bool
client_passwd_survives(struct client *c, struct client_command *cmd,
    const struct client_report *report)
{
	struct client_report r;

	if (cmd->phase == CLIENT_PHASE_UNSURE && cmd->tries++ < TRIES) {
		cmd->phase = CLIENT_PHASE_CHECK;
		cmd->step = CLIENT_STEP_WAITING;
		cmd->req = 0;
		wheel_cancel(&c->wheel, &cmd->timer);
		swap_passwords(c, cmd);
		return true;
	}
	if (cmd->phase != CLIENT_PHASE_CHECK)
		return false;
	swap_passwords(c, cmd);
	if (report->outcome == SOTTO_WRONG_PASSWORD) {
		/* The old one is valid: once more from the start. */
		cmd->phase = CLIENT_PHASE_OLD;
		return true;
	}
	r = client_report_make(SOTTO_NO_SERVER,
	    "The connection was lost before the server's answer.",
	    "Try the new password first, then the old one.",
	    "It is not known whether the password was changed.");
	client_report_notice(c, &r);
	return false;
}

const struct client_command_kind client_passwd_kind = {
	.needs_person = true,
	.is_writer = true,
	.start = start,
	.answer = answer,
	.refused = refused,
	.failed = WHAT,
};
