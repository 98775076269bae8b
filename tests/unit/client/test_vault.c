/* The files of an account, and what is kept in them beside others who write
 * them, too: versions seen, and passes. */
#include "client/core.h"
#include "client/enrol.h"
#include "client/passes.h"
#include "crypto/crypto.h"
#include "support/check.h"
#include "support/fault.h"

#include <string.h>

static struct {
	struct client *c;
	uint64_t now_s;
	size_t saves;
	enum client_file file;
	uint64_t expect;
	uint8_t saved[1024];
	size_t saved_n;
} t;

static uint64_t
now(void *ctx)
{
	(void)ctx;
	return t.now_s;
}

static void
fill(void *ctx, void *out, size_t n)
{
	(void)ctx;
	memset(out, 0x5a, n);
}

static void
on_save(void *ctx, enum client_file file, uint64_t expect,
    struct bytes content)
{
	(void)ctx;
	t.saves++;
	t.file = file;
	t.expect = expect;
	t.saved_n = content.n;
	if (content.n > 0)
		memcpy(t.saved, content.p, content.n);
}

static enum err
make(const struct client_files *files)
{
	struct client_options options = { .ksf = { 1, 8 } };
	struct env env = { now, now, fill, NULL };
	struct client_effects effects = { .save = on_save };

	return client_new(&options, files, &env, &effects, &t.c);
}

static void
begin(void)
{
	memset(&t, 0, sizeof t);
	t.now_s = 5000;
	CHECK_OK(crypto_init());
	CHECK_OK(make(NULL));
	t.c->keys = secret_new(sizeof(struct client_keys));
	CHECK(t.c->keys != NULL);
	memset(secret_bytes(t.c->keys), 7, sizeof(struct client_keys));
	memcpy(t.c->account.name.s, "alice", 5);
	t.c->has_account = true;
}

static void
end(void)
{
	client_free(t.c);
}

static void
put(const char *text)
{
	client_vault_put(t.c, CLIENT_FILE_ACCOUNT, bytes_str(text));
}

static struct bytes
saved(void)
{
	return (struct bytes){ t.saved, t.saved_n };
}

/* What another program of this device would have written. */
static struct bytes
state_of(const struct client_seen *seen, uint8_t out[CLIENT_SEEN_LEN])
{
	static const uint8_t nonce[24] = { 1 };
	struct wr w = wr_init(out, CLIENT_SEEN_LEN);

	CHECK_OK(client_seen_seal(seen, &t.c->account,
	    client_keys(t.c)->device_seed, nonce, &w));
	return wr_bytes(&w);
}

/* ---- files ---- */

TEST(one_save_at_a_time)
{
	begin();
	put("one");
	CHECK_EQ(t.saves, 1);
	CHECK(!client_vault_is_idle(&t.c->vault));
	put("two");
	put("three");
	CHECK_EQ(t.saves, 1);
	CHECK_BYTES(saved(), BYTES_LIT("one"));
	client_saved(t.c, CLIENT_FILE_ACCOUNT, ERR_OK, 4, BYTES_NONE);
	CHECK_EQ(t.saves, 2);
	CHECK_EQ(t.expect, 4);
	CHECK_BYTES(saved(), BYTES_LIT("three"));
	client_saved(t.c, CLIENT_FILE_ACCOUNT, ERR_OK, 5, BYTES_NONE);
	CHECK_EQ(t.saves, 2);
	CHECK(client_vault_is_idle(&t.c->vault));
	CHECK_OK(client_vault_take(&t.c->vault));
	end();
}

TEST(a_disk_that_fails_is_told_once)
{
	begin();
	put("one");
	client_saved(t.c, CLIENT_FILE_ACCOUNT, ERR_IO, 0, BYTES_NONE);
	CHECK_EQ(t.saves, 1);
	CHECK_ERR(client_vault_take(&t.c->vault), ERR_IO);
	CHECK_OK(client_vault_take(&t.c->vault));
	end();
}

/* A login whose files are not written has made no device. */
TEST(a_device_is_made_when_its_files_are_there)
{
	begin();
	t.c->session.state = CLIENT_SESSION_SAVE;
	t.c->vault.err = ERR_IO;
	client_enrol_saved(t.c);
	CHECK(t.c->session.is_failed);
	CHECK_EQ(t.c->session.failure.outcome, SOTTO_UNAVAILABLE);
	CHECK_EQ(t.c->session.state, CLIENT_SESSION_SAVE);
	end();
}

TEST(who_changes_an_account_last_is_right)
{
	begin();
	put("ours");
	client_saved(t.c, CLIENT_FILE_ACCOUNT, ERR_CONFLICT, 9,
	    BYTES_LIT("theirs"));
	CHECK_EQ(t.saves, 2);
	CHECK_EQ(t.expect, 9);
	CHECK_BYTES(saved(), BYTES_LIT("ours"));
	end();
}

/* Of what was seen, the higher versions stay, whoever saw them. */
TEST(what_was_seen_only_grows)
{
	struct client_seen theirs = { 3, 9, 4, { 0 } }, now_saved;
	uint8_t state[CLIENT_SEEN_LEN];

	begin();
	t.c->seen.identity = 5;
	t.c->seen.settings = 6;
	t.c->seen.roster = 4;
	client_vault_put_seen(t.c);
	CHECK_EQ(t.saves, 1);
	client_saved(t.c, CLIENT_FILE_STATE, ERR_CONFLICT, 2,
	    state_of(&theirs, state));
	CHECK_EQ(t.c->seen.identity, 5);
	CHECK_EQ(t.c->seen.settings, 9);
	CHECK_EQ(t.c->seen.roster, 4);
	CHECK_EQ(t.saves, 2);
	CHECK_EQ(t.expect, 2);
	CHECK_OK(client_seen_open(saved(), &t.c->account,
	    client_keys(t.c)->device_seed, &now_saved));
	CHECK_EQ(now_saved.identity, 5);
	CHECK_EQ(now_saved.settings, 9);
	client_saved(t.c, CLIENT_FILE_STATE, ERR_OK, 3, BYTES_NONE);
	CHECK_EQ(t.saves, 2);
	end();
}

/* What does not open, or cannot be opened, is written over. */
TEST(a_foreign_state_is_written_over)
{
	struct client_seen theirs = { 9, 9, 9, { 0 } };
	uint8_t state[CLIENT_SEEN_LEN];
	struct secret *keys;

	begin();
	client_vault_put_seen(t.c);
	client_saved(t.c, CLIENT_FILE_STATE, ERR_CONFLICT, 2,
	    BYTES_LIT("nothing that opens"));
	CHECK_EQ(t.saves, 2);
	CHECK_EQ(t.expect, 2);
	keys = t.c->keys;
	(void)state_of(&theirs, state);
	t.c->keys = NULL;
	client_saved(t.c, CLIENT_FILE_STATE, ERR_CONFLICT, 3,
	    BYTES_OF(state));
	CHECK_EQ(t.saves, 3);
	CHECK_EQ(t.c->seen.identity, 0);
	t.c->keys = keys;
	/* So is one that is to be removed. */
	client_saved(t.c, CLIENT_FILE_STATE, ERR_OK, 4, BYTES_NONE);
	client_vault_put(t.c, CLIENT_FILE_STATE, BYTES_NONE);
	client_saved(t.c, CLIENT_FILE_STATE, ERR_CONFLICT, 5,
	    BYTES_OF(state));
	CHECK_EQ(t.saved_n, 0);
	CHECK_EQ(t.expect, 5);
	CHECK_EQ(t.c->seen.identity, 0);
	end();
}

TEST(who_has_no_home_saves_nothing)
{
	begin();
	t.c->options.is_ephemeral = true;
	client_vault_put_seen(t.c);
	put("one");
	CHECK_EQ(t.saves, 0);
	t.c->options.is_ephemeral = false;
	secret_free(t.c->keys);
	t.c->keys = NULL;
	client_vault_put_seen(t.c);
	CHECK_EQ(t.saves, 0);
	end();
}

/* Memory may lack for the copy, or for what the shell is given. */
TEST(a_save_needs_memory)
{
	struct client_files files = { .content = {
		[CLIENT_FILE_STATE] = BYTES_LIT("something") } };
	unsigned faults;
	enum err err;

	for (faults = 0;; faults++) {
		begin();
		fault_at(faults + 1);
		put("one");
		if (!fault_end())
			break;
		CHECK_EQ(t.saves, 0);
		CHECK_ERR(client_vault_take(&t.c->vault), ERR_NOMEM);
		CHECK(client_vault_is_idle(&t.c->vault));
		end();
	}
	CHECK_EQ(faults, 2);
	CHECK_EQ(t.saves, 1);
	end();
	begin();
	fault_at(1);
	client_vault_put_seen(t.c);
	CHECK(fault_end());
	CHECK_ERR(client_vault_take(&t.c->vault), ERR_NOMEM);
	end();
	for (faults = 0;; faults++) {
		fault_at(faults + 1);
		err = make(&files);
		if (!fault_end())
			break;
		CHECK_ERR(err, ERR_NOMEM);
	}
	CHECK_OK(err);
	CHECK_EQ(faults, 2);
	end();
}

/* ---- passes ---- */

static enum err
give(uint8_t first, size_t n, uint32_t life_s)
{
	static uint8_t passes[16 * PACT_GUARD_PASS_LEN];
	struct wire_PASSES m = { .life_s = life_s,
		.passes = { passes, n * PACT_GUARD_PASS_LEN } };

	for (size_t i = 0; i < n; i++)
		memset(passes + i * PACT_GUARD_PASS_LEN, (int)(first + i),
		    PACT_GUARD_PASS_LEN);
	return client_passes_on_given(t.c, &m);
}

TEST(passes_are_taken_once)
{
	uint8_t pass[PACT_GUARD_PASS_LEN];
	struct client_seen kept;
	unsigned seen = 0;

	begin();
	CHECK(!client_passes_take(t.c, pass));
	CHECK_OK(give(1, 4, WIRE_PASS_S));
	CHECK_EQ(t.saves, 1);
	for (int i = 0; i < 4; i++) {
		CHECK(client_passes_take(t.c, pass));
		CHECK(pass[0] >= 1 && pass[0] <= 4 && pass[0] == pass[47]);
		seen |= 1U << pass[0];
	}
	CHECK_EQ(seen, 0x1e);
	CHECK(!client_passes_take(t.c, pass));
	/* Nor does the next program take them. */
	CHECK_EQ(t.saves, 1);
	client_saved(t.c, CLIENT_FILE_STATE, ERR_OK, 1, BYTES_NONE);
	CHECK_EQ(t.saves, 2);
	CHECK_OK(client_seen_open(saved(), &t.c->account,
	    client_keys(t.c)->device_seed, &kept));
	CHECK_EQ(kept.passes.n, 0);
	end();
}

TEST(passes_have_a_life)
{
	uint8_t pass[PACT_GUARD_PASS_LEN];

	begin();
	CHECK_OK(give(1, 2, 100));
	t.now_s += 99;
	CHECK(client_passes_take(t.c, pass));
	t.now_s++;
	CHECK(!client_passes_take(t.c, pass));
	/* The server's word for it has an end. */
	CHECK_OK(give(1, 2, UINT32_MAX));
	t.now_s += WIRE_PASS_S;
	CHECK(!client_passes_take(t.c, pass));
	end();
}

/* Enough of them, for long enough, are not worth the disk. */
TEST(enough_passes_are_enough)
{
	begin();
	CHECK_OK(give(1, 4, WIRE_PASS_S));
	CHECK_OK(give(5, 4, WIRE_PASS_S));
	CHECK_EQ(t.c->seen.passes.n, 4);
	t.now_s += WIRE_PASS_S / 2;
	CHECK_OK(give(5, 4, WIRE_PASS_S));
	CHECK_EQ(t.c->seen.passes.n, 8);
	/* The oldest make room. */
	t.now_s += WIRE_PASS_S / 2;
	CHECK_OK(give(9, 3, WIRE_PASS_S));
	CHECK_EQ(t.c->seen.passes.n, WIRE_PASSES_MAX);
	CHECK_EQ(t.c->seen.passes.at[0][0], 4);
	CHECK_EQ(t.c->seen.passes.at[7][0], 11);
	end();
}

TEST(passes_have_one_length)
{
	uint8_t odd[PACT_GUARD_PASS_LEN + 1] = { 0 };
	struct wire_PASSES m = { .life_s = 9, .passes = BYTES_OF(odd) };

	begin();
	CHECK_ERR(client_passes_on_given(t.c, &m), ERR_DECODE);
	CHECK_EQ(t.c->seen.passes.n, 0);
	end();
}

/* A device that is being made saves everything at the end. */
TEST(passes_of_a_new_device_wait)
{
	begin();
	t.c->session.goal = CLIENT_GOAL_ENROL;
	CHECK_OK(give(1, 2, WIRE_PASS_S));
	t.c->session.goal = CLIENT_GOAL_DEVICE;
	t.c->has_account = false;
	CHECK_OK(give(3, 2, WIRE_PASS_S));
	CHECK_EQ(t.saves, 0);
	CHECK_EQ(t.c->seen.passes.n, 4);
	end();
}

CHECK_MAIN(T(one_save_at_a_time), T(a_disk_that_fails_is_told_once),
    T(a_device_is_made_when_its_files_are_there),
    T(who_changes_an_account_last_is_right), T(what_was_seen_only_grows),
    T(a_foreign_state_is_written_over), T(who_has_no_home_saves_nothing),
    T(a_save_needs_memory), T(passes_are_taken_once), T(passes_have_a_life),
    T(enough_passes_are_enough), T(passes_have_one_length),
    T(passes_of_a_new_device_wait))
