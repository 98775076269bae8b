#include "server/presence.h"

#include "server/account.h"
#include "server/conn.h"
#include "server/introduction.h"
#include "server/op.h"

#include "base/plant.h"

#include <stdlib.h>
#include <string.h>

/* Changes of one person that are announced at once, and how long it takes
 * until one more is: each is said to everybody. */
#define ANNOUNCE_BURST 5
#define ANNOUNCE_MS    1000

struct server_seat *
server_presence_seat(const struct server_account *a, struct server_ref ref)
{
	for (size_t i = 0; i < a->seats_n; i++)
		if (server_ref_equal(&a->seats[i].ref, &ref))
			return &a->seats[i];
	return NULL;
}

enum err
server_presence_join(struct server *s, struct server_account *a,
    const struct server_seat *seat)
{
	if (a->seats_n >= WIRE_SESSIONS_MAX)
		return ERR_LIMIT;
	if (a->seats_n == a->seats_cap) {
		uint16_t cap = a->seats_cap == 0 ? 1 :
		    (uint16_t)(2 * a->seats_cap);
		struct server_seat *grown =
		    realloc(a->seats, cap * sizeof *grown);

		if (grown == NULL)
			return ERR_NOMEM;
		a->seats = grown;
		a->seats_cap = cap;
	}
	a->seats[a->seats_n++] = *seat;
	server_presence_update(s, a);
	return ERR_OK;
}

static bool
has_device(const struct server_account *a,
    const uint8_t device[PACT_DEVICE_ID_LEN])
{
	for (size_t i = 0; i < a->seats_n; i++)
		if (memcmp(a->seats[i].device, device,
		    PACT_DEVICE_ID_LEN) == 0)
			return true;
	return false;
}

/* An ephemeral device that has no session any more is not let in again,
 * though the roster goes on naming it until its owner writes the next. */
static void
end_ephemeral(struct server *s, struct server_account *a,
    const uint8_t device[PACT_DEVICE_ID_LEN])
{
	struct pact_roster_entry entry;
	void *grown;

	if (PLANTED(PLANT_EPHEMERAL_STAYS) || has_device(a, device) ||
	    !server_account_device(s, a, device, &entry) ||
	    entry.expires_s == 0)
		return;
	grown = realloc(a->gone, (a->gone_n + 1) * sizeof a->gone[0]);
	if (grown == NULL)
		return;
	a->gone = grown;
	memcpy(a->gone[a->gone_n++], device, PACT_DEVICE_ID_LEN);
}

void
server_presence_leave(struct server *s, struct server_account *a,
    struct server_ref ref)
{
	struct server_seat *seat = server_presence_seat(a, ref), gone;

	if (seat == NULL)
		return;
	gone = *seat;
	*seat = a->seats[--a->seats_n];
	if (a->seats_n == 0) {
		free(a->seats);
		a->seats = NULL;
		a->seats_cap = 0;
	}
	server_introduction_gone(s, &a->name, ref);
	end_ephemeral(s, a, gone.device);
	server_presence_update(s, a);
}

static void
end(struct server *s, struct server_account *a, struct server_ref ref,
    enum wire_close reason)
{
	struct server_letter letter = { .kind = SERVER_LETTER_END, .to = ref,
		.number = reason };

	server_presence_leave(s, a, ref);
	server_bus_post_session(s, &letter);
}

void
server_presence_end_all(struct server *s, struct server_account *a,
    const struct server_ref *but)
{
	for (size_t i = a->seats_n; i-- > 0;)
		if (but == NULL || !server_ref_equal(&a->seats[i].ref, but))
			end(s, a, a->seats[i].ref, WIRE_CLOSE_ENDED);
}

void
server_presence_end_device(struct server *s, struct server_account *a,
    const uint8_t device[PACT_DEVICE_ID_LEN], const struct server_ref *but,
    enum wire_close reason)
{
	for (size_t i = a->seats_n; i-- > 0;) {
		const struct server_seat *seat = &a->seats[i];

		if (memcmp(seat->device, device, PACT_DEVICE_ID_LEN) == 0 &&
		    (but == NULL || !server_ref_equal(&seat->ref, but)))
			end(s, a, seat->ref, reason);
	}
}

void
server_presence_mend(struct server *s)
{
	for (size_t i = 0; i < s->accounts_n; i++) {
		struct server_account *a = s->accounts[i];

		for (size_t j = a->seats_n; j-- > 0;) {
			struct server_ref ref = a->seats[j].ref;
			struct server_conn *c = server_conn_find(s, ref);

			if (ref.shard == s->config.shard &&
			    (c == NULL || c->state != SERVER_LOGGED))
				server_presence_leave(s, a, ref);
		}
	}
	for (uint32_t i = 0; i < s->conns_high; i++) {
		struct server_conn *c = &s->conns[i];
		const struct wire_name *name;
		const struct server_account *a;

		if (c->state != SERVER_LOGGED)
			continue;
		name = &server_vault(c)->name;
		a = server_account_get(s, name);
		if (server_bus_home(s, name) == s->config.shard &&
		    (a == NULL || server_presence_seat(a,
		    server_conn_ref(s, c)) == NULL))
			server_conn_end(s, c, WIRE_CLOSE_ENDED);
	}
}

/* ---- what others see ---- */

/* Returns the status that the sessions with one of these modes make. */
static enum wire_status
status_of(const struct server_account *a, uint8_t mode)
{
	bool is_here = false, is_busy = false;

	for (size_t i = 0; i < a->seats_n; i++) {
		if ((a->seats[i].mode & mode) != mode)
			continue;
		is_here = true;
		if (a->seats[i].lines > 0)
			is_busy = true;
	}
	if (!is_here || a->status == WIRE_STATUS_INVISIBLE)
		return WIRE_STATUS_OFFLINE;
	if (is_busy)
		return WIRE_STATUS_BUSY;
	return a->status == WIRE_STATUS_AWAY ? WIRE_STATUS_AWAY :
	    WIRE_STATUS_AVAILABLE;
}

enum wire_status
server_presence_shown(const struct server_account *a)
{
	return status_of(a, 0);
}

static void
announce(struct server *s, struct server_account *a, enum wire_status status)
{
	struct server_letter letter = { .kind = SERVER_LETTER_ANNOUNCE,
		.name = a->name, .number = status };

	wheel_cancel(&s->wheel, &a->later);
	if (a->announced == status)
		return;
	a->announced = (uint8_t)status;
	for (unsigned i = 0; i < s->config.shards; i++)
		server_bus_post(s, i, &letter);
}

static void
announce_later(struct timer *t, void *ctx)
{
	server_presence_update(ctx,
	    LIST_ITEM(t, struct server_account, later));
}

void
server_presence_update(struct server *s, struct server_account *a)
{
	enum wire_status status = status_of(a, WIRE_MODE_HOSTS);
	uint64_t now = server_now_ms(s);
	uint64_t soon = now + (ANNOUNCE_BURST - 1) * ANNOUNCE_MS;

	if (a->announced != status) {
		a->later.fire = announce_later;
		/* paced_ms: when all of the burst may be used again. */
		if (a->paced_ms > soon && wheel_arm(&s->wheel, &a->later,
		    now + a->paced_ms - soon) == ERR_OK)
			return;
		a->paced_ms = ANNOUNCE_MS +
		    (a->paced_ms > now ? a->paced_ms : now);
	}
	announce(s, a, status);
}

void
server_presence_forget(struct server *s, struct server_account *a)
{
	announce(s, a, WIRE_STATUS_OFFLINE);
}

void
server_presence_announce(struct server *s, const struct server_letter *letter)
{
	struct wire_PRESENCE m = { .name = letter->name,
		.status = (uint8_t)letter->number };
	uint8_t encoded[WIRE_HEADER_LEN + 1 + WIRE_NAME_MAX + 1];
	struct wr w = wr_init(encoded, sizeof encoded);

	if (wire_encode(&w, WIRE_PRESENCE, &m) != ERR_OK)
		return;
	for (uint32_t i = 0; i < s->conns_high; i++) {
		struct server_conn *c = &s->conns[i];

		if (c->state == SERVER_LOGGED && (c->mode & WIRE_MODE_HOSTS) &&
		    !wire_name_equal(&server_vault(c)->name, &letter->name))
			server_conn_say_raw(s, c, wr_bytes(&w));
	}
}

/* ---- what clients say about themselves ---- */

static void
status_stored(struct server *s, struct server_op *op, enum err err)
{
	struct server_account *a =
	    server_account_get(s, &op->letter.name);
	struct server_seat *seat;

	if (a == NULL)
		return;
	seat = server_presence_seat(a, op->letter.from);
	if (seat != NULL)
		seat->asks--;
	if (err != ERR_OK) {
		server_op_reread(s, &op->letter.name, err);
		server_bus_error(s, op->letter.from, op->letter.req,
		    server_op_code(err), 0);
		return;
	}
	a->status = op->request.account.status;
	server_presence_update(s, a);
	server_bus_done(s, op->letter.from, op->letter.req);
}

void
server_presence_set(struct server *s, struct server_account *a,
    const struct server_letter *letter, const struct wire_STATUS_SET *m)
{
	struct server_seat *seat = server_presence_seat(a, letter->from);
	struct server_op *op;

	if (m->status != WIRE_STATUS_AVAILABLE &&
	    m->status != WIRE_STATUS_AWAY &&
	    m->status != WIRE_STATUS_INVISIBLE) {
		server_bus_error(s, letter->from, m->req, WIRE_ERROR_INVALID,
		    0);
		return;
	}
	op = server_op_new(s, letter);
	if (op == NULL) {
		server_bus_error(s, letter->from, m->req, WIRE_ERROR_STORE, 0);
		return;
	}
	op->letter.req = m->req;
	op->request.parts = STORE_STATUS;
	op->request.account.status = m->status;
	seat->asks++;
	server_op_submit(op, STORE_ACCOUNT_CHANGE, status_stored);
}

void
server_presence_busy(struct server *s, struct server_account *a,
    const struct server_letter *letter, const struct wire_BUSY *m)
{
	server_presence_seat(a, letter->from)->lines = m->lines;
	server_presence_update(s, a);
}
