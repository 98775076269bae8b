/*
 * Somebody on the wire between a client and the server: every bit of both
 * handshake records changed, records spliced, keys exchanged, versions
 * edited. The server is the real core; the client is noise and pact.
 */
#include "world.h"

#include "crypto/sig.h"
#include "server/core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECORD1 (2 + 2 + PACT_GUARD_MESSAGE1_LEN + PACT_GUARD_MAC_LEN)
#define RECORD2 (2 + 1 + PACT_GUARD_MESSAGE2_LEN)

static struct world w;
static struct guy alice, bob;
static uint8_t guard_key[PACT_GUARD_KEY_LEN];
static uint64_t caller; /* each comes from an address of its own */

static void
begin(void)
{
	struct server_config config = server_config_default();

	config.max_conns = 64;
	config.guard = SERVER_GUARD_OFF;
	world_init_with(&w, &config);
	guy_init(&w, &alice, "alice", "correct horse");
	guy_init(&w, &bob, "bob", "correct horse");
	pact_guard_key(w.server_key, guard_key);
}

static uint64_t
handshakes(void)
{
	struct server_stats s;

	server_get_stats(w.server, &s);
	return s.handshakes;
}

/* The server's public-key operations for whoever is not known. */
static uint64_t
operations(void)
{
	struct server_stats s;

	server_get_stats(w.server, &s);
	return s.pk_ops_without_pass;
}

/* A good first record, with its length in front. */
static void
make_first(struct guy *g, uint8_t record[RECORD1])
{
	uint8_t message1[PACT_GUARD_MESSAGE1_LEN];
	struct pact_guard_first first = { .kind = PACT_GUARD_PLAIN,
		.message1 = BYTES_OF(message1) };
	struct wr to = wr_init(record, RECORD1);

	guy_new_message1(g, message1);
	wr_u16(&to, RECORD1 - 2);
	CHECK_OK(pact_guard_write_first(&to, guard_key, &first));
	CHECK_EQ(to.n, RECORD1);
}

/* Whoever is in the middle knows the server's public key, too. */
static void
make_mac1(uint8_t record[RECORD1])
{
	struct bytes before = { record + 2, RECORD1 - 2 - PACT_GUARD_MAC_LEN };

	blake2b_parts(BYTES_OF(guard_key), &before, 1,
	    record + RECORD1 - PACT_GUARD_MAC_LEN, PACT_GUARD_MAC_LEN);
}

/* Says a first record to the server on a connection of its own; the client
 * hears what comes back. Returns whether its channel stands. */
static bool
present(struct guy *g, const uint8_t record[RECORD1])
{
	uint8_t *copy = malloc(RECORD1);

	guy_cut(g);
	w.now_ms += 20; /* for the budget of handshakes */
	g->in.n = 0;
	g->is_closed = g->is_cut = false;
	memcpy(g->from.ip, &(uint64_t){ ++caller * 0x9e3779b97f4a7c15 }, 8);
	g->conn = server_open(w.server, g, &g->from);
	CHECK(g->conn != NULL);
	memcpy(copy, record, RECORD1);
	server_bytes(w.server, g->conn, (struct bytes){ copy, RECORD1 });
	free(copy);
	world_pump(&w);
	return g->is_up;
}

/* Returns whether a client with a handshake in this state takes an answer. */
static bool
takes(const struct noise_handshake *hs, const uint8_t record[RECORD2])
{
	struct noise_handshake copy = *hs;
	struct wr nothing = wr_init(NULL, 0);
	struct bytes message = { record + 3, RECORD2 - 3 };
	bool is_taken;

	if (record[0] != (RECORD2 - 2) >> 8 ||
	    record[1] != ((RECORD2 - 2) & 0xff) ||
	    record[2] != PACT_GUARD_MESSAGE2)
		return false; /* cut otherwise, or no Noise message */
	is_taken = noise_handshake_read(&copy, message, &nothing) == ERR_OK;
	noise_handshake_wipe(&copy);
	return is_taken;
}

/* The server's answer to a good first record; hs is as it was then. */
static void
hear_answer(struct guy *g, struct noise_handshake *hs,
    uint8_t answer[RECORD2])
{
	uint8_t record[RECORD1];

	make_first(g, record);
	*hs = g->hs;
	g->is_deaf = true;
	CHECK(!present(g, record));
	g->is_deaf = false;
	CHECK_EQ(g->in.n, RECORD2);
	memcpy(answer, g->in.p, RECORD2);
	g->in.n = 0;
	CHECK(takes(hs, answer));
}

/* All bits of the first record: 10,144 handshakes that the server does not
 * answer, of which the mac stops each before any public-key operation. */
TEST(threat_05_every_bit_of_the_first_record)
{
	uint8_t record[RECORD1];

	begin();
	make_first(&alice, record);
	for (size_t i = 0; i < 8 * RECORD1; i++) {
		record[i / 8] ^= (uint8_t)(1 << i % 8);
		CHECK(!present(&alice, record));
		record[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	CHECK_EQ(alice.got, 0);
	CHECK_EQ(operations(), 0);
	CHECK(present(&alice, record));
	world_free(&w);
}

/* The same with a mac that is right: Noise finds every bit of its message. */
TEST(threat_05_every_bit_under_a_right_mac)
{
	uint8_t good[RECORD1], record[RECORD1];
	const size_t from = 8 * 2, to = 8 * (RECORD1 - PACT_GUARD_MAC_LEN);

	begin();
	make_first(&alice, good);
	for (size_t i = from; i < to; i++) {
		memcpy(record, good, sizeof good);
		record[i / 8] ^= (uint8_t)(1 << i % 8);
		make_mac1(record);
		CHECK(!present(&alice, record));
	}
	CHECK_EQ(alice.got, 0);
	CHECK_EQ(handshakes(), 0);
	CHECK_EQ(operations(), 8 * PACT_GUARD_MESSAGE1_LEN);
	CHECK(present(&alice, good));
	CHECK_EQ(handshakes(), 1);
	world_free(&w);
}

/* All 9,240 bits of the answer. */
TEST(threat_05_every_bit_of_the_answer)
{
	struct noise_handshake hs;
	uint8_t answer[RECORD2];

	begin();
	hear_answer(&alice, &hs, answer);
	for (size_t i = 0; i < 8 * RECORD2; i++) {
		answer[i / 8] ^= (uint8_t)(1 << i % 8);
		CHECK(!takes(&hs, answer));
		answer[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	CHECK(takes(&hs, answer));
	world_free(&w);
}

/* Where a piece begins and ends, somewhere in n bytes; not all of them. */
static void
choose_piece(size_t n, size_t *from, size_t *to)
{
	uint16_t r[2];

	do {
		world_random(&w, r, sizeof r);
		*from = r[0] % n;
		*to = *from + 1 + r[1] % (n - *from);
	} while (*from == 0 && *to == n);
}

/* Pieces of one handshake in another, 1,000 times, in either record. */
TEST(threat_05_a_thousand_splices)
{
	uint8_t first[2][RECORD1], record[RECORD1];
	uint8_t answer[2][RECORD2], mixed[RECORD2];
	struct noise_handshake hs[2];
	size_t from, to, tried = 0;

	begin();
	for (int i = 0; i < 2; i++)
		hear_answer(&alice, &hs[i], answer[i]);
	make_first(&bob, first[1]);
	make_first(&alice, first[0]);
	while (tried < 500) {
		memcpy(record, first[0], sizeof record);
		choose_piece(PACT_GUARD_MESSAGE1_LEN, &from, &to);
		memcpy(record + 4 + from, first[1] + 4 + from, to - from);
		make_mac1(record);
		CHECK(!present(&alice, record));
		tried++;
	}
	while (tried < 1000) {
		memcpy(mixed, answer[0], sizeof mixed);
		choose_piece(PACT_GUARD_MESSAGE2_LEN, &from, &to);
		memcpy(mixed + 3 + from, answer[1] + 3 + from, to - from);
		CHECK(!takes(&hs[tried % 2], mixed));
		tried++;
	}
	CHECK(!takes(&hs[0], answer[1]) && !takes(&hs[1], answer[0]));
	CHECK(present(&alice, first[0]));
	world_free(&w);
}

/* Another's version, in the clear or inside: no answer, 255 times. */
TEST(threat_11_another_version_is_not_answered)
{
	uint8_t good[RECORD1], record[RECORD1];

	begin();
	make_first(&alice, good);
	for (unsigned version = 0; version < 256; version++) {
		if (version == WIRE_VERSION)
			continue;
		memcpy(record, good, sizeof good);
		record[2] = (uint8_t)version;
		CHECK(!present(&alice, record));
		make_mac1(record);
		CHECK(!present(&alice, record));
		CHECK(alice.is_closed);
	}
	/* Kinds: none is a weaker one. */
	for (unsigned kind = 0; kind < 256; kind++) {
		if (kind == PACT_GUARD_PLAIN)
			continue;
		memcpy(record, good, sizeof good);
		record[3] = (uint8_t)kind;
		make_mac1(record);
		CHECK(!present(&alice, record));
		CHECK(alice.is_closed);
	}
	CHECK_EQ(alice.got, 0);
	CHECK_EQ(operations(), 0);
	/* The prologue says the version again: one that only one end has in
	 * mind makes no channel. */
	CHECK(present(&alice, good));
	world_free(&w);
}

/* A client whose prologue says another version meets a server of this one. */
TEST(threat_11_the_version_is_in_the_handshake)
{
	static struct noise_pattern pattern;
	struct noise_keys keys = { .rs = w.server_key };
	uint8_t prologue[PACT_CHANNEL_PROLOGUE_LEN], record[RECORD1];
	struct noise_random random;

	begin();
	CHECK_OK(noise_pattern_parse(&pattern, PACT_CHANNEL_PROTOCOL));
	make_first(&alice, record);
	for (unsigned version = 0; version < 256; version++) {
		struct wr message1 = wr_init(record + 4,
		    PACT_GUARD_MESSAGE1_LEN);

		pact_keys_channel_prologue(prologue);
		CHECK_EQ(prologue[sizeof prologue - 1], WIRE_VERSION);
		prologue[sizeof prologue - 1] = (uint8_t)version;
		world_random(&w, &random, sizeof random);
		CHECK_OK(noise_handshake_init(&alice.hs, &pattern,
		    NOISE_INITIATOR, BYTES_OF(prologue), &keys));
		CHECK_OK(noise_handshake_write(&alice.hs, &random, BYTES_NONE,
		    &message1));
		make_mac1(record);
		CHECK_EQ(present(&alice, record), version == WIRE_VERSION);
	}
	world_free(&w);
}

/* ---- somebody has the server's keys, or another's account ---- */

/* A login of a device, with all of it chosen. */
static bool
logs_in(struct guy *g, const struct wire_DEVICE_LOGIN *m)
{
	struct wire_LOGIN_OK ok;

	guy_forget(g);
	guy_say(g, WIRE_DEVICE_LOGIN, m);
	return guy_take(g, WIRE_LOGIN_OK, &ok);
}

static void
sign(struct wire_DEVICE_LOGIN *m, const uint8_t seed[32],
    const uint8_t h[PACT_HASH_LEN])
{
	struct wr text = wr_new();

	pact_keys_device_login(&text, h, &m->name, m->device);
	ed25519_sign(seed, wr_bytes(&text), m->signature);
	wr_free(&text);
}

/* The server's keys sign for nobody: 0 of 1,000 logins as alice's device, by
 * whoever has them and what alice has signed before. */
TEST(threat_09_the_servers_keys_are_no_devices)
{
	uint8_t old_h[PACT_HASH_LEN], seed[32];
	size_t taken = 0;

	begin();
	CHECK(guy_connect(&alice) && guy_register(&alice));
	memcpy(old_h, alice.h, sizeof old_h);
	for (unsigned i = 0; i < 1000; i++) {
		struct wire_DEVICE_LOGIN m = { .req = 1, .name = alice.name };

		if (!bob.is_up || bob.is_closed) {
			world_wait(&w, 1000);
			CHECK(guy_connect(&bob));
		}
		memcpy(m.device, alice.device, sizeof m.device);
		if (i % 4 == 0)
			sign(&m, alice.device_seed, old_h);
		else if (i % 4 == 1)
			sign(&m, w.keys.channel_secret, bob.h);
		else if (i % 4 == 2)
			sign(&m, w.keys.opaque_secret, bob.h);
		else
			sign(&m, alice.link_key, bob.h);
		taken += logs_in(&bob, &m);
		world_random(&w, seed, sizeof seed);
		sign(&m, seed, bob.h);
		if (!bob.is_closed)
			taken += logs_in(&bob, &m);
	}
	CHECK_EQ(taken, 0);
	guy_forget(&bob);
	guy_forget(&alice);
	CHECK(guy_connect(&alice) && guy_login_device(&alice, 0));
	world_free(&w);
}

/* Mallory is a member, and takes what is alice's for what is his, or the
 * other way round. */
TEST(threat_10_a_login_is_of_one_device_of_one_person_in_one_channel)
{
	struct wire_DEVICE_LOGIN m = { .req = 1 };
	struct guy mallory, phone;

	begin();
	CHECK(guy_connect(&alice) && guy_register(&alice));
	guy_init(&w, &mallory, "mallory", "correct horse");
	CHECK(guy_connect(&mallory) && guy_register(&mallory));
	guy_init_device(&phone, &alice);
	CHECK(guy_connect(&phone) && guy_login(&phone, 0));
	CHECK(guy_add_device(&phone));
	/* Signed by one, for the name, the device or the channel of another. */
#define SCRIPT(signer, its_name, its_device, its_h)                           \
	do {                                                                  \
		world_wait(&w, 60000);                                        \
		guy_forget(&mallory);                                         \
		CHECK(guy_connect(&mallory));                                 \
		m.name = (its_name);                                          \
		memcpy(m.device, (its_device), sizeof m.device);              \
		sign(&m, (signer)->device_seed, (its_h));                     \
		CHECK(!logs_in(&mallory, &m));                                \
	} while (0)
	SCRIPT(&mallory, alice.name, alice.device, mallory.h);
	SCRIPT(&mallory, alice.name, mallory.device, mallory.h);
	SCRIPT(&mallory, mallory.name, alice.device, mallory.h);
	SCRIPT(&alice, mallory.name, alice.device, mallory.h);
	SCRIPT(&alice, mallory.name, mallory.device, mallory.h);
	SCRIPT(&alice, alice.name, phone.device, mallory.h);
	SCRIPT(&alice, alice.name, alice.device, phone.h);
#undef SCRIPT
	/* Her password, in a channel of somebody in between: KE2 does not fit
	 * at her end, nor KE3 at the server's. */
	world_wait(&w, 60000);
	guy_forget(&alice);
	CHECK(guy_connect(&alice));
	memcpy(alice.h, mallory.h, sizeof alice.h);
	CHECK(!guy_login(&alice, 0));
	CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_LOGIN);
	/* And his password for her name. */
	mallory.password = "another horse";
	mallory.name = alice.name;
	CHECK(guy_connect(&mallory));
	CHECK(!guy_login(&mallory, 0));
	guy_forget(&phone);
	CHECK(guy_connect(&phone) && guy_login_device(&phone, 0));
	world_free(&w);
}

/* ---- fields with a fixed set of values ---- */

/* What a message of this type says when it is right, but for one field. */
static size_t
write_field(uint8_t type, uint8_t value, struct wr *to)
{
	union {
		struct wire_LOGIN_FINISH finish;
		struct wire_DEVICE_LOGIN device;
		struct wire_LOGOUT logout;
		struct wire_CHANGE change;
		struct wire_STATUS_SET status;
		struct wire_WANT want;
		struct wire_ANSWER answer;
		struct wire_CLOSE close;
	} m = { { 0 } };

	switch (type) {
	case WIRE_DEVICE_LOGIN:
		m.device.name = alice.name;
		m.device.mode = value;
		break;
	case WIRE_LOGOUT:
		m.logout.scope = value;
		break;
	case WIRE_CHANGE:
		m.change.parts = value;
		break;
	case WIRE_STATUS_SET:
		m.status.status = value;
		break;
	case WIRE_WANT:
		m.want.name = bob.name;
		m.want.paths = value;
		break;
	case WIRE_ANSWER:
		m.answer.verdict = value;
		break;
	default:
		m.close.reason = value;
		break;
	}
	wr_reset(to);
	CHECK_OK(wire_encode(to, (enum wire_type)type, &m));
	return to->n;
}

/* Modes, scopes, parts, statuses, paths, verdicts that are not known: the
 * answer is an error or the end of the channel, said, and 100 times of 100
 * the server goes on. */
TEST(threat_11_unknown_values_are_a_clean_error)
{
	static const struct {
		uint8_t type, known; /* values from 0 on that are */
		bool is_logged;
	} fields[] = {
		{ WIRE_DEVICE_LOGIN, 2, false },
		{ WIRE_LOGOUT, 3, true },
		{ WIRE_CHANGE, 16, true },
		{ WIRE_STATUS_SET, 5, true },
		{ WIRE_WANT, 4, true },
		{ WIRE_ANSWER, 2, true },
	};
	struct wr message = wr_new();

	begin();
	CHECK(guy_connect(&alice) && guy_register(&alice));
	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
		for (unsigned v = fields[i].known; v < 256; v++) {
			enum wire_error error;
			int reason;

			guy_forget(&alice);
			world_wait(&w, 60000);
			CHECK(guy_connect(&alice));
			if (fields[i].is_logged)
				CHECK(guy_login_device(&alice, 0));
			(void)write_field(fields[i].type, (uint8_t)v,
			    &message);
			guy_say_raw(&alice, wr_bytes(&message));
			error = guy_take_error(&alice);
			reason = guy_take_close(&alice);
			if (!CHECK(error != 0 ||
				reason == WIRE_CLOSE_PROTOCOL))
				printf("    type %02x, value %u\n",
				    fields[i].type, v);
		}
	}
	guy_forget(&alice);
	CHECK(guy_connect(&alice) && guy_login_device(&alice, 0));
	wr_free(&message);
	world_free(&w);
}

CHECK_MAIN(T(threat_05_every_bit_of_the_first_record),
    T(threat_05_every_bit_under_a_right_mac),
    T(threat_05_every_bit_of_the_answer), T(threat_05_a_thousand_splices),
    T(threat_09_the_servers_keys_are_no_devices),
    T(threat_10_a_login_is_of_one_device_of_one_person_in_one_channel),
    T(threat_11_another_version_is_not_answered),
    T(threat_11_the_version_is_in_the_handshake),
    T(threat_11_unknown_values_are_a_clean_error))
