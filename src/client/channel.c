#include "client/channel.h"

#include "base/rd.h"
#include "client/bid.h"
#include "client/core.h"
#include "client/dispatch.h"
#include "client/passes.h"
#include "crypto/ct.h"
#include "noise/handshake.h"

#include <stdio.h>
#include <string.h>

/* From connecting until the channel stands, solving left out. */
#define OPEN_MS 20000

/* Nonces that one job tries: some 30 ms, so that nobody who wants to end has
 * to wait for it. */
#define SOLVE_SLICE 65536

/* Challenges on the way to one channel, while the load rises; and how many
 * of them are answered by a pass of the device, which another program of it
 * may have used. */
#define CHALLENGES_MAX 8
#define PASS_TRIES     2

/* Times that a first record is said again to a server that ended the
 * connection without a word: a table that is full of strangers makes room
 * like that, and has more of it a moment later. */
#define SAID_AGAIN_MAX 3

/* What may wait for a server that does not take it: more than anybody asks
 * of us at once. */
#define UNSENT_MAX (4U * 1024 * 1024)

static const char BUG_ADVICE[] =
    "If it happens again, tell whoever runs the server.";

static struct noise_handshake *
handshake_of(const struct client_channel *ch)
{
	return (struct noise_handshake *)(void *)secret_bytes(ch->handshake);
}

static struct pact_channel *
sealed_of(const struct client_channel *ch)
{
	return (struct pact_channel *)(void *)secret_bytes(ch->sealed);
}

static void
wipe_handshake(struct client_channel *ch)
{
	secret_free(ch->handshake);
	ch->handshake = NULL;
	wr_free(&ch->first_record);
}

/* Forgets all of a channel but its report. */
static void
reset(struct client *c, enum client_channel_state state)
{
	struct client_channel *ch = &c->channel;
	struct client_report why = ch->why;

	wipe_handshake(ch);
	wheel_cancel(&c->wheel, &ch->timer);
	client_inbox_free(&ch->inbox);
	wr_free(&ch->pending);
	if (ch->sealed != NULL)
		pact_channel_wipe(sealed_of(ch));
	secret_free(ch->sealed);
	secret_free(ch->x);
	*ch = (struct client_channel){ .state = state, .why = why };
}

void
client_channel_end(struct client *c, const struct client_report *report)
{
	struct client_channel *ch = &c->channel;

	if (ch->state == CLIENT_CHANNEL_NONE ||
	    ch->state == CLIENT_CHANNEL_OVER)
		return;
	/* Its keys are still on the stack of the one who found this out. */
	ch->state = CLIENT_CHANNEL_OVER;
	ch->why = *report;
	wheel_cancel(&c->wheel, &ch->timer);
	if (ch->conn != NULL)
		client_conn_close(c, ch->conn, true);
	ch->conn = NULL;
}

static void
end(struct client *c, enum sotto_outcome outcome, const char *why,
    const char *advice)
{
	struct client_report r = client_report_make(outcome, why, advice,
	    "The connection to the server has ended.");

	if (c->channel.state < CLIENT_CHANNEL_OPEN)
		r = client_report_make(outcome, why, advice,
		    "There is no connection to %s.", c->account.at.host);
	client_channel_end(c, &r);
}

/* ---- the handshake ---- */

static void on_timer(struct timer *t, void *ctx);

static void
arm(struct client *c, uint64_t in_ms)
{
	c->channel.timer.fire = on_timer;
	client_arm(c, &c->channel.timer, in_ms);
}

/* Sends the first record, which begins with its length. */
static enum err
send_first(struct client *c)
{
	struct client_channel *ch = &c->channel;
	struct wr w = wr_new();
	enum err err;

	wr_free(&ch->first_record);
	ch->first_record = wr_new();
	TRY(pact_guard_write_first(&ch->first_record, ch->guard_key,
	    &ch->first));
	wr_vec16(&w, wr_bytes(&ch->first_record));
	TRY(wr_done(&w));
	TRY(client_conn_send(c, ch->conn, &w));
out:
	wr_free(&w);
	return err;
}

/* Starts a handshake with the known key; message 1 is kept, since a puzzle
 * binds to it. */
static enum err
start_handshake(struct client *c)
{
	struct client_channel *ch = &c->channel;
	struct {
		struct noise_random random;
	} s;
	uint8_t prologue[PACT_CHANNEL_PROLOGUE_LEN];
	struct noise_keys keys = { .rs = c->account.server_key };
	struct wr w = wr_init(ch->message1, sizeof ch->message1);
	enum err err = ERR_OK;

	ch->handshake = secret_new(sizeof(struct noise_handshake));
	NEED(ch->handshake != NULL, ERR_NOMEM);
	pact_keys_channel_prologue(prologue);
	pact_guard_key(c->account.server_key, ch->guard_key);
	TRY(noise_handshake_init(handshake_of(ch), &c->channel_pattern,
	    NOISE_INITIATOR, BYTES_OF(prologue), &keys));
	client_random(c, &s.random, sizeof s.random);
	TRY(noise_handshake_write(handshake_of(ch), &s.random, BYTES_NONE, &w));
	ch->first.kind = PACT_GUARD_PLAIN;
	ch->first.message1 = wr_bytes(&w);
out:
	bytes_wipe(&s, sizeof s);
	return err;
}

static void
on_connected(void *ctx, struct client_conn *conn)
{
	struct client *c = ctx;
	struct client_channel *ch = &c->channel;
	enum err err = ERR_OK;

	ch->local = conn->local;
	ch->server = conn->peer;
	if (ct_is_zero(c->account.server_key, WIRE_KEY_LEN)) {
		ch->first.kind = PACT_GUARD_ASK;
		ch->state = CLIENT_CHANNEL_ASKED;
	} else {
		ch->state = CLIENT_CHANNEL_SHAKING;
		if (ch->handshake == NULL)
			err = start_handshake(c);
	}
	if (err == ERR_OK)
		err = send_first(c);
	if (err == ERR_KEY)
		end(c, SOTTO_KEY_CHANGED, "The server's key is unusable.",
		    "Compare it with whoever runs the server.");
	else if (err != ERR_OK)
		end(c, SOTTO_UNAVAILABLE, err_text(err), "");
}

static enum err
read_message2(struct client *c, struct bytes message)
{
	struct client_channel *ch = &c->channel;
	struct {
		struct noise_split split;
	} s;
	uint8_t none[1];
	struct wr payload = wr_init(none, 0);
	enum err err;

	TRY(noise_handshake_read(handshake_of(ch), message, &payload));
	TRY(noise_handshake_split(handshake_of(ch), &s.split));
	ch->x = secret_dup(BYTES_OF(s.split.x));
	ch->sealed = secret_new(sizeof(struct pact_channel));
	NEED(ch->x != NULL && ch->sealed != NULL, ERR_NOMEM);
	memcpy(ch->h, s.split.h, sizeof ch->h);
	pact_channel_begin(sealed_of(ch), &s.split, PACT_CHANNEL_SERVER);
	ch->pending = wr_new();
	ch->state = CLIENT_CHANNEL_OPEN;
	ch->heard_ms = ch->rekeyed_ms = client_now_ms(c);
	arm(c, WIRE_PING_MS);
	wipe_handshake(ch);
	client_session_on_open(c);
out:
	noise_split_wipe(&s.split);
	return err;
}

static void
give_up(struct client *c)
{
	struct client_report r = client_report_make(SOTTO_WAIT,
	    "The server asks for more work than this machine does in ten"
	    " seconds.", "Try again later.", "%s is very busy.",
	    c->account.at.host);

	r.wait_ms = 60000;
	client_channel_end(c, &r);
}

/* Has the puzzle worked on for a moment. A job for a channel that is gone may
 * still be under way; when it is done, this comes next. */
static void
solve(struct client *c)
{
	struct client_channel *ch = &c->channel;

	ch->slice_ms = client_now_ms(c);
	if (c->solver.job != 0)
		return;
	c->solver.job = ++c->next_job;
	c->solver.work = (struct client_solve){ .puzzle = ch->puzzle,
		.nonce = ch->nonce, .tries = SOLVE_SLICE };
	c->effects.solve(c->effects.ctx, c->solver.job, &c->solver.work);
}

static void connect_again(struct client *c);

/* Goes on after a challenge, which is in ch->puzzle: with a pass of this
 * device's, or with work. */
static void
answer_challenge(struct client *c)
{
	struct client_channel *ch = &c->channel;

	if (ch->puzzle.effort > PACT_GUARD_EFFORT_MAX ||
	    ++ch->challenges > CHALLENGES_MAX ||
	    ch->worked_ms >= PACT_GUARD_WORK_MS) {
		give_up(c);
		return;
	}
	if (ch->challenges <= PASS_TRIES &&
	    client_passes_take(c, ch->pass)) {
		ch->first.kind = PACT_GUARD_DEVICE;
		ch->first.pass = BYTES_OF(ch->pass);
		connect_again(c);
		return;
	}
	if (!PLANTED(PLANT_PASS_NOT_BOUND))
		pact_guard_bind(&ch->puzzle, ch->first.message1);
	ch->nonce = 0;
	ch->has_told = false;
	ch->state = CLIENT_CHANNEL_SOLVING;
	wheel_cancel(&c->wheel, &ch->timer);
	client_report_state(c, SOTTO_STATE_WORKING, 0,
	    "The server is busy and asks for a proof of work.");
	solve(c);
}

static enum err
take_challenge(struct client *c, struct rd *r)
{
	struct client_channel *ch = &c->channel;
	struct pact_guard_puzzle puzzle = { .effort = 0 };
	uint8_t mac[PACT_GUARD_MAC_LEN], want[PACT_GUARD_MAC_LEN];
	enum err err;

	rd_copy(r, puzzle.challenge, sizeof puzzle.challenge);
	puzzle.effort = rd_u32(r);
	rd_copy(r, mac, sizeof mac);
	TRY(rd_end(r));
	pact_guard_challenge_mac(ch->guard_key, wr_bytes(&ch->first_record),
	    puzzle.challenge, puzzle.effort, want);
	NEED(ct_equal(mac, want, sizeof mac), ERR_AUTH);
	/* The server has forgotten this connection. */
	client_conn_close(c, ch->conn, true);
	ch->conn = NULL;
	client_inbox_free(&ch->inbox);
	ch->puzzle = puzzle;
	answer_challenge(c);
	/* The record that was read here went with its inbox. */
	err = ERR_GONE;
out:
	return err;
}

/* Tells how long it will take, as far as that can be said of a lottery. */
static void
tell_wait(struct client *c)
{
	struct client_channel *ch = &c->channel;
	uint64_t ms = ch->worked_ms * ch->puzzle.effort / ch->nonce;
	char why[WIRE_NAME_MAX + 32];

	if (ch->has_told)
		return;
	ch->has_told = true;
	(void)snprintf(why, sizeof why, "%s's server: it is busy",
	    c->account.name.s);
	client_report_state(c, SOTTO_STATE_WAITING,
	    ms < PACT_GUARD_WORK_MS ? (uint32_t)ms : PACT_GUARD_WORK_MS, why);
}

void
client_channel_on_solved(struct client *c)
{
	struct client_channel *ch = &c->channel;
	const struct client_solve *work = &c->solver.work;

	c->solver.job = 0;
	client_bid_on_solved(c);
	if (ch->state != CLIENT_CHANNEL_SOLVING)
		return;
	ch->worked_ms += client_now_ms(c) - ch->slice_ms;
	if (memcmp(&work->puzzle, &ch->puzzle, sizeof ch->puzzle) != 0) {
		solve(c);
		return;
	}
	if (work->err != ERR_OK) {
		end(c, SOTTO_UNAVAILABLE, err_text(work->err), "");
		return;
	}
	ch->nonce = work->nonce;
	if (work->is_solved) {
		ch->first.kind = PACT_GUARD_PUZZLE;
		memcpy(ch->first.challenge, ch->puzzle.challenge,
		    sizeof ch->first.challenge);
		ch->first.effort = ch->puzzle.effort;
		ch->first.nonce = ch->nonce;
		connect_again(c);
	} else if (ch->worked_ms >= PACT_GUARD_WORK_MS) {
		give_up(c);
	} else {
		tell_wait(c);
		solve(c);
	}
}

static enum err
take_key(struct client *c, struct rd *r)
{
	uint8_t key[WIRE_KEY_LEN];
	enum err err;

	rd_copy(r, key, sizeof key);
	TRY(rd_end(r));
	NEED(!ct_is_zero(key, sizeof key), ERR_KEY);
	memcpy(c->account.server_key, key, sizeof key);
	c->account.is_server_verified = false;
	client_conn_close(c, c->channel.conn, true);
	reset(c, CLIENT_CHANNEL_NONE);
	client_channel_open(c);
	/* The record that was read here went with its inbox. */
	err = ERR_GONE;
out:
	return err;
}

static enum err
on_answer(struct client *c, struct bytes record)
{
	struct client_channel *ch = &c->channel;
	struct rd r = rd_init(record);
	uint8_t kind = rd_u8(&r);

	if (ch->state == CLIENT_CHANNEL_ASKED && kind == PACT_GUARD_KEY)
		return take_key(c, &r);
	if (ch->state != CLIENT_CHANNEL_SHAKING)
		return ERR_STATE;
	if (kind == PACT_GUARD_MESSAGE2)
		return read_message2(c, rd_rest(&r));
	if (kind == PACT_GUARD_CHALLENGE)
		return take_challenge(c, &r);
	return ERR_DECODE;
}

/* ---- records ---- */

static uint32_t
cap_of(uint8_t type, void *ctx)
{
	const struct wire_kind *kind = wire_kind_of(type);
	struct client *c = ctx;
	unsigned when = client_session_is_logged_in(c) ? WIRE_WHEN_LOGGED :
							 WIRE_WHEN_OPEN;

	if (kind == NULL || !(kind->where & WIRE_ON_CHANNEL) ||
	    !(kind->from & WIRE_FROM_SERVER) || !(kind->when & when))
		return UINT32_MAX;
	return kind->cap;
}

static void
on_close(struct client *c, uint8_t reason)
{
	static const char *const why[] = {
		[WIRE_CLOSE_DONE] = "The server closed it.",
		[WIRE_CLOSE_STOPPING] = "The server stops.",
		[WIRE_CLOSE_ENDED] = "The server ended the session: the"
				     " account or this device was changed.",
		[WIRE_CLOSE_PROTOCOL] = "The server says that this program"
					" broke the rules.",
		[WIRE_CLOSE_LIMIT] = "The server says that it was too much.",
		[WIRE_CLOSE_IDLE] = "The server heard nothing for too long.",
		[WIRE_CLOSE_TWIN] = "The server closed it.",
	};
	struct client_report logout = client_report_make(SOTTO_FAILED,
	    "Another program of this device ended all its sessions.", "",
	    "You were logged out.");

	if (reason == WIRE_CLOSE_LOGOUT) {
		client_channel_end(c, &logout);
		return;
	}
	end(c, SOTTO_NO_SERVER,
	    reason < sizeof why / sizeof why[0] ? why[reason] : why[0], "");
}

static enum err
on_message(uint8_t type, struct bytes body, void *ctx)
{
	union {
		max_align_t align;
		uint8_t bytes[WIRE_STRUCT_MAX];
	} message;
	struct client *c = ctx;
	enum err err;

	TRY(wire_decode((enum wire_type)type, body, message.bytes));
	if (type == WIRE_CLOSE) {
		on_close(c, ((struct wire_CLOSE *)(void *)&message)->reason);
	} else if (type == WIRE_PING) {
		client_channel_say(c, WIRE_PONG, message.bytes);
	} else if (type != WIRE_PONG) {
		TRY(client_dispatch(c, (enum wire_type)type, message.bytes));
	}
	NEED(c->channel.state == CLIENT_CHANNEL_OPEN, ERR_GONE);
out:
	return err;
}

static enum err
on_record(void *ctx, uint8_t *record, size_t n)
{
	struct client *c = ctx;
	struct client_channel *ch = &c->channel;
	enum err err;

	if (ch->state != CLIENT_CHANNEL_OPEN)
		return on_answer(c, (struct bytes){ record, n });
	err = pact_channel_open(sealed_of(ch), record, n, cap_of, on_message,
	    c);
	if (err == ERR_OK) {
		ch->heard_ms = client_now_ms(c);
		ch->is_asked = false;
	}
	return err;
}

static void
on_bytes(void *ctx, struct bytes in)
{
	struct client *c = ctx;
	struct client_channel *ch = &c->channel;
	bool is_open = ch->state == CLIENT_CHANNEL_OPEN;
	enum err err;

	err = client_inbox_feed(&ch->inbox, in, on_record, c);
	if (err == ERR_OK || err == ERR_GONE)
		return;
	switch (err_class_of(err)) {
	case ERR_CLASS_LOCAL:
		end(c, SOTTO_UNAVAILABLE, err_text(err), "");
		break;
	case ERR_CLASS_AUTH:
		end(c, is_open ? SOTTO_NO_SERVER : SOTTO_KEY_CHANGED,
		    is_open ? "What came in was altered on the way." :
			      "It is not the server whose key is known here.",
		    is_open ? BUG_ADVICE :
			      "Compare the key with whoever runs the server.");
		break;
	case ERR_CLASS_PEER:
		end(c, SOTTO_NO_SERVER,
		    "The server sent something that it must not send.",
		    BUG_ADVICE);
		break;
	}
}

static void
say_again(struct client *c)
{
	client_inbox_free(&c->channel.inbox);
	connect_again(c);
}

static void
on_closed(void *ctx, enum err err)
{
	struct client *c = ctx;
	struct client_channel *ch = &c->channel;
	static const char check[] = "Check address and network.";

	ch->conn = NULL;
	if (ch->state == CLIENT_CHANNEL_CONNECTING)
		end(c, SOTTO_NO_SERVER, err == ERR_GONE ?
			"The name of the server is not known." :
			"Nobody answers there.", check);
	else if ((ch->state == CLIENT_CHANNEL_SHAKING ||
	    ch->state == CLIENT_CHANNEL_ASKED) &&
	    ch->said_again++ < SAID_AGAIN_MAX)
		say_again(c);
	else if (ch->state == CLIENT_CHANNEL_SHAKING)
		end(c, SOTTO_NO_SERVER, "It closed the connection without an"
		    " answer: it has another key, or too much to do.",
		    "Compare its key with whoever runs it, or try later.");
	else if (ch->state == CLIENT_CHANNEL_ASKED)
		end(c, SOTTO_NO_SERVER, "It does not tell its key.",
		    "Ask whoever runs it for the key (--server-key).");
	else
		end(c, SOTTO_NO_SERVER, "The connection was cut.", check);
}

static const struct client_conn_owner owner = { on_connected, on_bytes,
	on_closed };

/* ---- time ---- */

static void
keep_alive(struct client *c)
{
	struct client_channel *ch = &c->channel;
	uint64_t quiet_ms = client_now_ms(c) - ch->heard_ms;
	struct wire_PING ping = { 0 };

	if (quiet_ms >= WIRE_PING_MS + WIRE_PONG_MS) {
		end(c, SOTTO_NO_SERVER, "The server does not answer.", "");
		return;
	}
	if (quiet_ms < WIRE_PING_MS) {
		arm(c, WIRE_PING_MS - quiet_ms);
		return;
	}
	if (!ch->is_asked)
		client_channel_say(c, WIRE_PING, &ping);
	ch->is_asked = true;
	arm(c, WIRE_PING_MS + WIRE_PONG_MS - quiet_ms);
}

static void
on_timer(struct timer *t, void *ctx)
{
	struct client *c = ctx;

	(void)t;
	if (c->channel.state == CLIENT_CHANNEL_OPEN)
		keep_alive(c);
	else
		end(c, SOTTO_NO_SERVER, "It takes too long to answer.",
		    "Check address and network.");
}

/* ---- beginning and ending ---- */

/* With a pass, from and to the same addresses as before. */
static void
connect_again(struct client *c)
{
	struct client_channel *ch = &c->channel;

	ch->conn = client_conn_new(c, &owner, c);
	if (ch->conn == NULL) {
		end(c, SOTTO_UNAVAILABLE, err_text(ERR_NOMEM), "");
		return;
	}
	ch->state = CLIENT_CHANNEL_CONNECTING;
	arm(c, OPEN_MS);
	c->effects.connect_endpoint(c->effects.ctx, ch->conn->id,
	    &ch->server);
}

void
client_channel_open(struct client *c)
{
	struct client_channel *ch = &c->channel;

	reset(c, CLIENT_CHANNEL_CONNECTING);
	if (ct_is_zero(c->account.server_key, WIRE_KEY_LEN) &&
	    !c->options.allows_unknown_server) {
		end(c, SOTTO_KEY_CHANGED, "The server's key is not known, and"
		    " asking the server for it is switched off.",
		    "Ask whoever runs the server for it (--server-key).");
		return;
	}
	if (c->account.channel_version > WIRE_VERSION) {
		end(c, SOTTO_KEY_CHANGED, "The server has spoken a later"
		    " version of the protocol before.",
		    "Use a newer program.");
		return;
	}
	ch->conn = client_conn_new(c, &owner, c);
	if (ch->conn == NULL) {
		end(c, SOTTO_UNAVAILABLE, err_text(ERR_NOMEM), "");
		return;
	}
	client_report_state(c, SOTTO_STATE_CONNECTING, 0, "");
	arm(c, OPEN_MS);
	c->effects.connect(c->effects.ctx, ch->conn->id, &c->account.at);
}

void
client_channel_say(struct client *c, enum wire_type type, const void *message)
{
	struct client_channel *ch = &c->channel;

	if (ch->state != CLIENT_CHANNEL_OPEN)
		return;
	if (ch->pending.n + ch->conn->out > UNSENT_MAX)
		end(c, SOTTO_NO_SERVER, "The server asks, and does not listen.",
		    BUG_ADVICE);
	else if (wire_encode(&ch->pending, type, message) != ERR_OK)
		end(c, SOTTO_UNAVAILABLE, err_text(ERR_NOMEM), "");
}

void
client_channel_flush(struct client *c)
{
	struct client_channel *ch = &c->channel;
	uint64_t now = client_now_ms(c);
	struct wr out = wr_new();
	bool rekey;
	enum err err = ERR_OK;

	if (ch->state != CLIENT_CHANNEL_OPEN || ch->pending.n == 0)
		return;
	rekey = now - ch->rekeyed_ms >= WIRE_REKEY_MS;
	TRY(pact_channel_seal(sealed_of(ch), wr_bytes(&ch->pending), rekey,
	    &out));
	if (rekey)
		ch->rekeyed_ms = now;
	wr_free(&ch->pending);
	TRY(client_conn_send(c, ch->conn, &out));
out:
	wr_free(&out);
	if (err != ERR_OK)
		end(c, SOTTO_UNAVAILABLE, err_text(err), "");
}

void
client_channel_close(struct client *c, enum wire_close reason)
{
	struct client_channel *ch = &c->channel;
	struct wire_CLOSE message = { .reason = (uint8_t)reason };

	if (ch->state == CLIENT_CHANNEL_OPEN) {
		client_channel_say(c, WIRE_CLOSE, &message);
		client_channel_flush(c);
	}
	if (ch->conn != NULL)
		client_conn_close(c, ch->conn,
		    ch->state != CLIENT_CHANNEL_OPEN);
	reset(c, CLIENT_CHANNEL_NONE);
}
