#include "mls/ratchet.h"

#include <stdlib.h>
#include <string.h>

void
mls_ratchet_init(struct mls_ratchet_state *r, const uint8_t *secret)
{
	*r = (struct mls_ratchet_state){ .generation = 0 };
	memcpy(r->secret, secret, sizeof r->secret);
}

void
mls_ratchet_wipe(struct mls_ratchet_state *r)
{
	if (r->skipped != NULL)
		bytes_wipe(r->skipped, r->cap * sizeof r->skipped[0]);
	free(r->skipped);
	bytes_wipe(r, sizeof *r);
}

/* What one step of a ratchet gives, 9.1; after may be the secret itself, or
 * NULL for what is not wanted. */
struct step {
	uint8_t *key, *nonce, *after;
};

static enum mls_result
derive(const struct mls_suite *s, const uint8_t *secret, uint32_t generation,
    const struct step *to)
{
	struct hkdf from;
	enum mls_result err = MLS_OK;

	hkdf_init(&from, s->hash, (struct bytes){ secret, s->hash_len });
	if (to->key != NULL) {
		TRY(mls_suite_tree_secret_next(
		    &from, "key", generation, to->key, s->key_len));
		TRY(mls_suite_tree_secret_next(
		    &from, "nonce", generation, to->nonce, s->nonce_len));
	}
	if (to->after != NULL)
		TRY(mls_suite_tree_secret_next(
		    &from, "secret", generation, to->after, s->hash_len));
out:
	hkdf_wipe(&from);
	return err;
}

/* The secret of the next generation; out may be secret. */
static enum mls_result
derive_after(const struct mls_suite *s, const uint8_t *secret,
    uint32_t generation, uint8_t *out)
{
	return derive(s, secret, generation, &(struct step){ NULL, NULL, out });
}

/* Computes a key from a ratchet that stands at or before its generation. */
static enum mls_result
key_ahead(const struct mls_suite *s, uint64_t at, const uint8_t *secret,
    struct mls_message_key *out)
{
	struct {
		uint8_t secret[MLS_MAX_HASH_LEN];
	} s_;
	enum mls_result err = MLS_OK;

	memcpy(s_.secret, secret, s->hash_len);
	NEED(out->generation - at <= MLS_MAX_AHEAD,
	    MLS_GENERATION_IS_TOO_FAR_AHEAD);
	out->is_next = out->generation == at;
	for (; at < out->generation; at++)
		TRY(derive_after(s, s_.secret, (uint32_t)at, s_.secret));
	TRY(derive(s, s_.secret, out->generation,
	    &(struct step){
		out->key, out->nonce, out->is_next ? out->after : NULL }));
out:
	bytes_wipe(&s_, sizeof s_);
	return err;
}

static const struct mls_skipped_key *
find_skipped(const struct mls_ratchet_state *r, uint32_t generation)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->skipped[i].generation == generation)
			return &r->skipped[i];
	return NULL;
}

enum mls_result
mls_ratchet_key(const struct mls_suite *s, const struct mls_ratchet_state *r,
    struct mls_message_key *out)
{
	const struct mls_skipped_key *old;

	if (out->generation >= r->generation)
		return key_ahead(s, r->generation, r->secret, out);
	old = find_skipped(r, out->generation);
	if (old == NULL)
		return MLS_GENERATION_WAS_USED_BEFORE;
	memcpy(out->key, old->key, sizeof out->key);
	memcpy(out->nonce, old->nonce, sizeof out->nonce);
	return MLS_OK;
}

/* Forgets the first n skipped keys. */
static void
forget_oldest(struct mls_ratchet_state *r, size_t n)
{
	if (n == 0)
		return;
	memmove(r->skipped, r->skipped + n, (r->n - n) * sizeof r->skipped[0]);
	r->n -= n;
	bytes_wipe(r->skipped + r->n, n * sizeof r->skipped[0]);
}

static void
forget_one(struct mls_ratchet_state *r, uint32_t generation)
{
	size_t i = 0;

	while (i < r->n && r->skipped[i].generation != generation)
		i++;
	if (i == r->n)
		return;
	memmove(r->skipped + i, r->skipped + i + 1,
	    (r->n - i - 1) * sizeof r->skipped[0]);
	r->n--;
	bytes_wipe(r->skipped + r->n, sizeof r->skipped[0]);
}

static void
forget_expired(struct mls_ratchet_state *r, uint64_t now_s)
{
	size_t n = 0;

	while (n < r->n && r->skipped[n].since_s + MLS_SKIPPED_AGE_S < now_s)
		n++;
	forget_oldest(r, n);
}

/* Makes room for n keys in all, without changing any. */
static bool
reserve(struct mls_ratchet_state *r, size_t n)
{
	size_t cap = r->cap == 0 ? 4 : r->cap;
	struct mls_skipped_key *p;

	if (n <= r->cap)
		return true;
	while (cap < n)
		cap *= 2;
	p = calloc(cap, sizeof p[0]);
	if (p == NULL)
		return false;
	if (r->n != 0)
		memcpy(p, r->skipped, r->n * sizeof p[0]);
	if (r->skipped != NULL)
		bytes_wipe(r->skipped, r->cap * sizeof p[0]);
	free(r->skipped);
	r->skipped = p;
	r->cap = cap;
	return true;
}

/*
 * Steps a ratchet past a generation and keeps the keys in between, the last
 * MLS_MAX_SKIPPED of them. Fails before anything has changed.
 */
static enum mls_result
step_past(const struct mls_suite *s, struct mls_ratchet_state *r,
    const struct mls_message_key *key, uint64_t now_s)
{
	uint64_t over = key->generation - r->generation;
	uint64_t from = over > MLS_MAX_SKIPPED
			    ? key->generation - MLS_MAX_SKIPPED
			    : r->generation;
	size_t kept = (size_t)(key->generation - from), n = r->n;
	struct {
		uint8_t secret[MLS_MAX_HASH_LEN];
	} s_;
	enum mls_result err = MLS_OK;

	memcpy(s_.secret, r->secret, sizeof s_.secret);
	NEED(reserve(r, n + kept), MLS_OUT_OF_MEMORY);
	for (uint64_t g = r->generation; g < key->generation; g++) {
		struct step to = { .after = s_.secret };

		if (g >= from) {
			struct mls_skipped_key *kept_key = &r->skipped[n++];

			kept_key->since_s = now_s;
			kept_key->generation = (uint32_t)g;
			to.key = kept_key->key;
			to.nonce = kept_key->nonce;
		}
		TRY(derive(s, s_.secret, (uint32_t)g, &to));
	}
	if (key->is_next)
		memcpy(s_.secret, key->after, sizeof s_.secret);
	else
		TRY(derive_after(s, s_.secret, key->generation, s_.secret));
	memcpy(r->secret, s_.secret, sizeof r->secret);
	r->generation = (uint64_t)key->generation + 1;
	r->n = n;
	if (r->n > MLS_MAX_SKIPPED)
		forget_oldest(r, r->n - MLS_MAX_SKIPPED);
out:
	bytes_wipe(&s_, sizeof s_);
	return err;
}

enum mls_result
mls_ratchet_use(const struct mls_suite *s, struct mls_ratchet_state *r,
    const struct mls_message_key *key, uint64_t now_s)
{
	enum mls_result err = MLS_OK;

	if (key->generation >= r->generation)
		TRY(step_past(s, r, key, now_s));
	else
		forget_one(r, key->generation);
	forget_expired(r, now_s);
out:
	return err;
}

void
mls_ratchet_encode(
    const struct mls_ratchet_state *r, size_t hash_len, struct wr *w)
{
	wr_u64(w, r->generation);
	wr_put(w, (struct bytes){ r->secret, hash_len });
	wr_u32(w, (uint32_t)r->n);
	for (size_t i = 0; i < r->n; i++) {
		wr_u64(w, r->skipped[i].since_s);
		wr_u32(w, r->skipped[i].generation);
		wr_put(w, BYTES_OF(r->skipped[i].key));
		wr_put(w, BYTES_OF(r->skipped[i].nonce));
	}
}

bool
mls_ratchet_decode(struct rd *in, size_t hash_len, struct mls_ratchet_state *r)
{
	uint32_t n;

	r->generation = rd_u64(in);
	rd_copy(in, r->secret, hash_len);
	n = rd_u32(in);
	if (in->err != ERR_OK || n > MLS_MAX_SKIPPED || !reserve(r, n))
		return false;
	for (r->n = 0; r->n < n; r->n++) {
		struct mls_skipped_key *to = &r->skipped[r->n];

		to->since_s = rd_u64(in);
		to->generation = rd_u32(in);
		rd_copy(in, to->key, sizeof to->key);
		rd_copy(in, to->nonce, sizeof to->nonce);
	}
	return in->err == ERR_OK;
}
