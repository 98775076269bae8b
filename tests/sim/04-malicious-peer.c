/*
 * A malicious peer: bob, whom alice knows and whose keys are his own, on a
 * line that the server has introduced honestly. Each test says what he does;
 * scene.h says what must hold whatever it is.
 */
#include "client/core.h"
#include "client/introduction.h"
#include "client/line.h"
#include "sim/inside.h"
#include "sim/scene.h"

#include <stdlib.h>
#include <string.h>

static struct scene s;

static struct plot {
	struct bytes said;  /* instead of HELLO: a type, and a body */
	bool is_mute;
	size_t at;          /* the byte of a handshake that is altered */
	unsigned hits;
} plot;

static void
begin_with(uint64_t seed)
{
	memset(&plot, 0, sizeof plot);
	scene_begin(&s, &(struct scene_options){ .seed = seed,
	    .has_honest_server = true });
	s.m = malice_peer(s.bob);
}

static void
begin(void)
{
	begin_with(7);
}

static void
end(void)
{
	scene_end(&s);
}

/* A line that stands, as bob has it; he called, or alice did. */
static struct malice_link *
line(bool bob_calls)
{
	struct malice_link *l;

	if (bob_calls)
		(void)scene_line(&s, s.bob, "alice");
	else
		(void)scene_line(&s, s.alice, "bob");
	l = malice_find(s.m, s.alice);
	CHECK(l != NULL && l->stands);
	return l;
}

static uint32_t
session_of(const struct program *p, const char *name)
{
	const struct world_event *up = program_last(p, SOTTO_SESSION_UP,
	    name);

	CHECK(up != NULL);
	return up == NULL ? 0 : up->event.session.id;
}

/* Whether alice's line is down, and was not closed. */
static bool
is_cut(void)
{
	const struct world_event *down = program_last(s.alice,
	    SOTTO_SESSION_DOWN, "bob");

	return down != NULL && down->event.error.outcome == SOTTO_NO_SERVER;
}

/* What bob has said is heard now; the line is then over for alice, or is
 * not, and the number of texts that she was shown is this. */
static void
hears(struct malice_link *l, bool ends, size_t shown)
{
	malice_flush(l);
	world_run(s.w, 500);
	CHECK_EQ(program_count(s.alice, SOTTO_SESSION_DOWN, "bob"), ends);
	CHECK_EQ(program_count(s.alice, SOTTO_MESSAGE, "bob"), shown);
	CHECK_EQ(is_cut(), ends);
}

/* Says a text that alice may be shown. */
static void
text(struct malice_link *l, uint64_t id, const char *what)
{
	struct wire_TEXT m = { id, bytes_str(what) };

	s.texts[s.said++] = (struct scene_text){ .from = s.bob,
		.to = s.alice, .text = what };
	malice_say(l, WIRE_TEXT, &m);
}

/* ---- before there is a session ---- */

static bool
instead_of_hello(struct malice_link *l, uint8_t type, struct bytes body)
{
	(void)body;
	if (type != WIRE_HELLO)
		return true;
	plot.hits++;
	if (!plot.is_mute)
		malice_put(l, plot.said.p[0],
		    (struct bytes){ plot.said.p + 1, plot.said.n - 1 });
	return false;
}

/* Something else where HELLO belongs: a text, a receipt, a ping, CLOSE,
 * HELLO with another id or a byte too few, PAD, what belongs on a channel;
 * or nothing at all. Nobody is shown a session, and the line is forgotten. */
TEST(without_hello_there_is_no_session)
{
	static const uint8_t hello[17] = { WIRE_HELLO, 1, 2, 3 };
	static const struct bytes rows[] = {
		{ (const uint8_t *)"\x81\0\0\0\0\0\0\0\x01\0\x02hi", 13 },
		{ (const uint8_t *)"\x82\0\0\0\0\0\0\0\x01", 9 },
		{ (const uint8_t *)"\x02\0\0\0\0\0\0\0\x01", 9 },
		{ (const uint8_t *)"\x01\0", 2 },
		{ hello, 17 },
		{ hello, 16 },
		{ (const uint8_t *)"\x06\0\0\0\x01", 5 },
		{ (const uint8_t *)"\x04\0\0\0\x01", 5 },
		{ (const uint8_t *)"\x7f", 1 },
		{ NULL, 0 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		begin();
		plot.said = rows[i];
		plot.is_mute = rows[i].n == 0;
		s.m->on_said = instead_of_hello;
		(void)scene_call(s.bob, "alice");
		world_run(s.w, 20000);
		CHECK(plot.hits > 0);
		CHECK_EQ(program_count(s.alice, SOTTO_SESSION_UP, NULL), 0);
		CHECK_EQ(program_count(s.alice, SOTTO_MESSAGE, NULL), 0);
		CHECK(list_is_empty(&s.alice->core->lines));
		scene_still_works(&s);
		end();
	}
}

static bool
alter_handshake(struct malice_link *l, bool is_core, uint8_t *record,
    size_t n)
{
	(void)l;
	if (is_core && plot.at < n) {
		record[plot.at] ^= 0x20;
		plot.hits++;
	}
	return true;
}

/* The ticket, or Noise message 1, with one bit altered: alice says nothing
 * to that, and the line through the server is the one that stands. */
TEST(a_first_message_that_is_altered_is_not_answered)
{
	static const size_t at[] = { 0, 1, 2, 30, 200, 235, 240, 300, 1000,
		1400 };

	for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
		struct malice_link *l;

		begin();
		s.m->on_raw = alter_handshake;
		plot.at = at[i];
		(void)scene_call(s.bob, "alice");
		l = s.m->links;
		CHECK(plot.hits > 0 && l != NULL && !l->stands &&
		    l->end->received == 0);
		world_run(s.w, 2000);
		for (size_t j = 0; j < s.alice->logged; j++)
			CHECK(s.alice->log[j].event.type !=
				SOTTO_SESSION_UP ||
			    s.alice->log[j].event.session.path ==
				SOTTO_PATH_RELAY);
		scene_still_works(&s);
		end();
	}
}

/* bob answers alice's call with a message 2 that is not his: she takes the
 * other path. */
TEST(a_second_message_that_is_altered_is_not_taken)
{
	static const size_t at[] = { 0, 31, 32, 1100, 1151 };

	for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
		begin();
		s.m->on_raw = alter_handshake;
		plot.at = at[i];
		CHECK_EQ(scene_call(s.alice, "bob"), SOTTO_OK);
		CHECK(plot.hits > 0);
		CHECK_EQ(program_last(s.alice, SOTTO_SESSION_UP, "bob")
			     ->event.session.path, SOTTO_PATH_RELAY);
		end();
	}
}

static bool
hello_twice(struct malice_link *l, uint8_t type, struct bytes body)
{
	struct wire_HELLO m;

	if (type != WIRE_HELLO)
		return true;
	CHECK_OK(wire_decode(WIRE_HELLO, body, &m));
	malice_say(l, WIRE_HELLO, &m);
	malice_say(l, WIRE_HELLO, &m);
	plot.hits++;
	return false;
}

/* HELLO is said twice. */
TEST(hello_is_said_once)
{
	begin();
	s.m->on_said = hello_twice;
	(void)scene_call(s.bob, "alice");
	world_run(s.w, 1000);
	CHECK(plot.hits > 0);
	CHECK_EQ(program_count(s.alice, SOTTO_SESSION_UP, "bob"),
	    program_count(s.alice, SOTTO_SESSION_DOWN, "bob"));
	scene_still_works(&s);
	end();
}

static bool
drop_own(struct malice_link *l, bool is_core, uint8_t *record, size_t n)
{
	(void)record;
	(void)n;
	return !(is_core && l->end == &l->end->conn->a);
}

/* Both call at once, and bob does not go on with his own call, which would be
 * the one to stay. On alice's, which she does not show yet, he speaks. */
TEST(nothing_is_shown_of_a_line_that_is_not_shown)
{
	bool is_met = false;

	for (uint64_t seed = 1; seed < 20 && !is_met; seed++) {
		struct wire_name alice = scene_name("alice");
		struct wire_name bob = scene_name("bob");
		struct malice_link *l;

		begin_with(seed);
		s.m->on_raw = drop_own;
		(void)client_call(s.alice->core, &bob);
		(void)client_call(s.bob->core, &alice);
		client_flush(s.alice->core);
		client_flush(s.bob->core);
		world_run(s.w, 500);
		l = malice_find(s.m, s.alice);
		while (l != NULL && !l->stands)
			l = l->next;
		if (l != NULL &&
		    program_count(s.alice, SOTTO_SESSION_UP, NULL) == 0) {
			text(l, 1, "too early");
			malice_flush(l);
			world_run(s.w, 100);
			CHECK_EQ(program_count(s.alice, SOTTO_MESSAGE, NULL),
			    0);
			is_met = true;
		}
		end();
	}
	CHECK(is_met);
}

/* ---- on a line that stands ---- */

/* The numbers of texts are repeated, fall, or begin with 0: what was shown
 * is not shown again. */
TEST(texts_are_numbered_upwards)
{
	for (int bob_calls = 0; bob_calls < 2; bob_calls++) {
		for (int i = 0; i < 4; i++) {
			struct malice_link *l;

			begin();
			l = line(bob_calls != 0);
			if (i == 3) {
				text(l, 0, "number 0");
				hears(l, true, 0);
				end();
				continue;
			}
			text(l, 5, "first");
			text(l, i == 0 ? 5 : i == 1 ? 4 : UINT64_MAX,
			    "second");
			if (i == 2)
				text(l, 1, "third");
			text(l, 6, "fourth");
			hears(l, true, i == 2 ? 2 : 1);
			scene_still_works(&s);
			end();
		}
	}
}

/* Texts that are no text: bytes that are not UTF-8, one byte too many, a
 * length that is wrong. */
TEST(texts_are_texts)
{
	static const struct bytes bad[] = {
		{ (const uint8_t *)"\x80", 1 },
		{ (const uint8_t *)"\xc0\xaf", 2 },
		{ (const uint8_t *)"\xed\xa0\x80", 3 },
		{ (const uint8_t *)"\xf4\x90\x80\x80", 4 },
		{ (const uint8_t *)"good until \xe2\x82", 13 },
	};
	static uint8_t body[8 + 2 + WIRE_TEXT_MAX + 1] = { [7] = 1,
		[8] = 0x40, [9] = 1 };
	struct malice_link *l;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct wire_TEXT m = { 1, bad[i] };

		begin();
		l = line(false);
		malice_say(l, WIRE_TEXT, &m);
		hears(l, true, 0);
		end();
	}
	memset(body + 10, 'a', WIRE_TEXT_MAX + 1);
	for (size_t i = 0; i < 3; i++) {
		begin();
		l = line(false);
		malice_put(l, WIRE_TEXT, (struct bytes){ body,
		    i == 0 ? sizeof body : i == 1 ? 40 : 9 });
		hears(l, true, 0);
		scene_still_works(&s);
		end();
	}
}

/* Receipts for what was never said, for the next text, or twice. */
TEST(receipts_are_for_what_was_said)
{
	for (uint64_t i = 0; i < 4; i++) {
		struct wire_WRITTEN m = { i == 3 ? UINT64_MAX : i };
		struct malice_link *l;

		begin();
		l = line(i % 2 == 0);
		if (i == 1) {
			scene_say(&s, s.alice, session_of(s.alice, "bob"),
			    s.bob, "a text");
			s.texts[0].is_shown = true;
			malice_say(l, WIRE_WRITTEN, &m);
			malice_flush(l);
			world_run(s.w, 100);
			CHECK_EQ(program_count(s.alice, SOTTO_SENT, "bob"), 1);
		}
		malice_say(l, WIRE_WRITTEN, &m);
		hears(l, true, 0);
		CHECK_EQ(program_count(s.alice, SOTTO_SENT, "bob"), i == 1);
		end();
	}
}

/* Every message of the channel, HELLO again, and types that are none. */
TEST(threat_14_what_does_not_belong_on_a_line_ends_it)
{
	for (unsigned type = 1; type < 256; type++) {
		static const uint8_t zeros[200];
		const struct wire_kind *kind = wire_kind_of((uint8_t)type);
		struct malice_link *l;

		if (kind == NULL ? type % 32 != 7 :
			(kind->where & WIRE_ON_LINE) && type != WIRE_HELLO)
			continue;
		begin();
		l = line(false);
		malice_put(l, (uint8_t)type, (struct bytes){ zeros,
		    kind != NULL && kind->cap < 200 ? kind->cap : 16 });
		hears(l, true, 0);
		end();
	}
}

/* Records that are none. */
TEST(bad_records_end_the_line)
{
	for (unsigned i = 0; i < SCENE_BAD_RECORDS; i++) {
		struct malice_link *l;

		begin();
		l = line(i % 2 == 0);
		scene_bad_record(l, i);
		hears(l, true, 0);
		scene_still_works(&s);
		end();
	}
}

/* A record of one line is repeated on another, with the same two people. */
TEST(records_belong_to_their_line)
{
	struct malice_link *l;
	struct wr old = wr_new();

	begin();
	l = line(false);
	text(l, 1, "first");
	hears(l, false, 1);
	wr_put(&old, wr_bytes(&l->last));
	CHECK_OK(client_hang_up(s.alice->core, session_of(s.alice, "bob")));
	client_flush(s.alice->core);
	world_run(s.w, 20000);
	l = line(false);
	malice_bytes(l, wr_bytes(&old));
	world_run(s.w, 500);
	CHECK_EQ(program_count(s.alice, SOTTO_MESSAGE, "bob"), 1);
	CHECK_EQ(program_count(s.alice, SOTTO_SESSION_DOWN, "bob"), 2);
	wr_free(&old);
	end();
}

/* After CLOSE bob goes on: nothing of it is shown. */
TEST(after_the_end_there_is_nothing)
{
	struct wire_CLOSE m = { 0 };
	struct malice_link *l;

	begin();
	l = line(false);
	text(l, 1, "before");
	malice_say(l, WIRE_CLOSE, &m);
	text(l, 2, "after");
	malice_flush(l);
	text(l, 3, "long after");
	malice_flush(l);
	world_run(s.w, 1000);
	CHECK_EQ(program_count(s.alice, SOTTO_MESSAGE, "bob"), 1);
	CHECK_EQ(program_last(s.alice, SOTTO_SESSION_DOWN, "bob")
		     ->event.error.outcome, SOTTO_OK);
	end();
}

static bool
say_nothing(struct malice_link *l, uint8_t type, struct bytes body)
{
	(void)l;
	(void)type;
	(void)body;
	return false;
}

/* bob says nothing any more, and keeps the connection. */
TEST(endless_silence_ends)
{
	begin();
	(void)line(false);
	s.m->on_said = say_nothing;
	world_run(s.w, WIRE_LINE_PING_MS + WIRE_PONG_MS + 5000);
	CHECK(is_cut());
	scene_still_works(&s);
	end();
}

/* Pings without end, and bob takes no answer. */
TEST(answers_that_are_not_taken_are_bounded)
{
	struct wire_PING m = { 5 };
	struct malice_link *l;
	size_t most = 0;

	begin();
	l = line(false);
	net_end_pause(l->end, true);
	for (unsigned i = 0; i < 3000 && !l->end->is_closed; i++) {
		for (unsigned j = 0; j < 1000; j++)
			malice_say(l, WIRE_PING, &m);
		malice_flush(l);
		world_run(s.w, 10);
		if (net_other(l->end)->queue.n > most)
			most = net_other(l->end)->queue.n;
	}
	CHECK(l->end->is_closed && most <= 4U << 20);
	end();
}

/* Texts without end: each is shown, and nothing is kept. */
TEST(a_flood_of_texts_is_kept_nowhere)
{
	static const char *words[] = { "a", "b", "c", "d" };
	struct malice_link *l;
	size_t heap = 0;

	begin();
	l = line(false);
	for (unsigned i = 1; i <= 20000; i++) {
		s.said = 0;
		text(l, i, words[i % 4]);
		malice_flush(l);
		world_run(s.w, 2);
		if (i == 2000)
			heap = scene_heap();
	}
	CHECK(scene_heap() <= heap + 65536);
	CHECK_EQ(program_count(s.alice, SOTTO_SESSION_DOWN, "bob"), 0);
	end();
}

/* Connections that say nothing, or half of a first record. */
TEST(strangers_who_do_not_speak_are_forgotten)
{
	static const uint8_t half[700] = { 5, 200, 0, 230 };
	size_t answered, lines = 0;

	begin();
	for (int i = 0; i < 45; i++) {
		world_say_to(s.w, s.alice, (struct bytes){ half,
		    i % 2 == 0 ? 0 : (size_t)i * 15 }, &answered);
		CHECK_EQ(answered, 0);
		lines = 0;
		LIST_EACH (at, &s.alice->core->lines)
			lines++;
		CHECK(lines <= 32);
	}
	world_run(s.w, 11000);
	CHECK(list_is_empty(&s.alice->core->lines));
	scene_still_works(&s);
	end();
}

CHECK_MAIN(T(without_hello_there_is_no_session),
    T(a_first_message_that_is_altered_is_not_answered),
    T(a_second_message_that_is_altered_is_not_taken), T(hello_is_said_once),
    T(nothing_is_shown_of_a_line_that_is_not_shown),
    T(texts_are_numbered_upwards), T(texts_are_texts),
    T(receipts_are_for_what_was_said),
    T(threat_14_what_does_not_belong_on_a_line_ends_it),
    T(bad_records_end_the_line),
    T(records_belong_to_their_line), T(after_the_end_there_is_nothing),
    T(endless_silence_ends), T(answers_that_are_not_taken_are_bounded),
    T(a_flood_of_texts_is_kept_nowhere),
    T(strangers_who_do_not_speak_are_forgotten))
