#include "store/request.h"

#include "base/plant.h"

#include <stdlib.h>
#include <string.h>

bool
store_request_is_write(enum store_kind kind)
{
	return kind != STORE_ACCOUNT_GET && kind != STORE_ACCOUNT_RECORD &&
	    kind != STORE_ACCOUNT_LIST;
}

/* ---- reading ---- */

/* Reads STORE_DB_COLUMNS but the last; views are the caller's to fill. */
static void
read_account(struct store_row *r, struct store_account *a)
{
	*a = (struct store_account){ 0 };
	store_row_text(r, a->name, sizeof a->name);
	a->version = store_row_u64(r);
	a->is_enabled = store_row_u64(r) != 0;
	a->has_record = store_row_u64(r) != 0;
	a->status = (uint8_t)store_row_u64(r);
	store_row_copy(r, a->credential_id, sizeof a->credential_id);
	a->ksf_passes = (uint32_t)store_row_u64(r);
	a->ksf_memory_kib = (uint32_t)store_row_u64(r);
	store_row_copy(r, a->record, sizeof a->record);
	store_row_copy(r, a->identity, sizeof a->identity);
	a->identity_version = store_row_u64(r);
	a->settings_version = store_row_u64(r);
	a->roster_version = store_row_u64(r);
	a->created_s = store_row_u64(r);
}

/* Copies b to *at, which moves on, and returns the copy. */
static struct bytes
keep(uint8_t **at, struct bytes b)
{
	struct bytes kept = { *at, b.n };

	if (b.n > 0)
		memcpy(*at, b.p, b.n);
	*at += b.n;
	return kept;
}

static enum err
get(struct store_db *db, struct store_request *q)
{
	struct store_row r = store_row_begin(db, STORE_SQL_ACCOUNT_GET);
	struct bytes roster, identity, settings;
	uint8_t *at;
	enum err err;

	store_row_bind_text(&r, q->account.name);
	NEED(store_row_next(&r), ERR_GONE);
	read_account(&r, &q->account);
	roster = store_row_blob(&r);
	identity = store_row_blob(&r);
	settings = store_row_blob(&r);
	at = malloc(roster.n + identity.n + settings.n + 1);
	NEED(at != NULL, ERR_NOMEM);
	q->held = at;
	q->account.roster = keep(&at, roster);
	q->account.identity_box = keep(&at, identity);
	q->account.settings_box = keep(&at, settings);
	err = ERR_OK;
out:
	store_row_end(&r);
	return err;
}

static enum err
get_record(struct store_db *db, struct store_request *q)
{
	struct store_row r = store_row_begin(db, STORE_SQL_RECORD_GET);
	bool is_there;

	store_row_bind_text(&r, q->account.name);
	is_there = store_row_next(&r);
	if (is_there)
		read_account(&r, &q->account);
	store_row_end(&r);
	return is_there ? ERR_OK : ERR_GONE;
}

void
store_page_free(struct store_page *page)
{
	uint8_t *roster;

	if (page == NULL)
		return;
	for (size_t i = 0; i < page->n; i++) {
		memcpy(&roster, &page->rows[i].roster.p, sizeof roster);
		free(roster);
	}
	free(page);
}

static enum err
list(struct store_db *db, struct store_request *q)
{
	struct store_row r = store_row_begin(db, STORE_SQL_ACCOUNT_PAGE);
	struct store_page *page = calloc(1, sizeof *page);
	enum err err;

	NEED(page != NULL, ERR_NOMEM);
	store_row_bind_text(&r, q->account.name);
	store_row_bind_u64(&r, STORE_PAGE_ROWS);
	while (store_row_next(&r)) {
		struct store_account *a = &page->rows[page->n];
		struct bytes roster;
		uint8_t *at;

		read_account(&r, a);
		roster = store_row_blob(&r);
		at = malloc(roster.n + 1);
		NEED(at != NULL, ERR_NOMEM);
		a->roster = keep(&at, roster);
		page->n++;
	}
	TRY(store_db_err(db));
	page->is_last = page->n < STORE_PAGE_ROWS;
	q->held = page;
	page = NULL;
out:
	store_row_end(&r);
	store_page_free(page);
	return err;
}

enum err
store_request_read(struct store_db *db, struct store_request *q)
{
	if (q->kind == STORE_ACCOUNT_RECORD)
		return get_record(db, q);
	return q->kind == STORE_ACCOUNT_GET ? get(db, q) : list(db, q);
}

/* ---- writing ---- */

/* What a change is compared with. */
struct versions {
	uint64_t account;
	bool has_record;
	uint64_t identity, settings, roster;
};

/* Returns whether there is an account, and its versions. */
static bool
find(struct store_db *db, const char *name, struct versions *v)
{
	struct store_row r = store_row_begin(db, STORE_SQL_VERSIONS);
	bool is_there;

	*v = (struct versions){ 0 };
	store_row_bind_text(&r, name);
	is_there = store_row_next(&r);
	if (is_there) {
		v->account = store_row_u64(&r);
		v->has_record = store_row_u64(&r) != 0;
		v->identity = store_row_u64(&r);
		v->settings = store_row_u64(&r);
		v->roster = store_row_u64(&r);
	}
	store_row_end(&r);
	return is_there;
}

/* Runs a statement whose only parameter is a name. */
static void
run_for(struct store_db *db, enum store_db_statement id, const char *name)
{
	struct store_row r = store_row_begin(db, id);

	store_row_bind_text(&r, name);
	(void)store_row_next(&r);
	store_row_end(&r);
}

/* Runs a statement of one number for a name. */
static void
run_number(struct store_db *db, enum store_db_statement id, uint64_t v,
    const char *name)
{
	struct store_row r = store_row_begin(db, id);

	store_row_bind_u64(&r, v);
	store_row_bind_text(&r, name);
	(void)store_row_next(&r);
	store_row_end(&r);
}

/* Runs a statement of a blob and a number for a name. */
static void
run_blob(struct store_db *db, enum store_db_statement id, struct bytes b,
    uint64_t v, const char *name)
{
	struct store_row r = store_row_begin(db, id);

	store_row_bind_blob(&r, b);
	store_row_bind_u64(&r, v);
	store_row_bind_text(&r, name);
	(void)store_row_next(&r);
	store_row_end(&r);
}

static void
put_settings(struct store_db *db, const struct store_account *a)
{
	struct store_row r = store_row_begin(db, STORE_SQL_SETTINGS_PUT);

	store_row_bind_text(&r, a->name);
	store_row_bind_blob(&r, a->settings_box);
	(void)store_row_next(&r);
	store_row_end(&r);
}

static void
put_account(struct store_db *db, const struct store_account *a)
{
	struct store_row r = store_row_begin(db, STORE_SQL_ACCOUNT_PUT);

	store_row_bind_text(&r, a->name);
	store_row_bind_u64(&r, a->version);
	store_row_bind_u64(&r, a->is_enabled);
	store_row_bind_u64(&r, a->status);
	store_row_bind_blob(&r, BYTES_OF(a->credential_id));
	store_row_bind_u64(&r, a->ksf_passes);
	store_row_bind_u64(&r, a->ksf_memory_kib);
	store_row_bind_blob(&r, BYTES_OF(a->record));
	store_row_bind_blob(&r, BYTES_OF(a->identity));
	store_row_bind_u64(&r, a->identity_version);
	store_row_bind_u64(&r, a->settings_version);
	store_row_bind_u64(&r, a->roster_version);
	store_row_bind_u64(&r, a->created_s);
	store_row_bind_blob(&r, a->roster);
	store_row_bind_blob(&r, a->identity_box);
	(void)store_row_next(&r);
	store_row_end(&r);
	put_settings(db, a);
}

/* What is known of an invite. */
struct found_invite {
	uint64_t expires_s;
	uint64_t tries;
};

static bool
find_invite(struct store_db *db, const uint8_t hash[32], const char *name,
    struct found_invite *found)
{
	struct store_row r = store_row_begin(db, STORE_SQL_INVITE_GET);
	bool is_there;

	store_row_bind_blob(&r, (struct bytes){ hash, 32 });
	store_row_bind_text(&r, name);
	is_there = store_row_next(&r);
	if (is_there) {
		found->expires_s = store_row_u64(&r);
		found->tries = store_row_u64(&r);
	}
	store_row_end(&r);
	return is_there;
}

static enum err
create(struct store_db *db, struct store_request *q)
{
	struct store_account *a = &q->account;
	struct found_invite invite;
	struct versions old;
	bool is_known;

	if (!find_invite(db, q->invite_hash, a->name, &invite) ||
	    invite.expires_s <= q->now_s)
		return ERR_GONE;
	is_known = find(db, a->name, &old);
	if (is_known && old.has_record)
		return ERR_CONFLICT;
	if (is_known && a->version <= old.account)
		a->version = old.account + 1;
	a->has_record = true;
	put_account(db, a);
	if (!PLANTED(PLANT_INVITE_TWICE))
		run_for(db, STORE_SQL_INVITE_DROP, a->name);
	return ERR_OK;
}

#define FIRST_FOUR                                                            \
	(STORE_RECORD | STORE_IDENTITY | STORE_SETTINGS | STORE_ROSTER)
#define ALL_PARTS                                                             \
	(FIRST_FOUR | STORE_ENABLED | STORE_STATUS | STORE_RESET | STORE_BUMP)

static bool
is_conflict(const struct store_request *q, const struct versions *v)
{
	const struct store_account *a = &q->account;

	return (q->expect_version != 0 && q->expect_version != v->account) ||
	    ((q->parts & STORE_IDENTITY) != 0 &&
	    a->identity_version != v->identity + 1) ||
	    ((q->parts & STORE_SETTINGS) != 0 &&
	    a->settings_version != v->settings + 1 &&
	    !PLANTED(PLANT_SETTINGS_NOT_COMPARED)) ||
	    ((q->parts & STORE_ROSTER) != 0 &&
	    a->roster_version != v->roster + 1);
}

static void
set_record(struct store_db *db, const struct store_account *a)
{
	struct store_row r = store_row_begin(db, STORE_SQL_SET_RECORD);

	store_row_bind_blob(&r, BYTES_OF(a->record));
	store_row_bind_blob(&r, BYTES_OF(a->credential_id));
	store_row_bind_u64(&r, a->ksf_passes);
	store_row_bind_u64(&r, a->ksf_memory_kib);
	store_row_bind_u64(&r, a->has_record);
	store_row_bind_text(&r, a->name);
	(void)store_row_next(&r);
	store_row_end(&r);
}

static void
set_parts(struct store_db *db, uint32_t parts, const struct store_account *a)
{
	if ((parts & STORE_RECORD) != 0)
		set_record(db, a);
	if ((parts & STORE_IDENTITY) != 0)
		run_blob(db, STORE_SQL_SET_IDENTITY, a->identity_box,
		    a->identity_version, a->name);
	if ((parts & STORE_SETTINGS) != 0) {
		run_number(db, STORE_SQL_SET_SETTINGS, a->settings_version,
		    a->name);
		put_settings(db, a);
	}
	if ((parts & STORE_ROSTER) != 0)
		run_blob(db, STORE_SQL_SET_ROSTER, a->roster,
		    a->roster_version, a->name);
	if ((parts & STORE_ENABLED) != 0)
		run_number(db, STORE_SQL_SET_ENABLED, a->is_enabled, a->name);
	/* Nor does whoever has an invite come in by making the name anew. */
	if ((parts & STORE_ENABLED) != 0 && !a->is_enabled)
		run_for(db, STORE_SQL_INVITE_DROP, a->name);
	if ((parts & STORE_STATUS) != 0)
		run_number(db, STORE_SQL_SET_STATUS, a->status, a->name);
	if ((parts & STORE_RESET) != 0) {
		run_for(db, STORE_SQL_RESET, a->name);
		run_for(db, STORE_SQL_SETTINGS_DROP, a->name);
	}
	if ((parts & STORE_BUMP) != 0)
		run_for(db, STORE_SQL_BUMP, a->name);
}

static enum err
change(struct store_db *db, struct store_request *q)
{
	struct versions v;

	if (q->parts == 0 || (q->parts & ~(uint32_t)ALL_PARTS) != 0 ||
	    ((q->parts & STORE_RESET) != 0 && (q->parts & FIRST_FOUR) != 0))
		return ERR_ARG;
	if (!find(db, q->account.name, &v))
		return ERR_GONE;
	if (is_conflict(q, &v))
		return ERR_CONFLICT;
	set_parts(db, q->parts, &q->account);
	q->account.version = v.account + ((q->parts & STORE_BUMP) != 0);
	return ERR_OK;
}

static enum err
remove_account(struct store_db *db, const struct store_request *q)
{
	uint32_t before = store_db_changes(db);

	run_for(db, STORE_SQL_ACCOUNT_DROP, q->account.name);
	run_for(db, STORE_SQL_SETTINGS_DROP, q->account.name);
	run_for(db, STORE_SQL_INVITE_DROP, q->account.name);
	return store_db_changes(db) == before ? ERR_GONE : ERR_OK;
}

static enum err
put_invite(struct store_db *db, const struct store_invite *invite)
{
	struct store_row r = store_row_begin(db, STORE_SQL_INVITE_PUT);

	store_row_bind_blob(&r, BYTES_OF(invite->hash));
	store_row_bind_text(&r, invite->name);
	store_row_bind_u64(&r, invite->expires_s);
	store_row_bind_u64(&r, invite->tries);
	(void)store_row_next(&r);
	store_row_end(&r);
	return ERR_OK;
}

static enum err
try_invite(struct store_db *db, const struct store_request *q)
{
	struct found_invite found;
	struct store_row r;

	if (!find_invite(db, q->invite_hash, q->account.name, &found))
		return ERR_GONE;
	if (found.expires_s <= q->now_s)
		return ERR_EXPIRED;
	if (found.tries == 0)
		return ERR_LIMIT;
	r = store_row_begin(db, STORE_SQL_INVITE_USE);
	store_row_bind_blob(&r, BYTES_OF(q->invite_hash));
	(void)store_row_next(&r);
	store_row_end(&r);
	return ERR_OK;
}

enum err
store_request_write(struct store_db *db, struct store_request *q)
{
	switch (q->kind) {
	case STORE_ACCOUNT_CREATE:
		return create(db, q);
	case STORE_ACCOUNT_CHANGE:
		return change(db, q);
	case STORE_ACCOUNT_REMOVE:
		return remove_account(db, q);
	case STORE_INVITE_PUT:
		return put_invite(db, &q->invite);
	case STORE_INVITE_TRY:
		return try_invite(db, q);
	case STORE_ACCOUNT_GET:
	case STORE_ACCOUNT_RECORD:
	case STORE_ACCOUNT_LIST:
	default:
		return ERR_ARG;
	}
}
