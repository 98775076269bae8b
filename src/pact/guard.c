#include "pact/guard.h"

#include "base/rd.h"
#include "crypto/ct.h"
#include "crypto/hash.h"
#include "pact/keys.h"
#include "wire/limits.h"

#include <string.h>

void
pact_guard_key(const uint8_t server_public[32],
    uint8_t key[PACT_GUARD_KEY_LEN])
{
	struct bytes parts[] = { BYTES_LIT(PACT_LABEL_MAC1),
		{ server_public, 32 } };

	blake2b_parts(BYTES_NONE, parts, 2, key, PACT_GUARD_KEY_LEN);
}

static void
mac(const uint8_t key[PACT_GUARD_KEY_LEN], const struct bytes *parts,
    size_t n, uint8_t out[PACT_GUARD_MAC_LEN])
{
	blake2b_parts((struct bytes){ key, PACT_GUARD_KEY_LEN }, parts, n, out,
	    PACT_GUARD_MAC_LEN);
}

enum err
pact_guard_write_first(struct wr *w, const uint8_t key[PACT_GUARD_KEY_LEN],
    const struct pact_guard_first *first)
{
	size_t start = w->n;
	uint8_t mac1[PACT_GUARD_MAC_LEN];
	struct bytes record;

	wr_u8(w, WIRE_VERSION);
	wr_u8(w, (uint8_t)first->kind);
	if (first->kind == PACT_GUARD_ASK) {
		wr_zero(w, PACT_GUARD_ASK_LEN - 2);
		return wr_done(w);
	}
	if (first->kind == PACT_GUARD_PUZZLE) {
		wr_put(w, BYTES_OF(first->challenge));
		wr_u32(w, first->effort);
		wr_u64(w, first->nonce);
	} else if (first->kind == PACT_GUARD_DEVICE) {
		wr_put(w, first->pass);
	}
	wr_put(w, first->message1);
	if (wr_done(w) != ERR_OK)
		return wr_done(w);
	record = (struct bytes){ w->p + start, w->n - start };
	mac(key, &record, 1, mac1);
	wr_put(w, BYTES_OF(mac1));
	return wr_done(w);
}

/* Returns the length of a first record of this kind, or 0. */
static size_t
first_len(uint8_t kind)
{
	size_t plain = 2 + PACT_GUARD_MESSAGE1_LEN + PACT_GUARD_MAC_LEN;

	switch (kind) {
	case PACT_GUARD_PLAIN:
		return plain;
	case PACT_GUARD_PUZZLE:
		return plain + PACT_GUARD_CHALLENGE_LEN + 4 + 8;
	case PACT_GUARD_DEVICE:
		return plain + PACT_GUARD_PASS_LEN;
	case PACT_GUARD_ASK:
		return PACT_GUARD_ASK_LEN;
	default:
		return 0;
	}
}

enum err
pact_guard_read_first(struct bytes record,
    const uint8_t key[PACT_GUARD_KEY_LEN], struct pact_guard_first *first)
{
	struct rd r = rd_init(record);
	struct bytes before = { record.p, record.n - PACT_GUARD_MAC_LEN };
	uint8_t version = rd_u8(&r), kind = rd_u8(&r);
	uint8_t mac1[PACT_GUARD_MAC_LEN];
	enum err err = ERR_OK;

	memset(first, 0, sizeof *first);
	NEED(record.n >= 2, ERR_DECODE);
	NEED(version == WIRE_VERSION, ERR_VERSION);
	NEED(record.n == first_len(kind), ERR_DECODE);
	first->kind = (enum pact_guard_kind)kind;
	if (kind == PACT_GUARD_ASK) {
		NEED(ct_is_zero(record.p + 2, record.n - 2), ERR_DECODE);
		goto out;
	}
	mac(key, &before, 1, mac1);
	NEED(ct_equal(mac1, before.p + before.n, sizeof mac1), ERR_AUTH);
	if (kind == PACT_GUARD_PUZZLE) {
		rd_copy(&r, first->challenge, sizeof first->challenge);
		first->effort = rd_u32(&r);
		first->nonce = rd_u64(&r);
	} else if (kind == PACT_GUARD_DEVICE) {
		first->pass = rd_view(&r, PACT_GUARD_PASS_LEN);
	}
	first->message1 = rd_view(&r, PACT_GUARD_MESSAGE1_LEN);
	(void)rd_view(&r, PACT_GUARD_MAC_LEN);
	err = rd_end(&r);
out:
	return err;
}

void
pact_guard_challenge_mac(const uint8_t key[PACT_GUARD_KEY_LEN],
    struct bytes first_record,
    const uint8_t challenge[PACT_GUARD_CHALLENGE_LEN], uint32_t effort,
    uint8_t out[PACT_GUARD_MAC_LEN])
{
	uint8_t number[4];
	struct wr w = wr_init(number, sizeof number);
	struct bytes parts[] = { BYTES_LIT(PACT_LABEL_CHALLENGE), first_record,
		{ challenge, PACT_GUARD_CHALLENGE_LEN }, BYTES_OF(number) };

	wr_u32(&w, effort);
	mac(key, parts, sizeof parts / sizeof parts[0], out);
}

void
pact_guard_bind(struct pact_guard_puzzle *puzzle, struct bytes message1)
{
	hash_one(HASH_BLAKE2B, message1, puzzle->bound);
}

void
pact_guard_login(struct pact_guard_puzzle *puzzle, struct bytes h,
    struct bytes name, struct bytes ke1, uint32_t effort)
{
	struct bytes channel[] = { BYTES_LIT(PACT_LABEL_EFFORT), h };
	struct bytes guess[] = { ke1, name };

	memset(puzzle, 0, sizeof *puzzle);
	puzzle->effort = effort;
	blake2b_parts(BYTES_NONE, channel, 2, puzzle->challenge,
	    sizeof puzzle->challenge);
	blake2b_parts(BYTES_NONE, guess, 2, puzzle->bound,
	    sizeof puzzle->bound);
}

bool
pact_guard_is_solved(const struct pact_guard_puzzle *puzzle, uint64_t nonce)
{
	uint8_t numbers[12], out[4];
	struct wr w = wr_init(numbers, sizeof numbers);
	struct bytes parts[] = { BYTES_OF(puzzle->challenge),
		BYTES_OF(puzzle->bound), BYTES_OF(numbers) };
	struct rd r = rd_init(BYTES_OF(out));

	wr_u32(&w, puzzle->effort);
	wr_u64(&w, nonce);
	blake2b_parts(BYTES_NONE, parts, 3, out, sizeof out);
	return (uint64_t)rd_u32(&r) * puzzle->effort <= UINT32_MAX;
}

bool
pact_guard_solve(const struct pact_guard_puzzle *puzzle, uint64_t *nonce,
    uint32_t tries)
{
	for (; tries > 0; tries--, (*nonce)++)
		if (pact_guard_is_solved(puzzle, *nonce))
			return true;
	return false;
}
