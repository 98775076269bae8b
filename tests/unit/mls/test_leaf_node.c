/* Leaf nodes: what is unknown survives, what is wrong is named. */
#include "crypto/crypto.h"
#include "mls/leaf_node.h"
#include "support/check.h"
#include "support/mls_cast.h"

#include <string.h>

static struct mls_suite suite;
static struct cast_role role;
static uint64_t seed = 11;
static struct env env;

static const struct mls_leaf_place place = { { (const uint8_t *)"a group", 7 },
	{ 5 } };

static void
start(void)
{
	CHECK_OK(crypto_init());
	CHECK_EQ(mls_suite_init(&suite, MLS_SUITE_X25519_AES128, 0), MLS_OK);
	env = cast_env(&seed);
	cast_role(&suite, 1, &role);
	CHECK_EQ(mls_suite_new_key_pair(&suite, &env, &role.pair), MLS_OK);
}

/* Writes a leaf node that says content, and reads it back. */
static struct mls_leaf_node
made(struct wr *w, const struct mls_leaf_content *content)
{
	struct mls_signer signer = cast_signer(&role);
	struct mls_leaf_node leaf;
	struct rd r;

	wr_reset(w);
	CHECK_EQ(mls_leaf_node_create(&suite, content,
		     (struct bytes){ role.pair.public, role.pair.public_len },
		     &signer, &place, w),
	    MLS_OK);
	r = rd_init(wr_bytes(w));
	mls_leaf_node_decode(&r, &leaf);
	CHECK_OK(rd_end(&r));
	CHECK_BYTES(leaf.encoded, wr_bytes(w));
	return leaf;
}

TEST(what_is_unknown_survives)
{
	static const uint8_t grease[] = { 0x0a, 0x0a, 0xea, 0xea, 0xf0, 0x99 };
	static const uint8_t suites[] = { 0x1a, 0x1a, 0, 1, 0xf0, 2 };
	static const uint8_t credentials[] = { 0x5a, 0x5a, 0, 1 };
	/* Two extensions that nobody knows, both listed. */
	static const uint8_t extensions[] = { 0xea, 0xea, 2, 'x', 'y', 0xf0,
		0x99, 0 };
	struct mls_leaf_content content = cast_content(&suite, MLS_LEAF_UPDATE);
	struct mls_leaf_node leaf;
	struct wr w = wr_new();

	start();
	content = cast_content(&suite, MLS_LEAF_UPDATE);
	content.capabilities.cipher_suites = BYTES_OF(suites);
	content.capabilities.extensions = BYTES_OF(grease);
	content.capabilities.proposals = BYTES_OF(grease);
	content.capabilities.credentials = BYTES_OF(credentials);
	content.extensions = BYTES_OF(extensions);
	leaf = made(&w, &content);
	CHECK_BYTES(leaf.extensions, BYTES_OF(extensions));
	CHECK_BYTES(leaf.capabilities.proposals, BYTES_OF(grease));
	CHECK_EQ(leaf.source, MLS_LEAF_UPDATE);
	CHECK_EQ(mls_leaf_node_check(&suite, &leaf, BYTES_NONE), MLS_OK);
	CHECK_EQ(mls_leaf_node_verify(&suite, &leaf, &place), MLS_OK);
	wr_free(&w);
}

TEST(a_leaf_node_belongs_to_its_place)
{
	struct mls_leaf_place other = place;
	struct mls_leaf_content content;
	struct mls_leaf_node leaf;
	struct wr w = wr_new();

	start();
	content = cast_content(&suite, MLS_LEAF_UPDATE);
	leaf = made(&w, &content);
	other.leaf.i++;
	CHECK_EQ(mls_leaf_node_verify(&suite, &leaf, &other),
	    MLS_SIGNATURE_IS_WRONG);
	other = place;
	other.group_id = BYTES_LIT("b group");
	CHECK_EQ(mls_leaf_node_verify(&suite, &leaf, &other),
	    MLS_SIGNATURE_IS_WRONG);
	/* One of a key package belongs anywhere. */
	content.source = MLS_LEAF_KEY_PACKAGE;
	leaf = made(&w, &content);
	CHECK_EQ(mls_leaf_node_verify(&suite, &leaf, &other), MLS_OK);
	CHECK_EQ(leaf.not_before, 0);
	CHECK_EQ(leaf.not_after, UINT64_MAX);
	wr_free(&w);
}

TEST(capabilities_must_cover_what_is_there)
{
	/* required_capabilities: an extension, a proposal, a credential. */
	static const uint8_t required[] = { 0, 3, 9, 2, 0xf0, 0x99, 2, 0xf0,
		0x98, 2, 0, 2 };
	static const uint8_t unknown[] = { 0xf0, 0x99, 0 };
	static const uint8_t id[] = { 0, 1, 1, 'i' };
	static const uint8_t broken[] = { 0, 3, 1, 2 };
	struct mls_leaf_content content;
	struct mls_leaf_node leaf;
	struct wr w = wr_new();

	start();
	content = cast_content(&suite, MLS_LEAF_UPDATE);
	leaf = made(&w, &content);
	CHECK_EQ(mls_leaf_node_check(&suite, &leaf, BYTES_OF(unknown)),
	    MLS_EXTENSIONS_ARE_NOT_SUPPORTED_BY_ALL);
	CHECK_EQ(mls_leaf_node_check(&suite, &leaf, BYTES_OF(id)), MLS_OK);
	CHECK_EQ(mls_leaf_node_check(&suite, &leaf, BYTES_OF(required)),
	    MLS_CAPABILITIES_ARE_MISSING);
	CHECK(mls_leaf_node_check(&suite, &leaf, BYTES_OF(broken)) != MLS_OK);
	content.capabilities.extensions = BYTES_LIT("\xf0\x99");
	content.capabilities.proposals = BYTES_LIT("\xf0\x98");
	leaf = made(&w, &content);
	CHECK_EQ(mls_leaf_node_check(&suite, &leaf, BYTES_OF(required)),
	    MLS_CAPABILITIES_ARE_MISSING);
	content.capabilities.credentials = BYTES_LIT("\0\2\0\1");
	leaf = made(&w, &content);
	CHECK_EQ(
	    mls_leaf_node_check(&suite, &leaf, BYTES_OF(required)), MLS_OK);
	content.capabilities.extensions = BYTES_NONE;
	content.extensions = BYTES_OF(unknown);
	leaf = made(&w, &content);
	CHECK_EQ(mls_leaf_node_check(&suite, &leaf, BYTES_NONE),
	    MLS_EXTENSION_IS_NOT_SUPPORTED);
	content.extensions = BYTES_OF(id);
	content.credential.type = 0x1a1a;
	leaf = made(&w, &content);
	CHECK_EQ(mls_leaf_node_check(&suite, &leaf, BYTES_NONE),
	    MLS_CREDENTIAL_TYPE_IS_NOT_SUPPORTED);
	wr_free(&w);
}

/* Whether a leaf node that says content is read again. */
static bool
is_read(const struct mls_leaf_content *content)
{
	struct mls_signer signer = cast_signer(&role);
	struct mls_leaf_node leaf;
	struct wr w = wr_new();
	struct rd r;
	bool result;

	CHECK_EQ(mls_leaf_node_create(&suite, content,
		     (struct bytes){ role.pair.public, role.pair.public_len },
		     &signer, &place, &w),
	    MLS_OK);
	r = rd_init(wr_bytes(&w));
	mls_leaf_node_decode(&r, &leaf);
	result = rd_end(&r) == ERR_OK;
	wr_free(&w);
	return result;
}

TEST(lists_have_an_end)
{
	static uint8_t many[2 * (MLS_MAX_CAPABILITY + 1)];
	static uint8_t extensions[3 * (MLS_MAX_EXTENSIONS + 1)];
	static uint8_t identity[MLS_MAX_IDENTITY + 1];
	struct mls_leaf_content content;

	start();
	content = cast_content(&suite, MLS_LEAF_UPDATE);
	content.capabilities.proposals =
	    (struct bytes){ many, 2 * MLS_MAX_CAPABILITY };
	CHECK(is_read(&content));
	content.capabilities.proposals.n += 2;
	CHECK(!is_read(&content));
	content.capabilities.proposals.n = 3;
	CHECK(!is_read(&content));
	content.capabilities.proposals = BYTES_NONE;
	for (size_t i = 0; i <= MLS_MAX_EXTENSIONS; i++) {
		extensions[3 * i] = (uint8_t)(i >> 8);
		extensions[3 * i + 1] = (uint8_t)i;
	}
	content.extensions =
	    (struct bytes){ extensions, 3 * MLS_MAX_EXTENSIONS };
	CHECK(is_read(&content));
	content.extensions.n += 3;
	CHECK(!is_read(&content));
	extensions[4] = 0;
	content.extensions.n = 6;
	CHECK(!is_read(&content));
	content.extensions = BYTES_NONE;
	content.credential.value = (struct bytes){ identity, MLS_MAX_IDENTITY };
	CHECK(is_read(&content));
	content.credential.value.n++;
	CHECK(!is_read(&content));
	content.credential.value.n = 0;
	content.source = (enum mls_leaf_source)4;
	CHECK(!is_read(&content));
}

CHECK_MAIN(T(what_is_unknown_survives), T(a_leaf_node_belongs_to_its_place),
    T(capabilities_must_cover_what_is_there), T(lists_have_an_end))
