/* The chat, with a library that only writes down what it is asked for. */
#include "cli/chat.h"

#include "support/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct chat chat;
static struct run run;
static struct out out;
static char asked[1024], shown[8192];
static uint32_t last_command;
static uint64_t last_message;

__attribute__((format(printf, 1, 2))) static void
note(const char *format, ...)
{
	size_t n = strlen(asked);
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(asked + n, sizeof asked - n, format, ap);
	va_end(ap);
}

/* ---- the library ---- */

uint32_t
sotto_host(struct sotto *s)
{
	(void)s;
	note("host;");
	return ++last_command;
}

uint32_t
sotto_whoami(struct sotto *s)
{
	(void)s;
	note("whoami;");
	return ++last_command;
}

uint32_t
sotto_list(struct sotto *s)
{
	(void)s;
	note("list;");
	return ++last_command;
}

uint32_t
sotto_set_status(struct sotto *s, enum sotto_status status)
{
	(void)s;
	note("status %s;", sotto_status_word(status));
	return ++last_command;
}

uint32_t
sotto_verify(struct sotto *s, const char *name, bool confirm)
{
	(void)s;
	note("%s %s;", confirm ? "confirm" : "verify", name);
	return ++last_command;
}

uint32_t
sotto_logout(struct sotto *s, enum sotto_logout scope)
{
	(void)s;
	note("logout %d;", (int)scope);
	return ++last_command;
}

uint32_t
sotto_call(struct sotto *s, const char *name)
{
	(void)s;
	note("call %s;", name);
	return ++last_command;
}

enum sotto_outcome
sotto_answer(struct sotto *s, uint32_t session, bool accept)
{
	(void)s;
	note("answer %u %s;", session, accept ? "yes" : "no");
	return SOTTO_OK;
}

uint64_t
sotto_say(struct sotto *s, uint32_t session, const char *text, size_t n)
{
	(void)s;
	note("say %u %.*s;", session, (int)n, text);
	return ++last_message;
}

void
sotto_written(struct sotto *s, uint32_t session, uint64_t message)
{
	(void)s;
	note("written %u %u;", session, (unsigned)message);
}

enum sotto_outcome
sotto_hang_up(struct sotto *s, uint32_t session)
{
	(void)s;
	note("hang up %u;", session);
	return SOTTO_OK;
}

const struct sotto_error *
sotto_last_error(const struct sotto *s)
{
	static const struct sotto_error none = { SOTTO_FAILED, 0, "It failed.",
		"", "" };

	(void)s;
	return &none;
}

/* ---- driving ---- */

static void
keep(void *ctx, const char *line)
{
	size_t n = strlen(shown);

	(void)ctx;
	(void)snprintf(shown + n, sizeof shown - n, "%s|", line);
}

static void
forget(void)
{
	asked[0] = shown[0] = '\0';
}

static struct sotto_event
event(enum sotto_event_type type)
{
	struct sotto_event ev = { .type = type };

	ev.error.what = ev.error.why = ev.error.advice = "";
	return ev;
}

static void
done(uint32_t command, enum sotto_outcome outcome)
{
	struct sotto_event ev = event(SOTTO_DONE);

	ev.command = command;
	ev.error.outcome = outcome;
	ev.error.what = outcome == SOTTO_OK ? "" : "It was refused.";
	chat_event(&chat, &ev);
}

static void
session(enum sotto_event_type type, uint32_t id, const char *name)
{
	struct sotto_event ev = event(type);

	ev.session.id = id;
	ev.session.name = name;
	ev.session.path = SOTTO_PATH_DIRECT;
	ev.session.pin = SOTTO_PIN_VERIFIED;
	chat_event(&chat, &ev);
}

static void
begin(const char *name)
{
	struct sotto_event ev = event(SOTTO_ACCOUNT);

	out = (struct out){ .color = OUT_COLOR_NEVER, .talk = OUT_STDOUT,
		.above = keep, .verbosity = -1 };
	run = (struct run){ .out = &out, .host = 1 };
	last_command = 1;
	forget();
	chat_begin(&chat, &run, name);
	ev.account.name = "alice";
	ev.account.server = "h:1";
	ev.account.identity = ev.account.device = "";
	chat_event(&chat, &ev);
	done(2, SOTTO_OK);
}

static void
type(const char *line)
{
	struct chat_line parsed;

	chat_parse(line, strlen(line), &parsed);
	chat_do(&chat, &parsed);
}

static const char *
prompt(void)
{
	static char text[64];

	chat_prompt(&chat, text, sizeof text);
	return text;
}

#define ASKED(want) CHECK(strcmp(asked, want) == 0)
#define SHOWN(part) CHECK(strstr(shown, part) != NULL)

TEST(begins_and_calls)
{
	begin("bob");
	ASKED("whoami;call bob;");
	SHOWN("You are alice at h:1.");
	CHECK(chat_is_busy(&chat));
	CHECK(strcmp(prompt(), "> ") == 0);
	forget();
	session(SOTTO_SESSION_UP, 5, "bob");
	done(3, SOTTO_OK);
	CHECK(!chat_is_busy(&chat));
	SHOWN("speaking with bob [direct] [verified] [pq]");
	CHECK(strcmp(prompt(), "bob> ") == 0);
	type("hello");
	ASKED("say 5 hello;");
	CHECK(chat_has_unsent(&chat));
	session(SOTTO_SENT, 5, "bob");
	CHECK(!chat_has_unsent(&chat));
	chat_end(&chat);
}

TEST(messages_are_acknowledged_when_shown)
{
	struct sotto_event ev = event(SOTTO_MESSAGE);

	begin(NULL);
	session(SOTTO_SESSION_UP, 5, "bob");
	forget();
	ev.session.id = 5;
	ev.session.name = "bob";
	ev.text.p = "hi";
	ev.text.n = 2;
	ev.text.id = 9;
	chat_event(&chat, &ev);
	SHOWN("bob: hi|");
	ASKED("written 5 9;");
	chat_end(&chat);
}

TEST(a_message_goes_to_whom_it_is_for)
{
	begin(NULL);
	session(SOTTO_SESSION_UP, 5, "bob");
	session(SOTTO_SESSION_UP, 6, "carol");
	CHECK(strcmp(prompt(), "bob> ") == 0);
	forget();
	type("send Carol for you");
	type("for bob");
	type("SEND dave not here");
	ASKED("say 6 for you;say 5 for bob;call dave;");
	forget();
	done(last_command, SOTTO_REFUSED);
	SHOWN("It was refused.");
	SHOWN("Nothing was sent to dave.");
	ASKED("");
	type("/session carol");
	CHECK(strcmp(prompt(), "carol> ") == 0);
	type("!disconnect");
	session(SOTTO_SESSION_DOWN, 6, "carol");
	CHECK(strcmp(prompt(), "> ") == 0);
	chat_end(&chat);
}

TEST(what_is_sent_to_someone_not_there_yet_waits)
{
	begin(NULL);
	forget();
	type("/msg bob a secret");
	type("to: carol");
	SHOWN("No message is waiting");
	session(SOTTO_SESSION_UP, 7, "bob");
	done(3, SOTTO_OK);
	ASKED("call bob;say 7 a secret;");
	chat_end(&chat);
}

TEST(a_message_then_to)
{
	begin(NULL);
	forget();
	type("hello there");
	ASKED("");
	SHOWN("To whom?");
	type("To: bob");
	ASKED("call bob;");
	session(SOTTO_SESSION_UP, 7, "bob");
	done(3, SOTTO_OK);
	ASKED("call bob;say 7 hello there;");
	chat_end(&chat);
}

TEST(mistakes_are_not_sent)
{
	begin(NULL);
	session(SOTTO_SESSION_UP, 5, "bob");
	forget();
	type("/lsit");
	type("sned carol secret");
	type("logout");
	ASKED("");
	SHOWN("Did you mean /list?");
	SHOWN("Did you mean /msg NAME TEXT?");
	type("//lsit");
	ASKED("say 5 /lsit;");
	chat_end(&chat);
}

TEST(nobody_is_ended_for_others)
{
	begin(NULL);
	session(SOTTO_SESSION_UP, 5, "bob");
	forget();
	type("logout bob");
	type("disconnect bob alice");
	ASKED("");
	SHOWN("You can log out yourself only");
	SHOWN("You can end your own sessions only");
	type("disconnect alice bob");
	type("logout Alice");
	ASKED("hang up 5;logout 0;");
	chat_end(&chat);
}

TEST(questions_are_answered_in_order)
{
	begin(NULL);
	session(SOTTO_QUESTION, 1, "carol");
	session(SOTTO_QUESTION, 2, "dave");
	session(SOTTO_QUESTION, 3, "erin");
	SHOWN("carol would like to speak with you: /accept or /decline");
	forget();
	session(SOTTO_QUESTION_OVER, 3, "erin");
	SHOWN("erin no longer asks");
	type("/decline dave");
	type("/accept");
	type("/accept");
	ASKED("answer 2 no;answer 1 yes;");
	SHOWN("Nobody is asking.");
	chat_end(&chat);
}

TEST(a_line_is_cut_or_closed)
{
	struct sotto_event ev = event(SOTTO_SESSION_DOWN);

	begin(NULL);
	session(SOTTO_SESSION_UP, 5, "bob");
	type("lost");
	forget();
	ev.session.id = 5;
	ev.session.name = "bob";
	ev.error.outcome = SOTTO_NO_SERVER;
	ev.error.why = "Nothing more was heard.";
	chat_event(&chat, &ev);
	SHOWN("line cut, with bob. Nothing more was heard.");
	SHOWN("1 of your messages to bob may not have been read.");
	session(SOTTO_SESSION_UP, 6, "bob");
	forget();
	session(SOTTO_SESSION_DOWN, 6, "bob");
	SHOWN("session closed, with bob");
	chat_end(&chat);
}

TEST(out_and_in_again)
{
	begin(NULL);
	forget();
	type("/away");
	type("/back");
	type("/hide");
	type("/show");
	type("!session host");
	ASKED("status away;status available;status invisible;"
	      "status available;status available;");
	forget();
	type("LOGIN");
	SHOWN("You are logged in as alice.");
	type("LOGOUT");
	done(last_command, SOTTO_OK);
	SHOWN("Logged out.");
	/* The password is asked for again. */
	type("LOGIN");
	ASKED("logout 0;");
	CHECK(chat.is_over && strcmp(chat.next_account, "alice") == 0);
	type("LOGIN bob");
	CHECK(chat.is_over && strcmp(chat.next_account, "bob") == 0);
	chat_end(&chat);
}

TEST(what_keeps_us_there_may_fail)
{
	begin(NULL);
	done(1, SOTTO_NO_SERVER);
	CHECK(chat.is_over && chat.code == SOTTO_NO_SERVER);
	SHOWN("It was refused.");
	chat_end(&chat);
}

CHECK_MAIN(T(begins_and_calls), T(messages_are_acknowledged_when_shown),
    T(a_message_goes_to_whom_it_is_for),
    T(what_is_sent_to_someone_not_there_yet_waits), T(a_message_then_to),
    T(mistakes_are_not_sent), T(nobody_is_ended_for_others),
    T(questions_are_answered_in_order), T(a_line_is_cut_or_closed),
    T(out_and_in_again), T(what_keeps_us_there_may_fail))
