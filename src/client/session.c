#include "client/session.h"

#include "client/command.h"
#include "client/core.h"
#include "client/enrol.h"
#include "client/introduction.h"
#include "client/line.h"
#include "client/login.h"
#include "client/logout.h"
#include "client/work.h"

#include <string.h>

/* From the first connection to READY, whatever it waits for. */
#define LOGIN_MS 120000

/* A host's pauses grow from the first to the last. */
#define PAUSE_FIRST_MS 1000
#define PAUSE_LAST_MS  15000

bool
client_session_is_logged_in(const struct client *c)
{
	return c->session.key != NULL;
}

void
client_session_believe(struct client *c, const uint8_t identity[32])
{
	struct client_session *s = &c->session;

	s->former.is_set = true;
	memcpy(s->former.identity, c->account.identity,
	    sizeof s->former.identity);
	s->former.seen = c->seen;
	s->former.pins = c->pins;
	memcpy(c->account.identity, identity, sizeof c->account.identity);
	c->seen = (struct client_seen){ 0 };
	c->pins = (struct client_pins){ 0 };
}

void
client_session_confirmed(struct client *c)
{
	c->session.former.is_set = false;
	client_pins_free(&c->session.former.pins);
}

/* What was believed in vain is forgotten. */
static void
recall(struct client *c)
{
	struct client_session *s = &c->session;

	if (!s->former.is_set)
		return;
	memcpy(c->account.identity, s->former.identity,
	    sizeof c->account.identity);
	c->seen = s->former.seen;
	client_pins_free(&c->pins);
	c->pins = s->former.pins;
	s->former.is_set = false;
}

void
client_session_drop(struct client *c)
{
	struct client_session *s = &c->session;

	recall(c);
	client_work_forget(c, CLIENT_WORK_LOGIN);
	client_channel_close(c, WIRE_CLOSE_DONE);
	if (!PLANTED(PLANT_TICKET_OUTLIVES_SESSION))
		client_introduction_clear(c);
	client_pins_end(&c->pins, false);
	wheel_cancel(&c->wheel, &s->timer);
	wheel_cancel(&c->wheel, &s->pins_timer);
	secret_free(s->login);
	secret_free(s->key);
	secret_free(s->person);
	client_own_free(&s->own);
	wr_free(&s->farewell);
	bytes_wipe(s->code, sizeof s->code);
	*s = (struct client_session){ .attempts = s->attempts,
		.conflicts = s->conflicts, .has_new_keys = s->has_new_keys,
		.own = s->own,
		.farewell = wr_new() };
	c->lines_told = 0;
}

void
client_session_fail(struct client *c, const struct client_report *report)
{
	if (c->session.is_failed)
		return;
	c->session.is_failed = true;
	c->session.failure = *report;
}

void
client_session_again(struct client *c, enum client_goal goal)
{
	c->session.wants_again = true;
	c->session.goal = goal;
}

static void
on_login_timer(struct timer *t, void *ctx)
{
	struct client *c = ctx;
	struct client_report r = client_report_make(SOTTO_NO_SERVER,
	    "It took too long.", "Try again later.", "The login failed.");

	(void)t;
	client_session_fail(c, &r);
}

void
client_session_on_open(struct client *c)
{
	c->account.channel_version = WIRE_VERSION;
	client_login_start(c);
}

void
client_session_ready(struct client *c)
{
	struct client_session *s = &c->session;

	wheel_cancel(&c->wheel, &s->timer);
	s->state = CLIENT_SESSION_READY;
	s->attempts = 0;
	s->conflicts = 0;
	s->has_new_keys = false;
	c->has_account = true;
	client_report_state(c, SOTTO_STATE_ONLINE, 0, "");
}

/* ---- beginning ---- */

static void
connect_now(struct client *c)
{
	c->session.state = CLIENT_SESSION_CHANNEL;
	client_channel_open(c);
}

static void
fail_config(struct client *c, const char *why, const char *advice)
{
	struct client_report r = client_report_make(SOTTO_CONFIG, why, advice,
	    "The account's files are of no use.");

	client_session_fail(c, &r);
}

/* The keyring's key is there: try it. */
static void
on_keyring(struct client *c, enum err err, const uint8_t *stretched)
{
	struct client_session *s = &c->session;
	struct bytes in = client_vault_get(&c->vault, CLIENT_FILE_KEYRING);
	struct client_report r;

	if (err == ERR_OK) {
		c->keys = secret_new(sizeof(struct client_keys));
		err = c->keys == NULL ? ERR_NOMEM :
					client_keyring_open(in, &c->account,
					    stretched, client_keys(c));
	}
	if (err == ERR_OK) {
		/* What cannot be opened is lost, or another device's: what
		 * was seen is what the account's own file says. */
		if (client_seen_open(client_vault_get(&c->vault,
					 CLIENT_FILE_STATE),
			&c->account, client_keys(c)->device_seed,
			&c->seen) != ERR_OK)
			c->seen = (struct client_seen){
				.identity = c->account.identity_version };
		connect_now(c);
		return;
	}
	secret_free(c->keys);
	c->keys = NULL;
	if (err == ERR_AUTH) {
		/* The password may have been changed on another device; it
		 * was not changed back to one before this keyring's. */
		c->seen = (struct client_seen){
			.identity = c->account.identity_version };
		s->is_fallback = s->goal != CLIENT_GOAL_ENROL;
		s->goal = CLIENT_GOAL_ENROL;
		connect_now(c);
		return;
	}
	r = client_report_local(err, "The keyring could not be opened.");
	client_session_fail(c, &r);
}

static void
open_keyring(struct client *c)
{
	struct bytes in = client_vault_get(&c->vault, CLIENT_FILE_KEYRING);
	struct client_keyring_head head;
	struct client_report r;
	enum err err;

	if (client_keyring_read_head(in, &head) != ERR_OK) {
		fail_config(c, "The keyring is damaged, or of a later program.",
		    "Move the account's folder away and use sotto login.");
		return;
	}
	c->session.state = CLIENT_SESSION_KEYRING;
	client_report_state(c, SOTTO_STATE_WORKING, 0,
	    "Opening the keyring.");
	err = client_work_start(c, CLIENT_WORK_LOGIN, head.params, head.salt,
	    secret_view(c->password), on_keyring);
	if (err != ERR_OK) {
		r = client_report_local(err, "The keyring stays closed.");
		client_session_fail(c, &r);
	}
}

/* Starts a login that the waiting commands, or `again`, ask for. */
static void
begin(struct client *c, bool again)
{
	struct client_session *s = &c->session;
	bool has_keyring = c->has_account &&
	    client_vault_get(&c->vault, CLIENT_FILE_KEYRING).n > 0;
	struct client_report r;

	if (!again)
		s->goal = client_command_goal(c, s->code);
	s->mode = client_command_hosts(c) ? WIRE_MODE_HOSTS : 0;
	s->timer.fire = on_login_timer;
	client_arm(c, &s->timer, LOGIN_MS);
	if (s->goal <= CLIENT_GOAL_PASSWORD && !c->has_account) {
		r = client_report_make(SOTTO_CONFIG, "There is no account.",
		    "Join with register, or make this machine a device with"
		    " login.", "Nobody is at home here.");
		client_session_fail(c, &r);
	} else if (c->password == NULL &&
	    (s->goal != CLIENT_GOAL_DEVICE || c->keys == NULL)) {
		r = client_report_make(SOTTO_NO_INPUT,
		    "No password was given.", "", "It takes a password.");
		client_session_fail(c, &r);
	} else if (c->keys == NULL && s->goal != CLIENT_GOAL_REGISTER &&
	    has_keyring) {
		open_keyring(c);
	} else if (c->keys == NULL && s->goal <= CLIENT_GOAL_PASSWORD) {
		fail_config(c, "The keyring is not there.",
		    "Make this machine a device again with login.");
	} else {
		connect_now(c);
	}
}

/* ---- ending ---- */

static void
on_pause_over(struct timer *t, void *ctx)
{
	struct client *c = ctx;

	(void)t;
	c->session.state = CLIENT_SESSION_NONE;
}

/* A host was online before, and will be again. */
static void
pause(struct client *c, const struct client_report *report)
{
	struct client_session *s = &c->session;
	uint64_t ms = PAUSE_FIRST_MS;
	uint32_t jitter;

	for (unsigned i = 0; i < s->attempts && ms < PAUSE_LAST_MS; i++)
		ms *= 2;
	if (ms > PAUSE_LAST_MS)
		ms = PAUSE_LAST_MS;
	if (report->outcome == SOTTO_WAIT && report->wait_ms > ms)
		ms = report->wait_ms;
	client_random(c, &jitter, sizeof jitter);
	ms = ms / 2 + jitter % (ms / 2 + 1);
	s->attempts++;
	s->state = CLIENT_SESSION_PAUSE;
	s->timer.fire = on_pause_over;
	client_arm(c, &s->timer, ms);
	client_report_state(c, SOTTO_STATE_OFFLINE, (uint32_t)ms,
	    report->why);
}

/* Words for a password that the server has found wrong although it opened the
 * keyring, or that did not even do that. */
static void
explain(const struct client_session *s, struct client_report *r)
{
	if (r->outcome != SOTTO_WRONG_PASSWORD)
		return;
	if (s->is_fallback)
		*r = client_report_make(SOTTO_WRONG_PASSWORD,
		    "It does not open this machine's keyring, and is not the"
		    " account's new one either.", "Try again.",
		    "The password is wrong.");
	else if (s->goal == CLIENT_GOAL_PASSWORD)
		*r = client_report_make(SOTTO_WRONG_PASSWORD,
		    "It opens this machine's keyring, but the account has"
		    " another one now, or is closed.", "Give the new password.",
		    "The server does not take this password.");
}

static void
failed(struct client *c, struct client_report report)
{
	struct client_session *s = &c->session;
	bool was_online = s->state == CLIENT_SESSION_READY;
	bool may_retry = report.outcome == SOTTO_NO_SERVER ||
	    report.outcome == SOTTO_WAIT;

	explain(s, &report);
	if (s->has_new_keys) {
		secret_free(c->keys);
		c->keys = NULL;
		c->seen = (struct client_seen){ 0 };
		s->has_new_keys = false;
	}
	client_session_drop(c);
	s->conflicts = 0;
	client_line_lost_server(c);
	if (client_command_fail_all(c, &report, may_retry))
		pause(c, &report);
	else if (was_online)
		client_report_state(c, SOTTO_STATE_OFFLINE, 0, report.why);
}

void
client_session_settle(struct client *c)
{
	struct client_session *s = &c->session;

	if (s->is_over)
		client_logout_finish(c);
	if (c->channel.state == CLIENT_CHANNEL_OVER && !s->is_failed &&
	    !s->wants_again)
		client_session_fail(c, &c->channel.why);
	if (s->is_failed)
		failed(c, s->failure);
	if (s->wants_again) {
		enum client_goal goal = s->goal;

		client_session_drop(c);
		s->goal = goal;
		begin(c, true);
	}
	if (s->state == CLIENT_SESSION_SAVE &&
	    client_vault_is_idle(&c->vault))
		client_enrol_saved(c);
	if (s->state == CLIENT_SESSION_READY &&
	    client_command_wants_other_session(c))
		client_session_drop(c);
	if ((s->state == CLIENT_SESSION_NONE ||
		s->state == CLIENT_SESSION_PAUSE) &&
	    client_command_wants_session(c))
		begin(c, false);
	/* begin may have failed at once. */
	if (s->is_failed)
		failed(c, s->failure);
}
