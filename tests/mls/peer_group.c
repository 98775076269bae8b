/* Commands in a group: changes, commits, messages, and looking at it. */
#include "peer.h"

#include <stdlib.h>
#include <string.h>

/* The longest secret that is exported. */
#define MAX_EXPORT 8192

enum mls_result
peer_do_add(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **g = peer_group(p, in);
	struct bytes key_package = peer_hex(p, in, "key_package");

	(void)out;
	if (p->usage != NULL)
		return MLS_ARGUMENT_IS_OUT_OF_RANGE;
	return mls_group_add(*g, key_package);
}

enum mls_result
peer_do_remove(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **g = peer_group(p, in);
	struct mls_leaf leaf = { (uint32_t)peer_number(
	    p, in, "leaf", UINT32_MAX) };

	(void)out;
	if (p->usage != NULL)
		return MLS_ARGUMENT_IS_OUT_OF_RANGE;
	return mls_group_remove(*g, leaf);
}

enum mls_result
peer_do_update(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **g = peer_group(p, in);

	(void)out;
	if (p->usage != NULL)
		return MLS_ARGUMENT_IS_OUT_OF_RANGE;
	return mls_group_update(*g, NULL);
}

enum mls_result
peer_do_extensions(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **g = peer_group(p, in);
	struct bytes list = peer_hex(p, in, "extensions");

	(void)out;
	if (p->usage != NULL)
		return MLS_ARGUMENT_IS_OUT_OF_RANGE;
	return mls_group_set_extensions(*g, list);
}

/* Keeps a copy that lives as long as the program. */
static struct bytes
keep(struct bytes b)
{
	uint8_t *copy = peer_must(malloc(b.n + 1));

	if (b.n != 0)
		memcpy(copy, b.p, b.n);
	return (struct bytes){ copy, b.n };
}

enum mls_result
peer_do_store_psk(struct peer *p, const json_t *in, json_t *out)
{
	struct peer_psk psk = { peer_hex(p, in, "psk_id"),
		peer_hex(p, in, "psk") };

	(void)out;
	if (p->usage != NULL)
		return MLS_ARGUMENT_IS_OUT_OF_RANGE;
	if (p->psk_count == PEER_MAX_PSKS)
		return MLS_A_LIMIT_WAS_REACHED;
	p->psks[p->psk_count++] =
	    (struct peer_psk){ keep(psk.id), keep(psk.value) };
	return MLS_OK;
}

enum mls_result
peer_do_use_psk(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **g = peer_group(p, in);
	struct mls_psk_id id = { .type = MLS_PSK_EXTERNAL };

	(void)out;
	if (json_object_get(in, "epoch") == NULL) {
		id.id = peer_hex(p, in, "psk_id");
	} else {
		id.type = MLS_PSK_RESUMPTION;
		id.usage = MLS_PSK_APPLICATION;
		id.epoch = peer_number(p, in, "epoch", INT64_MAX);
		if (g != NULL)
			id.group_id = mls_group_id(*g);
	}
	if (p->usage != NULL)
		return MLS_ARGUMENT_IS_OUT_OF_RANGE;
	return mls_group_use_psk(*g, &id);
}

enum mls_result
peer_do_reinit(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **g = peer_group(p, in);
	struct mls_reinit next = { .version = MLS_VERSION_MLS10,
		.cipher_suite = peer_suite(p, in) };

	(void)out;
	next.group_id = peer_hex(p, in, "group_id");
	next.extensions = peer_hex_or_none(p, in, "extensions");
	if (p->usage != NULL)
		return MLS_ARGUMENT_IS_OUT_OF_RANGE;
	return mls_group_reinit(*g, &next);
}

enum mls_result
peer_do_forget_changes(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **g = peer_group(p, in);

	(void)out;
	if (p->usage != NULL)
		return MLS_ARGUMENT_IS_OUT_OF_RANGE;
	mls_group_forget_changes(*g);
	return MLS_OK;
}

enum mls_result
peer_do_propose(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **g = peer_group(p, in);
	struct wr w = wr_new();
	enum mls_result err;

	NEED(p->usage == NULL, MLS_ARGUMENT_IS_OUT_OF_RANGE);
	TRY(mls_group_propose(*g, &w));
	peer_put_hex(out, "proposal", wr_bytes(&w));
out:
	wr_free(&w);
	return err;
}

enum mls_result
peer_do_commit(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **g = peer_group(p, in);
	struct mls_commit_options options = {
		.omit_path = peer_flag(p, in, "omit_path"),
		.tree_beside = peer_flag(p, in, "tree_beside"),
		.skip_proposals = peer_flag(p, in, "skip_proposals"),
		.authenticated_data =
		    peer_hex_or_none(p, in, "authenticated_data"),
	};
	bool stage = peer_flag(p, in, "stage");
	struct wr commit = wr_new(), welcome = wr_new();
	enum mls_result err;

	NEED(p->usage == NULL, MLS_ARGUMENT_IS_OUT_OF_RANGE);
	TRY(mls_group_commit(*g, &options, &commit, &welcome));
	peer_put_hex(out, "commit", wr_bytes(&commit));
	if (wr_bytes(&welcome).n != 0)
		peer_put_hex(out, "welcome", wr_bytes(&welcome));
	if (!stage)
		TRY(mls_group_merge(*g));
	peer_put_epoch(out, *g);
out:
	wr_free(&commit);
	wr_free(&welcome);
	return err;
}

enum mls_result
peer_do_merge(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **g = peer_group(p, in);
	enum mls_result err;

	NEED(p->usage == NULL, MLS_ARGUMENT_IS_OUT_OF_RANGE);
	TRY(mls_group_merge(*g));
	peer_put_epoch(out, *g);
out:
	return err;
}

enum mls_result
peer_do_drop(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **g = peer_group(p, in);
	enum mls_result err;

	NEED(p->usage == NULL, MLS_ARGUMENT_IS_OUT_OF_RANGE);
	TRY(mls_group_drop(*g));
	peer_put_epoch(out, *g);
out:
	return err;
}

static void
put_event(json_t *out, const struct mls_event *event)
{
	static const char *const kinds[] = { "application", "proposal",
		"commit" };

	(void)json_object_set_new(out, "kind", json_string(kinds[event->kind]));
	peer_put_number(out, "sender_type", event->sender.type);
	if (event->sender.type == MLS_SENDER_MEMBER ||
	    event->sender.type == MLS_SENDER_EXTERNAL)
		peer_put_number(out, "sender", event->sender.index);
	peer_put_hex(out, "authenticated_data", event->authenticated_data);
	if (event->kind == MLS_EVENT_APPLICATION)
		peer_put_hex(out, "data", event->data);
	if (event->kind == MLS_EVENT_COMMIT)
		(void)json_object_set_new(
		    out, "removes_us", json_boolean(event->removes_us));
}

enum mls_result
peer_do_process(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **g = peer_group(p, in);
	struct bytes message = peer_hex(p, in, "message");
	bool stage = peer_flag(p, in, "stage");
	struct mls_event event = { 0 };
	struct wr buf = wr_new();
	enum mls_result err;

	NEED(p->usage == NULL, MLS_ARGUMENT_IS_OUT_OF_RANGE);
	TRY(mls_group_process(*g, message, &buf, &event));
	put_event(out, &event);
	if (event.kind == MLS_EVENT_COMMIT && !stage)
		TRY(mls_group_merge(*g));
	peer_put_epoch(out, *g);
out:
	wr_free(&buf);
	return err;
}

enum mls_result
peer_do_protect(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **g = peer_group(p, in);
	struct bytes data = peer_hex(p, in, "data");
	struct bytes beside = peer_hex_or_none(p, in, "authenticated_data");
	struct wr w = wr_new();
	enum mls_result err;

	NEED(p->usage == NULL, MLS_ARGUMENT_IS_OUT_OF_RANGE);
	TRY(mls_group_protect(*g, beside, data, &w));
	peer_put_hex(out, "message", wr_bytes(&w));
out:
	wr_free(&w);
	return err;
}

enum mls_result
peer_do_unprotect(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **g = peer_group(p, in);
	struct bytes message = peer_hex(p, in, "message");
	struct mls_event event = { 0 };
	struct wr buf = wr_new();
	enum mls_result err;

	NEED(p->usage == NULL, MLS_ARGUMENT_IS_OUT_OF_RANGE);
	TRY(mls_group_unprotect(*g, message, &buf, &event));
	put_event(out, &event);
out:
	wr_free(&buf);
	return err;
}

enum mls_result
peer_do_export(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **g = peer_group(p, in);
	const char *label = json_string_value(json_object_get(in, "label"));
	struct bytes context = peer_hex_or_none(p, in, "context");
	size_t length = (size_t)peer_number(p, in, "length", MAX_EXPORT);
	uint8_t secret[MAX_EXPORT];
	enum mls_result err;

	if (label == NULL)
		(void)peer_bad(p, "label");
	NEED(p->usage == NULL, MLS_ARGUMENT_IS_OUT_OF_RANGE);
	TRY(mls_group_export(*g, label, context, secret, length));
	peer_put_hex(out, "secret", (struct bytes){ secret, length });
out:
	return err;
}

enum mls_result
peer_do_authenticator(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **g = peer_group(p, in);

	if (p->usage != NULL)
		return MLS_ARGUMENT_IS_OUT_OF_RANGE;
	peer_put_epoch(out, *g);
	return MLS_OK;
}

enum mls_result
peer_do_members(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **g = peer_group(p, in);
	struct mls_leaf at = { 0 };
	const struct mls_leaf_node *leaf;
	json_t *list, *member;

	if (p->usage != NULL)
		return MLS_ARGUMENT_IS_OUT_OF_RANGE;
	list = json_array();
	for (; mls_group_next_member(*g, &at); at.i++) {
		leaf = mls_group_member(*g, at);
		member = json_object();
		peer_put_number(member, "leaf", at.i);
		peer_put_number(
		    member, "credential_type", leaf->credential.type);
		peer_put_hex(member, "identity", leaf->credential.value);
		peer_put_hex(member, "signature_key", leaf->signature_key);
		(void)json_array_append_new(list, member);
	}
	(void)json_object_set_new(out, "members", list);
	peer_put_number(out, "leaf", mls_group_me(*g).i);
	peer_put_number(out, "suite", mls_group_suite(*g));
	peer_put_hex(out, "extensions", mls_group_extensions(*g));
	peer_put_epoch(out, *g);
	return MLS_OK;
}

enum mls_result
peer_do_group_info(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **g = peer_group(p, in);
	struct mls_group_info_options options = {
		.tree_beside = peer_flag(p, in, "tree_beside"),
		.no_external = peer_flag(p, in, "no_external"),
	};
	struct wr w = wr_new();
	enum mls_result err;

	NEED(p->usage == NULL, MLS_ARGUMENT_IS_OUT_OF_RANGE);
	TRY(mls_group_info(*g, &options, &w));
	peer_put_hex(out, "group_info", wr_bytes(&w));
out:
	wr_free(&w);
	return err;
}

enum mls_result
peer_do_tree(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **g = peer_group(p, in);
	struct wr w = wr_new();
	enum mls_result err;

	NEED(p->usage == NULL, MLS_ARGUMENT_IS_OUT_OF_RANGE);
	TRY(mls_group_tree(*g, &w));
	peer_put_hex(out, "tree", wr_bytes(&w));
out:
	wr_free(&w);
	return err;
}

/* Saves a group and goes on with what was read back. */
enum mls_result
peer_do_reload(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **g = peer_group(p, in), *again;
	struct wr w = wr_new();
	enum mls_result err;

	NEED(p->usage == NULL, MLS_ARGUMENT_IS_OUT_OF_RANGE);
	TRY(mls_group_save(*g, &w));
	TRY(mls_group_load(&p->client, wr_bytes(&w), &again));
	mls_group_free(*g);
	*g = again;
	peer_put_number(out, "length", wr_bytes(&w).n);
	peer_put_epoch(out, *g);
out:
	wr_free(&w);
	return err;
}

enum mls_result
peer_do_leave(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **g = peer_group(p, in);

	(void)out;
	if (p->usage != NULL)
		return MLS_ARGUMENT_IS_OUT_OF_RANGE;
	mls_group_free(*g);
	*g = p->groups[--p->group_count];
	return MLS_OK;
}
