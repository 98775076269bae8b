/* The first record: only who knows the server's key gets past mac1, and
 * every byte of it counts. */
#include "crypto/crypto.h"
#include "pact/guard.h"
#include "support/check.h"
#include "wire/limits.h"

#include <string.h>

static uint8_t message1[PACT_GUARD_MESSAGE1_LEN];
static uint8_t key[PACT_GUARD_KEY_LEN];

static struct pact_guard_first
sample(enum pact_guard_kind kind)
{
	static uint8_t pass[PACT_GUARD_PASS_LEN] = { 1, 2, 3 };

	CHECK_OK(crypto_init());
	for (size_t i = 0; i < sizeof message1; i++)
		message1[i] = (uint8_t)(i * 5);
	pact_guard_key(message1, key);
	return (struct pact_guard_first){ .kind = kind,
		.challenge = { 9, 8, 7 }, .effort = 1000, .nonce = 1ull << 40,
		.pass = BYTES_OF(pass), .message1 = BYTES_OF(message1) };
}

TEST(every_kind_comes_back)
{
	for (enum pact_guard_kind kind = PACT_GUARD_PLAIN;
	     kind <= PACT_GUARD_ASK; kind++) {
		struct pact_guard_first in = sample(kind), out;
		uint8_t record[PACT_GUARD_FIRST_MAX];
		struct wr w = wr_init(record, sizeof record);

		CHECK_OK(pact_guard_write_first(&w, key, &in));
		CHECK_OK(pact_guard_read_first(wr_bytes(&w), key, &out));
		CHECK_EQ(out.kind, kind);
		if (kind != PACT_GUARD_ASK)
			CHECK_BYTES(out.message1, in.message1);
		if (kind == PACT_GUARD_DEVICE)
			CHECK_BYTES(out.pass, in.pass);
		if (kind == PACT_GUARD_PUZZLE) {
			CHECK_EQ(out.effort, in.effort);
			CHECK_EQ(out.nonce, in.nonce);
			CHECK_BYTES(BYTES_OF(out.challenge),
			    BYTES_OF(in.challenge));
		}
	}
}

TEST(a_record_needs_its_room)
{
	for (enum pact_guard_kind kind = PACT_GUARD_PLAIN;
	     kind <= PACT_GUARD_ASK; kind++) {
		struct pact_guard_first in = sample(kind);
		uint8_t record[PACT_GUARD_FIRST_MAX];
		struct wr w = wr_init(record, sizeof record);
		size_t n;

		CHECK_OK(pact_guard_write_first(&w, key, &in));
		n = w.n;
		/* One byte too few, and less than message 1 takes. */
		w = wr_init(record, n - 1);
		CHECK_ERR(pact_guard_write_first(&w, key, &in), ERR_ROOM);
		w = wr_init(record, 40);
		CHECK_ERR(pact_guard_write_first(&w, key, &in), ERR_ROOM);
	}
}

TEST(every_flipped_bit_is_refused)
{
	struct pact_guard_first in = sample(PACT_GUARD_PUZZLE), out;
	uint8_t record[PACT_GUARD_FIRST_MAX];
	struct wr w = wr_init(record, sizeof record);

	CHECK_OK(pact_guard_write_first(&w, key, &in));
	for (size_t i = 0; i < w.n * 8; i++) {
		record[i / 8] ^= (uint8_t)(1 << i % 8);
		CHECK(pact_guard_read_first(wr_bytes(&w), key, &out) !=
		    ERR_OK);
		record[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	for (size_t n = 0; n < w.n; n++)
		CHECK(pact_guard_read_first((struct bytes){ record, n }, key,
			  &out) != ERR_OK);
	CHECK_OK(pact_guard_read_first(wr_bytes(&w), key, &out));
}

/* A kind has one length, and a question for the key is zeros, since anybody
 * can ask it and nothing else protects it. */
TEST(every_kind_has_one_form)
{
	for (enum pact_guard_kind kind = PACT_GUARD_PLAIN;
	     kind <= PACT_GUARD_ASK; kind++) {
		struct pact_guard_first in = sample(kind), out;
		uint8_t record[PACT_GUARD_FIRST_MAX + 1] = { 0 };
		struct wr w = wr_init(record, sizeof record);

		CHECK_OK(pact_guard_write_first(&w, key, &in));
		CHECK_OK(pact_guard_read_first(wr_bytes(&w), key, &out));
		CHECK_ERR(pact_guard_read_first(
		    (struct bytes){ record, w.n + 1 }, key, &out),
		    ERR_DECODE);
		for (size_t i = 2; kind == PACT_GUARD_ASK && i < w.n; i++) {
			record[i] = 1;
			CHECK_ERR(pact_guard_read_first(wr_bytes(&w), key,
			    &out), ERR_DECODE);
			record[i] = 0;
		}
	}
}

TEST(another_servers_key_is_refused)
{
	struct pact_guard_first in = sample(PACT_GUARD_PLAIN), out;
	uint8_t record[PACT_GUARD_FIRST_MAX];
	struct wr w = wr_init(record, sizeof record);

	CHECK_OK(pact_guard_write_first(&w, key, &in));
	pact_guard_key(message1 + 1, key);
	CHECK_ERR(pact_guard_read_first(wr_bytes(&w), key, &out), ERR_AUTH);
	record[0] = WIRE_VERSION + 1;
	CHECK_ERR(pact_guard_read_first(wr_bytes(&w), key, &out), ERR_VERSION);
}

static struct pact_guard_puzzle
puzzle_of(const struct pact_guard_first *first, uint32_t effort)
{
	struct pact_guard_puzzle puzzle = { .effort = effort };

	memcpy(puzzle.challenge, first->challenge, sizeof puzzle.challenge);
	pact_guard_bind(&puzzle, first->message1);
	return puzzle;
}

TEST(a_puzzle_has_solutions_about_as_often_as_it_says)
{
	struct pact_guard_first in = sample(PACT_GUARD_PUZZLE);
	struct pact_guard_puzzle hard = puzzle_of(&in, 100);
	struct pact_guard_puzzle easy = puzzle_of(&in, 1);
	size_t solved = 0, all = 0;

	for (uint64_t nonce = 0; nonce < 20000; nonce++) {
		solved += pact_guard_is_solved(&hard, nonce);
		all += pact_guard_is_solved(&easy, nonce);
	}
	CHECK_EQ(all, 20000);
	CHECK(solved > 120 && solved < 300);
}

TEST(a_puzzle_is_solved_in_slices)
{
	struct pact_guard_first in = sample(PACT_GUARD_PUZZLE);
	struct pact_guard_puzzle puzzle = puzzle_of(&in, 3000);
	uint64_t at_once = 0, sliced = 0, slices = 0;

	CHECK(pact_guard_solve(&puzzle, &at_once, UINT32_MAX));
	CHECK(pact_guard_is_solved(&puzzle, at_once));
	while (!pact_guard_solve(&puzzle, &sliced, 100))
		CHECK_EQ(sliced, ++slices * 100);
	CHECK_EQ(sliced, at_once);
}

/* Message 1, the challenge and the effort are all in it. */
TEST(a_solution_is_bound_to_its_message)
{
	struct pact_guard_first in = sample(PACT_GUARD_PUZZLE);
	struct pact_guard_puzzle puzzle = puzzle_of(&in, 50000);
	uint64_t nonce = 0;

	CHECK(pact_guard_solve(&puzzle, &nonce, UINT32_MAX));
	message1[700] ^= 1;
	puzzle = puzzle_of(&in, 50000);
	CHECK(!pact_guard_is_solved(&puzzle, nonce));
	message1[700] ^= 1;
	puzzle = puzzle_of(&in, 50000);
	CHECK(pact_guard_is_solved(&puzzle, nonce));
	puzzle.challenge[0] ^= 1;
	CHECK(!pact_guard_is_solved(&puzzle, nonce));
	puzzle = puzzle_of(&in, 49999);
	CHECK(!pact_guard_is_solved(&puzzle, nonce));
}

/* Work for a login is for this channel, name, guess and effort: whoever has
 * it for one has it for no other. */
TEST(a_bid_is_bound_to_its_login)
{
	static const struct {
		const char *h, *name, *ke1;
		uint32_t effort;
	} others[] = { { "g", "alice", "guess", 50000 },
		{ "h", "alicf", "guess", 50000 },
		{ "h", "alice", "guest", 50000 },
		{ "h", "alice", "guess", 49999 } };
	struct pact_guard_puzzle puzzle;
	uint64_t nonce = 0;

	pact_guard_login(&puzzle, BYTES_LIT("h"), BYTES_LIT("alice"),
	    BYTES_LIT("guess"), 50000);
	CHECK(pact_guard_solve(&puzzle, &nonce, UINT32_MAX));
	for (size_t i = 0; i < 4; i++) {
		pact_guard_login(&puzzle, bytes_str(others[i].h),
		    bytes_str(others[i].name), bytes_str(others[i].ke1),
		    others[i].effort);
		CHECK(!pact_guard_is_solved(&puzzle, nonce));
	}
}

/* A challenge's mac is of its key, the record that it answers, and all that
 * it says. */
TEST(a_challenge_answers_one_record)
{
	uint8_t bytes[PACT_GUARD_CHALLENGE_LEN] = { 1 };
	uint8_t right[PACT_GUARD_MAC_LEN], mac[PACT_GUARD_MAC_LEN];
	struct bytes record = BYTES_LIT("a record");

	(void)sample(PACT_GUARD_PUZZLE);
	pact_guard_challenge_mac(key, record, bytes, 7, right);
	pact_guard_challenge_mac(key, record, bytes, 7, mac);
	CHECK_BYTES(BYTES_OF(mac), BYTES_OF(right));
	pact_guard_challenge_mac(key, record, bytes, 8, mac);
	CHECK(memcmp(mac, right, sizeof mac) != 0);
	pact_guard_challenge_mac(key, BYTES_LIT("a recore"), bytes, 7, mac);
	CHECK(memcmp(mac, right, sizeof mac) != 0);
	bytes[15] ^= 1;
	pact_guard_challenge_mac(key, record, bytes, 7, mac);
	CHECK(memcmp(mac, right, sizeof mac) != 0);
	bytes[15] ^= 1;
	key[0] ^= 1;
	pact_guard_challenge_mac(key, record, bytes, 7, mac);
	CHECK(memcmp(mac, right, sizeof mac) != 0);
}

CHECK_MAIN(T(every_kind_comes_back), T(a_record_needs_its_room),
    T(every_flipped_bit_is_refused), T(every_kind_has_one_form),
    T(another_servers_key_is_refused),
    T(a_puzzle_has_solutions_about_as_often_as_it_says),
    T(a_puzzle_is_solved_in_slices),
    T(a_solution_is_bound_to_its_message), T(a_bid_is_bound_to_its_login),
    T(a_challenge_answers_one_record))
