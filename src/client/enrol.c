#include "client/enrol.h"

#include "base/reveal.h"
#include "client/core.h"
#include "client/login.h"
#include "client/work.h"
#include "crypto/sig.h"

#include <string.h>

enum err
client_enrol_keys(struct client *c)
{
	if (c->keys != NULL)
		return ERR_OK;
	c->keys = secret_new(sizeof(struct client_keys));
	if (c->keys == NULL)
		return ERR_NOMEM;
	c->session.has_new_keys = true;
	client_random(c, client_keys(c)->device_seed, 32);
	client_random(c, client_keys(c)->link_secret, 32);
	REVEAL("device", client_keys(c)->device_seed);
	REVEAL("link", client_keys(c)->link_secret);
	/* The place of the device that the keyring was for is taken. */
	if (!c->has_account)
		client_random(c, c->account.device,
		    sizeof c->account.device);
	return ERR_OK;
}

/* ---- boxes ---- */

enum err
client_enrol_identity_box(struct client *c,
    const struct client_person *person, uint64_t version, struct wr *w)
{
	uint8_t nonce[24];

	client_random(c, nonce, sizeof nonce);
	return client_box_seal_identity(&person->identity, &c->account,
	    person->export_key, version, nonce, w);
}

enum err
client_enrol_settings_box(struct client *c, const uint8_t data_key[32],
    uint64_t version, struct wr *w)
{
	uint8_t nonce[24];
	struct wr plain = wr_new();
	enum err err;

	client_pins_write(&c->pins, &plain);
	TRY(wr_done(&plain));
	client_random(c, nonce, sizeof nonce);
	TRY(client_box_seal_settings(wr_bytes(&plain), &c->account, data_key,
	    version, nonce, w));
out:
	wr_free(&plain);
	return err;
}

/* ---- a new account ---- */

static enum err
first_roster(struct client *c, const struct client_person *person,
    struct wr *w)
{
	struct client_own none = { .bytes = wr_new() };
	struct pact_roster_entry entry;
	struct client_own_change change = { .with = &entry,
		.now_s = client_servers_now_s(c) };
	enum err err;

	TRY(client_own_entry(c, &entry));
	TRY(client_own_next(&none, &c->account, &change,
	    person->identity.seed, w));
out:
	return err;
}

enum err
client_enrol_join(struct client *c, struct bytes record)
{
	struct client_session *s = &c->session;
	struct client_person *person = client_session_person(s);
	struct wr identity_box = wr_new(), settings_box = wr_new();
	struct wr roster = wr_new();
	struct wire_REGISTER_FINISH m = { .req = s->req,
		.name = c->account.name,
		.ksf_passes = c->options.ksf.passes,
		.ksf_memory_kib = c->options.ksf.memory_kib };
	enum err err = ERR_OK;

	client_random(c, &person->identity, sizeof person->identity);
	REVEAL("identity", person->identity.seed);
	REVEAL("data", person->identity.data_key);
	ed25519_public(person->identity.seed, c->account.identity);
	memcpy(client_keys(c)->data_key, person->identity.data_key, 32);
	client_pins_free(&c->pins);
	c->seen = (struct client_seen){ 0 };
	TRY(client_enrol_identity_box(c, person, 1, &identity_box));
	TRY(client_enrol_settings_box(c, person->identity.data_key, 1,
	    &settings_box));
	TRY(first_roster(c, person, &roster));
	NEED(record.n == sizeof m.record, ERR_ARG);
	memcpy(m.record, record.p, sizeof m.record);
	memcpy(m.code, s->code, sizeof m.code);
	memcpy(m.identity, c->account.identity, sizeof m.identity);
	m.identity_box = wr_bytes(&identity_box);
	m.settings_box = wr_bytes(&settings_box);
	m.roster = wr_bytes(&roster);
	client_channel_say(c, WIRE_REGISTER_FINISH, &m);
	/* The identity has done its work. */
	secret_free(s->person);
	s->person = NULL;
out:
	bytes_wipe(&m, sizeof m);
	wr_free(&identity_box);
	wr_free(&settings_box);
	wr_free(&roster);
	return err;
}

/* ---- a new device ---- */

/* Says CHANGE with a roster that names this device. */
static enum err
enter_roster(struct client *c)
{
	struct client_session *s = &c->session;
	struct client_person *person = client_session_person(s);
	struct pact_roster_entry entry;
	struct client_own_change change = { .with = &entry,
		.now_s = client_servers_now_s(c) };
	struct wr roster = wr_new();
	struct wire_CHANGE m = { .parts = WIRE_PART_ROSTER };
	enum err err;

	TRY(client_own_entry(c, &entry));
	TRY(client_own_next(&s->own, &c->account, &change,
	    person->identity.seed, &roster));
	m.req = s->req = ++c->next_req;
	m.roster = wr_bytes(&roster);
	client_channel_say(c, WIRE_CHANGE, &m);
	TRY(client_own_take(&s->own, m.roster, &c->account, 0));
	s->state = CLIENT_SESSION_ENROL;
out:
	wr_free(&roster);
	return err;
}

/* Signs now what takes an ephemeral device off the roster later. */
static enum err
write_farewell(struct client *c)
{
	struct client_session *s = &c->session;
	struct client_own_change change = { .without = c->account.device,
		.now_s = client_servers_now_s(c) };

	if (!c->options.is_ephemeral)
		return ERR_OK;
	wr_free(&s->farewell);
	return client_own_next(&s->own, &c->account, &change,
	    client_session_person(s)->identity.seed, &s->farewell);
}

static void
on_sealed(struct client *c, enum err err)
{
	struct client_report r = client_report_local(err,
	    "The keyring could not be sealed.");

	/* The session that wanted it may be lost; the files are of use to the
	 * next one. */
	if (c->session.state != CLIENT_SESSION_SEAL)
		return;
	if (err != ERR_OK)
		client_session_fail(c, &r);
	else
		c->session.state = CLIENT_SESSION_SAVE;
}

static enum err
seal(struct client *c)
{
	c->session.state = CLIENT_SESSION_SEAL;
	return client_enrol_seal(c, on_sealed);
}

enum err
client_enrol_start(struct client *c, bool is_new_key)
{
	struct client_session *s = &c->session;
	const struct pact_roster_entry *entry =
	    client_own_find(&s->own, c->account.device);
	uint8_t public[ED25519_PUBLIC_LEN];
	bool is_entered = false;

	if (entry != NULL) {
		ed25519_public(client_keys(c)->device_seed, public);
		is_entered = memcmp(public, entry->device_key,
		    sizeof public) == 0;
	}
	if (s->goal == CLIENT_GOAL_ENROL && !is_entered)
		return enter_roster(c);
	if (s->goal == CLIENT_GOAL_ENROL || is_new_key || !c->has_account)
		return seal(c);
	client_session_ready(c);
	return ERR_OK;
}

/* DONE has come: of REGISTER_FINISH, or of the roster. */
enum err
client_enrol_on_done(struct client *c)
{
	struct client_session *s = &c->session;
	enum err err = ERR_OK;

	if (s->state == CLIENT_SESSION_JOINED) {
		secret_free(s->login);
		s->login = NULL;
		s->goal = CLIENT_GOAL_DEVICE;
		client_login_start(c);
		return ERR_OK;
	}
	NEED(s->state == CLIENT_SESSION_ENROL, ERR_STATE);
	s->is_stranger = false;
	if (s->own.roster->version > c->seen.roster)
		c->seen.roster = s->own.roster->version;
	TRY(write_farewell(c));
	TRY(seal(c));
out:
	return err;
}

/* ---- the keyring ---- */

/* What a seal in progress goes on with; one at a time. */
static enum err
put_files(struct client *c, const struct client_keyring_head *head,
    const uint8_t *stretched)
{
	struct wr keyring = wr_new(), account = wr_new();
	uint8_t nonce[24];
	enum err err;

	client_random(c, nonce, sizeof nonce);
	TRY(client_keyring_seal(head, &c->account, stretched, client_keys(c),
	    nonce, &keyring));
	c->account.identity_version = c->seen.identity;
	client_account_write(&c->account, &account);
	TRY(wr_done(&account));
	client_vault_put(c, CLIENT_FILE_KEYRING, wr_bytes(&keyring));
	client_vault_put(c, CLIENT_FILE_ACCOUNT, wr_bytes(&account));
	client_vault_put_seen(c);
out:
	wr_free(&keyring);
	wr_free(&account);
	return err;
}

static void
on_seal_stretched(struct client *c, enum err err, const uint8_t *stretched)
{
	client_enrol_then_fn *then = c->sealing.then;

	if (err == ERR_OK && c->keys == NULL)
		err = ERR_GONE;
	if (err == ERR_OK)
		err = put_files(c, &c->sealing.head, stretched);
	then(c, err);
}

enum err
client_enrol_seal(struct client *c, client_enrol_then_fn *then)
{
	struct client_keyring_head *head = &c->sealing.head;

	if (c->options.is_ephemeral) {
		then(c, ERR_OK);
		return ERR_OK;
	}
	/* A newer one makes an older one useless. */
	client_work_forget(c, CLIENT_WORK_SEAL);
	c->sealing.then = then;
	head->params = c->options.ksf;
	client_random(c, head->salt, sizeof head->salt);
	client_report_state(c, SOTTO_STATE_WORKING, 0,
	    "Sealing the keyring.");
	return client_work_start(c, CLIENT_WORK_SEAL, head->params, head->salt,
	    secret_view(c->password), on_seal_stretched);
}

void
client_enrol_saved(struct client *c)
{
	enum err err = client_vault_take(&c->vault);
	struct client_report r = client_report_make(SOTTO_UNAVAILABLE,
	    "The account's files could not be written.",
	    "Check the disk and the permissions of the folder.",
	    "This machine was not made a device.");

	if (err != ERR_OK)
		client_session_fail(c, &r);
	else
		client_session_ready(c);
}
