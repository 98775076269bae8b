#include "client/login.h"

#include "client/command.h"
#include "client/core.h"
#include "client/enrol.h"
#include "client/work.h"
#include "crypto/ct.h"
#include "crypto/sig.h"
#include "opaque/client.h"
#include "text/text.h"

#include <string.h>

/* OPAQUE between its messages, in a struct secret. */
struct opaque {
	uint8_t ke1[OPAQUE_KE1_LEN];
	struct opaque_registration registration;
	struct opaque_login login;
	struct opaque_login_result result;
	struct ksf_params params;
};

static const char WHAT[] = "The login failed.";

static struct opaque *
opaque_of(const struct client *c)
{
	return (struct opaque *)(void *)secret_bytes(c->session.login);
}

static void
fail(struct client *c, enum sotto_outcome outcome, const char *why,
    const char *advice)
{
	struct client_report r = client_report_make(outcome, why, advice,
	    "%s", WHAT);

	client_session_fail(c, &r);
}

static void
fail_local(struct client *c, enum err err)
{
	struct client_report r = client_report_local(err, WHAT);

	client_session_fail(c, &r);
}

static struct opaque_binding
binding_of(struct client *c, uint8_t context[PACT_LOGIN_CONTEXT_LEN])
{
	pact_keys_login_context(c->channel.h, context);
	return (struct opaque_binding){
		.context = { context, PACT_LOGIN_CONTEXT_LEN },
		.client_identity = wire_name_bytes(&c->account.name),
	};
}

enum err
client_login_stretch(struct client *c, struct ksf_params params,
    const uint8_t in[64],
    void (*done)(struct client *c, enum err err, const uint8_t *stretched))
{
	static const uint8_t salt[KSF_SALT_LEN];

	client_report_state(c, SOTTO_STATE_WORKING, 0,
	    "Stretching the password.");
	return client_work_start(c, CLIENT_WORK_LOGIN, params, salt,
	    (struct bytes){ in, 64 }, done);
}

/* ---- the first message ---- */

static void
say_start(struct client *c, uint32_t effort, uint64_t nonce)
{
	struct wire_LOGIN_START m = { .req = c->session.req,
		.name = c->account.name, .effort = effort, .nonce = nonce };

	memcpy(m.ke1, opaque_of(c)->ke1, sizeof m.ke1);
	client_channel_say(c, WIRE_LOGIN_START, &m);
}

static enum err
start_password(struct client *c)
{
	struct client_session *s = &c->session;
	struct {
		struct opaque_login_random random;
	} r;
	enum err err;

	client_random(c, &r.random, sizeof r.random);
	TRY(opaque_client_login(&opaque_of(c)->login,
	    secret_view(c->password), &r.random, opaque_of(c)->ke1));
	say_start(c, 0, 0);
	s->state = CLIENT_SESSION_REPLY;
out:
	bytes_wipe(&r, sizeof r);
	return err;
}

static enum err
start_register(struct client *c)
{
	struct client_session *s = &c->session;
	struct {
		uint8_t blind[OPAQUE_BLIND_SEED_LEN];
	} r;
	struct wire_REGISTER_START m = { .req = s->req,
		.name = c->account.name };
	enum err err;

	memcpy(m.code, s->code, sizeof m.code);
	client_random(c, r.blind, sizeof r.blind);
	TRY(opaque_client_register(&opaque_of(c)->registration,
	    secret_view(c->password), r.blind, m.request));
	client_channel_say(c, WIRE_REGISTER_START, &m);
	s->state = CLIENT_SESSION_REPLY;
out:
	bytes_wipe(&r, sizeof r);
	bytes_wipe(&m, sizeof m);
	return err;
}

static enum err
start_device(struct client *c)
{
	struct client_session *s = &c->session;
	struct wire_DEVICE_LOGIN m = { .req = s->req,
		.name = c->account.name, .mode = s->mode };
	uint8_t buf[256];
	struct wr w = wr_init(buf, sizeof buf);
	enum err err;

	memcpy(m.device, c->account.device, sizeof m.device);
	pact_keys_device_login(&w, c->channel.h, &c->account.name, m.device);
	TRY(wr_done(&w));
	ed25519_sign(client_keys(c)->device_seed, wr_bytes(&w), m.signature);
	client_channel_say(c, WIRE_DEVICE_LOGIN, &m);
	s->state = CLIENT_SESSION_LOGIN_OK;
out:
	return err;
}

void
client_login_start(struct client *c)
{
	struct client_session *s = &c->session;
	enum err err = ERR_OK;

	s->req = ++c->next_req;
	s->login = secret_new(sizeof(struct opaque));
	NEED(s->login != NULL, ERR_NOMEM);
	switch (s->goal) {
	case CLIENT_GOAL_DEVICE:
		err = start_device(c);
		break;
	case CLIENT_GOAL_PASSWORD:
		err = start_password(c);
		break;
	case CLIENT_GOAL_ENROL:
		err = client_enrol_keys(c);
		if (err == ERR_OK)
			err = start_password(c);
		break;
	case CLIENT_GOAL_REGISTER:
		err = client_enrol_keys(c);
		if (err == ERR_OK)
			err = start_register(c);
		break;
	}
out:
	if (err != ERR_OK)
		fail_local(c, err);
}

/* ---- registration ---- */

static void
on_register_stretched(struct client *c, enum err err,
    const uint8_t *stretched)
{
	struct client_session *s = &c->session;
	struct {
		uint8_t nonce[OPAQUE_NONCE_LEN];
		uint8_t record[OPAQUE_RECORD_LEN];
	} r;
	uint8_t context[PACT_LOGIN_CONTEXT_LEN];
	struct opaque_binding binding = binding_of(c, context);

	TRY(err);
	s->person = secret_new(sizeof(struct client_person));
	NEED(s->person != NULL, ERR_NOMEM);
	client_random(c, r.nonce, sizeof r.nonce);
	TRY(opaque_client_register_finish(&opaque_of(c)->registration,
	    &binding, stretched, r.nonce, r.record,
	    client_session_person(s)->export_key));
	TRY(client_enrol_join(c, BYTES_OF(r.record)));
	s->state = CLIENT_SESSION_JOINED;
out:
	bytes_wipe(&r, sizeof r);
	if (err != ERR_OK)
		fail_local(c, err);
}

enum err
client_login_on_register_reply(struct client *c,
    const struct wire_REGISTER_REPLY *m)
{
	struct client_session *s = &c->session;
	struct {
		uint8_t to_stretch[OPAQUE_STRETCH_LEN];
	} r;
	enum err err = ERR_OK;

	NEED(s->state == CLIENT_SESSION_REPLY && m->req == s->req &&
		s->goal == CLIENT_GOAL_REGISTER, ERR_STATE);
	s->state = CLIENT_SESSION_STRETCH;
	TRY(opaque_client_register_unblind(&opaque_of(c)->registration,
	    secret_view(c->password), m->response, r.to_stretch));
	TRY(client_login_stretch(c, c->options.ksf, r.to_stretch,
	    on_register_stretched));
out:
	bytes_wipe(&r, sizeof r);
	return err;
}

/* ---- login with the password ---- */

static enum err
derive_session_key(struct client *c, struct bytes opaque_key)
{
	struct client_session *s = &c->session;
	static const uint8_t zeros[PACT_HASH_LEN];
	struct bytes x = PLANTED(PLANT_KEY_FROM_H) ?
	    BYTES_OF(c->channel.h) : secret_view(c->channel.x);

	s->key = secret_new(PACT_SESSION_KEY_LEN);
	if (s->key == NULL)
		return ERR_NOMEM;
	if (PLANTED(PLANT_TICKET_OUTLIVES_SESSION))
		return pact_keys_session(BYTES_NONE, BYTES_NONE, zeros,
		    &c->account.name, c->account.device,
		    secret_bytes(s->key));
	return pact_keys_session(x,
	    PLANTED(PLANT_KEY_FROM_H) ? BYTES_NONE : opaque_key,
	    c->channel.h, &c->account.name, c->account.device,
	    secret_bytes(s->key));
}

static void
on_login_stretched(struct client *c, enum err err, const uint8_t *stretched)
{
	struct client_session *s = &c->session;
	struct opaque *opaque = opaque_of(c);
	struct wire_LOGIN_FINISH m = { .req = s->req, .mode = s->mode };
	uint8_t context[PACT_LOGIN_CONTEXT_LEN];
	struct opaque_binding binding = binding_of(c, context);

	TRY(err);
	TRY(opaque_client_login_finish(&opaque->login, &binding, stretched,
	    &opaque->result));
	memcpy(m.ke3, opaque->result.ke3, sizeof m.ke3);
	memcpy(m.device, c->account.device, sizeof m.device);
	client_channel_say(c, WIRE_LOGIN_FINISH, &m);
	s->state = CLIENT_SESSION_LOGIN_OK;
out:
	if (err == ERR_AUTH)
		fail(c, SOTTO_WRONG_PASSWORD,
		    "Name or password is wrong, or somebody stands between"
		    " here and the server.", "Try again.");
	else if (err != ERR_OK)
		fail_local(c, err);
}

enum err
client_login_on_reply(struct client *c, const struct wire_LOGIN_REPLY *m)
{
	struct client_session *s = &c->session;
	struct {
		uint8_t to_stretch[OPAQUE_STRETCH_LEN];
	} r;
	struct ksf_params params = { m->ksf_passes, m->ksf_memory_kib };
	enum err err = ERR_OK;

	NEED(s->state == CLIENT_SESSION_REPLY && m->req == s->req &&
		s->goal != CLIENT_GOAL_REGISTER, ERR_STATE);
	s->state = CLIENT_SESSION_STRETCH;
	if (!client_keyring_is_bearable(params)) {
		fail(c, SOTTO_NO_SERVER, "The server asks for more stretching"
		    " of the password than is reasonable.",
		    "Tell whoever runs the server.");
		return ERR_OK;
	}
	opaque_of(c)->params = params;
	TRY(opaque_client_login_unblind(&opaque_of(c)->login,
	    secret_view(c->password), m->ke2, r.to_stretch));
	TRY(client_login_stretch(c, params, r.to_stretch,
	    on_login_stretched));
out:
	bytes_wipe(&r, sizeof r);
	return err;
}

/* ---- LOGIN_OK ---- */

static void
alarm_rollback(struct client *c, const char *what)
{
	struct client_report r = client_report_make(SOTTO_KEY_CHANGED,
	    "The server shows a state of the account that is older than what"
	    " this device has seen.",
	    "Do not trust this server before its operator has explained it.",
	    "%s was turned back.", what);

	client_report_notice(c, &r);
	client_session_fail(c, &r);
}

static bool
is_rolled_back(struct client *c, const struct wire_LOGIN_OK *m)
{
	if (PLANTED(PLANT_BOX_ROLLBACK))
		return false;
	if (m->identity_version < c->seen.identity)
		alarm_rollback(c, "The identity box");
	else if (m->settings_version < c->seen.settings)
		alarm_rollback(c, "The settings box");
	else
		return false;
	return true;
}

/* Whether the identity key is the one that is known here. */
static bool
take_identity(struct client *c, const struct wire_LOGIN_OK *m)
{
	bool is_same = memcmp(c->account.identity, m->identity,
	    sizeof m->identity) == 0;
	struct client_report r;

	if (is_same)
		return true;
	if (c->has_account) {
		r = client_report_make(SOTTO_KEY_CHANGED,
		    "The server shows another identity key for this account"
		    " than it has here.", "If you know that the account was"
		    " reset, make this machine a device again with login.",
		    "The account has another identity.");
		client_report_notice(c, &r);
		if (c->session.goal != CLIENT_GOAL_ENROL ||
		    c->session.is_fallback) {
			client_session_fail(c, &r);
			return false;
		}
	}
	/* The identity box, opened with the password, will confirm it. */
	client_session_believe(c, m->identity);
	return true;
}

static bool
take_roster(struct client *c, struct bytes roster)
{
	enum err err = client_own_take(&c->session.own, roster, &c->account,
	    c->seen.roster);

	if (err == ERR_ROLLBACK)
		alarm_rollback(c, "The list of devices");
	else if (err == ERR_NOMEM)
		fail_local(c, err);
	else if (err != ERR_OK)
		fail(c, SOTTO_KEY_CHANGED, "The account's list of devices is"
		    " not signed by its identity.",
		    "Do not trust this server before its operator has"
		    " explained it.");
	return err == ERR_OK;
}

/* Opens the identity box; *is_new_key tells that D has changed. */
static bool
take_person(struct client *c, const struct wire_LOGIN_OK *m, bool *is_new_key)
{
	struct client_session *s = &c->session;
	struct client_person *person;
	enum err err;

	s->person = secret_new(sizeof *person);
	if (s->person == NULL) {
		fail_local(c, ERR_NOMEM);
		return false;
	}
	person = client_session_person(s);
	memcpy(person->export_key, opaque_of(c)->result.export_key,
	    sizeof person->export_key);
	err = client_box_open_identity(m->identity_box, &c->account,
	    person->export_key, m->identity_version, &person->identity);
	if (err != ERR_OK) {
		fail(c, SOTTO_KEY_CHANGED, m->identity_box.n == 0 ?
			"The server does not have the identity box." :
			"The identity box does not open with the password.",
		    "Do not trust this server before its operator has"
		    " explained it; another device still has the account.");
		return false;
	}
	client_session_confirmed(c);
	*is_new_key = !ct_verdict(ct_equal(client_keys(c)->data_key,
	    person->identity.data_key, 32));
	memcpy(client_keys(c)->data_key, person->identity.data_key, 32);
	return true;
}

/* Opens the settings box; AUTH when it does not open. */
static enum err
take_settings(struct client *c, const struct wire_LOGIN_OK *m)
{
	struct client_pins theirs = { 0 };
	struct wr plain = wr_new();
	enum err err;

	TRY(client_box_open_settings(m->settings_box, &c->account,
	    client_keys(c)->data_key, m->settings_version, &plain));
	TRY(client_pins_read(&theirs, wr_bytes(&plain)));
	TRY(client_pins_merge(&c->pins, &theirs));
out:
	client_pins_free(&theirs);
	wr_free(&plain);
	return err;
}

/* The settings box does not open: with the password we find out why. */
static void
on_closed_settings(struct client *c, enum err err)
{
	if (c->session.goal == CLIENT_GOAL_DEVICE && err == ERR_AUTH &&
	    c->password != NULL)
		client_session_again(c, CLIENT_GOAL_PASSWORD);
	else
		fail(c, SOTTO_KEY_CHANGED,
		    "The settings box at the server does not open.",
		    "Do not trust this server before its operator has"
		    " explained it.");
}

/* A device that the roster does not name was removed. */
static bool
check_device(struct client *c)
{
	struct client_session *s = &c->session;

	s->is_stranger =
	    client_own_find(&s->own, c->account.device) == NULL;
	if (!s->is_stranger || s->goal == CLIENT_GOAL_ENROL ||
	    client_command_forgets(c))
		return true;
	fail(c, SOTTO_KEY_CHANGED,
	    "This machine was removed from the account's devices.",
	    "If you trust it, make it a device again with login.");
	return false;
}

enum err
client_login_on_ok(struct client *c, const struct wire_LOGIN_OK *m)
{
	struct client_session *s = &c->session;
	struct client_seen seen = { .identity = m->identity_version,
		.settings = m->settings_version };
	bool is_new_key = false;
	enum err err = ERR_OK;

	NEED(s->state == CLIENT_SESSION_LOGIN_OK && m->req == s->req,
	    ERR_STATE);
	s->is_password = s->goal != CLIENT_GOAL_DEVICE;
	s->since_ms = client_now_ms(c);
	s->told_s = m->time_s;
	TRY(derive_session_key(c, s->is_password ?
		BYTES_OF(opaque_of(c)->result.session_key) : BYTES_NONE));
	if (!take_identity(c, m) || is_rolled_back(c, m) ||
	    !take_roster(c, m->roster))
		return ERR_OK;
	if (s->is_password && !take_person(c, m, &is_new_key))
		return ERR_OK;
	err = take_settings(c, m);
	if (err != ERR_OK) {
		on_closed_settings(c, err);
		return ERR_OK;
	}
	secret_free(s->login);
	s->login = NULL;
	if (!check_device(c))
		return ERR_OK;
	s->identity_version = m->identity_version;
	s->settings_version = m->settings_version;
	seen.roster = s->own.roster->version;
	if (client_seen_raise(&c->seen, &seen) && c->has_account &&
	    s->goal != CLIENT_GOAL_ENROL)
		client_vault_put_seen(c);
	err = client_enrol_start(c, is_new_key);
	if (err == ERR_LIMIT)
		fail(c, SOTTO_FAILED,
		    "The account has as many devices as it may have.",
		    "Remove one that is not used any more, on a machine that"
		    " is a device: see devices.");
	else if (err != ERR_OK)
		fail_local(c, err);
	return ERR_OK;
out:
	return err;
}

void
client_login_on_error(struct client *c, const struct wire_ERROR *m)
{
	struct client_session *s = &c->session;
	struct client_report r = client_report_error(m,
	    s->goal == CLIENT_GOAL_REGISTER ? "Joining failed." : WHAT);

	if (m->code == WIRE_ERROR_CONFLICT &&
	    s->state == CLIENT_SESSION_ENROL && s->conflicts < 3) {
		/* Another device was first: see what it did, and again. */
		s->conflicts++;
		client_session_again(c, s->goal);
		return;
	}
	if (m->code == WIRE_ERROR_WAIT && s->state == CLIENT_SESSION_REPLY &&
	    s->goal != CLIENT_GOAL_REGISTER &&
	    client_bid_start(c, m->wait_ms, BYTES_OF(opaque_of(c)->ke1),
	    say_start))
		return;
	if (m->code == WIRE_ERROR_LOGIN && s->goal == CLIENT_GOAL_DEVICE)
		r = client_report_make(SOTTO_FAILED,
		    "The server does not let this device in: it was removed,"
		    " or the account is closed.",
		    "If you trust this machine, make it a device again with"
		    " login.", "%s", WHAT);
	client_session_fail(c, &r);
}
