/*
 * shelf - a store in memory, which completes nothing until it is told to.
 *
 * It can be slow, broken, or unsure, so that tests can look at a server that
 * waits for it.
 */
#ifndef UNIT_SERVER_SHELF_H
#define UNIT_SERVER_SHELF_H

#include "store/store.h"
#include "wire/limits.h"

#define SHELF_ACCOUNTS 64

struct shelf_account {
	struct store_account a;
	size_t reads;     /* for logins */
	uint8_t identity_box[WIRE_IDENTITY_BOX_MAX];
	uint8_t settings_box[4096];
	uint8_t roster[WIRE_ROSTER_MAX];
};

struct shelf {
	struct store store;
	struct store_request *first, *last;
	struct shelf_account accounts[SHELF_ACCOUNTS];
	size_t accounts_n;
	struct store_invite invites[SHELF_ACCOUNTS];
	size_t invites_n;
	size_t gets;      /* requests of that kind */
	size_t misses;    /* of them, of accounts that are not there */
	bool is_slow;     /* completes nothing for now */
	bool reads_early; /* what is read is as it was when it was asked for,
			   * as by another thread; completed in order */
	bool is_slow_to_create; /* the same, once it comes to an account */
	bool is_broken;   /* every write fails */
	bool is_lying;    /* every write is done, and said to have failed */
};

/* Makes an empty one. */
void shelf_init(struct shelf *shelf);

/* Completes what is pending; returns whether there was anything. */
bool shelf_run(struct shelf *shelf);

#endif
