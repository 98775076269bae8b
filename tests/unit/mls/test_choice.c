/* Proposals that nobody can commit: each is right by itself when it comes, and
 * must not keep an honest member from committing the rest. */
#include "crypto/crypto.h"
#include "mls/group.h"
#include "support/mls_world.h"

/* Cyd is the one who makes trouble. */
static void
scene_init(struct four *s)
{
	world_init(&s->w);
	s->w.client.handshakes = MLS_WIRE_PUBLIC_MESSAGE;
	s->w.client.authenticate = mls_accept_anyone;
	four_meet(s, MLS_SUITE_X25519_AES128, BYTES_NONE);
}

/* A proposal by cyd, who is careful with the signature only; ann and bob take
 * it. */
static void
cyd_proposes(struct four *s, const struct wr *proposal)
{
	struct mls_group *g = s->cyd.group;
	struct mls_signer signer = mls_own_signer_get(&g->signer);
	struct mls_content c = {
		.wire_format = MLS_WIRE_PUBLIC_MESSAGE,
		.group_id = mls_group_id(g),
		.epoch = mls_group_epoch(g),
		.sender = { MLS_SENDER_MEMBER, mls_group_me(g).i },
		.type = MLS_CONTENT_PROPOSAL,
		.body = wr_bytes(proposal),
	};
	struct wr content = wr_new(), m = wr_new();

	CHECK_MLS(mls_content_sign(&g->suite, &c, wr_bytes(&g->now.encoded),
		      &signer, &content),
	    MLS_OK);
	CHECK_MLS(
	    mls_public_message_create(&g->now, wr_bytes(&content), true, &m),
	    MLS_OK);
	CHECK_MLS(person_takes(&s->ann, wr_bytes(&m)), MLS_OK);
	CHECK_MLS(person_takes(&s->bob, wr_bytes(&m)), MLS_OK);
	wr_free(&content);
	wr_free(&m);
}

/* Ann proposes to remove cyd, honestly, after all that cyd did; then bob
 * commits, ann follows, and cyd is out. */
static void
all_goes_on(struct four *s)
{
	struct person *others[1] = { &s->ann };
	struct wr m = wr_new();

	CHECK_MLS(
	    mls_group_remove(s->ann.group, mls_group_me(s->cyd.group)), MLS_OK);
	CHECK_MLS(mls_group_propose(s->ann.group, &m), MLS_OK);
	CHECK_MLS(person_takes(&s->bob, wr_bytes(&m)), MLS_OK);
	person_commit(&s->bob, others, 1);
	CHECK_EQ(mls_group_epoch(s->bob.group), 2);
	CHECK(
	    mls_group_member(s->bob.group, mls_group_me(s->cyd.group)) == NULL);
	CHECK(person_tells(&s->bob, &s->ann, "she is out"));
	wr_free(&m);
}

/* Writes an Add of dan whose leaf has this encryption key. */
static void
put_add(struct four *s, struct bytes key, struct bytes credentials,
    uint16_t credential, struct wr *out)
{
	struct mls_identity dan = person_identity(&s->dan);
	uint8_t buf[MLS_OWN_CAPABILITIES_LEN];
	const struct mls_suite *suite = &s->ann.group->suite;
	struct mls_leaf_content content = {
		.credential = { credential, BYTES_LIT("dan") },
		.capabilities = mls_own_capabilities(&s->dan.client, buf),
		.source = MLS_LEAF_KEY_PACKAGE,
		.not_after = UINT64_MAX,
	};
	struct mls_key_pair init;
	struct wr leaf = wr_new(), kp = wr_new();

	content.capabilities.credentials = credentials;
	CHECK_MLS(
	    mls_suite_new_key_pair(suite, s->dan.client.env, &init), MLS_OK);
	CHECK_MLS(mls_leaf_node_create(
		      suite, &content, key, &dan.signer, NULL, &leaf),
	    MLS_OK);
	CHECK_MLS(mls_key_package_encode(suite,
		      (struct bytes){ init.public, init.public_len },
		      wr_bytes(&leaf), BYTES_NONE, &dan.signer, &kp),
	    MLS_OK);
	mls_proposal_put_add(out, wr_bytes(&kp));
	wr_free(&leaf);
	wr_free(&kp);
}

TEST(a_newcomer_with_the_key_of_a_member)
{
	struct four s;
	struct wr p = wr_new();

	scene_init(&s);
	put_add(&s,
	    mls_group_member(s.ann.group, mls_group_me(s.bob.group))
		->encryption_key,
	    BYTES_LIT("\0\1\0\2"), MLS_CREDENTIAL_BASIC, &p);
	cyd_proposes(&s, &p);
	all_goes_on(&s);
	wr_free(&p);
	four_free(&s);
}

TEST(a_newcomer_who_cannot_read_our_credentials)
{
	struct mls_key_pair pair;
	struct four s;
	struct wr p = wr_new();

	scene_init(&s);
	CHECK_MLS(mls_suite_new_key_pair(
		      &s.ann.group->suite, s.ann.client.env, &pair),
	    MLS_OK);
	put_add(&s, (struct bytes){ pair.public, pair.public_len },
	    BYTES_LIT("\0\2"), MLS_CREDENTIAL_X509, &p);
	cyd_proposes(&s, &p);
	all_goes_on(&s);
	wr_free(&p);
	four_free(&s);
}

TEST(an_update_with_the_key_of_a_member)
{
	struct four s;
	struct wr p = wr_new(), leaf = wr_new();
	struct mls_leaf_content content = { .source = MLS_LEAF_UPDATE };
	const struct mls_leaf_node *old;
	struct mls_leaf_place place;
	struct mls_signer signer;

	scene_init(&s);
	place = (struct mls_leaf_place){ mls_group_id(s.cyd.group),
		mls_group_me(s.cyd.group) };
	signer = mls_own_signer_get(&s.cyd.group->signer);
	old = mls_group_member(s.cyd.group, place.leaf);
	content.credential = old->credential;
	content.capabilities = old->capabilities;
	CHECK_MLS(mls_leaf_node_create(&s.cyd.group->suite, &content,
		      mls_group_member(s.cyd.group, mls_group_me(s.ann.group))
			  ->encryption_key,
		      &signer, &place, &leaf),
	    MLS_OK);
	mls_proposal_put_update(&p, wr_bytes(&leaf));
	cyd_proposes(&s, &p);
	person_commit(&s.bob, (struct person *const[]){ &s.ann }, 1);
	CHECK_EQ(mls_group_epoch(s.bob.group), 2);
	wr_free(&p);
	wr_free(&leaf);
	four_free(&s);
}

TEST(extensions_that_nobody_supports)
{
	struct four s;
	struct wr p = wr_new();

	scene_init(&s);
	mls_proposal_put_extensions(&p, BYTES_LIT("\xf0\x03\0"));
	cyd_proposes(&s, &p);
	all_goes_on(&s);
	wr_free(&p);
	four_free(&s);
}

static bool
knows_every_key(void *ctx, const struct mls_psk_id *id, struct wr *out)
{
	(void)ctx;
	wr_put(out, id->id);
	return true;
}

TEST(more_keys_than_a_commit_can_have)
{
	static const uint8_t nonce[32] = { 0 };
	struct mls_psk_id id = { .type = MLS_PSK_EXTERNAL,
		.nonce = { nonce, sizeof nonce } };
	struct four s;
	struct wr p = wr_new();
	uint8_t name;

	scene_init(&s);
	s.ann.client.find_psk = knows_every_key;
	s.bob.client.find_psk = knows_every_key;
	id.id = (struct bytes){ &name, 1 };
	for (name = 0; name <= MLS_MAX_PSKS; name++) {
		wr_reset(&p);
		mls_proposal_put_psk(&p, &id);
		cyd_proposes(&s, &p);
	}
	all_goes_on(&s);
	wr_free(&p);
	four_free(&s);
}

TEST(a_key_for_another_purpose)
{
	uint8_t nonce[32] = { 0 };
	struct mls_psk_id id = { .type = MLS_PSK_RESUMPTION,
		.usage = MLS_PSK_REINIT,
		.epoch = 1,
		.nonce = BYTES_OF(nonce) };
	struct four s;
	struct wr p = wr_new();

	scene_init(&s);
	id.group_id = mls_group_id(s.cyd.group);
	mls_proposal_put_psk(&p, &id);
	cyd_proposes(&s, &p);
	all_goes_on(&s);
	wr_free(&p);
	four_free(&s);
}

int
main(int argc, char **argv)
{
	static const struct check_test tests[] = {
		T(a_newcomer_with_the_key_of_a_member),
		T(a_newcomer_who_cannot_read_our_credentials),
		T(an_update_with_the_key_of_a_member),
		T(extensions_that_nobody_supports),
		T(more_keys_than_a_commit_can_have),
		T(a_key_for_another_purpose),
	};

	if (crypto_init() != ERR_OK)
		return 1;
	return check_run(tests, sizeof tests / sizeof tests[0], argc, argv);
}
