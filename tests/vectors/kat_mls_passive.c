/* MLS vectors of passive clients: one joins, and follows a group. */
#include "kat_mls.h"
#include "mls/mls.h"

#include <stdio.h>

/* The external PSKs of the vector that is running. */
struct psks {
	struct kat *k;
	const json_t *list;
};

static bool
find_psk(void *ctx, const struct mls_psk_id *id, struct wr *out)
{
	struct psks *p = ctx;
	const json_t *one;
	size_t i;

	json_array_foreach(p->list, i, one)
	{
		if (id->type == MLS_PSK_EXTERNAL &&
		    bytes_equal(id->id, kat_hex(p->k, one, "psk_id"))) {
			wr_put(out, kat_hex(p->k, one, "psk"));
			return true;
		}
	}
	return false;
}

static bool
process(struct kat *k, struct mls_group *g, struct bytes message,
    enum mls_event_kind want)
{
	struct wr buf = wr_new();
	struct mls_event event;
	bool ok = kat_mls_ok(
	    k, "process", mls_group_process(g, message, &buf, &event));

	ok = ok && kat_true(k, "the expected kind", event.kind == want);
	wr_free(&buf);
	return ok;
}

/* Saves the group and goes on with what was saved, as a program would that
 * is started anew for every message. */
static bool
reload(struct kat *k, const struct mls_client *c, struct mls_group **g)
{
	struct mls_group *again = NULL;
	struct wr saved = wr_new(), twice = wr_new();
	bool ok =
	    kat_mls_ok(k, "save", mls_group_save(*g, &saved)) &&
	    kat_mls_ok(
		k, "load", mls_group_load(c, wr_bytes(&saved), &again)) &&
	    kat_mls_ok(k, "save again", mls_group_save(again, &twice)) &&
	    kat_bytes(k, "saved twice", wr_bytes(&twice), wr_bytes(&saved));

	if (ok) {
		mls_group_free(*g);
		*g = again;
	} else {
		mls_group_free(again);
	}
	wr_free(&saved);
	wr_free(&twice);
	return ok;
}

static bool
follow(struct kat *k, const struct mls_client *c, struct mls_group **g,
    const json_t *epoch)
{
	const json_t *proposals = json_object_get(epoch, "proposals"), *one;
	size_t i;

	json_array_foreach(
	    proposals, i, one) if (!process(k, *g, kat_hex_value(k, one),
				       MLS_EVENT_PROPOSAL)) return false;
	return process(k, *g, kat_hex(k, epoch, "commit"), MLS_EVENT_COMMIT) &&
	       reload(k, c, g) && kat_mls_ok(k, "merge", mls_group_merge(*g)) &&
	       kat_bytes(k, "epoch_authenticator", mls_group_authenticator(*g),
		   kat_hex(k, epoch, "epoch_authenticator"));
}

void
kat_mls_passive_client(
    struct kat *k, const json_t *test, const struct mls_suite *s)
{
	const json_t *epochs = json_object_get(test, "epochs"), *epoch;
	struct psks psks = { k, json_object_get(test, "external_psks") };
	struct mls_client c = {
		.env = &kat_mls_env,
		/* The vectors know of no authentication service. */
		.authenticate = mls_accept_anyone,
		.find_psk = find_psk,
		.ctx = &psks,
		.suite_alias = (uint16_t)k->suite_alias,
		.lifetimes = MLS_LIFETIME_CHECK_OUR_ADDS,
	};
	struct mls_bundle_secrets secrets = {
		kat_hex(k, test, "init_priv"),
		kat_hex(k, test, "encryption_priv"),
		kat_hex(k, test, "signature_priv"),
	};
	struct mls_join join = {
		.welcome = kat_hex(k, test, "welcome"),
		.tree = kat_hex(k, test, "ratchet_tree"),
	};
	struct mls_bundle *bundle = NULL;
	struct mls_group *g = NULL;
	size_t i;

	(void)s;
	if (!kat_mls_ok(k, "key_package",
		mls_bundle_import(
		    &c, kat_hex(k, test, "key_package"), &secrets, &bundle)))
		goto out;
	join.bundle = bundle;
	if (!kat_mls_ok(k, "welcome", mls_group_join(&c, &join, &g)) ||
	    !kat_bytes(k, "initial_epoch_authenticator",
		mls_group_authenticator(g),
		kat_hex(k, test, "initial_epoch_authenticator")))
		goto out;
	json_array_foreach(epochs, i, epoch) if (!follow(k, &c, &g, epoch))
	{
		printf("  in epoch %zu of the vector\n", i);
		break;
	}
out:
	mls_bundle_free(bundle);
	mls_group_free(g);
}
