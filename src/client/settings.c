#include "client/command.h"
#include "client/core.h"
#include "client/enrol.h"
#include "client/people.h"

/* Devices that write their pins at once come to an end. */
#define TRIES 8

/* How long pins rest that the server could not write down. */
#define REST_MS 60000

/* What is not written now is written in the next session. */
static void
give_up(struct client *c, const struct client_report *report)
{
	client_report_notice(c, report);
	client_session_fail(c, report);
}

static void
start_write(struct client *c, struct client_command *cmd)
{
	struct wr box = wr_new();
	struct wire_CHANGE m = { .parts = WIRE_PART_SETTINGS,
		.settings_version = c->session.settings_version + 1 };
	struct client_report r;
	enum err err;

	TRY(client_enrol_settings_box(c, client_keys(c)->data_key,
	    m.settings_version, &box));
	NEED(box.n <= WIRE_SETTINGS_BOX_MAX, ERR_LIMIT);
	m.req = client_command_ask(c, cmd);
	m.settings_box = wr_bytes(&box);
	client_channel_say(c, WIRE_CHANGE, &m);
	client_pins_begin(&c->pins);
out:
	wr_free(&box);
	if (err != ERR_OK) {
		r = client_report_local(err, "The pins were not written.");
		give_up(c, &r);
	}
}

/* What another device has written meanwhile. */
static enum err
merge(struct client *c, struct client_command *cmd,
    const struct wire_SETTINGS *m)
{
	struct client_pins theirs = { 0 };
	struct wr plain = wr_new();
	enum err err = ERR_OK;

	NEED(m->settings_version >= c->seen.settings, ERR_ROLLBACK);
	TRY(client_box_open_settings(m->settings_box, &c->account,
	    client_keys(c)->data_key, m->settings_version, &plain));
	TRY(client_pins_read(&theirs, wr_bytes(&plain)));
	TRY(client_pins_merge(&c->pins, &theirs));
	c->session.settings_version = m->settings_version;
	start_write(c, cmd);
out:
	client_pins_free(&theirs);
	wr_free(&plain);
	return err;
}

static void
note_version(struct client *c)
{
	uint64_t version = ++c->session.settings_version;

	if (version <= c->seen.settings)
		return;
	c->seen.settings = version;
	client_vault_put_seen(c);
}

static enum err
answer_write(struct client *c, struct client_command *cmd,
    enum wire_type type, const void *message)
{
	struct client_report r;
	enum err err;

	if (type == WIRE_DONE) {
		client_pins_end(&c->pins, true);
		note_version(c);
		client_command_ok(c, cmd);
		return ERR_OK;
	}
	if (type != WIRE_SETTINGS)
		return ERR_STATE;
	err = merge(c, cmd, message);
	if (err == ERR_OK)
		return ERR_OK;
	r = client_report_make(SOTTO_KEY_CHANGED, err == ERR_ROLLBACK ?
		"The server shows an older settings box than before." :
		"The settings box at the server does not open.",
	    "If another device was removed, start again; else do not trust"
	    " this server before its operator has explained it.",
	    "The pins were not written.");
	give_up(c, &r);
	return ERR_OK;
}

static void
on_rested(struct timer *t, void *ctx)
{
	struct client *c = ctx;

	(void)t;
	c->session.pins_rest = false;
}

/* A server whose disk is full is good for everything else. Who only came to
 * do one thing hears that it is not done; who stays tries again later. */
static void
rest(struct client *c, struct client_command *cmd,
    const struct client_report *report)
{
	client_report_notice(c, report);
	client_people_confirmed(c, report);
	c->session.pins_rest = true;
	c->session.pins_timer.fire = on_rested;
	client_arm(c, &c->session.pins_timer, REST_MS);
	client_command_done(c, cmd, report);
}

static void
refused_write(struct client *c, struct client_command *cmd,
    const struct wire_ERROR *error)
{
	struct wire_SETTINGS_GET m;
	struct client_report r;

	client_pins_end(&c->pins, false);
	if (error->code == WIRE_ERROR_CONFLICT && cmd->tries++ < TRIES) {
		m.req = client_command_ask(c, cmd);
		client_channel_say(c, WIRE_SETTINGS_GET, &m);
		return;
	}
	r = client_report_error(error, "The pins were not written.");
	if (error->code == WIRE_ERROR_STORE && client_command_hosts(c))
		rest(c, cmd, &r);
	else
		give_up(c, &r);
}

const struct client_command_kind client_settings_write = {
	.is_writer = true,
	.start = start_write,
	.answer = answer_write,
	.refused = refused_write,
	.failed = "The pins were not written.",
};
