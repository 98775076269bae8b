/* Commands that begin: settings, key packages, and ways into a group. */
#include "peer.h"

#include <string.h>

enum mls_result
peer_do_settings(struct peer *p, const json_t *in, json_t *out)
{
	const char *wire = json_string_value(json_object_get(in, "handshakes"));
	uint16_t alias = (uint16_t)peer_number_or(
	    p, in, "suite_alias", UINT16_MAX, p->client.suite_alias);
	uint64_t now = peer_number_or(p, in, "now", INT64_MAX, p->now_s);
	bool is_public = wire != NULL && strcmp(wire, "public") == 0;
	bool is_private = wire != NULL && strcmp(wire, "private") == 0;

	(void)out;
	if (json_object_get(in, "handshakes") != NULL && !is_public &&
	    !is_private)
		(void)peer_bad(p, "handshakes");
	if (p->usage != NULL)
		return MLS_ARGUMENT_IS_OUT_OF_RANGE;
	p->client.suite_alias = alias;
	p->now_s = now;
	if (is_public)
		p->client.handshakes = MLS_WIRE_PUBLIC_MESSAGE;
	if (is_private)
		p->client.handshakes = MLS_WIRE_PRIVATE_MESSAGE;
	return MLS_OK;
}

enum mls_result
peer_do_key_package(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_bundle_options options = { .suite = peer_suite(p, in) };
	struct mls_bundle *bundle;
	enum mls_result err;

	options.lifetime_s = peer_number_or(p, in, "lifetime", INT64_MAX, 0);
	options.leaf_extensions = peer_hex_or_none(p, in, "leaf_extensions");
	options.key_package_extensions = peer_hex_or_none(p, in, "extensions");
	NEED(p->bundle_count < PEER_MAX_BUNDLES, MLS_A_LIMIT_WAS_REACHED);
	TRY(peer_new_identity(p, in, options.suite, &options.identity));
	TRY(mls_bundle_new(&p->client, &options, &bundle));
	p->bundles[p->bundle_count++] = bundle;
	peer_put_hex(out, "key_package", mls_bundle_public(bundle));
out:
	return err;
}

enum mls_result
peer_do_create(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group_options options = { .suite = peer_suite(p, in) };
	struct mls_group *g;
	enum mls_result err;

	options.group_id = peer_hex_or_none(p, in, "group_id");
	options.extensions = peer_hex_or_none(p, in, "extensions");
	NEED(p->group_count < PEER_MAX_GROUPS, MLS_A_LIMIT_WAS_REACHED);
	TRY(peer_new_identity(p, in, options.suite, &options.identity));
	TRY(mls_group_create(&p->client, &options, &g));
	TRY(peer_keep_group(p, g, out));
out:
	return err;
}

/* Joins with the bundle that the Welcome is for, whichever it is. */
enum mls_result
peer_do_join(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_join join = { .welcome = peer_hex(p, in, "welcome") };
	enum mls_result err = MLS_WELCOME_IS_NOT_FOR_US, res;
	struct mls_group *g;

	join.tree = peer_hex_or_none(p, in, "tree");
	if (json_object_get(in, "from") != NULL) {
		struct bytes id = peer_hex(p, in, "from");

		for (size_t i = 0; i < p->group_count; i++)
			if (bytes_equal(mls_group_id(p->groups[i]), id))
				join.from = p->groups[i];
		if (join.from == NULL)
			(void)peer_bad(p, "from");
	}
	if (p->usage != NULL)
		return MLS_ARGUMENT_IS_OUT_OF_RANGE;
	NEED(p->group_count < PEER_MAX_GROUPS, MLS_A_LIMIT_WAS_REACHED);
	for (size_t i = p->bundle_count; i > 0; i--) {
		join.bundle = p->bundles[i - 1];
		res = mls_group_join(&p->client, &join, &g);
		if (res == MLS_OK) {
			mls_bundle_free(p->bundles[i - 1]);
			p->bundles[i - 1] = p->bundles[--p->bundle_count];
			return peer_keep_group(p, g, out);
		}
		if (res != MLS_WELCOME_IS_NOT_FOR_US)
			err = res;
	}
out:
	return err;
}

enum mls_result
peer_do_external_join(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_external_join join = { .group_info =
					      peer_hex(p, in, "group_info") };
	struct mls_leaf replaces;
	struct wr commit = wr_new();
	struct mls_group *g;
	enum mls_result err;

	join.tree = peer_hex_or_none(p, in, "tree");
	if (json_object_get(in, "replaces") != NULL) {
		replaces.i =
		    (uint32_t)peer_number(p, in, "replaces", MLS_MAX_LEAVES);
		join.replaces = &replaces;
	}
	NEED(p->group_count < PEER_MAX_GROUPS, MLS_A_LIMIT_WAS_REACHED);
	TRY(peer_new_identity(p, in, peer_suite(p, in), &join.identity));
	TRY(mls_group_join_external(&p->client, &join, &commit, &g));
	peer_put_hex(out, "commit", wr_bytes(&commit));
	if (!peer_flag(p, in, "stage"))
		TRY(mls_group_merge(g));
	TRY(peer_keep_group(p, g, out));
out:
	wr_free(&commit);
	return err;
}

enum mls_result
peer_do_successor(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **old = peer_group(p, in), *g;
	struct mls_identity identity;
	enum mls_result err;

	NEED(p->usage == NULL, MLS_ARGUMENT_IS_OUT_OF_RANGE);
	NEED(p->group_count < PEER_MAX_GROUPS, MLS_A_LIMIT_WAS_REACHED);
	TRY(peer_new_identity(p, in, peer_suite(p, in), &identity));
	TRY(mls_group_create_successor(*old, &identity, &g));
	TRY(peer_keep_group(p, g, out));
out:
	return err;
}

enum mls_result
peer_do_branch(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **old = peer_group(p, in), *g;
	struct mls_group_options options = { 0 };
	enum mls_result err;

	NEED(p->usage == NULL, MLS_ARGUMENT_IS_OUT_OF_RANGE);
	NEED(p->group_count < PEER_MAX_GROUPS, MLS_A_LIMIT_WAS_REACHED);
	options.suite = mls_group_suite(*old);
	options.group_id = peer_hex_or_none(p, in, "group_id");
	TRY(peer_new_identity(p, in, options.suite, &options.identity));
	TRY(mls_group_create_branch(*old, &options, &g));
	TRY(peer_keep_group(p, g, out));
out:
	return err;
}
