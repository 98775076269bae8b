/*
 * A store and SQLite below it, with memory running out at every allocation
 * of either in turn. What is refused was not carried out, what is
 * acknowledged is there, and when there is memory again it goes on.
 */
#include "alloc.h"
#include "sim/life.h"
#include "support/check.h"

#include <stdio.h>

#define GROUPS 4

/* The first process has memory, and makes what the second one finds. */
static struct life *
begin(void)
{
	struct life *l = life_new(1);

	CHECK(life_open(l));
	for (unsigned i = 0; i < GROUPS; i++)
		CHECK(life_work(l));
	life_kill(l);
	return l;
}

/* It holds what was acknowledged, and goes on. */
static void
end(struct life *l)
{
	(void)alloc_disarm();
	if (l->store != NULL && !life_work(l))
		life_judge(l, "it does not go on with memory");
	life_cut(l);
	life_settle(l);
	CHECK(life_open(l) && life_work(l));
	if (!CHECK(l->verdict == NULL))
		printf("  %s\n", l->verdict);
	life_free(l);
}

static void
open_it(void)
{
	struct life *l = begin();

	alloc_arm();
	if (!life_open(l))
		CHECK(alloc_has_failed());
	end(l);
}

static void
use_it(void)
{
	struct life *l = begin();

	CHECK(life_open(l));
	alloc_arm();
	for (unsigned i = 0; i < GROUPS; i++) {
		if (life_work(l))
			continue;
		CHECK(alloc_has_failed());
		CHECK(!store_sqlite_is_broken(l->store));
		(void)alloc_disarm();
		if (life_look(l) != LIFE_SURE)
			life_judge(l, "what was refused is there");
		alloc_arm();
	}
	end(l);
}

static void
make_it(void)
{
	struct life *l = life_new(1);

	alloc_arm();
	if (!life_open(l))
		CHECK(alloc_has_failed());
	end(l);
}

TEST(threat_41_a_store_that_is_made)
{
	alloc_at_every("a store that is made", make_it);
}

TEST(threat_41_a_store_that_is_opened)
{
	alloc_at_every("a store that is opened", open_it);
}

TEST(threat_41_a_store_at_work)
{
	alloc_at_every("a store at work", use_it);
}

int
main(int argc, char **argv)
{
	static const struct check_test tests[] = {
		T(threat_41_a_store_that_is_made),
		T(threat_41_a_store_that_is_opened),
		T(threat_41_a_store_at_work) };

	alloc_take_sqlite();
	return check_run(tests, sizeof tests / sizeof tests[0], argc, argv);
}
