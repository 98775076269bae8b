#include "libsotto/home.h"

#include "support/check.h"
#include "support/scratch.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char root[128];

/* A fresh, empty place; the home is two folders below, not yet there. */
static void
fresh(void)
{
	(void)snprintf(root, sizeof root, "%s/data/sotto", scratch_new());
}

static struct home_account
account(const char *text)
{
	struct home_account a;

	memset(&a, 0, sizeof a);
	CHECK_OK(wire_address_parse_user(&a.name, &a.at, bytes_str(text)));
	return a;
}

static enum err
put(const char *who, enum client_file file, uint64_t *generation,
    const char *content)
{
	struct home_account a = account(who);
	struct home_write w = { file, *generation, bytes_str(content), 0, NULL,
		0 };
	enum err err = home_write(root, &a, &w);

	if (err == ERR_OK)
		*generation = w.generation;
	home_write_wipe(&w);
	return err;
}

static bool
holds(const char *who, enum client_file file, const char *want)
{
	struct home_account a = account(who);
	struct client_files files;
	bool same;

	CHECK_OK(home_read(root, &a, &files));
	same = bytes_equal(files.content[file], bytes_str(want));
	home_files_wipe(&files);
	return same;
}

static unsigned
mode_of(const char *below)
{
	char path[256];
	struct stat st;

	(void)snprintf(path, sizeof path, "%s/%s", root, below);
	return stat(path, &st) == 0 ? st.st_mode & 0777 : 0;
}

TEST(a_home_that_is_not_there_is_empty)
{
	struct home_account all[HOME_ACCOUNTS_MAX], a = account("al@h:1");
	struct client_files files;
	size_t n = 9;

	fresh();
	CHECK_OK(home_list(root, all, &n));
	CHECK_EQ(n, 0);
	CHECK_ERR(home_choose(root, NULL, &a), ERR_GONE);
	CHECK_OK(home_read(root, &a, &files));
	CHECK(files.content[0].n == 0 && files.generation[0] == 0);
	CHECK(access(root, F_OK) != 0);
}

TEST(what_is_written_is_read_and_private)
{
	uint64_t g = 0, first;

	fresh();
	CHECK_OK(put("al@h:1", CLIENT_FILE_KEYRING, &g, "one"));
	first = g;
	CHECK(first != 0);
	CHECK(holds("al@h:1", CLIENT_FILE_KEYRING, "one"));
	CHECK_OK(put("al@h:1", CLIENT_FILE_KEYRING, &g, "two, and longer"));
	CHECK_EQ(g, first + 1);
	CHECK(holds("al@h:1", CLIENT_FILE_KEYRING, "two, and longer"));
	CHECK(holds("al@h:1", CLIENT_FILE_STATE, ""));
	CHECK_EQ(mode_of("accounts"), 0700);
	CHECK_EQ(mode_of("accounts/al@h_1"), 0700);
	CHECK_EQ(mode_of("accounts/al@h_1/keyring"), 0600);
	CHECK_EQ(mode_of("accounts/al@h_1/keyring.new"), 0);
}

TEST(the_slower_of_two_writers_learns_of_the_other)
{
	struct home_account a = account("al@h:1");
	uint64_t g = 0, stale;
	struct home_write w = { .file = CLIENT_FILE_STATE,
		.content = BYTES_LIT("slow") };

	fresh();
	CHECK_OK(put("al@h:1", CLIENT_FILE_STATE, &g, "base"));
	stale = g;
	CHECK_OK(put("al@h:1", CLIENT_FILE_STATE, &g, "quick"));
	w.expect = stale;
	CHECK_ERR(home_write(root, &a, &w), ERR_CONFLICT);
	CHECK_EQ(w.generation, g);
	CHECK_BYTES(((struct bytes){ w.newer, w.newer_n }), BYTES_LIT("quick"));
	home_write_wipe(&w);
	CHECK(holds("al@h:1", CLIENT_FILE_STATE, "quick"));
	w.expect = g;
	CHECK_OK(home_write(root, &a, &w));
	CHECK(holds("al@h:1", CLIENT_FILE_STATE, "slow"));
}

TEST(a_file_made_anew_is_not_the_one_that_was_removed)
{
	uint64_t g = 0, old, anew = 0;

	fresh();
	CHECK_OK(put("al@h:1", CLIENT_FILE_STATE, &g, "first"));
	old = g;
	CHECK_OK(put("al@h:1", CLIENT_FILE_STATE, &g, ""));
	CHECK_EQ(g, 0);
	CHECK_EQ(mode_of("accounts/al@h_1"), 0);
	CHECK_OK(put("al@h:1", CLIENT_FILE_STATE, &anew, "second"));
	CHECK_ERR(put("al@h:1", CLIENT_FILE_STATE, &old, "third"),
	    ERR_CONFLICT);
	CHECK(holds("al@h:1", CLIENT_FILE_STATE, "second"));
}

/* Many programs at once, each adding one to a counter: none is lost. */
TEST(nothing_is_lost_among_many_writers)
{
	enum { WRITERS = 4, ROUNDS = 25 };
	struct home_account a = account("al@h:1");
	struct client_files files;
	uint64_t g = 0;
	pid_t child[WRITERS];

	fresh();
	CHECK_OK(put("al@h:1", CLIENT_FILE_STATE, &g, "0"));
	for (int i = 0; i < WRITERS; i++) {
		child[i] = fork();
		if (child[i] != 0)
			continue;
		for (int done = 0; done < ROUNDS;) {
			char text[16] = "";

			if (home_read(root, &a, &files) != ERR_OK)
				_exit(1);
			memcpy(text, files.content[CLIENT_FILE_STATE].p,
			    files.content[CLIENT_FILE_STATE].n);
			(void)snprintf(text, sizeof text, "%d", atoi(text) + 1);
			g = files.generation[CLIENT_FILE_STATE];
			done += put("al@h:1", CLIENT_FILE_STATE, &g, text) ==
			    ERR_OK;
			home_files_wipe(&files);
		}
		_exit(0);
	}
	for (int i = 0; i < WRITERS; i++) {
		int status = 1;

		CHECK(waitpid(child[i], &status, 0) == child[i]);
		CHECK_EQ(status, 0);
	}
	CHECK(holds("al@h:1", CLIENT_FILE_STATE, "100"));
}

/* Makes an account with all that a device needs. */
static void
settle(const char *who)
{
	uint64_t account_file = 0, keyring = 0;

	CHECK_OK(put(who, CLIENT_FILE_ACCOUNT, &account_file, "x"));
	CHECK_OK(put(who, CLIENT_FILE_KEYRING, &keyring, "x"));
}

TEST(one_of_several_accounts_must_be_named)
{
	struct home_account all[HOME_ACCOUNTS_MAX], got;
	size_t n;

	fresh();
	settle("bob@h_1.example:7");
	CHECK_OK(home_choose(root, NULL, &got));
	CHECK(strcmp(got.name.s, "bob") == 0);
	settle("al@[::1]:7368");
	settle("al@h:1");
	CHECK_OK(home_list(root, all, &n));
	CHECK_EQ(n, 3);
	CHECK(strcmp(all[0].at.host, "::1") == 0 && all[0].at.port == 7368);
	CHECK(strcmp(all[2].at.host, "h_1.example") == 0);
	CHECK_ERR(home_choose(root, NULL, &got), ERR_CONFLICT);
	CHECK_ERR(home_choose(root, "al", &got), ERR_CONFLICT);
	CHECK_ERR(home_choose(root, "carol", &got), ERR_GONE);
	CHECK_ERR(home_choose(root, "bob@h", &got), ERR_GONE);
	CHECK_ERR(home_choose(root, "../bob", &got), ERR_ARG);
	CHECK_OK(home_choose(root, "Bob", &got));
	CHECK_OK(home_choose(root, "al@H:1", &got));
	CHECK(strcmp(got.at.host, "h") == 0);
	CHECK_OK(home_choose(root, "al@[::1]", &got));
	CHECK(got.at.port == 7368);
}

TEST(folders_of_other_names_are_passed_over)
{
	static const char *const odd[] = { "x", "a@b", "a@b_", "a@b_0", "@b_1",
		"a@b_99999", "a@b_01", ".hidden@b_1", "A@b_1" };
	struct home_account all[HOME_ACCOUNTS_MAX];
	char path[256], whole[256];
	size_t n;

	fresh();
	settle("al@h:1");
	for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
		settle("al@h:2");
		(void)snprintf(whole, sizeof whole, "%s/accounts/al@h_2",
		    root);
		(void)snprintf(path, sizeof path, "%s/accounts/%s", root,
		    odd[i]);
		CHECK(rename(whole, path) == 0);
	}
	CHECK_OK(home_list(root, all, &n));
	CHECK_EQ(n, 1);
}

/* As a full disk or a crash leaves it. */
TEST(half_an_account_is_none)
{
	struct home_account got;
	uint64_t g = 0;

	fresh();
	CHECK_OK(put("bob@h:1", CLIENT_FILE_KEYRING, &g, "x"));
	CHECK_ERR(home_choose(root, NULL, &got), ERR_GONE);
	g = 0;
	CHECK_OK(put("carol@h:1", CLIENT_FILE_ACCOUNT, &g, "x"));
	CHECK_ERR(home_choose(root, "carol", &got), ERR_GONE);
	settle("al@h:1");
	CHECK_OK(home_choose(root, NULL, &got));
	CHECK(strcmp(got.name.s, "al") == 0);
}

TEST(a_write_that_fails_leaves_no_folder)
{
	struct rlimit limit, low;
	char path[256];
	uint64_t g = 0;

	fresh();
	settle("al@h:1");
	(void)signal(SIGXFSZ, SIG_IGN);
	CHECK(getrlimit(RLIMIT_FSIZE, &limit) == 0);
	low = limit;
	low.rlim_cur = 4;
	CHECK(setrlimit(RLIMIT_FSIZE, &low) == 0);
	CHECK_ERR(put("bob@h:1", CLIENT_FILE_KEYRING, &g, "x"), ERR_IO);
	CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	(void)snprintf(path, sizeof path, "%s/accounts/bob@h_1", root);
	CHECK(access(path, F_OK) != 0);
}

TEST(a_folder_that_others_can_read_is_refused)
{
	struct home_account all[HOME_ACCOUNTS_MAX];
	uint64_t g = 0;
	char path[256];
	size_t n;

	fresh();
	CHECK_OK(put("al@h:1", CLIENT_FILE_ACCOUNT, &g, "x"));
	(void)snprintf(path, sizeof path, "%s/accounts", root);
	CHECK(chmod(path, 0750) == 0);
	CHECK_ERR(home_list(root, all, &n), ERR_KEY);
	CHECK_ERR(put("al@h:1", CLIENT_FILE_ACCOUNT, &g, "y"), ERR_KEY);
}

TEST(damage_and_links_are_errors)
{
	struct home_account a = account("al@h:1");
	struct client_files files;
	uint64_t g = 0;
	char path[256];

	fresh();
	CHECK_OK(put("al@h:1", CLIENT_FILE_KEYRING, &g, "secret"));
	(void)snprintf(path, sizeof path, "%s/accounts/al@h_1/keyring", root);
	CHECK(truncate(path, 8) == 0);
	CHECK_ERR(home_read(root, &a, &files), ERR_DECODE);
	CHECK(files.content[CLIENT_FILE_KEYRING].p == NULL);
	CHECK(unlink(path) == 0);
	CHECK(symlink("/etc/passwd", path) == 0);
	CHECK_ERR(home_read(root, &a, &files), ERR_IO);
	g = 0;
	CHECK_ERR(put("al@h:1", CLIENT_FILE_KEYRING, &g, "x"), ERR_IO);
}

CHECK_MAIN(T(a_home_that_is_not_there_is_empty),
    T(what_is_written_is_read_and_private),
    T(the_slower_of_two_writers_learns_of_the_other),
    T(a_file_made_anew_is_not_the_one_that_was_removed),
    T(nothing_is_lost_among_many_writers),
    T(one_of_several_accounts_must_be_named),
    T(folders_of_other_names_are_passed_over),
    T(half_an_account_is_none),
    T(a_write_that_fails_leaves_no_folder),
    T(a_folder_that_others_can_read_is_refused),
    T(damage_and_links_are_errors))
