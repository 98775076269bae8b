/*
 * bad-disk - a store on a disk that fails, fills up, or lies.
 *
 *	DISK_SEEDS  lives of each kind (6)
 */
#include "sim/life.h"
#include "support/check.h"

#include <stdio.h>
#include <stdlib.h>

#define GROUPS 6 /* of one opening */

static uint64_t
seeds(void)
{
	return life_number("DISK_SEEDS", life_is_short() ? 1 : 6);
}

static bool
report(const char *what, uint64_t seed, uint64_t n, struct life *l)
{
	bool is_well = CHECK(l->verdict == NULL);

	if (!is_well)
		printf("  %s, seed %llu, %llu: %s\n", what,
		    (unsigned long long)seed, (unsigned long long)n,
		    l->verdict);
	return is_well;
}

/* ---- a disk that fails ---- */

/* After an error nothing is acknowledged any more, and the process ends. */
static void
give_up(struct life *l)
{
	static struct model before;

	before = l->maybe;
	if (!store_sqlite_is_broken(l->store))
		life_judge(l, "a failed write is not taken as final");
	if (life_work(l))
		life_judge(l, "it acknowledges after an error");
	l->maybe = before;
	life_close(l);
}

/* A process from its start to its end, or to its first error. */
static void
serve(struct life *l, void (*end)(struct life *l))
{
	if (!life_open(l)) {
		if (!disk_is_broken(l->disk))
			life_judge(l, "it cannot be opened");
		return;
	}
	for (unsigned i = 0; i < GROUPS; i++) {
		if (!life_work(l)) {
			give_up(l);
			return;
		}
	}
	end(l);
}

/* Three processes one after the other, the first on an empty disk; then the
 * disk is mended, and a fourth. Last the power goes: what a sync has failed
 * to keep is seen until then. */
static void
fail_at(struct life *l, uint32_t n, enum disk_fault how)
{
	disk_break_after(l->disk, n, how);
	for (unsigned i = 0; i < 3; i++) {
		serve(l, i == 1 ? life_kill : life_close);
		if (disk_is_broken(l->disk) && how == DISK_FOR_GOOD)
			break;
		life_settle(l);
	}
	disk_break_after(l->disk, 0, DISK_ONCE);
	life_settle(l);
	serve(l, life_cut);
	life_settle(l);
}

static uint32_t
operations(uint64_t seed)
{
	struct life *l = life_new(seed);
	uint32_t n;

	for (unsigned i = 0; i < 3; i++)
		serve(l, i == 1 ? life_kill : life_close);
	n = (uint32_t)disk_operations(l->disk);
	life_free(l);
	return n;
}

TEST(threat_39_an_error_at_every_operation)
{
	uint64_t points = 0;
	bool is_well = true;

	for (uint64_t seed = 1; is_well && seed <= seeds(); seed++) {
		uint32_t end = operations(seed);

		for (uint32_t at = 2; is_well && at < 2 * (end + 1); at++) {
			struct life *l = life_new(seed);

			fail_at(l, at / 2, at % 2 == 0 ? DISK_ONCE :
						       DISK_FOR_GOOD);
			is_well = report("error", seed, at / 2, l);
			life_free(l);
			points++;
		}
	}
	printf("  %llu errors\n", (unsigned long long)points);
}

/* ---- a disk that is full ---- */

/* After a refusal the store goes on from what was there before; only a crash
 * might show the refused group, whole: IO says that nobody knows. */
static void
check_refused(struct life *l)
{
	enum life_state state = life_look(l);

	if (state != LIFE_SURE && state != LIFE_MAYBE)
		life_judge(l, "a full disk has spoilt something");
}

/* What does not fit is refused whole, what is there can be read, and when
 * there is room again, it goes on. */
static void
fill(struct life *l)
{
	unsigned refused = 0;

	if (!life_open(l)) {
		life_judge(l, "it cannot be opened");
		return;
	}
	for (unsigned i = 0; i < 5 * GROUPS; i++) {
		disk_set_room(l->disk, rng_chance(&l->dice, 500) ? SIZE_MAX :
		    disk_used(l->disk) + rng_below(&l->dice, 20000));
		if (!life_work(l)) {
			refused++;
			if (store_sqlite_is_broken(l->store))
				life_judge(l, "a full disk is taken as final");
			check_refused(l);
		}
		if (rng_chance(&l->dice, 200)) {
			life_close(l);
			life_settle(l);
			if (!life_open(l)) {
				life_judge(l, "a full disk is not opened");
				return;
			}
		}
	}
	disk_set_room(l->disk, SIZE_MAX);
	if (!life_work(l))
		life_judge(l, "it does not go on when there is room");
	if (refused == 0)
		life_judge(l, "the disk was never full");
	life_cut(l);
	life_settle(l);
}

TEST(a_full_disk_refuses_and_goes_on)
{
	bool is_well = true;

	for (uint64_t seed = 1; is_well && seed <= 10 * seeds(); seed++) {
		struct life *l = life_new(seed);

		fill(l);
		is_well = report("full", seed, 0, l);
		life_free(l);
	}
}

/* ---- a disk that lies ---- */

/* Some groups, and the power goes in one of them. */
static void
trust(struct life *l, enum disk_sync how)
{
	disk_set_sync(l->disk, how);
	disk_fail_after(l->disk, 1 + rng_below(&l->dice, 100));
	for (unsigned i = 0; i < 5 * GROUPS && life_work(l); i++)
		continue;
	life_cut(l);
}

static struct life *
born(uint64_t seed)
{
	struct life *l = life_new(seed);

	l->past = calloc(LIFE_PAST, sizeof *l->past);
	if (l->past == NULL)
		abort();
	if (!life_open(l))
		abort();
	for (unsigned i = 0; i < GROUPS; i++)
		(void)life_work(l);
	return l;
}

/* The promise of an acknowledgement cannot be kept then; but what there is
 * is something that was true. */
TEST(a_cache_that_lies_gives_an_older_state)
{
	unsigned older = 0;
	bool is_well = true;

	for (uint64_t seed = 1; is_well && seed <= 40 * seeds(); seed++) {
		struct life *l = born(seed);

		trust(l, DISK_LIES_IN_ORDER);
		switch (life_look(l)) {
		case LIFE_SURE:
		case LIFE_MAYBE:
			break;
		case LIFE_PAST_ONE:
			older++;
			break;
		case LIFE_WRONG:
		case LIFE_DAMAGED:
		default:
			life_judge(l, "it holds what never was");
		}
		is_well = report("lie", seed, 0, l);
		life_free(l);
	}
	CHECK(older > 0);
}

/* And when it keeps what it likes, the file may be damaged: that is said, or
 * all requests are answered; nothing breaks. */
TEST(a_disk_that_lies_breaks_nothing_else)
{
	unsigned damaged = 0;
	bool is_well = true;

	for (uint64_t seed = 1; is_well && seed <= 40 * seeds(); seed++) {
		struct life *l = born(seed);

		trust(l, DISK_LIES);
		disk_set_sync(l->disk, DISK_HONEST);
		damaged += life_look(l) == LIFE_DAMAGED;
		l->verdict = NULL;
		if (life_open(l)) {
			for (unsigned i = 0; i < GROUPS && life_work(l); i++)
				continue;
			life_close(l);
		}
		is_well = CHECK_EQ(l->unanswered, 0);
		life_free(l);
	}
	CHECK(damaged > 0);
}

CHECK_MAIN(T(threat_39_an_error_at_every_operation),
    T(a_full_disk_refuses_and_goes_on),
    T(a_cache_that_lies_gives_an_older_state),
    T(a_disk_that_lies_breaks_nothing_else))
