#include "server/intake.h"

#include "server/buffer.h"
#include "server/conn.h"
#include "server/desk.h"
#include "server/effort.h"
#include "server/guard.h"
#include "server/login.h"
#include "server/pass.h"

#include <stdlib.h>
#include <string.h>

/*
 * Bytes in: the first record and the handshake, then records, each opened in
 * place and its messages taken to the desk. Half a record is kept; a whole
 * one is opened where all of them are, in the server's scratch memory.
 */

/* The largest record that a stranger may send, length and all: every message
 * of a login fits the smallest class, and clients pack few of them. */
#define STRANGER_RECORD 1024

/* What a handshake needs for as long as it takes. */
struct shake {
	struct noise_handshake hs;
	struct noise_random random;
	struct noise_split split;
	uint8_t answer[2 + 1 + PACT_GUARD_MESSAGE2_LEN];
};

/* Answers Noise message 1; the channel stands. */
static enum err
handshake(struct server *s, struct server_conn *c, struct bytes message1)
{
	struct shake *k = calloc(1, sizeof *k);
	struct noise_keys keys = { .s = &server_hold(s)->channel };
	uint8_t prologue[PACT_CHANNEL_PROLOGUE_LEN];
	struct wr nothing = wr_init(NULL, 0), w;
	enum err err = ERR_OK;

	NEED(k != NULL, ERR_NOMEM);
	c->vault = secret_new(sizeof(struct server_vault));
	NEED(c->vault != NULL, ERR_NOMEM);
	pact_keys_channel_prologue(prologue);
	TRY(noise_handshake_init(&k->hs, &s->pattern, NOISE_RESPONDER,
	    BYTES_OF(prologue), &keys));
	TRY(noise_handshake_read(&k->hs, message1, &nothing));
	server_random(s, &k->random, sizeof k->random);
	w = wr_init(k->answer, sizeof k->answer);
	wr_u16(&w, sizeof k->answer - 2);
	wr_u8(&w, PACT_GUARD_MESSAGE2);
	TRY(noise_handshake_write(&k->hs, &k->random, BYTES_NONE, &w));
	TRY(noise_handshake_split(&k->hs, &k->split));
	pact_channel_begin(&server_vault(c)->channel, &k->split,
	    PACT_CHANNEL_SERVER);
	c->of.login = server_login_new(k->split.x, k->split.h);
	NEED(c->of.login != NULL, ERR_NOMEM);
	TRY(server_buffer_send(s, c, wr_bytes(&w)));
out:
	if (k != NULL)
		bytes_wipe(k, sizeof *k);
	free(k);
	if (err != ERR_OK && c->of.login != NULL)
		server_login_free(c);
	return err;
}

/* Answers a bare machine's question; the connection goes on as it was. */
static void
tell_key(struct server *s, struct server_conn *c)
{
	uint8_t answer[2 + 1 + X25519_LEN];
	struct wr w = wr_init(answer, sizeof answer);

	if (!s->config.tells_key || c->has_asked_key) {
		server_conn_drop(s, c);
		return;
	}
	c->has_asked_key = true;
	c->have = 0;
	wr_u16(&w, sizeof answer - 2);
	wr_u8(&w, PACT_GUARD_KEY);
	wr_put(&w, BYTES_OF(server_hold(s)->channel.public));
	if (server_buffer_send(s, c, wr_bytes(&w)) != ERR_OK)
		server_conn_drop(s, c);
}

/* The first record, which is whole, without its length. */
static struct bytes
first_record(const struct server *s, const struct server_conn *c)
{
	return (struct bytes){ server_conn_entry(s, c) + 2, c->have - 2U };
}

void
server_intake_shake(struct server *s, struct server_conn *c)
{
	struct bytes record = first_record(s, c);
	struct bytes message1 = { record.p + record.n - PACT_GUARD_MAC_LEN -
		PACT_GUARD_MESSAGE1_LEN, PACT_GUARD_MESSAGE1_LEN };

	if (!c->has_pass)
		s->stats.pk_ops_without_pass++;
	server_effort_begin(s, 1);
	if (handshake(s, c, message1) != ERR_OK) {
		s->stats.first_records_refused++;
		server_conn_drop(s, c);
		return;
	}
	server_conn_opened(s, c);
}

void
server_intake_challenge(struct server *s, struct server_conn *c)
{
	uint8_t answer[2 + 1 + PACT_GUARD_CHALLENGE_LEN + 4 +
	    PACT_GUARD_MAC_LEN];
	uint8_t challenge[PACT_GUARD_CHALLENGE_LEN], mac[PACT_GUARD_MAC_LEN];
	uint32_t effort = server_effort_asked(s);
	struct wr w = wr_init(answer, sizeof answer);

	s->stats.passes_required++;
	server_pass_challenge(s, c->source, challenge);
	pact_guard_challenge_mac(s->guard_key, first_record(s, c), challenge,
	    effort, mac);
	wr_u16(&w, sizeof answer - 2);
	wr_u8(&w, PACT_GUARD_CHALLENGE);
	wr_put(&w, BYTES_OF(challenge));
	wr_u32(&w, effort);
	wr_put(&w, BYTES_OF(mac));
	server_conn_dismiss(s, c, wr_bytes(&w));
}

static void
judge(struct server *s, struct server_conn *c)
{
	switch (server_guard_judge(s, c, first_record(s, c))) {
	case SERVER_GUARD_REFUSED:
		server_conn_drop(s, c);
		break;
	case SERVER_GUARD_ASKS_KEY:
		tell_key(s, c);
		break;
	case SERVER_GUARD_WANTS_PASS:
		server_intake_challenge(s, c);
		break;
	case SERVER_GUARD_WAITS:
		break;
	case SERVER_GUARD_ADMITTED:
		server_intake_shake(s, c);
		break;
	}
}

/* Collects the first record; returns how much of in it took. */
static size_t
take_first(struct server *s, struct server_conn *c, struct bytes in)
{
	uint8_t *entry = server_conn_entry(s, c);
	size_t len = (size_t)entry[0] << 8 | entry[1];
	size_t want = c->have < 2 ? 2 : 2 + len;
	size_t some = want - c->have < in.n ? want - c->have : in.n;

	memcpy(entry + c->have, in.p, some);
	c->have = (uint16_t)(c->have + some);
	if (c->have < want)
		return some;
	len = (size_t)entry[0] << 8 | entry[1];
	if (len == 0 || len > SERVER_ENTRY - 2) {
		s->stats.first_records_refused++;
		server_conn_drop(s, c);
	} else if (want > 2) {
		judge(s, c);
	}
	return some;
}

/* ---- records in ---- */

static void
fail(struct server *s, struct server_conn *c, enum err err)
{
	server_conn_end(s, c, err_class_of(err) == ERR_CLASS_LOCAL ?
	    WIRE_CLOSE_LIMIT : WIRE_CLOSE_PROTOCOL);
}

static void
open_record(struct server *s, struct server_conn *c, uint8_t *record,
    size_t n)
{
	struct server_desk desk = { s, c };
	enum err err;

	c->is_opening = true;
	err = pact_channel_open(&server_vault(c)->channel, record, n,
	    server_desk_cap, server_desk_message, &desk);
	c->is_opening = false;
	bytes_wipe(record, n);
	c->heard_ms = server_now_ms(s);
	c->is_asked = false;
	if (err != ERR_OK &&
	    (c->state == SERVER_OPEN || c->state == SERVER_LOGGED))
		fail(s, c, err);
	else if (c->state == SERVER_DEAD)
		server_conn_free_vault(c);
}

/* The largest record that c may send, without its two bytes of length. */
static size_t
record_max(const struct server_conn *c)
{
	if (c->state == SERVER_OPEN && !server_login_may_be_long(c))
		return STRANGER_RECORD - 2;
	return WIRE_RECORD_MAX - 2;
}

/* Keeps the beginning of a record until the rest comes. */
static enum err
keep(struct server *s, struct server_conn *c, struct bytes in, size_t want)
{
	struct server_io *io = server_buffer_get(s, c);

	if (io == NULL)
		return ERR_NOMEM;
	io->in = malloc(want);
	if (io->in == NULL)
		return ERR_NOMEM;
	memcpy(io->in, in.p, in.n);
	io->have = in.n;
	io->want = want;
	return ERR_OK;
}

/* Goes on with a record of which the beginning is kept. */
static size_t
take_rest(struct server *s, struct server_conn *c, struct bytes in)
{
	struct server_io *io = c->io;
	size_t some = io->want - io->have < in.n ? io->want - io->have : in.n;
	uint8_t *record = io->in;
	size_t len;
	bool too_big;

	memcpy(record + io->have, in.p, some);
	io->have += some;
	if (io->have < io->want)
		return some;
	if (pact_channel_cut((struct bytes){ record, io->have },
	    record_max(c), &len, &too_big) != 0) {
		io->in = NULL;
		open_record(s, c, record + 2, len);
		free(record);
	} else if (too_big) {
		fail(s, c, ERR_TOO_BIG);
	} else {
		io->want = 2 + len;
		record = realloc(record, io->want);
		if (record == NULL)
			fail(s, c, ERR_NOMEM);
		else
			io->in = record;
	}
	return some;
}

static size_t
take_record(struct server *s, struct server_conn *c, struct bytes in)
{
	size_t len, took;
	bool too_big;
	enum err err;

	if (c->io != NULL && c->io->in != NULL)
		return take_rest(s, c, in);
	took = pact_channel_cut(in, record_max(c), &len, &too_big);
	if (too_big) {
		fail(s, c, ERR_TOO_BIG);
		return in.n;
	}
	if (took != 0) {
		memcpy(s->scratch, in.p + 2, len);
		open_record(s, c, s->scratch, len);
		return took;
	}
	err = keep(s, c, in, in.n < 2 ? 2 : 2 + len);
	if (err != ERR_OK)
		fail(s, c, err);
	return in.n;
}

void
server_bytes(struct server *s, struct server_conn *c, struct bytes in)
{
	/* Who waits for an answer has nothing to say. */
	if (c->state == SERVER_WAITING)
		server_conn_drop(s, c);
	c->credit = in.n < UINT32_MAX - c->credit ?
	    c->credit + (uint32_t)in.n : UINT32_MAX;
	while (in.n > 0) {
		size_t took;

		if (c->state == SERVER_FIRST)
			took = take_first(s, c, in);
		else if (c->state == SERVER_OPEN || c->state == SERVER_LOGGED)
			took = take_record(s, c, in);
		else
			break;
		in.p += took;
		in.n -= took;
	}
	server_buffer_tidy(s, c);
	server_settle(s);
}
