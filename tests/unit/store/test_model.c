/* sqlite: random requests in random groups, against a naive model of them. */
#include "asked.h"

#include <string.h>

#define NAMES  6
#define NOW_S  1000

static struct model {
	struct store_account account; /* views unused */
	bool is_there;
	char boxes[3][16];
	struct store_invite invite;
	bool has_invite;
} model[NAMES];

static uint64_t seed = 1;

static unsigned
draw(unsigned n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

static enum err
model_change(struct model *m, const struct store_request *q)
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
	for (size_t i = 0; i < 3; i++)
		if (q->parts & ((uint32_t)STORE_IDENTITY << i))
			memcpy(m->boxes[i], i == 0 ? b->identity_box.p :
			    i == 1 ? b->settings_box.p : b->roster.p, 16);
	if (q->parts & STORE_ENABLED)
		a->is_enabled = b->is_enabled;
	if (q->parts & STORE_STATUS)
		a->status = b->status;
	if (q->parts & STORE_RESET) {
		a->has_record = false;
		a->identity_version = a->settings_version = 0;
		a->roster_version = 0;
		memset(a->record, 0, sizeof a->record);
		memset(m->boxes, 0, sizeof m->boxes);
	}
	if (q->parts & STORE_BUMP)
		a->version++;
	return ERR_OK;
}

static enum err
model_create(struct model *m, const struct store_request *q)
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
	memcpy(m->boxes[0], q->account.identity_box.p, 16);
	memcpy(m->boxes[1], q->account.settings_box.p, 16);
	memcpy(m->boxes[2], q->account.roster.p, 16);
	m->is_there = true;
	m->has_invite = false;
	return ERR_OK;
}

static enum err
model_try(struct model *m, const struct store_request *q)
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

/* Does to the model what the request asks, and returns what it must say. */
static enum err
model_do(const struct store_request *q)
{
	const char *name = q->kind == STORE_INVITE_PUT ? q->invite.name :
	    q->account.name;
	struct model *m = &model[name[0] - 'a'];
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

/* A random request; its boxes are 16 random letters in text. */
static void
random_request(struct asked *a, char text[16])
{
	struct store_account *account = &a->q.account;
	unsigned who = draw(NAMES);
	struct model *m = &model[who];

	memset(a, 0, sizeof *a);
	for (size_t i = 0; i < 16; i++)
		text[i] = (char)('a' + draw(26));
	a->q.kind = (enum store_kind[]){ STORE_ACCOUNT_GET,
		STORE_ACCOUNT_CREATE, STORE_ACCOUNT_CREATE,
		STORE_ACCOUNT_CHANGE, STORE_ACCOUNT_CHANGE,
		STORE_ACCOUNT_CHANGE, STORE_ACCOUNT_REMOVE, STORE_INVITE_PUT,
		STORE_INVITE_PUT, STORE_INVITE_TRY }[draw(10)];
	account->name[0] = a->q.invite.name[0] = (char)('a' + who);
	account->version = 1 + draw(4);
	account->is_enabled = draw(2);
	account->has_record = draw(4) != 0;
	account->status = (uint8_t)draw(5);
	account->ksf_passes = draw(9);
	memset(account->record, (int)draw(256), 192);
	account->identity_version = m->account.identity_version + draw(3);
	account->settings_version = m->account.settings_version + 1;
	account->roster_version = m->account.roster_version + 1;
	account->identity_box = account->settings_box = account->roster =
	    (struct bytes){ (const uint8_t *)text, 16 };
	a->q.parts = draw(2) ? 1u << draw(8) : 1 + draw(255);
	if (a->q.parts & STORE_RESET)
		a->q.parts &= ~15u;
	a->q.expect_version = draw(3) ? 0 : m->account.version + draw(2);
	a->q.invite.hash[0] = a->q.invite_hash[0] = (uint8_t)draw(2);
	a->q.invite.hash[1] = a->q.invite_hash[1] = (uint8_t)who;
	a->q.invite.tries = (uint8_t)draw(4);
	a->q.invite.expires_s = NOW_S + draw(4);
	a->q.now_s = NOW_S + draw(3);
}

/* Compares all accounts with the model. */
static void
compare(struct store_sqlite *s, bool is_threaded)
{
	for (unsigned i = 0; i < NAMES; i++) {
		struct model *m = &model[i];
		const char name[2] = { (char)('a' + i), '\0' };
		struct asked got = asked_new(STORE_ACCOUNT_GET, name);
		struct store_account *a = &got.q.account;

		CHECK_ERR(asked_wait(s, &got, is_threaded),
		    m->is_there ? ERR_OK : ERR_GONE);
		if (!m->is_there)
			continue;
		CHECK_EQ(a->version, m->account.version);
		CHECK_EQ(a->is_enabled, m->account.is_enabled);
		CHECK_EQ(a->has_record, m->account.has_record);
		CHECK_EQ(a->status, m->account.status);
		CHECK_EQ(a->identity_version, m->account.identity_version);
		CHECK_EQ(a->settings_version, m->account.settings_version);
		CHECK_EQ(a->roster_version, m->account.roster_version);
		CHECK_BYTES(BYTES_OF(a->record), BYTES_OF(m->account.record));
		for (size_t k = 0; k < 3; k++)
			CHECK(got.len[k] == (m->boxes[k][0] ? 16u : 0u) &&
			    memcmp(got.boxes[k], m->boxes[k],
			    got.len[k]) == 0);
	}
}

/* Random requests in random groups; all answers and states are the model's. */
static void
walk(bool is_threaded, unsigned rounds)
{
	enum { GROUP = 12 };
	static struct asked group[GROUP];
	static char text[GROUP][16];
	enum err want[GROUP];
	struct store_sqlite *s;

	place_fresh();
	memset(model, 0, sizeof model);
	s = place_open(is_threaded, NULL);
	for (unsigned round = 0; round < rounds; round++) {
		unsigned n = 1 + draw(GROUP);

		for (unsigned i = 0; i < n; i++) {
			do
				random_request(&group[i], text[i]);
			while (is_threaded &&
			    group[i].q.kind == STORE_ACCOUNT_GET);
			want[i] = model_do(&group[i].q);
			asked_submit(s, &group[i]);
		}
		store_sqlite_drain(s);
		for (unsigned i = 0; i < n; i++)
			CHECK_ERR(group[i].err, want[i]);
		if (round % 16 == 0)
			compare(s, is_threaded);
		if (round % 100 == 99) {
			store_sqlite_close(s);
			s = place_open(is_threaded, NULL);
		}
	}
	compare(s, is_threaded);
	store_sqlite_close(s);
}

TEST(the_model_agrees)
{
	walk(false, 800);
}

TEST(the_model_agrees_with_threads)
{
	walk(true, 200);
}
CHECK_MAIN(T(the_model_agrees), T(the_model_agrees_with_threads))
