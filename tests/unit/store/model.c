#include "model.h"

#include <string.h>

static void
keep(struct model_box *box, struct bytes b)
{
	memcpy(box->p, b.p, b.n);
	box->n = b.n;
}

static enum err
model_change(struct model_name *m, const struct store_request *q)
{
	struct store_account *a = &m->account;
	const struct store_account *b = &q->account;

	if (!m->is_there)
		return ERR_GONE;
	if ((q->expect_version != 0 && q->expect_version != a->version) ||
	    (q->parts & STORE_IDENTITY &&
	    b->identity_version != a->identity_version + 1) ||
	    (q->parts & STORE_SETTINGS &&
	    b->settings_version != a->settings_version + 1) ||
	    (q->parts & STORE_ROSTER &&
	    b->roster_version != a->roster_version + 1))
		return ERR_CONFLICT;
	if (q->parts & STORE_RECORD) {
		memcpy(a->record, b->record, sizeof a->record);
		memcpy(a->credential_id, b->credential_id, 16);
		a->ksf_passes = b->ksf_passes;
		a->has_record = b->has_record;
	}
	if (q->parts & STORE_IDENTITY)
		a->identity_version++;
	if (q->parts & STORE_SETTINGS)
		a->settings_version++;
	if (q->parts & STORE_ROSTER)
		a->roster_version++;
	if (q->parts & STORE_IDENTITY)
		keep(&m->boxes[0], b->identity_box);
	if (q->parts & STORE_SETTINGS)
		keep(&m->boxes[1], b->settings_box);
	if (q->parts & STORE_ROSTER)
		keep(&m->boxes[2], b->roster);
	if (q->parts & STORE_ENABLED) {
		a->is_enabled = b->is_enabled;
		m->has_invite = m->has_invite && b->is_enabled;
	}
	if (q->parts & STORE_STATUS)
		a->status = b->status;
	if (q->parts & STORE_RESET) {
		a->has_record = false;
		a->identity_version = a->settings_version = 0;
		a->roster_version = 0;
		memset(a->record, 0, sizeof a->record);
		for (size_t i = 0; i < 3; i++)
			m->boxes[i].n = 0;
	}
	if (q->parts & STORE_BUMP)
		a->version++;
	return ERR_OK;
}

static enum err
model_create(struct model_name *m, const struct store_request *q)
{
	uint64_t version = q->account.version;

	if (!m->has_invite || m->invite.expires_s <= q->now_s ||
	    memcmp(m->invite.hash, q->invite_hash, 32) != 0)
		return ERR_GONE;
	if (m->is_there && m->account.has_record)
		return ERR_CONFLICT;
	if (m->is_there && version <= m->account.version)
		version = m->account.version + 1;
	m->account = q->account;
	m->account.version = version;
	m->account.has_record = true;
	keep(&m->boxes[0], q->account.identity_box);
	keep(&m->boxes[1], q->account.settings_box);
	keep(&m->boxes[2], q->account.roster);
	m->is_there = true;
	m->has_invite = false;
	return ERR_OK;
}

static enum err
model_try(struct model_name *m, const struct store_request *q)
{
	if (!m->has_invite ||
	    memcmp(m->invite.hash, q->invite_hash, 32) != 0)
		return ERR_GONE;
	if (m->invite.expires_s <= q->now_s)
		return ERR_EXPIRED;
	if (m->invite.tries == 0)
		return ERR_LIMIT;
	m->invite.tries--;
	return ERR_OK;
}

enum err
model_do(struct model *model, const struct store_request *q)
{
	const char *name = q->kind == STORE_INVITE_PUT ? q->invite.name :
	    q->account.name;
	struct model_name *m = &model->names[name[0] - 'a'];
	bool was_there;

	switch (q->kind) {
	case STORE_ACCOUNT_GET:
	case STORE_ACCOUNT_RECORD:
		return m->is_there ? ERR_OK : ERR_GONE;
	case STORE_ACCOUNT_CREATE:
		return model_create(m, q);
	case STORE_ACCOUNT_CHANGE:
		return model_change(m, q);
	case STORE_ACCOUNT_REMOVE:
		was_there = m->is_there || m->has_invite;
		memset(m, 0, sizeof *m);
		return was_there ? ERR_OK : ERR_GONE;
	case STORE_INVITE_PUT:
		m->invite = q->invite;
		m->has_invite = true;
		return ERR_OK;
	case STORE_INVITE_TRY:
		return model_try(m, q);
	case STORE_ACCOUNT_LIST:
	default:
		return ERR_ARG;
	}
}

void
model_request(const struct model *model, struct store_request *q,
    struct model_box *box, unsigned (*draw)(void *ctx, unsigned n), void *ctx)
{
	struct store_account *account = &q->account;
	unsigned who = draw(ctx, MODEL_NAMES);
	const struct store_account *old = &model->names[who].account;

	*q = (struct store_request){ .kind = (enum store_kind[]){
		STORE_ACCOUNT_GET, STORE_ACCOUNT_CREATE, STORE_ACCOUNT_CREATE,
		STORE_ACCOUNT_CHANGE, STORE_ACCOUNT_CHANGE,
		STORE_ACCOUNT_CHANGE, STORE_ACCOUNT_REMOVE, STORE_INVITE_PUT,
		STORE_INVITE_PUT, STORE_INVITE_TRY }[draw(ctx, 10)] };
	box->n = draw(ctx, 8) == 0 ? 1 + draw(ctx, (unsigned)box->n) : 16;
	for (size_t i = 0; i < box->n; i++)
		box->p[i] = i < 16 ? (uint8_t)('a' + draw(ctx, 26)) :
				     box->p[i - 16];
	account->name[0] = q->invite.name[0] = (char)('a' + who);
	account->version = 1 + draw(ctx, 4);
	account->is_enabled = draw(ctx, 2);
	account->has_record = draw(ctx, 4) != 0;
	account->status = (uint8_t)draw(ctx, 5);
	account->ksf_passes = draw(ctx, 9);
	memset(account->record, (int)draw(ctx, 256), 192);
	account->identity_version = old->identity_version + draw(ctx, 3);
	account->settings_version = old->settings_version + 1;
	account->roster_version = old->roster_version + 1;
	account->identity_box = account->settings_box = account->roster =
	    (struct bytes){ box->p, box->n };
	q->parts = draw(ctx, 2) ? 1u << draw(ctx, 8) : 1 + draw(ctx, 255);
	if (q->parts & STORE_RESET)
		q->parts &= ~15u;
	q->expect_version = draw(ctx, 3) ? 0 : old->version + draw(ctx, 2);
	q->invite.hash[0] = q->invite_hash[0] = (uint8_t)draw(ctx, 2);
	q->invite.hash[1] = q->invite_hash[1] = (uint8_t)who;
	q->invite.tries = (uint8_t)draw(ctx, 4);
	q->invite.expires_s = MODEL_NOW_S + draw(ctx, 4);
	q->now_s = MODEL_NOW_S + draw(ctx, 3);
}
