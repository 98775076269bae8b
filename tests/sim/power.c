/*
 * power - a store, a disk, and the power that goes again and again.
 *
 * A life is a store that gets random requests in groups until the power
 * goes, in the middle of what the disk was about to do; then it is opened
 * again. What it holds must be what was acknowledged, or that with the one
 * group that was under way: nothing else, and no part of a group.
 *
 *	POWER_CUTS  how many (20,000), 100 a life
 *	POWER_SEED  of the first life (1)
 */
#include "base/plant.h"
#include "model.h"
#include "sim/disk.h"
#include "store/db.h"
#include "store/request.h"
#include "store/sqlite.h"
#include "support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GROUP    5   /* requests that share a transaction, at most */
#define GROUPS   12  /* between two cuts, at most */
#define PER_LIFE 100 /* cuts */

#if defined(__SANITIZE_ADDRESS__)
#define IS_SLOW 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_SLOW 1
#endif
#endif
#ifndef IS_SLOW
#define IS_SLOW 0
#endif

struct asked {
	struct store_request q;
	struct model_box box;
	bool is_done;
	enum err err, want;
};

struct life {
	struct disk *disk;
	struct rng dice;
	struct store_sqlite *store; /* NULL while there is no power */
	struct model sure;  /* all that was acknowledged */
	struct model maybe; /* with the group that is under way */
	struct asked group[GROUP];
	const char *verdict; /* NULL: all is well */
	uint64_t acked;
};

static unsigned
draw(void *ctx, unsigned n)
{
	return rng_below(ctx, n);
}

static void
judge(struct life *l, const char *verdict)
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

/* Looks at a copy of the disk, so that its log stays as it is. */
static void
look(struct life *l)
{
	struct disk *copy = disk_copy(l->disk);
	const char *why = "";
	struct store_db db;

	disk_use(copy);
	if (store_db_open(&db, "server.db", DISK_VFS, STORE_DB_ALONE,
		&why) != ERR_OK ||
	    store_db_migrate(&db, store_db_steps, STORE_SQLITE_SCHEMA,
		&why) != ERR_OK) {
		judge(l, "it cannot be opened");
	} else {
		if (!store_db_is_whole(&db))
			judge(l, "it is damaged");
		else if (is_model(&db, &l->maybe))
			l->sure = l->maybe;
		else if (!is_model(&db, &l->sure))
			judge(l, "something acknowledged is lost, or a part "
				 "of a group is there");
		else
			l->maybe = l->sure;
	}
	store_db_close(&db);
	disk_use(l->disk);
	disk_free(copy);
}

/* ---- a store at work ---- */

static void
wake(void *ctx)
{
	(void)ctx;
}

static bool
open_store(struct life *l)
{
	struct store_sqlite_options options = { "server.db", DISK_VFS, false,
		wake, NULL };
	const char *why = "";

	disk_use(l->disk);
	return store_sqlite_open(&options, &l->store, &why) == ERR_OK;
}

static void
close_store(struct life *l)
{
	store_sqlite_close(l->store);
	l->store = NULL;
}

static void
on_done(struct store_request *q, enum err err)
{
	struct asked *a = q->ctx;

	a->is_done = true;
	a->err = err;
}

/* A group of requests; returns whether the store can go on. */
static bool
work(struct life *l)
{
	struct store *store = store_sqlite_store(l->store);
	unsigned n = 1 + rng_below(&l->dice, GROUP);
	bool is_refused = false;

	for (unsigned i = 0; i < n; i++) {
		struct asked *a = &l->group[i];

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
		struct asked *a = &l->group[i];

		if (!a->is_done)
			judge(l, "a request was not answered");
		is_refused |= a->err == ERR_IO;
	}
	for (unsigned i = 0; i < n && !is_refused; i++)
		if (l->group[i].err != l->group[i].want)
			judge(l, "an answer is wrong");
	if (is_refused)
		return false;
	l->sure = l->maybe;
	l->acked++;
	return true;
}

/* ---- power cuts ---- */

static void
cut_once(struct life *l)
{
	uint32_t groups = 1 + rng_below(&l->dice, GROUPS);
	uint32_t doom = 1 + rng_below(&l->dice, 60);
	bool is_late = !rng_chance(&l->dice, 100);

	if (!is_late)
		disk_fail_after(l->disk, 1 + doom % 8);
	if (!open_store(l)) {
		if (!disk_has_failed(l->disk))
			judge(l, "it cannot be opened");
	} else {
		if (is_late)
			disk_fail_after(l->disk, doom);
		while (groups > 0 && work(l))
			groups--;
		if (!rng_chance(&l->dice, 200))
			disk_fail_after(l->disk, 1);
		close_store(l);
	}
	disk_power_cut(l->disk);
	look(l);
}

static const char *
live(uint64_t seed, uint64_t cuts, uint64_t *done, uint64_t *acked)
{
	struct life *l = calloc(1, sizeof *l);
	const char *verdict;

	if (l == NULL)
		abort();
	l->disk = disk_new(rng_new(seed, "disk"));
	l->dice = rng_new(seed, "dice");
	for (; cuts > 0 && l->verdict == NULL; cuts--, ++*done)
		cut_once(l);
	verdict = l->verdict;
	*acked += l->acked;
	disk_free(l->disk);
	free(l);
	return verdict;
}

static uint64_t
number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

TEST(threat_38_power_cuts)
{
	bool is_quick = IS_SLOW || getenv("SOTTO_QUICK") != NULL;
	uint64_t cuts = number("POWER_CUTS", is_quick ? 2000 : 20000);
	uint64_t first = number("POWER_SEED", 1), done = 0, acked = 0;

	for (uint64_t seed = first; done < cuts; seed++) {
		uint64_t left = cuts - done;
		const char *verdict = live(seed,
		    left < PER_LIFE ? left : PER_LIFE, &done, &acked);

		if (CHECK(verdict == NULL))
			continue;
		printf("  %s: POWER_SEED=%llu POWER_CUTS=%d\n", verdict,
		    (unsigned long long)seed, PER_LIFE);
		break;
	}
	printf("  %llu power cuts, %llu groups acknowledged\n",
	    (unsigned long long)done, (unsigned long long)acked);
}

/* Whoever does not wait for the disk is found out. */
TEST(threat_38_impatience_is_found)
{
	static const int plants[] = { PLANT_STORE_SYNC_NORMAL,
		PLANT_STORE_SYNC_OFF, PLANT_STORE_ACK_EARLY };

	for (size_t i = 0; i < sizeof plants / sizeof plants[0]; i++) {
		const char *verdict = NULL;
		uint64_t done = 0, acked = 0;

		sotto_plant = plants[i];
		for (uint64_t seed = 1; verdict == NULL && seed <= 20; seed++)
			verdict = live(seed, PER_LIFE, &done, &acked);
		CHECK(verdict != NULL);
		printf("  plant %d after %llu cuts: %s\n", plants[i],
		    (unsigned long long)done, verdict ? verdict : "nothing");
	}
	sotto_plant = PLANT_NONE;
}

CHECK_MAIN(T(threat_38_power_cuts), T(threat_38_impatience_is_found))
