/*
 * What both ends derive, against values that were computed apart from this
 * program, with hashlib and another Ed25519: two ends that leave out the same
 * thing would agree with each other.
 */
#include "crypto/crypto.h"
#include "crypto/hash.h"
#include "crypto/sig.h"
#include "pact/guard.h"
#include "pact/keys.h"
#include "pact/roster.h"
#include "support/check.h"
#include "support/unhex.h"

#include <string.h>

/* The bytes first, first + 1, ... */
static void
fill(void *p, uint8_t first, size_t n)
{
	uint8_t *at = p;

	for (size_t i = 0; i < n; i++)
		at[i] = (uint8_t)(first + i);
}

static struct wire_name
alice(void)
{
	return (struct wire_name){ "alice" };
}

static void
check_hash(struct bytes b, const char *want)
{
	uint8_t hash[32];

	blake2b_parts(BYTES_NONE, &b, 1, hash, sizeof hash);
	CHECK_BYTES(BYTES_OF(hash), unhex(want));
}

TEST(the_guard)
{
	uint8_t public[32], key[32], first[50], challenge[16], mac[16];
	uint8_t message1[PACT_GUARD_MESSAGE1_LEN];
	struct pact_guard_puzzle puzzle;

	fill(public, 0, sizeof public);
	pact_guard_key(public, key);
	CHECK_BYTES(BYTES_OF(key), unhex("61214e410187983fd9bbfacee7e2ddb5"
	    "7bb757179683188290dd4880b5c3d4c8"));
	fill(first, 7, sizeof first);
	fill(challenge, 9, sizeof challenge);
	pact_guard_challenge_mac(key, BYTES_OF(first), challenge, 70000, mac);
	CHECK_BYTES(BYTES_OF(mac), unhex("88fd46d0fedb1004b0ed36937a0c8969"));
	fill(message1, 1, sizeof message1);
	pact_guard_bind(&puzzle, BYTES_OF(message1));
	CHECK_BYTES(BYTES_OF(puzzle.bound), unhex(
	    "3bdc48c5f61dd353c1e3c9f54373a6cb"
	    "39dd5f3f86e7cc049ed2b0d0fdc01ee0"
	    "2b5d5cfd9b71665ccc2c101548db809e"
	    "89c53e4530b00c081256ff11c1aa045b"));
}

TEST(the_work_for_a_login)
{
	uint8_t h[PACT_HASH_LEN], ke1[96];
	struct wire_name name = alice();
	struct pact_guard_puzzle puzzle;
	uint64_t nonce = 0;

	fill(h, 3, sizeof h);
	fill(ke1, 5, sizeof ke1);
	pact_guard_login(&puzzle, BYTES_OF(h), wire_name_bytes(&name),
	    BYTES_OF(ke1), 70001);
	CHECK_BYTES(BYTES_OF(puzzle.challenge),
	    unhex("d264ca79581d323f7d5aba4870e4ab96"));
	CHECK_BYTES(BYTES_OF(puzzle.bound), unhex(
	    "59469ac38a8625a9e350991e5990b421"
	    "1927e54f076b4a49f49b20bdfe159779"
	    "5bbba111d6ab9f5bbbb05f7a7f3d9efe"
	    "7bea15bcd5f7d354d909cfc6794288c3"));
	CHECK(pact_guard_solve(&puzzle, &nonce, UINT32_MAX));
	CHECK_EQ(nonce, 77448);
}

TEST(what_a_session_derives)
{
	uint8_t h[PACT_HASH_LEN], x[64], opaque[64], device[16];
	uint8_t one[16], two[16], key[32], answer[32];
	uint8_t context[PACT_LOGIN_CONTEXT_LEN];
	uint8_t prologue[PACT_CHANNEL_PROLOGUE_LEN];
	struct wire_name name = alice();

	fill(h, 3, sizeof h);
	fill(x, 11, sizeof x);
	fill(opaque, 13, sizeof opaque);
	fill(device, 17, sizeof device);
	fill(one, 19, sizeof one);
	fill(two, 23, sizeof two);
	CHECK_OK(pact_keys_session(BYTES_OF(x), BYTES_NONE, h, &name, device,
	    key));
	CHECK_BYTES(BYTES_OF(key), unhex("4d8a0d76008241f6dddaa108587d4ff7"
	    "729900cb90334b469e2419326fe8a319"));
	CHECK_OK(pact_keys_session(BYTES_OF(x), BYTES_OF(opaque), h, &name,
	    device, key));
	CHECK_BYTES(BYTES_OF(key), unhex("7010be2274ebe0b2d69a5198764702a0"
	    "e5bfc8f154fa2ae4fd4f54b25f2ed1ef"));
	pact_keys_logout(key, PACT_LABEL_LOGOUT_1, one, two, answer);
	CHECK_BYTES(BYTES_OF(answer), unhex("069619d7cea52beadebc0e5aa757fc57"
	    "9145a8a7203a5c7801eeea0bb3c0f4f6"));
	pact_keys_logout(key, PACT_LABEL_LOGOUT_2, one, two, answer);
	CHECK_BYTES(BYTES_OF(answer), unhex("1442017aec721ed37fd1fed1e2acdae5"
	    "4b591819a5f34b5557b98d0e50804ae0"));
	pact_keys_channel_prologue(prologue);
	CHECK_BYTES(BYTES_OF(prologue),
	    unhex("736f74746f2f31206368616e6e656c01"));
	pact_keys_login_context(h, context);
	check_hash(BYTES_OF(context), "ad314511def5c348a51c96c3808cf8a9"
	    "af1e839e79cab2a0164d5db7dc4c2463");
}

TEST(what_devices_sign_and_lines_begin_with)
{
	uint8_t h[PACT_HASH_LEN], device[16], identity[32];
	struct wire_name name = alice();
	struct wr w = wr_new();

	fill(h, 3, sizeof h);
	fill(device, 17, sizeof device);
	fill(identity, 0, sizeof identity);
	pact_keys_device_login(&w, h, &name, device);
	check_hash(wr_bytes(&w), "f626da485a169381e29c8f4737a9da77"
	    "1bb80967f3c1d94cf631bbf023bad3cd");
	wr_reset(&w);
	pact_keys_line_end(&w, &name, identity, device);
	check_hash(wr_bytes(&w), "24a429c2772e79265488e22cddb342a3"
	    "de776654583db3b36d2f45789cdf2dbf");
	wr_free(&w);
}

TEST(a_roster)
{
	struct pact_roster roster = { .name = alice(), .version = 3,
		.time_s = 1700000001, .count = 1 };
	struct pact_roster_entry *entry = &roster.entries[0];
	uint8_t identity_seed[32], device_seed[32], hash[32];
	struct wr w = wr_new();

	CHECK_OK(crypto_init());
	fill(identity_seed, 29, sizeof identity_seed);
	fill(device_seed, 31, sizeof device_seed);
	ed25519_public(identity_seed, roster.identity);
	fill(roster.previous, 41, sizeof roster.previous);
	fill(entry->id, 17, sizeof entry->id);
	ed25519_public(device_seed, entry->device_key);
	fill(entry->link_key, 37, sizeof entry->link_key);
	(void)strcpy(entry->label, "laptop");
	entry->added_s = 1700000000;
	entry->expires_s = 1700000100;
	CHECK_OK(pact_roster_sign_entry(entry, &roster.name, roster.identity,
	    device_seed));
	CHECK_BYTES(BYTES_OF(entry->possession), unhex(
	    "a0fdc279083c1ebcb7eb9d2c73aba7c1"
	    "9364a19eec32f0a4f6aeac9816a9caf5"
	    "aaf16587724c4a872628727fa82053af"
	    "e6b39c25725fd41771e73ad423cf0a0a"));
	CHECK_OK(pact_roster_write(&w, &roster, identity_seed));
	CHECK_EQ(w.n, 318);
	pact_roster_hash(wr_bytes(&w), hash);
	CHECK_BYTES(BYTES_OF(hash), unhex("767946b46f59b12266fc9829373b6c27"
	    "39ce3de46bac96650dabc4a64c55aae0"));
	wr_free(&w);
}

CHECK_MAIN(T(the_guard), T(the_work_for_a_login), T(what_a_session_derives),
    T(what_devices_sign_and_lines_begin_with), T(a_roster))
