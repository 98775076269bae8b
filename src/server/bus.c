#include "server/bus.h"

#include "server/account.h"
#include "server/conn.h"
#include "server/home.h"
#include "server/introduction.h"
#include "server/login.h"
#include "server/presence.h"
#include "server/register.h"
#include "server/relay.h"

#include "base/rd.h"

#include <stdlib.h>
#include <string.h>

/* A letter to ourselves; its body stands behind it. */
struct server_post {
	struct server_post *next;
	struct server_letter letter;
	uint8_t body[];
};

unsigned
server_bus_home(const struct server *s, const struct wire_name *name)
{
	if (s->config.shards == 1)
		return s->config.shard;
	return (unsigned)(siphash(s->home_key, wire_name_bytes(name)) %
	    s->config.shards);
}

/* ---- letters as bytes, for other shards ---- */

static void
put_ref(struct wr *w, const struct server_ref *ref)
{
	wr_u32(w, ref->slot);
	wr_u32(w, ref->generation);
	wr_u16(w, ref->shard);
}

static void
get_ref(struct rd *r, struct server_ref *ref)
{
	ref->slot = rd_u32(r);
	ref->generation = rd_u32(r);
	ref->shard = rd_u16(r);
}

static void
put_letter(struct wr *w, const struct server_letter *l)
{
	wr_u8(w, l->kind);
	wr_u8(w, l->type);
	wr_u8(w, l->flags);
	put_ref(w, &l->from);
	put_ref(w, &l->to);
	wr_put(w, BYTES_OF(l->name.s));
	wr_put(w, BYTES_OF(l->id));
	wr_u32(w, l->number);
	wr_u32(w, l->req);
	wr_u64(w, l->version);
	wr_vec32(w, l->body);
}

static enum err
get_letter(struct rd *r, struct server_letter *l)
{
	l->kind = rd_u8(r);
	l->type = rd_u8(r);
	l->flags = rd_u8(r);
	get_ref(r, &l->from);
	get_ref(r, &l->to);
	rd_copy(r, l->name.s, sizeof l->name.s);
	rd_copy(r, l->id, sizeof l->id);
	l->number = rd_u32(r);
	l->req = rd_u32(r);
	l->version = rd_u64(r);
	l->body = rd_vec32(r, UINT32_MAX);
	return rd_end(r);
}

/* ---- posting ---- */

static void
post_to_ourselves(struct server *s, const struct server_letter *letter)
{
	struct server_post *post = malloc(sizeof *post + letter->body.n);

	if (post == NULL) {
		s->has_lost = true;
		return;
	}
	post->next = NULL;
	post->letter = *letter;
	if (letter->body.n != 0)
		memcpy(post->body, letter->body.p, letter->body.n);
	post->letter.body.p = post->body;
	if (s->post_first == NULL)
		s->post_first = post;
	else
		s->post_last->next = post;
	s->post_last = post;
}

void
server_bus_post(struct server *s, unsigned shard,
    const struct server_letter *letter)
{
	struct wr w;

	if (shard == s->config.shard) {
		post_to_ourselves(s, letter);
		return;
	}
	w = wr_new();
	put_letter(&w, letter);
	if (wr_done(&w) == ERR_OK)
		s->effects.bus(s->effects.ctx, shard, wr_bytes(&w));
	wr_free(&w);
}

void
server_bus_post_home(struct server *s, const struct server_letter *letter)
{
	server_bus_post(s, server_bus_home(s, &letter->name), letter);
}

void
server_bus_post_session(struct server *s, const struct server_letter *letter)
{
	server_bus_post(s, letter->to.shard, letter);
}

void
server_bus_say(struct server *s, struct server_ref to, enum wire_type type,
    const void *message)
{
	struct server_letter letter = { .kind = SERVER_LETTER_SAY, .to = to };
	struct server_conn *c;
	struct wr w;

	if (to.shard == s->config.shard) {
		c = server_conn_find(s, to);
		if (c != NULL)
			server_conn_say(s, c, type, message);
		return;
	}
	w = wr_new();
	if (wire_encode(&w, type, message) == ERR_OK) {
		letter.body = wr_bytes(&w);
		server_bus_post_session(s, &letter);
	}
	wr_free(&w);
}

void
server_bus_error(struct server *s, struct server_ref to, uint32_t req,
    enum wire_error code, uint32_t wait_ms)
{
	struct wire_ERROR m = { .req = req, .code = (uint8_t)code,
		.wait_ms = wait_ms };

	server_bus_say(s, to, WIRE_ERROR, &m);
}

void
server_bus_done(struct server *s, struct server_ref to, uint32_t req)
{
	struct wire_DONE m = { .req = req };

	server_bus_say(s, to, WIRE_DONE, &m);
}

/* ---- delivering ---- */

static void
deliver_to_session(struct server *s, const struct server_letter *l)
{
	struct server_conn *c = server_conn_find(s, l->to);

	switch ((enum server_letter_kind)l->kind) {
	case SERVER_LETTER_LOOKED:
		server_login_looked(s, c, l);
		break;
	case SERVER_LETTER_TRIED:
		server_register_tried(s, c, l);
		break;
	case SERVER_LETTER_JOINED:
		server_login_joined(s, c, l);
		break;
	case SERVER_LETTER_DENIED:
		server_login_denied(s, c, l);
		break;
	case SERVER_LETTER_SAY:
		if (c != NULL)
			server_conn_say_raw(s, c, l->body);
		break;
	case SERVER_LETTER_END:
		if (c != NULL)
			server_conn_end(s, c, (enum wire_close)l->number);
		break;
	case SERVER_LETTER_SEAL:
		server_introduction_seal(s, c, l);
		break;
	case SERVER_LETTER_OUTCOME:
		server_introduction_outcome(s, c, l);
		break;
	case SERVER_LETTER_STREAM_OPEN:
	case SERVER_LETTER_STREAM_OPENED:
	case SERVER_LETTER_STREAM_DATA:
	case SERVER_LETTER_STREAM_CREDIT:
	case SERVER_LETTER_STREAM_CLOSE:
		server_relay_letter(s, c, l);
		break;
	case SERVER_LETTER_LOOKUP:
	case SERVER_LETTER_TRY:
	case SERVER_LETTER_CREATE:
	case SERVER_LETTER_JOIN:
	case SERVER_LETTER_LEAVE:
	case SERVER_LETTER_LOGOUT:
	case SERVER_LETTER_ASK:
	case SERVER_LETTER_QUESTION:
	case SERVER_LETTER_UNASK:
	case SERVER_LETTER_ANNOUNCE:
		break;
	}
}

static void
deliver(struct server *s, const struct server_letter *l)
{
	if (l->kind == SERVER_LETTER_ANNOUNCE)
		server_presence_announce(s, l);
	else if (l->kind < SERVER_LETTER_LOOKED)
		server_home_letter(s, l);
	else
		deliver_to_session(s, l);
}

/* Letters carry codes of invites and records of passwords. */
static void
post_free(struct server_post *post)
{
	bytes_wipe(post, sizeof *post + post->letter.body.n);
	free(post);
}

/* Delivers until nothing waits. */
static void
deliver_all(struct server *s)
{
	while (s->post_first != NULL) {
		struct server_post *post = s->post_first;

		s->post_first = post->next;
		deliver(s, &post->letter);
		post_free(post);
	}
}

void
server_bus_run(struct server *s)
{
	if (s->is_delivering)
		return;
	s->is_delivering = true;
	deliver_all(s);
	while (s->has_lost) {
		s->has_lost = false;
		server_presence_mend(s);
		deliver_all(s);
	}
	s->is_delivering = false;
}

void
server_bus_free(struct server *s)
{
	while (s->post_first != NULL) {
		struct server_post *post = s->post_first;

		s->post_first = post->next;
		post_free(post);
	}
}

void
server_bus(struct server *s, struct bytes message)
{
	struct rd r = rd_init(message);
	struct server_letter letter;

	if (get_letter(&r, &letter) == ERR_OK)
		deliver(s, &letter);
	server_settle(s);
}
