/* What others try, who know the server's key, an old password, or the wire. */
#include "sim/run.h"

#include "server/account.h"
#include "sim/intruder.h"

#include <string.h>

/* Guesses that somebody makes at once, and those that may be answered. */
#define GUESSES     10
#define GUESSES_MAX 6

/* A ticket's life, and the instant before the callee forgets it anyhow. */
#define TICKET_OVER_MS (WIRE_TICKET_MS + 5000)

/* Who knows the password begins a login, and ends it when the password is
 * another one. */
void
attack_parked(struct run *r)
{
	struct run_person *who = run_anybody(r);
	struct program *p = run_hosting(r, who, 0);
	struct intruder *i;

	if (p == NULL || who->was_guessed || who->maybe[0] != '\0')
		return;
	i = intruder_new(r);
	if (i == NULL)
		return;
	who->was_guessed = true;
	if (intruder_begin_login(i, who->name, who->password) &&
	    p->core != NULL && run_passwd(r, who, p) == SOTTO_OK &&
	    intruder_ask(i, WIRE_LOGIN_FINISH, &i->finish, WIRE_LOGIN_OK,
	    10000))
		oracle_fail(&r->oracle, "a login ended over a new password");
	intruder_leave(i);
}

/* Begins login after login, and ends none: nobody is there of that name, who
 * would suffer by it. */
void
attack_guesses(struct run *r)
{
	uint64_t begun = world_now(r->w);
	unsigned answers = 0;
	unsigned life = r->w->server.life;

	for (int n = 0; n < GUESSES; n++) {
		struct intruder *i = intruder_new(r);

		if (i == NULL)
			continue;
		(void)intruder_begin_login(i, "mallory", "a guess");
		answers += i->got[WIRE_LOGIN_REPLY];
		intruder_leave(i);
	}
	run_tell(r, "guesses", "mallory", (int)answers);
	if (answers > GUESSES_MAX && world_now(r->w) - begun < 25000 &&
	    r->w->server.life == life)
		oracle_fail(&r->oracle, "guesses are free");
}

/* Shows a code that was used, or that nobody was given. */
void
attack_invites(struct run *r)
{
	struct run_person *who = run_anybody(r);
	struct wire_REGISTER_START m = { .req = 1,
		.name = run_name(who->name) };
	struct opaque_registration state = { 0 };
	uint8_t blind[OPAQUE_BLIND_SEED_LEN];
	bool is_used = who->is_joined && rng_chance(&r->dice, 600);
	struct intruder *i = intruder_new(r);

	if (i == NULL)
		return;
	rng_fill(&r->dice, blind, sizeof blind);
	rng_fill(&r->dice, m.code, sizeof m.code);
	if (is_used)
		memcpy(m.code, who->link.code, sizeof m.code);
	if (opaque_client_register(&state, bytes_str("a guess"), blind,
	    m.request) == ERR_OK && intruder_ask(i, WIRE_REGISTER_START, &m,
	    WIRE_REGISTER_REPLY, 5000))
		oracle_fail(&r->oracle, is_used ?
		    "an invite was good again" :
		    "the OPRF was evaluated without an invite");
	intruder_leave(i);
}

static bool
is_online_anew(void *ctx)
{
	struct oracle_held *held = ctx;

	return held->callee->core == NULL || (run_is_online(held->callee) &&
	    !run_is_online_since(held->callee, held->at_ms));
}

/* The callee has another session; what the caller said last comes then. */
static bool
let_it_reconnect(struct run *r, struct oracle_held *held)
{
	for (struct world_conn *c = r->w->conns; c != NULL; c = c->next)
		if (c->a.program == held->callee && c->b.program == NULL)
			world_cut(r->w, c);
	held->at_ms = world_now(r->w);
	return world_until(r->w, 60000, is_online_anew, held) &&
	    held->callee->core != NULL;
}

/* A caller's first record is held back, and the caller dies; much later, or in
 * the callee's next session, it is let through. */
void
attack_held_call(struct run *r)
{
	struct run_person *from = run_anybody(r), *to = run_anybody(r);
	struct program *b = run_hosting(r, to, 0), *a = run_hosting(r, from, 0);
	struct wire_name name = run_name(to->name);
	struct oracle_held *held = &r->oracle.held;
	bool is_late = rng_chance(&r->dice, 500);
	size_t answered;

	if (from == to || a == NULL || b == NULL || a->core == NULL)
		return;
	held->caller = a;
	(void)program_wait(a, client_call(a->core, &name));
	held->caller = NULL;
	if (held->record.n == 0)
		return;
	held->at_ms = world_now(r->w);
	if (is_late)
		world_run(r->w, TICKET_OVER_MS);
	if ((is_late ? run_is_online_since(held->callee, held->at_ms) :
		       let_it_reconnect(r, held)) &&
	    run_has_room(r)) {
		world_say_to(r->w, held->callee, wr_bytes(&held->record),
		    &answered);
		run_tell(r, "held call", to->name, (int)answered);
		if (answered > 0)
			oracle_fail(&r->oracle, is_late ?
			    "a ticket was good for too long" :
			    "a ticket was good in another session");
	}
	wr_reset(&held->record);
}

/* ---- a server that turns back one list of devices ---- */

/* A roster as the server had it. */
struct kept {
	uint64_t version;
	struct wr bytes;
};

static struct server_account *
account_of(const struct run *r, const struct run_person *who)
{
	struct wire_name name = run_name(who->name);

	return world_server_is_up(r->w) ?
	    server_account_get(world_server(r->w), &name) : NULL;
}

static bool
keep(const struct run *r, const struct run_person *who, struct kept *kept)
{
	const struct server_account *a = account_of(r, who);

	*kept = (struct kept){ .bytes = wr_new() };
	if (a == NULL)
		return false;
	kept->version = a->roster_version;
	wr_put(&kept->bytes, server_account_roster(a));
	return wr_done(&kept->bytes) == ERR_OK;
}

static bool
put_back(const struct run *r, const struct run_person *who,
    const struct kept *kept)
{
	struct server_account *a = account_of(r, who);

	return a != NULL && server_account_set_roster(a, kept->version,
	    wr_bytes(&kept->bytes), NULL) == ERR_OK;
}

/* Calls, and returns whether a new line stands. */
static bool
call(struct run *r, struct program *a, const struct run_person *who)
{
	struct wire_name name = run_name(who->name);
	uint64_t before = world_now(r->w);
	const struct world_event *up;

	if (a->core == NULL)
		return false;
	(void)program_wait(a, client_call(a->core, &name));
	up = program_last(a, SOTTO_SESSION_UP, who->name);
	return up != NULL && up->at_ms >= before;
}

/* The friend has seen the list with the new device; the list of before is
 * shown next. */
static void
turn_back(struct run *r, struct run_person *who, struct program *a,
    const struct kept *old)
{
	struct kept now;
	bool is_kept = keep(r, who, &now);

	program_kill(who->programs[0]);
	world_run(r->w, 3000);
	if (is_kept && now.version > old->version && put_back(r, who, old) &&
	    run_hosting(r, who, 0) != NULL && call(r, a, who))
		oracle_fail(&r->oracle, "an older roster was believed");
	if (is_kept && account_of(r, who) != NULL)
		(void)put_back(r, who, &now);
	wr_free(&now.bytes);
}

void
attack_rosters(struct run *r)
{
	struct run_person *from = run_anybody(r), *who = run_anybody(r);
	struct program *b = run_hosting(r, who, 0);
	struct program *a = run_hosting(r, from, 0);
	struct kept old;

	if (from == who || a == NULL || b == NULL || who->maybe[0] != '\0' ||
	    !run_has_room(r) || r->is_rewound)
		return;
	who->homes[2] = NULL;
	who->programs[2] = NULL;
	if (keep(r, who, &old) &&
	    run_login_at(r, who, 2, who->password) == SOTTO_OK &&
	    call(r, a, who))
		turn_back(r, who, a, &old);
	wr_free(&old.bytes);
}

/* One of the next records comes twice. */
void
attack_again(struct run *r)
{
	r->oracle.again_in = 1 + rng_below(&r->dice, 12);
}
