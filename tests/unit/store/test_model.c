/* sqlite: random requests in random groups, against a naive model of them. */
#include "asked.h"
#include "model.h"

#include <string.h>

static struct model model;
static uint64_t seed = 1;

static unsigned
draw(void *ctx, unsigned n)
{
	(void)ctx;
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

/* Compares all accounts with the model. */
static void
compare(struct store_sqlite *s, bool is_threaded)
{
	for (unsigned i = 0; i < MODEL_NAMES; i++) {
		const struct model_name *m = &model.names[i];
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
			CHECK(got.len[k] == m->boxes[k].n &&
			    memcmp(got.boxes[k], m->boxes[k].p,
			    got.len[k]) == 0);
	}
}

/* Random requests in random groups; all answers and states are the model's. */
static void
walk(bool is_threaded, unsigned rounds)
{
	enum { GROUP = 12 };
	static struct asked group[GROUP];
	static struct model_box boxes[GROUP];
	enum err want[GROUP];
	struct store_sqlite *s;

	place_fresh();
	memset(&model, 0, sizeof model);
	s = place_open(is_threaded, NULL);
	for (unsigned round = 0; round < rounds; round++) {
		unsigned n = 1 + draw(NULL, GROUP);

		for (unsigned i = 0; i < n; i++) {
			do {
				boxes[i].n = sizeof group[i].boxes[0];
				model_request(&model, &group[i].q, &boxes[i],
				    draw, NULL);
			} while (is_threaded &&
			    group[i].q.kind == STORE_ACCOUNT_GET);
			want[i] = model_do(&model, &group[i].q);
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
