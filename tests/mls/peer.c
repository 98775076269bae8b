/*
 * sotto-mls-peer - an MLS client that another program drives.
 *
 * One JSON object a line on stdin is a command, one JSON object a line on
 * stdout its answer; docs/MLS-PEER.md has them all. The program is one
 * client with any number of key packages and groups. It ends with its input.
 */
#include "base/hex.h"
#include "crypto/crypto.h"
#include "mls/key_package.h"
#include "mls/mls.h"
#include "mls/welcome.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Lists that only grow; the program is short-lived. */
enum { MAX_BUNDLES = 65536, MAX_GROUPS = 4096, MAX_PSKS = 256 };
enum { MAX_LINE = 1 << 28, MAX_EXPORT = 65536 };

/* An identity with its keys, which groups and bundles borrow. */
struct self {
	struct self *next;
	uint8_t secret[MLS_MAX_SIG_SECRET];
	uint8_t public[MLS_MAX_SIG_PUBLIC];
	size_t public_len;
	uint8_t name[];
};

struct psk {
	struct bytes id;
	struct bytes value;
};

struct peer {
	struct env env;
	struct mls_client client;
	struct mls_bundle *bundles[MAX_BUNDLES];
	size_t bundle_count;
	struct mls_group *groups[MAX_GROUPS];
	size_t group_count;
	struct psk psks[MAX_PSKS];
	size_t psk_count;
	struct self *selves;
	uint64_t now_s; /* 0: the clock's */

	/* Of the command that runs: what to free after it, and why it is
	 * not a command, if it is not. */
	void *scratch[64];
	size_t scratch_count;
	const char *usage;
};

static struct peer peer;

static uint64_t
now_ms(void *ctx)
{
	struct timespec t;

	(void)ctx;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static uint64_t
wall_s(void *ctx)
{
	const struct peer *p = ctx;

	return p->now_s != 0 ? p->now_s : (uint64_t)time(NULL);
}

/* What stands for an application's list of keys. */
static bool
find_psk(void *ctx, const struct mls_psk_id *id, struct wr *out)
{
	const struct peer *p = ctx;

	if (id->type == MLS_PSK_RESUMPTION) {
		for (size_t i = 0; i < p->group_count; i++)
			if (bytes_equal(mls_group_id(p->groups[i]),
			        id->group_id) &&
			    mls_group_resumption_psk(p->groups[i], id->epoch,
			        out) == MLS_OK)
				return true;
		return false;
	}
	for (size_t i = 0; i < p->psk_count; i++) {
		if (bytes_equal(p->psks[i].id, id->id)) {
			wr_put(out, p->psks[i].value);
			return true;
		}
	}
	return false;
}

static void *
must(void *p)
{
	if (p == NULL) {
		(void)fputs("sotto-mls-peer: out of memory\n", stderr);
		exit(EXIT_FAILURE);
	}
	return p;
}

/* Says that a command is not one; the rest of it is not looked at. */
static enum mls_result
bad(struct peer *p, const char *why)
{
	if (p->usage == NULL)
		p->usage = why;
	return MLS_ARGUMENT_IS_OUT_OF_RANGE;
}

/* Bytes in hex, freed after the command. */
static struct bytes
hex_of(struct peer *p, const json_t *value, const char *why)
{
	struct bytes text = { (const uint8_t *)json_string_value(value),
		json_string_length(value) };
	uint8_t *out;

	if (!json_is_string(value) || text.n % 2 != 0 ||
	    p->scratch_count == sizeof p->scratch / sizeof p->scratch[0]) {
		(void)bad(p, why);
		return BYTES_NONE;
	}
	out = must(malloc(text.n / 2 + 1));
	p->scratch[p->scratch_count++] = out;
	if (hex_decode(out, text.n / 2, text) != ERR_OK)
		(void)bad(p, why);
	return (struct bytes){ out, text.n / 2 };
}

static struct bytes
get_hex(struct peer *p, const json_t *in, const char *name)
{
	return hex_of(p, json_object_get(in, name), name);
}

/* The same of a field that may be left out, which is empty then. */
static struct bytes
get_hex_or_none(struct peer *p, const json_t *in, const char *name)
{
	if (json_object_get(in, name) == NULL)
		return BYTES_NONE;
	return get_hex(p, in, name);
}

static uint64_t
get_number(struct peer *p, const json_t *in, const char *name, uint64_t max)
{
	const json_t *value = json_object_get(in, name);
	json_int_t n = json_integer_value(value);

	if (!json_is_integer(value) || n < 0 || (uint64_t)n > max) {
		(void)bad(p, name);
		return 0;
	}
	return (uint64_t)n;
}

static uint64_t
get_number_or(struct peer *p, const json_t *in, const char *name,
    uint64_t max, uint64_t otherwise)
{
	if (json_object_get(in, name) == NULL)
		return otherwise;
	return get_number(p, in, name, max);
}

static bool
get_flag(struct peer *p, const json_t *in, const char *name)
{
	const json_t *value = json_object_get(in, name);

	if (value != NULL && !json_is_boolean(value))
		(void)bad(p, name);
	return json_is_true(value);
}

static void
put_hex(json_t *out, const char *name, struct bytes b)
{
	char *text = must(malloc(HEX_LEN(b.n) + 1));

	hex_encode(text, b);
	(void)json_object_set_new(out, name, json_string(text));
	free(text);
}

static void
put_number(json_t *out, const char *name, uint64_t v)
{
	(void)json_object_set_new(out, name, json_integer((json_int_t)v));
}

static void
put_epoch(json_t *out, const struct mls_group *g)
{
	put_hex(out, "group", mls_group_id(g));
	put_number(out, "epoch", mls_group_epoch(g));
	put_hex(out, "authenticator", mls_group_authenticator(g));
}

/* The group of a command: by its id, or the only one. NULL is not a group. */
static struct mls_group **
get_group(struct peer *p, const json_t *in)
{
	struct bytes id;

	if (json_object_get(in, "group") == NULL) {
		if (p->group_count == 1)
			return &p->groups[0];
		(void)bad(p, "group");
		return NULL;
	}
	id = get_hex(p, in, "group");
	/* The latest first: a successor may have its elder's id. */
	for (size_t i = p->group_count; i > 0; i--)
		if (bytes_equal(mls_group_id(p->groups[i - 1]), id))
			return &p->groups[i - 1];
	(void)bad(p, "group");
	return NULL;
}

static enum mls_result
keep_group(struct peer *p, struct mls_group *g, json_t *out)
{
	p->groups[p->group_count++] = g;
	put_epoch(out, g);
	put_number(out, "leaf", mls_group_me(g).i);
	return MLS_OK;
}

/* A new identity with fresh keys; lives as long as the program. */
static enum mls_result
new_self(struct peer *p, const json_t *in, uint16_t suite,
    struct mls_identity *out)
{
	struct bytes name = get_hex(p, in, "identity");
	struct self *self;
	enum mls_result err;

	if (p->usage != NULL)
		return MLS_ARGUMENT_IS_OUT_OF_RANGE;
	self = must(calloc(1, sizeof *self + name.n));
	TRY(mls_signature_key_new(&p->client, suite, self->secret,
	    self->public, &self->public_len));
	memcpy(self->name, name.p, name.n);
	*out = (struct mls_identity){
		{ MLS_CREDENTIAL_BASIC, { self->name, name.n } },
		{ BYTES_OF(self->secret), { self->public, self->public_len } },
	};
	self->next = p->selves;
	p->selves = self;
	self = NULL;
out:
	free(self);
	return err;
}

/* The commands. Each fills the answer; the order is that of the page. */

static enum mls_result
do_settings(struct peer *p, const json_t *in, json_t *out)
{
	const char *wire = json_string_value(json_object_get(in,
	    "handshakes"));
	uint16_t alias = (uint16_t)get_number_or(p, in, "suite_alias",
	    UINT16_MAX, p->client.suite_alias);
	uint64_t now = get_number_or(p, in, "now", INT64_MAX, p->now_s);
	bool is_public = wire != NULL && strcmp(wire, "public") == 0;
	bool is_private = wire != NULL && strcmp(wire, "private") == 0;

	(void)out;
	if (json_object_get(in, "handshakes") != NULL && !is_public &&
	    !is_private)
		(void)bad(p, "handshakes");
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

static uint16_t
get_suite(struct peer *p, const json_t *in)
{
	return (uint16_t)get_number_or(p, in, "suite", UINT16_MAX,
	    MLS_SUITE_DEFAULT);
}

static enum mls_result
do_key_package(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_bundle_options options = { .suite = get_suite(p, in) };
	struct mls_bundle *bundle;
	enum mls_result err;

	options.lifetime_s = get_number_or(p, in, "lifetime", INT64_MAX, 0);
	options.leaf_extensions = get_hex_or_none(p, in, "leaf_extensions");
	options.key_package_extensions = get_hex_or_none(p, in, "extensions");
	NEED(p->bundle_count < MAX_BUNDLES, MLS_A_LIMIT_WAS_REACHED);
	TRY(new_self(p, in, options.suite, &options.identity));
	TRY(mls_bundle_new(&p->client, &options, &bundle));
	p->bundles[p->bundle_count++] = bundle;
	put_hex(out, "key_package", mls_bundle_public(bundle));
out:
	return err;
}

static enum mls_result
do_create(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group_options options = { .suite = get_suite(p, in) };
	struct mls_group *g;
	enum mls_result err;

	options.group_id = get_hex_or_none(p, in, "group_id");
	options.extensions = get_hex_or_none(p, in, "extensions");
	NEED(p->group_count < MAX_GROUPS, MLS_A_LIMIT_WAS_REACHED);
	TRY(new_self(p, in, options.suite, &options.identity));
	TRY(mls_group_create(&p->client, &options, &g));
	TRY(keep_group(p, g, out));
out:
	return err;
}

/* Joins with the bundle that the Welcome is for, whichever it is. */
static enum mls_result
do_join(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_join join = { .welcome = get_hex(p, in, "welcome") };
	enum mls_result err = MLS_WELCOME_IS_NOT_FOR_US, res;
	struct mls_group *g;

	join.tree = get_hex_or_none(p, in, "tree");
	if (json_object_get(in, "from") != NULL) {
		struct bytes id = get_hex(p, in, "from");

		for (size_t i = 0; i < p->group_count; i++)
			if (bytes_equal(mls_group_id(p->groups[i]), id))
				join.from = p->groups[i];
		if (join.from == NULL)
			(void)bad(p, "from");
	}
	if (p->usage != NULL)
		return MLS_ARGUMENT_IS_OUT_OF_RANGE;
	NEED(p->group_count < MAX_GROUPS, MLS_A_LIMIT_WAS_REACHED);
	for (size_t i = p->bundle_count; i > 0; i--) {
		join.bundle = p->bundles[i - 1];
		res = mls_group_join(&p->client, &join, &g);
		if (res == MLS_OK) {
			mls_bundle_free(p->bundles[i - 1]);
			p->bundles[i - 1] = p->bundles[--p->bundle_count];
			return keep_group(p, g, out);
		}
		if (res != MLS_WELCOME_IS_NOT_FOR_US)
			err = res;
	}
out:
	return err;
}

static enum mls_result
do_external_join(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_external_join join = { .group_info = get_hex(p, in,
		                              "group_info") };
	struct mls_leaf replaces;
	struct wr commit = wr_new();
	struct mls_group *g;
	enum mls_result err;

	join.tree = get_hex_or_none(p, in, "tree");
	if (json_object_get(in, "replaces") != NULL) {
		replaces.i = (uint32_t)get_number(p, in, "replaces",
		    MLS_MAX_LEAVES);
		join.replaces = &replaces;
	}
	NEED(p->group_count < MAX_GROUPS, MLS_A_LIMIT_WAS_REACHED);
	TRY(new_self(p, in, get_suite(p, in), &join.identity));
	TRY(mls_group_join_external(&p->client, &join, &commit, &g));
	put_hex(out, "commit", wr_bytes(&commit));
	if (!get_flag(p, in, "stage"))
		TRY(mls_group_merge(g));
	TRY(keep_group(p, g, out));
out:
	wr_free(&commit);
	return err;
}

static enum mls_result
do_add(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **g = get_group(p, in);
	struct bytes key_package = get_hex(p, in, "key_package");

	(void)out;
	if (p->usage != NULL)
		return MLS_ARGUMENT_IS_OUT_OF_RANGE;
	return mls_group_add(*g, key_package);
}

static enum mls_result
do_remove(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **g = get_group(p, in);
	struct mls_leaf leaf = { (uint32_t)get_number(p, in, "leaf",
	    UINT32_MAX) };

	(void)out;
	if (p->usage != NULL)
		return MLS_ARGUMENT_IS_OUT_OF_RANGE;
	return mls_group_remove(*g, leaf);
}

static enum mls_result
do_update(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **g = get_group(p, in);

	(void)out;
	if (p->usage != NULL)
		return MLS_ARGUMENT_IS_OUT_OF_RANGE;
	return mls_group_update(*g, NULL);
}

static enum mls_result
do_extensions(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **g = get_group(p, in);
	struct bytes list = get_hex(p, in, "extensions");

	(void)out;
	if (p->usage != NULL)
		return MLS_ARGUMENT_IS_OUT_OF_RANGE;
	return mls_group_set_extensions(*g, list);
}

/* Keeps a copy that lives as long as the program. */
static struct bytes
keep(struct bytes b)
{
	uint8_t *copy = must(malloc(b.n + 1));

	if (b.n != 0)
		memcpy(copy, b.p, b.n);
	return (struct bytes){ copy, b.n };
}

static enum mls_result
do_store_psk(struct peer *p, const json_t *in, json_t *out)
{
	struct psk psk = { get_hex(p, in, "psk_id"), get_hex(p, in, "psk") };

	(void)out;
	if (p->usage != NULL)
		return MLS_ARGUMENT_IS_OUT_OF_RANGE;
	if (p->psk_count == MAX_PSKS)
		return MLS_A_LIMIT_WAS_REACHED;
	p->psks[p->psk_count++] = (struct psk){ keep(psk.id),
		keep(psk.value) };
	return MLS_OK;
}

static enum mls_result
do_use_psk(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **g = get_group(p, in);
	struct mls_psk_id id = { .type = MLS_PSK_EXTERNAL };

	(void)out;
	if (json_object_get(in, "epoch") == NULL) {
		id.id = get_hex(p, in, "psk_id");
	} else {
		id.type = MLS_PSK_RESUMPTION;
		id.usage = MLS_PSK_APPLICATION;
		id.epoch = get_number(p, in, "epoch", INT64_MAX);
		if (g != NULL)
			id.group_id = mls_group_id(*g);
	}
	if (p->usage != NULL)
		return MLS_ARGUMENT_IS_OUT_OF_RANGE;
	return mls_group_use_psk(*g, &id);
}

static enum mls_result
do_reinit(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **g = get_group(p, in);
	struct mls_reinit next = { .version = MLS_VERSION_MLS10,
		.cipher_suite = get_suite(p, in) };

	(void)out;
	next.group_id = get_hex(p, in, "group_id");
	next.extensions = get_hex_or_none(p, in, "extensions");
	if (p->usage != NULL)
		return MLS_ARGUMENT_IS_OUT_OF_RANGE;
	return mls_group_reinit(*g, &next);
}

static enum mls_result
do_successor(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **old = get_group(p, in), *g;
	struct mls_identity identity;
	enum mls_result err;

	NEED(p->usage == NULL, MLS_ARGUMENT_IS_OUT_OF_RANGE);
	NEED(p->group_count < MAX_GROUPS, MLS_A_LIMIT_WAS_REACHED);
	TRY(new_self(p, in, get_suite(p, in), &identity));
	TRY(mls_group_create_successor(*old, &identity, &g));
	TRY(keep_group(p, g, out));
out:
	return err;
}

static enum mls_result
do_branch(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **old = get_group(p, in), *g;
	struct mls_group_options options = { 0 };
	enum mls_result err;

	NEED(p->usage == NULL, MLS_ARGUMENT_IS_OUT_OF_RANGE);
	NEED(p->group_count < MAX_GROUPS, MLS_A_LIMIT_WAS_REACHED);
	options.suite = mls_group_suite(*old);
	options.group_id = get_hex_or_none(p, in, "group_id");
	TRY(new_self(p, in, options.suite, &options.identity));
	TRY(mls_group_create_branch(*old, &options, &g));
	TRY(keep_group(p, g, out));
out:
	return err;
}

static enum mls_result
do_forget_changes(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **g = get_group(p, in);

	(void)out;
	if (p->usage != NULL)
		return MLS_ARGUMENT_IS_OUT_OF_RANGE;
	mls_group_forget_changes(*g);
	return MLS_OK;
}

static enum mls_result
do_propose(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **g = get_group(p, in);
	struct wr w = wr_new();
	enum mls_result err;

	NEED(p->usage == NULL, MLS_ARGUMENT_IS_OUT_OF_RANGE);
	TRY(mls_group_propose(*g, &w));
	put_hex(out, "proposal", wr_bytes(&w));
out:
	wr_free(&w);
	return err;
}

static enum mls_result
do_commit(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **g = get_group(p, in);
	struct mls_commit_options options = {
		.omit_path = get_flag(p, in, "omit_path"),
		.tree_beside = get_flag(p, in, "tree_beside"),
		.skip_proposals = get_flag(p, in, "skip_proposals"),
		.authenticated_data = get_hex_or_none(p, in,
		    "authenticated_data"),
	};
	bool stage = get_flag(p, in, "stage");
	struct wr commit = wr_new(), welcome = wr_new();
	enum mls_result err;

	NEED(p->usage == NULL, MLS_ARGUMENT_IS_OUT_OF_RANGE);
	TRY(mls_group_commit(*g, &options, &commit, &welcome));
	put_hex(out, "commit", wr_bytes(&commit));
	if (wr_bytes(&welcome).n != 0)
		put_hex(out, "welcome", wr_bytes(&welcome));
	if (!stage)
		TRY(mls_group_merge(*g));
	put_epoch(out, *g);
out:
	wr_free(&commit);
	wr_free(&welcome);
	return err;
}

static enum mls_result
do_merge(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **g = get_group(p, in);
	enum mls_result err;

	NEED(p->usage == NULL, MLS_ARGUMENT_IS_OUT_OF_RANGE);
	TRY(mls_group_merge(*g));
	put_epoch(out, *g);
out:
	return err;
}

static enum mls_result
do_drop(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **g = get_group(p, in);
	enum mls_result err;

	NEED(p->usage == NULL, MLS_ARGUMENT_IS_OUT_OF_RANGE);
	TRY(mls_group_drop(*g));
	put_epoch(out, *g);
out:
	return err;
}

static void
put_event(json_t *out, const struct mls_event *event)
{
	static const char *const kinds[] = { "application", "proposal",
		"commit" };

	(void)json_object_set_new(out, "kind",
	    json_string(kinds[event->kind]));
	put_number(out, "sender_type", event->sender.type);
	if (event->sender.type == MLS_SENDER_MEMBER ||
	    event->sender.type == MLS_SENDER_EXTERNAL)
		put_number(out, "sender", event->sender.index);
	put_hex(out, "authenticated_data", event->authenticated_data);
	if (event->kind == MLS_EVENT_APPLICATION)
		put_hex(out, "data", event->data);
	if (event->kind == MLS_EVENT_COMMIT)
		(void)json_object_set_new(out, "removes_us",
		    json_boolean(event->removes_us));
}

static enum mls_result
do_process(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **g = get_group(p, in);
	struct bytes message = get_hex(p, in, "message");
	bool stage = get_flag(p, in, "stage");
	struct mls_event event = { 0 };
	struct wr buf = wr_new();
	enum mls_result err;

	NEED(p->usage == NULL, MLS_ARGUMENT_IS_OUT_OF_RANGE);
	TRY(mls_group_process(*g, message, &buf, &event));
	put_event(out, &event);
	if (event.kind == MLS_EVENT_COMMIT && !stage)
		TRY(mls_group_merge(*g));
	put_epoch(out, *g);
out:
	wr_free(&buf);
	return err;
}

static enum mls_result
do_protect(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **g = get_group(p, in);
	struct bytes data = get_hex(p, in, "data");
	struct bytes beside = get_hex_or_none(p, in, "authenticated_data");
	struct wr w = wr_new();
	enum mls_result err;

	NEED(p->usage == NULL, MLS_ARGUMENT_IS_OUT_OF_RANGE);
	TRY(mls_group_protect(*g, beside, data, &w));
	put_hex(out, "message", wr_bytes(&w));
out:
	wr_free(&w);
	return err;
}

static enum mls_result
do_unprotect(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **g = get_group(p, in);
	struct bytes message = get_hex(p, in, "message");
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

static enum mls_result
do_export(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **g = get_group(p, in);
	const char *label = json_string_value(json_object_get(in, "label"));
	struct bytes context = get_hex_or_none(p, in, "context");
	size_t length = (size_t)get_number(p, in, "length", MAX_EXPORT);
	uint8_t secret[MAX_EXPORT / 8];
	enum mls_result err;

	if (label == NULL)
		(void)bad(p, "label");
	if (length > sizeof secret)
		(void)bad(p, "length");
	NEED(p->usage == NULL, MLS_ARGUMENT_IS_OUT_OF_RANGE);
	TRY(mls_group_export(*g, label, context, secret, length));
	put_hex(out, "secret", (struct bytes){ secret, length });
out:
	return err;
}

static enum mls_result
do_authenticator(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **g = get_group(p, in);

	if (p->usage != NULL)
		return MLS_ARGUMENT_IS_OUT_OF_RANGE;
	put_epoch(out, *g);
	return MLS_OK;
}

static enum mls_result
do_members(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **g = get_group(p, in);
	struct mls_leaf at = { 0 };
	const struct mls_leaf_node *leaf;
	json_t *list, *member;

	if (p->usage != NULL)
		return MLS_ARGUMENT_IS_OUT_OF_RANGE;
	list = json_array();
	for (; mls_group_next_member(*g, &at); at.i++) {
		leaf = mls_group_member(*g, at);
		member = json_object();
		put_number(member, "leaf", at.i);
		put_number(member, "credential_type", leaf->credential.type);
		put_hex(member, "identity", leaf->credential.value);
		put_hex(member, "signature_key", leaf->signature_key);
		(void)json_array_append_new(list, member);
	}
	(void)json_object_set_new(out, "members", list);
	put_number(out, "leaf", mls_group_me(*g).i);
	put_number(out, "suite", mls_group_suite(*g));
	put_hex(out, "extensions", mls_group_extensions(*g));
	put_epoch(out, *g);
	return MLS_OK;
}

static enum mls_result
do_group_info(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **g = get_group(p, in);
	struct mls_group_info_options options = {
		.tree_beside = get_flag(p, in, "tree_beside"),
		.no_external = get_flag(p, in, "no_external"),
	};
	struct wr w = wr_new();
	enum mls_result err;

	NEED(p->usage == NULL, MLS_ARGUMENT_IS_OUT_OF_RANGE);
	TRY(mls_group_info(*g, &options, &w));
	put_hex(out, "group_info", wr_bytes(&w));
out:
	wr_free(&w);
	return err;
}

static enum mls_result
do_tree(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **g = get_group(p, in);
	struct wr w = wr_new();
	enum mls_result err;

	NEED(p->usage == NULL, MLS_ARGUMENT_IS_OUT_OF_RANGE);
	TRY(mls_group_tree(*g, &w));
	put_hex(out, "tree", wr_bytes(&w));
out:
	wr_free(&w);
	return err;
}

/* Saves a group and goes on with what was read back. */
static enum mls_result
do_reload(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **g = get_group(p, in), *again;
	struct wr w = wr_new();
	enum mls_result err;

	NEED(p->usage == NULL, MLS_ARGUMENT_IS_OUT_OF_RANGE);
	TRY(mls_group_save(*g, &w));
	TRY(mls_group_load(&p->client, wr_bytes(&w), &again));
	mls_group_free(*g);
	*g = again;
	put_number(out, "length", wr_bytes(&w).n);
	put_epoch(out, *g);
out:
	wr_free(&w);
	return err;
}

static enum mls_result
do_leave(struct peer *p, const json_t *in, json_t *out)
{
	struct mls_group **g = get_group(p, in);

	(void)out;
	if (p->usage != NULL)
		return MLS_ARGUMENT_IS_OUT_OF_RANGE;
	mls_group_free(*g);
	*g = p->groups[--p->group_count];
	return MLS_OK;
}

static const struct {
	const char *name;
	enum mls_result (*run)(struct peer *p, const json_t *in, json_t *out);
} commands[] = {
	{ "settings", do_settings },
	{ "key_package", do_key_package },
	{ "create", do_create },
	{ "join", do_join },
	{ "external_join", do_external_join },
	{ "add", do_add },
	{ "remove", do_remove },
	{ "update", do_update },
	{ "extensions", do_extensions },
	{ "store_psk", do_store_psk },
	{ "use_psk", do_use_psk },
	{ "reinit", do_reinit },
	{ "successor", do_successor },
	{ "branch", do_branch },
	{ "forget_changes", do_forget_changes },
	{ "propose", do_propose },
	{ "commit", do_commit },
	{ "merge", do_merge },
	{ "drop", do_drop },
	{ "process", do_process },
	{ "protect", do_protect },
	{ "unprotect", do_unprotect },
	{ "export", do_export },
	{ "authenticator", do_authenticator },
	{ "members", do_members },
	{ "group_info", do_group_info },
	{ "tree", do_tree },
	{ "reload", do_reload },
	{ "leave", do_leave },
};

static json_t *
problem(const char *name, const char *text, const char *what)
{
	json_t *out = json_object();

	(void)json_object_set_new(out, "error", json_string(name));
	(void)json_object_set_new(out, "text", json_string(text));
	if (what != NULL)
		(void)json_object_set_new(out, "what", json_string(what));
	return out;
}

/* Runs one command and returns its answer. */
static json_t *
answer(struct peer *p, const json_t *in)
{
	const char *name = json_string_value(json_object_get(in, "command"));
	json_t *out = json_object();
	enum mls_result res = bad(p, "command");

	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
		if (name == NULL || strcmp(name, commands[i].name) != 0)
			continue;
		p->usage = NULL;
		res = commands[i].run(p, in, out);
	}
	if (res == MLS_OK && p->usage == NULL)
		return out;
	json_decref(out);
	if (p->usage != NULL)
		return problem("COMMAND_IS_WRONG",
		    "missing or unusable field, or no such thing", p->usage);
	return problem(mls_result_name(res), mls_result_text(res), NULL);
}

static void
run_line(struct peer *p, const char *line, size_t n)
{
	json_error_t why;
	json_t *in = json_loadb(line, n, JSON_REJECT_DUPLICATES, &why), *out;

	p->usage = NULL;
	if (json_is_object(in))
		out = answer(p, in);
	else
		out = problem("COMMAND_IS_WRONG", "not a JSON object",
		    in == NULL ? why.text : NULL);
	(void)json_dumpf(out, stdout, JSON_COMPACT);
	(void)fputc('\n', stdout);
	(void)fflush(stdout);
	json_decref(in);
	json_decref(out);
	while (p->scratch_count > 0)
		free(p->scratch[--p->scratch_count]);
}

int
main(void)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	if (crypto_init() != ERR_OK)
		return EXIT_FAILURE;
	peer.env = (struct env){ now_ms, wall_s, crypto_system_random, &peer };
	peer.client = (struct mls_client){ .env = &peer.env,
		.authenticate = mls_accept_anyone,
		.find_psk = find_psk,
		.ctx = &peer };
	while ((n = getline(&line, &cap, stdin)) > 0)
		run_line(&peer, line, (size_t)n);
	free(line);
	while (peer.group_count > 0)
		mls_group_free(peer.groups[--peer.group_count]);
	while (peer.bundle_count > 0)
		mls_bundle_free(peer.bundles[--peer.bundle_count]);
	return EXIT_SUCCESS;
}
