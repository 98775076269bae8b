/*
 * ct_mls - conversations on secrets that valgrind takes for undefined (see
 * tests/unit/crypto/ct_check.c for how that works).
 *
 * All randomness is secret, and with it every key: those that sign, those of
 * leaves and nodes, of epochs and of messages; so is what was agreed on
 * before. What goes to others is public once it is sent, and so is whether it
 * was taken; what a message says is public to who has opened it.
 */
#include "support/mls_world.h"

#include "crypto/crypto.h"
#include "crypto/ct.h"

static struct four f;
static struct env world_env;

static void
draw_secret(void *ctx, void *out, size_t n)
{
	world_env.random(ctx, out, n);
	ct_poison(out, n);
}

static bool
find_secret(void *ctx, const struct mls_psk_id *id, struct wr *out)
{
	uint8_t psk[32] = { 7 };

	(void)ctx;
	(void)id;
	ct_poison(psk, sizeof psk);
	wr_put(out, BYTES_OF(psk));
	return true;
}

/* Three in a group, of whom two have joined by a Welcome. */
static void
meet(uint16_t suite, enum mls_wire_format handshakes)
{
	CHECK_OK(crypto_init());
	world_init(&f.w);
	world_env = f.w.env;
	f.w.env.random = draw_secret;
	f.w.client.find_psk = find_secret;
	f.w.client.handshakes = handshakes;
	four_meet(&f, suite, BYTES_NONE);
}

/* A message with one bit changed, at that place from its end. */
static void
tries(struct person *p, const struct wr *message, size_t place)
{
	uint8_t *at = message->p + message->n - place;

	*at ^= 1;
	CHECK(person_takes(p, wr_bytes(message)) != MLS_OK);
	*at ^= 1;
}

/* What ann wants, in one commit with a path, that bob and cyd process; dan
 * joins by the Welcome, if there is one. */
static void
commits(void)
{
	struct person *dan = &f.dan;
	struct wr commit = wr_new(), welcome = wr_new();

	CHECK_MLS(mls_group_commit(f.ann.group, NULL, &commit, &welcome),
	    MLS_OK);
	ct_unpoison(commit.p, commit.n);
	ct_unpoison(welcome.p, welcome.n);
	tries(&f.cyd, &commit, 1);
	CHECK_MLS(person_takes(&f.bob, wr_bytes(&commit)), MLS_OK);
	CHECK_MLS(person_takes(&f.cyd, wr_bytes(&commit)), MLS_OK);
	CHECK_MLS(mls_group_merge(f.ann.group), MLS_OK);
	if (welcome.n > 0)
		people_join(&dan, 1, wr_bytes(&welcome));
	wr_free(&commit);
	wr_free(&welcome);
}

/* By a commit of dan's own, which needs a GroupInfo. */
static void
dan_joins_from_outside(void)
{
	struct mls_external_join join = { .identity =
		person_identity(&f.dan) };
	const struct mls_group_info_options options = { .tree_beside = false };
	struct wr info = wr_new(), commit = wr_new();

	CHECK_MLS(mls_group_info(f.ann.group, &options, &info), MLS_OK);
	ct_unpoison(info.p, info.n);
	join.group_info = wr_bytes(&info);
	CHECK_MLS(mls_group_join_external(&f.dan.client, &join, &commit,
	    &f.dan.group), MLS_OK);
	ct_unpoison(commit.p, commit.n);
	CHECK_MLS(mls_group_merge(f.dan.group), MLS_OK);
	CHECK_MLS(person_takes(&f.ann, wr_bytes(&commit)), MLS_OK);
	CHECK(person_tells(&f.dan, &f.ann, "hello"));
	wr_free(&info);
	wr_free(&commit);
}

static void
says(void)
{
	struct wr message = wr_new();

	CHECK(person_tells(&f.ann, &f.bob, "hello"));
	CHECK_MLS(mls_group_protect(f.bob.group, BYTES_NONE,
	    BYTES_LIT("hello"), &message), MLS_OK);
	ct_unpoison(message.p, message.n);
	tries(&f.cyd, &message, 1);
	tries(&f.cyd, &message, message.n - 100);
	CHECK_MLS(person_takes(&f.cyd, wr_bytes(&message)), MLS_OK);
	wr_free(&message);
}

TEST(threat_31_conversations)
{
	meet(MLS_SUITE_DEFAULT, MLS_WIRE_PRIVATE_MESSAGE);
	says();
	CHECK_MLS(mls_group_update(f.ann.group, NULL), MLS_OK);
	commits();
	CHECK_MLS(mls_group_add(f.ann.group, person_key_package(&f.dan)),
	    MLS_OK);
	commits();
	CHECK(person_tells(&f.dan, &f.bob, "hello"));
	four_free(&f);
}

TEST(threat_31_conversations_in_public)
{
	struct mls_psk_id psk = { .type = MLS_PSK_EXTERNAL,
		.id = WORLD_PSK_ID };
	uint8_t exported[32];

	meet(MLS_SUITE_X25519_CHACHA, MLS_WIRE_PUBLIC_MESSAGE);
	CHECK_MLS(mls_group_use_psk(f.ann.group, &psk), MLS_OK);
	commits();
	CHECK_MLS(mls_group_export(f.ann.group, "label", BYTES_NONE,
	    exported, sizeof exported), MLS_OK);
	dan_joins_from_outside();
	four_free(&f);
}

CHECK_MAIN(T(threat_31_conversations), T(threat_31_conversations_in_public))
