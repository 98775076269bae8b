#include "client/devices.h"

#include "base/hex.h"
#include "base/reveal.h"
#include "client/core.h"
#include "client/enrol.h"

#include <string.h>

#define TRIES 3

/* ---- list ---- */

static void
start_list(struct client *c, struct client_command *cmd)
{
	struct wire_PERSON_GET m = { .req = client_command_ask(c, cmd),
		.name = c->account.name };

	client_channel_say(c, WIRE_PERSON_GET, &m);
}

static void
show_device(struct client *c, const struct client_command *cmd,
    const struct pact_roster_entry *entry)
{
	char id[HEX_LEN(PACT_DEVICE_ID_LEN) + 1];
	struct sotto_event ev = { .type = SOTTO_DEVICE,
		.command = cmd->number };

	hex_encode(id, BYTES_OF(entry->id));
	ev.device.id = id;
	ev.device.name = entry->label;
	ev.device.added_s = entry->added_s;
	ev.device.expires_s = entry->expires_s;
	ev.device.is_this = memcmp(entry->id, c->account.device,
	    sizeof entry->id) == 0;
	c->effects.event(c->effects.ctx, &ev);
}

static enum err
answer_list(struct client *c, struct client_command *cmd,
    enum wire_type type, const void *message)
{
	const struct wire_PERSON *m = message;
	struct client_own *own = &c->session.own;
	struct client_report r;
	uint64_t now_s = client_servers_now_s(c);

	if (type != WIRE_PERSON)
		return ERR_STATE;
	if (client_own_take(own, m->roster, &c->account, c->seen.roster) !=
	    ERR_OK) {
		r = client_report_make(SOTTO_KEY_CHANGED,
		    "It is older than what was seen before, or not signed by"
		    " the account's identity.",
		    "Do not trust this server before its operator has"
		    " explained it.",
		    "The account's list of devices is not to be believed.");
		client_report_notice(c, &r);
		client_command_done(c, cmd, &r);
		return ERR_OK;
	}
	for (size_t i = 0; i < own->roster->count; i++) {
		const struct pact_roster_entry *entry =
		    &own->roster->entries[i];

		if (entry->expires_s == 0 || entry->expires_s > now_s)
			show_device(c, cmd, entry);
	}
	client_command_ok(c, cmd);
	return ERR_OK;
}

const struct client_command_kind client_devices_list = {
	.start = start_list,
	.answer = answer_list,
	.failed = "There is no list of devices.",
};

/* ---- remove ---- */

/* The boxes and the roster as they will be. */
struct parts {
	struct wr identity, settings, roster;
};

static enum err
make_parts(struct client *c, const struct client_person *person,
    const uint8_t device[PACT_DEVICE_ID_LEN], struct parts *p)
{
	struct client_session *s = &c->session;
	struct client_own_change change = { .without = device,
		.now_s = client_servers_now_s(c) };
	enum err err;

	TRY(client_enrol_identity_box(c, person, s->identity_version + 1,
	    &p->identity));
	TRY(client_enrol_settings_box(c, person->identity.data_key,
	    s->settings_version + 1, &p->settings));
	TRY(client_own_next(&s->own, &c->account, &change,
	    person->identity.seed, &p->roster));
out:
	return err;
}

enum err
client_devices_exclude(struct client *c, struct client_command *cmd,
    const uint8_t device[PACT_DEVICE_ID_LEN])
{
	struct client_session *s = &c->session;
	struct parts p = { wr_new(), wr_new(), wr_new() };
	struct client_person *person;
	struct wire_CHANGE m = { .parts = WIRE_PART_IDENTITY |
		    WIRE_PART_SETTINGS | WIRE_PART_ROSTER,
		.identity_version = s->identity_version + 1,
		.settings_version = s->settings_version + 1 };
	enum err err = ERR_OK;

	secret_free(cmd->person);
	cmd->person = secret_dup(secret_view(s->person));
	NEED(cmd->person != NULL, ERR_NOMEM);
	person = (struct client_person *)(void *)secret_bytes(cmd->person);
	client_random(c, person->identity.data_key, 32);
	REVEAL("data", person->identity.data_key);
	TRY(make_parts(c, person, device, &p));
	m.req = client_command_ask(c, cmd);
	m.identity_box = wr_bytes(&p.identity);
	m.settings_box = wr_bytes(&p.settings);
	m.roster = wr_bytes(&p.roster);
	client_channel_say(c, WIRE_CHANGE, &m);
	client_pins_begin(&c->pins);
	/* It is put back by the next login if the server does not take it. */
	TRY(client_own_take(&s->own, m.roster, &c->account, 0));
out:
	wr_free(&p.identity);
	wr_free(&p.settings);
	wr_free(&p.roster);
	return err;
}

void
client_devices_adopt(struct client *c, struct client_command *cmd)
{
	struct client_session *s = &c->session;
	struct client_person *person =
	    (struct client_person *)(void *)secret_bytes(cmd->person);

	client_pins_end(&c->pins, true);
	*client_session_person(s) = *person;
	memcpy(client_keys(c)->data_key, person->identity.data_key, 32);
	c->seen.identity = ++s->identity_version;
	c->seen.settings = ++s->settings_version;
	if (s->own.roster->version > c->seen.roster)
		c->seen.roster = s->own.roster->version;
}

static void
finish(struct client *c, struct client_command *cmd, enum err err)
{
	struct client_report r = client_report_local(err,
	    "The device was not removed.");

	client_command_done(c, cmd, &r);
}

static void
start_remove(struct client *c, struct client_command *cmd)
{
	struct client_report r;
	enum err err;

	if (client_own_find(&c->session.own, cmd->device) == NULL) {
		r = client_report_make(SOTTO_NOT_THERE,
		    "The account has no device with this number.",
		    "See devices.", "No device was removed.");
		client_command_done(c, cmd, &r);
		return;
	}
	if (memcmp(cmd->device, c->account.device, sizeof cmd->device) == 0) {
		r = client_report_make(SOTTO_USAGE,
		    "It is this machine.", "Use logout --forget for that.",
		    "No device was removed.");
		client_command_done(c, cmd, &r);
		return;
	}
	err = client_devices_exclude(c, cmd, cmd->device);
	if (err != ERR_OK)
		finish(c, cmd, err);
}

static void
on_sealed(struct client *c, enum err err)
{
	client_command_sealed(c, CLIENT_COMMAND_REMOVE, err);
}

static enum err
answer_remove(struct client *c, struct client_command *cmd,
    enum wire_type type, const void *message)
{
	enum err err;

	(void)message;
	if (type != WIRE_DONE)
		return ERR_STATE;
	client_devices_adopt(c, cmd);
	cmd->phase = CLIENT_PHASE_NEW;
	cmd->req = 0;
	err = client_enrol_seal(c, on_sealed);
	if (err != ERR_OK)
		finish(c, cmd, err);
	return ERR_OK;
}

static void
refused_remove(struct client *c, struct client_command *cmd,
    const struct wire_ERROR *error)
{
	struct client_report r;

	client_pins_end(&c->pins, false);
	if (error->code == WIRE_ERROR_CONFLICT && cmd->tries++ < TRIES) {
		/* Another device was first: log in anew, and see. */
		cmd->step = CLIENT_STEP_WAITING;
		client_session_again(c, CLIENT_GOAL_PASSWORD);
		return;
	}
	r = client_report_error(error, "The device was not removed.");
	client_command_done(c, cmd, &r);
}

const struct client_command_kind client_devices_remove = {
	.needs_person = true,
	.is_writer = true,
	.start = start_remove,
	.answer = answer_remove,
	.refused = refused_remove,
	.failed = "The device was not removed.",
};
