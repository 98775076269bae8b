/* Rosters, tickets and derived keys: what is signed or sealed opens for
 * whom it is meant, and no byte of it may change. */
#include "crypto/aead.h"
#include "crypto/crypto.h"
#include "crypto/ct.h"
#include "crypto/dh.h"
#include "crypto/sig.h"
#include "pact/roster.h"
#include "pact/ticket.h"
#include "support/check.h"
#include "support/fault.h"
#include "wire/messages.h"

#include <string.h>

static const uint8_t identity_seed[32] = { 11 };

static struct wire_name
name_of(const char *text)
{
	struct wire_name name;

	CHECK_OK(wire_name_parse(&name, bytes_str(text)));
	return name;
}

static struct pact_roster
sample_roster(size_t devices)
{
	struct pact_roster roster = { .name = name_of("alice"), .version = 3,
		.previous = { 5 }, .time_s = 1700000000, .count = devices };

	ed25519_public(identity_seed, roster.identity);
	for (size_t i = 0; i < devices; i++) {
		struct pact_roster_entry *entry = &roster.entries[i];
		uint8_t seed[32] = { 20, (uint8_t)i };

		entry->id[0] = (uint8_t)i;
		ed25519_public(seed, entry->device_key);
		x25519_public(seed, entry->link_key);
		memcpy(entry->label, "laptop", 6);
		entry->added_s = 1700000000 + i;
		entry->expires_s = i == 1 ? 1700000100 : 0;
		CHECK_OK(pact_roster_sign_entry(entry, &roster.name,
		    roster.identity, seed));
	}
	return roster;
}

static bool
is_same_roster(const struct pact_roster *a, const struct pact_roster *b)
{
	struct wr x = wr_new(), y = wr_new();
	bool same;

	CHECK_OK(pact_roster_write(&x, a, identity_seed));
	CHECK_OK(pact_roster_write(&y, b, identity_seed));
	same = bytes_equal(wr_bytes(&x), wr_bytes(&y));
	wr_free(&x);
	wr_free(&y);
	return same;
}

TEST(a_roster_comes_back)
{
	CHECK_OK(crypto_init());
	for (size_t n = 0; n <= WIRE_ROSTER_DEVICES; n++) {
		struct pact_roster in = sample_roster(n), out;
		struct wr w = wr_new();

		CHECK_OK(pact_roster_write(&w, &in, identity_seed));
		CHECK(w.n <= WIRE_ROSTER_MAX);
		CHECK_OK(pact_roster_read(wr_bytes(&w), &out));
		CHECK_EQ(out.count, n);
		CHECK(is_same_roster(&in, &out));
		wr_free(&w);
	}
}

TEST(no_bit_of_a_roster_may_change)
{
	struct pact_roster in = sample_roster(2), out;
	struct wr w = wr_new();

	CHECK_OK(pact_roster_write(&w, &in, identity_seed));
	for (size_t i = 0; i < w.n; i++) {
		w.p[i] ^= 1 << i % 8;
		CHECK(pact_roster_read(wr_bytes(&w), &out) != ERR_OK);
		CHECK_EQ(out.count, 0);
		w.p[i] ^= 1 << i % 8;
	}
	for (size_t n = 0; n < w.n; n++)
		CHECK(pact_roster_read((struct bytes){ w.p, n }, &out) !=
		    ERR_OK);
	wr_free(&w);
}

static enum err
write_and_read(const struct pact_roster *in)
{
	struct pact_roster out;
	struct wr w = wr_new();
	enum err err;

	CHECK_OK(pact_roster_write(&w, in, identity_seed));
	err = pact_roster_read(wr_bytes(&w), &out);
	wr_free(&w);
	return err;
}

TEST(an_entry_needs_its_devices_signature)
{
	struct pact_roster in = sample_roster(2);

	in.entries[1].link_key[0] ^= 1;
	CHECK_ERR(write_and_read(&in), ERR_AUTH);
	in = sample_roster(2);
	in.name = name_of("mallory"); /* an entry is for one account */
	CHECK_ERR(write_and_read(&in), ERR_AUTH);
}

TEST(a_device_stands_once)
{
	struct pact_roster in = sample_roster(2);

	in.entries[1] = in.entries[0];
	CHECK_ERR(write_and_read(&in), ERR_AUTH);
}

TEST(labels_cannot_reach_a_terminal)
{
	struct pact_roster in = sample_roster(1);
	uint8_t seed[32] = { 20, 0 };

	in.entries[0].label[0] = 0x1b;
	CHECK_OK(pact_roster_sign_entry(&in.entries[0], &in.name, in.identity,
	    seed));
	CHECK_ERR(write_and_read(&in), ERR_DECODE);
}

/* A byte more than a roster, one too many of all, none of a version, and the
 * one byte that is ASCII and not printed. */
TEST(a_roster_has_one_form)
{
	struct pact_roster roster = sample_roster(2), out;
	uint8_t room[WIRE_ROSTER_MAX + 1] = { 0 };
	uint8_t seed[32] = { 20, 0 };
	struct wr w = wr_init(room, sizeof room);
	size_t n;

	CHECK_OK(pact_roster_write(&w, &roster, identity_seed));
	n = w.n;
	CHECK_OK(pact_roster_read((struct bytes){ room, n }, &out));
	CHECK_ERR(pact_roster_read((struct bytes){ room, n + 1 }, &out),
	    ERR_DECODE);
	CHECK_ERR(pact_roster_parse((struct bytes){ room, n + 1 }, &out),
	    ERR_DECODE);
	CHECK_ERR(pact_roster_read((struct bytes){ room, sizeof room }, &out),
	    ERR_TOO_BIG);
	roster.version = 0;
	w = wr_init(room, sizeof room);
	CHECK_OK(pact_roster_write(&w, &roster, identity_seed));
	CHECK_ERR(pact_roster_read(wr_bytes(&w), &out), ERR_DECODE);
	roster.version = 1;
	for (int c = 0x7e; c <= 0x7f; c++) {
		roster.entries[0].label[1] = (char)c;
		CHECK_OK(pact_roster_sign_entry(&roster.entries[0],
		    &roster.name, roster.identity, seed));
		w = wr_init(room, sizeof room);
		CHECK_OK(pact_roster_write(&w, &roster, identity_seed));
		CHECK_ERR(pact_roster_read(wr_bytes(&w), &out),
		    c == 0x7e ? ERR_OK : ERR_DECODE);
	}
}

TEST(expired_devices_are_not_found)
{
	struct pact_roster in = sample_roster(3);
	uint8_t id[PACT_DEVICE_ID_LEN] = { 1 };

	CHECK(pact_roster_find(&in, id, 1700000099) == &in.entries[1]);
	CHECK(pact_roster_find(&in, id, 1700000100) == NULL);
	id[0] = 2;
	CHECK(pact_roster_find(&in, id, 1800000000) == &in.entries[2]);
	id[0] = 9;
	CHECK(pact_roster_find(&in, id, 0) == NULL);
}

TEST(a_ticket_opens_for_its_callee_only)
{
	static const uint8_t key[32] = { 1 }, other[32] = { 2 },
			     random[24] = { 3 };
	struct pact_ticket in = { .id = { 1 }, .name = name_of("bob"),
		.identity = { 2 }, .device = { 3 }, .link_key = { 4 },
		.nonce = { 5 }, .paths = WIRE_PATH_DIRECT,
		.expires_ms = 120000 };
	struct pact_ticket out;
	uint8_t sealed[PACT_TICKET_LEN];

	CHECK(sizeof sealed <= WIRE_TICKET_MAX);
	CHECK_OK(pact_ticket_seal(&in, key, random, sealed));
	CHECK_OK(pact_ticket_open(BYTES_OF(sealed), key, &out));
	CHECK(wire_name_equal(&in.name, &out.name));
	CHECK(in.id[0] == out.id[0] && in.identity[0] == out.identity[0] &&
	    in.device[0] == out.device[0] && in.paths == out.paths &&
	    in.link_key[0] == out.link_key[0] && in.nonce[0] == out.nonce[0] &&
	    in.expires_ms == out.expires_ms);
	CHECK_ERR(pact_ticket_open(BYTES_OF(sealed), other, &out), ERR_AUTH);
	for (size_t i = 0; i < sizeof sealed; i++) {
		sealed[i] ^= 0x80;
		CHECK_ERR(pact_ticket_open(BYTES_OF(sealed), key, &out),
		    ERR_AUTH);
		sealed[i] ^= 0x80;
	}
	CHECK_ERR(pact_ticket_open((struct bytes){ sealed, 20 }, key, &out),
	    ERR_DECODE);
}

/* Whoever has the key, the server, still says a ticket of its one form. */
static enum err
open_altered(size_t at, uint8_t value)
{
	static const uint8_t key[32] = { 1 }, random[24] = { 3 };
	struct pact_ticket in = { .id = { 1 }, .name = name_of("bob") }, out;
	uint8_t sealed[PACT_TICKET_LEN], body[PACT_TICKET_LEN];
	struct bytes label = BYTES_LIT(PACT_LABEL_TICKET);
	struct bytes closed = { sealed + AEAD_XNONCE_LEN,
		sizeof sealed - AEAD_XNONCE_LEN };
	enum err err;

	CHECK_OK(pact_ticket_seal(&in, key, random, sealed));
	CHECK_OK(aead_open(AEAD_XCHACHAPOLY, key, random, label, closed,
	    body));
	body[at] = value;
	CHECK_OK(aead_seal(AEAD_XCHACHAPOLY, key, random, label,
	    (struct bytes){ body, closed.n - AEAD_TAG_LEN },
	    sealed + AEAD_XNONCE_LEN));
	err = pact_ticket_open(BYTES_OF(sealed), key, &out);
	CHECK(err == ERR_OK || ct_is_zero((uint8_t *)&out, sizeof out));
	return err;
}

TEST(a_ticket_has_one_form)
{
	CHECK_OK(open_altered(16, 3)); /* the name's length, as it was */
	CHECK_OK(open_altered(16 + 1, 'r'));
	CHECK_ERR(open_altered(16, 2), ERR_DECODE); /* text after the name */
	CHECK_ERR(open_altered(16, 0), ERR_DECODE);
	CHECK_ERR(open_altered(16, WIRE_NAME_MAX), ERR_DECODE);
	CHECK_ERR(open_altered(16, WIRE_NAME_MAX + 1), ERR_DECODE);
	CHECK_ERR(open_altered(16 + 1, 'B'), ERR_DECODE);
	CHECK_ERR(open_altered(16 + WIRE_NAME_MAX, 'x'), ERR_DECODE);
}

TEST(a_ticket_that_cannot_be_sealed)
{
	static const uint8_t key[32] = { 1 }, random[24] = { 3 };
	struct pact_ticket in = { .name = name_of("bob") };
	uint8_t sealed[PACT_TICKET_LEN];

	fault_at(1);
	CHECK_ERR(pact_ticket_seal(&in, key, random, sealed), ERR_CRYPTO);
	CHECK(fault_end());
}

TEST(every_input_changes_the_session_key)
{
	uint8_t x[64] = { 1 }, opaque[64] = { 2 }, h[64] = { 3 };
	uint8_t device[16] = { 4 }, keys[6][32];
	struct wire_name alice = name_of("alice"), bob = name_of("bob");

	CHECK_OK(pact_keys_session(BYTES_OF(x), BYTES_OF(opaque), h, &alice,
	    device, keys[0]));
	CHECK_OK(pact_keys_session(BYTES_OF(x), BYTES_NONE, h, &alice, device,
	    keys[1]));
	CHECK_OK(pact_keys_session(BYTES_OF(x), BYTES_OF(opaque), h, &bob,
	    device, keys[2]));
	x[63] ^= 1;
	CHECK_OK(pact_keys_session(BYTES_OF(x), BYTES_OF(opaque), h, &alice,
	    device, keys[3]));
	h[63] ^= 1;
	CHECK_OK(pact_keys_session(BYTES_OF(x), BYTES_OF(opaque), h, &alice,
	    device, keys[4]));
	device[15] ^= 1;
	CHECK_OK(pact_keys_session(BYTES_OF(x), BYTES_OF(opaque), h, &alice,
	    device, keys[5]));
	for (size_t i = 0; i < 6; i++)
		for (size_t j = 0; j < i; j++)
			CHECK(memcmp(keys[i], keys[j], 32) != 0);
}

/* label || 0 || h || name || device id: a signature is for one channel, and
 * for one device of one account. */
TEST(a_device_signs_its_channel)
{
	uint8_t h[PACT_HASH_LEN], device[PACT_DEVICE_ID_LEN];
	struct wire_name name = { "alice" };
	struct wr got = wr_new(), want = wr_new();

	memset(h, 3, sizeof h);
	memset(device, 4, sizeof device);
	pact_keys_device_login(&got, h, &name, device);
	wr_put(&want, BYTES_LIT("sotto/1 device login"));
	wr_u8(&want, 0);
	wr_put(&want, BYTES_OF(h));
	wr_put(&want, BYTES_LIT("alice"));
	wr_put(&want, BYTES_OF(device));
	CHECK_OK(wr_done(&want));
	CHECK_BYTES(wr_bytes(&got), wr_bytes(&want));
	wr_free(&got);
	wr_free(&want);
}

/* label || h: a login is for the channel that it was made in. */
TEST(a_login_is_for_its_channel)
{
	uint8_t h[PACT_HASH_LEN], got[PACT_LOGIN_CONTEXT_LEN];
	struct wr want = wr_new();

	memset(h, 5, sizeof h);
	pact_keys_login_context(h, got);
	wr_put(&want, BYTES_LIT("sotto/1 login"));
	wr_put(&want, BYTES_OF(h));
	CHECK_BYTES(BYTES_OF(got), wr_bytes(&want));
	wr_free(&want);
}

TEST(logout_answers_differ_by_side_and_challenge)
{
	uint8_t key[32] = { 1 }, a[16] = { 2 }, b[16] = { 3 };
	uint8_t one[32], two[32], three[32];

	pact_keys_logout(key, PACT_LABEL_LOGOUT_1, a, b, one);
	pact_keys_logout(key, PACT_LABEL_LOGOUT_2, a, b, two);
	pact_keys_logout(key, PACT_LABEL_LOGOUT_1, b, a, three);
	CHECK(memcmp(one, two, 32) != 0 && memcmp(one, three, 32) != 0);
}

CHECK_MAIN(T(a_roster_comes_back), T(no_bit_of_a_roster_may_change),
    T(an_entry_needs_its_devices_signature), T(a_device_stands_once),
    T(labels_cannot_reach_a_terminal), T(a_roster_has_one_form),
    T(expired_devices_are_not_found),
    T(a_ticket_opens_for_its_callee_only), T(a_ticket_has_one_form),
    T(a_ticket_that_cannot_be_sealed),
    T(every_input_changes_the_session_key),
    T(a_device_signs_its_channel), T(a_login_is_for_its_channel),
    T(logout_answers_differ_by_side_and_challenge))
