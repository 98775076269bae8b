#include "server/change.h"

#include "server/account.h"
#include "server/op.h"
#include "server/presence.h"

#include "base/plant.h"

#include <string.h>

#define ALL_PARTS                                                             \
	(WIRE_PART_RECORD | WIRE_PART_IDENTITY | WIRE_PART_SETTINGS |         \
	    WIRE_PART_ROSTER)

/* What changes at least when a device is removed. */
#define REMOVAL_PARTS                                                         \
	(WIRE_PART_IDENTITY | WIRE_PART_SETTINGS | WIRE_PART_ROSTER)

/* How far the date of an ephemeral device may be off, which its client makes
 * of the time that LOGIN_OK told. */
#define CLOCK_S 3600

/* Whether a roster has this very entry; who was let in while the clock was
 * wrong is not judged again when it is right, or nobody else could come. */
static bool
has_entry(const struct pact_roster *roster,
    const struct pact_roster_entry *entry)
{
	const struct pact_roster_entry *found =
	    pact_roster_find(roster, entry->id, 0);

	return found != NULL && memcmp(found->possession, entry->possession,
	    sizeof found->possession) == 0;
}

/*
 * Judges a roster that is to follow a's: OK, CONFLICT when it is not the
 * next one, or another error when it is none at all.
 */
static enum err
judge_roster(struct server *s, const struct server_account *a,
    struct bytes in, struct pact_roster *roster)
{
	uint64_t last = server_now_s(s) + WIRE_EPHEMERAL_S + CLOCK_S;
	uint8_t previous[32] = { 0 };
	struct pact_roster old;
	enum err err;

	TRY(pact_roster_read(in, roster));
	NEED(wire_name_equal(&roster->name, &a->name), ERR_AUTH);
	NEED(memcmp(roster->identity, a->identity, 32) == 0, ERR_AUTH);
	if (a->roster_len != 0)
		pact_roster_hash(server_account_roster(a), previous);
	NEED(roster->version == a->roster_version + 1, ERR_CONFLICT);
	NEED(memcmp(roster->previous, previous, 32) == 0, ERR_CONFLICT);
	if (pact_roster_parse(server_account_roster(a), &old) != ERR_OK)
		old.count = 0;
	for (size_t i = 0; i < roster->count; i++)
		NEED(roster->entries[i].expires_s <= last ||
			has_entry(&old, &roster->entries[i]), ERR_EXPIRED);
out:
	return err;
}

/* Judges what is asked; 0, or the code of ERROR. */
static enum wire_error
judge(struct server *s, const struct server_account *a,
    const struct server_letter *letter, const struct wire_CHANGE *m,
    struct server_op *op)
{
	struct pact_roster roster;
	bool is_passwd = m->parts & WIRE_PART_RECORD;
	enum err err;

	if (m->parts == 0 || (m->parts & ~ALL_PARTS) != 0)
		return WIRE_ERROR_INVALID;
	if ((m->parts & ~WIRE_PART_SETTINGS) != 0 &&
	    !server_presence_seat(a, letter->from)->is_password)
		return WIRE_ERROR_FORBIDDEN;
	/* The identity box is sealed under what the password gives, so it
	 * changes with the record; and it holds the key of the settings box,
	 * so both change when a device is removed. */
	if (is_passwd && !(m->parts & WIRE_PART_IDENTITY))
		return WIRE_ERROR_INVALID;
	if (!is_passwd && (m->parts & WIRE_PART_IDENTITY) &&
	    (m->parts & REMOVAL_PARTS) != REMOVAL_PARTS)
		return WIRE_ERROR_INVALID;
	if (is_passwd && (!(letter->flags & SERVER_LETTER_YES) ||
	    m->record.n != OPAQUE_RECORD_LEN ||
	    opaque_server_check_record(m->record.p) != ERR_OK))
		return WIRE_ERROR_INVALID;
	if (m->parts & WIRE_PART_ROSTER) {
		err = judge_roster(s, a, m->roster, &roster);
		if (err != ERR_OK)
			return err == ERR_CONFLICT ? WIRE_ERROR_CONFLICT :
			    WIRE_ERROR_INVALID;
		op->request.account.roster_version = roster.version;
	}
	return (enum wire_error)0;
}

/* Ends the sessions of devices that are not in the roster any more. Sessions
 * of machines that were in none stay: they are about to be added. */
static void
end_removed(struct server *s, struct server_account *a,
    const struct pact_roster *old, const struct server_ref *but)
{
	struct pact_roster_entry entry;

	for (size_t i = 0; i < old->count; i++)
		if (!server_account_device(s, a, old->entries[i].id, &entry) &&
		    !PLANTED(PLANT_REMOVED_SESSION_LIVES))
			server_presence_end_device(s, a, old->entries[i].id,
			    but, WIRE_CLOSE_ENDED);
}

static void
apply(struct server *s, struct server_account *a, struct server_op *op)
{
	const struct store_account *now = &op->request.account;
	struct pact_roster old = { 0 };

	if (op->request.parts & STORE_BUMP)
		a->version = now->version;
	if ((op->request.parts & STORE_ROSTER) &&
	    !(PLANTED(PLANT_REFUSED_DEVICE_LOGS_IN) &&
	    now->roster.n < a->roster_len)) {
		if (pact_roster_parse(server_account_roster(a), &old) !=
		    ERR_OK)
			old.count = 0;
		/* It has room, so nothing can fail. */
		(void)!server_account_set_roster(a, now->roster_version,
		    now->roster, &op->room);
		end_removed(s, a, &old, &op->letter.from);
	}
	if ((op->request.parts & STORE_RECORD) &&
	    !PLANTED(PLANT_PASSWD_SESSION_LIVES))
		server_presence_end_all(s, a, &op->letter.from);
}

static void
changed(struct server *s, struct server_op *op, enum err err)
{
	struct server_account *a = server_account_get(s, &op->letter.name);
	struct server_seat *seat = NULL;

	if (a != NULL)
		seat = server_presence_seat(a, op->letter.from);
	if (seat != NULL)
		seat->asks--;
	if (PLANTED(PLANT_ACK_BEFORE_COMMIT)) {
		if (err == ERR_OK && a != NULL)
			apply(s, a, op);
		return;
	}
	if (err != ERR_OK) {
		server_op_reread(s, &op->letter.name, err);
		server_bus_error(s, op->letter.from, op->letter.req,
		    server_op_code(err), 0);
		return;
	}
	if (a != NULL)
		apply(s, a, op);
	server_bus_done(s, op->letter.from, op->letter.req);
}

/* Fills the store's account from the copy that op keeps of the message, which
 * was judged. */
static enum err
fill(struct server_op *op)
{
	struct store_account *to = &op->request.account;
	struct wire_CHANGE m;
	enum err err;

	TRY(wire_decode(WIRE_CHANGE, op->letter.body, &m));
	if (m.parts & WIRE_PART_RECORD) {
		op->request.parts |= STORE_RECORD | STORE_BUMP;
		to->has_record = true;
		to->ksf_passes = m.ksf_passes;
		to->ksf_memory_kib = m.ksf_memory_kib;
		memcpy(to->record, m.record.p, sizeof to->record);
		memcpy(to->credential_id, op->letter.id,
		    sizeof to->credential_id);
	}
	if (m.parts & WIRE_PART_IDENTITY)
		op->request.parts |= STORE_IDENTITY;
	if (m.parts & WIRE_PART_SETTINGS)
		op->request.parts |= STORE_SETTINGS;
	if (m.parts & WIRE_PART_ROSTER)
		op->request.parts |= STORE_ROSTER;
	to->identity_version = m.identity_version;
	to->identity_box = m.identity_box;
	to->settings_version = m.settings_version;
	to->settings_box = m.settings_box;
	to->roster = m.roster;
	op->letter.req = m.req;
out:
	return err;
}

void
server_change(struct server *s, struct server_account *a,
    const struct server_letter *letter, const struct wire_CHANGE *m)
{
	struct server_op *op = server_op_new(s, letter);
	enum wire_error code = WIRE_ERROR_STORE;

	if (op != NULL)
		code = judge(s, a, letter, m, op);
	if (code == 0 && fill(op) != ERR_OK)
		code = WIRE_ERROR_INVALID;
	if (code == 0 && server_account_reserve(s, &a->name,
	    op->request.account.roster.n, &op->room) != ERR_OK)
		code = WIRE_ERROR_STORE;
	if (code != 0) {
		server_op_free(op);
		server_bus_error(s, letter->from, m->req, code, 0);
		return;
	}
	op->request.expect_version = a->version;
	server_presence_seat(a, letter->from)->asks++;
	server_op_submit(op, STORE_ACCOUNT_CHANGE, changed);
	if (PLANTED(PLANT_ACK_BEFORE_COMMIT))
		server_bus_done(s, letter->from, m->req);
}
