#include "shelf.h"

#include <string.h>

static struct shelf_account *
shelf_find(struct shelf *shelf, const char *name)
{
	for (size_t i = 0; i < shelf->accounts_n; i++)
		if (strcmp(shelf->accounts[i].a.name, name) == 0)
			return &shelf->accounts[i];
	return NULL;
}

static struct store_invite *
shelf_invite(struct shelf *shelf, const uint8_t hash[32], const char *name)
{
	for (size_t i = 0; i < shelf->invites_n; i++)
		if (memcmp(shelf->invites[i].hash, hash, 32) == 0 &&
		    strcmp(shelf->invites[i].name, name) == 0)
			return &shelf->invites[i];
	return NULL;
}

static struct bytes
keep(uint8_t *at, struct bytes b)
{
	if (b.n != 0)
		memcpy(at, b.p, b.n);
	return (struct bytes){ at, b.n };
}

static void
keep_all(struct shelf_account *to, const struct store_account *from)
{
	to->a = *from;
	to->a.identity_box = keep(to->identity_box, from->identity_box);
	to->a.settings_box = keep(to->settings_box, from->settings_box);
	to->a.roster = keep(to->roster, from->roster);
}

static enum err
shelf_create(struct shelf *shelf, struct store_request *r)
{
	struct store_invite *invite =
	    shelf_invite(shelf, r->invite_hash, r->account.name);
	struct shelf_account *a = shelf_find(shelf, r->account.name);
	size_t at = shelf->accounts_n;

	if (invite == NULL || invite->expires_s <= r->now_s)
		return ERR_GONE;
	if (a != NULL && a->a.has_record)
		return ERR_CONFLICT;
	*invite = shelf->invites[--shelf->invites_n];
	if (a == NULL) {
		while (at > 0 && strcmp(shelf->accounts[at - 1].a.name,
		    r->account.name) > 0) {
			keep_all(&shelf->accounts[at],
			    &shelf->accounts[at - 1].a);
			at--;
		}
		shelf->accounts_n++;
		a = &shelf->accounts[at];
	}
	keep_all(a, &r->account);
	return ERR_OK;
}

static enum err
shelf_change(struct shelf *shelf, struct store_request *r)
{
	struct shelf_account *to = shelf_find(shelf, r->account.name);
	const struct store_account *from = &r->account;

	if (to == NULL)
		return ERR_GONE;
	if ((r->expect_version != 0 && r->expect_version != to->a.version) ||
	    ((r->parts & STORE_IDENTITY) &&
	    from->identity_version != to->a.identity_version + 1) ||
	    ((r->parts & STORE_SETTINGS) &&
	    from->settings_version != to->a.settings_version + 1) ||
	    ((r->parts & STORE_ROSTER) &&
	    from->roster_version != to->a.roster_version + 1))
		return ERR_CONFLICT;
	if (r->parts & STORE_RECORD) {
		memcpy(to->a.record, from->record, sizeof to->a.record);
		memcpy(to->a.credential_id, from->credential_id,
		    sizeof to->a.credential_id);
		to->a.has_record = from->has_record;
	}
	if (r->parts & STORE_IDENTITY) {
		to->a.identity_version++;
		to->a.identity_box = keep(to->identity_box,
		    from->identity_box);
	}
	if (r->parts & STORE_SETTINGS) {
		to->a.settings_version++;
		to->a.settings_box = keep(to->settings_box,
		    from->settings_box);
	}
	if (r->parts & STORE_ROSTER) {
		to->a.roster_version++;
		to->a.roster = keep(to->roster, from->roster);
	}
	if (r->parts & STORE_ENABLED)
		to->a.is_enabled = from->is_enabled;
	if (r->parts & STORE_STATUS)
		to->a.status = from->status;
	if (r->parts & STORE_RESET) {
		to->a.has_record = false;
		to->a.roster = BYTES_NONE;
		to->a.roster_version = to->a.identity_version =
		    to->a.settings_version = 0;
	}
	if (r->parts & STORE_BUMP)
		to->a.version++;
	r->account.version = to->a.version;
	return ERR_OK;
}

static enum err
shelf_try(struct shelf *shelf, struct store_request *r)
{
	struct store_invite *invite =
	    shelf_invite(shelf, r->invite_hash, r->account.name);

	if (invite == NULL)
		return ERR_GONE;
	if (invite->expires_s <= r->now_s)
		return ERR_EXPIRED;
	if (invite->tries == 0)
		return ERR_LIMIT;
	invite->tries--;
	return ERR_OK;
}

static enum err
shelf_get(struct shelf *shelf, struct store_request *r)
{
	struct shelf_account *a = shelf_find(shelf, r->account.name);

	shelf->gets++;
	if (a == NULL) {
		shelf->misses++;
		return ERR_GONE;
	}
	r->account = a->a;
	a->reads += r->kind == STORE_ACCOUNT_RECORD;
	if (r->kind == STORE_ACCOUNT_RECORD)
		r->account.identity_box = r->account.settings_box =
		    r->account.roster = BYTES_NONE;
	return ERR_OK;
}

static void
shelf_list(struct shelf *shelf, struct store_request *r)
{
	for (size_t i = 0; i < shelf->accounts_n; i++) {
		r->account = shelf->accounts[i].a;
		r->done(r, ERR_OK);
	}
	memset(&r->account, 0, sizeof r->account);
	r->done(r, ERR_OK);
}

static enum err
shelf_write(struct shelf *shelf, struct store_request *r)
{
	struct shelf_account *a;

	if (r->kind == STORE_ACCOUNT_CREATE)
		return shelf_create(shelf, r);
	if (r->kind == STORE_ACCOUNT_CHANGE)
		return shelf_change(shelf, r);
	if (r->kind == STORE_INVITE_TRY)
		return shelf_try(shelf, r);
	if (r->kind == STORE_INVITE_PUT) {
		shelf->invites[shelf->invites_n++] = r->invite;
		return ERR_OK;
	}
	a = shelf_find(shelf, r->account.name);
	if (a == NULL)
		return ERR_GONE;
	for (; a < &shelf->accounts[shelf->accounts_n - 1]; a++)
		keep_all(a, &a[1].a);
	shelf->accounts_n--;
	return ERR_OK;
}

static enum err
shelf_do(struct shelf *shelf, struct store_request *r)
{
	enum err err;

	if (r->kind == STORE_ACCOUNT_GET || r->kind == STORE_ACCOUNT_RECORD)
		return r->held != NULL ? r->result : shelf_get(shelf, r);
	if (shelf->is_broken)
		return ERR_IO;
	err = shelf_write(shelf, r);
	return shelf->is_lying ? ERR_IO : err;
}

static void
shelf_submit(struct store *s, struct store_request *r)
{
	struct shelf *shelf = (struct shelf *)s;

	r->next = NULL;
	r->held = NULL;
	if (shelf->reads_early && (r->kind == STORE_ACCOUNT_GET ||
	    r->kind == STORE_ACCOUNT_RECORD)) {
		r->result = shelf_get(shelf, r);
		r->held = shelf; /* it has been read */
	}
	if (shelf->first == NULL)
		shelf->first = r;
	else
		shelf->last->next = r;
	shelf->last = r;
}

bool
shelf_run(struct shelf *shelf)
{
	bool was_any = false;

	while (shelf->first != NULL && !shelf->is_slow) {
		struct store_request *r = shelf->first;

		if (shelf->is_slow_to_create &&
		    r->kind == STORE_ACCOUNT_CREATE)
			break;
		shelf->first = r->next;
		was_any = true;
		if (r->kind == STORE_ACCOUNT_LIST)
			shelf_list(shelf, r);
		else
			r->done(r, shelf_do(shelf, r));
	}
	return was_any;
}

void
shelf_init(struct shelf *shelf)
{
	memset(shelf, 0, sizeof *shelf);
	shelf->store.submit = shelf_submit;
}
