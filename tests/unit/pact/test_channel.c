/* Sealed records: what one end says the other hears, once, in order, and
 * through any number of rekeys; anything else kills the channel. */
#include "crypto/crypto.h"
#include "pact/channel.h"
#include "support/check.h"

#include <stdlib.h>
#include <string.h>

struct heard {
	size_t count;
	uint64_t next;
};

static uint32_t
cap(uint8_t type, void *ctx)
{
	(void)ctx;
	return type == WIRE_PING || type == WIRE_TEXT ? 20000 : UINT32_MAX;
}

static enum err
on_message(uint8_t type, struct bytes body, void *ctx)
{
	struct heard *heard = ctx;
	struct wire_PING ping;

	heard->count++;
	if (type != WIRE_PING)
		return ERR_OK;
	CHECK_OK(wire_decode(WIRE_PING, body, &ping));
	CHECK_EQ(ping.token, heard->next);
	heard->next++;
	return ERR_OK;
}

static void
make_pair(struct pact_channel *a, struct pact_channel *b, uint8_t kind)
{
	uint8_t one[NOISE_KEY_LEN] = { 1 }, two[NOISE_KEY_LEN] = { 2 };

	CHECK_OK(crypto_init());
	*a = (struct pact_channel){ .kind = kind };
	*b = (struct pact_channel){ .kind = kind };
	noise_transport_init(&a->out, one);
	noise_transport_init(&b->in, one);
	noise_transport_init(&a->in, two);
	noise_transport_init(&b->out, two);
}

static void
say(struct wr *w, uint64_t token)
{
	struct wire_PING ping = { token };

	CHECK_OK(wire_encode(w, WIRE_PING, &ping));
}

/* Opens every record in bytes; returns the first error. */
static enum err
hear(struct pact_channel *c, struct bytes in, struct heard *heard)
{
	enum err err = ERR_OK;

	while (in.n > 0 && err == ERR_OK) {
		bool too_big;
		size_t len, n = pact_channel_cut(in, WIRE_RECORD_MAX - 2, &len,
		    &too_big);
		uint8_t *copy = malloc(len);

		CHECK(n != 0 && !too_big);
		memcpy(copy, in.p + 2, len);
		err = pact_channel_open(c, copy, len, cap, on_message, heard);
		free(copy);
		in.p += n;
		in.n -= n;
	}
	return err;
}

static void
talk(uint8_t kind, uint64_t messages, bool rekeys)
{
	struct pact_channel a, b;
	struct heard heard = { 0 };
	struct wr pending = wr_new(), out = wr_new();

	make_pair(&a, &b, kind);
	for (uint64_t i = 0; i < messages; i++) {
		wr_reset(&pending);
		wr_reset(&out);
		say(&pending, i);
		CHECK_OK(pact_channel_seal(&a, wr_bytes(&pending),
		    rekeys && i % 3 == 0, &out));
		CHECK_OK(hear(&b, wr_bytes(&out), &heard));
	}
	CHECK_EQ(heard.count, messages);
	CHECK(memcmp(a.out.k, b.in.k, NOISE_KEY_LEN) == 0);
	wr_free(&pending);
	wr_free(&out);
	pact_channel_wipe(&a);
	pact_channel_wipe(&b);
}

TEST(a_channel_carries)
{
	talk(PACT_CHANNEL_SERVER, 100, false);
}

TEST(a_channel_rekeys_when_told)
{
	talk(PACT_CHANNEL_SERVER, 100, true);
}

TEST(a_channel_rekeys_by_itself)
{
	talk(PACT_CHANNEL_SERVER, 2 * WIRE_REKEY_RECORDS + 10, false);
}

TEST(a_line_rekeys_after_every_record)
{
	struct pact_channel a, b;
	struct heard heard = { 0 };
	struct wr pending = wr_new(), out = wr_new();
	uint8_t before[NOISE_KEY_LEN];

	talk(PACT_CHANNEL_LINE, 50, false);
	make_pair(&a, &b, PACT_CHANNEL_LINE);
	memcpy(before, a.out.k, sizeof before);
	say(&pending, 0);
	CHECK_OK(pact_channel_seal(&a, wr_bytes(&pending), false, &out));
	CHECK(memcmp(before, a.out.k, sizeof before) != 0);
	CHECK_OK(hear(&b, wr_bytes(&out), &heard));
	CHECK(memcmp(before, b.in.k, sizeof before) != 0);
	wr_free(&pending);
	wr_free(&out);
}

TEST(a_long_message_spans_records)
{
	static uint8_t text[WIRE_TEXT_MAX];
	struct pact_channel a, b;
	struct heard heard = { 0 };
	struct wr pending = wr_new(), out = wr_new();
	struct wire_TEXT message = { 1, BYTES_OF(text) };

	make_pair(&a, &b, PACT_CHANNEL_LINE);
	for (int i = 0; i < 20; i++)
		CHECK_OK(wire_encode(&pending, WIRE_TEXT, &message));
	CHECK_OK(pact_channel_seal(&a, wr_bytes(&pending), false, &out));
	CHECK_OK(hear(&b, wr_bytes(&out), &heard));
	CHECK_EQ(heard.count, 20);
	wr_free(&pending);
	wr_free(&out);
}

TEST(replay_reorder_reflection_and_tampering_fail)
{
	struct pact_channel a, b;
	struct heard heard = { 0 };
	struct wr pending = wr_new(), first = wr_new(), second = wr_new();

	make_pair(&a, &b, PACT_CHANNEL_SERVER);
	say(&pending, 0);
	CHECK_OK(pact_channel_seal(&a, wr_bytes(&pending), false, &first));
	wr_reset(&pending);
	say(&pending, 1);
	CHECK_OK(pact_channel_seal(&a, wr_bytes(&pending), false, &second));
	CHECK_ERR(hear(&b, wr_bytes(&second), &heard), ERR_AUTH);
	CHECK_OK(hear(&b, wr_bytes(&first), &heard));
	CHECK_ERR(hear(&b, wr_bytes(&first), &heard), ERR_AUTH);
	CHECK_ERR(hear(&a, wr_bytes(&second), &heard), ERR_AUTH);
	for (size_t i = 2; i < second.n; i++) {
		second.p[i] ^= 0x10;
		CHECK_ERR(hear(&b, wr_bytes(&second), &heard), ERR_AUTH);
		second.p[i] ^= 0x10;
	}
	CHECK_OK(hear(&b, wr_bytes(&second), &heard));
	CHECK_EQ(heard.count, 2);
	wr_free(&pending);
	wr_free(&first);
	wr_free(&second);
}

TEST(a_record_that_is_no_class_is_refused)
{
	struct pact_channel a, b;
	struct heard heard = { 0 };
	uint8_t plain[100] = { 0 }, sealed[116];

	make_pair(&a, &b, PACT_CHANNEL_SERVER);
	CHECK_OK(noise_transport_seal(&a.out, AEAD_CHACHAPOLY, BYTES_NONE,
	    BYTES_OF(plain), sealed));
	CHECK_ERR(pact_channel_open(&b, sealed, sizeof sealed, cap, on_message,
	    &heard), ERR_DECODE);
}

TEST(nothing_follows_a_rekey_in_its_record)
{
	struct pact_channel a, b;
	struct heard heard = { 0 };
	struct wr pending = wr_new(), out = wr_new();
	struct wire_REKEY rekey = { 1 };

	make_pair(&a, &b, PACT_CHANNEL_SERVER);
	CHECK_OK(wire_encode(&pending, WIRE_REKEY, &rekey));
	say(&pending, 0);
	CHECK_OK(pact_channel_seal(&a, wr_bytes(&pending), false, &out));
	CHECK_ERR(hear(&b, wr_bytes(&out), &heard), ERR_STATE);
	wr_free(&pending);
	wr_free(&out);
}

/* The first is 1, and none is left out. */
TEST(rekeys_are_counted)
{
	for (uint32_t count = 0; count < 4; count++) {
		struct pact_channel a, b;
		struct heard heard = { 0 };
		struct wr pending = wr_new(), out = wr_new();
		struct wire_REKEY rekey = { count };

		make_pair(&a, &b, PACT_CHANNEL_SERVER);
		CHECK_OK(wire_encode(&pending, WIRE_REKEY, &rekey));
		CHECK_OK(pact_channel_seal(&a, wr_bytes(&pending), false,
		    &out));
		CHECK_ERR(hear(&b, wr_bytes(&out), &heard),
		    count == 1 ? ERR_OK : ERR_DECODE);
		wr_free(&pending);
		wr_free(&out);
	}
}

TEST(too_many_records_under_one_key_are_refused)
{
	struct pact_channel a, b;
	struct heard heard = { 0 };
	struct wr pending = wr_new(), out = wr_new();

	make_pair(&a, &b, PACT_CHANNEL_SERVER);
	b.in_records = WIRE_REKEY_RECORDS;
	say(&pending, 0);
	CHECK_OK(pact_channel_seal(&a, wr_bytes(&pending), false, &out));
	CHECK_ERR(hear(&b, wr_bytes(&out), &heard), ERR_LIMIT);
	wr_free(&pending);
	wr_free(&out);
}

TEST(cutting_waits_for_the_whole_record)
{
	uint8_t in[12] = { 0, 10 };
	size_t len;
	bool too_big;

	for (size_t n = 0; n < sizeof in; n++)
		CHECK_EQ(pact_channel_cut((struct bytes){ in, n }, 100, &len,
		    &too_big), 0);
	CHECK_EQ(pact_channel_cut(BYTES_OF(in), 100, &len, &too_big), 12);
	CHECK(len == 10 && !too_big);
	CHECK_EQ(pact_channel_cut(BYTES_OF(in), 9, &len, &too_big), 0);
	CHECK(too_big);
}

TEST(a_channel_that_is_over_has_no_key)
{
	static const struct pact_channel nothing;
	struct pact_channel a, b;

	make_pair(&a, &b, PACT_CHANNEL_SERVER);
	pact_channel_wipe(&a);
	pact_channel_wipe(&b);
	CHECK(memcmp(&a, &nothing, sizeof a) == 0);
	CHECK(memcmp(&b, &nothing, sizeof b) == 0);
}

CHECK_MAIN(T(a_channel_carries), T(a_channel_rekeys_when_told),
    T(a_channel_rekeys_by_itself), T(a_line_rekeys_after_every_record),
    T(a_long_message_spans_records),
    T(replay_reorder_reflection_and_tampering_fail),
    T(a_record_that_is_no_class_is_refused),
    T(nothing_follows_a_rekey_in_its_record),
    T(rekeys_are_counted),
    T(too_many_records_under_one_key_are_refused),
    T(cutting_waits_for_the_whole_record),
    T(a_channel_that_is_over_has_no_key))
