/*
 * bid - work for a password login that has to wait.
 *
 * When others have guessed at the password, what is left of the account's
 * budget goes to those who work for it. So a login that hears WAIT works: a
 * little first, and more each time that somebody else has worked more, up to
 * what no machine should be asked for.
 */
#ifndef CLIENT_BID_H
#define CLIENT_BID_H

#include "pact/guard.h"

struct client;

/* Says LOGIN_START again, with work. */
typedef void client_bid_fn(struct client *c, uint32_t effort, uint64_t nonce);

struct client_bid {
	client_bid_fn *say; /* NULL: nothing is worked at */
	struct pact_guard_puzzle puzzle;
	uint64_t nonce;     /* the next one to try */
	uint64_t slice_ms;  /* the last job began */
	uint64_t worked_ms; /* for this login */
	unsigned bids;
};

/* The server says WAIT, for wait_ms, to the login that began with ke1. Begins
 * to work for it, and returns true; say is called when the work is done. False
 * when it was enough: the person has to wait. */
bool client_bid_start(struct client *c, uint32_t wait_ms, struct bytes ke1,
    client_bid_fn *say);

/* A job of the solver is done, perhaps not for a bid. */
void client_bid_on_solved(struct client *c);

#endif
