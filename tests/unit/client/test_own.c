/*
 * The next version of an account's own list of devices.
 */
#include "client/own.h"
#include "crypto/sig.h"
#include "support/check.h"

#include <string.h>

static const uint8_t identity_seed[32] = { 1 };
static struct client_account account;
static struct client_own own;

static struct pact_roster_entry
device(uint8_t number, uint64_t expires_s)
{
	const uint8_t seed[32] = { 2, number };
	struct pact_roster_entry entry = { .id = { number },
		.link_key = { 3, number }, .added_s = 1,
		.expires_s = expires_s };

	ed25519_public(seed, entry.device_key);
	CHECK_OK(pact_roster_sign_entry(&entry, &account.name,
	    account.identity, seed));
	return entry;
}

/* Makes the next version, and takes it over. */
static enum err
next(const struct client_own_change *change)
{
	struct wr w = wr_new();
	enum err err = client_own_next(&own, &account, change, identity_seed,
	    &w);

	if (err == ERR_OK)
		CHECK_OK(client_own_take(&own, wr_bytes(&w), &account, 0));
	wr_free(&w);
	return err;
}

static enum err
add(uint8_t number, uint64_t expires_s, uint64_t now_s)
{
	struct pact_roster_entry entry = device(number, expires_s);
	struct client_own_change change = { .with = &entry, .now_s = now_s };

	return next(&change);
}

static void
begin(void)
{
	account = (struct client_account){ .name = { "alice" } };
	own = (struct client_own){ .bytes = wr_new() };
	ed25519_public(identity_seed, account.identity);
}

TEST(what_has_expired_makes_room)
{
	uint64_t version;

	begin();
	for (uint8_t i = 0; i < WIRE_ROSTER_DEVICES; i++)
		CHECK_OK(add(i, i < 2 ? 0 : 1000, 10));
	CHECK_EQ(own.roster->count, WIRE_ROSTER_DEVICES);
	version = own.roster->version;
	CHECK_ERR(add(100, 0, 999), ERR_LIMIT);
	CHECK_EQ(own.roster->version, version);
	CHECK_OK(add(100, 0, 1000));
	CHECK_EQ(own.roster->count, 3);
	CHECK_EQ(own.roster->version, version + 1);
	CHECK_EQ(own.roster->entries[2].id[0], 100);
	client_own_free(&own);
}

TEST(a_device_is_there_once_and_goes_alone)
{
	const uint8_t gone[PACT_DEVICE_ID_LEN] = { 1 };
	struct client_own_change change = { .without = gone, .now_s = 10 };

	begin();
	for (uint8_t i = 0; i < 3; i++)
		CHECK_OK(add(i, 0, 10));
	CHECK_OK(add(1, 0, 10));
	CHECK_EQ(own.roster->count, 3);
	CHECK_OK(next(&change));
	CHECK_EQ(own.roster->count, 2);
	CHECK(client_own_find(&own, gone) == NULL);
	client_own_free(&own);
}

CHECK_MAIN(T(what_has_expired_makes_room),
    T(a_device_is_there_once_and_goes_alone))
