#include "support/mls_world.h"

#include <stdio.h>
#include <string.h>

bool
check_mls(enum mls_result got, enum mls_result want, const char *what,
    const char *file, int line)
{
	if (got != want)
		printf("    got %s, want %s\n", mls_result_name(got),
		    mls_result_name(want));
	return check_true(got == want, what, file, line);
}

/* splitmix64: enough for tests, and the same everywhere. */
static void
world_random(void *ctx, void *out, size_t n)
{
	struct world *w = ctx;
	uint8_t *p = out;

	for (size_t i = 0; i < n; i++) {
		uint64_t z = w->seed += 0x9e3779b97f4a7c15;

		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
		z = (z ^ z >> 27) * 0x94d049bb133111eb;
		p[i] = (uint8_t)(z ^ z >> 31);
	}
}

static uint64_t
world_now_ms(void *ctx)
{
	return ((struct world *)ctx)->now_s * 1000;
}

static uint64_t
world_wall_s(void *ctx)
{
	return ((struct world *)ctx)->now_s;
}

static bool
world_find_psk(void *ctx, const struct mls_psk_id *id, struct wr *out)
{
	(void)ctx;
	if (id->type != MLS_PSK_EXTERNAL || !bytes_equal(id->id, WORLD_PSK_ID))
		return false;
	wr_put(out, WORLD_PSK);
	return true;
}

void
world_init(struct world *w)
{
	*w = (struct world){ .seed = 1, .now_s = WORLD_START_S };
	w->env = (struct env){ world_now_ms, world_wall_s, world_random, w };
	w->client = (struct mls_client){
		.env = &w->env,
		.authenticate = mls_accept_newcomers,
		.find_psk = world_find_psk,
	};
}

void
person_init(struct person *p, struct world *w, const char *name, uint16_t suite)
{
	*p = (struct person){
		.client = w->client, .name = name, .suite = suite
	};
	CHECK_MLS(mls_signature_key_new(
		      &p->client, suite, p->secret, p->public, &p->public_len),
	    MLS_OK);
}

void
person_free(struct person *p)
{
	mls_group_free(p->group);
	mls_bundle_free(p->bundle);
	p->group = NULL;
	p->bundle = NULL;
}

struct mls_identity
person_identity(const struct person *p)
{
	return (struct mls_identity){
		{ MLS_CREDENTIAL_BASIC, bytes_str(p->name) },
		{ BYTES_OF(p->secret), { p->public, p->public_len } },
	};
}

struct bytes
person_key_package(struct person *p)
{
	const struct mls_bundle_options options = { .suite = p->suite,
		.identity = person_identity(p) };

	mls_bundle_free(p->bundle);
	p->bundle = NULL;
	CHECK_MLS(mls_bundle_new(&p->client, &options, &p->bundle), MLS_OK);
	return mls_bundle_public(p->bundle);
}

void
person_create(struct person *p, struct bytes extensions)
{
	const struct mls_group_options options = {
		.suite = p->suite,
		.identity = person_identity(p),
		.extensions = extensions,
	};

	CHECK_MLS(mls_group_create(&p->client, &options, &p->group), MLS_OK);
}

void
people_join(struct person *const *others, size_t n, struct bytes welcome)
{
	for (size_t i = 0; i < n; i++) {
		const struct mls_join join = {
			.bundle = others[i]->bundle,
			.welcome = welcome,
		};

		CHECK_MLS(mls_group_join(
			      &others[i]->client, &join, &others[i]->group),
		    MLS_OK);
	}
}

void
person_add(struct person *p, struct person *const *others, size_t n)
{
	struct wr commit = wr_new(), welcome = wr_new();

	for (size_t i = 0; i < n; i++)
		CHECK_MLS(
		    mls_group_add(p->group, person_key_package(others[i])),
		    MLS_OK);
	CHECK_MLS(mls_group_commit(p->group, NULL, &commit, &welcome), MLS_OK);
	CHECK_MLS(mls_group_merge(p->group), MLS_OK);
	people_join(others, n, wr_bytes(&welcome));
	wr_free(&commit);
	wr_free(&welcome);
}

void
person_commit(struct person *p, struct person *const *others, size_t n)
{
	struct wr commit = wr_new(), welcome = wr_new();

	CHECK_MLS(mls_group_commit(p->group, NULL, &commit, &welcome), MLS_OK);
	for (size_t i = 0; i < n; i++)
		CHECK_MLS(person_takes(others[i], wr_bytes(&commit)), MLS_OK);
	CHECK_MLS(mls_group_merge(p->group), MLS_OK);
	for (size_t i = 0; i < n; i++) {
		struct person *both[2] = { p, others[i] };

		if (mls_group_status(others[i]->group) != MLS_WE_WERE_REMOVED)
			CHECK(people_agree(both, 2));
	}
	wr_free(&commit);
	wr_free(&welcome);
}

bool
person_tells(struct person *from, struct person *to, const char *what)
{
	struct wr message = wr_new(), buf = wr_new();
	struct mls_event event;
	bool ok;

	ok = CHECK_MLS(mls_group_protect(from->group, BYTES_LIT("data"),
			   bytes_str(what), &message),
		 MLS_OK) &&
	     CHECK_MLS(mls_group_unprotect(
			   to->group, wr_bytes(&message), &buf, &event),
		 MLS_OK) &&
	     CHECK_BYTES(event.data, bytes_str(what)) &&
	     CHECK_BYTES(event.authenticated_data, BYTES_LIT("data")) &&
	     CHECK_EQ(event.sender.index, mls_group_me(from->group).i);
	wr_free(&message);
	wr_free(&buf);
	return ok;
}

enum mls_result
person_takes(struct person *p, struct bytes message)
{
	struct wr buf = wr_new();
	struct mls_event event;
	enum mls_result result;

	result = mls_group_process(p->group, message, &buf, &event);
	if (result == MLS_OK && event.kind == MLS_EVENT_COMMIT)
		CHECK_MLS(mls_group_merge(p->group), MLS_OK);
	wr_free(&buf);
	return result;
}

bool
people_agree(struct person *const *all, size_t n)
{
	bool agree = true;

	for (size_t i = 1; i < n; i++)
		agree = agree &&
			mls_group_epoch(all[i]->group) ==
			    mls_group_epoch(all[0]->group) &&
			bytes_equal(mls_group_authenticator(all[i]->group),
			    mls_group_authenticator(all[0]->group));
	return agree;
}

void
person_reloads(struct person *p)
{
	struct mls_group *again = NULL;
	struct wr saved = wr_new(), twice = wr_new();

	CHECK_MLS(mls_group_save(p->group, &saved), MLS_OK);
	CHECK_MLS(mls_group_load(&p->client, wr_bytes(&saved), &again), MLS_OK);
	if (again != NULL) {
		CHECK_MLS(mls_group_save(again, &twice), MLS_OK);
		CHECK(bytes_equal(wr_bytes(&twice), wr_bytes(&saved)));
		mls_group_free(p->group);
		p->group = again;
	}
	wr_free(&saved);
	wr_free(&twice);
}

enum mls_result
person_tries(struct person *p, struct bytes message)
{
	struct wr before = wr_new(), after = wr_new(), buf = wr_new();
	struct mls_event event;
	enum mls_result result;

	CHECK_MLS(mls_group_save(p->group, &before), MLS_OK);
	result = mls_group_process(p->group, message, &buf, &event);
	CHECK_MLS(mls_group_save(p->group, &after), MLS_OK);
	if (result != MLS_OK) {
		CHECK(bytes_equal(wr_bytes(&before), wr_bytes(&after)));
		CHECK_EQ(buf.n, 0);
	}
	wr_free(&before);
	wr_free(&after);
	wr_free(&buf);
	return result;
}

void
four_meet(struct four *f, uint16_t suite, struct bytes extensions)
{
	struct person *others[2] = { &f->bob, &f->cyd };

	person_init(&f->ann, &f->w, "ann", suite);
	person_init(&f->bob, &f->w, "bob", suite);
	person_init(&f->cyd, &f->w, "cyd", suite);
	person_init(&f->dan, &f->w, "dan", suite);
	person_create(&f->ann, extensions);
	person_add(&f->ann, others, 2);
}

void
four_free(struct four *f)
{
	person_free(&f->ann);
	person_free(&f->bob);
	person_free(&f->cyd);
	person_free(&f->dan);
}
