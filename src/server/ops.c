#include "server/server.h"

#include "server/account.h"
#include "server/op.h"
#include "server/presence.h"
#include "server/register.h"

#include "base/plant.h"

#include <string.h>

/* Ends an operator's request that never got to the store. */
static void
refuse(server_op_fn *done, void *ctx, enum err err)
{
	done(ctx, err);
}

static void
invite_done(struct server *s, struct server_op *op, enum err err)
{
	(void)s;
	op->done(op->done_ctx, err);
}

void
server_invite(struct server *s, const struct wire_name *name,
    uint64_t expires_s, uint8_t code[WIRE_CODE_LEN], server_op_fn *done,
    void *ctx)
{
	const struct server_account *a = server_account_get(s, name);
	struct server_letter letter = { .name = *name };
	struct server_op *op;

	server_random(s, code, WIRE_CODE_LEN);
	if (a != NULL && a->has_record) {
		refuse(done, ctx, ERR_CONFLICT);
		return;
	}
	op = server_op_new(s, &letter);
	if (op == NULL) {
		refuse(done, ctx, ERR_NOMEM);
		return;
	}
	op->done = done;
	op->done_ctx = ctx;
	memcpy(op->request.invite.name, name->s,
	    sizeof op->request.invite.name);
	server_register_hash(code, op->request.invite.hash);
	op->request.invite.expires_s = expires_s;
	op->request.invite.tries = WIRE_CODE_TRIES;
	server_op_submit(op, STORE_INVITE_PUT, invite_done);
}

static void
user_done(struct server *s, struct server_op *op, enum err err)
{
	struct server_account *a = server_account_get(s, &op->letter.name);

	server_op_reread(s, &op->letter.name, err);
	if (err == ERR_OK && a != NULL) {
		if (op->user_op == SERVER_USER_REMOVE) {
			server_account_remove(s, a);
			a = NULL;
		} else {
			a->version = op->request.account.version;
			a->is_enabled = op->user_op != SERVER_USER_DISABLE;
			if (!PLANTED(PLANT_DISABLED_SESSION_LIVES))
				server_presence_end_all(s, a, NULL);
		}
	}
	if (err == ERR_OK && a != NULL && op->user_op == SERVER_USER_RESET) {
		a->has_record = false;
		memset(a->identity, 0, sizeof a->identity);
		/* Nothing to allocate, so nothing can fail. */
		(void)!server_account_set_roster(a, 0, BYTES_NONE, NULL);
	}
	op->done(op->done_ctx, err);
}

void
server_user(struct server *s, enum server_user_op user_op,
    const struct wire_name *name, server_op_fn *done, void *ctx)
{
	struct server_letter letter = { .name = *name };
	struct server_op *op;

	if (server_account_get(s, name) == NULL) {
		refuse(done, ctx, ERR_GONE);
		return;
	}
	op = server_op_new(s, &letter);
	if (op == NULL) {
		refuse(done, ctx, ERR_NOMEM);
		return;
	}
	op->done = done;
	op->done_ctx = ctx;
	op->user_op = user_op;
	if (user_op == SERVER_USER_REMOVE) {
		server_op_submit(op, STORE_ACCOUNT_REMOVE, user_done);
		return;
	}
	/* What is reset can be joined anew, so it is enabled as well. */
	op->request.parts = STORE_ENABLED | STORE_BUMP;
	op->request.account.is_enabled = user_op != SERVER_USER_DISABLE;
	if (user_op == SERVER_USER_RESET)
		op->request.parts |= STORE_RESET;
	server_op_submit(op, STORE_ACCOUNT_CHANGE, user_done);
}

bool
server_user_next(const struct server *s, const struct wire_name *after,
    struct server_user_info *info)
{
	size_t i = server_account_after(s, after);
	struct server_account *a;

	if (i == s->accounts_n)
		return false;
	a = s->accounts[i];
	*info = (struct server_user_info){ .name = a->name,
		.is_enabled = a->is_enabled, .has_record = a->has_record,
		.status = (uint8_t)server_presence_shown(a),
		.devices = server_account_devices(s, a),
		.sessions = a->seats_n, .created_s = a->created_s };
	memcpy(info->identity, a->identity, sizeof info->identity);
	return true;
}

void
server_get_stats(const struct server *s, struct server_stats *stats)
{
	*stats = s->stats;
}
