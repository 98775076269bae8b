#include "world.h"

#include <stdlib.h>
#include <string.h>

static struct world w;
static struct guy alice, bob, carol;
static uint8_t id[16];
static uint32_t at_alice, at_bob;

/* Alice and bob, introduced; id is the ticket's. */
static void
begin(void)
{
	struct wire_WANT want = { .req = 1, .paths = WIRE_PATH_RELAY };
	struct wire_ANSWER answer = { .verdict = WIRE_VERDICT_ACCEPT,
		.paths = WIRE_PATH_RELAY };
	struct wire_INTRODUCTION asked;
	struct wire_INTRODUCED got;

	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	CHECK(guy_join(&w, &bob, "bob"));
	want.name = bob.name;
	guy_say(&alice, WIRE_WANT, &want);
	CHECK(guy_take(&bob, WIRE_INTRODUCTION, &asked));
	memcpy(answer.id, asked.id, sizeof answer.id);
	guy_say(&bob, WIRE_ANSWER, &answer);
	CHECK(guy_take(&alice, WIRE_INTRODUCED, &got));
	memcpy(id, got.id, sizeof id);
	guy_forget(&alice);
	guy_forget(&bob);
}

static void
open_stream(struct guy *g)
{
	struct wire_STREAM_OPEN m;

	memcpy(m.id, id, sizeof m.id);
	guy_say(g, WIRE_STREAM_OPEN, &m);
}

/* The same, with the stream open. */
static void
begin_stream(void)
{
	struct wire_STREAM_OPENED opened;

	begin();
	open_stream(&alice);
	CHECK(guy_take(&alice, WIRE_STREAM_OPENED, &opened));
	CHECK_BYTES(BYTES_OF(opened.id), BYTES_OF(id));
	at_alice = opened.stream;
	CHECK(guy_take(&bob, WIRE_STREAM_OPENED, &opened));
	CHECK_BYTES(BYTES_OF(opened.id), BYTES_OF(id));
	at_bob = opened.stream;
}

static void
say_data(struct guy *g, uint32_t stream, size_t n)
{
	static uint8_t bytes[WIRE_STREAM_CHUNK];
	struct wire_STREAM_DATA m = { .stream = stream,
		.data = { bytes, n } };

	world_random(&w, bytes, n);
	guy_say(g, WIRE_STREAM_DATA, &m);
}

static bool
is_over(struct guy *g, uint32_t stream)
{
	struct wire_STREAM_CLOSE m;

	return guy_take(g, WIRE_STREAM_CLOSE, &m) && m.stream == stream;
}

TEST(bytes_arrive_as_they_were)
{
	uint8_t sent[3000];
	struct wire_STREAM_DATA m = { .data = BYTES_OF(sent) }, got;
	struct server_stats stats;

	begin_stream();
	world_random(&w, sent, sizeof sent);
	m.stream = at_alice;
	guy_say(&alice, WIRE_STREAM_DATA, &m);
	CHECK(guy_take(&bob, WIRE_STREAM_DATA, &got));
	CHECK_EQ(got.stream, at_bob);
	CHECK_BYTES(got.data, BYTES_OF(sent));
	m.stream = at_bob;
	guy_say(&bob, WIRE_STREAM_DATA, &m);
	CHECK(guy_take(&alice, WIRE_STREAM_DATA, &got));
	CHECK_EQ(got.stream, at_alice);
	CHECK_BYTES(got.data, BYTES_OF(sent));
	server_get_stats(w.server, &stats);
	CHECK_EQ(stats.relayed_records, 2);
	CHECK_EQ(stats.relay_bytes, 6000);
	world_free(&w);
}

TEST(a_burst_shares_records)
{
	struct wr out = wr_new();
	uint8_t sent[150] = { 0 };
	struct wire_STREAM_DATA m = { .data = BYTES_OF(sent) }, got;
	size_t before;

	begin_stream();
	m.stream = at_alice;
	before = bob.got;
	for (uint8_t i = 0; i < 32; i++) {
		sent[0] = i;
		guy_queue(&alice, &out, WIRE_STREAM_DATA, &m);
	}
	guy_say_raw(&alice, wr_bytes(&out));
	wr_free(&out);
	for (uint8_t i = 0; i < 32; i++) {
		CHECK(guy_take(&bob, WIRE_STREAM_DATA, &got));
		CHECK_EQ(got.data.p[0], i);
	}
	CHECK_EQ(bob.got - before, 8192);
	world_free(&w);
}

TEST(credit_is_a_limit)
{
	struct wire_STREAM_CREDIT credit = { .credit = 100 }, told;

	begin_stream();
	for (int i = 0; i < WIRE_CREDIT_MAX / WIRE_STREAM_CHUNK; i++)
		say_data(&alice, at_alice, WIRE_STREAM_CHUNK);
	credit.stream = at_bob;
	guy_say(&bob, WIRE_STREAM_CREDIT, &credit);
	CHECK(guy_take(&alice, WIRE_STREAM_CREDIT, &told));
	CHECK_EQ(told.stream, at_alice);
	CHECK_EQ(told.credit, 100);
	say_data(&alice, at_alice, 100);
	CHECK(!alice.is_closed);
	say_data(&alice, at_alice, 1);
	CHECK_EQ(guy_take_close(&alice), WIRE_CLOSE_PROTOCOL);
	CHECK(is_over(&bob, at_bob));
	world_free(&w);
}

TEST(credit_that_was_not_used_cannot_be_given)
{
	struct wire_STREAM_CREDIT credit = { .credit = 1 };

	begin_stream();
	credit.stream = at_bob;
	guy_say(&bob, WIRE_STREAM_CREDIT, &credit);
	CHECK(is_over(&alice, at_alice));
	CHECK(is_over(&bob, at_bob));
	CHECK(!alice.is_closed && !bob.is_closed);
	world_free(&w);
}

TEST(closing)
{
	struct wire_STREAM_CLOSE m = { 0 };

	begin_stream();
	m.stream = at_bob;
	guy_say(&bob, WIRE_STREAM_CLOSE, &m);
	CHECK(is_over(&alice, at_alice));
	/* What was on its way is no offence. */
	guy_forget(&alice);
	guy_forget(&bob);
	say_data(&alice, at_alice, 10);
	say_data(&bob, at_bob, 10);
	CHECK(!alice.is_closed && !bob.is_closed);
	CHECK_EQ(alice.inbox_n + bob.inbox_n, 0);
	world_free(&w);
}

TEST(a_cut_closes_the_other_end)
{
	begin_stream();
	guy_cut(&bob);
	CHECK(is_over(&alice, at_alice));
	say_data(&alice, at_alice, 10);
	CHECK(!alice.is_closed);
	world_free(&w);
}

TEST(only_the_caller_only_once_only_in_time)
{
	struct wire_INTRODUCTION_OVER over;

	begin_stream();
	open_stream(&alice);
	CHECK(guy_take(&alice, WIRE_INTRODUCTION_OVER, &over));
	world_free(&w);
	begin();
	open_stream(&bob);
	CHECK(guy_take(&bob, WIRE_INTRODUCTION_OVER, &over));
	CHECK(guy_join(&w, &carol, "carol"));
	open_stream(&carol);
	CHECK(guy_take(&carol, WIRE_INTRODUCTION_OVER, &over));
	world_wait(&w, WIRE_TICKET_MS);
	open_stream(&alice);
	CHECK(guy_take(&alice, WIRE_INTRODUCTION_OVER, &over));
	world_free(&w);
	begin();
	guy_cut(&bob);
	open_stream(&alice);
	CHECK(guy_take(&alice, WIRE_INTRODUCTION_OVER, &over));
	world_free(&w);
}

/* A number that has been used is not given again, and no other number finds
 * the stream that is in its place. */
TEST(a_number_names_one_stream)
{
	struct wire_WANT want = { .req = 2, .paths = WIRE_PATH_RELAY };
	struct wire_ANSWER answer = { .verdict = WIRE_VERDICT_ACCEPT,
		.paths = WIRE_PATH_RELAY };
	struct wire_STREAM_CLOSE over = { 0 };
	struct wire_INTRODUCTION asked;
	struct wire_STREAM_OPENED opened;
	struct wire_STREAM_DATA data;
	struct wire_INTRODUCED got;
	uint32_t first, opened_at;

	begin_stream();
	first = over.stream = at_alice;
	want.name = bob.name;
	guy_say(&alice, WIRE_WANT, &want);
	CHECK(guy_take(&bob, WIRE_INTRODUCTION, &asked));
	memcpy(answer.id, asked.id, sizeof answer.id);
	guy_say(&bob, WIRE_ANSWER, &answer);
	CHECK(guy_take(&alice, WIRE_INTRODUCED, &got));
	memcpy(id, got.id, sizeof id);
	guy_say(&alice, WIRE_STREAM_CLOSE, &over);
	guy_forget(&bob);
	open_stream(&alice);
	CHECK(guy_take(&alice, WIRE_STREAM_OPENED, &opened));
	opened_at = opened.stream;
	CHECK(opened_at != first);
	CHECK(guy_take(&bob, WIRE_STREAM_OPENED, &opened));
	say_data(&alice, first, 10);
	CHECK(!guy_take(&bob, WIRE_STREAM_DATA, &data));
	/* Nor when everything was over in between. */
	at_alice = over.stream = opened_at;
	guy_say(&alice, WIRE_STREAM_CLOSE, &over);
	world_wait(&w, 10);
	want.req++;
	guy_say(&alice, WIRE_WANT, &want);
	CHECK(guy_take(&bob, WIRE_INTRODUCTION, &asked));
	memcpy(answer.id, asked.id, sizeof answer.id);
	guy_say(&bob, WIRE_ANSWER, &answer);
	CHECK(guy_take(&alice, WIRE_INTRODUCED, &got));
	memcpy(id, got.id, sizeof id);
	open_stream(&alice);
	CHECK(guy_take(&alice, WIRE_STREAM_OPENED, &opened));
	CHECK(opened.stream != first && opened.stream != at_alice);
	CHECK(!alice.is_closed);
	world_free(&w);
}

/* A byte too many is no STREAM_DATA. */
TEST(data_ends_where_it_says)
{
	struct wire_STREAM_DATA m = { .data = BYTES_LIT("hello") }, got;
	struct wr out = wr_new();

	begin_stream();
	m.stream = at_alice;
	guy_queue(&alice, &out, WIRE_STREAM_DATA, &m);
	wr_u8(&out, 0);
	out.p[3]++;
	guy_say_raw(&alice, wr_bytes(&out));
	wr_free(&out);
	CHECK_EQ(guy_take_close(&alice), WIRE_CLOSE_PROTOCOL);
	CHECK(!guy_take(&bob, WIRE_STREAM_DATA, &got));
	world_free(&w);
}

/* A peer that does not read: what waits for it is bounded by its credit, and
 * small pieces that weigh more end the stream, not the session. */
TEST(who_does_not_read_loses_the_stream)
{
	struct wr out = wr_new();
	uint8_t one[1] = { 7 };
	struct wire_STREAM_DATA m = { .data = BYTES_OF(one) };

	begin_stream();
	m.stream = at_alice;
	bob.is_deaf = true;
	for (int i = 0; i < 1000; i++)
		guy_queue(&alice, &out, WIRE_STREAM_DATA, &m);
	for (int i = 0; i < WIRE_CREDIT_MAX / 1000; i++)
		guy_say_raw(&alice, wr_bytes(&out));
	wr_free(&out);
	CHECK(is_over(&alice, at_alice));
	CHECK(!alice.is_closed && !bob.is_closed);
	bob.is_deaf = false;
	guy_forget(&bob);
	world_free(&w);
}

/* Asking without reading ends the session. */
TEST(who_does_not_read_loses_the_session)
{
	struct wr out = wr_new();
	struct wire_PERSON_GET m = { .req = 1 };

	begin();
	m.name = bob.name;
	alice.is_deaf = true;
	for (int i = 0; i < 300; i++)
		guy_queue(&alice, &out, WIRE_PERSON_GET, &m);
	for (int i = 0; i < 30 && !alice.is_closed; i++)
		guy_say_raw(&alice, wr_bytes(&out));
	wr_free(&out);
	CHECK(alice.is_closed);
	CHECK(!bob.is_closed);
	world_free(&w);
}

CHECK_MAIN(T(bytes_arrive_as_they_were), T(a_burst_shares_records),
    T(credit_is_a_limit), T(credit_that_was_not_used_cannot_be_given),
    T(closing), T(a_cut_closes_the_other_end),
    T(only_the_caller_only_once_only_in_time),
    T(a_number_names_one_stream), T(data_ends_where_it_says),
    T(who_does_not_read_loses_the_stream),
    T(who_does_not_read_loses_the_session))
