#include "client/client.h"

#include "client/command.h"
#include "client/core.h"
#include "client/introduction.h"
#include "client/line.h"
#include "client/texts.h"
#include "client/work.h"
#include "text/text.h"

#include <stdlib.h>
#include <string.h>

/* Connections that others may have open to us. */
#define CONNS_MAX 64

void
client_arm(struct client *c, struct timer *t, uint64_t in_ms)
{
	(void)!wheel_arm(&c->wheel, t, client_now_ms(c) + in_ms);
}

enum err
client_new(const struct client_options *options,
    const struct client_files *files, const struct env *env,
    const struct client_effects *effects, struct client **out)
{
	struct client *c = calloc(1, sizeof *c);
	struct bytes account;
	enum err err = ERR_OK;

	NEED(c != NULL, ERR_NOMEM);
	c->options = *options;
	c->env = *env;
	c->effects = *effects;
	c->wheel = wheel_init();
	c->told_ms = WHEEL_NEVER;
	list_init(&c->works);
	list_init(&c->commands);
	list_init(&c->conns);
	list_init(&c->lines);
	list_init(&c->introductions);
	c->channel.pending = wr_new();
	c->channel.first_record = wr_new();
	c->session.own.bytes = wr_new();
	c->session.farewell = wr_new();
	TRY(noise_pattern_parse(&c->channel_pattern, PACT_CHANNEL_PROTOCOL));
	TRY(noise_pattern_parse(&c->line_pattern, PACT_LINE_PROTOCOL));
	TRY(client_vault_init(&c->vault, files));
	account = client_vault_get(&c->vault, CLIENT_FILE_ACCOUNT);
	if (account.n > 0) {
		TRY(client_account_read(account, &c->account));
		c->has_account = true;
	}
	*out = c;
	c = NULL;
out:
	client_free(c);
	return err;
}

void
client_free(struct client *c)
{
	if (c == NULL)
		return;
	/* Nobody is told of anything any more. */
	c->channel.state = CLIENT_CHANNEL_NONE;
	c->channel.conn = NULL;
	LIST_EACH_SAFE (at, &c->conns)
		client_conn_free(LIST_ITEM(at, struct client_conn, link));
	LIST_EACH (at, &c->lines)
		LIST_ITEM(at, struct client_line, link)->conn = NULL;
	client_command_free_all(c);
	client_line_free_all(c);
	LIST_EACH (at, &c->introductions)
		LIST_ITEM(at, struct client_introduction, link)->is_accepted =
		    true;
	client_introduction_clear(c);
	client_session_drop(c);
	client_work_free(c);
	client_vault_free(&c->vault);
	client_pins_free(&c->pins);
	secret_free(c->password);
	secret_free(c->keys);
	wheel_free(&c->wheel);
	bytes_wipe(c, sizeof *c);
	free(c);
}

/* ---- commands ---- */

enum err
client_set_password(struct client *c, struct bytes password)
{
	struct secret *copy = secret_dup(password);

	if (copy == NULL)
		return ERR_NOMEM;
	secret_free(c->password);
	c->password = copy;
	return ERR_OK;
}

/* Queues a command. Without memory for it, it ends at once. */
static struct client_command *
queue(struct client *c, enum client_command_type type, uint32_t *number)
{
	struct client_command *cmd = client_command_new(c, type);
	struct client_report r = client_report_local(ERR_NOMEM,
	    "The command was not started.");
	struct sotto_event ev = { .type = SOTTO_DONE };

	*number = cmd != NULL ? cmd->number : ++c->next_command;
	if (cmd == NULL) {
		ev.command = *number;
		ev.error = client_report_view(&r);
		c->effects.event(c->effects.ctx, &ev);
	}
	return cmd;
}

static uint32_t
queue_plain(struct client *c, enum client_command_type type)
{
	uint32_t number;

	(void)queue(c, type, &number);
	return number;
}

static uint32_t
queue_name(struct client *c, enum client_command_type type,
    const struct wire_name *name)
{
	uint32_t number;
	struct client_command *cmd = queue(c, type, &number);

	if (cmd != NULL)
		cmd->name = *name;
	return number;
}

static void
refuse(struct client *c, struct client_command *cmd,
    enum sotto_outcome outcome, const char *why, const char *advice)
{
	struct client_report r = client_report_make(outcome, why, advice,
	    "That cannot be done.");

	client_command_done(c, cmd, &r);
}

/* Whether a new password is good enough; else the command is over. */
static bool
judge(struct client *c, struct client_command *cmd, struct bytes password,
    const struct client_account *account)
{
	const char *hints[] = { account->name.s, account->at.host, "sotto" };
	struct text_strength strength;
	struct client_report r;

	if (password.n < SOTTO_PASSWORD_MIN ||
	    password.n > SOTTO_PASSWORD_MAX) {
		refuse(c, cmd, SOTTO_WEAK_PASSWORD,
		    "A password has 8 to 1,024 bytes.",
		    "Take several words that have nothing to do with each"
		    " other.");
		return false;
	}
	text_judge(password, hints, sizeof hints / sizeof hints[0],
	    &strength);
	if (strength.is_enough)
		return true;
	r = client_report_make(SOTTO_WEAK_PASSWORD, strength.why,
	    "Take several words that have nothing to do with each other.",
	    "The password is too weak.");
	client_command_done(c, cmd, &r);
	return false;
}

uint32_t
client_register(struct client *c, const struct wire_link *link)
{
	uint32_t number;
	struct client_command *cmd = queue(c, CLIENT_COMMAND_REGISTER,
	    &number);
	struct client_account account = { .name = link->name,
		.at = link->at };

	if (cmd == NULL)
		return number;
	cmd->name = link->name;
	cmd->at = link->at;
	memcpy(cmd->server_key, link->server_key, sizeof cmd->server_key);
	memcpy(cmd->code, link->code, sizeof cmd->code);
	if (c->has_account)
		refuse(c, cmd, SOTTO_USAGE, "There is an account already.",
		    "Use another home, or logout --forget.");
	else if (c->password == NULL)
		refuse(c, cmd, SOTTO_NO_INPUT, "No password was given.", "");
	else
		(void)judge(c, cmd, secret_view(c->password), &account);
	return number;
}

uint32_t
client_login(struct client *c, const struct wire_name *name,
    const struct wire_address *at, const uint8_t *server_key)
{
	uint32_t number;
	struct client_command *cmd = queue(c, CLIENT_COMMAND_LOGIN, &number);

	if (cmd == NULL)
		return number;
	cmd->name = *name;
	cmd->at = *at;
	if (server_key != NULL)
		memcpy(cmd->server_key, server_key, sizeof cmd->server_key);
	if (c->has_account && !wire_name_equal(name, &c->account.name))
		refuse(c, cmd, SOTTO_USAGE, "This is another account.", "");
	return number;
}

uint32_t
client_host(struct client *c)
{
	return queue_plain(c, CLIENT_COMMAND_HOST);
}

uint32_t
client_whoami(struct client *c)
{
	return queue_plain(c, CLIENT_COMMAND_WHOAMI);
}

uint32_t
client_list(struct client *c)
{
	return queue_plain(c, CLIENT_COMMAND_LIST);
}

uint32_t
client_set_status(struct client *c, enum sotto_status status)
{
	uint32_t number;
	struct client_command *cmd = queue(c, CLIENT_COMMAND_STATUS, &number);

	if (cmd == NULL)
		return number;
	cmd->status = status;
	if (status != SOTTO_AVAILABLE && status != SOTTO_AWAY &&
	    status != SOTTO_INVISIBLE)
		refuse(c, cmd, SOTTO_USAGE,
		    "A status is available, away or invisible.", "");
	return number;
}

uint32_t
client_devices(struct client *c)
{
	return queue_plain(c, CLIENT_COMMAND_DEVICES);
}

uint32_t
client_remove_device(struct client *c, const uint8_t id[16])
{
	uint32_t number;
	struct client_command *cmd = queue(c, CLIENT_COMMAND_REMOVE, &number);

	if (cmd != NULL)
		memcpy(cmd->device, id, sizeof cmd->device);
	return number;
}

uint32_t
client_verify(struct client *c, const struct wire_name *name, bool confirm)
{
	uint32_t number;
	struct client_command *cmd = queue(c, CLIENT_COMMAND_VERIFY, &number);

	if (cmd == NULL)
		return number;
	cmd->name = *name;
	cmd->confirms = confirm;
	if (c->has_account && wire_name_equal(name, &c->account.name))
		refuse(c, cmd, SOTTO_USAGE, "That is you.", "");
	return number;
}

uint32_t
client_passwd(struct client *c, struct bytes password)
{
	uint32_t number;
	struct client_command *cmd = queue(c, CLIENT_COMMAND_PASSWD, &number);

	if (cmd == NULL || !judge(c, cmd, password, &c->account))
		return number;
	cmd->password = secret_dup(password);
	if (cmd->password == NULL)
		refuse(c, cmd, SOTTO_UNAVAILABLE, err_text(ERR_NOMEM), "");
	return number;
}

uint32_t
client_logout(struct client *c, enum sotto_logout scope)
{
	uint32_t number;
	struct client_command *cmd = queue(c, CLIENT_COMMAND_LOGOUT, &number);

	if (cmd != NULL)
		cmd->scope = scope;
	return number;
}

uint32_t
client_call(struct client *c, const struct wire_name *name)
{
	return queue_name(c, CLIENT_COMMAND_CALL, name);
}

/* ---- lines ---- */

enum err
client_answer(struct client *c, uint32_t session, bool accept)
{
	return client_introduction_answer(c, session, accept);
}

enum err
client_say(struct client *c, uint32_t session, struct bytes text,
    uint64_t *id)
{
	struct client_line *line = client_line_find(c, session);

	return line == NULL ? ERR_GONE : client_texts_say(line, text, id);
}

void
client_written(struct client *c, uint32_t session, uint64_t message)
{
	struct client_line *line = client_line_find(c, session);

	if (line != NULL)
		client_texts_written(line, message);
}

enum err
client_hang_up(struct client *c, uint32_t session)
{
	struct client_line *line = client_line_find(c, session);

	if (line == NULL)
		return ERR_GONE;
	client_line_close(line, WIRE_CLOSE_DONE);
	return ERR_OK;
}

/* ---- what happened outside ---- */

void
client_connected(struct client *c, client_link id,
    const struct wire_endpoint *local, const struct wire_endpoint *peer)
{
	struct client_conn *conn = client_conn_find(c, id);

	if (conn == NULL || conn->is_connected)
		return;
	conn->is_connected = true;
	conn->local = *local;
	conn->peer = *peer;
	if (conn->owner != NULL)
		conn->owner->connected(conn->ctx, conn);
}

client_link
client_accepted(struct client *c, const struct wire_endpoint *peer)
{
	struct client_line *line;
	size_t n = 0;

	LIST_EACH (at, &c->conns)
		n++;
	if (!c->is_listening || n >= CONNS_MAX ||
	    !client_session_is_logged_in(c))
		return 0;
	line = client_line_answer(c, SOTTO_PATH_DIRECT);
	if (line == NULL)
		return 0;
	line->conn = client_conn_new(c, &client_line_owner, line);
	if (line->conn == NULL) {
		client_line_cut(line, err_text(ERR_NOMEM));
		return 0;
	}
	line->conn->is_connected = true;
	line->conn->peer = *peer;
	return line->conn->id;
}

void
client_bytes(struct client *c, client_link id, struct bytes in)
{
	struct client_conn *conn = client_conn_find(c, id);

	if (conn != NULL && conn->owner != NULL)
		conn->owner->bytes(conn->ctx, in);
}

void
client_sent(struct client *c, client_link id, size_t n)
{
	struct client_conn *conn = client_conn_find(c, id);

	if (conn != NULL)
		client_conn_sent(conn, n);
}

void
client_closed(struct client *c, client_link id, enum err err)
{
	struct client_conn *conn = client_conn_find(c, id);
	const struct client_conn_owner *owner;
	void *ctx;

	if (conn == NULL)
		return;
	owner = conn->owner;
	ctx = conn->ctx;
	client_conn_free(conn);
	if (owner != NULL)
		owner->closed(ctx, err);
}

void
client_listening(struct client *c, const struct wire_endpoint *at, size_t n)
{
	c->listening_n = n < WIRE_ENDPOINTS_MAX ? n : WIRE_ENDPOINTS_MAX;
	for (size_t i = 0; i < c->listening_n; i++)
		c->listening[i] = at[i];
}

void
client_job_done(struct client *c, client_job job)
{
	if (job == c->solver.job)
		client_channel_on_solved(c);
	else
		client_work_finish(c, job);
}

void
client_saved(struct client *c, enum client_file file, enum err err,
    uint64_t generation, struct bytes content)
{
	client_vault_saved(c, file, err, generation, content);
}

/* A host accepts direct lines, unless its options forbid them. */
static void
settle_listening(struct client *c)
{
	bool wants = client_command_hosts(c) &&
	    (client_introduction_paths(c) & WIRE_PATH_DIRECT) != 0;

	if (wants == c->is_listening)
		return;
	c->is_listening = wants;
	c->listening_n = 0;
	c->effects.listen(c->effects.ctx, wants);
}

void
client_flush(struct client *c)
{
	uint64_t deadline;

	settle_listening(c);
	client_session_settle(c);
	client_command_settle(c);
	client_line_settle(c);
	/* What they have said may end them. */
	client_channel_flush(c);
	if (c->channel.state == CLIENT_CHANNEL_OVER || c->session.is_failed ||
	    c->session.is_over || c->session.wants_again)
		client_session_settle(c);
	client_channel_flush(c);
	deadline = wheel_deadline(&c->wheel);
	if (deadline == c->told_ms)
		return;
	c->told_ms = deadline;
	c->effects.deadline(c->effects.ctx, deadline);
}

void
client_tick(struct client *c)
{
	c->told_ms = WHEEL_NEVER;
	wheel_run(&c->wheel, client_now_ms(c), c);
}
