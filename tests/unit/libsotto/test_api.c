/* What the public interface says without a server, and what it tells the
 * client's core, which is asked by way of the test. */
#include "sotto.h"

#include "base/hex.h"
#include "client/client.h"
#include "support/check.h"
#include "support/scratch.h"

#include <stdio.h>
#include <string.h>

enum err __real_client_new(const struct client_options *options,
    const struct client_files *files, const struct env *env,
    const struct client_effects *effects, struct client **out);
enum err __wrap_client_new(const struct client_options *options,
    const struct client_files *files, const struct env *env,
    const struct client_effects *effects, struct client **out);
uint32_t __real_client_login(struct client *c, const struct wire_name *name,
    const struct wire_address *at, const uint8_t *server_key);
uint32_t __wrap_client_login(struct client *c, const struct wire_name *name,
    const struct wire_address *at, const uint8_t *server_key);

static struct {
	struct client_options options;
	struct wire_address at;
	bool has_key;
	uint8_t key[WIRE_KEY_LEN];
} told;

enum err
__wrap_client_new(const struct client_options *options,
    const struct client_files *files, const struct env *env,
    const struct client_effects *effects, struct client **out)
{
	told.options = *options;
	return __real_client_new(options, files, env, effects, out);
}

uint32_t
__wrap_client_login(struct client *c, const struct wire_name *name,
    const struct wire_address *at, const uint8_t *server_key)
{
	told.at = *at;
	told.has_key = server_key != NULL;
	if (server_key != NULL)
		memcpy(told.key, server_key, sizeof told.key);
	return __real_client_login(c, name, at, server_key);
}

static struct sotto *
home(const char *root, const char *account)
{
	struct sotto_options options = { .home = root, .account = account,
		.allow_unknown_server = true, .stretch_mib = 64,
		.stretch_passes = 1 };
	struct sotto *s = NULL;

	CHECK_EQ(sotto_new(&options, &s), SOTTO_OK);
	return s;
}

static bool
failed_with(const struct sotto *s, enum sotto_outcome outcome)
{
	const struct sotto_error *e = sotto_last_error(s);

	return e->outcome == outcome && e->what[0] != '\0';
}

TEST(options_are_checked)
{
	struct sotto_options options = { .home = "" };
	struct sotto *s;

	CHECK_EQ(sotto_new(&options, &s), SOTTO_USAGE);
	CHECK(s == NULL && failed_with(NULL, SOTTO_USAGE));
	options.home = "/nonexistent";
	options.listen = "somewhere";
	CHECK_EQ(sotto_new(&options, &s), SOTTO_USAGE);
	options.listen = "[::1]:0";
	CHECK_EQ(sotto_new(&options, &s), SOTTO_OK);
	CHECK(sotto_last_error(NULL)->outcome == SOTTO_OK);
	sotto_free(s);
	sotto_free(NULL);
}

TEST(arguments_are_checked)
{
	struct sotto *s = home(scratch_new(), NULL);

	CHECK_EQ(sotto_register(s, "sotto://nonsense"), 0);
	CHECK(failed_with(s, SOTTO_USAGE));
	CHECK_EQ(sotto_login(s, "no address", NULL), 0);
	CHECK(failed_with(s, SOTTO_USAGE));
	CHECK_EQ(sotto_login(s, "al@h", "not a key"), 0);
	CHECK(failed_with(s, SOTTO_USAGE));
	CHECK_EQ(sotto_list(s), 0);
	CHECK(failed_with(s, SOTTO_USAGE));
	CHECK_EQ(sotto_say(s, 1, "x", 1), 0);
	CHECK(failed_with(s, SOTTO_NOT_THERE));
	CHECK_EQ(sotto_hang_up(s, 1), SOTTO_NOT_THERE);
	CHECK_EQ(sotto_answer(s, 1, true), SOTTO_NOT_THERE);
	sotto_free(s);
}

TEST(passwords_have_a_form)
{
	struct sotto *s = home(scratch_new(), NULL);
	char longest[1025];

	memset(longest, 'x', sizeof longest);
	CHECK_EQ(sotto_set_password(s, "1234567", 7), SOTTO_USAGE);
	CHECK_EQ(sotto_set_password(s, "1234567\xff", 8), SOTTO_USAGE);
	CHECK_EQ(sotto_set_password(s, "1234\0 678", 9), SOTTO_USAGE);
	CHECK_EQ(sotto_set_password(s, longest, 1025), SOTTO_USAGE);
	CHECK_EQ(sotto_set_password(s, longest, 1024), SOTTO_OK);
	CHECK_EQ(sotto_set_password(s, "12345678", 8), SOTTO_OK);
	sotto_free(s);
}

/* Runs a command to its end; how that was. */
static enum sotto_outcome
await(struct sotto *s, uint32_t command)
{
	struct sotto_event ev;

	CHECK(command != 0);
	for (int turns = 0; command != 0 && turns < 10000; turns++) {
		while (sotto_next(s, &ev))
			if (ev.type == SOTTO_DONE && ev.command == command)
				return ev.error.outcome;
		sotto_step(s, 100);
	}
	return SOTTO_OK;
}

TEST(commands_end_though_nobody_answers)
{
	struct sotto *s = home(scratch_new(), NULL);

	CHECK_EQ(await(s, sotto_login(s, "al@127.0.0.1:1", NULL)),
	    SOTTO_NO_INPUT);
	CHECK_EQ(sotto_set_password(s, "pebble orchid", 13), SOTTO_OK);
	CHECK_EQ(await(s, sotto_login(s, "al@127.0.0.1:1", NULL)),
	    SOTTO_NO_SERVER);
	CHECK(sotto_fd(s) >= 0);
	sotto_free(s);
}

TEST(the_address_names_another_account)
{
	struct sotto *s = home(scratch_new(), NULL);

	CHECK_EQ(await(s, sotto_login(s, "al@127.0.0.1:1", NULL)),
	    SOTTO_NO_INPUT);
	CHECK_EQ(sotto_login(s, "bob@127.0.0.1:1", NULL), 0);
	CHECK(failed_with(s, SOTTO_USAGE));
	CHECK_EQ(await(s, sotto_login(s, "AL@127.0.0.1:1", NULL)),
	    SOTTO_NO_INPUT);
	sotto_free(s);
}

/* What is not asked for is the safe thing; what is, gets through. */
TEST(options_reach_the_client)
{
	struct sotto_options options = { .home = scratch_new() };
	struct sotto *s;

	CHECK_EQ(sotto_new(&options, &s), SOTTO_OK);
	CHECK(sotto_login(s, "al@127.0.0.1:1", NULL) != 0);
	CHECK_EQ(told.options.ksf.memory_kib, 256 * 1024);
	CHECK_EQ(told.options.ksf.passes, 3);
	CHECK(!told.options.is_ephemeral && !told.options.hides_address);
	CHECK(!told.options.allows_unknown_server);
	CHECK_EQ(told.options.paths, SOTTO_PATHS_ANY);
	sotto_free(s);
	options = (struct sotto_options){ .ephemeral = true,
		.hide_address = true, .allow_unknown_server = true,
		.paths = SOTTO_PATHS_RELAY_ONLY,
		.policy = SOTTO_POLICY_REFUSE, .stretch_mib = 64,
		.stretch_passes = 5 };
	CHECK_EQ(sotto_new(&options, &s), SOTTO_OK);
	CHECK(sotto_login(s, "al@127.0.0.1:1", NULL) != 0);
	CHECK_EQ(told.options.ksf.memory_kib, 64 * 1024);
	CHECK_EQ(told.options.ksf.passes, 5);
	CHECK(told.options.is_ephemeral && told.options.hides_address);
	CHECK(told.options.allows_unknown_server);
	CHECK_EQ(told.options.paths, SOTTO_PATHS_RELAY_ONLY);
	CHECK_EQ(told.options.policy, SOTTO_POLICY_REFUSE);
	sotto_free(s);
}

/* A host has one spelling, and a key that is given is the key. */
TEST(a_login_names_its_server)
{
	static const char text[] =
	    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
	struct sotto *s = home(scratch_new(), NULL);
	uint8_t key[WIRE_KEY_LEN];

	CHECK_OK(base64_decode(key, sizeof key, bytes_str(text)));
	CHECK(sotto_login(s, "al@LocalHost:1", text) != 0);
	CHECK(strcmp(told.at.host, "localhost") == 0);
	CHECK(told.has_key);
	CHECK_BYTES(BYTES_OF(told.key), BYTES_OF(key));
	CHECK(sotto_login(s, "al@localhost:1", NULL) != 0);
	CHECK(!told.has_key);
	sotto_free(s);
}

/* The end of an invite link is as good as a key: no error shows it. A link
 * that is one names the account whatever the case of its host. */
TEST(a_link_is_not_shown)
{
	static const char link[] = "sotto://al@LocalHost:1/"
	    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
	    "#AAECAwQFBgcICQoLDA0ODw";
	struct sotto *s = home(scratch_new(), NULL);
	const struct sotto_error *e;
	char broken[sizeof link + 1];

	(void)snprintf(broken, sizeof broken, "%s=", link);
	CHECK_EQ(sotto_register(s, broken), 0);
	e = sotto_last_error(s);
	CHECK(strstr(e->what, "AAEC") == NULL);
	CHECK(strstr(e->why, "AAEC") == NULL);
	CHECK(strstr(e->advice, "AAEC") == NULL);
	CHECK_EQ(sotto_set_password(s, "pebble orchid walnut", 20), SOTTO_OK);
	CHECK(sotto_register(s, link) != 0);
	CHECK(sotto_login(s, "al@localhost:1", NULL) != 0);
	sotto_free(s);
}

CHECK_MAIN(T(options_are_checked), T(arguments_are_checked),
    T(passwords_have_a_form), T(commands_end_though_nobody_answers),
    T(the_address_names_another_account), T(options_reach_the_client),
    T(a_login_names_its_server), T(a_link_is_not_shown))
