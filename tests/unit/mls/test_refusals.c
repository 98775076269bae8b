/* What members must refuse: each kind of wrong message gets a result of its
 * own, and leaves every byte of the group as it was. */
#include "crypto/crypto.h"
#include "mls/group.h"
#include "support/mls_world.h"

#include <string.h>

static void
scene_init(struct four *s, uint16_t suite)
{
	world_init(&s->w);
	s->w.client.handshakes = MLS_WIRE_PUBLIC_MESSAGE;
	four_meet(s, suite, BYTES_NONE);
}

/* The group id that a message of this epoch has. */
static struct mls_content
content_of(
    const struct person *p, enum mls_content_type type, struct bytes body)
{
	return (struct mls_content){
		.wire_format = MLS_WIRE_PUBLIC_MESSAGE,
		.group_id = mls_group_id(p->group),
		.epoch = mls_group_epoch(p->group),
		.sender = { MLS_SENDER_MEMBER, mls_group_me(p->group).i },
		.type = type,
		.body = body,
	};
}

/* Signs what c says as p would, right or wrong, into a PublicMessage. */
static void
forge(const struct person *p, const struct mls_content *c, struct wr *out)
{
	struct mls_signer signer = mls_own_signer_get(&p->group->signer);
	struct wr w = wr_new();
	static const uint8_t tag[MLS_MAX_HASH_LEN];

	wr_reset(out);
	CHECK_MLS(mls_content_sign(&p->group->suite, c,
		      wr_bytes(&p->group->now.encoded), &signer, &w),
	    MLS_OK);
	if (c->type == MLS_CONTENT_COMMIT)
		mls_wr_vec(&w, mls_epoch_secret(&p->group->now, tag));
	CHECK_MLS(mls_public_message_create(&p->group->now, wr_bytes(&w),
		      c->sender.type == MLS_SENDER_MEMBER, out),
	    MLS_OK);
	wr_free(&w);
}

/* A commit by ann, without a path, of the proposals in list. */
static void
forge_commit(const struct person *p, const struct wr *list, struct wr *out)
{
	struct wr body = wr_new();
	struct mls_content c;

	mls_wr_vec(&body, wr_bytes(list));
	wr_u8(&body, 0);
	c = content_of(p, MLS_CONTENT_COMMIT, wr_bytes(&body));
	forge(p, &c, out);
	wr_free(&body);
}

TEST(every_flipped_bit_of_a_message_is_refused)
{
	static const uint16_t suites[] = { MLS_SUITE_X25519_AES128,
		MLS_SUITE_XWING_AES256 };

	for (size_t k = 0; k < 2; k++) {
		struct wr m = wr_new();
		struct four s;

		scene_init(&s, suites[k]);
		CHECK_MLS(mls_group_protect(s.ann.group, BYTES_LIT("aad"),
			      BYTES_LIT("precious"), &m),
		    MLS_OK);
		for (size_t i = 0; i < m.n; i++) {
			m.p[i] ^= (uint8_t)(1 << i % 8);
			CHECK(person_tries(&s.bob, wr_bytes(&m)) != MLS_OK);
			m.p[i] ^= (uint8_t)(1 << i % 8);
		}
		for (size_t n = 0; n < m.n; n++)
			CHECK_MLS(person_tries(&s.bob,
			    (struct bytes){ m.p, n }),
			    MLS_MESSAGE_IS_MALFORMED);
		CHECK_MLS(person_tries(&s.bob, wr_bytes(&m)), MLS_OK);
		wr_free(&m);
		four_free(&s);
	}
}

TEST(every_flipped_bit_of_a_commit_is_refused)
{
	struct four s;
	struct wr commit = wr_new(), welcome = wr_new();

	scene_init(&s, MLS_SUITE_X25519_AES128);
	CHECK_MLS(
	    mls_group_add(s.ann.group, person_key_package(&s.dan)), MLS_OK);
	CHECK_MLS(
	    mls_group_commit(s.ann.group, NULL, &commit, &welcome), MLS_OK);
	for (size_t i = 0; i < commit.n; i++) {
		commit.p[i] ^= (uint8_t)(1 << i % 8);
		CHECK(person_tries(&s.bob, wr_bytes(&commit)) != MLS_OK);
		commit.p[i] ^= (uint8_t)(1 << i % 8);
	}
	CHECK_MLS(person_tries(&s.bob, wr_bytes(&commit)), MLS_OK);
	CHECK_MLS(person_tries(&s.bob, wr_bytes(&commit)),
	    MLS_A_COMMIT_IS_PENDING);
	CHECK_MLS(mls_group_merge(s.bob.group), MLS_OK);
	CHECK_MLS(person_tries(&s.bob, wr_bytes(&commit)), MLS_EPOCH_IS_OVER);
	wr_free(&commit);
	wr_free(&welcome);
	four_free(&s);
}

TEST(every_flipped_bit_of_a_welcome_is_refused)
{
	struct four s;
	struct wr commit = wr_new(), welcome = wr_new();
	struct mls_join join = { .welcome = BYTES_NONE };
	struct mls_group *g = NULL;

	scene_init(&s, MLS_SUITE_X25519_AES128);
	CHECK_MLS(
	    mls_group_add(s.ann.group, person_key_package(&s.dan)), MLS_OK);
	CHECK_MLS(
	    mls_group_commit(s.ann.group, NULL, &commit, &welcome), MLS_OK);
	join.bundle = s.dan.bundle;
	for (size_t i = 0; i < welcome.n; i++) {
		welcome.p[i] ^= (uint8_t)(1 << i % 8);
		join.welcome = wr_bytes(&welcome);
		CHECK(mls_group_join(&s.dan.client, &join, &g) != MLS_OK);
		welcome.p[i] ^= (uint8_t)(1 << i % 8);
	}
	for (size_t n = 0; n < welcome.n; n += 7) {
		join.welcome = (struct bytes){ welcome.p, n };
		CHECK(mls_group_join(&s.dan.client, &join, &g) != MLS_OK);
	}
	join.welcome = wr_bytes(&welcome);
	CHECK_MLS(mls_group_join(&s.dan.client, &join, &g), MLS_OK);
	mls_group_free(g);
	/* Somebody else's welcome. */
	(void)person_key_package(&s.dan);
	join.bundle = s.dan.bundle;
	CHECK_MLS(mls_group_join(&s.dan.client, &join, &g),
	    MLS_WELCOME_IS_NOT_FOR_US);
	wr_free(&commit);
	wr_free(&welcome);
	four_free(&s);
}

TEST(a_wrong_frame_has_its_own_result)
{
	struct four s;
	struct wr m = wr_new();
	struct mls_content c;

	scene_init(&s, MLS_SUITE_X25519_AES128);
	c = content_of(&s.ann, MLS_CONTENT_APPLICATION, BYTES_LIT("naked"));
	forge(&s.ann, &c, &m);
	CHECK_MLS(
	    person_tries(&s.bob, wr_bytes(&m)),
	    MLS_APPLICATION_DATA_IS_NOT_ENCRYPTED);
	c = content_of(&s.ann, MLS_CONTENT_PROPOSAL,
	    BYTES_LIT("\0\3\0\0\0\2")); /* remove leaf 2 */
	c.group_id = BYTES_LIT("another");
	forge(&s.ann, &c, &m);
	CHECK_MLS(
	    person_tries(&s.bob, wr_bytes(&m)),
	    MLS_MESSAGE_IS_FOR_ANOTHER_GROUP);
	c.group_id = mls_group_id(s.ann.group);
	c.epoch = 2;
	forge(&s.ann, &c, &m);
	CHECK_MLS(person_tries(&s.bob, wr_bytes(&m)),
	    MLS_EPOCH_IS_IN_THE_FUTURE);
	c.epoch = 0;
	forge(&s.ann, &c, &m);
	CHECK_MLS(person_tries(&s.bob, wr_bytes(&m)), MLS_EPOCH_IS_OVER);
	c.epoch = 1;
	c.sender.index = 2;
	forge(&s.ann, &c, &m);
	CHECK_MLS(person_tries(&s.bob, wr_bytes(&m)), MLS_SIGNATURE_IS_WRONG);
	c.sender.index = 9;
	forge(&s.ann, &c, &m);
	CHECK_MLS(person_tries(&s.bob, wr_bytes(&m)),
	    MLS_SENDER_IS_NOT_A_MEMBER);
	c.sender = (struct mls_sender){ MLS_SENDER_EXTERNAL, 0 };
	forge(&s.ann, &c, &m);
	CHECK_MLS(person_tries(&s.bob, wr_bytes(&m)),
	    MLS_SENDER_IS_NOT_ALLOWED);
	c.sender = (struct mls_sender){ MLS_SENDER_NEW_MEMBER_PROPOSAL, 0 };
	forge(&s.ann, &c, &m);
	CHECK_MLS(
	    person_tries(&s.bob, wr_bytes(&m)),
	    MLS_PROPOSAL_IS_NOT_ALLOWED_HERE);
	c.sender = (struct mls_sender){ MLS_SENDER_MEMBER, 0 };
	forge(&s.ann, &c, &m);
	m.p[m.n - 1] ^= 1;
	CHECK_MLS(person_tries(&s.bob, wr_bytes(&m)),
	    MLS_MEMBERSHIP_TAG_IS_WRONG);
	m.p[m.n - 1] ^= 1;
	CHECK_MLS(person_tries(&s.ann, wr_bytes(&m)), MLS_SENDER_IS_OURSELVES);
	CHECK_MLS(person_tries(&s.bob, wr_bytes(&m)), MLS_OK);
	CHECK_MLS(person_tries(&s.bob, wr_bytes(&m)),
	    MLS_PROPOSAL_WAS_SEEN_BEFORE);
	m.p[1] = 2;
	CHECK_MLS(person_tries(&s.bob, wr_bytes(&m)), MLS_VERSION_IS_UNKNOWN);
	m.p[1] = 1;
	m.p[3] = 9;
	CHECK_MLS(person_tries(&s.bob, wr_bytes(&m)),
	    MLS_WIRE_FORMAT_IS_NOT_EXPECTED);
	CHECK_MLS(person_tries(&s.bob, mls_bundle_public(s.cyd.bundle)),
	    MLS_WIRE_FORMAT_IS_NOT_EXPECTED);
	wr_free(&m);
	four_free(&s);
}

/* Encrypts what c says with a key of ann's ratchet; junk follows it. */
static void
forge_private(
    struct person *p, uint32_t generation, uint8_t junk, struct wr *out)
{
	const uint8_t guard[MLS_REUSE_GUARD_LEN] = { 0 };
	struct mls_signer signer = mls_own_signer_get(&p->group->signer);
	struct mls_content c =
	    content_of(p, MLS_CONTENT_APPLICATION, BYTES_LIT("text"));
	struct mls_message_key key;
	struct wr w = wr_new();
	struct rd r;

	c.wire_format = MLS_WIRE_PRIVATE_MESSAGE;
	CHECK_MLS(mls_content_sign(&p->group->suite, &c,
		      wr_bytes(&p->group->now.encoded), &signer, &w),
	    MLS_OK);
	r = rd_init(wr_bytes(&w));
	mls_content_decode(&r, &c);
	CHECK_OK(rd_end(&r));
	wr_u8(&w, junk);
	c.unsigned_.p = w.p;
	c.encoded = wr_bytes(&w);
	key = (struct mls_message_key){ .generation = 0 };
	if (mls_secret_tree_key(p->group->now.keys, p->group->keys.me,
		MLS_RATCHET_APPLICATION, generation, &key) != MLS_OK)
		key.generation = generation;
	wr_reset(out);
	CHECK_MLS(
	    mls_private_message_create(&p->group->now, &c, &key, guard, out),
	    MLS_OK);
	wr_free(&w);
}

TEST(a_wrong_private_message_has_its_own_result)
{
	struct four s;
	struct wr m = wr_new(), first = wr_new();

	scene_init(&s, MLS_SUITE_X25519_AES128);
	CHECK_MLS(
	    mls_group_protect(s.ann.group, BYTES_NONE, BYTES_LIT("0"), &first),
	    MLS_OK);
	forge_private(&s.ann, 1, 1, &m);
	CHECK_MLS(person_tries(&s.bob, wr_bytes(&m)), MLS_PADDING_IS_NOT_ZERO);
	forge_private(&s.ann, MLS_MAX_AHEAD + 1, 0, &m);
	CHECK_MLS(person_tries(&s.bob, wr_bytes(&m)),
	    MLS_GENERATION_IS_TOO_FAR_AHEAD);
	forge_private(&s.ann, UINT32_MAX, 0, &m);
	CHECK_MLS(person_tries(&s.bob, wr_bytes(&m)),
	    MLS_GENERATION_IS_TOO_FAR_AHEAD);
	forge_private(&s.ann, MLS_MAX_AHEAD, 0, &m);
	CHECK_MLS(person_tries(&s.bob, wr_bytes(&m)), MLS_OK);
	CHECK_MLS(person_tries(&s.bob, wr_bytes(&m)),
	    MLS_GENERATION_WAS_USED_BEFORE);
	/* The newest of the skipped keys are kept, not all of them. */
	forge_private(&s.ann, MLS_MAX_AHEAD - 1, 0, &m);
	CHECK_MLS(person_tries(&s.bob, wr_bytes(&m)), MLS_OK);
	CHECK_MLS(
	    person_tries(&s.bob, wr_bytes(&first)),
	    MLS_GENERATION_WAS_USED_BEFORE);
	/* And not for ever. */
	s.w.now_s += MLS_SKIPPED_AGE_S + 1;
	forge_private(&s.ann, MLS_MAX_AHEAD + 1, 0, &m);
	CHECK_MLS(person_tries(&s.bob, wr_bytes(&m)), MLS_OK);
	forge_private(&s.ann, MLS_MAX_AHEAD - 2, 0, &m);
	CHECK_MLS(person_tries(&s.bob, wr_bytes(&m)),
	    MLS_GENERATION_WAS_USED_BEFORE);
	wr_free(&first);
	wr_free(&m);
	four_free(&s);
}

static void
put_value(struct wr *list)
{
	wr_u8(list, MLS_BY_VALUE);
}

/* Bob refuses a commit by ann of these proposals. */
static void
refuses(struct four *s, struct wr *list, enum mls_result want)
{
	struct wr m = wr_new();

	forge_commit(&s->ann, list, &m);
	CHECK_MLS(person_tries(&s->bob, wr_bytes(&m)), want);
	wr_free(&m);
	wr_reset(list);
}

TEST(a_malicious_committer_of_leaves)
{
	struct four s;
	struct wr l = wr_new();
	struct bytes kp;

	scene_init(&s, MLS_SUITE_X25519_AES128);
	refuses(&s, &l, MLS_PATH_IS_MISSING); /* nothing at all */
	put_value(&l);
	mls_proposal_put_remove(&l, (struct mls_leaf){ 2 });
	refuses(&s, &l, MLS_PATH_IS_MISSING);
	put_value(&l);
	mls_proposal_put_remove(&l, (struct mls_leaf){ 0 });
	refuses(&s, &l, MLS_COMMITTER_REMOVES_ITSELF);
	put_value(&l);
	mls_proposal_put_remove(&l, (struct mls_leaf){ 3 });
	refuses(&s, &l, MLS_REMOVED_LEAF_IS_BLANK);
	put_value(&l);
	mls_proposal_put_remove(&l, (struct mls_leaf){ UINT32_MAX });
	refuses(&s, &l, MLS_REMOVED_LEAF_IS_BLANK);
	for (size_t i = 0; i < 2; i++) {
		put_value(&l);
		mls_proposal_put_remove(&l, (struct mls_leaf){ 2 });
	}
	refuses(&s, &l, MLS_LEAF_IS_CHANGED_TWICE);
	put_value(&l);
	mls_proposal_put_update(
	    &l, mls_group_member(s.ann.group, (struct mls_leaf){ 0 })->encoded);
	refuses(&s, &l, MLS_COMMITTER_UPDATES_ITSELF);
	kp = person_key_package(&s.dan);
	kp = (struct bytes){ kp.p + 4, kp.n - 4 };
	for (size_t i = 0; i < 2; i++) {
		put_value(&l);
		mls_proposal_put_add(&l, kp);
	}
	refuses(&s, &l, MLS_ENCRYPTION_KEY_IS_IN_USE);
	wr_u8(&l, MLS_BY_REFERENCE);
	mls_wr_vec(&l, BYTES_LIT("01234567890123456789012345678901"));
	refuses(&s, &l, MLS_PROPOSAL_IS_UNKNOWN);
	wr_free(&l);
	four_free(&s);
}

TEST(a_malicious_committer_of_key_packages)
{
	struct four s;
	struct person twin;
	struct wr l = wr_new();
	struct bytes kp;

	scene_init(&s, MLS_SUITE_X25519_AES128);
	/* A second leaf for somebody who is in. */
	twin = s.cyd;
	twin.bundle = NULL;
	kp = person_key_package(&twin);
	put_value(&l);
	mls_proposal_put_add(&l, (struct bytes){ kp.p + 4, kp.n - 4 });
	refuses(&s, &l, MLS_SIGNATURE_KEY_IS_IN_USE);
	mls_bundle_free(twin.bundle);
	/* Two packages of one client. */
	twin = s.dan;
	twin.bundle = NULL;
	kp = person_key_package(&s.dan);
	put_value(&l);
	mls_proposal_put_add(&l, (struct bytes){ kp.p + 4, kp.n - 4 });
	mls_bundle_free(twin.bundle);
	twin.bundle = NULL;
	kp = person_key_package(&twin);
	put_value(&l);
	mls_proposal_put_add(&l, (struct bytes){ kp.p + 4, kp.n - 4 });
	refuses(&s, &l, MLS_CLIENT_IS_ADDED_TWICE);
	/* A package of another suite, a forged one, one that is too old. */
	twin.suite = MLS_SUITE_X25519_CHACHA;
	kp = person_key_package(&twin);
	put_value(&l);
	mls_proposal_put_add(&l, (struct bytes){ kp.p + 4, kp.n - 4 });
	refuses(&s, &l, MLS_KEY_PACKAGE_IS_FOR_ANOTHER_SUITE);
	kp = person_key_package(&s.dan);
	put_value(&l);
	mls_proposal_put_add(&l, (struct bytes){ kp.p + 4, kp.n - 4 });
	l.p[l.n - 1] ^= 1;
	refuses(&s, &l, MLS_SIGNATURE_IS_WRONG);
	put_value(&l);
	mls_proposal_put_add(&l, (struct bytes){ kp.p + 4, kp.n - 4 });
	s.bob.client.max_lifetime_s = MLS_DEFAULT_LIFETIME_S;
	refuses(&s, &l, MLS_LIFETIME_IS_TOO_LONG);
	put_value(&l);
	mls_proposal_put_add(&l, (struct bytes){ kp.p + 4, kp.n - 4 });
	s.w.now_s += MLS_DEFAULT_LIFETIME_S + 1;
	refuses(&s, &l, MLS_LIFETIME_IS_OVER);
	CHECK_MLS(mls_group_add(s.ann.group, kp), MLS_LIFETIME_IS_OVER);
	/* And one that has not begun. */
	s.w.now_s = WORLD_START_S - 2 * MLS_CLOCK_SLACK_S;
	CHECK_MLS(mls_group_add(s.ann.group, kp), MLS_OK);
	s.w.now_s--;
	CHECK_MLS(mls_group_add(s.ann.group, kp), MLS_LIFETIME_IS_OVER);
	mls_bundle_free(twin.bundle);
	wr_free(&l);
	four_free(&s);
}

TEST(a_malicious_committer_of_other_proposals)
{
	struct four s;
	struct wr l = wr_new();
	uint8_t nonce[32] = { 1 };
	struct mls_psk_id psk = { .type = MLS_PSK_EXTERNAL,
		.id = BYTES_LIT("unknown"),
		.nonce = BYTES_OF(nonce) };
	struct mls_reinit reinit = {
		.version = 1, .group_id = BYTES_LIT("x"), .cipher_suite = 1
	};

	scene_init(&s, MLS_SUITE_X25519_AES128);
	put_value(&l);
	mls_proposal_put_psk(&l, &psk);
	refuses(&s, &l, MLS_PSK_IS_UNKNOWN);
	psk.id = WORLD_PSK_ID;
	psk.nonce.n = 31;
	put_value(&l);
	mls_proposal_put_psk(&l, &psk);
	refuses(&s, &l, MLS_PSK_NONCE_HAS_WRONG_LENGTH);
	psk.nonce.n = 32;
	put_value(&l);
	mls_proposal_put_psk(&l, &psk);
	refuses(&s, &l, MLS_CONFIRMATION_TAG_IS_WRONG);
	for (size_t i = 0; i < 2; i++) {
		put_value(&l);
		mls_proposal_put_psk(&l, &psk);
	}
	refuses(&s, &l, MLS_PSK_IS_REPEATED);
	psk.type = MLS_PSK_RESUMPTION;
	psk.usage = MLS_PSK_REINIT;
	psk.group_id = mls_group_id(s.ann.group);
	put_value(&l);
	mls_proposal_put_psk(&l, &psk);
	refuses(&s, &l, MLS_PSK_IS_NOT_ALLOWED_HERE);
	for (size_t i = 0; i < 2; i++) {
		put_value(&l);
		mls_proposal_put_reinit(&l, &reinit);
	}
	refuses(&s, &l, MLS_REINIT_IS_NOT_ALONE);
	reinit.version = 0;
	put_value(&l);
	mls_proposal_put_reinit(&l, &reinit);
	refuses(&s, &l, MLS_REINIT_IS_A_DOWNGRADE);
	put_value(&l);
	mls_proposal_put_external_init(&l, BYTES_LIT("kem"));
	refuses(&s, &l, MLS_EXTERNAL_INIT_IS_NOT_ALLOWED);
	for (size_t i = 0; i < 2; i++) {
		put_value(&l);
		mls_proposal_put_extensions(&l, BYTES_NONE);
	}
	refuses(&s, &l, MLS_EXTENSIONS_ARE_CHANGED_TWICE);
	wr_free(&l);
	four_free(&s);
}

/* A commit that is right but for its confirmation tag, which the signature
 * does not cover. */
TEST(a_wrong_confirmation_tag)
{
	struct four s;
	struct wr commit = wr_new(), none = wr_new(), again = wr_new();
	struct wr content = wr_new();
	struct mls_message m;

	scene_init(&s, MLS_SUITE_XWING_AES256);
	CHECK_MLS(mls_group_commit(s.ann.group, NULL, &commit, &none), MLS_OK);
	CHECK_MLS(mls_message_read(wr_bytes(&commit), &m), MLS_OK);
	wr_put(&content, m.u.public.content.encoded);
	content.p[content.n - 1] ^= 1;
	CHECK_MLS(mls_public_message_create(
		      &s.ann.group->now, wr_bytes(&content), true, &again),
	    MLS_OK);
	CHECK_MLS(
	    person_tries(&s.bob, wr_bytes(&again)),
	    MLS_CONFIRMATION_TAG_IS_WRONG);
	CHECK_MLS(person_tries(&s.bob, wr_bytes(&commit)), MLS_OK);
	wr_free(&commit);
	wr_free(&none);
	wr_free(&again);
	wr_free(&content);
	four_free(&s);
}

/* A proposal of an unknown type, which has no length of its own. */
TEST(an_unknown_proposal_is_told_from_a_malformed_one)
{
	struct four s;
	struct wr commit = wr_new(), none = wr_new();
	struct mls_content c;
	struct wr w = wr_new();
	struct mls_signer signer;

	scene_init(&s, MLS_SUITE_X25519_AES128);
	signer = mls_own_signer_get(&s.ann.group->signer);
	c = content_of(&s.ann, MLS_CONTENT_PROPOSAL, BYTES_LIT("\x0a\x0ajunk"));
	wr_u16(&w, MLS_VERSION_MLS10);
	CHECK_MLS(mls_content_sign(&s.ann.group->suite, &c,
		      wr_bytes(&s.ann.group->now.encoded), &signer, &w),
	    MLS_OK);
	mls_wr_vec(&w, BYTES_LIT("01234567890123456789012345678901"));
	CHECK_MLS(
	    person_tries(&s.bob, wr_bytes(&w)),
	    MLS_PROPOSAL_TYPE_IS_NOT_SUPPORTED);
	wr_free(&commit);
	wr_free(&none);
	wr_free(&w);
	four_free(&s);
}

/* The application's word counts. */
static bool
only_known(void *ctx, const struct mls_claim *claim)
{
	(void)ctx;
	return !bytes_equal(claim->credential.value, BYTES_LIT("dan"));
}

TEST(a_credential_that_is_not_accepted)
{
	struct four s;
	struct wr commit = wr_new(), welcome = wr_new(), info = wr_new();
	struct mls_group_info_options options = { .tree_beside = false };
	struct mls_external_join join = { .replaces = NULL };

	scene_init(&s, MLS_SUITE_X25519_AES128);
	s.bob.client.authenticate = only_known;
	CHECK_MLS(mls_group_add(s.bob.group, person_key_package(&s.dan)),
	    MLS_CREDENTIAL_IS_NOT_ACCEPTED);
	CHECK_MLS(mls_group_info(s.ann.group, &options, &info), MLS_OK);
	CHECK_MLS(
	    mls_group_add(s.ann.group, person_key_package(&s.dan)), MLS_OK);
	CHECK_MLS(
	    mls_group_commit(s.ann.group, NULL, &commit, &welcome), MLS_OK);
	CHECK_MLS(
	    person_tries(&s.bob, wr_bytes(&commit)),
	    MLS_CREDENTIAL_IS_NOT_ACCEPTED);
	wr_reset(&commit);
	join.group_info = wr_bytes(&info);
	join.identity = person_identity(&s.dan);
	CHECK_MLS(mls_group_join_external(
		      &s.dan.client, &join, &commit, &s.dan.group),
	    MLS_OK);
	CHECK_MLS(
	    person_tries(&s.bob, wr_bytes(&commit)),
	    MLS_CREDENTIAL_IS_NOT_ACCEPTED);
	wr_free(&commit);
	wr_free(&welcome);
	wr_free(&info);
	four_free(&s);
}

TEST(required_capabilities_are_required)
{
	static const uint8_t list[] = { 0, 3, 9, /* required_capabilities */
		2, 0xf0, 0x01,			 /* an extension */
		2, 0xf0, 0x02,			 /* a proposal */
		2, 0x00, 0x01 };		 /* basic credentials */
	static const uint8_t unknown[] = { 0xf0, 0x03, 0 };
	struct four s;
	struct wr w = wr_new(), none = wr_new();

	scene_init(&s, MLS_SUITE_X25519_AES128);
	CHECK_MLS(
	    mls_group_set_extensions(s.ann.group, BYTES_OF(list)), MLS_OK);
	CHECK_MLS(mls_group_commit(s.ann.group, NULL, &w, &none),
	    MLS_EXTENSIONS_ARE_NOT_SUPPORTED_BY_ALL);
	mls_group_forget_changes(s.ann.group);
	CHECK_MLS(
	    mls_group_set_extensions(s.ann.group, BYTES_OF(unknown)), MLS_OK);
	CHECK_MLS(mls_group_commit(s.ann.group, NULL, &w, &none),
	    MLS_EXTENSIONS_ARE_NOT_SUPPORTED_BY_ALL);
	wr_free(&w);
	wr_free(&none);
	four_free(&s);
}

TEST(damaged_state_is_refused)
{
	struct four s;
	struct wr saved = wr_new();
	struct mls_group *g = NULL;

	scene_init(&s, MLS_SUITE_X25519_AES128);
	CHECK_MLS(mls_group_save(s.ann.group, &saved), MLS_OK);
	for (size_t n = 0; n < saved.n; n++)
		CHECK(mls_group_load(&s.ann.client,
			  (struct bytes){ saved.p, n }, &g) != MLS_OK);
	saved.p[1] ^= 1;
	CHECK_MLS(mls_group_load(&s.ann.client, wr_bytes(&saved), &g),
	    MLS_SAVED_STATE_IS_OF_ANOTHER_VERSION);
	saved.p[1] ^= 1;
	/* Whatever else is damaged: no crash, and nothing leaks. */
	for (size_t i = 2; i < saved.n; i += 3) {
		saved.p[i] ^= 0x81;
		g = NULL;
		if (mls_group_load(&s.ann.client, wr_bytes(&saved), &g) ==
		    MLS_OK)
			mls_group_free(g);
		saved.p[i] ^= 0x81;
	}
	wr_free(&saved);
	four_free(&s);
}

/* What still parses is a group that can be used: with a commit staged, which
 * a merge makes true, we have a leaf before and after. */
TEST(damaged_state_is_no_danger)
{
	struct four s;
	struct wr saved = wr_new(), commit = wr_new(), buf = wr_new();
	struct mls_event event;
	struct mls_group *g;

	scene_init(&s, MLS_SUITE_X25519_AES128);
	CHECK_MLS(mls_group_commit(s.bob.group, NULL, &commit, &buf), MLS_OK);
	CHECK_MLS(
	    mls_group_process(s.ann.group, wr_bytes(&commit), &buf, &event),
	    MLS_OK);
	CHECK_MLS(mls_group_save(s.ann.group, &saved), MLS_OK);
	for (size_t i = 2; i < saved.n; i++) {
		saved.p[i] ^= 3;
		g = NULL;
		if (mls_group_load(&s.ann.client, wr_bytes(&saved), &g) ==
			MLS_OK &&
		    mls_group_merge(g) == MLS_OK &&
		    mls_group_status(g) == MLS_OK)
			CHECK(mls_group_member(g, mls_group_me(g)) != NULL);
		mls_group_free(g);
		saved.p[i] ^= 3;
	}
	wr_free(&saved);
	wr_free(&commit);
	wr_free(&buf);
	four_free(&s);
}

int
main(int argc, char **argv)
{
	static const struct check_test tests[] = {
		T(every_flipped_bit_of_a_message_is_refused),
		T(every_flipped_bit_of_a_commit_is_refused),
		T(every_flipped_bit_of_a_welcome_is_refused),
		T(a_wrong_frame_has_its_own_result),
		T(a_wrong_private_message_has_its_own_result),
		T(a_malicious_committer_of_leaves),
		T(a_malicious_committer_of_key_packages),
		T(a_malicious_committer_of_other_proposals),
		T(a_wrong_confirmation_tag),
		T(an_unknown_proposal_is_told_from_a_malformed_one),
		T(a_credential_that_is_not_accepted),
		T(required_capabilities_are_required),
		T(damaged_state_is_refused),
		T(damaged_state_is_no_danger),
	};

	if (crypto_init() != ERR_OK)
		return 1;
	return check_run(tests, sizeof tests / sizeof tests[0], argc, argv);
}
