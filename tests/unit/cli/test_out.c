#include "cli/show.h"

#include "support/check.h"

#include <stdio.h>
#include <string.h>

static struct out out;
static char shown[4096];

static void
keep(void *ctx, const char *line)
{
	(void)ctx;
	(void)snprintf(shown, sizeof shown, "%s", line);
}

static void
begin(bool is_json)
{
	out = (struct out){ .is_json = is_json, .talk = OUT_STDOUT,
		.above = keep, .color = OUT_COLOR_NEVER };
	shown[0] = '\0';
}

static struct sotto_event
message(const char *text, size_t n)
{
	struct sotto_event ev = { .type = SOTTO_MESSAGE };

	ev.session.name = "bob";
	ev.session.path = SOTTO_PATH_DIRECT;
	ev.session.pin = SOTTO_PIN_PINNED;
	ev.text.p = text;
	ev.text.n = n;
	ev.text.time_ms = 1700000000123;
	return ev;
}

TEST(messages_plain_and_json)
{
	struct sotto_event ev = message("hi\n\"you\"", 8);

	begin(false);
	CHECK(show_message(&out, &ev));
	CHECK(strcmp(shown, "bob: hi\\n\"you\"") == 0);
	begin(true);
	CHECK(show_message(&out, &ev));
	CHECK(strcmp(shown,
	          "{\"type\":\"message\",\"from\":\"bob\",\"text\":"
	          "\"hi\\n\\\"you\\\"\",\"path\":\"direct\",\"pin\":\"pinned\","
	          "\"time\":\"2023-11-14T22:13:20.123Z\"}") == 0);
}

/* No byte that a terminal acts upon, whatever a text holds. */
TEST(nothing_raw_gets_through)
{
	char text[512];

	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < sizeof text; i += 2) {
			text[i] = (char)(i / 2);
			text[i + 1] = round == 0 ? 'x' : (char)0x9b;
		}
		for (int json = 0; json < 2; json++) {
			struct sotto_event ev = message(text, sizeof text);

			begin(json == 1);
			CHECK(show_message(&out, &ev));
			for (const char *p = shown; *p != '\0'; p++)
				CHECK((unsigned char)*p >= 0x20 && *p != 0x7f);
			CHECK(strstr(shown, "\xc2\x9b") == NULL);
		}
	}
}

TEST(json_text_is_utf8)
{
	static const struct {
		const char *in, *want;
	} cases[] = {
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
		{ "\xf0\x9f\x90\x8c", "\xf0\x9f\x90\x8c" },
		{ "a\xff" "b", "a\\ufffdb" },
		{ "\xc0\x80", "\\ufffd\\ufffd" },
		{ "\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd" },
		{ "\xe2\x80\xae" "x", "\\u202ex" },
		{ "\xc2\x9b" "x", "\\u009bx" },
		{ "\\ \t", "\\\\ \\u0009" },
		{ "\xe2\x82", "\\ufffd\\ufffd" },
	};
	char want[128];

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct out_line l;

		begin(true);
		l = out_begin(&out, OUT_STDOUT);
		out_json_string(&l, "t", cases[i].in);
		CHECK(out_end(&l));
		(void)snprintf(want, sizeof want, "{\"t\":\"%s\"}",
		    cases[i].want);
		CHECK(strcmp(shown, want) == 0);
	}
}

TEST(errors_in_sentences)
{
	struct sotto_error e = { SOTTO_WAIT, 1500, "It did not work.",
		"The server said\x1b[2J wait.", "Try later." };

	begin(false);
	out_error(&out, &e);
	CHECK(strcmp(shown, "!! It did not work. The server said\\x1b[2J wait. "
	                    "Wait 2 s. Try later.") == 0);
	begin(true);
	out_error(&out, &e);
	CHECK(strcmp(shown,
		  "{\"type\":\"error\",\"code\":6,\"what\":\"It did "
		  "not work.\",\"why\":\"The server said\\u001b[2J "
		  "wait.\",\"do\":\"Try later.\",\"wait_ms\":1500}") == 0);
}

TEST(rows)
{
	struct sotto_event ev = { .type = SOTTO_PERSON };

	ev.person.name = "bob";
	ev.person.status = SOTTO_BUSY;
	ev.person.devices = 2;
	ev.person.pin = SOTTO_PIN_VERIFIED;
	begin(true);
	show_person(&out, &ev);
	CHECK(strcmp(shown, "{\"type\":\"person\",\"name\":\"bob\",\"status\":"
	                    "\"busy\",\"devices\":2,\"pin\":\"verified\","
	                    "\"you\":false}") == 0);
	begin(false);
	show_person(&out, &ev);
	CHECK(strcmp(shown, "bob           busy       verified  2") == 0);
	ev.device.id = "d1";
	ev.device.name = "laptop";
	begin(true);
	show_device(&out, &ev);
	CHECK(strcmp(shown, "{\"type\":\"device\",\"id\":\"d1\",\"name\":"
	                    "\"laptop\",\"added\":null,\"expires\":null,"
	                    "\"this\":false}") == 0);
	ev.type = SOTTO_SESSION_UP;
	ev.session.name = "carol";
	ev.session.path = SOTTO_PATH_RELAY;
	ev.session.pin = SOTTO_PIN_VERIFIED;
	begin(false);
	show_session(&out, &ev);
	CHECK(strcmp(shown,
		  "-- speaking with carol [relay] [verified] [pq]") == 0);
	for (int pin = SOTTO_PIN_NONE; pin <= SOTTO_PIN_CHANGED; pin++) {
		ev.session.pin = (enum sotto_pin)pin;
		show_session(&out, &ev);
		CHECK((strstr(shown, "unverified") == NULL) ==
		    (pin == SOTTO_PIN_VERIFIED));
	}
}

/* What a server or a peer has said is in some of them. */
TEST(talk_is_harmless)
{
	begin(false);
	out_say(&out, "waiting for %s", "\x1b]0;title\a\xe2\x80\xae");
	CHECK(strcmp(shown,
		  "-- waiting for \\x1b]0;title\\x07\\u202e") == 0);
	begin(true);
	out_say(&out, "waiting for %s", "\x1b");
	CHECK(strchr(shown, '\x1b') == NULL);
}

CHECK_MAIN(T(messages_plain_and_json), T(nothing_raw_gets_through),
    T(json_text_is_utf8), T(errors_in_sentences), T(rows), T(talk_is_harmless))
