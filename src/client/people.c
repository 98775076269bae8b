#include "client/people.h"

#include "base/hex.h"
#include "base/rd.h"
#include "client/command.h"
#include "client/core.h"
#include "client/line.h"
#include "client/safety.h"
#include "text/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A list longer than this is not for people. */
#define LIST_MAX (8U * 1024 * 1024)

enum client_trust
client_people_read(const struct client *c, const struct wire_name *name,
    struct bytes bytes, struct pact_roster *roster)
{
	const struct client_pin *pin = client_pins_get(&c->pins, name);

	if (pact_roster_read(bytes, roster) != ERR_OK ||
	    !wire_name_equal(&roster->name, name))
		return CLIENT_TRUST_BROKEN;
	if (pin == NULL)
		return CLIENT_TRUST_YES;
	if (memcmp(pin->identity, roster->identity, sizeof pin->identity) !=
	    0)
		return PLANTED(PLANT_PIN_OVERWRITTEN) ? CLIENT_TRUST_YES :
							CLIENT_TRUST_CHANGED;
	if (roster->version < pin->roster_version &&
	    !PLANTED(PLANT_ROSTER_ROLLBACK))
		return CLIENT_TRUST_OLDER;
	return CLIENT_TRUST_YES;
}

bool
client_people_peer(const struct client *c, const struct pact_roster *roster,
    const uint8_t device[PACT_DEVICE_ID_LEN], struct client_peer *peer)
{
	const struct pact_roster_entry *entry = pact_roster_find(roster,
	    device, client_lenient_now_s(c));

	if (entry == NULL)
		return false;
	peer->name = roster->name;
	memcpy(peer->identity, roster->identity, sizeof peer->identity);
	memcpy(peer->device, entry->id, sizeof peer->device);
	memcpy(peer->link_key, entry->link_key, sizeof peer->link_key);
	peer->roster_version = roster->version;
	return true;
}

struct client_report
client_people_alarm(struct client *c, const struct wire_name *name,
    enum client_trust trust)
{
	struct client_report r;

	if (trust == CLIENT_TRUST_CHANGED)
		r = client_report_make(SOTTO_KEY_CHANGED,
		    "It is another one than this account knows: a new"
		    " beginning after a reset, or somebody in the middle.",
		    "Compare safety numbers over another way, then use"
		    " verify --confirm.",
		    "The identity key of %s has changed.", name->s);
	else if (trust == CLIENT_TRUST_OLDER)
		r = client_report_make(SOTTO_KEY_CHANGED,
		    "The server shows one that is older than what was seen"
		    " before; a removed device may hide behind that.",
		    "Do not trust this server before its operator has"
		    " explained it.",
		    "The list of devices of %s was turned back.", name->s);
	else
		r = client_report_make(SOTTO_KEY_CHANGED,
		    "It is malformed, or not signed by the identity key.",
		    "Do not trust this server before its operator has"
		    " explained it.",
		    "The list of devices of %s is not to be believed.",
		    name->s);
	client_report_notice(c, &r);
	return r;
}

void
client_people_note(struct client *c, const struct wire_name *name,
    const uint8_t identity[32], uint64_t roster_version)
{
	const struct client_pin *old = client_pins_get(&c->pins, name);
	struct client_pin pin = { .name = *name,
		.roster_version = roster_version };
	struct client_report r;

	if (old != NULL) {
		if (memcmp(old->identity, identity, 32) != 0 ||
		    old->roster_version >= roster_version)
			return;
		pin = *old;
		pin.roster_version = roster_version;
	}
	memcpy(pin.identity, identity, sizeof pin.identity);
	if (client_pins_set(&c->pins, &pin) == ERR_OK)
		return;
	r = client_report_make(SOTTO_FAILED, "There are too many pins.", "",
	    "The identity key of %s is not remembered.", name->s);
	client_report_notice(c, &r);
}

/* ---- whoami ---- */

static void
start_whoami(struct client *c, struct client_command *cmd)
{
	char server[WIRE_ADDRESS_TEXT_MAX];
	char identity[BASE64_LEN(32) + 1], device[HEX_LEN(16) + 1];
	struct sotto_event ev = { .type = SOTTO_ACCOUNT,
		.command = cmd->number };

	wire_address_print(server, &c->account.at);
	base64_encode(identity, BYTES_OF(c->account.identity));
	hex_encode(device, BYTES_OF(c->account.device));
	ev.account.name = c->account.name.s;
	ev.account.server = server;
	ev.account.identity = identity;
	ev.account.device = device;
	ev.account.is_verified_server = c->account.is_server_verified;
	c->effects.event(c->effects.ctx, &ev);
	client_command_ok(c, cmd);
}

const struct client_command_kind client_people_whoami = {
	.start = start_whoami,
};

/* ---- list ---- */

static void
show_person(struct client *c, struct client_command *cmd,
    const struct wire_person *person)
{
	struct sotto_event ev = { .type = SOTTO_PERSON,
		.command = cmd->number };

	ev.person.name = person->name.s;
	ev.person.status = (enum sotto_status)person->status;
	ev.person.devices = person->devices;
	ev.person.is_you = wire_name_equal(&person->name, &c->account.name);
	ev.person.pin = client_pins_judge(&c->pins, &person->name,
	    person->identity);
	if (ev.person.is_you)
		ev.person.pin = memcmp(person->identity, c->account.identity,
		    sizeof person->identity) == 0 ?
		    SOTTO_PIN_VERIFIED : SOTTO_PIN_CHANGED;
	c->effects.event(c->effects.ctx, &ev);
}

static void
start_list(struct client *c, struct client_command *cmd)
{
	struct wire_LIST m = { .req = client_command_ask(c, cmd) };

	client_channel_say(c, WIRE_LIST, &m);
}

static enum err
answer_list(struct client *c, struct client_command *cmd,
    enum wire_type type, const void *message)
{
	const struct wire_PEOPLE *m = message;
	struct wire_person person;
	struct rd r;

	if (type != WIRE_PEOPLE || m->is_last > 1 ||
	    m->entries.n > LIST_MAX - cmd->gathered.n)
		return ERR_DECODE;
	for (r = rd_init(m->entries); r.n > 0 && r.err == ERR_OK;) {
		wire_person_get(&r, &person);
		if (person.status > WIRE_STATUS_INVISIBLE)
			rd_fail(&r, ERR_DECODE);
	}
	if (r.err != ERR_OK)
		return ERR_DECODE;
	wr_put(&cmd->gathered, m->entries);
	if (wr_done(&cmd->gathered) != ERR_OK)
		return ERR_NOMEM;
	if (!m->is_last) {
		uint32_t req = cmd->req;

		(void)client_command_ask(c, cmd);
		cmd->req = req;
		return ERR_OK;
	}
	for (r = rd_init(wr_bytes(&cmd->gathered)); r.n > 0;) {
		wire_person_get(&r, &person);
		show_person(c, cmd, &person);
	}
	client_command_ok(c, cmd);
	return ERR_OK;
}

const struct client_command_kind client_people_list = {
	.start = start_list,
	.answer = answer_list,
	.failed = "There is no list.",
};

void
client_people_on_presence(struct client *c, const struct wire_PRESENCE *m)
{
	struct sotto_event ev = { .type = SOTTO_PRESENCE };

	ev.person.name = m->name.s;
	ev.person.status = (enum sotto_status)m->status;
	ev.person.pin = client_pins_judge(&c->pins, &m->name, NULL);
	ev.person.is_you = wire_name_equal(&m->name, &c->account.name);
	c->effects.event(c->effects.ctx, &ev);
}

/* ---- status ---- */

static void
start_status(struct client *c, struct client_command *cmd)
{
	struct wire_STATUS_SET m = { .req = client_command_ask(c, cmd),
		.status = (uint8_t)cmd->status };

	client_channel_say(c, WIRE_STATUS_SET, &m);
}

static enum err
answer_status(struct client *c, struct client_command *cmd,
    enum wire_type type, const void *message)
{
	(void)message;
	if (type != WIRE_DONE)
		return ERR_STATE;
	client_command_ok(c, cmd);
	return ERR_OK;
}

const struct client_command_kind client_people_status = {
	.start = start_status,
	.answer = answer_status,
	.failed = "The status was not set.",
};

/* ---- verify ---- */

static void
start_verify(struct client *c, struct client_command *cmd)
{
	struct wire_PERSON_GET m = { .req = client_command_ask(c, cmd),
		.name = cmd->name };

	client_channel_say(c, WIRE_PERSON_GET, &m);
}

static void
show_safety(struct client *c, struct client_command *cmd,
    const uint8_t identity[32])
{
	struct client_safety_side us = { &c->account.name,
		c->account.identity };
	struct client_safety_side them = { &cmd->name, identity };
	char number[CLIENT_SAFETY_TEXT];
	struct sotto_event ev = { .type = SOTTO_SAFETY,
		.command = cmd->number };
	char *qr;

	client_safety_number(&us, &them, number);
	qr = text_qr(number);
	ev.safety.name = cmd->name.s;
	ev.safety.number = number;
	ev.safety.pin = client_pins_judge(&c->pins, &cmd->name, identity);
	ev.safety.qr = qr;
	c->effects.event(c->effects.ctx, &ev);
	free(qr);
}

/* A person has compared the numbers: this key is it, from now on. */
static enum err
confirm(struct client *c, struct client_command *cmd,
    const struct pact_roster *roster)
{
	struct client_pin pin = { .name = cmd->name, .is_verified = true,
		.roster_version = roster->version };

	memcpy(pin.identity, roster->identity, sizeof pin.identity);
	return client_pins_set(&c->pins, &pin);
}

static enum err
answer_verify(struct client *c, struct client_command *cmd,
    enum wire_type type, const void *message)
{
	const struct wire_PERSON *m = message;
	struct pact_roster roster;
	struct client_report r;
	enum client_trust trust;

	if (type != WIRE_PERSON || !wire_name_equal(&m->name, &cmd->name))
		return ERR_STATE;
	trust = client_people_read(c, &cmd->name, m->roster, &roster);
	if (trust != CLIENT_TRUST_BROKEN &&
	    memcmp(roster.identity, m->identity, sizeof m->identity) != 0)
		trust = CLIENT_TRUST_BROKEN;
	if (trust == CLIENT_TRUST_BROKEN || trust == CLIENT_TRUST_OLDER) {
		r = client_people_alarm(c, &cmd->name, trust);
		client_command_done(c, cmd, &r);
		return ERR_OK;
	}
	if (cmd->confirms && confirm(c, cmd, &roster) != ERR_OK) {
		r = client_report_local(ERR_LIMIT, "It is not remembered.");
		client_command_done(c, cmd, &r);
		return ERR_OK;
	}
	if (cmd->confirms) {
		/* It is done when the pin is where it is kept. */
		wr_put(&cmd->gathered, BYTES_OF(roster.identity));
		cmd->req = 0;
		cmd->phase = CLIENT_PHASE_UNSURE;
		c->session.pins_rest = false;
		return wr_done(&cmd->gathered);
	}
	show_safety(c, cmd, roster.identity);
	client_command_ok(c, cmd);
	return ERR_OK;
}

void
client_people_confirmed(struct client *c, const struct client_report *report)
{
	struct client_command *cmd;

	if (report == NULL && !client_pins_are_written(&c->pins))
		return;
	while ((cmd = client_command_unsure(c, CLIENT_COMMAND_VERIFY)) !=
	    NULL) {
		if (report != NULL) {
			client_command_done(c, cmd, report);
			continue;
		}
		show_safety(c, cmd, wr_bytes(&cmd->gathered).p);
		client_command_ok(c, cmd);
	}
}

static void
refused_verify(struct client *c, struct client_command *cmd,
    const struct wire_ERROR *error)
{
	struct client_report r = client_report_error(error, "");

	(void)snprintf(r.what, sizeof r.what, "There is no key of %s.",
	    cmd->name.s);
	client_command_done(c, cmd, &r);
}

const struct client_command_kind client_people_verify = {
	.start = start_verify,
	.answer = answer_verify,
	.refused = refused_verify,
	.failed = "There is no safety number.",
};
