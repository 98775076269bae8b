/*
 * Every decoder of MLS: byte 0 chooses one, the rest is its input. What is
 * accepted must lie inside the input, and be written again as it was where
 * there is something that writes it.
 */
#include "fuzz.h"
#include "crypto/crypto.h"
#include "mls/framing.h"
#include "mls/tree_validate.h"
#include "mls/welcome.h"

static struct mls_suite suite;

__attribute__((constructor)) static void
prepare(void)
{
	MUST(crypto_init() == ERR_OK);
	MUST(mls_suite_init(&suite, MLS_SUITE_X25519_CHACHA, 0) == MLS_OK);
}

static void
must_be_inside(struct bytes part, struct bytes whole)
{
	MUST(part.n == 0 ||
	     (part.p >= whole.p && part.p + part.n <= whole.p + whole.n));
}

static void
try_leaf_node(struct bytes in)
{
	struct mls_leaf_place place = { BYTES_LIT("group"), { 0 } };
	struct mls_leaf_node leaf;
	struct rd r = rd_init(in);

	mls_leaf_node_decode(&r, &leaf);
	if (rd_end(&r) != ERR_OK)
		return;
	MUST(bytes_equal(leaf.encoded, in));
	must_be_inside(leaf.tbs, in);
	must_be_inside(leaf.signature, in);
	(void)!mls_leaf_node_check(&suite, &leaf, leaf.extensions);
	(void)!mls_leaf_node_verify(&suite, &leaf, &place);
}

static void
try_key_package(struct bytes in)
{
	struct mls_key_package kp;

	if (mls_key_package_read(in, &kp) != MLS_OK)
		return;
	must_be_inside(kp.encoded, in);
	(void)!mls_key_package_check(&suite, &kp, BYTES_NONE);
}

static void
try_tree(struct bytes in)
{
	struct mls_tree_facts facts = { .group_id = BYTES_LIT("group") };
	struct mls_tree *t = NULL;
	struct wr w = wr_new();

	if (mls_tree_decode(&suite, in, &t) == MLS_OK) {
		mls_tree_encode(t, &w);
		MUST(wr_done(&w) == ERR_OK);
		MUST(bytes_equal(wr_bytes(&w), in));
		(void)!mls_tree_validate(t, &facts);
	}
	wr_free(&w);
	mls_tree_free(t);
}

static void
try_layer(struct bytes in)
{
	struct mls_tree *t = mls_tree_new(&suite), *layer = NULL;
	struct rd r = rd_init(in);

	MUST(t != NULL);
	if (mls_tree_layer_decode(t, &r, &layer) == MLS_OK)
		mls_tree_free(layer);
	mls_tree_free(t);
}

static void
try_update_path(struct bytes in)
{
	struct mls_update_path path;
	struct rd r = rd_init(in);

	mls_update_path_decode(&r, &path);
	if (rd_end(&r) == ERR_OK)
		must_be_inside(path.nodes, in);
}

static void
try_commit(struct bytes in)
{
	struct mls_proposal_item item;
	struct mls_commit commit;
	struct rd r = rd_init(in), walk;
	size_t n = 0;

	mls_commit_decode(&r, &commit);
	if (rd_end(&r) != ERR_OK)
		return;
	walk = rd_init(commit.proposals);
	while (mls_commit_next(&walk, &item))
		n++;
	MUST(n == commit.count);
}

static void
try_content(struct bytes in)
{
	struct mls_content content;
	struct rd r = rd_init(in);

	mls_content_decode(&r, &content);
	if (rd_end(&r) == ERR_OK)
		MUST(bytes_equal(content.encoded, in));
}

static void
try_message(struct bytes in)
{
	struct mls_message message;

	if (mls_message_read(in, &message) == MLS_OK &&
	    message.wire_format == MLS_WIRE_PRIVATE_MESSAGE)
		must_be_inside(message.u.private.ciphertext, in);
}

static void
try_welcome(struct bytes in)
{
	static const uint8_t ref[32];
	struct mls_ciphertext entry;
	struct mls_welcome welcome;

	if (mls_welcome_read(in, &welcome) == MLS_OK)
		(void)!mls_welcome_find(&welcome, BYTES_OF(ref), &entry);
}

static void
try_group_info(struct bytes in)
{
	struct mls_group_info info;

	if (mls_group_info_read(in, &info) == MLS_OK)
		must_be_inside(info.tbs, in);
}

static void
try_group_secrets(struct bytes in)
{
	struct mls_group_secrets secrets;
	struct rd r = rd_init(in);
	struct wr w = wr_new();

	mls_group_secrets_decode(&r, &secrets);
	if (rd_end(&r) == ERR_OK) {
		mls_group_secrets_encode(&w, &secrets);
		MUST(bytes_equal(wr_bytes(&w), in));
	}
	wr_free(&w);
}

static void
try_extensions(struct bytes in)
{
	struct rd r = rd_init(in), walk;
	struct mls_extension e;
	struct wr w = wr_new();
	struct bytes list = mls_extensions_decode(&r);
	size_t mark = mls_wr_begin(&w);

	walk = rd_init(list);
	while (mls_extensions_next(&walk, &e))
		mls_extension_encode(&w, e.type, e.data);
	mls_wr_end(&w, mark);
	if (rd_end(&r) == ERR_OK)
		MUST(bytes_equal(wr_bytes(&w), in));
	wr_free(&w);
}

static void (*const decoders[])(struct bytes in) = {
	try_leaf_node,
	try_key_package,
	try_tree,
	try_layer,
	try_update_path,
	try_commit,
	try_content,
	try_message,
	try_welcome,
	try_group_info,
	try_group_secrets,
	try_extensions,
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 0)
		decoders[data[0] % (sizeof decoders / sizeof decoders[0])](
		    (struct bytes){ data + 1, size - 1 });
	return 0;
}
