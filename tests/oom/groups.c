/*
 * Groups of MLS, with memory running out at every allocation of an operation
 * in turn. It says so, or does without; a group that was not changed by
 * success was not changed at all; and with memory the same call succeeds.
 */
#include "alloc.h"
#include "crypto/crypto.h"
#include "support/mls_world.h"

#include <string.h>

static struct {
	struct world w;
	struct person ann, bob, cyd, dan;
	struct wr in;  /* what an operation gets */
	struct wr out; /* what it gives */
	uint16_t suite;
} s = { .suite = MLS_SUITE_X25519_AES128 };

typedef enum mls_result op_fn(void);

/* ---- operations ---- */

static enum mls_result
protect(void)
{
	return mls_group_protect(s.ann.group, BYTES_NONE, BYTES_LIT("hello"),
	    &s.out);
}

static enum mls_result
process(void)
{
	struct mls_event event;

	return mls_group_process(s.bob.group, wr_bytes(&s.in), &s.out, &event);
}

static enum mls_result
add(void)
{
	return mls_group_add(s.ann.group, mls_bundle_public(s.dan.bundle));
}

static enum mls_result
propose(void)
{
	return mls_group_propose(s.ann.group, &s.out);
}

static enum mls_result
commit(void)
{
	struct wr welcome = wr_new();
	enum mls_result result =
	    mls_group_commit(s.ann.group, NULL, &s.out, &welcome);

	wr_free(&s.in);
	s.in = welcome;
	return result;
}

static enum mls_result
merge(void)
{
	return mls_group_merge(s.ann.group);
}

static enum mls_result
join(void)
{
	const struct mls_join in = {
		.bundle = s.dan.bundle,
		.welcome = wr_bytes(&s.in),
	};

	mls_group_free(s.dan.group);
	s.dan.group = NULL;
	return mls_group_join(&s.dan.client, &in, &s.dan.group);
}

static enum mls_result
reload(void)
{
	struct mls_group *g = NULL;
	enum mls_result result = mls_group_load(&s.ann.client,
	    wr_bytes(&s.in), &g);

	mls_group_free(g);
	return result;
}

/* ---- one of them ---- */

static void
begin(void)
{
	struct person *others[] = { &s.bob, &s.cyd };

	world_init(&s.w);
	person_init(&s.ann, &s.w, "ann", s.suite);
	person_init(&s.bob, &s.w, "bob", s.suite);
	person_init(&s.cyd, &s.w, "cyd", s.suite);
	person_init(&s.dan, &s.w, "dan", s.suite);
	person_create(&s.ann, BYTES_NONE);
	person_add(&s.ann, others, 2);
	(void)person_key_package(&s.dan);
	s.in = wr_new();
	s.out = wr_new();
}

static void
end(void)
{
	person_free(&s.ann);
	person_free(&s.bob);
	person_free(&s.cyd);
	person_free(&s.dan);
	wr_free(&s.in);
	wr_free(&s.out);
}

/* What an operation before this one made is what this one gets. */
static void
pass_on(void)
{
	wr_free(&s.in);
	s.in = s.out;
	s.out = wr_new();
}

static void
try(op_fn *op, const struct person *whose)
{
	struct wr before = wr_new(), after = wr_new();
	enum mls_result result;

	CHECK_MLS(mls_group_save(whose->group, &before), MLS_OK);
	alloc_arm();
	result = op();
	(void)alloc_disarm();
	CHECK_MLS(mls_group_save(whose->group, &after), MLS_OK);
	if (result != MLS_OK) {
		CHECK(alloc_has_failed());
		CHECK(bytes_equal(wr_bytes(&before), wr_bytes(&after)));
		if (op == commit || op == protect || op == propose)
			wr_free(&s.out);
		CHECK_MLS(op(), MLS_OK);
	}
	wr_free(&before);
	wr_free(&after);
}

/* ---- all of them ---- */

static void
try_protect(void)
{
	begin();
	try(protect, &s.ann);
	end();
}

static void
try_reading(void)
{
	begin();
	CHECK_MLS(protect(), MLS_OK);
	pass_on();
	try(process, &s.bob);
	end();
}

static void
try_proposing(void)
{
	begin();
	try(add, &s.ann);
	try(propose, &s.ann);
	end();
}

static void
try_commit(void)
{
	begin();
	CHECK_MLS(add(), MLS_OK);
	try(commit, &s.ann);
	try(merge, &s.ann);
	end();
}

static void
try_processing(void)
{
	begin();
	CHECK_MLS(add(), MLS_OK);
	CHECK_MLS(commit(), MLS_OK);
	pass_on();
	try(process, &s.bob);
	end();
}

static void
try_joining(void)
{
	begin();
	CHECK_MLS(add(), MLS_OK);
	CHECK_MLS(commit(), MLS_OK);
	try(join, &s.ann);
	end();
}

static void
try_reload(void)
{
	begin();
	CHECK_MLS(mls_group_save(s.ann.group, &s.in), MLS_OK);
	try(reload, &s.ann);
	end();
}

TEST(threat_41_saying_in_a_group)
{
	alloc_at_every("saying in a group", try_protect);
}

TEST(threat_41_hearing_in_a_group)
{
	alloc_at_every("hearing in a group", try_reading);
}

TEST(threat_41_proposing)
{
	alloc_at_every("proposing", try_proposing);
}

TEST(threat_41_committing)
{
	alloc_at_every("committing", try_commit);
}

TEST(threat_41_following_a_commit)
{
	alloc_at_every("following a commit", try_processing);
}

TEST(threat_41_joining_a_group)
{
	alloc_at_every("joining a group", try_joining);
}

TEST(threat_41_going_on_with_a_saved_group)
{
	alloc_at_every("going on with a saved group", try_reload);
}

int
main(int argc, char **argv)
{
	static const struct check_test tests[] = {
		T(threat_41_saying_in_a_group),
		T(threat_41_hearing_in_a_group), T(threat_41_proposing),
		T(threat_41_committing), T(threat_41_following_a_commit),
		T(threat_41_joining_a_group),
		T(threat_41_going_on_with_a_saved_group) };

	if (crypto_init() != ERR_OK)
		return 1;
	return check_run(tests, sizeof tests / sizeof tests[0], argc, argv);
}
