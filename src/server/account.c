#include "server/account.h"

#include "server/presence.h"

#include <stdlib.h>
#include <string.h>

/* Returns the place of name, or where it would be. */
static size_t
place(const struct server *s, const struct wire_name *name)
{
	size_t low = 0, high = s->accounts_n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(s->accounts[middle]->name.s, name->s) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct server_account *
server_account_get(const struct server *s, const struct wire_name *name)
{
	size_t i = place(s, name);

	if (i == s->accounts_n ||
	    !wire_name_equal(&s->accounts[i]->name, name))
		return NULL;
	return s->accounts[i];
}

const struct server_account *
server_account_other(const struct server *s, const struct wire_name *name)
{
	uint64_t hash = siphash(s->hash_key, wire_name_bytes(name));

	return s->accounts_n == 0 ? NULL : s->accounts[hash % s->accounts_n];
}

size_t
server_account_after(const struct server *s, const struct wire_name *after)
{
	size_t i = after == NULL ? 0 : place(s, after);

	if (after != NULL && i < s->accounts_n &&
	    wire_name_equal(&s->accounts[i]->name, after))
		i++;
	return i;
}

/* Makes the directory large enough for n accounts. */
static enum err
grow(struct server *s, size_t n)
{
	size_t cap = s->accounts_cap == 0 ? 64 : 2 * s->accounts_cap;
	struct server_account **grown;

	if (n <= s->accounts_cap)
		return ERR_OK;
	if (cap < n)
		cap = n;
	grown = realloc(s->accounts, cap * sizeof(struct server_account *));
	if (grown == NULL)
		return ERR_NOMEM;
	s->accounts = grown;
	s->accounts_cap = cap;
	return ERR_OK;
}

enum err
server_account_reserve(struct server *s, const struct wire_name *name,
    size_t n, struct server_room *room)
{
	enum err err;

	/* Each request that is under way may make an account. */
	TRY(grow(s, s->accounts_n + s->ops + 1));
	room->roster = malloc(n + 1);
	NEED(room->roster != NULL, ERR_NOMEM);
	if (server_account_get(s, name) == NULL) {
		room->account = calloc(1, sizeof *room->account);
		NEED(room->account != NULL, ERR_NOMEM);
	}
out:
	return err;
}

void
server_account_release(struct server_room *room)
{
	free(room->roster);
	free(room->account);
	*room = (struct server_room){ 0 };
}

static struct server_account *
insert(struct server *s, const struct wire_name *name,
    struct server_room *room)
{
	size_t i = place(s, name);
	struct server_account *a;

	if (grow(s, s->accounts_n + 1) != ERR_OK)
		return NULL;
	if (room != NULL && room->account != NULL) {
		a = room->account;
		room->account = NULL;
	} else {
		a = calloc(1, sizeof *a);
	}
	if (a == NULL)
		return NULL;
	a->name = *name;
	if (i < s->accounts_n)
		memmove(&s->accounts[i + 1], &s->accounts[i],
		    (s->accounts_n - i) * sizeof s->accounts[0]);
	s->accounts[i] = a;
	s->accounts_n++;
	return a;
}

static void
free_one(struct server_account *a)
{
	free(a->roster);
	free(a->seats);
	free(a->gone);
	free(a);
}

void
server_account_remove(struct server *s, struct server_account *a)
{
	size_t i = place(s, &a->name);

	server_presence_end_all(s, a, NULL);
	server_presence_forget(s, a);
	memmove(&s->accounts[i], &s->accounts[i + 1],
	    (s->accounts_n - i - 1) * sizeof s->accounts[0]);
	s->accounts_n--;
	free_one(a);
}

void
server_account_free_all(struct server *s)
{
	for (size_t i = 0; i < s->accounts_n; i++)
		free_one(s->accounts[i]);
	free(s->accounts);
	s->accounts = NULL;
	s->accounts_n = s->accounts_cap = 0;
}

/* Of the devices that are gone, keeps those that the next roster names with
 * the very entry of the last one: nobody has let them in anew. */
static void
keep_gone(struct server_account *a, struct bytes next_bytes)
{
	struct pact_roster last, next;
	size_t n = 0;

	if (a->gone_n == 0)
		return;
	if (pact_roster_parse(server_account_roster(a), &last) != ERR_OK ||
	    pact_roster_parse(next_bytes, &next) != ERR_OK)
		last.count = next.count = 0;
	for (size_t i = 0; i < a->gone_n; i++) {
		const struct pact_roster_entry *was =
		    pact_roster_find(&last, a->gone[i], 0);
		const struct pact_roster_entry *is =
		    pact_roster_find(&next, a->gone[i], 0);

		if (was != NULL && is != NULL && memcmp(was->possession,
		    is->possession, sizeof is->possession) == 0)
			memmove(a->gone[n++], a->gone[i], sizeof a->gone[i]);
	}
	a->gone_n = n;
}

enum err
server_account_set_roster(struct server_account *a, uint64_t version,
    struct bytes roster, struct server_room *room)
{
	uint8_t *copy = NULL;

	if (roster.n > WIRE_ROSTER_MAX)
		return ERR_DECODE;
	if (roster.n != 0) {
		copy = room == NULL ? malloc(roster.n) : room->roster;
		if (copy == NULL)
			return ERR_NOMEM;
		memcpy(copy, roster.p, roster.n);
		if (room != NULL)
			room->roster = NULL;
	}
	keep_gone(a, roster);
	free(a->roster);
	a->roster = copy;
	a->roster_len = (uint16_t)roster.n;
	a->roster_version = version;
	a->devices_until_s = 0;
	return ERR_OK;
}

enum err
server_account_put(struct server *s, const struct store_account *stored,
    struct server_room *room)
{
	struct wire_name name;
	struct server_account *a;
	enum err err;

	TRY(wire_name_decode(&name, bytes_str(stored->name)));
	a = server_account_get(s, &name);
	if (a == NULL)
		a = insert(s, &name, room);
	NEED(a != NULL, ERR_NOMEM);
	a->status = stored->status;
	a->is_enabled = stored->is_enabled;
	a->has_record = stored->has_record;
	a->version = stored->version;
	a->created_s = stored->created_s;
	memcpy(a->identity, stored->identity, sizeof a->identity);
	TRY(server_account_set_roster(a, stored->roster_version,
	    stored->roster, room));
out:
	return err;
}

struct bytes
server_account_roster(const struct server_account *a)
{
	return (struct bytes){ a->roster, a->roster_len };
}

bool
server_account_device(const struct server *s, const struct server_account *a,
    const uint8_t id[PACT_DEVICE_ID_LEN], struct pact_roster_entry *entry)
{
	const struct pact_roster_entry *found;
	struct pact_roster roster;

	for (size_t i = 0; i < a->gone_n; i++)
		if (memcmp(a->gone[i], id, PACT_DEVICE_ID_LEN) == 0)
			return false;
	if (pact_roster_parse(server_account_roster(a), &roster) != ERR_OK)
		return false;
	found = pact_roster_find(&roster, id, server_now_s(s));
	if (found != NULL)
		*entry = *found;
	return found != NULL;
}

/* Counts the devices that may be used now, and says until when that holds. */
static void
count_devices(struct server_account *a, uint64_t now_s)
{
	struct pact_roster roster;

	a->devices = 0;
	a->devices_until_s = UINT64_MAX;
	if (pact_roster_parse(server_account_roster(a), &roster) != ERR_OK)
		return;
	for (size_t i = 0; i < roster.count; i++) {
		uint64_t end_s = roster.entries[i].expires_s;

		if (end_s != 0 && end_s <= now_s)
			continue;
		a->devices++;
		if (end_s != 0 && end_s < a->devices_until_s)
			a->devices_until_s = end_s;
	}
}

uint8_t
server_account_devices(const struct server *s, struct server_account *a)
{
	uint64_t now_s = server_now_s(s);

	if (now_s >= a->devices_until_s)
		count_devices(a, now_s);
	return a->devices;
}

/* ---- at the start ---- */

static void
set_ready(struct server *s)
{
	s->is_ready = true;
	for (uint32_t i = 0; i < s->conns_high; i++)
		if (s->conns[i].state == SERVER_FIRST)
			s->effects.pause(s->effects.ctx, s->conns[i].shell,
			    false);
}

static void
loaded(struct store_request *request, enum err err)
{
	struct server *s = request->ctx;
	bool is_one = err == ERR_OK && request->account.name[0] != '\0';

	if (is_one)
		err = server_account_put(s, &request->account, NULL);
	if (s->load_err == ERR_OK)
		s->load_err = err;
	if (is_one)
		return;
	s->ops--;
	if (s->load_err == ERR_OK)
		set_ready(s);
	server_settle(s);
}

void
server_account_load(struct server *s)
{
	s->load = (struct store_request){ .kind = STORE_ACCOUNT_LIST,
		.done = loaded, .ctx = s };
	s->ops++;
	s->store->submit(s->store, &s->load);
}
