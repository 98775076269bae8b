#include "server/conn.h"

#include "server/buffer.h"
#include "server/effort.h"
#include "server/guard.h"
#include "server/guess.h"
#include "server/login.h"
#include "server/session.h"

#include <stdlib.h>
#include <string.h>

/* Output that may wait for a stranger, who is owed short answers, one at a
 * time. */
#define STRANGER_OUT 8192

/* How long CLOSE may take to leave. */
#define ENDING_MS 5000

enum err
server_conn_tables(struct server *s)
{
	s->conns_max = s->config.max_conns;
	s->conns = calloc(s->conns_max, sizeof s->conns[0]);
	s->entries = calloc(s->conns_max, SERVER_ENTRY);
	s->silent.ring = calloc(s->conns_max, sizeof s->silent.ring[0]);
	s->waiting.ring = calloc(s->conns_max, sizeof s->waiting.ring[0]);
	s->scratch = malloc(WIRE_RECORD_MAX);
	s->sealed = wr_new();
	if (s->conns == NULL || s->entries == NULL || s->scratch == NULL ||
	    s->silent.ring == NULL || s->waiting.ring == NULL)
		return ERR_NOMEM;
	return ERR_OK;
}

/* ---- slots ---- */

static uint8_t *
entry_at(const struct server *s, uint32_t i)
{
	return s->entries + (size_t)i * SERVER_ENTRY;
}

/* Unused entries and slots form lists; the next one's number stands where
 * the content was, plus 1, and 0 ends a list. */
static uint32_t
entry_take(struct server *s)
{
	uint32_t i = s->entry_free;

	s->entries_n++;
	if (i == 0)
		return s->entries_high++;
	memcpy(&s->entry_free, entry_at(s, i - 1), sizeof s->entry_free);
	return i - 1;
}

static void
entry_give(struct server *s, uint32_t i)
{
	memcpy(entry_at(s, i), &s->entry_free, sizeof s->entry_free);
	s->entry_free = i + 1;
	s->entries_n--;
}

void
server_rest(struct server *s)
{
	uint8_t *fresh;

	server_buffer_free_spares(s);
	if (s->entries_n > 0 || s->entries_high == 0)
		return;
	/* Pages that nobody has touched are none. */
	fresh = calloc(s->conns_max, SERVER_ENTRY);
	if (fresh == NULL)
		return;
	free(s->entries);
	s->entries = fresh;
	s->entries_high = s->entry_free = 0;
}

static struct server_conn *
slot_take(struct server *s)
{
	uint32_t i = s->conn_free;

	if (s->conns_n >= s->config.max_conns || s->conns_n >= s->conns_max)
		return NULL;
	if (i == 0)
		i = ++s->conns_high;
	else
		s->conn_free = s->conns[i - 1].entry;
	s->conns_n++;
	return &s->conns[i - 1];
}

static void
slot_give(struct server *s, struct server_conn *c)
{
	*c = (struct server_conn){ .generation = c->generation,
		.entry = s->conn_free };
	s->conn_free = (uint32_t)(c - s->conns) + 1;
	s->conns_n--;
}

struct server_conn *
server_conn_find(struct server *s, struct server_ref ref)
{
	struct server_conn *c;

	if (ref.shard != s->config.shard || ref.slot >= s->conns_high)
		return NULL;
	c = &s->conns[ref.slot];
	if (c->generation != ref.generation)
		return NULL;
	return c->state == SERVER_OPEN || c->state == SERVER_LOGGED ? c : NULL;
}

struct server_ref
server_conn_ref(const struct server *s, const struct server_conn *c)
{
	return (struct server_ref){ (uint32_t)(c - s->conns), c->generation,
		(uint16_t)s->config.shard };
}

/* ---- room for the next ---- */

/* Slots that are kept free for those who come in one round. */
static uint32_t
room_wanted(const struct server *s)
{
	return s->config.max_conns < 512 ? s->config.max_conns / 16 : 32;
}

static void
line_add(const struct server *s, struct server_line *line,
    const struct server_conn *c)
{
	if (line->next - line->first == s->conns_max)
		line->first++;
	line->ring[line->next++ % s->conns_max] = (struct server_comer){
		(uint32_t)(c - s->conns), c->generation };
}

/* Closes the one who has been in that state for the longest. Whoever is not
 * remembered has a deadline. */
static void
push_out(struct server *s, struct server_line *line, enum server_state state)
{
	while (line->first != line->next) {
		struct server_comer comer =
		    line->ring[line->first++ % s->conns_max];
		struct server_conn *c = &s->conns[comer.slot];

		if (c->generation != comer.generation || c->state != state)
			continue;
		s->stats.closed_limit++;
		server_conn_drop(s, c);
		return;
	}
}

/* Whoever is not logged in can be asked to come again; of those the kind of
 * which there are more. */
static void
make_room(struct server *s)
{
	if (s->conns_n + room_wanted(s) <= s->config.max_conns)
		return;
	if (s->open_n > (s->conns_n - s->stats.sessions) / 2)
		push_out(s, &s->waiting, SERVER_OPEN);
	else
		push_out(s, &s->silent, SERVER_FIRST);
}

/* ---- timers ---- */

static void
on_timer(struct timer *t, void *ctx)
{
	struct server *s = ctx;
	struct server_conn *c = LIST_ITEM(t, struct server_conn, timer);
	uint64_t now = server_now_ms(s), due;

	/* A stranger is not owed a word: it would be more than they sent. */
	if (c->state != SERVER_LOGGED) {
		server_conn_drop(s, c);
		return;
	}
	due = c->heard_ms + WIRE_PING_MS + (c->is_asked ? WIRE_PONG_MS : 0);
	if (c->is_asked && now >= due) {
		server_conn_end(s, c, WIRE_CLOSE_IDLE);
		return;
	}
	if (now >= due) {
		struct wire_PING ping = { .token = c->heard_ms };

		c->is_asked = true;
		server_conn_say(s, c, WIRE_PING, &ping);
		due += WIRE_PONG_MS;
	}
	if (c->state == SERVER_LOGGED &&
	    wheel_arm(&s->wheel, t, due) != ERR_OK)
		server_conn_drop(s, c);
}

static void
arm(struct server *s, struct server_conn *c, uint64_t at_ms)
{
	c->timer.fire = on_timer;
	if (wheel_arm(&s->wheel, &c->timer, at_ms) != ERR_OK)
		server_conn_drop(s, c);
}

uint8_t *
server_conn_entry(const struct server *s, const struct server_conn *c)
{
	return entry_at(s, c->entry);
}

void
server_conn_opened(struct server *s, struct server_conn *c)
{
	entry_give(s, c->entry);
	c->state = SERVER_OPEN;
	s->open_n++;
	line_add(s, &s->waiting, c);
	s->stats.handshakes++;
	arm(s, c, c->since_ms + WIRE_LOGIN_MS);
}

void
server_conn_logged(struct server *s, struct server_conn *c)
{
	c->state = SERVER_LOGGED;
	c->credit = UINT32_MAX;
	s->open_n--;
	c->since_ms = server_now_ms(s);
	s->stats.sessions++;
	arm(s, c, c->since_ms + WIRE_PING_MS);
}

/* ---- saying ---- */

static void
mark_dirty(struct server *s, struct server_conn *c)
{
	if (c->is_dirty)
		return;
	c->is_dirty = true;
	c->next_dirty = s->dirty;
	s->dirty = c;
}

/* Returns how many bytes may wait for c's client. */
static size_t
waiting_max(const struct server_conn *c)
{
	if (c->state == SERVER_OPEN)
		return STRANGER_OUT;
	return WIRE_OUT_MAX + server_session_relay_room(c);
}

struct wr *
server_conn_writer(struct server *s, struct server_conn *c)
{
	struct server_io *io;

	if (c->state != SERVER_OPEN && c->state != SERVER_LOGGED)
		return NULL;
	io = server_buffer_get(s, c);
	if (io == NULL || server_buffer_waiting(c) > waiting_max(c)) {
		s->stats.closed_limit++;
		server_conn_drop(s, c);
		return NULL;
	}
	mark_dirty(s, c);
	return &io->pending;
}

void
server_conn_say(struct server *s, struct server_conn *c, enum wire_type type,
    const void *message)
{
	struct wr *w = server_conn_writer(s, c);

	if (w != NULL && wire_encode(w, type, message) != ERR_OK)
		server_conn_drop(s, c);
}

void
server_conn_say_raw(struct server *s, struct server_conn *c,
    struct bytes encoded)
{
	struct wr *w = server_conn_writer(s, c);

	if (w == NULL)
		return;
	wr_put(w, encoded);
	if (wr_done(w) != ERR_OK)
		server_conn_drop(s, c);
}

void
server_conn_error(struct server *s, struct server_conn *c, uint32_t req,
    enum wire_error code, uint32_t wait_ms)
{
	struct wire_ERROR m = { .req = req, .code = (uint8_t)code,
		.wait_ms = wait_ms };

	server_conn_say(s, c, WIRE_ERROR, &m);
}

void
server_conn_done(struct server *s, struct server_conn *c, uint32_t req)
{
	struct wire_DONE m = { .req = req };

	server_conn_say(s, c, WIRE_DONE, &m);
}

void
server_conn_free_vault(struct server_conn *c)
{
	if (c->vault == NULL)
		return;
	pact_channel_wipe(&server_vault(c)->channel);
	secret_free(c->vault);
	c->vault = NULL;
}

static void
flush_one(struct server *s, struct server_conn *c)
{
	bool is_ending = c->state == SERVER_ENDING && !c->is_sealed;

	if (c->io == NULL || c->vault == NULL)
		return;
	if (c->io->pending.n != 0 && server_buffer_seal(s, c) != ERR_OK) {
		server_conn_drop(s, c);
		return;
	}
	if (is_ending) {
		c->is_sealed = true;
		server_conn_free_vault(c);
		s->effects.close(s->effects.ctx, c->shell, false);
	}
	server_buffer_tidy(s, c);
}

static void
flush_all(struct server *s)
{
	while (s->dirty != NULL) {
		struct server_conn *c = s->dirty;

		s->dirty = c->next_dirty;
		c->next_dirty = NULL;
		c->is_dirty = false;
		flush_one(s, c);
	}
}

void
server_flush(struct server *s)
{
	server_settle(s);
	do {
		flush_all(s);
		server_buffer_bound(s);
		/* Who was dropped may have others who are told. */
		server_settle(s);
	} while (s->dirty != NULL);
	server_effort_end(s);
}

void
server_sent(struct server *s, struct server_conn *c, size_t n)
{
	server_buffer_sent(c, n);
	server_buffer_tidy(s, c);
	/* All that it said has been read: to close now loses nothing, and it
	 * cannot stay for longer by not closing. */
	if (c->state == SERVER_ENDING && c->is_dismissed && c->io == NULL)
		server_conn_drop(s, c);
	server_settle(s);
}

/* ---- the end ---- */

/* Ends whatever the state stands for, but for the channel itself. */
static void
leave(struct server *s, struct server_conn *c)
{
	if (c->state == SERVER_WAITING)
		server_effort_leave(s, c);
	if (c->state == SERVER_FIRST || c->state == SERVER_WAITING) {
		entry_give(s, c->entry);
	} else if (c->state == SERVER_OPEN) {
		s->open_n--;
		server_guess_leave(s, c);
		server_login_free(c);
	} else if (c->state == SERVER_LOGGED) {
		s->stats.sessions--;
		server_session_leave(s, c);
	}
}

void
server_conn_end(struct server *s, struct server_conn *c,
    enum wire_close reason)
{
	struct wire_CLOSE m = { .reason = (uint8_t)reason };

	if (c->state == SERVER_FIRST || c->state == SERVER_WAITING)
		server_conn_drop(s, c);
	if (c->state != SERVER_OPEN && c->state != SERVER_LOGGED)
		return;
	if (reason == WIRE_CLOSE_PROTOCOL)
		s->stats.closed_protocol++;
	if (reason == WIRE_CLOSE_LIMIT)
		s->stats.closed_limit++;
	server_conn_say(s, c, WIRE_CLOSE, &m);
	if (c->state != SERVER_OPEN && c->state != SERVER_LOGGED)
		return;
	leave(s, c);
	c->state = SERVER_ENDING;
	arm(s, c, server_now_ms(s) + ENDING_MS);
}

void
server_conn_drop(struct server *s, struct server_conn *c)
{
	if (c->state == SERVER_FREE || c->state == SERVER_DEAD)
		return;
	leave(s, c);
	c->state = SERVER_DEAD;
	wheel_cancel(&s->wheel, &c->timer);
	if (!c->is_opening)
		server_conn_free_vault(c);
	s->effects.close(s->effects.ctx, c->shell, true);
}

void
server_conn_dismiss(struct server *s, struct server_conn *c,
    struct bytes answer)
{
	leave(s, c);
	c->state = SERVER_ENDING;
	c->is_sealed = c->is_dismissed = true;
	arm(s, c, server_now_ms(s) + ENDING_MS);
	if (c->state != SERVER_ENDING)
		return;
	if (server_buffer_send(s, c, answer) != ERR_OK)
		server_conn_drop(s, c);
}

/* Takes c out of the list of those that have something to say. */
static void
unmark_dirty(struct server *s, struct server_conn *c)
{
	struct server_conn **at = &s->dirty;

	if (!c->is_dirty)
		return;
	while (*at != c)
		at = &(*at)->next_dirty;
	*at = c->next_dirty;
}

static void
forget(struct server *s, struct server_conn *c)
{
	leave(s, c);
	wheel_cancel(&s->wheel, &c->timer);
	server_conn_free_vault(c);
	unmark_dirty(s, c);
	server_buffer_release(s, c);
	server_guard_leave(s, c);
	c->generation++;
	slot_give(s, c);
}

void
server_closed(struct server *s, struct server_conn *c)
{
	if (c->state == SERVER_FREE)
		return;
	forget(s, c);
	server_settle(s);
}

void
server_conn_free_tables(struct server *s)
{
	for (uint32_t i = 0; i < s->conns_high; i++)
		if (s->conns[i].state != SERVER_FREE)
			forget(s, &s->conns[i]);
	server_buffer_free_spares(s);
	wr_free(&s->sealed);
	free(s->conns);
	free(s->entries);
	free(s->silent.ring);
	free(s->waiting.ring);
	free(s->scratch);
}

/* ---- the beginning ---- */

struct server_conn *
server_open(struct server *s, void *shell_conn, const server_addr *from)
{
	struct server_conn *c = s->is_draining ? NULL : slot_take(s);
	uint64_t now = server_now_ms(s);

	if (c == NULL) {
		s->stats.closed_limit++;
		return NULL;
	}
	c->shell = shell_conn;
	c->state = SERVER_FIRST;
	c->heard_ms = c->since_ms = now;
	c->rekeyed_s = (uint32_t)(now / 1000);
	c->entry = entry_take(s);
	c->timer.fire = on_timer;
	if (!server_guard_enter(s, c, from)) {
		s->stats.closed_limit++;
		forget(s, c);
		return NULL;
	}
	if (wheel_arm(&s->wheel, &c->timer, now + WIRE_HANDSHAKE_MS) !=
	    ERR_OK) {
		forget(s, c);
		return NULL;
	}
	make_room(s);
	line_add(s, &s->silent, c);
	s->stats.connections++;
	if (!s->is_ready)
		s->effects.pause(s->effects.ctx, shell_conn, true);
	server_settle(s);
	return c;
}
