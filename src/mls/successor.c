/* 11.2 and 11.3: a group that continues or branches off another. */
#include "mls/group.h"

#include <string.h>

/* Makes g's first commit name the group that it comes from. */
static enum mls_result
name_origin(
    struct mls_group *g, const struct mls_group *old, enum mls_psk_usage usage)
{
	struct wr psk = wr_new();
	enum mls_result err;

	wr_put(&g->origin_id, mls_group_id(old));
	TRY(mls_result_of(wr_done(&g->origin_id)));
	g->origin = (struct mls_psk_id){
		.type = MLS_PSK_RESUMPTION,
		.usage = usage,
		.group_id = wr_bytes(&g->origin_id),
		.epoch = mls_group_epoch(old),
	};
	TRY(mls_group_resumption_psk(old, g->origin.epoch, &psk));
	NEED(psk.n <= sizeof g->origin_psk, MLS_PSK_IS_UNKNOWN);
	memcpy(g->origin_psk, psk.p, psk.n);
	g->origin_psk_len = psk.n;
	TRY(mls_group_use_psk(g, &g->origin));
out:
	wr_free(&psk);
	return err;
}

enum mls_result
mls_group_create_successor(const struct mls_group *old,
    const struct mls_identity *identity, struct mls_group **out)
{
	struct mls_group_options options = { .identity = *identity };
	struct mls_group *g = NULL;
	struct mls_proposal p;
	struct rd r = rd_init(wr_bytes(&old->reinit));
	enum mls_result err = MLS_OK;

	NEED(old->reinit.n != 0, MLS_REINIT_DOES_NOT_MATCH);
	mls_proposal_decode(&r, &p);
	TRY(mls_result_of(rd_end(&r)));
	NEED(p.u.reinit.version == MLS_VERSION_MLS10, MLS_VERSION_IS_UNKNOWN);
	options.suite = p.u.reinit.cipher_suite;
	options.group_id = p.u.reinit.group_id;
	options.extensions = p.u.reinit.extensions;
	TRY(mls_group_create(old->client, &options, &g));
	TRY(name_origin(g, old, MLS_PSK_REINIT));
	*out = g;
	g = NULL;
out:
	mls_group_free(g);
	return err;
}

enum mls_result
mls_group_create_branch(const struct mls_group *old,
    const struct mls_group_options *options, struct mls_group **out)
{
	struct mls_group *g = NULL;
	enum mls_result err;

	TRY(mls_group_status(old));
	NEED(options->suite == old->suite.number, MLS_REINIT_DOES_NOT_MATCH);
	TRY(mls_group_create(old->client, options, &g));
	TRY(name_origin(g, old, MLS_PSK_BRANCH));
	*out = g;
	g = NULL;
out:
	mls_group_free(g);
	return err;
}
