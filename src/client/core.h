/*
 * core - what the parts of the client's core share: the struct client.
 *
 *   report    how something ended, in three sentences; events for the person
 *   conn      connections: what comes in, cut into records; what goes out
 *   work      stretching passwords, on the shell's threads
 *   vault     the files of the account
 *   channel   the sealed way to the server
 *   session   what of a login is to be done next, and when to try again
 *   login     registering, logging in, making this machine a device
 *   command   the queue of what the person asked for
 *   people, settings, devices, passwd, logout    commands
 *   call, introduction, line, relay              reaching somebody
 *
 * Whoever finds that a connection, the session or a line is over only marks
 * it: a handler deep inside an event never takes away what its callers stand
 * on. client_flush, after the shell's round of events, buries the dead, goes
 * on with what waits, and sends.
 */
#ifndef CLIENT_CORE_H
#define CLIENT_CORE_H

#include "base/list.h"
#include "base/plant.h"
#include "base/secret.h"
#include "base/wheel.h"
#include "client/account.h"
#include "client/channel.h"
#include "client/client.h"
#include "client/keyring.h"
#include "client/pins.h"
#include "client/seen.h"
#include "client/session.h"
#include "client/vault.h"
#include "noise/pattern.h"

struct client {
	struct client_options options;
	struct env env;
	struct client_effects effects;
	struct wheel wheel;
	uint64_t told_ms; /* the deadline that the shell knows */

	struct secret *password; /* or NULL */
	bool has_account;
	struct client_account account;
	struct secret *keys; /* struct client_keys; NULL: not opened yet */
	struct client_seen seen;
	struct client_vault vault;
	struct {
		void (*then)(struct client *c, enum err err);
		struct client_keyring_head head;
	} sealing; /* a keyring being sealed: see client_enrol_seal */
	struct link works;
	client_job next_job;
	struct {
		client_job job; /* 0: none is under way */
		struct client_solve work;
	} solver; /* of the channel; may outlive it */

	struct noise_pattern channel_pattern, line_pattern;
	struct client_channel channel;
	struct client_session session;
	struct client_pins pins;
	struct link commands;
	uint32_t next_command;
	uint32_t next_req;

	struct link conns;
	client_link next_link;
	struct wire_endpoint listening[WIRE_ENDPOINTS_MAX];
	size_t listening_n;
	bool is_listening; /* the shell was told so */

	struct link lines;
	struct link introductions;
	uint32_t next_session; /* numbers of lines for the person */
	uint64_t next_said;    /* and of what was said */
	uint8_t lines_told;    /* by BUSY */
};

static inline uint64_t
client_now_ms(const struct client *c)
{
	return c->env.now_ms(c->env.ctx);
}

static inline uint64_t
client_now_s(const struct client *c)
{
	return c->env.wall_s(c->env.ctx);
}

/*
 * The time as the server has it, who judges when a device expires; our own
 * clock may be years off, or jump. Our own until the server has told.
 */
static inline uint64_t
client_servers_now_s(const struct client *c)
{
	const struct client_session *s = &c->session;

	return s->told_s == 0 ? client_now_s(c) :
	    s->told_s + (client_now_ms(c) - s->since_ms) / 1000;
}

/* The time by which a peer's device must have expired to be refused. */
static inline uint64_t
client_lenient_now_s(const struct client *c)
{
	uint64_t now_s = client_now_s(c);

	return now_s < WIRE_CLOCK_S ? 0 : now_s - WIRE_CLOCK_S;
}

static inline void
client_random(const struct client *c, void *out, size_t n)
{
	c->env.random(c->env.ctx, out, n);
}

/* The device's keys; c->keys is not NULL. */
static inline struct client_keys *
client_keys(const struct client *c)
{
	return (struct client_keys *)(void *)secret_bytes(c->keys);
}

/* Arms a timer; without memory for it, it does not fire, and a deadline of
 * the other side's ends what it was to end. */
void client_arm(struct client *c, struct timer *t, uint64_t in_ms);

#endif
