#include "cli/chat_parse.h"

#include "support/check.h"

#include <stdio.h>
#include <string.h>

static bool
means(const char *line, enum chat_verb verb, const char *name,
    const char *text)
{
	struct chat_line got;
	bool ok;

	chat_parse(line, strlen(line), &got);
	ok = got.verb == verb && strcmp(got.name, name) == 0 &&
	    got.n == strlen(text) && memcmp(got.text, text, got.n) == 0;
	if (!ok)
		printf("  \"%s\" is %d, name \"%s\", text \"%.*s\"\n", line,
		    (int)got.verb, got.name, (int)got.n, got.text);
	return ok;
}

#define MEANS(line, verb, name, text) CHECK(means(line, verb, name, text))

TEST(slash_commands)
{
	MEANS("/help", CHAT_HELP, "", "");
	MEANS("/session bob", CHAT_SESSION, "bob", "");
	MEANS("/session  bob ", CHAT_SESSION, "bob", "");
	MEANS("/host", CHAT_HOST, "", "");
	MEANS("/list", CHAT_LIST, "", "");
	MEANS("/msg bob  two  words ", CHAT_MSG, "bob", "two  words ");
	MEANS("/msg bob", CHAT_SESSION, "bob", "");
	MEANS("/disconnect", CHAT_DISCONNECT, "", "");
	MEANS("/disconnect bob", CHAT_DISCONNECT, "bob", "");
	MEANS("/verify", CHAT_VERIFY, "", "");
	MEANS("/verify bob", CHAT_VERIFY, "bob", "");
	MEANS("/confirm bob", CHAT_CONFIRM, "bob", "");
	MEANS("/accept", CHAT_ACCEPT, "", "");
	MEANS("/decline carol", CHAT_DECLINE, "carol", "");
	MEANS("/away", CHAT_AWAY, "", "");
	MEANS("/back", CHAT_BACK, "", "");
	MEANS("/hide", CHAT_HIDE, "", "");
	MEANS("/show", CHAT_SHOW, "", "");
	MEANS("/whoami", CHAT_WHOAMI, "", "");
	MEANS("/logout", CHAT_LOGOUT, "", "");
	MEANS("/quit", CHAT_QUIT, "", "");
	MEANS("/exit", CHAT_QUIT, "", "");
}

TEST(older_spellings)
{
	MEANS("!session host", CHAT_HOST, "", "");
	MEANS("!session bob", CHAT_SESSION, "bob", "");
	MEANS("!list", CHAT_LIST, "", "");
	MEANS("!disconnect", CHAT_DISCONNECT, "", "");
	MEANS("LOGIN", CHAT_LOGIN, "", "");
	MEANS("LOGIN bob", CHAT_LOGIN, "bob", "");
	MEANS("LIST", CHAT_LIST, "", "");
	MEANS("SEND bob hi there", CHAT_MSG, "bob", "hi there");
	MEANS("SEND bob", CHAT_SESSION, "bob", "");
	MEANS("LOGOUT", CHAT_LOGOUT, "", "");
	MEANS("send bob hi there", CHAT_MSG, "bob", "hi there");
	MEANS("list", CHAT_LIST, "", "");
	MEANS("disconnect alice bob", CHAT_DISCONNECT_PAIR, "alice", "bob");
	MEANS("logout alice", CHAT_LOGOUT, "alice", "");
	MEANS("To: bob", CHAT_TO, "bob", "");
	MEANS("to: bob", CHAT_TO, "bob", "");
}

TEST(what_is_said)
{
	MEANS("", CHAT_NOTHING, "", "");
	MEANS("   ", CHAT_NOTHING, "", "");
	MEANS("hello", CHAT_SAY, "", "hello");
	MEANS("  hello ", CHAT_SAY, "", "  hello ");
	MEANS("//etc is a folder", CHAT_SAY, "", "/etc is a folder");
	MEANS("/say /etc  too", CHAT_SAY, "", "/etc  too");
	MEANS("the list is long", CHAT_SAY, "", "the list is long");
	MEANS("list the names", CHAT_SAY, "", "list the names");
	MEANS("last", CHAT_SAY, "", "last");
	MEANS("lost it", CHAT_SAY, "", "lost it");
	MEANS("I AM SHOUTING", CHAT_SAY, "", "I AM SHOUTING");
	MEANS("NO", CHAT_SAY, "", "NO");
	MEANS("!!", CHAT_SAY, "", "!!");
	MEANS("!", CHAT_SAY, "", "!");
	MEANS("quit the game", CHAT_SAY, "", "quit the game");
	MEANS("logout is in the menu", CHAT_SAY, "", "logout is in the menu");
	MEANS("To: bob and carol", CHAT_SAY, "", "To: bob and carol");
	MEANS("two\n/quit\nlines", CHAT_SAY, "", "two\n/quit\nlines");
}

TEST(slips_are_said_to_nobody)
{
	MEANS("/lsit", CHAT_MISTAKE, "", "/list");
	MEANS("/sesion bob", CHAT_MISTAKE, "", "/session NAME");
	MEANS("/sessoin bob", CHAT_MISTAKE, "", "/session NAME");
	MEANS("/session", CHAT_MISTAKE, "", "/session NAME");
	MEANS("/session bob carol", CHAT_MISTAKE, "", "/session NAME");
	MEANS("/msg", CHAT_MISTAKE, "", "/msg NAME TEXT");
	MEANS("/mgs bob secret", CHAT_MISTAKE, "", "/msg NAME TEXT");
	MEANS("/xyzzyx", CHAT_MISTAKE, "", "/help");
	MEANS("/", CHAT_MISTAKE, "", "/help");
	MEANS("/ list", CHAT_MISTAKE, "", "/help");
	MEANS(" /quit", CHAT_MISTAKE, "",
	    "the same without the blank in front");
	MEANS("!lsit", CHAT_MISTAKE, "", "/list");
	MEANS("!sesion bob", CHAT_MISTAKE, "", "/session NAME");
	MEANS("!important", CHAT_MISTAKE, "", "/help");
	MEANS("LSIT", CHAT_MISTAKE, "", "LIST");
	MEANS("LOGUT", CHAT_MISTAKE, "", "LOGOUT");
	MEANS("SEDN bob secret", CHAT_MISTAKE, "", "SEND");
	MEANS("LIST bob", CHAT_MISTAKE, "", "/list");
	MEANS("SEND", CHAT_MISTAKE, "", "/msg NAME TEXT");
	MEANS("send bob", CHAT_MISTAKE, "", "/msg NAME TEXT");
	MEANS("sned bob secret", CHAT_MISTAKE, "", "/msg NAME TEXT");
	MEANS("lsit", CHAT_MISTAKE, "", "/list");
	MEANS("disconnect", CHAT_MISTAKE, "", "/disconnect");
	MEANS("disconect alice bob", CHAT_MISTAKE, "", "/disconnect");
	MEANS("logout", CHAT_MISTAKE, "", "/logout");
	MEANS("quit", CHAT_MISTAKE, "", "/quit");
}

TEST(any_bytes_mean_something)
{
	char line[64];
	uint32_t x = 1;
	struct chat_line got;

	for (int round = 0; round < 200000; round++) {
		size_t n = x % sizeof line;

		for (size_t i = 0; i < n; i++) {
			x = x * 1664525 + 1013904223;
			line[i] =
			    "/!LISTsend list\tTo:\x80\0\n"[(x >> 16) % 23];
		}
		x = x * 1664525 + 1013904223;
		chat_parse(line, n, &got);
		if (got.verb == CHAT_SAY || got.verb == CHAT_MSG)
			CHECK(got.text >= line && got.text + got.n == line + n);
	}
}

CHECK_MAIN(T(slash_commands), T(older_spellings), T(what_is_said),
    T(slips_are_said_to_nobody), T(any_bytes_mean_something))
