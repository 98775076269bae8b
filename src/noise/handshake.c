/*
 * The pattern of the channel, and which function below is which token:
 *
 *   Noise_NKhfs:
 *     <- s                             noise_handshake_init
 *     ...
 *     -> e, es, e1                     write_e   mix_dh   write_e1
 *     <- e, ee, ekem1                  write_e   mix_dh   write_ekem1
 *
 * and of the line between two people, KKhfs:
 *
 *     -> s
 *     <- s
 *     ...
 *     -> e, es, e1, ss
 *     <- e, ee, ekem1, se
 *
 * A payload follows the tokens of each message. The other end does the same
 * with read_ in place of write_. Both work on a copy of the handshake, which
 * replaces it in the last line.
 */
#include "noise/handshake.h"

#include "base/rd.h"
#include "base/reveal.h"
#include "crypto/ct.h"

#include <string.h>

void
noise_keypair_init(struct noise_keypair *pair, const uint8_t secret[X25519_LEN])
{
	memcpy(pair->secret, secret, X25519_LEN);
	x25519_public(secret, pair->public);
}

/* The static keys that are known beforehand go into h, initiator's first. */
static void
mix_premessages(struct noise_handshake *hs)
{
	for (int role = NOISE_INITIATOR; role <= NOISE_RESPONDER; role++) {
		const uint8_t *s =
		    role == (int)hs->role ? hs->s.public : hs->rs;

		if (hs->pattern->knows[role])
			noise_symmetric_mix_hash(
			    &hs->sym, (struct bytes){ s, X25519_LEN });
	}
}

enum err
noise_handshake_init(struct noise_handshake *hs,
    const struct noise_pattern *pattern, enum noise_role role,
    struct bytes prologue, const struct noise_keys *keys)
{
	enum noise_role peer =
	    role == NOISE_INITIATOR ? NOISE_RESPONDER : NOISE_INITIATOR;
	enum err err = ERR_OK;

	*hs = (struct noise_handshake){ .pattern = pattern, .role = role };
	NEED(keys->psk_count == pattern->psks, ERR_ARG);
	if (noise_pattern_has_static(pattern, role)) {
		NEED(keys->s != NULL, ERR_ARG);
		hs->s = *keys->s;
	}
	if (pattern->knows[peer]) {
		NEED(keys->rs != NULL, ERR_ARG);
		memcpy(hs->rs, keys->rs, X25519_LEN);
		hs->has_rs = true;
	}
	if (keys->psk_count != 0)
		memcpy(hs->psks, keys->psks, keys->psk_count * NOISE_PSK_LEN);

	noise_symmetric_init(
	    &hs->sym, pattern->aead, pattern->hash, pattern->name);
	noise_symmetric_mix_hash(&hs->sym, prologue);
	mix_premessages(hs);
out:
	if (err != ERR_OK)
		noise_handshake_wipe(hs);
	return err;
}

enum noise_step
noise_handshake_next(const struct noise_handshake *hs)
{
	if (hs->pattern == NULL)
		return NOISE_OVER;
	if (hs->message == hs->pattern->messages)
		return NOISE_SPLIT;
	return hs->message % 2 == (int)hs->role ? NOISE_WRITE : NOISE_READ;
}

/* Tokens that both ends do alike. */

static enum err
mix_dh(struct noise_handshake *hs, const struct noise_keypair *ours,
    const uint8_t theirs[X25519_LEN])
{
	struct {
		uint8_t shared[X25519_LEN];
	} s;
	enum err err;

	TRY(x25519(ours->secret, theirs, s.shared));
	TRY(noise_symmetric_mix_key(&hs->sym, BYTES_OF(s.shared)));
out:
	bytes_wipe(&s, sizeof s);
	return err;
}

/* The first letter is the initiator's key, the second the responder's. */
static enum err
mix_token(struct noise_handshake *hs, enum noise_token token)
{
	bool initiator = hs->role == NOISE_INITIATOR;

	if (token == NOISE_EE)
		return mix_dh(hs, &hs->e, hs->re);
	if (token == NOISE_SS)
		return mix_dh(hs, &hs->s, hs->rs);
	if (token == NOISE_PSK)
		return noise_symmetric_mix_key_and_hash(
		    &hs->sym, BYTES_OF(hs->psks[hs->psk++]));
	if ((token == NOISE_ES) == initiator)
		return mix_dh(hs, &hs->e, hs->rs);
	return mix_dh(hs, &hs->s, hs->re);
}

/* An ephemeral key goes into h; with pre-shared keys also into ck (9.2). */
static enum err
mix_e(struct noise_handshake *hs, const uint8_t public[X25519_LEN])
{
	struct bytes e = { public, X25519_LEN };

	noise_symmetric_mix_hash(&hs->sym, e);
	if (hs->pattern->psks == 0)
		return ERR_OK;
	return noise_symmetric_mix_key(&hs->sym, e);
}

/* Tokens as they are sent. */

static enum err
write_sealed(struct noise_handshake *hs, struct bytes plain, struct wr *out)
{
	uint8_t *at =
	    wr_reserve(out, plain.n + noise_symmetric_tag_len(&hs->sym));

	if (at == NULL)
		return wr_done(out);
	return noise_symmetric_seal(&hs->sym, plain, at);
}

static enum err
write_e(struct noise_handshake *hs, const uint8_t secret[X25519_LEN],
    struct wr *out)
{
	noise_keypair_init(&hs->e, secret);
	wr_put(out, BYTES_OF(hs->e.public));
	return mix_e(hs, hs->e.public);
}

static enum err
write_e1(struct noise_handshake *hs, const uint8_t seed[MLKEM768_SEED_LEN],
    struct wr *out)
{
	struct {
		uint8_t dk[MLKEM768_DK_LEN];
	} s;
	uint8_t ek[MLKEM768_EK_LEN];
	enum err err;

	TRY(mlkem768_keygen(seed, ek, s.dk));
	memcpy(hs->e1.seed, seed, MLKEM768_SEED_LEN);
	TRY(write_sealed(hs, BYTES_OF(ek), out));
out:
	bytes_wipe(&s, sizeof s);
	return err;
}

static enum err
write_ekem1(struct noise_handshake *hs,
    const uint8_t random[MLKEM768_RANDOM_LEN], struct wr *out)
{
	struct {
		uint8_t shared[MLKEM768_SHARED_LEN];
	} s;
	uint8_t ct[MLKEM768_CT_LEN];
	enum err err;

	TRY(mlkem768_encaps(hs->e1.ek, random, ct, s.shared));
	TRY(write_sealed(hs, BYTES_OF(ct), out));
	TRY(noise_symmetric_mix_key(&hs->sym, BYTES_OF(s.shared)));
out:
	bytes_wipe(&s, sizeof s);
	return err;
}

static enum err
write_token(struct noise_handshake *hs, enum noise_token token,
    const struct noise_random *random, struct wr *out)
{
	if (token == NOISE_E)
		return write_e(hs, random->e, out);
	if (token == NOISE_S)
		return write_sealed(hs, BYTES_OF(hs->s.public), out);
	if (token == NOISE_E1)
		return write_e1(hs, random->e1, out);
	if (token == NOISE_EKEM1)
		return write_ekem1(hs, random->ekem1, out);
	return mix_token(hs, token);
}

/* Tokens as they are received; the length was checked beforehand. */

static enum err
read_sealed(struct noise_handshake *hs, struct rd *in, uint8_t *out, size_t n)
{
	struct bytes sealed =
	    rd_view(in, n + noise_symmetric_tag_len(&hs->sym));

	return noise_symmetric_open(&hs->sym, sealed, out);
}

static enum err
read_e(struct noise_handshake *hs, struct rd *in)
{
	rd_copy(in, hs->re, X25519_LEN);
	return mix_e(hs, hs->re);
}

static enum err
read_s(struct noise_handshake *hs, struct rd *in)
{
	hs->has_rs = true;
	return read_sealed(hs, in, hs->rs, X25519_LEN);
}

/* A public key; that it came sealed does not make it a secret. */
static enum err
read_e1(struct noise_handshake *hs, struct rd *in)
{
	enum err err;

	TRY(read_sealed(hs, in, hs->e1.ek, MLKEM768_EK_LEN));
	ct_unpoison(hs->e1.ek, MLKEM768_EK_LEN);
out:
	return err;
}

static enum err
read_ekem1(struct noise_handshake *hs, struct rd *in)
{
	struct {
		uint8_t dk[MLKEM768_DK_LEN];
		uint8_t shared[MLKEM768_SHARED_LEN];
	} s;
	uint8_t ek[MLKEM768_EK_LEN], ct[MLKEM768_CT_LEN];
	enum err err;

	TRY(read_sealed(hs, in, ct, MLKEM768_CT_LEN));
	TRY(mlkem768_keygen(hs->e1.seed, ek, s.dk));
	TRY(mlkem768_decaps(s.dk, ct, s.shared));
	TRY(noise_symmetric_mix_key(&hs->sym, BYTES_OF(s.shared)));
out:
	bytes_wipe(&s, sizeof s);
	return err;
}

static enum err
read_token(struct noise_handshake *hs, enum noise_token token, struct rd *in)
{
	if (token == NOISE_E)
		return read_e(hs, in);
	if (token == NOISE_S)
		return read_s(hs, in);
	if (token == NOISE_E1)
		return read_e1(hs, in);
	if (token == NOISE_EKEM1)
		return read_ekem1(hs, in);
	return mix_token(hs, token);
}

/* Messages. */

/* Goes on to the next message; after the last, only what Split needs stays. */
static void
finish_message(struct noise_handshake *hs)
{
	hs->message++;
	if (noise_handshake_next(hs) != NOISE_SPLIT)
		return;
	bytes_wipe(&hs->s, sizeof hs->s);
	bytes_wipe(&hs->e, sizeof hs->e);
	bytes_wipe(&hs->e1, sizeof hs->e1);
	bytes_wipe(hs->psks, sizeof hs->psks);
	noise_transport_wipe(&hs->sym.cipher);
}

enum err
noise_handshake_write(struct noise_handshake *hs,
    const struct noise_random *random, struct bytes payload, struct wr *out)
{
	struct {
		struct noise_handshake next;
	} s = { .next = *hs };
	size_t start = out->n, len;
	const uint8_t *token;
	uint8_t *at;
	struct wr message;
	enum err err;

	NEED(noise_handshake_next(hs) == NOISE_WRITE, ERR_STATE);
	len = noise_pattern_len(hs->pattern, hs->message);
	NEED(payload.n <= NOISE_MAX_MESSAGE_LEN - len, ERR_ARG);
	at = wr_reserve(out, len + payload.n);
	TRY(wr_done(out));
	message = wr_init(at, len + payload.n);

	REVEAL("ephemeral", random->e);
	REVEAL("ephemeral", random->e1);
	REVEAL("ephemeral", random->ekem1);
	token = hs->pattern->tokens[hs->message];
	for (; *token != NOISE_END; token++)
		TRY(write_token(&s.next, *token, random, &message));
	TRY(write_sealed(&s.next, payload, &message));

	finish_message(&s.next);
	*hs = s.next;
out:
	if (err != ERR_OK && out->n > start) {
		bytes_wipe(out->p + start, out->n - start);
		out->n = start;
	}
	bytes_wipe(&s, sizeof s);
	return err;
}

enum err
noise_handshake_read(
    struct noise_handshake *hs, struct bytes message, struct wr *out)
{
	struct {
		struct noise_handshake next;
	} s = { .next = *hs };
	size_t start = out->n, len;
	struct rd in = rd_init(message);
	const uint8_t *token;
	uint8_t *at, none[1]; /* an empty payload takes no room */
	enum err err;

	NEED(noise_handshake_next(hs) == NOISE_READ, ERR_STATE);
	len = noise_pattern_len(hs->pattern, hs->message);
	NEED(message.n <= NOISE_MAX_MESSAGE_LEN, ERR_TOO_BIG);
	NEED(message.n >= len, ERR_DECODE);
	at = wr_reserve(out, message.n - len);
	TRY(wr_done(out));
	if (message.n == len)
		at = none;

	token = hs->pattern->tokens[hs->message];
	for (; *token != NOISE_END; token++)
		TRY(read_token(&s.next, *token, &in));
	TRY(read_sealed(&s.next, &in, at, message.n - len));
	TRY(rd_end(&in));

	finish_message(&s.next);
	*hs = s.next;
out:
	if (err != ERR_OK && out->n > start)
		out->n = start;
	bytes_wipe(&s, sizeof s);
	return err;
}

struct bytes
noise_handshake_remote(const struct noise_handshake *hs)
{
	if (!hs->has_rs)
		return BYTES_NONE;
	return BYTES_OF(hs->rs);
}

enum err
noise_handshake_split(struct noise_handshake *hs, struct noise_split *out)
{
	bool initiator = hs->role == NOISE_INITIATOR;
	enum err err;

	NEED(noise_handshake_next(hs) == NOISE_SPLIT, ERR_STATE);
	TRY(noise_symmetric_split(&hs->sym,
	    initiator ? &out->send : &out->receive,
	    initiator ? &out->receive : &out->send, out->x));
	memcpy(out->h, hs->sym.h, sizeof out->h);
	if (noise_pattern_is_one_way(hs->pattern))
		noise_transport_wipe(initiator ? &out->receive : &out->send);
	noise_handshake_wipe(hs);
out:
	return err;
}

void
noise_handshake_wipe(struct noise_handshake *hs)
{
	bytes_wipe(hs, sizeof *hs);
}

void
noise_split_wipe(struct noise_split *split)
{
	bytes_wipe(split, sizeof *split);
}
