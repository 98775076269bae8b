/*
 * A live group under fire. Byte 0 chooses:
 *
 *	0  the rest is a message;
 *	1  the rest, after a number of a message and an offset, is added bit by
 *	   bit to an honest message;
 *	2  the rest is the body of a proposal, 3 of a commit, that a member
 *	   signs as it should: so the input gets past all that is checked first;
 *	4  the rest is a saved group;
 *	5  the rest is a Welcome, 6 a GroupInfo, to somebody outside;
 *	7  the rest is a saved key package with its secrets.
 *
 * What is refused must leave the group as it was, byte by byte.
 */
#include "fuzz.h"
#include "crypto/crypto.h"
#include "mls/group.h"

#include <string.h>

enum { MEMBERS = 4, HONEST = 6 };

static uint64_t random_state = 1;

static uint64_t
fixed_time(void *ctx)
{
	(void)ctx;
	return 1000000;
}

static void
fixed_random(void *ctx, void *out, size_t n)
{
	uint8_t *p = out;

	(void)ctx;
	for (size_t i = 0; i < n; i++) {
		random_state = random_state * UINT64_C(6364136223846793005) +
			       1442695040888963407;
		p[i] = (uint8_t)(random_state >> 56);
	}
}

static const struct env env = { fixed_time, fixed_time, fixed_random, NULL };
static struct mls_client client = {
	.env = &env,
	.authenticate = mls_accept_anyone,
	.handshakes = MLS_WIRE_PUBLIC_MESSAGE,
};
static uint8_t secrets[MEMBERS + 1][MLS_MAX_SIG_SECRET];
static uint8_t publics[MEMBERS + 1][MLS_MAX_SIG_PUBLIC];
static struct mls_group *members[MEMBERS];
static struct mls_bundle *outside; /* nobody has added it */
static struct wr victim;	   /* the saved state of the last member */
static struct wr honest[HONEST];   /* messages by the first one */

static struct mls_identity
identity_of(size_t i)
{
	size_t n;

	MUST(mls_signature_key_new(&client, MLS_SUITE_X25519_CHACHA, secrets[i],
		 publics[i], &n) == MLS_OK);
	return (struct mls_identity){
		{ MLS_CREDENTIAL_BASIC, BYTES_LIT("target") },
		{ BYTES_OF(secrets[i]), { publics[i], n } },
	};
}

static struct mls_bundle *
bundle_of(size_t i)
{
	struct mls_bundle_options options = {
		.suite = MLS_SUITE_X25519_CHACHA,
		.identity = identity_of(i),
	};
	struct mls_bundle *b;

	MUST(mls_bundle_new(&client, &options, &b) == MLS_OK);
	return b;
}

static void
make_group(void)
{
	struct mls_group_options options = {
		.suite = MLS_SUITE_X25519_CHACHA,
		.group_id = BYTES_LIT("group"),
		.identity = identity_of(0),
	};
	struct mls_commit_options commit_options = { 0 };
	struct wr commit = wr_new(), welcome = wr_new();
	struct mls_bundle *bundles[MEMBERS];
	struct mls_join join = { 0 };

	MUST(mls_group_create(&client, &options, &members[0]) == MLS_OK);
	for (size_t i = 1; i < MEMBERS; i++) {
		bundles[i] = bundle_of(i);
		MUST(mls_group_add(members[0], mls_bundle_public(bundles[i])) ==
		     MLS_OK);
	}
	MUST(mls_group_commit(members[0], &commit_options, &commit, &welcome) ==
	     MLS_OK);
	MUST(mls_group_merge(members[0]) == MLS_OK);
	join.welcome = wr_bytes(&welcome);
	for (size_t i = 1; i < MEMBERS; i++) {
		join.bundle = bundles[i];
		MUST(mls_group_join(&client, &join, &members[i]) == MLS_OK);
		mls_bundle_free(bundles[i]);
	}
	wr_free(&commit);
	wr_free(&welcome);
}

static void
make_commit(struct mls_group *g, struct wr *out)
{
	struct mls_commit_options options = { 0 };
	struct wr welcome = wr_new();

	MUST(mls_group_commit(g, &options, out, &welcome) == MLS_OK);
	MUST(mls_group_drop(g) == MLS_OK);
	wr_free(&welcome);
}

__attribute__((constructor)) static void
prepare(void)
{
	struct mls_group *g;

	MUST(crypto_init() == ERR_OK);
	make_group();
	outside = bundle_of(MEMBERS);
	victim = wr_new();
	MUST(mls_group_save(members[MEMBERS - 1], &victim) == MLS_OK);
	for (size_t i = 0; i < HONEST; i++)
		honest[i] = wr_new();
	g = members[0];
	MUST(mls_group_protect(g, BYTES_LIT("beside"), BYTES_LIT("said"),
		 &honest[0]) == MLS_OK);
	make_commit(g, &honest[1]);
	MUST(mls_group_add(g, mls_bundle_public(outside)) == MLS_OK);
	make_commit(g, &honest[2]);
	MUST(mls_group_add(g, mls_bundle_public(outside)) == MLS_OK);
	MUST(mls_group_propose(g, &honest[3]) == MLS_OK);
	MUST(mls_group_update(members[1], NULL) == MLS_OK);
	MUST(mls_group_propose(members[1], &honest[4]) == MLS_OK);
	client.handshakes = MLS_WIRE_PRIVATE_MESSAGE;
	make_commit(members[2], &honest[5]);
	client.handshakes = MLS_WIRE_PUBLIC_MESSAGE;
}

/* Lets the victim process something; a refusal must not show. */
static void
attack(struct bytes message)
{
	struct wr buf = wr_new(), after = wr_new();
	struct mls_event event;
	struct mls_group *g;

	MUST(mls_group_load(&client, wr_bytes(&victim), &g) == MLS_OK);
	if (mls_group_process(g, message, &buf, &event) != MLS_OK) {
		MUST(mls_group_save(g, &after) == MLS_OK);
		MUST(bytes_equal(wr_bytes(&after), wr_bytes(&victim)));
	} else if (event.kind == MLS_EVENT_COMMIT) {
		MUST(mls_group_merge(g) == MLS_OK);
	}
	mls_group_free(g);
	wr_free(&buf);
	wr_free(&after);
}

static void
attack_with_bits(const uint8_t *data, size_t size)
{
	struct wr message = wr_new();
	size_t offset;

	if (size < 3)
		return;
	wr_put(&message, wr_bytes(&honest[data[0] % HONEST]));
	offset = (size_t)data[1] << 8 | data[2];
	for (size_t i = 3; i < size && offset + i - 3 < message.n; i++)
		message.p[offset + i - 3] ^= data[i];
	attack(wr_bytes(&message));
	wr_free(&message);
}

/* A member signs whatever it is given. */
static void
attack_from_inside(enum mls_content_type type, struct bytes body)
{
	const struct mls_group *g = members[1];
	const struct mls_suite *s = &g->suite;
	struct mls_signer signer = mls_own_signer_get(&g->signer);
	struct mls_content c = {
		.wire_format = MLS_WIRE_PUBLIC_MESSAGE,
		.group_id = mls_group_id(g),
		.epoch = mls_group_epoch(g),
		.sender = { MLS_SENDER_MEMBER, mls_group_me(g).i },
		.type = type,
		.body = body,
	};
	struct wr authenticated = wr_new(), message = wr_new();
	uint8_t tag[MLS_MAX_HASH_LEN] = { 0 };

	if (mls_content_sign(s, &c, wr_bytes(&g->now.encoded), &signer,
		&authenticated) == MLS_OK) {
		if (type == MLS_CONTENT_COMMIT)
			mls_wr_vec(
			    &authenticated, (struct bytes){ tag, s->hash_len });
		if (mls_public_message_create(&g->now, wr_bytes(&authenticated),
			true, &message) == MLS_OK)
			attack(wr_bytes(&message));
	}
	wr_free(&authenticated);
	wr_free(&message);
}

static void
try_saved(struct bytes saved)
{
	struct wr again = wr_new();
	struct mls_group *g;

	if (mls_group_load(&client, saved, &g) == MLS_OK) {
		MUST(mls_group_save(g, &again) == MLS_OK);
		mls_group_free(g);
	}
	wr_free(&again);
}

static void
try_welcome(struct bytes welcome)
{
	struct mls_join join = { .bundle = outside, .welcome = welcome };
	struct mls_group *g;

	if (mls_group_join(&client, &join, &g) == MLS_OK)
		mls_group_free(g);
}

static void
try_group_info(struct bytes info)
{
	struct mls_external_join join = { .group_info = info,
		.identity = identity_of(MEMBERS) };
	struct wr commit = wr_new();
	struct mls_group *g;

	if (mls_group_join_external(&client, &join, &commit, &g) == MLS_OK)
		mls_group_free(g);
	wr_free(&commit);
}

static void
try_bundle(struct bytes saved)
{
	struct wr again = wr_new();
	struct mls_bundle *b;

	if (mls_bundle_load(&client, saved, &b) == MLS_OK) {
		mls_bundle_save(b, &again);
		MUST(bytes_equal(wr_bytes(&again), saved));
		mls_bundle_free(b);
	}
	wr_free(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes rest = { data + 1, size - 1 };

	if (size == 0)
		return 0;
	random_state = 1;
	switch (data[0]) {
	case 0:
		attack(rest);
		break;
	case 1:
		attack_with_bits(rest.p, rest.n);
		break;
	case 2:
		attack_from_inside(MLS_CONTENT_PROPOSAL, rest);
		break;
	case 3:
		attack_from_inside(MLS_CONTENT_COMMIT, rest);
		break;
	case 4:
		try_saved(rest);
		break;
	case 5:
		try_welcome(rest);
		break;
	case 6:
		try_group_info(rest);
		break;
	case 7:
		try_bundle(rest);
		break;
	default:
		break;
	}
	return 0;
}
