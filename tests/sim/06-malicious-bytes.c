/*
 * A malicious server, and bytes: what it relays, floods, every message in
 * every state, and records that are none. Each test says what the lie is;
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

enum relay_lie { RELAY_ALTER, RELAY_REPEAT, RELAY_REORDER, RELAY_DROP,
	RELAY_SHORTEN, RELAY_REFLECT, RELAY_INSERT, RELAY_CUT, RELAY_LIES };

static struct plot {
	enum relay_lie relay;
	unsigned hits, told;
	bool is_held;
	struct wr held;
	uint32_t streams[2];    /* to cross: each one's number at the server */
	struct malice_link *ends[2];
	uint8_t trigger, type;  /* before this one, that one is said, */
	unsigned form;          /* with a body of this form */
	struct wr bodies[256];  /* the newest true one of each type */
} plot;

static void
begin(const struct scene_options *options)
{
	memset(&plot, 0, sizeof plot);
	plot.held = wr_new();
	for (size_t i = 0; i < 256; i++)
		plot.bodies[i] = wr_new();
	scene_begin(&s, options);
}

static void
end(void)
{
	scene_end(&s);
	wr_free(&plot.held);
	for (size_t i = 0; i < 256; i++)
		wr_free(&plot.bodies[i]);
}

/* ---- what is relayed ---- */

static struct bytes
piece(const struct wire_STREAM_DATA *m, size_t from, size_t to)
{
	return (struct bytes){ m->data.p + from, to - from };
}

static void
say_data(struct malice_link *l, uint32_t stream, struct bytes data)
{
	struct wire_STREAM_DATA m = { stream, data };

	malice_say(l, WIRE_STREAM_DATA, &m);
}

/* Lies about the third record that is relayed to bob, a text's. */
static bool
lie_in_stream(struct malice_link *l, uint8_t type, struct bytes body)
{
	struct wire_STREAM_DATA m;
	struct wire_STREAM_CLOSE over;
	struct bytes held = wr_bytes(&plot.held);

	if (type != WIRE_STREAM_DATA || malice_victim(l) != s.bob)
		return true;
	CHECK_OK(wire_decode(WIRE_STREAM_DATA, body, &m));
	over.stream = m.stream;
	switch (plot.relay) {
	case RELAY_ALTER:
		wr_put(&plot.held, m.data);
		plot.held.p[m.data.n / 2] ^= 4;
		say_data(l, m.stream, wr_bytes(&plot.held));
		break;
	case RELAY_REPEAT:
		say_data(l, m.stream, m.data);
		say_data(l, m.stream, m.data);
		break;
	case RELAY_REORDER:
		if (!plot.is_held) {
			wr_put(&plot.held, m.data);
			plot.is_held = true;
			break;
		}
		say_data(l, m.stream, m.data);
		say_data(l, m.stream, held);
		break;
	case RELAY_DROP:
		if (plot.hits > 0)
			say_data(l, m.stream, m.data);
		break;
	case RELAY_SHORTEN:
		say_data(l, m.stream, piece(&m, 0, m.data.n - 1));
		break;
	case RELAY_REFLECT:
		/* His own bytes, when he speaks next; see the test. */
		break;
	case RELAY_INSERT:
		say_data(l, m.stream, BYTES_LIT("\x00\xfe"));
		say_data(l, m.stream, m.data);
		break;
	case RELAY_CUT:
	case RELAY_LIES:
		malice_say(l, WIRE_STREAM_CLOSE, &over);
		break;
	}
	plot.hits++;
	return false;
}

/* The line with alice is down, and it was not closed. */
static void
is_cut(const struct program *p)
{
	const struct world_event *down = program_last(p, SOTTO_SESSION_DOWN,
	    "alice");

	CHECK(down != NULL && down->event.error.outcome == SOTTO_NO_SERVER);
}

/* A relayed line that stood well, until a lie: two texts are said, the line
 * goes down as cut, and neither text is shown but in its place. */
TEST(a_relayed_line_is_altered_in_no_way)
{
	for (plot.relay = RELAY_ALTER; plot.relay < RELAY_LIES;) {
		enum relay_lie lie = plot.relay;
		uint32_t line;

		begin(&(struct scene_options){ .hides_address = true });
		plot.relay = lie;
		line = scene_line(&s, s.alice, "bob");
		scene_say(&s, s.alice, line, s.bob, "before");
		CHECK(scene_is_shown(&s, "before"));
		s.m->on_said = lie_in_stream;
		scene_say(&s, s.alice, line, s.bob, "first");
		scene_say(&s, s.alice, line, s.bob, "second");
		CHECK(plot.hits > 0);
		CHECK(lie == RELAY_REPEAT || !scene_is_shown(&s, "first"));
		CHECK(!scene_is_shown(&s, "second"));
		world_run(s.w, 200000); /* silence is noticed, too */
		is_cut(s.bob);
		scene_still_works(&s);
		end();
		plot.relay = lie + 1;
	}
	plot.relay = RELAY_ALTER;
}

/* What bob says comes back to him, instead of what alice says. */
static bool
reflect(struct malice_link *l, uint8_t type, struct bytes body)
{
	struct wire_STREAM_DATA m;

	if (type != WIRE_STREAM_DATA || malice_victim(l) != s.bob)
		return true;
	CHECK_OK(wire_decode(WIRE_STREAM_DATA, body, &m));
	say_data(l, m.stream, m.data);
	plot.hits++;
	return false;
}

TEST(what_one_says_does_not_come_back)
{
	begin(&(struct scene_options){ .hides_address = true });
	(void)scene_line(&s, s.alice, "bob");
	s.m->on_heard = reflect;
	scene_say(&s, s.bob, program_last(s.bob, SOTTO_SESSION_UP, "alice")
				 ->event.session.id, s.alice, "hello");
	CHECK(plot.hits > 0 && !scene_is_shown(&s, "hello"));
	is_cut(s.bob);
	scene_still_works(&s);
	end();
}

/* Notes the streams that bob and mallory have with alice. */
static bool
note_streams(struct malice_link *l, uint8_t type, struct bytes body)
{
	struct wire_STREAM_OPENED m;
	size_t i = malice_victim(l) == s.bob ? 0 : 1;

	if (type != WIRE_STREAM_OPENED || malice_victim(l) == s.alice)
		return true;
	CHECK_OK(wire_decode(WIRE_STREAM_OPENED, body, &m));
	plot.streams[i] = m.stream;
	plot.ends[i] = l;
	return true;
}

/* What is for one of them goes to the other. */
static bool
cross_streams(struct malice_link *l, uint8_t type, struct bytes body)
{
	size_t other = malice_victim(l) == s.bob ? 1 : 0;
	struct wire_STREAM_DATA m;

	if (type != WIRE_STREAM_DATA || malice_victim(l) == s.alice)
		return true;
	CHECK_OK(wire_decode(WIRE_STREAM_DATA, body, &m));
	say_data(plot.ends[other], plot.streams[other], m.data);
	malice_flush(plot.ends[other]);
	plot.hits++;
	return false;
}

/* alice has a relayed line with bob and one with mallory; the server crosses
 * them. */
TEST(spliced_streams_are_cut)
{
	uint32_t bob, mallory;

	begin(&(struct scene_options){ .hides_address = true,
	    .with_mallory = true });
	s.m->on_said = note_streams;
	bob = scene_line(&s, s.alice, "bob");
	mallory = scene_line(&s, s.alice, "mallory");
	s.m->on_said = cross_streams;
	scene_put(&s, s.alice, bob, s.bob, "for bob");
	scene_say(&s, s.alice, mallory, s.mallory, "for mallory");
	CHECK(plot.hits > 0 && !scene_is_shown(&s, "for bob") &&
	    !scene_is_shown(&s, "for mallory"));
	world_run(s.w, 1000);
	is_cut(s.bob);
	is_cut(s.mallory);
	end();
}

/* The server says messages to alice; her channel must be over after them, or
 * must not. */
static void
hears(const struct world_event *up, bool ends)
{
	struct malice_link *l = malice_find(s.m, s.alice);

	malice_flush(l);
	world_run(s.w, 500);
	CHECK_EQ(l->end->is_closed, ends);
	CHECK(up == NULL || program_count(s.alice, SOTTO_SESSION_DOWN,
	    "bob") == ends);
}

/* Credit that makes more than may be out, at once and in sum. */
TEST(too_much_credit_ends_the_channel)
{
	for (int i = 0; i < 3; i++) {
		struct wire_STREAM_CREDIT m = { .credit = i == 0 ? 1 :
			i == 1 ? UINT32_MAX : WIRE_CREDIT_MAX };
		const struct client_line *line;
		const struct world_event *up;

		begin(&(struct scene_options){ .hides_address = true });
		line = client_line_find(s.alice->core,
		    scene_line(&s, s.alice, "bob"));
		up = program_last(s.alice, SOTTO_SESSION_UP, "bob");
		m.stream = line->stream.number;
		if (i == 0)
			m.credit = WIRE_CREDIT_MAX - line->stream.credit + 1;
		malice_say(malice_find(s.m, s.alice), WIRE_STREAM_CREDIT, &m);
		hears(up, true);
		scene_still_works(&s);
		end();
	}
}

/* More data than a window holds, of one record, which then does not open. */
TEST(data_that_does_not_open_ends_the_line)
{
	static const uint8_t zeros[WIRE_STREAM_CHUNK];
	const struct client_line *line;
	uint32_t stream;

	begin(&(struct scene_options){ .hides_address = true });
	line = client_line_find(s.alice->core,
	    scene_line(&s, s.alice, "bob"));
	stream = line->stream.number;
	/* The beginning of a record that does not end. */
	say_data(malice_find(s.m, s.alice), stream, BYTES_LIT("\xff\xfe"));
	for (int i = 0; i < 8; i++)
		say_data(malice_find(s.m, s.alice), stream,
		    BYTES_OF(zeros));
	malice_flush(malice_find(s.m, s.alice));
	world_run(s.w, 1000);
	CHECK_EQ(program_count(s.alice, SOTTO_SESSION_DOWN, "bob"), 1);
	scene_still_works(&s);
	end();
}

/* Streams for ids that alice does not know, data on streams that she does
 * not have, and their ends. */
TEST(streams_out_of_nothing_are_nothing)
{
	struct wire_STREAM_OPENED opened = { 0 };
	struct wire_STREAM_CREDIT credit = { .credit = UINT32_MAX };
	struct wire_STREAM_CLOSE over;
	size_t before;

	begin(&(struct scene_options){ .hides_address = true });
	before = s.alice->logged;
	for (uint32_t i = 0; i < 5000; i++) {
		struct malice_link *l = malice_find(s.m, s.alice);

		memset(opened.id, (int)i, sizeof opened.id);
		opened.stream = credit.stream = over.stream = i;
		malice_say(l, WIRE_STREAM_OPENED, &opened);
		say_data(l, i, BYTES_LIT("data"));
		malice_say(l, WIRE_STREAM_CREDIT, &credit);
		malice_say(l, WIRE_STREAM_CLOSE, &over);
	}
	hears(NULL, false);
	CHECK_EQ(s.alice->logged, before);
	CHECK(list_is_empty(&s.alice->core->lines));
	scene_still_works(&s);
	end();
}

static bool
keep(struct malice_link *l, uint8_t type, struct bytes body)
{
	if (malice_victim(l) == s.alice || type == WIRE_INTRODUCTION) {
		wr_reset(&plot.bodies[type]);
		wr_put(&plot.bodies[type], body);
	}
	return true;
}

/* Streams for one introduction that bob has agreed to, over and over. */
TEST(streams_for_one_introduction_are_bounded)
{
	struct wire_STREAM_OPENED m;
	struct wire_INTRODUCTION in;
	struct malice_link *l;

	begin(&(struct scene_options){ .hides_address = true });
	s.m->on_said = keep;
	(void)scene_line(&s, s.alice, "bob");
	l = malice_find(s.m, s.bob);
	CHECK_OK(wire_decode(WIRE_INTRODUCTION,
	    wr_bytes(&plot.bodies[WIRE_INTRODUCTION]), &in));
	memcpy(m.id, in.id, sizeof m.id);
	for (m.stream = 1000; m.stream < 3000; m.stream++)
		malice_say(l, WIRE_STREAM_OPENED, &m);
	malice_flush(l);
	world_run(s.w, 500);
	plot.hits = 0;
	LIST_EACH (at, &s.bob->core->lines)
		plot.hits++;
	CHECK(plot.hits > 1 && plot.hits <= 33);
	world_run(s.w, 20000);
	CHECK_EQ(program_count(s.bob, SOTTO_SESSION_UP, NULL), 1);
	scene_still_works(&s);
	end();
}

/* ---- floods ---- */

/* Questions without end in alice's name, each with an id of its own. */
TEST(a_flood_of_questions_is_bounded)
{
	struct wire_INTRODUCTION m;
	struct malice_link *l;

	begin(&(struct scene_options){ .asks = true });
	s.m->on_said = keep;
	(void)scene_call(s.alice, "bob");
	l = malice_find(s.m, s.bob);
	CHECK_OK(wire_decode(WIRE_INTRODUCTION,
	    wr_bytes(&plot.bodies[WIRE_INTRODUCTION]), &m));
	for (unsigned i = 0; i < 1000; i++) {
		memcpy(m.id, &i, sizeof i);
		malice_say(l, WIRE_INTRODUCTION, &m);
		if (i % 50 == 0)
			malice_flush(l);
	}
	malice_flush(l);
	world_run(s.w, 1000);
	plot.hits = 0;
	LIST_EACH (at, &s.bob->core->introductions)
		plot.hits++;
	CHECK_EQ(plot.hits, 32);
	world_run(s.w, 100000);
	CHECK(list_is_empty(&s.bob->core->introductions));
	end();
}

/* A list of bob, 300,000 times. */
static bool
list_on(struct malice_link *l, uint8_t type, struct bytes body)
{
	struct wire_person person = { .name = scene_name("bob") };
	struct wire_PEOPLE m;
	struct wr entries = wr_new();

	if (type != WIRE_PEOPLE)
		return true;
	CHECK_OK(wire_decode(WIRE_PEOPLE, body, &m));
	while (entries.n < 58000)
		wire_person_put(&entries, &person);
	m.entries = wr_bytes(&entries);
	m.is_last = 0;
	for (int i = 0; i < 200; i++)
		malice_say(l, WIRE_PEOPLE, &m);
	m.is_last = 1;
	malice_say(l, WIRE_PEOPLE, &m);
	wr_free(&entries);
	return false;
}

TEST(a_list_without_end_ends)
{
	begin(&(struct scene_options){ 0 });
	s.m->on_said = list_on;
	CHECK_EQ(scene_wait(s.alice, client_list(s.alice->core)),
	    SOTTO_NO_SERVER);
	CHECK_EQ(program_count(s.alice, SOTTO_PERSON, NULL), 0);
	scene_still_works(&s);
	end();
}

/* Arrivals without end, of people who are not there, too. */
TEST(a_flood_of_arrivals_is_kept_nowhere)
{
	struct wire_PRESENCE m = { .name = scene_name("x") };
	struct malice_link *l;
	size_t heap = 0;

	begin(&(struct scene_options){ 0 });
	l = malice_find(s.m, s.alice);
	for (unsigned i = 0; i < 20000; i++) {
		m.name.s[0] = (char)('a' + i % 26);
		m.status = (uint8_t)(i % (WIRE_STATUS_INVISIBLE + 1));
		malice_say(l, WIRE_PRESENCE, &m);
		if (i % 2000 == 0) {
			malice_flush(l);
			world_run(s.w, 100);
		}
		if (i == 4000)
			heap = scene_heap();
	}
	hears(NULL, false);
	CHECK(scene_heap() <= heap + 65536);
	scene_still_works(&s);
	end();
}

/* A true message, but for one field, which has a value that is none. */
static bool
say_unknown(struct malice_link *l, uint8_t type, struct bytes body)
{
	union {
		struct wire_LOGIN_OK ok;
		struct wire_PERSON person;
		struct wire_INTRODUCED introduced;
		max_align_t align[WIRE_STRUCT_MAX / sizeof(max_align_t)];
	} m;

	if (type != plot.type || malice_victim(l) != s.alice)
		return true;
	CHECK_OK(wire_decode((enum wire_type)type, body, &m));
	if (type == WIRE_LOGIN_OK)
		m.ok.status = (uint8_t)plot.form;
	else if (type == WIRE_PERSON)
		m.person.status = (uint8_t)plot.form;
	else
		m.introduced.paths = (uint8_t)plot.form;
	malice_say(l, (enum wire_type)type, &m);
	plot.hits++;
	return false;
}

/* Statuses and paths that are not known, from a server that says them by
 * itself or in an answer: each ends the channel, or fails what was asked. */
TEST(threat_11_unknown_values_of_a_server)
{
	struct wire_PRESENCE presence = { .name = scene_name("bob") };
	struct wire_INTRODUCTION asked = { .name = scene_name("bob") };
	static const uint8_t asked_for[] = { WIRE_PERSON, WIRE_INTRODUCED,
		WIRE_LOGIN_OK };
	struct wire_name bob = scene_name("bob");

	begin(&(struct scene_options){ 0 });
	for (unsigned v = WIRE_STATUS_INVISIBLE + 1; v < 256; v += 10) {
		presence.status = (uint8_t)v;
		malice_say(malice_find(s.m, s.alice), WIRE_PRESENCE,
		    &presence);
		hears(NULL, true);
		world_run(s.w, 30000);
		asked.paths = (uint8_t)v;
		if ((v & ~3U) == 0)
			continue;
		malice_say(malice_find(s.m, s.alice), WIRE_INTRODUCTION,
		    &asked);
		hears(NULL, true);
		world_run(s.w, 30000);
	}
	s.m->on_said = say_unknown;
	for (size_t i = 0; i < sizeof asked_for; i++) {
		for (plot.form = 5; plot.form < 256; plot.form += 25) {
			unsigned before = plot.hits;

			plot.type = asked_for[i];
			if (plot.type == WIRE_PERSON)
				CHECK(scene_wait(s.alice, client_verify(
				    s.alice->core, &bob, false)) > 0);
			else if (plot.type == WIRE_INTRODUCED)
				CHECK(scene_call(s.alice, "bob") > 0);
			else
				world_cut(s.w, malice_find(s.m,
				    s.alice)->end->conn);
			world_run(s.w, 30000);
			CHECK(plot.hits > before);
			plot.type = 0;
			world_run(s.w, 30000);
		}
	}
	scene_still_works(&s);
	end();
}

/* Pings without end from a server that does not take the answers. */
TEST(answers_that_are_not_taken_are_bounded)
{
	struct wire_PING m = { .token = 5 };
	struct malice_link *l;
	size_t most = 0;

	begin(&(struct scene_options){ 0 });
	l = malice_find(s.m, s.alice);
	net_end_pause(l->end, true);
	for (unsigned i = 0; i < 3000 && !l->end->is_closed; i++) {
		for (unsigned j = 0; j < 1000; j++)
			malice_say(l, WIRE_PING, &m);
		malice_flush(l);
		world_run(s.w, 10);
		if (net_other(l->end)->queue.n > most)
			most = net_other(l->end)->queue.n;
	}
	CHECK(l->end->is_closed && most <= 8U << 20);
	scene_still_works(&s);
	end();
}

/* ---- records ---- */

/* Records that are none, on a channel that stands. */
TEST(bad_records_end_the_channel)
{
	for (unsigned i = 0; i < SCENE_BAD_RECORDS; i++) {
		begin(&(struct scene_options){ 0 });
		scene_bad_record(malice_find(s.m, s.alice), i);
		hears(NULL, true);
		scene_still_works(&s);
		end();
	}
}

/* REKEY that counts wrongly, that is said twice, or is not the last of its
 * record. */
TEST(a_rekey_out_of_order_ends_the_channel)
{
	for (uint8_t i = 0; i < 3; i++) {
		uint8_t plain[WIRE_RECORD_MIN - WIRE_RECORD_OVERHEAD] = {
			WIRE_REKEY, 0, 0, 4, 0, 0, 0, i == 0 ? 2 : 1 };

		begin(&(struct scene_options){ 0 });
		if (i == 1)
			memcpy(plain + 8, plain, 8);
		if (i == 2)
			memcpy(plain + 8, "\x02\0\0\x08", 4);
		malice_record(malice_find(s.m, s.alice), BYTES_OF(plain));
		hears(NULL, true);
		scene_still_works(&s);
		end();
	}
}

/* ---- every message in every state ---- */

#define FORMS 4

/* A body for the message: an old one of the same kind, zeros as many, one
 * byte more, or nothing. */
static void
put_form(struct malice_link *l)
{
	const struct wr *old = &plot.bodies[plot.type];
	size_t n = old->n != 0 ? old->n : plot.type % 40U;
	uint8_t *zeros = calloc(1, n + 1);

	CHECK(zeros != NULL);
	if (plot.form == 0 && old->n != 0)
		malice_put(l, plot.type, wr_bytes(old));
	else if (plot.form < 2)
		malice_put(l, plot.type, (struct bytes){ zeros, n });
	else if (plot.form == 2)
		malice_put(l, plot.type, (struct bytes){ zeros, n + 1 });
	else
		malice_put(l, plot.type, BYTES_NONE);
	free(zeros);
}

static bool
say_before(struct malice_link *l, uint8_t type, struct bytes body)
{
	(void)body;
	if (type == plot.trigger && malice_victim(l) == s.alice) {
		put_form(l);
		plot.hits++;
	}
	return true;
}

static void
restart(void)
{
	struct client_options options = program_options();

	options.hides_address = true;
	if (s.w->program_count == WORLD_PROGRAMS) {
		end();
		begin(&(struct scene_options){ .hides_address = true });
	}
	program_kill(s.alice);
	/* Questions are counted by the minute, guesses by the hour. */
	world_run(s.w, plot.trigger == WIRE_LOGIN_REPLY ? 3600000 : 15000);
	s.alice = scene_again(&s, "alice", s.alice->home);
	s.alice->core->options = options;
}

/* One deed after another, until all the triggers have been met. */
static void
live(void)
{
	struct wire_name alice = scene_name("alice"), bob = scene_name("bob");
	struct wire_address at = world_address();
	struct client *c = s.alice->core;
	const struct world_event *up;
	uint64_t id;

	if (plot.trigger == WIRE_LOGIN_REPLY)
		(void)scene_wait(s.alice, client_login(c, &alice, &at, NULL));
	(void)scene_wait(s.alice, client_list(c));
	if (plot.trigger == WIRE_PERSON)
		(void)scene_wait(s.alice, client_verify(c, &bob, false));
	if (plot.trigger == WIRE_INTRODUCED ||
	    plot.trigger == WIRE_STREAM_OPENED ||
	    plot.trigger == WIRE_STREAM_DATA)
		(void)scene_wait(s.alice, client_call(c, &bob));
	world_run(s.w, 1000);
	up = program_last(s.alice, SOTTO_SESSION_UP, "bob");
	if (up != NULL && client_line_find(c, up->event.session.id) != NULL)
		CHECK_OK(client_say(c, up->event.session.id,
		    BYTES_LIT("text"), &id));
	if (plot.trigger == WIRE_LOGOUT_REPLY)
		(void)scene_wait(s.alice, client_logout(c,
		    SOTTO_LOGOUT_SESSION));
	client_flush(c);
	world_run(s.w, 1000);
}

TEST(threat_14_every_message_in_every_state)
{
	static const uint8_t triggers[] = { WIRE_LOGIN_REPLY, WIRE_LOGIN_OK,
		WIRE_PEOPLE, WIRE_PERSON, WIRE_INTRODUCED, WIRE_STREAM_OPENED,
		WIRE_STREAM_DATA, WIRE_LOGOUT_REPLY };
	unsigned told = 0;

	begin(&(struct scene_options){ .hides_address = true });
	for (size_t i = 0; i < sizeof triggers; i++) {
		for (unsigned type = 1; type < 0x86; type++) {
			if (wire_kind_of((uint8_t)type) == NULL &&
			    type % 16 != 7)
				continue;
			for (unsigned form = 0; form < FORMS; form++) {
				restart();
				plot.trigger = triggers[i];
				plot.type = (uint8_t)type;
				plot.form = form;
				s.texts[0] = (struct scene_text){
					.from = s.alice, .to = s.bob,
					.text = "text", .id = 1 };
				s.said = 1;
				s.m->on_said = say_before;
				plot.hits = 0;
				live();
				told += plot.hits > 0;
				s.m->on_said = keep;
				CHECK(plot.hits > 0);
			}
		}
	}
	CHECK(told > 1000);
	end();
}

CHECK_MAIN(T(a_relayed_line_is_altered_in_no_way),
    T(what_one_says_does_not_come_back), T(spliced_streams_are_cut),
    T(too_much_credit_ends_the_channel),
    T(data_that_does_not_open_ends_the_line),
    T(streams_out_of_nothing_are_nothing),
    T(streams_for_one_introduction_are_bounded),
    T(a_flood_of_questions_is_bounded), T(a_list_without_end_ends),
    T(a_flood_of_arrivals_is_kept_nowhere),
    T(threat_11_unknown_values_of_a_server),
    T(answers_that_are_not_taken_are_bounded),
    T(bad_records_end_the_channel),
    T(a_rekey_out_of_order_ends_the_channel),
    T(threat_14_every_message_in_every_state))
