#include "server/home.h"

#include "server/account.h"
#include "server/change.h"
#include "server/introduction.h"
#include "server/op.h"
#include "server/pass.h"
#include "server/people.h"
#include "server/presence.h"
#include "server/register.h"

#include "base/plant.h"
#include "crypto/ct.h"
#include "crypto/sig.h"

#include <string.h>

/* Answers of one session that may wait for the store. */
#define ASKS_MAX 8

/* ---- logins ---- */

/* Says what rests of an account, in the same number of bytes and whether or
 * not there is one; what was read may be another's (see lookup). */
static void
looked_up(struct server *s, struct server_op *op, enum err err)
{
	const struct store_account *stored = &op->request.account;
	bool is_there = err == ERR_OK && stored->is_enabled &&
	    stored->has_record && strcmp(stored->name,
	    op->letter.name.s) == 0;
	struct server_letter reply = { .kind = SERVER_LETTER_LOOKED,
		.to = op->letter.from, .flags = is_there ?
		SERVER_LETTER_YES : 0, .version = stored->version };
	uint8_t body[sizeof stored->credential_id + 8 +
	    sizeof stored->record];
	struct wr w = wr_init(body, sizeof body);

	if (err != ERR_OK && err != ERR_GONE)
		reply.number = WIRE_ERROR_STORE;
	memcpy(reply.id, stored->credential_id, sizeof reply.id);
	wr_u32(&w, stored->ksf_passes);
	wr_u32(&w, stored->ksf_memory_kib);
	wr_put(&w, BYTES_OF(stored->record));
	reply.body = wr_bytes(&w);
	server_bus_post_session(s, &reply);
	bytes_wipe(body, sizeof body);
}

/* For a name that is not there somebody else's account is read: not to find
 * one takes less time, and so does the same one each time. */
static void
lookup(struct server *s, const struct server_letter *letter)
{
	struct server_op *op = server_op_new(s, letter);
	uint8_t is_there = server_account_get(s, &letter->name) != NULL;
	const struct server_account *other =
	    server_account_other(s, &letter->name);

	if (op == NULL)
		return;
	if (other != NULL)
		ct_select(op->request.account.name, letter->name.s,
		    other->name.s, sizeof op->request.account.name, is_there);
	server_op_submit(op, STORE_ACCOUNT_RECORD, looked_up);
}

static void
deny(struct server *s, const struct server_letter *letter,
    enum wire_error code)
{
	struct server_letter reply = { .kind = SERVER_LETTER_DENIED,
		.to = letter->from, .req = letter->req, .number = code };

	server_bus_post_session(s, &reply);
}

/* Seats the session and says what its client starts with. */
static void
welcome(struct server *s, struct server_account *a, struct server_op *op)
{
	const struct store_account *stored = &op->request.account;
	bool is_password = op->letter.flags & SERVER_LETTER_YES;
	struct server_seat seat = { .ref = op->letter.from,
		.mode = op->letter.type, .is_password = is_password };
	struct server_letter reply = { .kind = SERVER_LETTER_JOINED,
		.to = op->letter.from, .req = op->letter.req,
		.name = a->name };
	struct wire_LOGIN_OK m = { .req = op->letter.req,
		.time_s = server_now_s(s),
		.status = stored->status,
		.identity_version = stored->identity_version,
		.settings_version = stored->settings_version,
		.settings_box = stored->settings_box,
		.roster = server_account_roster(a) };
	struct wr w = wr_new();
	enum err err;

	memcpy(seat.device, op->letter.id, sizeof seat.device);
	memcpy(m.identity, a->identity, sizeof m.identity);
	if (is_password)
		m.identity_box = stored->identity_box;
	TRY(wire_encode(&w, WIRE_LOGIN_OK, &m));
	TRY(server_pass_give(s, a, &w));
	TRY(server_presence_join(s, a, &seat));
	reply.body = wr_bytes(&w);
	server_bus_post_session(s, &reply);
out:
	wr_free(&w);
	if (err != ERR_OK)
		deny(s, &op->letter, WIRE_ERROR_LIMIT);
}

/* Whether the account is still what the password login began with. The store
 * may be ahead of the directory for an instant; and a name that was removed
 * and joined anew may have come to the same version, but not to the same
 * credentials. */
static bool
is_unchanged(const struct server_account *a, const struct server_op *op)
{
	const struct store_account *stored = &op->request.account;
	struct bytes id = op->letter.body;

	return op->letter.version == a->version &&
	    op->letter.version == stored->version &&
	    id.n == sizeof stored->credential_id &&
	    memcmp(id.p, stored->credential_id, id.n) == 0;
}

/* The account as it is at this instant decides, and must be the one that the
 * login began with. */
static void
join_read(struct server *s, struct server_op *op, enum err err)
{
	struct server_account *a = server_account_get(s, &op->letter.name);
	bool is_password = op->letter.flags & SERVER_LETTER_YES;
	struct pact_roster_entry entry;

	if (err != ERR_OK && err != ERR_GONE) {
		deny(s, &op->letter, WIRE_ERROR_STORE);
		return;
	}
	if (err != ERR_OK || a == NULL || !a->has_record ||
	    (!a->is_enabled && !PLANTED(PLANT_DISABLED_LOGS_IN) &&
	    !PLANTED(PLANT_KE3_OVER_DISABLE))) {
		deny(s, &op->letter, WIRE_ERROR_LOGIN);
		return;
	}
	if (is_password ? !is_unchanged(a, op) &&
	    !PLANTED(a->is_enabled ? PLANT_KE3_OVER_PASSWD :
				     PLANT_KE3_OVER_DISABLE) :
	    !server_account_device(s, a, op->letter.id, &entry)) {
		deny(s, &op->letter, WIRE_ERROR_LOGIN);
		return;
	}
	if (a->seats_n >= WIRE_SESSIONS_MAX) {
		deny(s, &op->letter, WIRE_ERROR_LIMIT);
		return;
	}
	welcome(s, a, op);
}

/*
 * Checks a device's proof: body is h and the signature. A name or device
 * that is not there costs the same as a wrong signature.
 */
static bool
is_proven(struct server *s, const struct server_letter *letter)
{
	const struct server_account *a =
	    server_account_get(s, &letter->name);
	const struct server_account *any = a;
	struct pact_roster_entry entry = { 0 };
	uint8_t said[sizeof PACT_LABEL_DEVICE_LOGIN + PACT_HASH_LEN +
	    WIRE_NAME_MAX + PACT_DEVICE_ID_LEN];
	struct wr w = wr_init(said, sizeof said);
	struct bytes sig;
	bool is_there;

	if (letter->body.n != PACT_HASH_LEN + ED25519_SIG_LEN)
		return false;
	/* A roster is read in any case, and a signature checked. */
	if (any == NULL)
		any = server_account_other(s, &letter->name);
	is_there = any != NULL &&
	    server_account_device(s, any, letter->id, &entry);
	is_there = is_there && a != NULL && a->has_record &&
	    (a->is_enabled || PLANTED(PLANT_DISABLED_LOGS_IN));
	if (!is_there) {
		/* The base point, as good as any key: what is signed with it
		 * does not count. */
		memset(entry.device_key, 0x66, sizeof entry.device_key);
		entry.device_key[0] = 0x58;
	}
	pact_keys_device_login(&w, letter->body.p, &letter->name, letter->id);
	sig = (struct bytes){ letter->body.p + PACT_HASH_LEN,
		ED25519_SIG_LEN };
	return ed25519_verify(entry.device_key, wr_bytes(&w), sig) ==
	    ERR_OK && is_there;
}

static void
join(struct server *s, const struct server_letter *letter)
{
	struct server_op *op;

	if (!(letter->flags & SERVER_LETTER_YES) && !is_proven(s, letter)) {
		deny(s, letter, WIRE_ERROR_LOGIN);
		return;
	}
	op = server_op_new(s, letter);
	if (op != NULL)
		server_op_submit(op, STORE_ACCOUNT_GET, join_read);
	else
		deny(s, letter, WIRE_ERROR_STORE);
}

/* ---- what sessions ask ---- */

union any {
	struct wire_LIST list;
	struct wire_PERSON_GET person_get;
	struct wire_SETTINGS_GET settings_get;
	struct wire_STATUS_SET status_set;
	struct wire_BUSY busy;
	struct wire_CHANGE change;
	struct wire_WANT want;
	struct wire_ANSWER answer;
	max_align_t room[WIRE_STRUCT_MAX / sizeof(max_align_t)];
};

/* What anybody who is logged in may ask about somebody of this shard. */
static bool
ask_about_others(struct server *s, const struct server_letter *letter,
    const union any *m)
{
	if (letter->type == WIRE_LIST)
		server_people_list(s, letter, &m->list);
	else if (letter->type == WIRE_PERSON_GET)
		server_people_get(s, letter, &m->person_get);
	else
		return false;
	return true;
}

static void
ask(struct server *s, const struct server_letter *letter)
{
	struct server_account *a = server_account_get(s, &letter->name);
	struct server_seat *seat = NULL;
	union any m;

	if (wire_decode((enum wire_type)letter->type, letter->body, &m) !=
	    ERR_OK || ask_about_others(s, letter, &m))
		return;
	if (a != NULL)
		seat = server_presence_seat(a, letter->from);
	if (seat == NULL)
		return;
	if (letter->type == WIRE_BUSY) {
		server_presence_busy(s, a, letter, &m.busy);
	} else if (letter->type == WIRE_ANSWER) {
		server_introduction_answer(s, letter, &m.answer);
	} else if (letter->type == WIRE_WANT) {
		server_introduction_want(s, a, letter, &m.want);
	} else if (seat->asks >= ASKS_MAX) {
		/* Every request begins with its number. */
		server_bus_error(s, letter->from, m.list.req,
		    WIRE_ERROR_LIMIT, 0);
	} else if (letter->type == WIRE_STATUS_SET) {
		server_presence_set(s, a, letter, &m.status_set);
	} else if (letter->type == WIRE_SETTINGS_GET) {
		server_people_settings(s, a, letter, &m.settings_get);
	} else if (letter->type == WIRE_CHANGE) {
		server_change(s, a, letter, &m.change);
	}
}

void
server_home_letter(struct server *s, const struct server_letter *letter)
{
	struct server_account *a = server_account_get(s, &letter->name);

	if (letter->kind == SERVER_LETTER_LOOKUP)
		lookup(s, letter);
	else if (letter->kind == SERVER_LETTER_TRY)
		server_register_try(s, letter);
	else if (letter->kind == SERVER_LETTER_CREATE)
		server_register_create(s, letter);
	else if (letter->kind == SERVER_LETTER_JOIN)
		join(s, letter);
	else if (letter->kind == SERVER_LETTER_ASK)
		ask(s, letter);
	else if (letter->kind == SERVER_LETTER_QUESTION)
		server_introduction_question(s, letter);
	else if (letter->kind == SERVER_LETTER_UNASK)
		server_introduction_unask(s, letter);
	else if (a != NULL && letter->kind == SERVER_LETTER_LEAVE)
		server_presence_leave(s, a, letter->from);
	else if (a != NULL && letter->kind == SERVER_LETTER_LOGOUT)
		server_presence_end_device(s, a, letter->id, &letter->from,
		    WIRE_CLOSE_LOGOUT);
}
