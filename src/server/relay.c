#include "server/relay.h"

#include "server/buffer.h"
#include "server/conn.h"
#include "server/session.h"

#include "base/plant.h"
#include "base/rd.h"

#include <string.h>

/* A number says its place in the low bits, so that it is found at once; the
 * rest counts, so that it does not come again while the client may still
 * mean the old one. */
#define PLACES WIRE_STREAMS_MAX

static struct server_half *
half_find(const struct server_conn *c, uint32_t number)
{
	struct server_half *half;

	if (c->state != SERVER_LOGGED || c->of.talk == NULL || number == 0)
		return NULL;
	half = &c->of.talk->halves[(number - 1) % PLACES];
	return half->number == number ? half : NULL;
}

static struct server_half *
half_new(struct server *s, struct server_conn *c, struct server_ref peer,
    const uint8_t id[16])
{
	struct server_talk *talk = server_session_talk(c);

	if (talk == NULL || talk->halves_n == PLACES)
		return NULL;
	if (talk->serial == 0)
		talk->serial = (uint32_t)(server_now_ms(s) - c->since_ms);
	for (uint32_t i = 0; i < PLACES; i++) {
		struct server_half *half = &talk->halves[i];

		if (half->number != 0)
			continue;
		talk->serial = talk->serial % (UINT32_MAX / PLACES) + 1;
		*half = (struct server_half){
			.number = (talk->serial - 1) * PLACES + i + 1,
			.peer = peer,
			.credit = WIRE_CREDIT_MAX };
		memcpy(half->id, id, sizeof half->id);
		talk->halves_n++;
		return half;
	}
	return NULL;
}

static void
half_free(struct server *s, struct server_conn *c, struct server_half *half)
{
	*half = (struct server_half){ 0 };
	c->of.talk->halves_n--;
	server_session_tidy(s, c);
}

/* Says something of a stream to the shard of its other end. */
static void
post(struct server *s, const struct server_conn *c,
    const struct server_half *half, enum server_letter_kind kind,
    uint32_t number)
{
	struct server_letter letter = { .kind = (uint8_t)kind,
		.from = server_conn_ref(s, c), .to = half->peer,
		.req = half->peer_number, .number = number };

	memcpy(letter.id, half->id, sizeof letter.id);
	server_bus_post_session(s, &letter);
}

/* ---- opening ---- */

enum err
server_relay_open(struct server *s, struct server_conn *c,
    const struct wire_STREAM_OPEN *m)
{
	struct wire_INTRODUCTION_OVER over = { 0 };
	struct server_talk *talk = c->of.talk;
	struct server_half *half;

	memcpy(over.id, m->id, sizeof over.id);
	for (size_t i = 0; talk != NULL && i < WIRE_LINES_MAX; i++) {
		struct server_live *live = &talk->tickets[i];

		if (live->until_ms <= server_now_ms(s) ||
		    (memcmp(live->id, m->id, sizeof live->id) != 0 &&
		    !PLANTED(PLANT_STREAM_OF_ANOTHER_TICKET)))
			continue;
		live->until_ms = 0;
		half = half_new(s, c, live->callee, m->id);
		if (half == NULL)
			break;
		post(s, c, half, SERVER_LETTER_STREAM_OPEN, half->number);
		return ERR_OK;
	}
	server_conn_say(s, c, WIRE_INTRODUCTION_OVER, &over);
	return ERR_OK;
}

static void
say_opened(struct server *s, struct server_conn *c,
    const struct server_half *half)
{
	struct wire_STREAM_OPENED m = { .stream = half->number };

	memcpy(m.id, half->id, sizeof m.id);
	server_conn_say(s, c, WIRE_STREAM_OPENED, &m);
}

/* Ends a stream of which this end is not there (any more). */
static void
decline(struct server *s, const struct server_letter *letter)
{
	struct server_letter no = { .kind = SERVER_LETTER_STREAM_CLOSE,
		.to = letter->from, .req = letter->number };

	server_bus_post_session(s, &no);
}

/* The callee's end: it gets its half, and the caller hears of it. */
static void
be_opened(struct server *s, struct server_conn *c,
    const struct server_letter *letter)
{
	struct server_half *half = NULL;

	if (c != NULL && c->state == SERVER_LOGGED)
		half = half_new(s, c, letter->from, letter->id);
	if (half == NULL) {
		decline(s, letter);
		return;
	}
	half->peer_number = letter->number;
	s->stats.streams++;
	post(s, c, half, SERVER_LETTER_STREAM_OPENED, half->number);
	/* Last, since it may drop c, and the half with it. */
	say_opened(s, c, half);
}

/* ---- data and credit ---- */

/* Gives data to the end of a stream that is on this shard. */
static void
data_here(struct server *s, struct server_conn *c, uint32_t number,
    struct bytes vec)
{
	struct wire_STREAM_CLOSE over = { .stream = number };
	struct server_half *half = half_find(c, number);
	struct wr *w;

	if (half == NULL)
		return;
	if (server_buffer_waiting(c) + vec.n > WIRE_OUT_MAX / 2 +
	    server_session_relay_room(c)) {
		/* Many small pieces weigh more than their credit says. */
		post(s, c, half, SERVER_LETTER_STREAM_CLOSE, 0);
		half_free(s, c, half);
		server_conn_say(s, c, WIRE_STREAM_CLOSE, &over);
		return;
	}
	w = server_conn_writer(s, c);
	if (w == NULL)
		return;
	/* STREAM_DATA as it came, but for the stream's number. */
	wr_u8(w, WIRE_STREAM_DATA);
	wr_u24(w, (uint32_t)(4 + vec.n));
	wr_u32(w, number);
	wr_put(w, vec);
	if (wr_done(w) != ERR_OK)
		server_conn_drop(s, c);
}

enum err
server_relay_data(struct server *s, struct server_conn *c, struct bytes body)
{
	struct rd r = rd_init(body);
	uint32_t number = rd_u32(&r);
	struct bytes vec = { r.p, r.n }, data = rd_vec16(&r,
	    WIRE_STREAM_CHUNK);
	struct server_half *half = half_find(c, number);
	struct server_letter letter = { .kind = SERVER_LETTER_STREAM_DATA };
	struct server_conn *peer;

	if (rd_end(&r) != ERR_OK)
		return ERR_DECODE;
	if (half == NULL) /* closed while this was on its way */
		return ERR_OK;
	if (PLANTED(PLANT_RELAY_CREDIT_IGNORED))
		half->credit = WIRE_CREDIT_MAX;
	if (data.n > half->credit || half->peer_number == 0)
		return ERR_STATE;
	half->credit -= (uint32_t)data.n;
	s->stats.relayed_records++;
	s->stats.relay_bytes += data.n;
	if (half->peer.shard == s->config.shard) {
		peer = server_conn_find(s, half->peer);
		if (peer != NULL)
			data_here(s, peer, half->peer_number, vec);
		return ERR_OK;
	}
	letter.to = half->peer;
	letter.req = half->peer_number;
	letter.body = vec;
	server_bus_post_session(s, &letter);
	return ERR_OK;
}

enum err
server_relay_credit(struct server *s, struct server_conn *c,
    const struct wire_STREAM_CREDIT *m)
{
	struct server_half *half = half_find(c, m->stream);

	/* Credit of nothing would cost nothing, and could drown the peer. */
	if (half != NULL && half->peer_number != 0 && m->credit != 0)
		post(s, c, half, SERVER_LETTER_STREAM_CREDIT, m->credit);
	return ERR_OK;
}

/* More than was used cannot be given back: who does so breaks the rules, and
 * the stream ends for both. */
static void
credit_here(struct server *s, struct server_conn *c, struct server_half *half,
    uint32_t credit)
{
	struct wire_STREAM_CREDIT m = { .stream = half->number,
		.credit = credit };
	struct wire_STREAM_CLOSE over = { .stream = half->number };

	if (credit <= WIRE_CREDIT_MAX - half->credit) {
		half->credit += credit;
		server_conn_say(s, c, WIRE_STREAM_CREDIT, &m);
		return;
	}
	post(s, c, half, SERVER_LETTER_STREAM_CLOSE, 0);
	half_free(s, c, half);
	server_conn_say(s, c, WIRE_STREAM_CLOSE, &over);
}

/* ---- closing ---- */

enum err
server_relay_close(struct server *s, struct server_conn *c,
    const struct wire_STREAM_CLOSE *m)
{
	struct server_half *half = half_find(c, m->stream);

	if (half == NULL)
		return ERR_OK;
	post(s, c, half, SERVER_LETTER_STREAM_CLOSE, 0);
	if (!PLANTED(PLANT_HALF_LEAKS))
		half_free(s, c, half);
	return ERR_OK;
}

void
server_relay_end_all(struct server *s, struct server_conn *c)
{
	for (size_t i = 0; i < PLACES; i++) {
		struct server_half *half = &c->of.talk->halves[i];

		if (half->number != 0)
			post(s, c, half, SERVER_LETTER_STREAM_CLOSE, 0);
	}
}

/* The other end is over. Whoever has not heard of the stream yet is told
 * that its ticket is. */
static void
closed_there(struct server *s, struct server_conn *c,
    struct server_half *half)
{
	struct wire_STREAM_CLOSE m = { .stream = half->number };
	struct wire_INTRODUCTION_OVER over = { 0 };

	memcpy(over.id, half->id, sizeof over.id);
	if (half->peer_number != 0)
		server_conn_say(s, c, WIRE_STREAM_CLOSE, &m);
	else
		server_conn_say(s, c, WIRE_INTRODUCTION_OVER, &over);
	if (c->state == SERVER_LOGGED)
		half_free(s, c, half);
}

void
server_relay_letter(struct server *s, struct server_conn *c,
    const struct server_letter *letter)
{
	struct server_half *half;

	if (letter->kind == SERVER_LETTER_STREAM_OPEN) {
		be_opened(s, c, letter);
		return;
	}
	half = c == NULL ? NULL : half_find(c, letter->req);
	if (half == NULL) {
		if (letter->kind == SERVER_LETTER_STREAM_OPENED)
			decline(s, letter);
		return;
	}
	if (letter->kind == SERVER_LETTER_STREAM_OPENED) {
		half->peer_number = letter->number;
		say_opened(s, c, half);
	} else if (letter->kind == SERVER_LETTER_STREAM_DATA) {
		data_here(s, c, letter->req, letter->body);
	} else if (letter->kind == SERVER_LETTER_STREAM_CREDIT) {
		credit_here(s, c, half, letter->number);
	} else {
		closed_there(s, c, half);
	}
}
