/* Every message of the table: it comes back as it went, byte for byte, and
 * nothing that is cut short or has something behind it is taken. */
#include "base/rd.h"
#include "support/check.h"
#include "wire/messages.h"

#include <string.h>

static uint8_t filler[WIRE_SETTINGS_BOX_MAX];

/* Fills a field with something other than zeros. */
#define FILL_U8(name, arg)    message.name = 0xa1;
#define FILL_U32(name, arg)   message.name = 0xa1a2a3a4;
#define FILL_U64(name, arg)   message.name = 0xa1a2a3a4a5a6a7a8;
#define FILL_FIXED(name, arg) memset(message.name, 0xf1, arg);
#define FILL_NAME(name, arg)  memcpy(message.name.s, "alice.b-1", 9);
#define FILL_VEC8(name, arg)  message.name = (struct bytes){ filler, arg };
#define FILL_VEC16(name, arg) message.name = (struct bytes){ filler, arg };
#define FILL_VEC24(name, arg) message.name = (struct bytes){ filler, arg };
#define FILL(kind, name, arg) FILL_##kind(name, arg)

static void
check_body(enum wire_type type, struct bytes whole)
{
	uint8_t decoded[WIRE_STRUCT_MAX];
	struct bytes body = { whole.p + WIRE_HEADER_LEN,
		whole.n - WIRE_HEADER_LEN };
	struct wr again = wr_new();
	uint8_t longer[256] = { 0 };

	CHECK_EQ(whole.p[0], type);
	CHECK_EQ((size_t)whole.p[1] << 16 | (size_t)whole.p[2] << 8 |
		whole.p[3], body.n);
	CHECK(body.n <= wire_kind_of((uint8_t)type)->cap);
	CHECK_OK(wire_decode(type, body, decoded));
	CHECK_OK(wire_encode(&again, type, decoded));
	CHECK_BYTES(wr_bytes(&again), whole);
	for (size_t n = 0; n < body.n && n < 2000; n++)
		CHECK_ERR(wire_decode(type, (struct bytes){ body.p, n },
		    decoded), ERR_DECODE);
	if (body.n < sizeof longer) {
		memcpy(longer, body.p, body.n);
		CHECK_ERR(wire_decode(type,
		    (struct bytes){ longer, body.n + 1 }, decoded),
		    ERR_DECODE);
	}
	wr_free(&again);
}

TEST(every_message_comes_back)
{
	for (size_t i = 0; i < sizeof filler; i++)
		filler[i] = (uint8_t)(i * 7);
#define MESSAGE(NAME, number, where, from, when, cap, what)                   \
	{                                                                     \
		struct wire_##NAME message;                                   \
		struct wr w = wr_new();                                       \
		memset(&message, 0, sizeof message);                          \
		FIELDS_##NAME(FILL) CHECK_OK(                                 \
		    wire_encode(&w, WIRE_##NAME, &message));                  \
		check_body(WIRE_##NAME, wr_bytes(&w));                        \
		wr_free(&w);                                                  \
	}
#include "wire/messages.def"
#undef MESSAGE
}

TEST(numbers_are_free_or_taken_once)
{
	size_t taken = 0;

	for (unsigned i = 0; i < 256; i++) {
		const struct wire_kind *kind = wire_kind_of((uint8_t)i);

		taken += kind != NULL;
		CHECK(kind == NULL || kind->number == i);
	}
	CHECK(wire_kind_of(WIRE_PAD) == NULL);
#define MESSAGE(NAME, number, where, from, when, cap, what) taken--;
#include "wire/messages.def"
#undef MESSAGE
	CHECK_EQ(taken, 0);
}

TEST(an_overlong_vector_is_not_sent)
{
	struct wire_STREAM_DATA message = { 1,
		{ filler, WIRE_STREAM_CHUNK + 1 } };
	struct wr w = wr_new();

	wr_u8(&w, 9);
	CHECK_ERR(wire_encode(&w, WIRE_STREAM_DATA, &message), ERR_ARG);
	CHECK_EQ(w.n, 1);
	wr_free(&w);
}

TEST(an_overlong_vector_is_not_taken)
{
	uint8_t body[3 + 39] = { 0, 0, 0 };
	uint8_t decoded[WIRE_STRUCT_MAX];
	struct wr w = wr_new();
	struct wire_ANSWER message = { .endpoints = { body, 38 } };

	CHECK_OK(wire_encode(&w, WIRE_ANSWER, &message));
	w.p[WIRE_HEADER_LEN + 18] = 39;
	wr_u8(&w, 0);
	CHECK_ERR(wire_decode(WIRE_ANSWER,
	    (struct bytes){ w.p + WIRE_HEADER_LEN, w.n - WIRE_HEADER_LEN },
	    decoded), ERR_DECODE);
	wr_free(&w);
}

/* The same, where the length has two bytes or three. */
TEST(an_overlong_long_vector_is_not_taken)
{
	static uint8_t body[4 + 8 + 3 + WIRE_SETTINGS_BOX_MAX + 1];
	struct wire_STREAM_DATA data;
	struct wire_SETTINGS settings;

	for (uint32_t more = 0; more < 2; more++) {
		enum err want = more == 0 ? ERR_OK : ERR_DECODE;
		uint32_t n = WIRE_STREAM_CHUNK + more;
		struct wr w = wr_init(body, sizeof body);

		wr_u32(&w, 1);
		wr_u16(&w, (uint16_t)n);
		wr_zero(&w, n);
		CHECK_ERR(wire_decode(WIRE_STREAM_DATA, wr_bytes(&w), &data),
		    want);
		n = WIRE_SETTINGS_BOX_MAX + more;
		w = wr_init(body, sizeof body);
		wr_u32(&w, 1);
		wr_u64(&w, 1);
		wr_u24(&w, n);
		wr_zero(&w, n);
		CHECK_ERR(wire_decode(WIRE_SETTINGS, wr_bytes(&w), &settings),
		    want);
	}
}

TEST(a_name_on_the_wire_is_a_name)
{
	uint8_t decoded[WIRE_STRUCT_MAX];
	static const uint8_t good[] = { 3, 'b', 'o', 'b', 1 };
	static const uint8_t upper[] = { 3, 'B', 'o', 'b', 1 };
	static const uint8_t escape[] = { 3, 'b', 0x1b, 'b', 1 };
	static const uint8_t none[] = { 0, 1 };

	CHECK_OK(wire_decode(WIRE_PRESENCE, BYTES_OF(good), decoded));
	CHECK_ERR(wire_decode(WIRE_PRESENCE, BYTES_OF(upper), decoded),
	    ERR_DECODE);
	CHECK_ERR(wire_decode(WIRE_PRESENCE, BYTES_OF(escape), decoded),
	    ERR_DECODE);
	CHECK_ERR(wire_decode(WIRE_PRESENCE, BYTES_OF(none), decoded),
	    ERR_DECODE);
}

TEST(people_come_back_one_by_one)
{
	struct wr w = wr_new();
	struct wire_person in = { .status = 2, .devices = 3 }, out;
	struct rd r;

	memcpy(in.name.s, "carol", 5);
	in.identity[31] = 9;
	wire_person_put(&w, &in);
	in.status = 1;
	wire_person_put(&w, &in);
	r = rd_init(wr_bytes(&w));
	wire_person_get(&r, &out);
	CHECK(out.status == 2 && out.devices == 3 && out.identity[31] == 9);
	wire_person_get(&r, &out);
	CHECK(out.status == 1 && wire_name_equal(&out.name, &in.name));
	CHECK_OK(rd_end(&r));
	wire_person_get(&r, &out);
	CHECK_ERR(rd_end(&r), ERR_DECODE);
	wr_free(&w);
}

TEST(endpoints_are_at_most_two)
{
	struct wire_endpoint in[2] = { { { 1 }, 2000 }, { { 2 }, 3000 } };
	struct wire_endpoint out[WIRE_ENDPOINTS_MAX];
	uint8_t buf[1 + 2 * WIRE_ENDPOINT_LEN + 1] = { 0 };
	static const uint8_t three[1 + 3 * WIRE_ENDPOINT_LEN] = { 3 };
	struct bytes b;
	size_t n;

	for (size_t count = 0; count <= 2; count++) {
		b = wire_endpoints_encode(buf, in, count);
		CHECK_OK(wire_endpoints_decode(b, out, &n));
		CHECK_EQ(n, count);
		CHECK(n == 0 || memcmp(in, out, n * sizeof in[0]) == 0);
	}
	CHECK_OK(wire_endpoints_decode(BYTES_NONE, out, &n));
	CHECK_EQ(n, 0);
	CHECK_ERR(wire_endpoints_decode(BYTES_OF(three), out, &n), ERR_DECODE);
	b.n--;
	CHECK_ERR(wire_endpoints_decode(b, out, &n), ERR_DECODE);
	b.n += 2;
	CHECK_ERR(wire_endpoints_decode(b, out, &n), ERR_DECODE);
}

CHECK_MAIN(T(every_message_comes_back), T(numbers_are_free_or_taken_once),
    T(an_overlong_vector_is_not_sent), T(an_overlong_vector_is_not_taken),
    T(an_overlong_long_vector_is_not_taken),
    T(a_name_on_the_wire_is_a_name), T(people_come_back_one_by_one),
    T(endpoints_are_at_most_two))
