/* Groups of honest people: whatever they do, they agree afterwards. */
#include "crypto/crypto.h"
#include "mls/suite.h"
#include "support/mls_world.h"

#include <string.h>

static void
scene_init(struct four *s, uint16_t suite, struct bytes extensions)
{
	world_init(&s->w);
	four_meet(s, suite, extensions);
}

static void
everybody_talks(struct four *s)
{
	CHECK(person_tells(&s->ann, &s->bob, "hello"));
	CHECK(person_tells(&s->bob, &s->cyd, "good day"));
	CHECK(person_tells(&s->cyd, &s->ann, ""));
}

static void
three_talk(uint16_t suite, enum mls_wire_format handshakes)
{
	struct four s;
	struct person *all[3] = { &s.ann, &s.bob, &s.cyd };

	scene_init(&s, suite, BYTES_NONE);
	for (size_t i = 0; i < 3; i++)
		all[i]->client.handshakes = handshakes;
	CHECK(people_agree(all, 3));
	everybody_talks(&s);
	for (size_t i = 0; i < 6; i++) {
		struct person *others[2] = { all[(i + 1) % 3],
			all[(i + 2) % 3] };

		person_commit(all[i % 3], others, 2);
		everybody_talks(&s);
	}
	CHECK_EQ(mls_group_epoch(s.ann.group), 7);
	four_free(&s);
}

TEST(three_people_talk_in_every_suite)
{
	three_talk(MLS_SUITE_X25519_AES128, MLS_WIRE_PRIVATE_MESSAGE);
	three_talk(MLS_SUITE_P256_AES128, MLS_WIRE_PUBLIC_MESSAGE);
	three_talk(MLS_SUITE_X25519_CHACHA, MLS_WIRE_PUBLIC_MESSAGE);
	three_talk(MLS_SUITE_XWING_AES256, MLS_WIRE_PRIVATE_MESSAGE);
}

/* p proposes what it wants, and everybody gets to know it. */
static void
proposes(struct person *p, struct person *const *others, size_t n)
{
	struct wr w = wr_new();

	CHECK_MLS(mls_group_propose(p->group, &w), MLS_OK);
	for (size_t i = 0; i < n; i++)
		CHECK_MLS(person_takes(others[i], wr_bytes(&w)), MLS_OK);
	wr_free(&w);
}

TEST(proposals_of_others_are_committed)
{
	struct four s;
	struct person *not_bob[2] = { &s.ann, &s.cyd };
	struct person *not_ann[2] = { &s.bob, &s.cyd };
	struct wr w = wr_new();

	scene_init(&s, MLS_SUITE_X25519_AES128, BYTES_NONE);
	CHECK_MLS(mls_group_update(s.bob.group, NULL), MLS_OK);
	proposes(&s.bob, not_bob, 2);
	CHECK_MLS(
	    mls_group_add(s.bob.group, person_key_package(&s.dan)), MLS_OK);
	proposes(&s.bob, not_bob, 2);
	CHECK_MLS(
	    mls_group_protect(s.ann.group, BYTES_NONE, BYTES_LIT("wait"), &w),
	    MLS_PROPOSALS_ARE_WAITING);
	person_reloads(&s.bob);
	person_commit(&s.ann, not_ann, 2);
	CHECK_EQ(mls_group_members(s.cyd.group), 4);
	everybody_talks(&s);
	person_commit(&s.bob, not_bob, 2);
	wr_free(&w);
	four_free(&s);
}

TEST(a_change_of_name_and_key_comes_with_a_commit)
{
	struct four s;
	struct person *not_ann[2] = { &s.bob, &s.cyd };
	struct person again;
	struct mls_identity who;
	const struct mls_leaf_node *leaf;

	scene_init(&s, MLS_SUITE_X25519_AES128, BYTES_NONE);
	person_init(&again, &s.w, "ann", s.ann.suite);
	who = person_identity(&again);
	CHECK_MLS(mls_group_update(s.ann.group, &who), MLS_OK);
	person_commit(&s.ann, not_ann, 2);
	leaf = mls_group_member(s.cyd.group, mls_group_me(s.ann.group));
	CHECK_BYTES(leaf->signature_key, who.signer.public);
	everybody_talks(&s);
	person_commit(&s.ann, not_ann, 2);
	four_free(&s);
}

TEST(a_removed_member_is_out)
{
	struct four s;
	struct person *others[2] = { &s.bob, &s.cyd };
	struct wr w = wr_new(), buf = wr_new();
	struct mls_event event;

	scene_init(&s, MLS_SUITE_X25519_AES128, BYTES_NONE);
	CHECK_MLS(
	    mls_group_remove(s.ann.group, mls_group_me(s.cyd.group)), MLS_OK);
	person_commit(&s.ann, others, 2);
	CHECK_MLS(mls_group_status(s.cyd.group), MLS_WE_WERE_REMOVED);
	CHECK_EQ(mls_group_members(s.ann.group), 2);
	CHECK(person_tells(&s.ann, &s.bob, "without her"));
	CHECK_MLS(
	    mls_group_protect(s.cyd.group, BYTES_NONE, BYTES_LIT("but"), &w),
	    MLS_WE_WERE_REMOVED);
	CHECK_MLS(
	    mls_group_protect(s.ann.group, BYTES_NONE, BYTES_LIT("psst"), &w),
	    MLS_OK);
	CHECK_MLS(mls_group_unprotect(s.cyd.group, wr_bytes(&w), &buf, &event),
	    MLS_WE_WERE_REMOVED);
	person_reloads(&s.cyd);
	CHECK_MLS(mls_group_status(s.cyd.group), MLS_WE_WERE_REMOVED);
	wr_free(&w);
	wr_free(&buf);
	four_free(&s);
}

TEST(of_two_commits_one_is_dropped)
{
	struct four s;
	struct wr ours = wr_new(), theirs = wr_new(), none = wr_new();
	struct person *all[3] = { &s.ann, &s.bob, &s.cyd };

	scene_init(&s, MLS_SUITE_X25519_AES128, BYTES_NONE);
	CHECK_MLS(mls_group_commit(s.ann.group, NULL, &ours, &none), MLS_OK);
	CHECK_MLS(mls_group_commit(s.bob.group, NULL, &theirs, &none), MLS_OK);
	CHECK_MLS(
	    person_takes(&s.ann, wr_bytes(&theirs)), MLS_A_COMMIT_IS_PENDING);
	CHECK_MLS(mls_group_commit(s.ann.group, NULL, &none, &none),
	    MLS_A_COMMIT_IS_PENDING);
	CHECK_MLS(mls_group_drop(s.ann.group), MLS_OK);
	CHECK_MLS(mls_group_drop(s.ann.group), MLS_NO_COMMIT_IS_PENDING);
	CHECK_MLS(person_takes(&s.ann, wr_bytes(&theirs)), MLS_OK);
	CHECK_MLS(person_takes(&s.cyd, wr_bytes(&theirs)), MLS_OK);
	CHECK_MLS(mls_group_merge(s.bob.group), MLS_OK);
	CHECK_MLS(mls_group_merge(s.bob.group), MLS_NO_COMMIT_IS_PENDING);
	CHECK(people_agree(all, 3));
	CHECK_MLS(person_takes(&s.cyd, wr_bytes(&ours)), MLS_EPOCH_IS_OVER);
	wr_free(&ours);
	wr_free(&theirs);
	wr_free(&none);
	four_free(&s);
}

TEST(a_staged_commit_can_be_looked_at)
{
	struct four s;
	struct wr commit = wr_new(), welcome = wr_new(), buf = wr_new();
	struct mls_staged_proposal p;
	struct mls_event event;

	scene_init(&s, MLS_SUITE_X25519_AES128, BYTES_NONE);
	CHECK(!mls_group_staged_proposal(s.bob.group, 0, &p));
	CHECK_MLS(
	    mls_group_add(s.ann.group, person_key_package(&s.dan)), MLS_OK);
	CHECK_MLS(
	    mls_group_remove(s.ann.group, mls_group_me(s.cyd.group)), MLS_OK);
	CHECK_MLS(
	    mls_group_commit(s.ann.group, NULL, &commit, &welcome), MLS_OK);
	CHECK_MLS(
	    mls_group_process(s.bob.group, wr_bytes(&commit), &buf, &event),
	    MLS_OK);
	CHECK_EQ(event.kind, MLS_EVENT_COMMIT);
	CHECK_EQ(event.sender.index, mls_group_me(s.ann.group).i);
	CHECK(!event.removes_us);
	person_reloads(&s.bob);
	CHECK(mls_group_staged_proposal(s.bob.group, 0, &p));
	CHECK_EQ(p.proposal->type, MLS_PROPOSAL_ADD);
	CHECK_BYTES(p.proposal->u.add.leaf.credential.value, BYTES_LIT("dan"));
	CHECK(mls_group_staged_proposal(s.bob.group, 1, &p));
	CHECK_EQ(p.proposal->type, MLS_PROPOSAL_REMOVE);
	CHECK(!mls_group_staged_proposal(s.bob.group, 2, &p));
	/* Bob does not like it. */
	CHECK_MLS(mls_group_drop(s.bob.group), MLS_OK);
	CHECK_EQ(mls_group_epoch(s.bob.group), 1);
	CHECK_EQ(mls_group_members(s.bob.group), 3);
	wr_free(&commit);
	wr_free(&welcome);
	wr_free(&buf);
	four_free(&s);
}

TEST(a_group_survives_being_saved_anywhere)
{
	struct four s;
	struct wr commit = wr_new(), welcome = wr_new();
	struct person *all[3] = { &s.ann, &s.bob, &s.cyd };

	scene_init(&s, MLS_SUITE_XWING_AES256, BYTES_NONE);
	for (size_t i = 0; i < 3; i++)
		person_reloads(all[i]);
	everybody_talks(&s);
	CHECK_MLS(mls_group_update(s.ann.group, NULL), MLS_OK);
	person_reloads(&s.ann);
	CHECK_MLS(
	    mls_group_commit(s.ann.group, NULL, &commit, &welcome), MLS_OK);
	person_reloads(&s.ann);
	CHECK_MLS(person_takes(&s.bob, wr_bytes(&commit)), MLS_OK);
	CHECK_MLS(person_takes(&s.cyd, wr_bytes(&commit)), MLS_OK);
	CHECK_MLS(mls_group_merge(s.ann.group), MLS_OK);
	for (size_t i = 0; i < 3; i++)
		person_reloads(all[i]);
	CHECK(people_agree(all, 3));
	everybody_talks(&s);
	wr_free(&commit);
	wr_free(&welcome);
	four_free(&s);
}

TEST(messages_may_be_late_and_in_any_order)
{
	struct four s;
	struct person *not_ann[2] = { &s.bob, &s.cyd };
	struct wr m[8], buf = wr_new();
	struct mls_event event;

	scene_init(&s, MLS_SUITE_X25519_CHACHA, BYTES_NONE);
	for (uint8_t i = 0; i < 8; i++) {
		m[i] = wr_new();
		CHECK_MLS(mls_group_protect(s.ann.group, BYTES_NONE,
			      (struct bytes){ &i, 1 }, &m[i]),
		    MLS_OK);
		if (i == 5)
			person_commit(&s.ann, not_ann, 2);
	}
	for (size_t i = 0; i < 8; i++) {
		size_t at = (i * 5 + 3) % 8;

		wr_reset(&buf);
		CHECK_MLS(mls_group_process(
			      s.bob.group, wr_bytes(&m[at]), &buf, &event),
		    MLS_OK);
		CHECK_EQ(event.data.p[0], at);
		CHECK_EQ(event.epoch, at <= 5 ? 1 : 2);
		person_reloads(&s.bob);
		CHECK_MLS(mls_group_process(
			      s.bob.group, wr_bytes(&m[at]), &buf, &event),
		    MLS_GENERATION_WAS_USED_BEFORE);
	}
	for (size_t i = 0; i < 8; i++)
		wr_free(&m[i]);
	wr_free(&buf);
	four_free(&s);
}

TEST(a_past_epoch_ends)
{
	struct four s;
	struct person *not_ann[2] = { &s.bob, &s.cyd };
	struct wr m = wr_new();

	scene_init(&s, MLS_SUITE_X25519_AES128, BYTES_NONE);
	CHECK_MLS(
	    mls_group_protect(s.ann.group, BYTES_NONE, BYTES_LIT("old"), &m),
	    MLS_OK);
	for (size_t i = 0; i < 6; i++)
		person_commit(&s.ann, not_ann, 2);
	CHECK_MLS(person_takes(&s.bob, wr_bytes(&m)), MLS_EPOCH_IS_OVER);
	wr_free(&m);
	four_free(&s);
}

/* Late messages of somebody who has left, and of somebody who has another
 * key by now. */
TEST(late_messages_are_of_who_was_there)
{
	struct four s;
	struct person *not_ann[2] = { &s.bob, &s.cyd };
	struct person *ann_only[1] = { &s.ann };
	struct wr of_cyd = wr_new(), of_bob = wr_new();
	struct person again;
	struct mls_identity who;

	scene_init(&s, MLS_SUITE_X25519_AES128, BYTES_NONE);
	CHECK_MLS(mls_group_protect(
		      s.cyd.group, BYTES_NONE, BYTES_LIT("bye"), &of_cyd),
	    MLS_OK);
	CHECK_MLS(mls_group_protect(
		      s.bob.group, BYTES_NONE, BYTES_LIT("old"), &of_bob),
	    MLS_OK);
	CHECK_MLS(
	    mls_group_remove(s.ann.group, mls_group_me(s.cyd.group)), MLS_OK);
	person_commit(&s.ann, not_ann, 2);
	person_init(&again, &s.w, "bob", s.bob.suite);
	who = person_identity(&again);
	CHECK_MLS(mls_group_update(s.bob.group, &who), MLS_OK);
	person_commit(&s.bob, ann_only, 1);
	person_reloads(&s.ann);
	CHECK_MLS(person_takes(&s.ann, wr_bytes(&of_cyd)), MLS_OK);
	CHECK_MLS(person_takes(&s.ann, wr_bytes(&of_bob)), MLS_OK);
	wr_free(&of_cyd);
	wr_free(&of_bob);
	four_free(&s);
}

TEST(somebody_joins_from_outside)
{
	struct four s;
	struct person *all[4] = { &s.ann, &s.bob, &s.cyd, &s.dan };
	const struct mls_group_info_options options = { .tree_beside = true };
	struct mls_psk_id psk = { .type = MLS_PSK_EXTERNAL,
		.id = WORLD_PSK_ID };
	struct wr info = wr_new(), tree = wr_new(), commit = wr_new();
	struct mls_external_join join = { .psks = &psk, .psk_count = 1 };

	scene_init(&s, MLS_SUITE_XWING_AES256, BYTES_NONE);
	CHECK_MLS(mls_group_info(s.bob.group, &options, &info), MLS_OK);
	CHECK_MLS(mls_group_tree(s.bob.group, &tree), MLS_OK);
	join.group_info = wr_bytes(&info);
	join.identity = person_identity(&s.dan);
	CHECK_MLS(mls_group_join_external(
		      &s.dan.client, &join, &commit, &s.dan.group),
	    MLS_TREE_IS_MISSING);
	join.tree = wr_bytes(&tree);
	CHECK_MLS(mls_group_join_external(
		      &s.dan.client, &join, &commit, &s.dan.group),
	    MLS_OK);
	CHECK_MLS(mls_group_protect(
		      s.dan.group, BYTES_NONE, BYTES_LIT("early"), &tree),
	    MLS_WE_ARE_NOT_A_MEMBER_YET);
	person_reloads(&s.dan);
	for (size_t i = 0; i < 3; i++)
		CHECK_MLS(person_takes(all[i], wr_bytes(&commit)), MLS_OK);
	CHECK_MLS(mls_group_merge(s.dan.group), MLS_OK);
	CHECK(people_agree(all, 4));
	CHECK_EQ(mls_group_members(s.dan.group), 4);
	CHECK(person_tells(&s.dan, &s.ann, "here I am"));
	everybody_talks(&s);
	person_commit(&s.dan, all, 3);
	wr_free(&info);
	wr_free(&tree);
	wr_free(&commit);
	four_free(&s);
}

TEST(somebody_who_lost_everything_replaces_herself)
{
	struct four s;
	struct person *others[2] = { &s.ann, &s.bob };
	const struct mls_group_info_options options = { .tree_beside = false };
	struct mls_leaf old;
	struct wr info = wr_new(), commit = wr_new();
	struct mls_external_join join = { .replaces = &old };

	scene_init(&s, MLS_SUITE_X25519_AES128, BYTES_NONE);
	CHECK_MLS(mls_group_info(s.ann.group, &options, &info), MLS_OK);
	old = mls_group_me(s.cyd.group);
	mls_group_free(s.cyd.group);
	s.cyd.group = NULL;
	join.group_info = wr_bytes(&info);
	join.identity = person_identity(&s.cyd);
	CHECK_MLS(mls_group_join_external(
		      &s.cyd.client, &join, &commit, &s.cyd.group),
	    MLS_OK);
	for (size_t i = 0; i < 2; i++)
		CHECK_MLS(person_takes(others[i], wr_bytes(&commit)), MLS_OK);
	CHECK_MLS(mls_group_merge(s.cyd.group), MLS_OK);
	CHECK_EQ(mls_group_members(s.ann.group), 3);
	everybody_talks(&s);
	/* Dan is not cyd: he must not take her place. */
	wr_reset(&info);
	wr_reset(&commit);
	CHECK_MLS(mls_group_info(s.ann.group, &options, &info), MLS_OK);
	join.group_info = wr_bytes(&info);
	join.identity = person_identity(&s.dan);
	old = mls_group_me(s.cyd.group);
	CHECK_MLS(mls_group_join_external(
		      &s.dan.client, &join, &commit, &s.dan.group),
	    MLS_OK);
	CHECK_MLS(person_takes(&s.ann, wr_bytes(&commit)),
	    MLS_EXTERNAL_COMMIT_REMOVES_SOMEONE_ELSE);
	wr_free(&info);
	wr_free(&commit);
	four_free(&s);
}

/* The list with one external sender: dan. */
static void
put_external_sender(struct wr *w, const struct person *p)
{
	struct mls_identity who = person_identity(p);
	struct wr data = wr_new();
	size_t mark = mls_wr_begin(&data);

	mls_wr_vec(&data, who.signer.public);
	mls_credential_encode(&data, &who.credential);
	mls_wr_end(&data, mark);
	mls_extension_encode(
	    w, MLS_EXTENSION_EXTERNAL_SENDERS, wr_bytes(&data));
	wr_free(&data);
}

TEST(an_external_sender_proposes)
{
	struct four s;
	struct person *all[3] = { &s.ann, &s.bob, &s.cyd };
	struct person *not_ann[2] = { &s.bob, &s.cyd };
	struct wr list = wr_new(), p = wr_new(), m = wr_new();
	struct mls_outsider outsider;

	scene_init(&s, MLS_SUITE_X25519_AES128, BYTES_NONE);
	outsider = (struct mls_outsider){
		.suite = s.dan.suite,
		.group_id = mls_group_id(s.ann.group),
		.epoch = 1,
		.sender = { MLS_SENDER_EXTERNAL, 0 },
		.signer = person_identity(&s.dan).signer,
	};
	mls_proposal_put_remove(&p, mls_group_me(s.bob.group));
	CHECK_MLS(mls_propose_from_outside(
		      &s.dan.client, &outsider, wr_bytes(&p), &m),
	    MLS_OK);
	CHECK_MLS(
	    person_takes(&s.ann, wr_bytes(&m)), MLS_SENDER_IS_NOT_ALLOWED);
	put_external_sender(&list, &s.dan);
	CHECK_MLS(
	    mls_group_set_extensions(s.ann.group, wr_bytes(&list)), MLS_OK);
	person_commit(&s.ann, not_ann, 2);
	CHECK_BYTES(mls_group_extensions(s.cyd.group), wr_bytes(&list));
	wr_reset(&m);
	outsider.epoch = 2;
	CHECK_MLS(mls_propose_from_outside(
		      &s.dan.client, &outsider, wr_bytes(&p), &m),
	    MLS_OK);
	for (size_t i = 0; i < 3; i++)
		CHECK_MLS(person_takes(all[i], wr_bytes(&m)), MLS_OK);
	person_commit(&s.ann, not_ann, 2);
	CHECK_MLS(mls_group_status(s.bob.group), MLS_WE_WERE_REMOVED);
	CHECK_EQ(mls_group_members(s.cyd.group), 2);
	wr_free(&list);
	wr_free(&p);
	wr_free(&m);
	four_free(&s);
}

TEST(a_newcomer_asks_to_be_added)
{
	struct four s;
	struct person *all[3] = { &s.ann, &s.bob, &s.cyd };
	struct wr p = wr_new(), m = wr_new(), commit = wr_new(),
		  welcome = wr_new();
	struct mls_outsider outsider;
	struct mls_join join = { .welcome = BYTES_NONE };

	scene_init(&s, MLS_SUITE_X25519_AES128, BYTES_NONE);
	outsider = (struct mls_outsider){
		.suite = s.dan.suite,
		.group_id = mls_group_id(s.ann.group),
		.epoch = 1,
		.sender = { MLS_SENDER_NEW_MEMBER_PROPOSAL, 0 },
		.signer = person_identity(&s.dan).signer,
	};
	/* The proposal holds a bare KeyPackage: its message without head. */
	(void)person_key_package(&s.dan);
	mls_proposal_put_add(
	    &p, (struct bytes){ mls_bundle_public(s.dan.bundle).p + 4,
		    mls_bundle_public(s.dan.bundle).n - 4 });
	CHECK_MLS(mls_propose_from_outside(
		      &s.dan.client, &outsider, wr_bytes(&p), &m),
	    MLS_OK);
	for (size_t i = 0; i < 3; i++)
		CHECK_MLS(person_takes(all[i], wr_bytes(&m)), MLS_OK);
	CHECK_MLS(
	    mls_group_commit(s.bob.group, NULL, &commit, &welcome), MLS_OK);
	CHECK_MLS(mls_group_merge(s.bob.group), MLS_OK);
	join.bundle = s.dan.bundle;
	join.welcome = wr_bytes(&welcome);
	CHECK_MLS(mls_group_join(&s.dan.client, &join, &s.dan.group), MLS_OK);
	CHECK(person_tells(&s.dan, &s.bob, "thank you"));
	wr_free(&p);
	wr_free(&m);
	wr_free(&commit);
	wr_free(&welcome);
	four_free(&s);
}

TEST(keys_that_were_shared_before_count)
{
	struct four s;
	struct person *not_ann[2] = { &s.bob, &s.cyd };
	struct person *dan_only[1] = { &s.dan };
	struct mls_psk_id external = { .type = MLS_PSK_EXTERNAL,
		.id = WORLD_PSK_ID };
	struct mls_psk_id unknown = { .type = MLS_PSK_EXTERNAL,
		.id = BYTES_LIT("never heard") };
	struct mls_psk_id past = { .type = MLS_PSK_RESUMPTION,
		.usage = MLS_PSK_APPLICATION,
		.epoch = 1 };
	struct wr commit = wr_new(), welcome = wr_new();

	scene_init(&s, MLS_SUITE_XWING_AES256, BYTES_NONE);
	past.group_id = mls_group_id(s.ann.group);
	person_commit(&s.ann, not_ann, 2);
	past.group_id = mls_group_id(s.ann.group);
	CHECK_MLS(mls_group_use_psk(s.ann.group, &external), MLS_OK);
	CHECK_MLS(mls_group_use_psk(s.ann.group, &past), MLS_OK);
	person_commit(&s.ann, not_ann, 2);
	everybody_talks(&s);
	CHECK_MLS(mls_group_use_psk(s.ann.group, &unknown), MLS_OK);
	CHECK_MLS(mls_group_commit(s.ann.group, NULL, &commit, &welcome),
	    MLS_PSK_IS_UNKNOWN);
	mls_group_forget_changes(s.ann.group);
	/* A joiner needs the key as well. */
	CHECK_MLS(mls_group_use_psk(s.ann.group, &external), MLS_OK);
	person_add(&s.ann, dan_only, 1);
	CHECK(person_tells(&s.ann, &s.dan, "welcome"));
	wr_free(&commit);
	wr_free(&welcome);
	four_free(&s);
}

/* Adds two to a group that continues s.ann's, which they know as from. */
static void
adds_to_successor(
    struct four *s, struct mls_group *next, struct mls_group *joined[2])
{
	struct person *others[2] = { &s->bob, &s->cyd };
	struct wr commit = wr_new(), welcome = wr_new();

	for (size_t i = 0; i < 2; i++)
		CHECK_MLS(
		    mls_group_add(next, person_key_package(others[i])), MLS_OK);
	CHECK_MLS(mls_group_commit(next, NULL, &commit, &welcome), MLS_OK);
	CHECK_MLS(mls_group_merge(next), MLS_OK);
	for (size_t i = 0; i < 2; i++) {
		struct mls_join join = {
			.bundle = others[i]->bundle,
			.welcome = wr_bytes(&welcome),
		};

		CHECK_MLS(mls_group_join(&others[i]->client, &join, &joined[i]),
		    MLS_PSK_IS_UNKNOWN);
		join.from = others[i]->group;
		CHECK_MLS(mls_group_join(&others[i]->client, &join, &joined[i]),
		    MLS_OK);
		CHECK_BYTES(mls_group_authenticator(joined[i]),
		    mls_group_authenticator(next));
	}
	wr_free(&commit);
	wr_free(&welcome);
}

TEST(a_group_moves_to_another_suite)
{
	struct four s;
	struct person *all[3] = { &s.ann, &s.bob, &s.cyd };
	struct person *not_ann[2] = { &s.bob, &s.cyd };
	struct mls_reinit reinit = {
		.group_id = BYTES_LIT("the next one"),
		.version = MLS_VERSION_MLS10,
		.cipher_suite = MLS_SUITE_XWING_AES256,
	};
	struct mls_group *next = NULL, *joined[2] = { NULL, NULL };
	struct mls_identity who;
	struct wr w = wr_new();

	scene_init(&s, MLS_SUITE_X25519_AES128, BYTES_NONE);
	CHECK_MLS(mls_group_reinit(s.ann.group, &reinit), MLS_OK);
	person_commit(&s.ann, not_ann, 2);
	for (size_t i = 0; i < 3; i++) {
		CHECK_MLS(mls_group_status(all[i]->group), MLS_GROUP_IS_CLOSED);
		person_reloads(all[i]);
		all[i]->suite = reinit.cipher_suite;
	}
	CHECK_MLS(
	    mls_group_protect(s.bob.group, BYTES_NONE, BYTES_LIT("late"), &w),
	    MLS_GROUP_IS_CLOSED);
	who = person_identity(&s.ann);
	CHECK_MLS(mls_group_create_successor(s.ann.group, &who, &next), MLS_OK);
	CHECK_BYTES(mls_group_id(next), reinit.group_id);
	adds_to_successor(&s, next, joined);
	mls_group_free(next);
	mls_group_free(joined[0]);
	mls_group_free(joined[1]);
	wr_free(&w);
	four_free(&s);
}

TEST(a_group_has_a_branch)
{
	struct four s;
	struct mls_group *branch = NULL, *joined[2] = { NULL, NULL };
	struct mls_group_options options = { 0 };

	scene_init(&s, MLS_SUITE_X25519_AES128, BYTES_NONE);
	options.suite = s.ann.suite;
	options.identity = person_identity(&s.ann);
	CHECK_MLS(
	    mls_group_create_branch(s.ann.group, &options, &branch), MLS_OK);
	adds_to_successor(&s, branch, joined);
	everybody_talks(&s);
	mls_group_free(branch);
	mls_group_free(joined[0]);
	mls_group_free(joined[1]);
	four_free(&s);
}

/* Section 13.5: values that nobody knows are everywhere, and change nothing;
 * and key packages come raw as well as wrapped. */
TEST(grease_is_tolerated)
{
	static const uint8_t versions[] = { 0, 1, 0x0a, 0x0a };
	static const uint8_t suites[] = { 0x1a, 0x1a, 0, 1 };
	static const uint8_t extensions[] = { 0x2a, 0x2a, 0x3a, 0x3a };
	static const uint8_t proposals[] = { 0x4a, 0x4a };
	static const uint8_t credentials[] = { 0, 1, 0, 2, 0x5a, 0x5a };
	static const uint8_t listed[] = { 0x2a, 0x2a, 1, 'x' };
	static const uint8_t unlisted[] = { 0x6a, 0x6a, 0 };
	const struct mls_capabilities all = { BYTES_OF(versions),
		BYTES_OF(suites), BYTES_OF(extensions), BYTES_OF(proposals),
		BYTES_OF(credentials) };
	struct mls_bundle_options options = {
		.suite = MLS_SUITE_X25519_AES128,
		.capabilities = &all,
		.leaf_extensions = BYTES_OF(unlisted),
		.key_package_extensions = BYTES_OF(unlisted),
	};
	struct wr commit = wr_new(), welcome = wr_new();
	struct mls_join join = { .tree = BYTES_NONE };
	struct four s;
	struct person *others[3] = { &s.ann, &s.bob, &s.cyd };
	struct bytes kp;

	scene_init(&s, MLS_SUITE_X25519_AES128, BYTES_NONE);
	options.identity = person_identity(&s.dan);
	CHECK_MLS(mls_bundle_new(&s.dan.client, &options, &s.dan.bundle),
	    MLS_EXTENSION_IS_NOT_SUPPORTED);
	options.leaf_extensions = BYTES_OF(listed);
	CHECK_MLS(
	    mls_bundle_new(&s.dan.client, &options, &s.dan.bundle), MLS_OK);
	kp = mls_bundle_public(s.dan.bundle);
	CHECK_MLS(
	    mls_group_add(s.ann.group, (struct bytes){ kp.p + 4, kp.n - 4 }),
	    MLS_OK);
	CHECK_MLS(
	    mls_group_commit(s.ann.group, NULL, &commit, &welcome), MLS_OK);
	CHECK_MLS(mls_group_merge(s.ann.group), MLS_OK);
	CHECK_MLS(person_takes(&s.bob, wr_bytes(&commit)), MLS_OK);
	CHECK_MLS(person_takes(&s.cyd, wr_bytes(&commit)), MLS_OK);
	join.bundle = s.dan.bundle;
	join.welcome = wr_bytes(&welcome);
	CHECK_MLS(mls_group_join(&s.dan.client, &join, &s.dan.group), MLS_OK);
	CHECK(person_tells(&s.dan, &s.ann, "hello"));
	/* Its leaf keeps all that when it makes a path. */
	person_commit(&s.dan, others, 3);
	CHECK_BYTES(mls_group_member(s.ann.group, mls_group_me(s.dan.group))
			->extensions,
	    BYTES_OF(listed));
	wr_free(&commit);
	wr_free(&welcome);
	four_free(&s);
}

TEST(secrets_for_the_application_are_equal)
{
	struct four s;
	uint8_t a[40], b[40], c[40];

	scene_init(&s, MLS_SUITE_XWING_AES256, BYTES_NONE);
	CHECK_MLS(
	    mls_group_export(s.ann.group, "test", BYTES_LIT("x"), a, sizeof a),
	    MLS_OK);
	CHECK_MLS(
	    mls_group_export(s.cyd.group, "test", BYTES_LIT("x"), b, sizeof b),
	    MLS_OK);
	CHECK_MLS(
	    mls_group_export(s.cyd.group, "test", BYTES_LIT("y"), c, sizeof c),
	    MLS_OK);
	CHECK_BYTES(BYTES_OF(a), BYTES_OF(b));
	CHECK(!bytes_equal(BYTES_OF(a), BYTES_OF(c)));
	four_free(&s);
}

/* by adds others with one commit that the n who are in already process. */
static void
adds_more(struct person *all, size_t n, struct person *by,
    struct person *const *others, size_t more)
{
	struct wr commit = wr_new(), welcome = wr_new();

	for (size_t i = 0; i < more; i++)
		CHECK_MLS(
		    mls_group_add(by->group, person_key_package(others[i])),
		    MLS_OK);
	CHECK_MLS(mls_group_commit(by->group, NULL, &commit, &welcome), MLS_OK);
	CHECK_MLS(mls_group_merge(by->group), MLS_OK);
	for (size_t i = 0; i < n; i++)
		if (&all[i] != by)
			CHECK_MLS(
			    person_takes(&all[i], wr_bytes(&commit)), MLS_OK);
	people_join(others, more, wr_bytes(&welcome));
	wr_free(&commit);
	wr_free(&welcome);
}

TEST(a_group_grows_and_shrinks)
{
	enum { MANY = 21 };
	static struct person all[MANY];
	struct person *others[MANY];
	struct world w;
	size_t n = 1;

	world_init(&w);
	for (size_t i = 0; i < MANY; i++)
		person_init(&all[i], &w, "somebody", MLS_SUITE_X25519_AES128);
	person_create(&all[0], BYTES_NONE);
	while (n < MANY) {
		size_t more = n + 4 < MANY ? 4 : MANY - n;

		for (size_t i = 0; i < more; i++)
			others[i] = &all[n + i];
		adds_more(all, n, &all[n - 1], others, more);
		n += more;
	}
	while (n > 2) {
		for (size_t i = 0; i + 1 < n; i++)
			others[i] = &all[i + 1];
		CHECK_MLS(mls_group_remove(
			      all[0].group, mls_group_me(all[n - 1].group)),
		    MLS_OK);
		person_commit(&all[0], others, n - 1);
		n--;
		CHECK(person_tells(&all[n - 1], &all[0], "still here"));
	}
	for (size_t i = 0; i < MANY; i++)
		person_free(&all[i]);
}

int
main(int argc, char **argv)
{
	static const struct check_test tests[] = {
		T(three_people_talk_in_every_suite),
		T(proposals_of_others_are_committed),
		T(a_change_of_name_and_key_comes_with_a_commit),
		T(a_removed_member_is_out),
		T(of_two_commits_one_is_dropped),
		T(a_staged_commit_can_be_looked_at),
		T(a_group_survives_being_saved_anywhere),
		T(messages_may_be_late_and_in_any_order),
		T(a_past_epoch_ends),
		T(late_messages_are_of_who_was_there),
		T(somebody_joins_from_outside),
		T(somebody_who_lost_everything_replaces_herself),
		T(an_external_sender_proposes),
		T(a_newcomer_asks_to_be_added),
		T(keys_that_were_shared_before_count),
		T(a_group_moves_to_another_suite),
		T(a_group_has_a_branch),
		T(grease_is_tolerated),
		T(secrets_for_the_application_are_equal),
		T(a_group_grows_and_shrinks),
	};

	if (crypto_init() != ERR_OK)
		return 1;
	return check_run(tests, sizeof tests / sizeof tests[0], argc, argv);
}
