#include "server/people.h"

#include "server/account.h"
#include "server/conn.h"
#include "server/op.h"
#include "server/presence.h"

#include <string.h>

#define ENTRY_MAX    (1 + WIRE_NAME_MAX + 1 + 1 + 32)
#define ENTRIES_MAX  59000 /* of one PEOPLE */

static void
say_people(struct server *s, const struct server_letter *letter,
    struct wr *entries, struct wire_PEOPLE *m)
{
	m->entries = wr_bytes(entries);
	server_bus_say(s, letter->from, WIRE_PEOPLE, m);
	wr_reset(entries);
}

void
server_people_list(struct server *s, const struct server_letter *letter,
    const struct wire_LIST *ask)
{
	struct wire_PEOPLE m = { .req = ask->req };
	struct wr entries = wr_new();

	/* Who asked often, and was dropped for not reading, is not answered:
	 * that would cost much and help nobody. */
	if (letter->from.shard == s->config.shard &&
	    server_conn_find(s, letter->from) == NULL)
		return;
	for (size_t i = 0; i < s->accounts_n; i++) {
		struct server_account *a = s->accounts[i];
		struct wire_person person = { .name = a->name,
			.status = (uint8_t)server_presence_shown(a) };

		if (!a->has_record)
			continue;
		person.devices = server_account_devices(s, a);
		memcpy(person.identity, a->identity, sizeof person.identity);
		if (entries.n > ENTRIES_MAX - ENTRY_MAX)
			say_people(s, letter, &entries, &m);
		wire_person_put(&entries, &person);
	}
	m.is_last = 1;
	if (wr_done(&entries) == ERR_OK)
		say_people(s, letter, &entries, &m);
	else
		server_bus_error(s, letter->from, ask->req, WIRE_ERROR_LIMIT,
		    0);
	wr_free(&entries);
}

void
server_people_get(struct server *s, const struct server_letter *letter,
    const struct wire_PERSON_GET *ask)
{
	const struct server_account *a = server_account_get(s, &ask->name);
	struct wire_PERSON m = { .req = ask->req, .name = ask->name };

	if (a == NULL || !a->has_record) {
		server_bus_error(s, letter->from, ask->req,
		    WIRE_ERROR_UNKNOWN, 0);
		return;
	}
	m.status = (uint8_t)server_presence_shown(a);
	memcpy(m.identity, a->identity, sizeof m.identity);
	m.roster = server_account_roster(a);
	server_bus_say(s, letter->from, WIRE_PERSON, &m);
}

static void
settings_read(struct server *s, struct server_op *op, enum err err)
{
	struct server_account *a = server_account_get(s, &op->letter.name);
	struct wire_SETTINGS m = { .req = op->letter.req };
	struct server_seat *seat = NULL;

	if (a != NULL)
		seat = server_presence_seat(a, op->letter.from);
	if (seat == NULL)
		return;
	seat->asks--;
	if (err != ERR_OK) {
		server_bus_error(s, op->letter.from, op->letter.req,
		    server_op_code(err), 0);
		return;
	}
	m.settings_version = op->request.account.settings_version;
	m.settings_box = op->request.account.settings_box;
	server_bus_say(s, op->letter.from, WIRE_SETTINGS, &m);
}

void
server_people_settings(struct server *s, struct server_account *a,
    const struct server_letter *letter, const struct wire_SETTINGS_GET *m)
{
	struct server_op *op = server_op_new(s, letter);

	if (op == NULL) {
		server_bus_error(s, letter->from, m->req, WIRE_ERROR_STORE, 0);
		return;
	}
	op->letter.req = m->req;
	server_presence_seat(a, letter->from)->asks++;
	server_op_submit(op, STORE_ACCOUNT_GET, settings_read);
}
