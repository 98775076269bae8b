#include "client/bid.h"

#include "client/core.h"

#include <string.h>

/* Nonces that one job tries, as for the channel. */
#define SLICE 65536

/* The first bid, and by how much the next one is higher. */
#define EFFORT_FIRST (1U << 18)
#define EFFORT_TIMES 4

/* A wait that is longer is told: it is not about who works most. */
#define SOON_MS 20000

static void
work(struct client *c)
{
	struct client_bid *bid = &c->session.bid;

	bid->slice_ms = client_now_ms(c);
	if (c->solver.job != 0)
		return;
	c->solver.job = ++c->next_job;
	c->solver.work = (struct client_solve){ .puzzle = bid->puzzle,
		.nonce = bid->nonce, .tries = SLICE };
	c->effects.solve(c->effects.ctx, c->solver.job, &c->solver.work);
}

bool
client_bid_start(struct client *c, uint32_t wait_ms, struct bytes ke1,
    client_bid_fn *say)
{
	struct client_bid *bid = &c->session.bid;
	uint64_t effort = bid->bids == 0 ? EFFORT_FIRST :
	    (uint64_t)bid->puzzle.effort * EFFORT_TIMES;

	if (effort > PACT_GUARD_EFFORT_MAX ||
	    bid->worked_ms >= PACT_GUARD_WORK_MS ||
	    (bid->bids > 0 && wait_ms > SOON_MS))
		return false;
	bid->bids++;
	bid->say = say;
	bid->nonce = 0;
	pact_guard_login(&bid->puzzle, BYTES_OF(c->channel.h),
	    wire_name_bytes(&c->account.name), ke1, (uint32_t)effort);
	client_report_state(c, SOTTO_STATE_WORKING, 0,
	    "Others have tried this password; who works is let in first.");
	work(c);
	return true;
}

static void
give_up(struct client *c, enum sotto_outcome outcome, const char *why)
{
	struct client_report r = client_report_make(outcome, why,
	    outcome == SOTTO_WAIT ? "Try again later." : "",
	    "The login failed.");

	r.wait_ms = outcome == SOTTO_WAIT ? 60000 : 0;
	c->session.bid.say = NULL;
	client_session_fail(c, &r);
}

void
client_bid_on_solved(struct client *c)
{
	struct client_bid *bid = &c->session.bid;
	const struct client_solve *done = &c->solver.work;
	client_bid_fn *say = bid->say;

	if (say == NULL || c->channel.state != CLIENT_CHANNEL_OPEN)
		return;
	/* An answer came in spite of the wait. */
	if (c->session.state != CLIENT_SESSION_REPLY) {
		bid->say = NULL;
		return;
	}
	bid->worked_ms += client_now_ms(c) - bid->slice_ms;
	if (memcmp(&done->puzzle, &bid->puzzle, sizeof bid->puzzle) != 0) {
		work(c);
		return;
	}
	bid->nonce = done->nonce;
	if (done->err != ERR_OK) {
		give_up(c, SOTTO_UNAVAILABLE, err_text(done->err));
	} else if (done->is_solved) {
		bid->say = NULL;
		say(c, bid->puzzle.effort, bid->nonce);
	} else if (bid->worked_ms >= PACT_GUARD_WORK_MS) {
		give_up(c, SOTTO_WAIT, "The password was tried too often, and"
		    " this machine has worked for ten seconds.");
	} else {
		work(c);
	}
}
