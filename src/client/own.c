#include "client/own.h"

#include "base/reveal.h"
#include "client/core.h"
#include "crypto/dh.h"
#include "crypto/sig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
client_own_free(struct client_own *own)
{
	free(own->roster);
	wr_free(&own->bytes);
	*own = (struct client_own){ .bytes = wr_new() };
}

enum err
client_own_take(struct client_own *own, struct bytes in,
    const struct client_account *account, uint64_t seen)
{
	struct client_own taken = { .bytes = wr_new() };
	enum err err;

	taken.roster = calloc(1, sizeof *taken.roster);
	NEED(taken.roster != NULL, ERR_NOMEM);
	TRY(pact_roster_read(in, taken.roster));
	NEED(wire_name_equal(&taken.roster->name, &account->name) &&
		memcmp(taken.roster->identity, account->identity,
		    sizeof account->identity) == 0, ERR_KEY);
	NEED(taken.roster->version >= seen || PLANTED(PLANT_ROSTER_ROLLBACK),
	    ERR_ROLLBACK);
	wr_put(&taken.bytes, in);
	TRY(wr_done(&taken.bytes));
	client_own_free(own);
	*own = taken;
	taken = (struct client_own){ .bytes = wr_new() };
out:
	client_own_free(&taken);
	return err;
}

const struct pact_roster_entry *
client_own_find(const struct client_own *own,
    const uint8_t device[PACT_DEVICE_ID_LEN])
{
	if (own->roster == NULL)
		return NULL;
	/* Our own clock may be wrong: expiry is not looked at. */
	return pact_roster_find(own->roster, device, 0);
}

static bool
is_kept(const struct pact_roster_entry *entry,
    const struct client_own_change *change)
{
	if (entry->expires_s != 0 && entry->expires_s <= change->now_s)
		return false;
	if (change->with != NULL &&
	    memcmp(entry->id, change->with->id, sizeof entry->id) == 0)
		return false;
	return change->without == NULL ||
	    memcmp(entry->id, change->without, sizeof entry->id) != 0;
}

enum err
client_own_next(const struct client_own *own,
    const struct client_account *account,
    const struct client_own_change *change, const uint8_t identity_seed[32],
    struct wr *w)
{
	const struct pact_roster *old = own->roster;
	struct pact_roster *next = calloc(1, sizeof *next);
	enum err err = ERR_OK;

	NEED(next != NULL, ERR_NOMEM);
	next->name = account->name;
	memcpy(next->identity, account->identity, sizeof next->identity);
	next->version = 1;
	next->time_s = change->now_s;
	if (old != NULL) {
		next->version = old->version + 1;
		pact_roster_hash(wr_bytes(&own->bytes), next->previous);
	}
	for (size_t i = 0; old != NULL && i < old->count; i++)
		if (is_kept(&old->entries[i], change))
			next->entries[next->count++] = old->entries[i];
	if (change->with != NULL) {
		NEED(next->count < WIRE_ROSTER_DEVICES, ERR_LIMIT);
		next->entries[next->count++] = *change->with;
	}
	TRY(pact_roster_write(w, next, identity_seed));
out:
	free(next);
	return err;
}

enum err
client_own_entry(const struct client *c, struct pact_roster_entry *entry)
{
	const struct client_keys *keys = client_keys(c);

	memset(entry, 0, sizeof *entry);
	memcpy(entry->id, c->account.device, sizeof entry->id);
	ed25519_public(keys->device_seed, entry->device_key);
	x25519_public(keys->link_secret, entry->link_key);
	REVEAL("public", entry->device_key);
	REVEAL("public", entry->link_key);
	(void)snprintf(entry->label, sizeof entry->label, "%s",
	    c->options.device_label);
	entry->added_s = client_servers_now_s(c);
	if (c->options.is_ephemeral)
		entry->expires_s = entry->added_s + WIRE_EPHEMERAL_S;
	return pact_roster_sign_entry(entry, &c->account.name,
	    c->account.identity, keys->device_seed);
}
