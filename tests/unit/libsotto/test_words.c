#include "libsotto/queue.h"

#include "support/check.h"

#include <stdlib.h>
#include <string.h>

TEST(events_keep_copies_of_their_strings)
{
	struct sotto_event ev = { .type = SOTTO_MESSAGE, .command = 7 }, got;
	char name[] = "bob", text[] = { 'a', '\0', 'b' };
	struct queue q;

	queue_init(&q);
	CHECK(queue_is_empty(&q) && !queue_take(&q, &got));
	ev.session.name = name;
	ev.text.p = text;
	ev.text.n = sizeof text;
	queue_push(&q, &ev);
	ev.command = 8;
	queue_push(&q, &ev);
	memset(name, 'x', 3);
	memset(text, 'x', 3);
	CHECK(queue_take(&q, &got));
	CHECK_EQ(got.command, 7);
	CHECK(strcmp(got.session.name, "bob") == 0);
	CHECK_BYTES(((struct bytes){ (const uint8_t *)got.text.p, got.text.n }),
	    ((struct bytes){ (const uint8_t *)"a\0b", 3 }));
	CHECK(strcmp(got.error.what, "") == 0);
	CHECK(strcmp(got.safety.qr, "") == 0);
	CHECK(queue_take(&q, &got));
	CHECK_EQ(got.command, 8);
	CHECK(!queue_take(&q, &got));
	queue_push(&q, &ev);
	queue_wipe(&q);
	CHECK(queue_is_empty(&q));
}

static enum sotto_outcome
judge(const char *password, size_t n)
{
	const char *why = NULL;
	enum sotto_outcome outcome = sotto_judge_password(password, n, "alice",
	    "chat.example", &why);

	CHECK(why != NULL && (outcome == SOTTO_OK) == (why[0] == '\0'));
	return outcome;
}

TEST(passwords_are_judged)
{
	char longest[1100];

	memset(longest, 'q', sizeof longest);
	CHECK_EQ(judge("", 0), SOTTO_WEAK_PASSWORD);
	CHECK_EQ(judge("hunter2", 7), SOTTO_WEAK_PASSWORD);
	CHECK_EQ(judge("password1", 9), SOTTO_WEAK_PASSWORD);
	CHECK_EQ(judge("alice.chat.example", 18), SOTTO_WEAK_PASSWORD);
	CHECK_EQ(judge("with\0a nul in it, long", 22), SOTTO_USAGE);
	CHECK_EQ(judge("\xff\xfe not utf-8 at all", 20), SOTTO_USAGE);
	CHECK_EQ(judge(longest, sizeof longest), SOTTO_USAGE);
	CHECK_EQ(judge("pebble orchid tundra 41", 23), SOTTO_OK);
}

TEST(generated_passphrases_are_good_and_differ)
{
	char *a = sotto_passphrase(), *b = sotto_passphrase();

	CHECK(a != NULL && b != NULL && strcmp(a, b) != 0);
	CHECK_EQ(judge(a, strlen(a)), SOTTO_OK);
	free(a);
	free(b);
}

TEST(words_for_the_enums)
{
	CHECK(strcmp(sotto_status_word(SOTTO_AWAY), "away") == 0);
	CHECK(strcmp(sotto_pin_word(SOTTO_PIN_CHANGED), "changed") == 0);
	CHECK(strcmp(sotto_path_word(SOTTO_PATH_RELAY), "relay") == 0);
}

CHECK_MAIN(T(events_keep_copies_of_their_strings), T(passwords_are_judged),
    T(generated_passphrases_are_good_and_differ), T(words_for_the_enums))
