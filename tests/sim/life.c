#include "sim/life.h"

#include "store/db.h"
#include "store/request.h"
#include "support/slow.h"

#include <stdlib.h>
#include <string.h>

static unsigned
draw(void *ctx, unsigned n)
{
	return rng_below(ctx, n);
}

void
life_judge(struct life *l, const char *verdict)
{
	if (l->verdict == NULL)
		l->verdict = verdict;
}

/* ---- what the disk holds ---- */

static bool
is_same(const struct store_account *a, const struct model_name *m)
{
	const struct bytes views[3] = { a->identity_box, a->settings_box,
		a->roster };
	const struct store_account *b = &m->account;

	for (size_t i = 0; i < 3; i++)
		if (!bytes_equal(views[i],
			(struct bytes){ m->boxes[i].p, m->boxes[i].n }))
			return false;
	return a->version == b->version && a->is_enabled == b->is_enabled &&
	    a->has_record == b->has_record && a->status == b->status &&
	    a->identity_version == b->identity_version &&
	    a->settings_version == b->settings_version &&
	    a->roster_version == b->roster_version &&
	    memcmp(a->record, b->record, sizeof a->record) == 0;
}

static bool
has_invite(struct store_db *db, const struct store_invite *invite)
{
	struct store_row r = store_row_begin(db, STORE_SQL_INVITE_GET);
	bool is_there;

	store_row_bind_blob(&r, BYTES_OF(invite->hash));
	store_row_bind_text(&r, invite->name);
	is_there = store_row_next(&r) &&
	    store_row_u64(&r) == invite->expires_s &&
	    store_row_u64(&r) == invite->tries;
	store_row_end(&r);
	return is_there;
}

/* Returns whether the database holds what the model does, and no more. */
static bool
is_model(struct store_db *db, const struct model *model)
{
	int64_t accounts = 0, invites = 0;

	for (unsigned i = 0; i < MODEL_NAMES; i++) {
		const struct model_name *m = &model->names[i];
		struct store_request q = { .kind = STORE_ACCOUNT_GET,
			.account.name = { (char)('a' + i) } };
		enum err err = store_request_read(db, &q);
		bool is_right = err == (m->is_there ? ERR_OK : ERR_GONE) &&
		    (err != ERR_OK || is_same(&q.account, m));

		free(q.held);
		if (!is_right ||
		    (m->has_invite && !has_invite(db, &m->invite)))
			return false;
		accounts += m->is_there;
		invites += m->has_invite;
	}
	return store_db_number(db, "SELECT count(*) FROM account") ==
	    accounts && store_db_number(db, "SELECT count(*) FROM settings")
	    <= accounts && invites ==
	    store_db_number(db, "SELECT count(*) FROM invite");
}

static enum life_state
state_of(struct life *l, struct store_db *db)
{
	if (!store_db_is_whole(db))
		return LIFE_DAMAGED;
	if (is_model(db, &l->sure))
		return LIFE_SURE;
	if (is_model(db, &l->maybe))
		return LIFE_MAYBE;
	for (size_t i = 0; l->past != NULL && i < LIFE_PAST; i++)
		if (is_model(db, &l->past[i]))
			return LIFE_PAST_ONE;
	return store_db_err(db) == ERR_OK ? LIFE_WRONG : LIFE_DAMAGED;
}

enum life_state
life_look(struct life *l)
{
	struct disk *copy = disk_copy(l->disk);
	enum life_state state = LIFE_DAMAGED;
	const char *why = "";
	struct store_db db;

	disk_use(copy);
	if (store_db_open(&db, "server.db", DISK_VFS, STORE_DB_ALONE,
		&why) == ERR_OK &&
	    store_db_migrate(&db, store_db_steps, STORE_SQLITE_SCHEMA,
		&why) == ERR_OK)
		state = state_of(l, &db);
	store_db_close(&db);
	disk_use(l->disk);
	disk_free(copy);
	return state;
}

void
life_settle(struct life *l)
{
	if (l->unanswered > 0)
		life_judge(l, "a request was not answered");
	switch (life_look(l)) {
	case LIFE_SURE:
		l->maybe = l->sure;
		break;
	case LIFE_MAYBE:
		l->sure = l->maybe;
		break;
	case LIFE_DAMAGED:
		life_judge(l, "it is damaged, or cannot be opened");
		break;
	case LIFE_PAST_ONE:
		life_judge(l, "something acknowledged is lost");
		break;
	case LIFE_WRONG:
	default:
		life_judge(l, "something acknowledged is lost, or a part of "
			 "a group is there");
		break;
	}
}

/* ---- a store at work ---- */

static void
wake(void *ctx)
{
	(void)ctx;
}

bool
life_open(struct life *l)
{
	struct store_sqlite_options options = { "server.db", DISK_VFS, false,
		wake, NULL };
	const char *why = "";

	disk_use(l->disk);
	return store_sqlite_open(&options, &l->store, &why) == ERR_OK;
}

void
life_close(struct life *l)
{
	store_sqlite_close(l->store);
	l->store = NULL;
}

void
life_kill(struct life *l)
{
	disk_hold(l->disk, true);
	life_close(l);
	disk_hold(l->disk, false);
}

void
life_cut(struct life *l)
{
	life_kill(l);
	disk_power_cut(l->disk);
}

static void
on_done(struct store_request *q, enum err err)
{
	struct life_asked *a = q->ctx;

	a->is_done = true;
	a->err = err;
}

/* A group of requests; returns whether the store can go on. */
bool
life_work(struct life *l)
{
	struct store *store = store_sqlite_store(l->store);
	unsigned n = 1 + rng_below(&l->dice, LIFE_GROUP);
	unsigned refused = 0;

	l->maybe = l->sure;
	for (unsigned i = 0; i < n; i++) {
		struct life_asked *a = &l->group[i];

		a->box.n = MODEL_BOX_MAX;
		model_request(&l->maybe, &a->q, &a->box, draw, &l->dice);
		if (!store_request_is_write(a->q.kind))
			a->q.kind = STORE_INVITE_PUT;
		a->want = model_do(&l->maybe, &a->q);
		a->is_done = false;
		a->q.done = on_done;
		a->q.ctx = a;
		store->submit(store, &a->q);
	}
	(void)store_sqlite_poll(l->store);
	for (unsigned i = 0; i < n; i++) {
		struct life_asked *a = &l->group[i];

		l->unanswered += !a->is_done;
		refused += a->err == ERR_IO || a->err == ERR_NOMEM;
	}
	for (unsigned i = 0; i < n && refused == 0; i++)
		if (l->group[i].err != l->group[i].want)
			life_judge(l, "an answer is wrong");
	if (refused != 0 && refused != n)
		life_judge(l, "a part of a group was refused");
	if (refused != 0)
		return false;
	l->sure = l->maybe;
	if (l->past != NULL)
		l->past[l->acked % LIFE_PAST] = l->sure;
	l->acked++;
	return true;
}

/* ---- beginning and end ---- */

struct life *
life_new(uint64_t seed)
{
	struct life *l = calloc(1, sizeof *l);

	if (l == NULL)
		abort();
	l->disk = disk_new(rng_new(seed, "disk"));
	l->dice = rng_new(seed, "dice");
	return l;
}

void
life_free(struct life *l)
{
	life_close(l);
	disk_free(l->disk);
	free(l->past);
	free(l);
}

uint64_t
life_number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

bool
life_is_short(void)
{
	return IS_SLOW || getenv("SOTTO_QUICK") != NULL;
}
