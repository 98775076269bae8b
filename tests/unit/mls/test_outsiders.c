/* Commits from outside the group that must be refused, section 12.2. */
#include "crypto/crypto.h"
#include "mls/group.h"
#include "support/mls_world.h"

#include <string.h>

/* Ann and bob are in; dan has made an honest commit to join. */
struct scene {
	struct world w;
	struct person ann, bob, dan;
	struct wr commit;	    /* dan's, as MLSMessage */
	struct mls_content content; /* views into it */
	struct bytes path;	    /* the body behind the proposals */
	struct wr list;		    /* proposals of the next forgery */
};

static void
joins_from_outside(struct scene *s, struct person *p, struct wr *commit)
{
	const struct mls_group_info_options options = { .tree_beside = false };
	struct mls_external_join join = { .identity = person_identity(p) };
	struct wr info = wr_new();

	CHECK_MLS(mls_group_info(s->ann.group, &options, &info), MLS_OK);
	join.group_info = wr_bytes(&info);
	CHECK_MLS(mls_group_join_external(&p->client, &join, commit, &p->group),
	    MLS_OK);
	wr_free(&info);
}

static void
scene_init(struct scene *s)
{
	struct person *others[1] = { &s->bob };
	struct mls_message m;
	struct rd r;

	world_init(&s->w);
	person_init(&s->ann, &s->w, "ann", MLS_SUITE_X25519_AES128);
	person_init(&s->bob, &s->w, "bob", MLS_SUITE_X25519_AES128);
	person_init(&s->dan, &s->w, "dan", MLS_SUITE_X25519_AES128);
	person_create(&s->ann, BYTES_NONE);
	person_add(&s->ann, others, 1);
	s->commit = wr_new();
	s->list = wr_new();
	joins_from_outside(s, &s->dan, &s->commit);
	CHECK_MLS(mls_message_read(wr_bytes(&s->commit), &m), MLS_OK);
	s->content = m.u.public.content;
	r = rd_init(s->content.body);
	(void)mls_rd_vec(&r, s->content.body.n);
	s->path = rd_rest(&r);
}

static void
scene_free(struct scene *s)
{
	person_free(&s->ann);
	person_free(&s->bob);
	person_free(&s->dan);
	wr_free(&s->commit);
	wr_free(&s->list);
}

/* Bob refuses dan's commit with these proposals and this path, from a sender
 * of this kind; the list is then empty again. */
static void
refuses(struct scene *s, enum mls_sender_type sender, struct bytes path,
    enum mls_result want)
{
	struct mls_signer signer = mls_own_signer_get(&s->dan.group->signer);
	struct mls_content c = s->content;
	struct wr body = wr_new(), signed_ = wr_new(), m = wr_new();

	mls_wr_vec(&body, wr_bytes(&s->list));
	wr_put(&body, path);
	c.body = wr_bytes(&body);
	c.sender.type = sender;
	CHECK_MLS(mls_content_sign(&s->dan.group->suite, &c,
		      wr_bytes(&s->dan.group->now.encoded), &signer, &signed_),
	    MLS_OK);
	mls_wr_vec(&signed_, s->content.confirmation_tag);
	wr_u16(&m, MLS_VERSION_MLS10);
	wr_put(&m, wr_bytes(&signed_));
	CHECK_MLS(person_tries(&s->bob, wr_bytes(&m)), want);
	wr_free(&body);
	wr_free(&signed_);
	wr_free(&m);
	wr_reset(&s->list);
}

/* Dan's honest ExternalInit. */
static void
put_init(struct scene *s)
{
	struct rd walk = rd_init(s->content.u.commit.proposals);
	struct mls_proposal_item item;

	CHECK(mls_commit_next(&walk, &item));
	wr_u8(&s->list, MLS_BY_VALUE);
	mls_proposal_put_external_init(&s->list, item.proposal.u.external_init);
}

TEST(the_list_of_an_external_commit)
{
	const enum mls_sender_type new_member = MLS_SENDER_NEW_MEMBER_COMMIT;
	struct scene s;
	struct bytes kp;

	scene_init(&s);
	refuses(&s, new_member, s.path, MLS_EXTERNAL_INIT_IS_MISSING);
	put_init(&s);
	put_init(&s);
	refuses(&s, new_member, s.path, MLS_EXTERNAL_INIT_IS_NOT_ALLOWED);
	put_init(&s);
	wr_u8(&s.list, MLS_BY_REFERENCE);
	mls_wr_vec(&s.list, BYTES_LIT("01234567890123456789012345678901"));
	refuses(&s, new_member, s.path, MLS_EXTERNAL_COMMIT_HAS_REFERENCES);
	put_init(&s);
	kp = person_key_package(&s.dan);
	wr_u8(&s.list, MLS_BY_VALUE);
	mls_proposal_put_add(&s.list, (struct bytes){ kp.p + 4, kp.n - 4 });
	refuses(&s, new_member, s.path, MLS_PROPOSAL_IS_NOT_ALLOWED_HERE);
	put_init(&s);
	wr_u8(&s.list, MLS_BY_VALUE);
	mls_proposal_put_extensions(&s.list, BYTES_NONE);
	refuses(&s, new_member, s.path, MLS_PROPOSAL_IS_NOT_ALLOWED_HERE);
	put_init(&s);
	for (uint32_t i = 0; i < 2; i++) {
		wr_u8(&s.list, MLS_BY_VALUE);
		mls_proposal_put_remove(&s.list, (struct mls_leaf){ i });
	}
	refuses(
	    &s, new_member, s.path, MLS_EXTERNAL_COMMIT_REMOVES_SOMEONE_ELSE);
	put_init(&s);
	wr_u8(&s.list, MLS_BY_VALUE);
	mls_proposal_put_remove(&s.list, (struct mls_leaf){ 0 });
	refuses(
	    &s, new_member, s.path, MLS_EXTERNAL_COMMIT_REMOVES_SOMEONE_ELSE);
	put_init(&s);
	wr_u8(&s.list, MLS_BY_VALUE);
	mls_proposal_put_remove(&s.list, (struct mls_leaf){ 5 });
	refuses(&s, new_member, s.path, MLS_REMOVED_LEAF_IS_BLANK);
	scene_free(&s);
}

TEST(the_rest_of_an_external_commit)
{
	const enum mls_sender_type new_member = MLS_SENDER_NEW_MEMBER_COMMIT;
	static const uint8_t no_path[1] = { 0 };
	struct scene s;

	scene_init(&s);
	put_init(&s);
	refuses(&s, new_member, BYTES_OF(no_path), MLS_PATH_IS_MISSING);
	put_init(&s);
	refuses(&s, MLS_SENDER_EXTERNAL, s.path, MLS_SENDER_IS_NOT_ALLOWED);
	put_init(&s);
	refuses(&s, MLS_SENDER_NEW_MEMBER_PROPOSAL, s.path,
	    MLS_SENDER_IS_NOT_ALLOWED);
	/* Another init secret than the tag was made with. */
	wr_u8(&s.list, MLS_BY_VALUE);
	mls_proposal_put_external_init(
	    &s.list, s.content.u.commit.path.leaf.encryption_key);
	refuses(&s, new_member, s.path, MLS_CONFIRMATION_TAG_IS_WRONG);
	wr_u8(&s.list, MLS_BY_VALUE);
	mls_proposal_put_external_init(&s.list, BYTES_LIT("short"));
	refuses(&s, new_member, s.path, MLS_KEY_IS_UNUSABLE);
	/* The honest one is still taken, and only once. */
	CHECK_MLS(person_tries(&s.bob, wr_bytes(&s.commit)), MLS_OK);
	CHECK_MLS(mls_group_merge(s.bob.group), MLS_OK);
	CHECK_MLS(person_tries(&s.bob, wr_bytes(&s.commit)), MLS_EPOCH_IS_OVER);
	scene_free(&s);
}

/* Bob's key, in the hands of somebody who does not replace him. */
TEST(a_second_leaf_with_one_key)
{
	struct scene s;
	struct person twin;
	struct wr commit = wr_new();

	scene_init(&s);
	twin = s.bob;
	twin.bundle = NULL;
	twin.group = NULL;
	twin.name = "somebody";
	joins_from_outside(&s, &twin, &commit);
	CHECK_MLS(
	    person_tries(&s.ann, wr_bytes(&commit)),
	    MLS_SIGNATURE_KEY_IS_IN_USE);
	person_free(&twin);
	wr_free(&commit);
	scene_free(&s);
}

TEST(every_flipped_bit_of_a_group_info_is_refused)
{
	const struct mls_group_info_options options = { .tree_beside = false };
	struct scene s;
	struct mls_external_join join = { .replaces = NULL };
	struct mls_group *g = NULL;
	struct wr info = wr_new(), commit = wr_new();

	scene_init(&s);
	CHECK_MLS(mls_group_info(s.ann.group, &options, &info), MLS_OK);
	join.identity = person_identity(&s.dan);
	for (size_t i = 0; i < info.n; i++) {
		info.p[i] ^= (uint8_t)(1 << i % 8);
		join.group_info = wr_bytes(&info);
		wr_reset(&commit);
		CHECK(mls_group_join_external(
			  &s.dan.client, &join, &commit, &g) != MLS_OK);
		info.p[i] ^= (uint8_t)(1 << i % 8);
	}
	wr_free(&info);
	wr_free(&commit);
	scene_free(&s);
}

int
main(int argc, char **argv)
{
	static const struct check_test tests[] = {
		T(the_list_of_an_external_commit),
		T(the_rest_of_an_external_commit),
		T(a_second_leaf_with_one_key),
		T(every_flipped_bit_of_a_group_info_is_refused),
	};

	if (crypto_init() != ERR_OK)
		return 1;
	return check_run(tests, sizeof tests / sizeof tests[0], argc, argv);
}
