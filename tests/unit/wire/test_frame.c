/* Messages in and out of records: whatever the sizes, what goes in comes
 * out, in order, and no record says more than its class. */
#include "support/check.h"
#include "support/fault.h"
#include "wire/frame.h"
#include "wire/messages.h"

#include <stdlib.h>
#include <string.h>

static uint32_t seed = 7;

static uint32_t
next_random(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(seed >> 4) * below >> 28);
}

/* What arrived, message after message, in the form in which it was sent. */
struct arrived {
	struct wr bytes;
	size_t count;
	enum err answer;
};

static uint32_t
any_cap(uint8_t type, void *ctx)
{
	(void)ctx;
	return type == 0xee ? UINT32_MAX : type == 0xdd ? 10 : 1 << 20;
}

static enum err
on_message(uint8_t type, struct bytes body, void *ctx)
{
	struct arrived *a = ctx;

	wr_u8(&a->bytes, type);
	wr_vec24(&a->bytes, body);
	a->count++;
	return a->answer;
}

static void
put_message(struct wr *w, uint8_t type, size_t len)
{
	size_t mark;

	wr_u8(w, type);
	mark = wr_begin(w, 3);
	for (size_t i = 0; i < len; i++)
		wr_u8(w, (uint8_t)(i * 3 + len));
	wr_end(w, mark, 3);
}

/* Sends all of pending as records and returns how many it took. */
static size_t
carry(struct wire_unframe *u, struct bytes pending, struct arrived *a)
{
	static uint8_t record[WIRE_RECORD_MAX];
	uint32_t inside = 0;
	size_t records = 0;

	while (pending.n > 0) {
		size_t n = wire_frame_next(pending, &inside);
		size_t size = wire_frame_class(n);

		CHECK(n > 0 && n <= pending.n && n <= WIRE_FRAME_MAX);
		CHECK(wire_frame_is_class(size));
		memset(record, 0, sizeof record);
		memcpy(record, pending.p, n);
		CHECK_OK(wire_unframe_record(u,
		    (struct bytes){ record, size - WIRE_RECORD_OVERHEAD },
		    any_cap, on_message, a));
		pending.p += n;
		pending.n -= n;
		records++;
	}
	CHECK_EQ(inside, 0);
	return records;
}

TEST(any_run_of_messages_arrives)
{
	for (int round = 0; round < 200; round++) {
		struct wr sent = wr_new();
		struct arrived a = { wr_new(), 0, ERR_OK };
		struct wire_unframe u = { 0 };
		uint32_t count = 1 + next_random(40);

		for (uint32_t i = 0; i < count; i++) {
			uint32_t size = next_random(20);

			put_message(&sent, (uint8_t)(1 + next_random(100)),
			    size == 0    ? 65000 + next_random(200000) :
				size < 4 ? next_random(40000) :
					   next_random(300));
		}
		(void)carry(&u, wr_bytes(&sent), &a);
		CHECK_EQ(a.count, count);
		CHECK_BYTES(wr_bytes(&a.bytes), wr_bytes(&sent));
		CHECK(u.body == NULL);
		wr_free(&a.bytes);
		wr_free(&sent);
	}
}

TEST(messages_at_every_edge_of_a_record)
{
	static const size_t edges[] = { 0, WIRE_RECORD_PACKED,
		WIRE_FRAME_MAX - WIRE_HEADER_LEN, WIRE_FRAME_MAX,
		2 * WIRE_FRAME_MAX - WIRE_HEADER_LEN };

	for (size_t e = 1; e < sizeof edges / sizeof edges[0]; e++) {
		for (size_t len = edges[e] - 20; len < edges[e] + 3; len++) {
			struct wr sent = wr_new();
			struct arrived a = { wr_new(), 0, ERR_OK };
			struct wire_unframe u = { 0 };

			put_message(&sent, 5, len);
			put_message(&sent, 6, 1);
			(void)carry(&u, wr_bytes(&sent), &a);
			CHECK_EQ(a.count, 2);
			CHECK_BYTES(wr_bytes(&a.bytes), wr_bytes(&sent));
			wr_free(&a.bytes);
			wr_free(&sent);
		}
	}
}

TEST(short_messages_share_a_record)
{
	struct wr sent = wr_new();
	struct arrived a = { wr_new(), 0, ERR_OK };
	struct wire_unframe u = { 0 };

	for (int i = 0; i < 32; i++)
		put_message(&sent, 9, 300);
	CHECK_EQ(carry(&u, wr_bytes(&sent), &a), 1);
	CHECK_EQ(a.count, 32);
	wr_free(&a.bytes);
	wr_free(&sent);
}

TEST(classes_are_powers_of_two)
{
	for (size_t n = 0; n <= WIRE_FRAME_MAX; n++) {
		size_t size = wire_frame_class(n);

		if (!wire_frame_is_class(size) ||
		    size < n + WIRE_RECORD_OVERHEAD ||
		    (size > WIRE_RECORD_MIN &&
			size / 2 >= n + WIRE_RECORD_OVERHEAD)) {
			CHECK_EQ(size, n);
			return;
		}
	}
	CHECK(!wire_frame_is_class(300));
	CHECK(!wire_frame_is_class(128));
	CHECK(!wire_frame_is_class(2 * WIRE_RECORD_MAX));
}

static enum err
offer(const uint8_t *p, size_t n, struct arrived *a)
{
	struct wire_unframe u = { 0 };
	enum err err = wire_unframe_record(&u, (struct bytes){ p, n }, any_cap,
	    on_message, a);

	wire_unframe_free(&u);
	return err;
}

TEST(bad_records_are_refused)
{
	struct arrived a = { wr_new(), 0, ERR_OK };
	uint8_t record[WIRE_RECORD_MIN - WIRE_RECORD_OVERHEAD] = { 0 };

	CHECK_OK(offer(record, sizeof record, &a));
	CHECK_EQ(a.count, 0);
	record[sizeof record - 1] = 1; /* padding that is not zero */
	CHECK_ERR(offer(record, sizeof record, &a), ERR_DECODE);
	record[sizeof record - 1] = 0;
	record[1] = 1;
	CHECK_ERR(offer(record, sizeof record, &a), ERR_DECODE);
	record[1] = 0;
	record[0] = 0xee; /* a type that nobody may send now */
	CHECK_ERR(offer(record, sizeof record, &a), ERR_STATE);
	record[0] = 0xdd; /* too long for its type */
	record[3] = 11;
	CHECK_ERR(offer(record, sizeof record, &a), ERR_TOO_BIG);
	record[0] = 5; /* goes on, but not in a largest record */
	record[2] = 1;
	CHECK_ERR(offer(record, sizeof record, &a), ERR_DECODE);
	record[0] = 5; /* a header cut off */
	CHECK_ERR(offer(record, 3, &a), ERR_DECODE);
	CHECK_EQ(a.count, 0);
	a.answer = ERR_AUTH; /* what the handler says is what comes back */
	record[2] = 0;
	record[3] = 4;
	CHECK_ERR(offer(record, sizeof record, &a), ERR_AUTH);
	wr_free(&a.bytes);
}

/* What starts a long message in the last bytes of a largest record: its
 * header, or only that. */
static void
put_start(uint8_t *record, size_t tail)
{
	size_t first = WIRE_FRAME_MAX - 2 * WIRE_HEADER_LEN - tail;

	memset(record, 0, WIRE_FRAME_MAX);
	record[0] = 9;
	record[1] = (uint8_t)(first >> 16);
	record[2] = (uint8_t)(first >> 8);
	record[3] = (uint8_t)first;
	record[WIRE_HEADER_LEN + first] = 5;
	record[WIRE_HEADER_LEN + first + 3] = 40;
}

TEST(a_message_may_begin_at_the_very_end)
{
	static uint8_t record[WIRE_FRAME_MAX], rest[494];
	struct bytes first = BYTES_OF(record), second = BYTES_OF(rest);

	for (size_t tail = 0; tail < 3; tail++) {
		struct arrived a = { wr_new(), 0, ERR_OK };
		struct wire_unframe u = { 0 };

		put_start(record, tail);
		CHECK_OK(wire_unframe_record(&u, first, any_cap, on_message,
		    &a));
		CHECK_EQ(a.count, 1);
		CHECK_EQ(u.have, tail);
		/* A plaintext of nothing adds nothing. */
		CHECK_OK(wire_unframe_record(&u, BYTES_NONE, any_cap,
		    on_message, &a));
		CHECK_EQ(u.have, tail);
		CHECK_OK(wire_unframe_record(&u, second, any_cap, on_message,
		    &a));
		CHECK_EQ(a.count, 2);
		CHECK(u.body == NULL);
		wr_free(&a.bytes);
	}
}

TEST(a_long_message_that_is_refused)
{
	static uint8_t record[WIRE_FRAME_MAX], rest[494];
	struct arrived a = { wr_new(), 0, ERR_OK };
	struct wire_unframe u = { 0 };

	put_start(record, 1);
	fault_at(3); /* two are for the message before, as it is kept here */
	CHECK_ERR(wire_unframe_record(&u, BYTES_OF(record), any_cap,
	    on_message, &a), ERR_NOMEM);
	CHECK(fault_end());
	CHECK(u.body == NULL);
	CHECK_OK(wire_unframe_record(&u, BYTES_OF(record), any_cap,
	    on_message, &a));
	a.answer = ERR_AUTH;
	CHECK_ERR(wire_unframe_record(&u, BYTES_OF(rest), any_cap, on_message,
	    &a), ERR_AUTH);
	CHECK(u.body == NULL);
	wr_free(&a.bytes);
}

CHECK_MAIN(T(any_run_of_messages_arrives),
    T(messages_at_every_edge_of_a_record), T(short_messages_share_a_record),
    T(classes_are_powers_of_two), T(bad_records_are_refused),
    T(a_message_may_begin_at_the_very_end),
    T(a_long_message_that_is_refused))
