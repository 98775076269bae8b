#include "mls/send.h"

#include <stdlib.h>

/* An AuthenticatedContent that is built on the stack, and what it has besides
 * its three strings. */
#define SHORT_CONTENT 1024
#define CONTENT_REST  (2 + 4 + 8 + 5 + 4 + 1 + 4 + 2 + MLS_MAX_SIG_LEN)

enum mls_wire_format
mls_send_format(const struct mls_group *g)
{
	return g->client->handshakes == MLS_WIRE_PUBLIC_MESSAGE
		   ? MLS_WIRE_PUBLIC_MESSAGE
		   : MLS_WIRE_PRIVATE_MESSAGE;
}

static enum mls_result
send_private(struct mls_group *g, const struct mls_content *c, struct wr *out)
{
	const struct env *env = g->client->env;
	enum mls_ratchet ratchet = c->type == MLS_CONTENT_APPLICATION
				       ? MLS_RATCHET_APPLICATION
				       : MLS_RATCHET_HANDSHAKE;
	uint8_t guard[MLS_REUSE_GUARD_LEN];
	struct {
		struct mls_message_key key;
	} s;
	enum mls_result err;

	TRY(mls_secret_tree_next(g->now.keys, g->keys.me, ratchet, &s.key));
	env->random(env->ctx, guard, sizeof guard);
	TRY(mls_private_message_create(&g->now, c, &s.key, guard, out));
	TRY(mls_secret_tree_use(g->now.keys, &s.key, env->wall_s(env->ctx)));
out:
	bytes_wipe(&s, sizeof s);
	return err;
}

enum mls_result
mls_send(struct mls_group *g, const struct mls_content *content, struct wr *out)
{
	if (content->wire_format == MLS_WIRE_PRIVATE_MESSAGE)
		return send_private(g, content, out);
	return mls_public_message_create(&g->now, content->encoded,
	    content->sender.type == MLS_SENDER_MEMBER, out);
}

/* Signs content of ours into buf and fills *c. */
static enum mls_result
sign(const struct mls_group *g, struct mls_content *c, struct wr *buf)
{
	struct mls_signer signer = mls_own_signer_get(&g->signer);
	struct rd r;
	enum mls_result err;

	c->group_id = mls_group_id(g);
	c->epoch = g->now.context.epoch;
	c->sender = (struct mls_sender){ MLS_SENDER_MEMBER, g->keys.me.i };
	TRY(mls_content_sign(
	    &g->suite, c, wr_bytes(&g->now.encoded), &signer, buf));
	r = rd_init(wr_bytes(buf));
	mls_content_decode(&r, c);
	TRY(mls_result_of(rd_end(&r)));
out:
	return err;
}

enum mls_result
mls_group_protect(struct mls_group *g, struct bytes authenticated_data,
    struct bytes data, struct wr *out)
{
	struct mls_content c = {
		.wire_format = MLS_WIRE_PRIVATE_MESSAGE,
		.authenticated_data = authenticated_data,
		.type = MLS_CONTENT_APPLICATION,
		.body = data,
	};
	uint8_t stack[SHORT_CONTENT];
	struct wr buf = mls_wr_over(stack, sizeof stack,
	    CONTENT_REST + mls_group_id(g).n + authenticated_data.n + data.n);
	enum mls_result err;

	TRY(mls_group_status(g));
	NEED(g->known == NULL, MLS_PROPOSALS_ARE_WAITING);
	TRY(sign(g, &c, &buf));
	TRY(send_private(g, &c, out));
out:
	wr_free(&buf);
	bytes_wipe(stack, sizeof stack);
	return err;
}

/* Appends our leaf with a new key, as an Update proposal; *own gets what is
 * then true. */
static enum mls_result
put_update(struct mls_group *g, const struct mls_wanted *w,
    struct mls_own_update *own, struct wr *out)
{
	const struct mls_leaf_node *old = mls_tree_leaf(g->tree, g->keys.me);
	struct mls_leaf_content content = {
		.credential = old->credential,
		.capabilities = old->capabilities,
		.source = MLS_LEAF_UPDATE,
		.extensions = old->extensions,
	};
	struct mls_leaf_place place = { mls_group_id(g), g->keys.me };
	struct mls_key_pair pair;
	struct mls_signer signer;
	struct wr leaf = wr_new();
	struct rd r;
	enum mls_result err;

	own->signer = g->signer;
	if (w->has_identity) {
		own->signer = w->signer;
		r = rd_init(wr_bytes(&w->credential));
		mls_credential_decode(&r, &content.credential);
	}
	signer = mls_own_signer_get(&own->signer);
	TRY(mls_suite_new_key_pair(&g->suite, g->client->env, &pair));
	for (size_t i = 0; i < pair.secret_len; i++)
		own->leaf_secret[i] = pair.secret[i];
	TRY(mls_leaf_node_create(&g->suite, &content,
	    (struct bytes){ pair.public, pair.public_len }, &signer, &place,
	    &leaf));
	mls_proposal_put_update(out, wr_bytes(&leaf));
	TRY(mls_result_of(wr_done(out)));
out:
	bytes_wipe(&pair, sizeof pair);
	wr_free(&leaf);
	return err;
}

/* Takes the oldest wanted change off its list. */
static void
forget_first(struct mls_group *g)
{
	struct mls_wanted *w = g->wanted;

	g->wanted = w->next;
	if (g->wanted == NULL)
		g->wanted_last = NULL;
	g->n_wanted--;
	mls_group_free_wanted(w);
}

enum mls_result
mls_group_propose(struct mls_group *g, struct wr *out)
{
	const struct mls_wanted *w = g->wanted;
	struct mls_content c = {
		.wire_format = (uint16_t)mls_send_format(g),
		.type = MLS_CONTENT_PROPOSAL,
	};
	struct mls_known_proposal *known = NULL;
	struct mls_own_update *own = NULL;
	struct wr buf = wr_new(), update = wr_new();
	enum mls_result err;

	TRY(mls_group_status(g));
	NEED(g->staged == NULL, MLS_A_COMMIT_IS_PENDING);
	NEED(w != NULL, MLS_ARGUMENT_IS_OUT_OF_RANGE);
	NEED(g->n_known < MLS_MAX_KNOWN, MLS_A_LIMIT_WAS_REACHED);
	c.body = wr_bytes(&w->proposal);
	if (w->is_update) {
		own = calloc(1, sizeof *own);
		NEED(own != NULL, MLS_OUT_OF_MEMORY);
		TRY(put_update(g, w, own, &update));
		c.body = wr_bytes(&update);
	}
	TRY(sign(g, &c, &buf));
	known = mls_group_new_known(c.encoded);
	NEED(known != NULL, MLS_OUT_OF_MEMORY);
	known->own = own;
	own = NULL;
	TRY(mls_send(g, &c, out));
	TRY(mls_group_know(g, known));
	known = NULL;
	forget_first(g);
out:
	if (own != NULL)
		bytes_wipe(own, sizeof *own);
	free(own);
	mls_group_free_known(known);
	wr_free(&buf);
	wr_free(&update);
	return err;
}
