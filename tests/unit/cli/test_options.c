#include "cli/options.h"

#include "support/check.h"
#include "support/scratch.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ARGS_MAX 32

static struct options o;
static struct out out;
static const char *folder;
static char said[4096];

/* Runs read with stdout and stderr going to `said`. */
static enum options_verdict
quietly(int argc, char **argv)
{
	int saved_out = dup(1), saved_err = dup(2);
	FILE *f = tmpfile();
	enum options_verdict verdict;
	size_t n;

	(void)fflush(stdout);
	(void)dup2(fileno(f), 1);
	(void)dup2(fileno(f), 2);
	verdict = options_read(&o, &out, argc, argv);
	(void)fflush(stdout);
	(void)fflush(stderr);
	(void)dup2(saved_out, 1);
	(void)dup2(saved_err, 2);
	rewind(f);
	n = fread(said, 1, sizeof said - 1, f);
	said[n] = '\0';
	(void)fclose(f);
	(void)close(saved_out);
	(void)close(saved_err);
	return verdict;
}

/* Reads a command line of words between blanks. */
static enum options_verdict
read_line(const char *line)
{
	static char words[1024];
	static char *argv[ARGS_MAX];
	int argc = 0;

	(void)snprintf(words, sizeof words, "sotto %s", line);
	for (char *w = strtok(words, " "); w != NULL; w = strtok(NULL, " "))
		argv[argc++] = w;
	argv[argc] = NULL;
	return quietly(argc, argv);
}

/* A configuration of its own, and nothing in the environment. */
static void
config(const char *text)
{
	char path[128];
	FILE *f;

	if (folder == NULL) {
		folder = scratch_new();
		(void)snprintf(path, sizeof path, "%s/sotto", folder);
		CHECK(mkdir(path, 0700) == 0);
	}
	(void)snprintf(path, sizeof path, "%s/sotto/config", folder);
	f = fopen(path, "w");
	CHECK(f != NULL);
	(void)fputs(text, f);
	(void)fclose(f);
	(void)setenv("XDG_CONFIG_HOME", folder, 1);
	(void)setenv("XDG_DATA_HOME", "/data", 1);
	(void)unsetenv("SOTTO_HOME");
	(void)unsetenv("SOTTO_ACCOUNT");
	(void)unsetenv("SOTTO_LISTEN");
	(void)unsetenv("SOTTO_OUTPUT");
}

TEST(defaults)
{
	config("");
	CHECK_EQ(read_line("list"), OPTIONS_RUN);
	CHECK_EQ(o.command, CMD_LIST);
	CHECK(strcmp(o.home, "/data/sotto") == 0);
	CHECK(o.account == NULL && o.listen == NULL && !out.is_json);
	CHECK(o.asks_server_key && !o.hides_address);
	CHECK_EQ(o.password_fd, (uint64_t)-1);
	options_free(&o);
	CHECK_EQ(read_line("chat"), OPTIONS_RUN);
	CHECK_EQ(o.policy, SOTTO_POLICY_ASK);
	options_free(&o);
	CHECK_EQ(read_line("receive"), OPTIONS_RUN);
	CHECK_EQ(o.policy, SOTTO_POLICY_ACCEPT);
	options_free(&o);
}

TEST(flags_stand_anywhere)
{
	config("");
	CHECK_EQ(read_line("--home=/h send -vv bob hi -o json -aal@h:1 there"),
	    OPTIONS_RUN);
	CHECK(strcmp(o.home, "/h") == 0 && strcmp(o.account, "al@h:1") == 0);
	CHECK(out.is_json);
	CHECK_EQ(out.verbosity, 2);
	CHECK_EQ(o.n_args, 3);
	CHECK(strcmp(o.args[0], "bob") == 0 && strcmp(o.args[2], "there") == 0);
	options_free(&o);
	CHECK_EQ(read_line("send bob -- --home -v -"), OPTIONS_RUN);
	CHECK_EQ(o.n_args, 4);
	CHECK(strcmp(o.args[1], "--home") == 0);
	options_free(&o);
	CHECK_EQ(read_line("receive --count 3 --for 2.5 --policy ask"),
	    OPTIONS_RUN);
	CHECK_EQ(o.count, 3);
	CHECK(o.for_s > 2.4 && o.for_s < 2.6);
	CHECK_EQ(o.policy, SOTTO_POLICY_ASK);
	options_free(&o);
}

TEST(usage_errors)
{
	static const char *const wrong[] = { "", "lits", "list bob", "send bob",
		"list --confirm", "verify", "verify bob --bogus", "-z list",
		"list -o xml", "list --home", "list --home=",
		"receive --count 0", "receive --count x", "receive --for -1",
		"receive --for 0", "receive --policy maybe",
		"list --confirm=yes", "list --verbose=2",
		"list --direct-only --relay-only", "status", "login",
		"list --password-fd -1", "--color sometimes list",
		"list --hom /x" };

	config("");
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		CHECK_EQ(read_line(wrong[i]), OPTIONS_USAGE);
		CHECK(strstr(said, "sotto --help") != NULL);
		options_free(&o);
	}
	CHECK_EQ(read_line("-o json lits"), OPTIONS_USAGE);
	CHECK(strncmp(said, "{\"type\":\"error\",\"code\":64,", 26) == 0);
	options_free(&o);
}

TEST(help_and_version)
{
	config("nonsense here\n");
	CHECK_EQ(read_line("--help"), OPTIONS_SHOWN);
	CHECK(strstr(said, "register") != NULL);
	CHECK_EQ(read_line("receive -h"), OPTIONS_SHOWN);
	CHECK(strstr(said, "--count") != NULL && strstr(said, "--qr") == NULL);
	CHECK_EQ(read_line("--version"), OPTIONS_SHOWN);
	CHECK(strcmp(said, "sotto " SOTTO_VERSION "\n") == 0);
}

TEST(configuration_environment_flags)
{
	config("# a comment\n\n  home =  /c\naccount=al\nlisten = [::1]:9 \n"
	       "hide_address = yes\nask_server_key = no\npaths = relay\n"
	       "stretch_mib = 64\nstretch_passes = 1\n"
	       "password_command = pass show sotto = x\n");
	CHECK_EQ(read_line("list"), OPTIONS_RUN);
	CHECK(strcmp(o.home, "/c") == 0 && strcmp(o.account, "al") == 0);
	CHECK(strcmp(o.listen, "[::1]:9") == 0);
	CHECK(o.hides_address && !o.asks_server_key);
	CHECK_EQ(o.paths, SOTTO_PATHS_RELAY_ONLY);
	CHECK_EQ(o.stretch_mib, 64);
	CHECK_EQ(o.stretch_passes, 1);
	CHECK(strcmp(o.password_command, "pass show sotto = x") == 0);
	options_free(&o);
	(void)setenv("SOTTO_HOME", "/e", 1);
	(void)setenv("SOTTO_ACCOUNT", "bob", 1);
	CHECK_EQ(read_line("list --home /f"), OPTIONS_RUN);
	CHECK(strcmp(o.home, "/f") == 0 && strcmp(o.account, "bob") == 0);
	options_free(&o);
}

TEST(wrong_configuration_names_its_line)
{
	static const struct {
		const char *text, *names;
	} wrong[] = {
		{ "home = /c\nhom = /d\n", "config:2: " },
		{ "\n\nhide_address = maybe\n", "config:3: " },
		{ "stretch_mib = 63\n", "config:1: " },
		{ "stretch_passes = 0\n", "config:1: " },
		{ "just words\n", "config:1: " },
		{ "password = secret\n", "config:1: " },
	};

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		config(wrong[i].text);
		CHECK_EQ(read_line("list"), OPTIONS_CONFIG);
		CHECK(strstr(said, wrong[i].names) != NULL);
		options_free(&o);
	}
}

CHECK_MAIN(T(defaults), T(flags_stand_anywhere), T(usage_errors),
    T(help_and_version), T(configuration_environment_flags),
    T(wrong_configuration_names_its_line))
