/* What the public interface says without a server. */
#include "sotto.h"

#include "support/check.h"
#include "support/scratch.h"

#include <stdio.h>
#include <string.h>

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

CHECK_MAIN(T(options_are_checked), T(arguments_are_checked),
    T(passwords_have_a_form), T(commands_end_though_nobody_answers),
    T(the_address_names_another_account))
