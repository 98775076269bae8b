/* Commands that come to nothing before anybody is asked. */
#include "client/command.h"
#include "client/core.h"
#include "crypto/crypto.h"
#include "support/check.h"

#include <stdio.h>
#include <string.h>

static struct {
	struct client *c;
	uint32_t ended;  /* the command that ended last */
	enum sotto_outcome outcome;
	char why[200];
	enum sotto_pin pin; /* of the person that was shown last */
	size_t accounts; /* shown */
	size_t links;    /* asked for */
} t;

static uint64_t
now(void *ctx)
{
	(void)ctx;
	return 5000;
}

static void
fill(void *ctx, void *out, size_t n)
{
	(void)ctx;
	memset(out, 0x5a, n);
}

static void
on_connect(void *ctx, client_link link, const struct wire_address *at)
{
	(void)ctx;
	(void)link;
	(void)at;
	t.links++;
}

static void
on_deadline(void *ctx, uint64_t at_ms)
{
	(void)ctx;
	(void)at_ms;
}

static void
on_event(void *ctx, const struct sotto_event *ev)
{
	(void)ctx;
	t.accounts += ev->type == SOTTO_ACCOUNT;
	if (ev->type == SOTTO_PERSON)
		t.pin = ev->person.pin;
	if (ev->type != SOTTO_DONE)
		return;
	t.ended = ev->command;
	t.outcome = ev->error.outcome;
	(void)snprintf(t.why, sizeof t.why, "%s", ev->error.why);
}

static struct wire_name
name_of(const char *text)
{
	struct wire_name name;

	CHECK_OK(wire_name_parse(&name, bytes_str(text)));
	return name;
}

/* With an account in the home, or without. */
static void
begin(bool has_account)
{
	struct client_options options = { .ksf = { 1, 8 } };
	struct env env = { now, now, fill, NULL };
	struct client_effects effects = { .connect = on_connect,
		.deadline = on_deadline, .event = on_event };
	struct client_account account = { .name = name_of("alice"),
		.at = { "example.net", 7368 } };
	struct client_files files = { 0 };
	struct wr w = wr_new();

	CHECK_OK(crypto_init());
	memset(&t, 0, sizeof t);
	client_account_write(&account, &w);
	files.content[CLIENT_FILE_ACCOUNT] = wr_bytes(&w);
	CHECK_OK(client_new(&options, has_account ? &files : NULL, &env,
	    &effects, &t.c));
	wr_free(&w);
}

static void
end(void)
{
	client_free(t.c);
}

/* The command has ended so, or is under way (SOTTO_OK). */
static bool
ends(uint32_t command, enum sotto_outcome outcome)
{
	client_flush(t.c);
	if (outcome == SOTTO_OK)
		return CHECK(t.ended != command);
	return CHECK_EQ(t.ended, command) && CHECK_EQ(t.outcome, outcome);
}

static void
password(const char *text)
{
	CHECK_OK(client_set_password(t.c, bytes_str(text)));
}

TEST(a_new_password_is_judged)
{
	struct wire_link link = { .name = name_of("alice"),
		.at = { "example.net", 7368 }, .server_key = { 1 } };
	static char longest[SOTTO_PASSWORD_MAX + 2];

	begin(false);
	ends(client_register(t.c, &link), SOTTO_NO_INPUT);
	password("seven77");
	ends(client_register(t.c, &link), SOTTO_WEAK_PASSWORD);
	CHECK(strstr(t.why, "8 to 1,024") != NULL);
	memset(longest, 'x', SOTTO_PASSWORD_MAX + 1);
	password(longest);
	ends(client_register(t.c, &link), SOTTO_WEAK_PASSWORD);
	CHECK(strstr(t.why, "8 to 1,024") != NULL);
	password("password1");
	ends(client_register(t.c, &link), SOTTO_WEAK_PASSWORD);
	CHECK(strstr(t.why, "people choose") != NULL);
	CHECK_EQ(t.links, 0);
	password("correct horse battery staple");
	ends(client_register(t.c, &link), SOTTO_OK);
	CHECK_EQ(t.links, 1);
	end();
	begin(true);
	password("correct horse battery staple");
	ends(client_register(t.c, &link), SOTTO_USAGE);
	ends(client_passwd(t.c, BYTES_LIT("password1")), SOTTO_WEAK_PASSWORD);
	CHECK_EQ(t.links, 0);
	end();
}

TEST(a_home_has_one_account)
{
	struct wire_name alice = name_of("alice"), bob = name_of("bob");
	struct wire_address at = { "example.net", 7368 };
	uint8_t key[WIRE_KEY_LEN] = { 1 };

	begin(true);
	ends(client_whoami(t.c), SOTTO_NO_INPUT);
	password("correct horse battery staple");
	ends(client_login(t.c, &bob, &at, NULL), SOTTO_USAGE);
	/* No keyring: it is no device any more. */
	ends(client_list(t.c), SOTTO_CONFIG);
	ends(client_call(t.c, &alice), SOTTO_CONFIG);
	CHECK_EQ(t.links, 0);
	end();
	begin(false);
	password("correct horse battery staple");
	ends(client_list(t.c), SOTTO_CONFIG);
	/* Nor is a server asked for its key, unless that is allowed. */
	ends(client_login(t.c, &alice, &at, NULL), SOTTO_KEY_CHANGED);
	CHECK_EQ(t.links, 0);
	ends(client_login(t.c, &alice, &at, key), SOTTO_OK);
	CHECK_EQ(t.links, 1);
	end();
}

/* An account that is no account ends it at once. */
TEST(a_damaged_account_is_told)
{
	struct client_options options = { .ksf = { 1, 8 } };
	struct env env = { now, now, fill, NULL };
	struct client_effects effects = { .event = on_event };
	struct client_files files = { .content = {
		[CLIENT_FILE_ACCOUNT] = BYTES_LIT("nothing of the kind") } };
	struct client *c = NULL;

	CHECK_OK(crypto_init());
	CHECK(client_new(&options, &files, &env, &effects, &c) != ERR_OK);
	CHECK(c == NULL);
}

/* A keyring that is none. */
TEST(a_damaged_keyring_is_told)
{
	begin(true);
	password("correct horse battery staple");
	CHECK_OK(wr_done(&t.c->vault.files[CLIENT_FILE_KEYRING].content));
	wr_put(&t.c->vault.files[CLIENT_FILE_KEYRING].content,
	    BYTES_LIT("no keyring"));
	ends(client_list(t.c), SOTTO_CONFIG);
	CHECK(strstr(t.why, "keyring is damaged") != NULL);
	CHECK_EQ(t.links, 0);
	end();
}

/* Nobody has asked for connections: whoever comes is sent away. */
TEST(nobody_is_let_in_unasked)
{
	struct wire_endpoint at = { { [15] = 1 }, 4000 };

	begin(true);
	CHECK_EQ(client_accepted(t.c, &at), 0);
	client_closed(t.c, 77, ERR_OK);
	client_sent(t.c, 77, 5);
	client_bytes(t.c, 77, BYTES_LIT("x"));
	client_job_done(t.c, 99);
	CHECK_EQ(t.links, 0);
	end();
}

/* The list shows oneself, under whatever key the server has there. */
TEST(ones_own_key_in_the_list_is_looked_at)
{
	struct wire_person alice = { .name = name_of("alice") };
	struct wire_PEOPLE m = { .is_last = 1 };
	struct client_command *cmd;

	for (uint8_t i = 0; i < 2; i++) {
		struct wr entries = wr_new();

		begin(true);
		cmd = client_command_new(t.c, CLIENT_COMMAND_LIST);
		alice.identity[31] = i;
		wire_person_put(&entries, &alice);
		m.entries = wr_bytes(&entries);
		CHECK_OK(client_people_list.answer(t.c, cmd, WIRE_PEOPLE,
		    &m));
		CHECK_EQ(t.pin, i == 0 ? SOTTO_PIN_VERIFIED :
					 SOTTO_PIN_CHANGED);
		wr_free(&entries);
		end();
	}
}

CHECK_MAIN(T(a_new_password_is_judged), T(a_home_has_one_account),
    T(a_damaged_account_is_told), T(a_damaged_keyring_is_told),
    T(nobody_is_let_in_unasked), T(ones_own_key_in_the_list_is_looked_at))
