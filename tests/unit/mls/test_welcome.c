/* Welcomes by a member who knows every secret of the group and lies to the
 * newcomer: each lie has a result of its own. */
#include "crypto/crypto.h"
#include "mls/draft.h"
#include "support/mls_world.h"

/* Ann and bob are in; ann adds dan with a draft that can be spoiled. */
struct scene {
	struct world w;
	struct person ann, bob, dan;
	struct mls_draft draft;
	bool tree_beside;
	struct wr tree; /* that dan gets beside */
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
	s->tree_beside = false;
	s->tree = wr_new();
}

static void
scene_free(struct scene *s)
{
	person_free(&s->ann);
	person_free(&s->bob);
	person_free(&s->dan);
	wr_free(&s->tree);
}

/* An honest commit up to its Welcome, with a pre-shared key in it. */
static void
begin(struct scene *s)
{
	static const uint8_t nonce[32] = { 0 };
	const struct mls_psk_id psk = { .type = MLS_PSK_EXTERNAL,
		.id = WORLD_PSK_ID,
		.nonce = { nonce, sizeof nonce } };
	struct mls_group *g = s->ann.group;
	const struct mls_leaf_node *old = mls_group_member(g, mls_group_me(g));
	const struct mls_leaf_content content = {
		.credential = old->credential,
		.capabilities = old->capabilities,
	};
	const struct mls_sender ann = { MLS_SENDER_MEMBER, 0 };
	const struct mls_draft_end end = {
		.wire_format = MLS_WIRE_PUBLIC_MESSAGE,
		.signer = mls_own_signer_get(&g->signer),
		.init = g->now.secrets.init,
	};
	struct bytes kp = person_key_package(&s->dan);
	struct wr *list;

	CHECK_MLS(mls_draft_begin(&s->draft, g, &ann), MLS_OK);
	list = &s->draft.st->proposals;
	wr_u8(list, MLS_BY_VALUE);
	mls_proposal_put_add(list, (struct bytes){ kp.p + 4, kp.n - 4 });
	wr_u8(list, MLS_BY_VALUE);
	mls_proposal_put_psk(list, &psk);
	CHECK_MLS(mls_draft_apply(&s->draft, 2), MLS_OK);
	CHECK_MLS(mls_draft_path(&s->draft, &content), MLS_OK);
	CHECK_MLS(mls_draft_finish(&s->draft, &end), MLS_OK);
}

/* Dan gets the Welcome of the draft, which ends it. */
static void
ends(struct scene *s, enum mls_result want)
{
	struct wr welcome = wr_new();
	struct mls_join join = { .bundle = s->dan.bundle };

	CHECK_MLS(
	    mls_draft_welcome(&s->draft, s->tree_beside, &welcome), MLS_OK);
	join.welcome = wr_bytes(&welcome);
	join.tree = wr_bytes(&s->tree);
	CHECK_MLS(mls_group_join(&s->dan.client, &join, &s->dan.group), want);
	CHECK((s->dan.group != NULL) == (want == MLS_OK));
	mls_group_free(s->dan.group);
	s->dan.group = NULL;
	mls_draft_wipe(&s->draft);
	wr_free(&welcome);
}

TEST(secrets_that_are_wrong)
{
	struct scene s;

	scene_init(&s);
	begin(&s);
	ends(&s, MLS_OK);
	begin(&s);
	for (size_t i = 0; i < s.draft.path.count; i++)
		s.draft.path.path_secret[i][0] ^= 1;
	ends(&s, MLS_PATH_KEY_IS_WRONG);
	begin(&s);
	s.draft.st->next.secrets.joiner[0] ^= 1;
	ends(&s, MLS_GROUP_INFO_DOES_NOT_OPEN);
	begin(&s);
	s.draft.st->next.secrets.welcome[0] ^= 1;
	ends(&s, MLS_GROUP_INFO_DOES_NOT_OPEN);
	begin(&s);
	s.draft.st->next.confirmation_tag[0] ^= 1;
	ends(&s, MLS_CONFIRMATION_TAG_IS_WRONG);
	begin(&s);
	s.dan.client.find_psk = NULL;
	ends(&s, MLS_PSK_IS_UNKNOWN);
	scene_free(&s);
}

TEST(a_group_info_that_is_wrong)
{
	struct mls_own_signer bob;
	struct scene s;

	scene_init(&s);
	bob = s.bob.group->signer;
	begin(&s);
	s.draft.st->signer = bob;
	ends(&s, MLS_SIGNATURE_IS_WRONG);
	begin(&s); /* bob's leaf, ann's key */
	s.draft.st->keys.me.i = 1;
	ends(&s, MLS_SIGNATURE_IS_WRONG);
	begin(&s);
	s.draft.st->keys.me.i = 3;
	ends(&s, MLS_SENDER_IS_NOT_A_MEMBER);
	begin(&s); /* version 1, then the suite */
	s.draft.st->next.encoded.p[3] ^= 2;
	ends(&s, MLS_SUITE_IS_UNKNOWN);
	begin(&s);
	s.tree_beside = true;
	ends(&s, MLS_TREE_IS_MISSING);
	begin(&s); /* that of the epoch before */
	CHECK_MLS(mls_group_tree(s.ann.group, &s.tree), MLS_OK);
	ends(&s, MLS_TREE_HASH_IS_WRONG);
	scene_free(&s);
}

TEST(a_group_that_is_not_what_we_wait_for)
{
	struct scene s;
	struct wr welcome = wr_new();
	struct mls_join join = { .welcome = BYTES_NONE };

	scene_init(&s);
	begin(&s);
	s.dan.client.max_members = 2;
	ends(&s, MLS_A_LIMIT_WAS_REACHED);
	begin(&s);
	s.dan.client.max_members = 3;
	ends(&s, MLS_OK);
	/* A Welcome to any group, while one is awaited that goes on from
	 * another. */
	begin(&s);
	CHECK_MLS(mls_draft_welcome(&s.draft, false, &welcome), MLS_OK);
	join.bundle = s.dan.bundle;
	join.welcome = wr_bytes(&welcome);
	join.from = s.bob.group;
	CHECK_MLS(mls_group_join(&s.dan.client, &join, &s.dan.group),
	    MLS_REINIT_DOES_NOT_MATCH);
	mls_draft_wipe(&s.draft);
	wr_free(&welcome);
	scene_free(&s);
}

int
main(int argc, char **argv)
{
	static const struct check_test tests[] = {
		T(secrets_that_are_wrong),
		T(a_group_info_that_is_wrong),
		T(a_group_that_is_not_what_we_wait_for),
	};

	if (crypto_init() != ERR_OK)
		return 1;
	return check_run(tests, sizeof tests / sizeof tests[0], argc, argv);
}
