/*
 * Section 9.2 and all that should be forgotten: after a secret has had its
 * use, no copy of it is anywhere in the memory of the process or in the saved
 * state of the group.
 */
#include "crypto/crypto.h"
#include "mls/bundle.h"
#include "mls/staged.h"
#include "support/mls_world.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MASK	    0xa5
#define MIN_LEN	    12
#define MAX_SECRETS 64
#define MAX_REGION  (1ul << 30) /* larger ones are a sanitizer's */

/* What is looked for, masked, so that the list itself is not found. */
static struct {
	const char *name;
	uint8_t masked[MLS_MAX_HASH_LEN];
	size_t n;
} secrets[MAX_SECRETS];
static size_t n_secrets;

static void
remember(const char *name, const uint8_t *p, size_t n)
{
	CHECK(n >= MIN_LEN && n <= MLS_MAX_HASH_LEN);
	secrets[n_secrets].name = name;
	secrets[n_secrets].n = n;
	for (size_t i = 0; i < n; i++)
		secrets[n_secrets].masked[i] = p[i] ^ MASK;
	n_secrets++;
}

static bool
is_at(const uint8_t *p, size_t which)
{
	for (size_t i = 0; i < secrets[which].n; i++)
		if ((p[i] ^ MASK) != secrets[which].masked[i])
			return false;
	return true;
}

/* Returns how often one of the secrets stands in n bytes, and says which. */
static size_t
count_in(const uint8_t *p, size_t n, const char *where)
{
	size_t found = 0;

	for (size_t i = 0; i < n_secrets; i++) {
		const uint8_t first = secrets[i].masked[0] ^ MASK;
		const uint8_t *at = p, *end = p + n - secrets[i].n;

		if (n < secrets[i].n)
			continue;
		while (at <= end && (at = memchr(at, first,
					 (size_t)(end - at) + 1)) != NULL) {
			if (is_at(at, i)) {
				printf("    %s is in %s at %p\n",
				    secrets[i].name, where, (const void *)at);
				found++;
			}
			at++;
		}
	}
	return found;
}

/* The same for all memory that this process can write. */
static size_t
count_in_memory(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	uintptr_t from, to;
	char line[512], mode[8], name[256];
	size_t found = 0;

	CHECK(maps != NULL);
	while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
		name[0] = '\0';
		if (sscanf(line,
			"%" SCNxPTR "-%" SCNxPTR " %7s %*s %*s %*s %255s",
			&from, &to, mode, name) < 3 ||
		    mode[0] != 'r' || mode[1] != 'w' ||
		    to - from > MAX_REGION || name[0] == '[')
			if (strcmp(name, "[heap]") != 0 &&
			    strcmp(name, "[stack]") != 0)
				continue;
		found += count_in((const uint8_t *)from, to - from,
		    name[0] == '\0' ? "memory" : name);
	}
	if (maps != NULL)
		(void)fclose(maps);
	return found;
}

/* No remembered secret is in memory, nor in the group's saved state. */
static void
all_gone(const struct mls_group *g)
{
	struct wr saved = wr_new();

	CHECK_EQ(count_in_memory(), 0);
	if (g != NULL) {
		CHECK_MLS(mls_group_save(g, &saved), MLS_OK);
		CHECK_EQ(count_in(saved.p, saved.n, "saved state"), 0);
	}
	wr_free(&saved);
	n_secrets = 0;
}

/* The control: what is still needed is found, so the search works. */
static void
still_there(const struct mls_group *g)
{
	struct wr saved = wr_new();

	CHECK(count_in_memory() >= n_secrets);
	CHECK_MLS(mls_group_save(g, &saved), MLS_OK);
	CHECK(count_in(saved.p, saved.n, "saved state") >= n_secrets);
	wr_free(&saved);
}

struct scene {
	struct world w;
	struct person ann, bob;
};

static bool
scene_init(struct scene *s, uint16_t suite)
{
	struct person *others[1] = { &s->bob };

#ifdef __SANITIZE_ADDRESS__
	check_skip("a sanitizer keeps copies of its own", 1);
	return false;
#endif
	n_secrets = 0;
	world_init(&s->w);
	person_init(&s->ann, &s->w, "ann", suite);
	person_init(&s->bob, &s->w, "bob", suite);
	person_create(&s->ann, BYTES_NONE);
	person_add(&s->ann, others, 1);
	return true;
}

static void
scene_free(struct scene *s)
{
	person_free(&s->ann);
	person_free(&s->bob);
}

/* Remembers the key that p's next message will have, as seen by whom. */
static void
remember_message_key(
    const struct mls_group *whom, struct mls_leaf leaf, uint32_t generation)
{
	struct mls_message_key key;

	CHECK_MLS(mls_secret_tree_key(whom->now.keys, leaf,
		      MLS_RATCHET_APPLICATION, generation, &key),
	    MLS_OK);
	remember("a message's key", key.key, whom->suite.key_len);
	remember("a message's nonce", key.nonce, whom->suite.nonce_len);
	bytes_wipe(&key, sizeof key);
}

TEST(a_message_key_is_gone_after_its_message)
{
	static const uint16_t suites[] = { MLS_SUITE_X25519_AES128,
		MLS_SUITE_P256_AES128, MLS_SUITE_X25519_CHACHA,
		MLS_SUITE_XWING_AES256 };
	struct scene s;

	for (size_t i = 0; i < 4 && scene_init(&s, suites[i]); i++) {
		for (uint32_t g = 0; g < 3; g++)
			remember_message_key(
			    s.bob.group, mls_group_me(s.ann.group), g);
		for (uint32_t g = 0; g < 3; g++)
			CHECK(person_tells(&s.ann, &s.bob, "once"));
		all_gone(s.bob.group);
		scene_free(&s);
	}
}

/* The first message of a leaf opens the tree of secrets above it, and moves
 * its ratchet. */
TEST(what_a_leaf_grew_out_of_is_gone_when_it_speaks)
{
	struct scene s;
	struct wr tree = wr_new();
	size_t n;

	if (!scene_init(&s, MLS_SUITE_XWING_AES256))
		return;
	n = s.bob.group->suite.hash_len;
	/* Leaves, one node, its number, its secret: encryption_secret. */
	mls_secret_tree_encode(s.bob.group->now.keys, &tree);
	CHECK_EQ(tree.p[7], 1);
	remember("encryption_secret", tree.p + 12, n);
	wr_free(&tree);
	still_there(s.bob.group);
	CHECK(person_tells(&s.ann, &s.bob, "the first word"));
	CHECK(person_tells(&s.bob, &s.ann, "the second"));
	all_gone(s.bob.group);
	/* No node is left: two senders, the first of them with its leaf, the
	 * generation and the secret of its handshake ratchet, and no keys. */
	mls_secret_tree_encode(s.bob.group->now.keys, &tree);
	CHECK_EQ(tree.p[7], 0);
	remember("a ratchet's secret", tree.p + 12 + 4 + 8 + n + 4 + 8, n);
	wr_free(&tree);
	still_there(s.bob.group);
	CHECK(person_tells(&s.ann, &s.bob, "the third"));
	CHECK(person_tells(&s.ann, &s.bob, "the fourth"));
	all_gone(s.bob.group);
	scene_free(&s);
}

TEST(a_skipped_key_is_kept_and_then_gone)
{
	struct scene s;
	struct wr first = wr_new();

	if (!scene_init(&s, MLS_SUITE_X25519_AES128))
		return;
	remember_message_key(s.bob.group, mls_group_me(s.ann.group), 0);
	CHECK_MLS(mls_group_protect(
		      s.ann.group, BYTES_NONE, BYTES_LIT("late"), &first),
	    MLS_OK);
	CHECK(person_tells(&s.ann, &s.bob, "early"));
	still_there(s.bob.group);
	CHECK_MLS(person_takes(&s.bob, wr_bytes(&first)), MLS_OK);
	all_gone(s.bob.group);
	/* One that never comes is forgotten with time. */
	remember_message_key(s.bob.group, mls_group_me(s.ann.group), 2);
	wr_reset(&first);
	CHECK_MLS(mls_group_protect(
		      s.ann.group, BYTES_NONE, BYTES_LIT("lost"), &first),
	    MLS_OK);
	CHECK(person_tells(&s.ann, &s.bob, "found"));
	still_there(s.bob.group);
	s.w.now_s += MLS_SKIPPED_AGE_S + 1;
	CHECK(person_tells(&s.ann, &s.bob, "much later"));
	all_gone(s.bob.group);
	wr_free(&first);
	scene_free(&s);
}

static void
remember_epoch(const struct mls_group *g)
{
	const struct mls_secrets *x = &g->now.secrets;
	size_t n = g->suite.hash_len;

	remember("init_secret", x->init, n);
	remember("exporter_secret", x->exporter, n);
	remember("external_secret", x->external, n);
	remember("confirmation_key", x->confirmation, n);
	remember("membership_key", x->membership, n);
	remember("epoch_authenticator", x->authenticator, n);
}

TEST(an_epoch_is_gone_after_the_next_has_begun)
{
	struct scene s;
	struct person *bob[1] = { &s.bob }, *ann[1] = { &s.ann };
	size_t n;

	if (!scene_init(&s, MLS_SUITE_XWING_AES256))
		return;
	n = hpke_secret_len(s.ann.group->suite.hpke.kem);
	remember_epoch(s.ann.group);
	remember("ann's leaf", s.ann.group->keys.secret[0], n);
	still_there(s.ann.group);
	person_commit(&s.ann, bob, 1);
	all_gone(s.ann.group);
	/* The leaf's key is the key package's, until the first commit. */
	mls_bundle_free(s.bob.bundle);
	s.bob.bundle = NULL;
	remember_epoch(s.bob.group);
	remember("bob's leaf", s.bob.group->keys.secret[0], n);
	remember("bob's root", s.bob.group->keys.secret[1], n);
	person_commit(&s.bob, ann, 1);
	all_gone(s.bob.group);
	scene_free(&s);
}

TEST(a_dropped_commit_leaves_nothing)
{
	struct scene s;
	struct wr commit = wr_new(), none = wr_new();
	const struct mls_staged *st;

	if (!scene_init(&s, MLS_SUITE_X25519_AES128))
		return;
	CHECK_MLS(mls_group_commit(s.ann.group, NULL, &commit, &none), MLS_OK);
	st = s.ann.group->staged;
	remember("the next epoch's init_secret", st->next.secrets.init, 32);
	remember("the new leaf", st->keys.secret[0], 32);
	remember("the new root", st->keys.secret[1], 32);
	still_there(s.ann.group);
	CHECK_MLS(mls_group_drop(s.ann.group), MLS_OK);
	all_gone(s.ann.group);
	wr_free(&commit);
	wr_free(&none);
	scene_free(&s);
}

TEST(an_old_epoch_is_gone_for_good)
{
	struct scene s;
	struct person *bob[1] = { &s.bob };

	if (!scene_init(&s, MLS_SUITE_X25519_AES128))
		return;
	remember(
	    "sender_data_secret", s.bob.group->now.secrets.sender_data, 32);
	remember_message_key(s.bob.group, mls_group_me(s.ann.group), 0);
	for (size_t i = 0; i <= MLS_PAST_EPOCHS; i++)
		person_commit(&s.ann, bob, 1);
	/* Ann never sent it: of her, too, the key must go. */
	all_gone(s.bob.group);
	scene_free(&s);
}

TEST(a_bundle_and_a_group_go_with_their_secrets)
{
	struct scene s;
	struct person *bob[1] = { &s.bob };

	if (!scene_init(&s, MLS_SUITE_X25519_AES128))
		return;
	remember("init key", s.bob.bundle->init, 32);
	mls_bundle_free(s.bob.bundle);
	s.bob.bundle = NULL;
	all_gone(s.bob.group);
	remember_epoch(s.bob.group);
	remember("bob's leaf", s.bob.group->keys.secret[0], 32);
	CHECK_MLS(
	    mls_group_remove(s.ann.group, mls_group_me(s.bob.group)), MLS_OK);
	person_commit(&s.ann, bob, 1);
	all_gone(s.bob.group);
	remember_epoch(s.ann.group);
	remember("ann's leaf", s.ann.group->keys.secret[0], 32);
	mls_group_free(s.ann.group);
	s.ann.group = NULL;
	all_gone(NULL);
	scene_free(&s);
}

int
main(int argc, char **argv)
{
	static const struct check_test tests[] = {
		T(a_message_key_is_gone_after_its_message),
		T(what_a_leaf_grew_out_of_is_gone_when_it_speaks),
		T(a_skipped_key_is_kept_and_then_gone),
		T(an_epoch_is_gone_after_the_next_has_begun),
		T(a_dropped_commit_leaves_nothing),
		T(an_old_epoch_is_gone_for_good),
		T(a_bundle_and_a_group_go_with_their_secrets),
	};

	if (crypto_init() != ERR_OK)
		return 1;
	return check_run(tests, sizeof tests / sizeof tests[0], argc, argv);
}
