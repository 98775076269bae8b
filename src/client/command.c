#include "client/command.h"

#include "client/core.h"
#include "client/logout.h"
#include "client/passwd.h"
#include "client/people.h"

#include <stdlib.h>
#include <string.h>

/* An answer that takes longer does not come. Questions to a person have
 * their own time. */
#define ANSWER_MS 30000

static void
start_host(struct client *c, struct client_command *cmd)
{
	(void)c;
	(void)cmd;
}

/* REGISTER and LOGIN: that there is a session is all that they want. */
static void
start_login(struct client *c, struct client_command *cmd)
{
	client_command_ok(c, cmd);
}

static const struct client_command_kind login_kind = { .start = start_login };
static const struct client_command_kind host_kind = { .start = start_host };

static const struct client_command_kind *const kinds[CLIENT_COMMANDS] = {
	[CLIENT_COMMAND_REGISTER] = &login_kind,
	[CLIENT_COMMAND_LOGIN] = &login_kind,
	[CLIENT_COMMAND_HOST] = &host_kind,
	[CLIENT_COMMAND_WHOAMI] = &client_people_whoami,
	[CLIENT_COMMAND_LIST] = &client_people_list,
	[CLIENT_COMMAND_STATUS] = &client_people_status,
	[CLIENT_COMMAND_DEVICES] = &client_devices_list,
	[CLIENT_COMMAND_REMOVE] = &client_devices_remove,
	[CLIENT_COMMAND_VERIFY] = &client_people_verify,
	[CLIENT_COMMAND_PASSWD] = &client_passwd_kind,
	[CLIENT_COMMAND_LOGOUT] = &client_logout_kind,
	[CLIENT_COMMAND_CALL] = &client_call_kind,
	[CLIENT_COMMAND_SETTINGS] = &client_settings_write,
};

#define EACH_COMMAND(c, cmd)                                                  \
	for (struct client_command *cmd = first_of(c); cmd != NULL;           \
	     cmd = after(c, cmd))

static struct client_command *
first_of(const struct client *c)
{
	struct link *at = list_first(&c->commands);

	return at == NULL ? NULL : LIST_ITEM(at, struct client_command, link);
}

static struct client_command *
after(const struct client *c, const struct client_command *cmd)
{
	return cmd->link.next == &c->commands ?
	    NULL : LIST_ITEM(cmd->link.next, struct client_command, link);
}

struct client_command *
client_command_new(struct client *c, enum client_command_type type)
{
	struct client_command *cmd = calloc(1, sizeof *cmd);

	if (cmd == NULL)
		return NULL;
	cmd->type = type;
	cmd->client = c;
	cmd->gathered = wr_new();
	if (type == CLIENT_COMMAND_SETTINGS) {
		list_push_front(&c->commands, &cmd->link);
		return cmd;
	}
	cmd->number = ++c->next_command;
	list_push_back(&c->commands, &cmd->link);
	return cmd;
}

struct client_command *
client_command_find(const struct client *c, enum client_command_type type)
{
	EACH_COMMAND (c, cmd)
		if (cmd->type == type && (type == CLIENT_COMMAND_HOST ||
		    cmd->step == CLIENT_STEP_RUNNING))
			return cmd;
	return NULL;
}

struct client_command *
client_command_unsure(const struct client *c, enum client_command_type type)
{
	EACH_COMMAND (c, cmd)
		if (cmd->type == type && cmd->phase == CLIENT_PHASE_UNSURE)
			return cmd;
	return NULL;
}

static void
command_free(struct client *c, struct client_command *cmd)
{
	wheel_cancel(&c->wheel, &cmd->timer);
	client_call_stop(c, cmd);
	list_remove(&cmd->link);
	secret_free(cmd->password);
	secret_free(cmd->opaque);
	secret_free(cmd->person);
	wr_free(&cmd->gathered);
	bytes_wipe(cmd, sizeof *cmd);
	free(cmd);
}

void
client_command_free_all(struct client *c)
{
	while (first_of(c) != NULL)
		command_free(c, first_of(c));
}

void
client_command_done(struct client *c, struct client_command *cmd,
    const struct client_report *report)
{
	struct client_report copy = *report;
	struct sotto_event ev = { .type = SOTTO_DONE,
		.command = cmd->number };

	command_free(c, cmd);
	ev.error = client_report_view(&copy);
	if (ev.command != 0)
		c->effects.event(c->effects.ctx, &ev);
}

void
client_command_ok(struct client *c, struct client_command *cmd)
{
	struct client_report ok = client_report_ok();

	client_command_done(c, cmd, &ok);
}

/* A server that leaves a request without an answer is of no more use. */
static void
on_no_answer(struct timer *t, void *ctx)
{
	struct client_command *cmd =
	    (struct client_command *)((uintptr_t)t -
		offsetof(struct client_command, timer));
	struct client_report r = client_report_make(SOTTO_NO_SERVER,
	    "The server did not answer in time.", "Try again.", "%s",
	    kinds[cmd->type]->failed);

	client_session_fail(ctx, &r);
}

uint32_t
client_command_ask(struct client *c, struct client_command *cmd)
{
	cmd->req = ++c->next_req;
	cmd->timer.fire = on_no_answer;
	client_arm(c, &cmd->timer, ANSWER_MS);
	return cmd->req;
}

void
client_command_sealed(struct client *c, enum client_command_type type,
    enum err err)
{
	struct client_report r = client_report_local(err,
	    "The server has made the change, but the keyring could not be"
	    " sealed.");

	struct client_command *cmd = client_command_find(c, type);

	if (cmd == NULL)
		return;
	cmd->step = CLIENT_STEP_SAVING;
	if (err != ERR_OK)
		client_command_done(c, cmd, &r);
}

/* ---- answers ---- */

enum err
client_command_answer(struct client *c, enum wire_type type,
    const void *message)
{
	const struct wire_ERROR *error = message;
	uint32_t req;

	/* Every answer begins with the number of its request. */
	memcpy(&req, message, sizeof req);
	EACH_COMMAND (c, cmd) {
		const struct client_command_kind *kind = kinds[cmd->type];

		if (req == 0 || cmd->req != req)
			continue;
		wheel_cancel(&c->wheel, &cmd->timer);
		if (type != WIRE_ERROR)
			return kind->answer == NULL ?
			    ERR_STATE : kind->answer(c, cmd, type, message);
		if (kind->refused != NULL) {
			kind->refused(c, cmd, error);
		} else {
			struct client_report r = client_report_error(error,
			    kind->failed);

			client_command_done(c, cmd, &r);
		}
		return ERR_OK;
	}
	/* Nobody waits for it any more. */
	return ERR_OK;
}

/* ---- what the session asks ---- */

bool
client_command_hosts(const struct client *c)
{
	EACH_COMMAND (c, cmd)
		if (cmd->type == CLIENT_COMMAND_HOST)
			return true;
	return false;
}

bool
client_command_forgets(const struct client *c)
{
	EACH_COMMAND (c, cmd)
		if (cmd->type == CLIENT_COMMAND_LOGOUT &&
		    cmd->scope == SOTTO_LOGOUT_FORGET)
			return true;
	return false;
}

bool
client_command_wants_session(const struct client *c)
{
	EACH_COMMAND (c, cmd) {
		if (cmd->step == CLIENT_STEP_WAITING)
			return true;
		if (cmd->type == CLIENT_COMMAND_HOST &&
		    c->session.state == CLIENT_SESSION_NONE)
			return true;
	}
	return false;
}

static bool
needs_person(const struct client_command *cmd)
{
	return kinds[cmd->type]->needs_person ||
	    (cmd->type == CLIENT_COMMAND_LOGOUT &&
		cmd->scope == SOTTO_LOGOUT_FORGET);
}

/* Whether a command has to wait for another kind of session than this. */
static bool
is_stuck(const struct client *c, const struct client_command *cmd)
{
	if (cmd->type == CLIENT_COMMAND_HOST)
		return !(c->session.mode & WIRE_MODE_HOSTS);
	return needs_person(cmd) && c->session.person == NULL;
}

bool
client_command_wants_other_session(const struct client *c)
{
	bool is_wanted = false;

	EACH_COMMAND (c, cmd) {
		if (cmd->step == CLIENT_STEP_WAITING && is_stuck(c, cmd))
			is_wanted = true;
		else if (cmd->type != CLIENT_COMMAND_HOST)
			return false;
	}
	return is_wanted;
}

enum client_goal
client_command_goal(struct client *c, uint8_t code[WIRE_CODE_LEN])
{
	EACH_COMMAND (c, cmd) {
		if (cmd->step != CLIENT_STEP_WAITING)
			continue;
		if (cmd->type == CLIENT_COMMAND_REGISTER ||
		    cmd->type == CLIENT_COMMAND_LOGIN) {
			bool is_known = memcmp(cmd->server_key,
			    (uint8_t[WIRE_KEY_LEN]){ 0 }, WIRE_KEY_LEN) != 0;

			c->account.name = cmd->name;
			c->account.at = cmd->at;
			if (is_known || !c->has_account) {
				memcpy(c->account.server_key, cmd->server_key,
				    WIRE_KEY_LEN);
				c->account.is_server_verified = is_known;
			}
			memcpy(code, cmd->code, WIRE_CODE_LEN);
			return cmd->type == CLIENT_COMMAND_LOGIN ?
			    CLIENT_GOAL_ENROL : CLIENT_GOAL_REGISTER;
		}
		if (needs_person(cmd))
			return CLIENT_GOAL_PASSWORD;
	}
	return CLIENT_GOAL_DEVICE;
}

/* ---- starting and ending ---- */

/* Whether cmd, with what stands before it, may start now. */
static bool
may_start(const struct client *c, const struct client_command *cmd)
{
	bool is_writer = kinds[cmd->type]->is_writer;

	if (is_stuck(c, cmd))
		return false;
	EACH_COMMAND (c, other) {
		if (other == cmd)
			return true;
		if (other->type == CLIENT_COMMAND_HOST)
			continue;
		if (cmd->type == CLIENT_COMMAND_LOGOUT ||
		    other->type == CLIENT_COMMAND_LOGOUT ||
		    (is_writer && kinds[other->type]->is_writer))
			return false;
	}
	return true;
}

/* Starts the first that can start; returns whether there was one. */
static bool
start_one(struct client *c)
{
	EACH_COMMAND (c, cmd) {
		if (cmd->step != CLIENT_STEP_WAITING || !may_start(c, cmd))
			continue;
		cmd->step = CLIENT_STEP_RUNNING;
		kinds[cmd->type]->start(c, cmd);
		return true;
	}
	return false;
}

/* Ends the first whose files are written. */
static bool
end_one(struct client *c)
{
	EACH_COMMAND (c, cmd) {
		struct client_report r = client_report_make(SOTTO_UNAVAILABLE,
		    "The account's files could not be written.",
		    "Check the disk and the permissions of the folder.",
		    "The server has made the change, this machine has not.");

		if (cmd->step != CLIENT_STEP_SAVING)
			continue;
		if (client_vault_take(&c->vault) == ERR_OK)
			r = client_report_ok();
		client_command_done(c, cmd, &r);
		return true;
	}
	return false;
}

/* The identity is kept only while somebody waits who needs it. */
static void
forget_person(struct client *c)
{
	EACH_COMMAND (c, cmd)
		if (needs_person(cmd))
			return;
	secret_free(c->session.person);
	c->session.person = NULL;
}

void
client_command_settle(struct client *c)
{
	while (client_vault_is_idle(&c->vault) && end_one(c))
		;
	if (c->session.state != CLIENT_SESSION_READY)
		return;
	client_people_confirmed(c, NULL);
	if (client_pins_are_changed(&c->pins) && !c->session.pins_rest &&
	    (first_of(c) == NULL ||
		first_of(c)->type != CLIENT_COMMAND_SETTINGS))
		(void)client_command_new(c, CLIENT_COMMAND_SETTINGS);
	while (c->session.state == CLIENT_SESSION_READY &&
	    !c->session.is_failed && !c->session.wants_again && start_one(c))
		;
	if (c->session.state == CLIENT_SESSION_READY)
		forget_person(c);
}

/* ---- a session has failed ---- */

/* A command that goes on in the next session. */
static bool
survives(struct client *c, struct client_command *cmd,
    const struct client_report *report, bool may_retry)
{
	/* The server has made the change; what is left is to be done here. */
	if (cmd->step == CLIENT_STEP_SAVING)
		return true;
	if (cmd->phase == CLIENT_PHASE_NEW &&
	    (cmd->type == CLIENT_COMMAND_PASSWD ||
		cmd->type == CLIENT_COMMAND_REMOVE))
		return true;
	if (cmd->type == CLIENT_COMMAND_PASSWD)
		return client_passwd_survives(c, cmd, report);
	if (cmd->type == CLIENT_COMMAND_LOGOUT)
		return client_logout_survives(c, cmd);
	return cmd->type == CLIENT_COMMAND_HOST && may_retry &&
	    cmd->step == CLIENT_STEP_RUNNING;
}

bool
client_command_fail_all(struct client *c, const struct client_report *report,
    bool may_retry)
{
	bool is_hosting = false;
	struct link keep;

	list_init(&keep);
	while (first_of(c) != NULL) {
		struct client_command *cmd = first_of(c);

		if (survives(c, cmd, report, may_retry)) {
			list_remove(&cmd->link);
			list_push_back(&keep, &cmd->link);
			is_hosting |= cmd->type == CLIENT_COMMAND_HOST;
		} else {
			client_command_done(c, cmd, report);
		}
	}
	while (list_first(&keep) != NULL) {
		struct link *at = list_first(&keep);

		list_remove(at);
		list_push_back(&c->commands, at);
	}
	return is_hosting;
}
