/* Every allocation fails once: the call says so, or does without, and a group
 * that was not changed by success was not changed at all. */
#include "crypto/crypto.h"
#include "support/mls_world.h"

#include <stdlib.h>
#include <string.h>

/* glibc's own, under the names that do not come back here. */
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *malloc(size_t n);
void *calloc(size_t n, size_t size);
void *realloc(void *p, size_t n);

/* Allocations until one fails; negative: none does. */
static long fuse = -1;
static bool blown;

#ifdef __SANITIZE_ADDRESS__
#define SANITIZED 1 /* which has an allocator of its own */
#else
#define SANITIZED 0

static bool
fails(void)
{
	if (fuse < 0 || fuse-- > 0)
		return false;
	blown = true;
	return true;
}

void *
malloc(size_t n)
{
	return fails() ? NULL : __libc_malloc(n);
}

void *
calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *p, size_t n)
{
	return fails() ? NULL : __libc_realloc(p, n);
}
#endif

struct scene {
	struct world w;
	struct person ann, bob, dan;
	struct wr in;  /* what an operation gets */
	struct wr out; /* what it gives */
};

static void
scene_init(struct scene *s)
{
	struct person *others[1] = { &s->bob };

	world_init(&s->w);
	person_init(&s->ann, &s->w, "ann", MLS_SUITE_X25519_AES128);
	person_init(&s->bob, &s->w, "bob", MLS_SUITE_X25519_AES128);
	person_init(&s->dan, &s->w, "dan", MLS_SUITE_X25519_AES128);
	person_create(&s->ann, BYTES_NONE);
	person_add(&s->ann, others, 1);
	s->in = wr_new();
	s->out = wr_new();
}

static void
scene_free(struct scene *s)
{
	person_free(&s->ann);
	person_free(&s->bob);
	person_free(&s->dan);
	wr_free(&s->in);
	wr_free(&s->out);
}

typedef enum mls_result op_fn(struct scene *s);

/* Runs op on p's group, failing one allocation after the other. */
static void
every_allocation_fails(struct scene *s, struct person *p, op_fn *op)
{
	struct wr before = wr_new(), after = wr_new();
	enum mls_result result;
	long n = 0;

	if (SANITIZED) {
		check_skip("the sanitizer has the allocator", 1);
		wr_free(&s->out);
		CHECK_MLS(op(s), MLS_OK);
		return;
	}
	do {
		wr_reset(&before);
		wr_reset(&after);
		wr_free(&s->out);
		CHECK_MLS(mls_group_save(p->group, &before), MLS_OK);
		blown = false;
		fuse = n++;
		result = op(s);
		fuse = -1;
		CHECK_MLS(mls_group_save(p->group, &after), MLS_OK);
		if (result != MLS_OK)
			CHECK(bytes_equal(wr_bytes(&before), wr_bytes(&after)));
		CHECK(result == MLS_OK || blown);
	} while (blown && n < 10000 && result != MLS_OK);
	CHECK_MLS(result, MLS_OK);
	CHECK(n > 1);
	wr_free(&before);
	wr_free(&after);
}

static enum mls_result
protect(struct scene *s)
{
	return mls_group_protect(
	    s->ann.group, BYTES_NONE, BYTES_LIT("hello"), &s->out);
}

static enum mls_result
process(struct scene *s)
{
	struct mls_event event;

	return mls_group_process(
	    s->bob.group, wr_bytes(&s->in), &s->out, &event);
}

static enum mls_result
add(struct scene *s)
{
	return mls_group_add(s->ann.group, mls_bundle_public(s->dan.bundle));
}

static enum mls_result
propose(struct scene *s)
{
	return mls_group_propose(s->ann.group, &s->out);
}

static enum mls_result
update(struct scene *s)
{
	return mls_group_update(s->ann.group, NULL);
}

static enum mls_result
commit(struct scene *s)
{
	struct wr welcome = wr_new();
	enum mls_result result =
	    mls_group_commit(s->ann.group, NULL, &s->out, &welcome);

	if (result == MLS_OK) {
		wr_free(&s->in);
		s->in = welcome;
	} else {
		wr_free(&welcome);
	}
	return result;
}

static enum mls_result
join(struct scene *s)
{
	const struct mls_join in = {
		.bundle = s->dan.bundle,
		.welcome = wr_bytes(&s->in),
	};

	return mls_group_join(&s->dan.client, &in, &s->dan.group);
}

static enum mls_result
reload(struct scene *s)
{
	struct mls_group *g = NULL;
	enum mls_result result;

	result = mls_group_load(&s->ann.client, wr_bytes(&s->in), &g);
	mls_group_free(g);
	return result;
}

/* The message that was just made is what is processed next. */
static void
pass_on(struct scene *s)
{
	struct wr empty = s->in;

	wr_reset(&empty);
	s->in = s->out;
	s->out = empty;
}

TEST(messages)
{
	struct scene s;

	scene_init(&s);
	every_allocation_fails(&s, &s.ann, protect);
	pass_on(&s);
	every_allocation_fails(&s, &s.bob, process);
	scene_free(&s);
}

TEST(proposals)
{
	struct scene s;

	scene_init(&s);
	(void)person_key_package(&s.dan);
	every_allocation_fails(&s, &s.ann, add);
	every_allocation_fails(&s, &s.ann, propose);
	pass_on(&s);
	every_allocation_fails(&s, &s.bob, process);
	every_allocation_fails(&s, &s.ann, update);
	every_allocation_fails(&s, &s.ann, propose);
	pass_on(&s);
	every_allocation_fails(&s, &s.bob, process);
	scene_free(&s);
}

TEST(commits_and_state)
{
	struct scene s;
	struct wr message;

	scene_init(&s);
	(void)person_key_package(&s.dan);
	CHECK_MLS(add(&s), MLS_OK);
	every_allocation_fails(&s, &s.ann, commit);
	message = s.out;
	s.out = wr_new();
	every_allocation_fails(&s, &s.ann, join);
	CHECK_EQ(mls_group_members(s.dan.group), 3);
	wr_free(&s.in);
	s.in = message;
	every_allocation_fails(&s, &s.bob, process);
	wr_reset(&s.in);
	CHECK_MLS(mls_group_save(s.ann.group, &s.in), MLS_OK);
	every_allocation_fails(&s, &s.ann, reload);
	scene_free(&s);
}

int
main(int argc, char **argv)
{
	static const struct check_test tests[] = {
		T(messages),
		T(proposals),
		T(commits_and_state),
	};

	if (crypto_init() != ERR_OK)
		return 1;
	return check_run(tests, sizeof tests / sizeof tests[0], argc, argv);
}
