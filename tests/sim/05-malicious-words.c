/*
 * A malicious server, and what it says when: at logins, in its answers, about
 * who wants to speak with whom, and where they are. Each test says what the
 * lie is; scene.h says what must hold whatever it is.
 */
#include "client/core.h"
#include "client/introduction.h"
#include "pact/ticket.h"
#include "sim/inside.h"
#include "sim/scene.h"

#include <stdlib.h>
#include <string.h>

static struct scene s;

static struct plot {
	unsigned at, count;          /* the how-manieth message, and how far */
	unsigned hits;
	struct wire_LOGIN_REPLY reply;
	struct pact_ticket ticket;   /* put in the place of the true one */
	uint8_t key[PACT_SESSION_KEY_LEN];
	struct wire_endpoint to;     /* put in the place of the true ones */
	struct wr held;
	struct wire_INTRODUCED old;
	uint8_t old_ticket[WIRE_TICKET_MAX];
} plot;

static void
begin(const struct scene_options *options)
{
	memset(&plot, 0, sizeof plot);
	plot.held = wr_new();
	scene_begin(&s, options);
}

static void
end(void)
{
	scene_end(&s);
	wr_free(&plot.held);
}

static bool
is_for_alice(const struct malice_link *l)
{
	return malice_victim(l) == s.alice;
}

/* alice's program starts again, in her home. */
static void
restart(void)
{
	program_kill(s.alice);
	world_run(s.w, 3000);
	s.alice = scene_again(&s, "alice", s.alice->home);
}

static uint32_t
log_in(struct client *c)
{
	struct wire_name name = scene_name("alice");
	struct wire_address at = world_address();

	return client_login(c, &name, &at, NULL);
}

static uint32_t
call_bob(struct client *c)
{
	struct wire_name name = scene_name("bob");

	return client_call(c, &name);
}

static uint32_t
verify_bob(struct client *c)
{
	struct wire_name name = scene_name("bob");

	return client_verify(c, &name, false);
}

static uint32_t
change_password(struct client *c)
{
	return client_passwd(c, BYTES_LIT("correct horse battery staple"));
}

static uint32_t
log_out(struct client *c)
{
	return client_logout(c, SOTTO_LOGOUT_SESSION);
}

static uint32_t (*const deeds[])(struct client *c) = { log_in, client_list,
	call_bob, verify_bob, change_password, log_out };

#define DEEDS (sizeof deeds / sizeof deeds[0])

/* Does each deed with a lie at its first message, then its second, and so on
 * until it is done before the lie is told. Each must end. */
static void
lie_at_every_step(malice_fn *lie)
{
	begin(&(struct scene_options){ 0 });
	for (size_t i = 0; i < DEEDS; i++) {
		plot.at = 0;
		do {
			s.m->on_said = NULL;
			restart();
			s.m->on_said = lie;
			plot.count = 0;
			wr_reset(&plot.held);
			CHECK(scene_wait(s.alice, deeds[i](s.alice->core)) >=
			    0);
		} while (plot.at++ < plot.count);
		CHECK(plot.at > 2);
	}
	s.m->on_said = NULL;
	restart();
	scene_still_works(&s);
	end();
}

/* ---- the end, at any time ---- */

static bool
close_instead(struct malice_link *l, uint8_t type, struct bytes body)
{
	struct wire_CLOSE m = { .reason = (uint8_t)(plot.at % 9) };

	(void)type;
	(void)body;
	if (!is_for_alice(l) || plot.count++ != plot.at)
		return true;
	malice_say(l, WIRE_CLOSE, &m);
	return false;
}

/* CLOSE instead of each message of the server in turn, for any reason. */
TEST(close_at_every_step)
{
	lie_at_every_step(close_instead);
}

static bool
fall_silent(struct malice_link *l, uint8_t type, struct bytes body)
{
	(void)type;
	(void)body;
	return !is_for_alice(l) || plot.count++ < plot.at;
}

/* Not a word more, from each message on. */
TEST(silence_from_every_step_on)
{
	lie_at_every_step(fall_silent);
}

static bool
say_twice(struct malice_link *l, uint8_t type, struct bytes body)
{
	if (is_for_alice(l) && plot.count++ == plot.at)
		malice_put(l, type, body);
	return true;
}

/* Each message in turn is said twice. */
TEST(every_message_twice)
{
	lie_at_every_step(say_twice);
}

static bool
swap_with_next(struct malice_link *l, uint8_t type, struct bytes body)
{
	if (!is_for_alice(l))
		return true;
	if (plot.count++ == plot.at) {
		wr_reset(&plot.held);
		wr_u8(&plot.held, type);
		wr_put(&plot.held, body);
		return false;
	}
	malice_put(l, type, body);
	if (plot.held.n > 0)
		malice_put(l, plot.held.p[0],
		    (struct bytes){ plot.held.p + 1, plot.held.n - 1 });
	wr_reset(&plot.held);
	return false;
}

/* Each message in turn comes after the next one, or not at all. */
TEST(every_message_late)
{
	lie_at_every_step(swap_with_next);
}

static bool
say_no(struct malice_link *l, uint8_t type, struct bytes body)
{
	struct wire_ERROR m = { .code = (uint8_t)(plot.at * 5 % 14) };

	(void)type;
	if (!is_for_alice(l) || plot.count++ != plot.at || body.n < 4)
		return true;
	for (int i = 0; i < 4; i++)
		m.req = m.req << 8 | body.p[i];
	malice_say(l, WIRE_ERROR, &m);
	return false;
}

/* ERROR instead of each answer in turn. */
TEST(an_error_at_every_step)
{
	lie_at_every_step(say_no);
}

static bool
say_done(struct malice_link *l, uint8_t type, struct bytes body)
{
	struct wire_DONE m = { 0 };

	(void)type;
	if (!is_for_alice(l) || plot.count++ != plot.at || body.n < 4)
		return true;
	for (int i = 0; i < 4; i++)
		m.req = m.req << 8 | body.p[i];
	malice_say(l, WIRE_DONE, &m);
	return false;
}

/* DONE instead of each answer in turn. */
TEST(done_at_every_step)
{
	lie_at_every_step(say_done);
}

/* ---- logins ---- */

static bool
too_early(struct malice_link *l, uint8_t type, struct bytes body)
{
	if (type == WIRE_LOGIN_OK && plot.held.n == 0)
		wr_put(&plot.held, body);
	if (type != WIRE_LOGIN_REPLY || !is_for_alice(l))
		return true;
	malice_put(l, WIRE_LOGIN_OK, wr_bytes(&plot.held));
	plot.hits++;
	return false;
}

/* LOGIN_OK, an old and true one, in the place of LOGIN_REPLY. */
TEST(nobody_is_logged_in_without_a_login)
{
	begin(&(struct scene_options){ 0 });
	s.m->on_said = too_early;
	restart();
	CHECK_EQ(scene_wait(s.alice, client_list(s.alice->core)), SOTTO_OK);
	restart();
	CHECK_EQ(scene_wait(s.alice, log_in(s.alice->core)),
	    SOTTO_NO_SERVER);
	CHECK(plot.hits > 0 && s.alice->core->session.key == NULL);
	end();
}

static bool
other_stretching(struct malice_link *l, uint8_t type, struct bytes body)
{
	struct wire_LOGIN_REPLY m;

	if (type != WIRE_LOGIN_REPLY)
		return true;
	CHECK_OK(wire_decode(WIRE_LOGIN_REPLY, body, &m));
	m.ksf_passes = plot.reply.ksf_passes;
	m.ksf_memory_kib = plot.reply.ksf_memory_kib;
	malice_say(l, WIRE_LOGIN_REPLY, &m);
	return false;
}

static bool
no_finish(struct malice_link *l, uint8_t type, struct bytes body)
{
	(void)l;
	(void)body;
	plot.hits += type == WIRE_LOGIN_FINISH;
	return true;
}

/* Parameters that would take all memory or forever, that are none, or that
 * make the password cheap to guess: no KE3 follows, which could be guessed
 * at. */
TEST(absurd_stretching_is_refused)
{
	static const struct {
		uint32_t passes, memory;
		int outcome;
	} rows[] = {
		{ 0, 65536, SOTTO_NO_SERVER },
		{ 1, 0, SOTTO_NO_SERVER },
		{ 1, 7, SOTTO_NO_SERVER },
		{ 65, 8, SOTTO_NO_SERVER },
		{ 1, 4194304, SOTTO_NO_SERVER },
		{ 1, UINT32_MAX, SOTTO_NO_SERVER },
		{ UINT32_MAX, UINT32_MAX, SOTTO_NO_SERVER },
		{ UINT32_MAX, 8, SOTTO_NO_SERVER },
		{ 64, 1048576, SOTTO_NO_SERVER },
		{ 1, 8, SOTTO_WRONG_PASSWORD },
		{ 2, 65536, SOTTO_WRONG_PASSWORD },
	};

	begin(&(struct scene_options){ 0 });
	s.m->on_said = other_stretching;
	s.m->on_heard = no_finish;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		plot.reply.ksf_passes = rows[i].passes;
		plot.reply.ksf_memory_kib = rows[i].memory;
		world_run(s.w, 3600000); /* guesses are counted */
		restart();
		CHECK_EQ(scene_wait(s.alice, log_in(s.alice->core)),
		    rows[i].outcome);
	}
	CHECK_EQ(plot.hits, 0);
	end();
}

static bool
flip_answer(struct malice_link *l, bool is_core, uint8_t *record, size_t n)
{
	if (is_core && is_for_alice(l) && plot.at < n) {
		record[plot.at] ^= 1;
		plot.hits++;
	}
	return true;
}

/* The server's first record with one bit flipped, as somebody would who does
 * not have its key: no name follows. */
TEST(a_server_without_the_key_learns_no_name)
{
	begin(&(struct scene_options){ 0 });
	s.m->on_raw = flip_answer;
	for (plot.at = 0; plot.at < 1153; plot.at += 48) {
		restart();
		CHECK(scene_wait(s.alice, client_list(s.alice->core)) ==
			(plot.at == 0 ? SOTTO_NO_SERVER : SOTTO_KEY_CHANGED));
		CHECK(s.alice->core->session.key == NULL);
	}
	CHECK(plot.hits > 20);
	s.m->on_raw = NULL;
	restart();
	scene_still_works(&s);
	end();
}

/* The server comes back with another key. */
TEST(another_server_key_ends_it)
{
	begin(&(struct scene_options){ 0 });
	world_server_kill(s.w, false);
	s.w->keys.channel_secret[5] ^= 1;
	world_server_start(s.w);
	restart();
	CHECK_EQ(scene_wait(s.alice, client_list(s.alice->core)),
	    SOTTO_NO_SERVER);
	CHECK(malice_find(s.m, s.alice) == NULL ||
	    !malice_find(s.m, s.alice)->stands);
	end();
}

/* A bare machine asks for the key, and is told another one: the true server
 * does not answer to that. */
static bool
tell_another_key(struct malice_link *l, bool is_core, uint8_t *record,
    size_t n)
{
	(void)l;
	if (is_core && record[0] == 3 && n == 33) {
		record[7] ^= 1;
		plot.hits++;
	}
	return true;
}

TEST(a_key_that_is_told_wrongly_gets_nowhere)
{
	begin(&(struct scene_options){ 0 });
	s.m->on_raw = tell_another_key;
	program_kill(s.alice);
	s.alice = scene_again(&s, "alice", NULL);
	CHECK(scene_wait(s.alice, log_in(s.alice->core)) != SOTTO_OK);
	CHECK_EQ(plot.hits, 1);
	CHECK(!s.alice->core->has_account);
	end();
}

/* The server is known to speak a later version; an older one is not taken. */
TEST(threat_11_an_older_protocol_is_not_spoken)
{
	struct world_file *f;
	struct client_account account;
	struct wr w = wr_new();

	begin(&(struct scene_options){ 0 });
	program_kill(s.alice);
	world_run(s.w, 1000);
	f = &s.alice->home->files[CLIENT_FILE_ACCOUNT];
	CHECK_OK(client_account_read((struct bytes){ f->p, f->n }, &account));
	CHECK_EQ(account.channel_version, WIRE_VERSION);
	account.channel_version++;
	client_account_write(&account, &w);
	CHECK_EQ(w.n, f->n);
	memcpy(f->p, w.p, w.n);
	wr_free(&w);
	s.alice = scene_again(&s, "alice", s.alice->home);
	CHECK_EQ(scene_wait(s.alice, client_list(s.alice->core)),
	    SOTTO_KEY_CHANGED);
	CHECK(malice_find(s.m, s.alice) == NULL);
	end();
}

/* ---- logout ---- */

static bool
forge_logout(struct malice_link *l, uint8_t type, struct bytes body)
{
	struct wire_LOGOUT_REPLY m;

	if (type != WIRE_LOGOUT_REPLY)
		return true;
	CHECK_OK(wire_decode(WIRE_LOGOUT_REPLY, body, &m));
	if (plot.at < 32)
		m.answer[plot.at] ^= 1;
	else
		m.challenge[plot.at - 32] ^= 1;
	malice_say(l, WIRE_LOGOUT_REPLY, &m);
	plot.hits++;
	return false;
}

/* The answer to LOGOUT is wrong in one bit: that is said, and the key goes. */
TEST(a_logout_that_is_answered_wrongly)
{
	begin(&(struct scene_options){ 0 });
	s.m->on_said = forge_logout;
	for (plot.at = 0; plot.at < 48; plot.at += 5) {
		restart();
		CHECK_EQ(scene_wait(s.alice, log_out(s.alice->core)),
		    SOTTO_NO_SERVER);
		CHECK(s.alice->core->session.key == NULL);
	}
	CHECK(plot.hits >= 9);
	end();
}

/* ---- answers ---- */

/* An answer to everything, and to nothing: numbers that nobody asked. */
TEST(answers_that_nobody_waits_for_are_nothing)
{
	struct malice_link *l;
	struct wire_DONE done = { 0 };
	struct wire_ERROR error = { .code = WIRE_ERROR_OFFLINE };
	struct wire_PEOPLE people = { .is_last = 1 };
	size_t before;

	begin(&(struct scene_options){ 0 });
	l = malice_find(s.m, s.alice);
	before = s.alice->logged;
	for (uint32_t req = 0; req < 200; req++) {
		done.req = error.req = people.req = req * req * req;
		malice_say(l, WIRE_DONE, &done);
		malice_say(l, WIRE_ERROR, &error);
		malice_say(l, WIRE_PEOPLE, &people);
	}
	malice_flush(l);
	world_run(s.w, 1000);
	CHECK_EQ(s.alice->logged, before);
	scene_still_works(&s);
	end();
}

/* Takes the answer of one request for that of another. */
static bool
cross_answers(struct malice_link *l, uint8_t type, struct bytes body)
{
	uint32_t req;

	if ((type != WIRE_PEOPLE && type != WIRE_PERSON) || !is_for_alice(l))
		return true;
	memcpy(&req, body.p, sizeof req);
	wr_put(&plot.held, body);
	memcpy(plot.held.p, &(uint32_t){ plot.hits++ == 0 ?
		req + (1U << 24) : req - (1U << 24) }, sizeof req);
	malice_put(l, type, wr_bytes(&plot.held));
	wr_reset(&plot.held);
	return false;
}

/* The list for the person, and the person for the list. */
TEST(answers_to_the_wrong_questions_end_the_channel)
{
	uint32_t list, verify;

	begin(&(struct scene_options){ 0 });
	s.m->on_said = cross_answers;
	restart();
	list = client_list(s.alice->core);
	verify = verify_bob(s.alice->core);
	CHECK_EQ(scene_wait(s.alice, list), SOTTO_NO_SERVER);
	CHECK_EQ(scene_wait(s.alice, verify), SOTTO_NO_SERVER);
	CHECK(plot.hits > 0);
	CHECK_EQ(program_count(s.alice, SOTTO_PERSON, NULL), 0);
	CHECK_EQ(program_count(s.alice, SOTTO_SAFETY, NULL), 0);
	end();
}

/* ---- introductions ---- */

static bool
keep_asked(struct malice_link *l, uint8_t type, struct bytes body)
{
	(void)l;
	if (type == WIRE_INTRODUCTION) {
		wr_reset(&plot.held);
		wr_put(&plot.held, body);
	}
	return true;
}

/* alice's question is put to bob once more: while he thinks, and when her
 * line is long over. */
TEST(a_question_is_put_once)
{
	struct malice_link *l;
	uint32_t call;

	begin(&(struct scene_options){ .asks = true });
	s.m->on_said = keep_asked;
	call = call_bob(s.alice->core);
	client_flush(s.alice->core);
	world_run(s.w, 2000);
	CHECK_EQ(program_count(s.bob, SOTTO_QUESTION, "alice"), 1);
	l = malice_find(s.m, s.bob);
	malice_put(l, WIRE_INTRODUCTION, wr_bytes(&plot.held));
	malice_flush(l);
	CHECK(scene_wait(s.alice, call) != SOTTO_OK);
	CHECK_EQ(program_count(s.bob, SOTTO_QUESTION, "alice"), 1);
	CHECK_EQ(program_count(s.bob, SOTTO_QUESTION_OVER, "alice"), 1);
	s.bob->core->options.policy = SOTTO_POLICY_ACCEPT;
	scene_still_works(&s);
	end();
}

/* The server asks in alice's name, again and again, and makes tickets for
 * what bob agrees to: nobody comes who has not alice's key. */
TEST(a_question_in_anothers_name_leads_to_no_session)
{
	struct malice_link *l;
	struct wire_INTRODUCTION m;

	begin(&(struct scene_options){ 0 });
	s.m->on_said = keep_asked;
	CHECK_OK(client_hang_up(s.alice->core,
	    scene_line(&s, s.alice, "bob")));
	world_run(s.w, 140000);
	l = malice_find(s.m, s.bob);
	for (uint8_t i = 0; i < 100; i++) {
		CHECK_OK(wire_decode(WIRE_INTRODUCTION, wr_bytes(&plot.held),
		    &m));
		memset(m.id, i, sizeof m.id);
		malice_say(l, WIRE_INTRODUCTION, &m);
	}
	malice_flush(l);
	world_run(s.w, 5000);
	CHECK_EQ(program_count(s.bob, SOTTO_SESSION_UP, NULL), 1);
	scene_still_works(&s);
	end();
}

static bool
other_nonce(struct malice_link *l, uint8_t type, struct bytes body)
{
	struct wire_INTRODUCED m;

	if (type != WIRE_INTRODUCED)
		return true;
	CHECK_OK(wire_decode(WIRE_INTRODUCED, body, &m));
	m.nonce[3] ^= 1;
	malice_say(l, WIRE_INTRODUCED, &m);
	return false;
}

/* INTRODUCED answers another WANT than alice's: its nonce is another. */
TEST(an_introduction_answers_its_own_want)
{
	begin(&(struct scene_options){ 0 });
	s.m->on_said = other_nonce;
	CHECK_EQ(scene_call(s.alice, "bob"), SOTTO_NO_SERVER);
	CHECK_EQ(program_count(s.bob, SOTTO_SESSION_UP, NULL), 0);
	scene_still_works(&s);
	end();
}

/* ---- tickets ---- */

static bool
forge_ticket(struct malice_link *l, uint8_t type, struct bytes body)
{
	const struct malice_link *bob = malice_find(s.m, s.bob);
	struct pact_ticket true_one, lie = plot.ticket;
	uint8_t random[24] = { 1, 2, 3 }, sealed[PACT_TICKET_LEN];
	struct wire_INTRODUCED m;

	if (type != WIRE_INTRODUCED || bob == NULL)
		return true;
	CHECK_OK(wire_decode(WIRE_INTRODUCED, body, &m));
	CHECK_OK(pact_ticket_open(m.ticket, bob->key, &true_one));
	/* Where the lie says nothing, the truth stays. */
	for (size_t i = 0; i < sizeof lie; i++)
		((uint8_t *)&lie)[i] ^= ((uint8_t *)&true_one)[i];
	if (plot.at == 6)
		lie.expires_ms = 0;
	if (plot.at == 7)
		lie.name = scene_name("mallory");
	for (size_t i = 0; i < sizeof plot.key; i++)
		plot.key[i] ^= bob->key[i];
	CHECK_OK(pact_ticket_seal(&lie, plot.key, random, sealed));
	for (size_t i = 0; i < sizeof plot.key; i++)
		plot.key[i] ^= bob->key[i];
	m.ticket = BYTES_OF(sealed);
	malice_say(l, WIRE_INTRODUCED, &m);
	plot.hits++;
	return false;
}

/* A ticket that names another caller, key, device or id, that is for another
 * session, too old, or for a path that was not agreed to. With nothing
 * altered, the same forger's ticket is good. */
TEST(a_ticket_is_for_one_session_device_and_name)
{
	static const struct wire_name none;

	begin(&(struct scene_options){ .with_mallory = true });
	s.m->on_said = forge_ticket;
	for (plot.at = 0; plot.at < 9; plot.at++) {
		memset(&plot.ticket, 0, sizeof plot.ticket);
		plot.ticket.name = none;
		memset(plot.key, 0, sizeof plot.key);
		if (plot.at == 0)
			plot.ticket.identity[9] = 1;
		else if (plot.at == 1)
			plot.ticket.device[9] = 1;
		else if (plot.at == 2)
			plot.ticket.link_key[9] = 1;
		else if (plot.at == 3)
			plot.ticket.id[9] = 1;
		else if (plot.at == 4)
			plot.ticket.paths = WIRE_PATH_DIRECT |
			    WIRE_PATH_RELAY;
		else if (plot.at == 5)
			plot.key[9] = 1; /* of another session of bob's */
		world_run(s.w, 60000);
		CHECK_EQ(scene_call(s.alice, "bob"),
		    plot.at == 8 ? SOTTO_OK : SOTTO_NOT_THERE);
		world_run(s.w, 3000);
		CHECK_EQ(program_count(s.bob, SOTTO_SESSION_UP, NULL),
		    plot.at == 8);
	}
	CHECK(plot.hits > 9);
	end();
}

/* The first INTRODUCED is passed and kept; later ones show its ticket. */
static bool
old_ticket(struct malice_link *l, uint8_t type, struct bytes body)
{
	struct wire_INTRODUCED m;

	if (type != WIRE_INTRODUCED)
		return true;
	CHECK_OK(wire_decode(WIRE_INTRODUCED, body, &m));
	if (plot.hits++ == 0) {
		plot.old = m;
		memcpy(plot.old_ticket, m.ticket.p, m.ticket.n);
		plot.old.ticket.p = plot.old_ticket;
		return true;
	}
	memcpy(m.id, plot.old.id, sizeof m.id);
	m.ticket = plot.old.ticket;
	malice_say(l, WIRE_INTRODUCED, &m);
	return false;
}

/* alice is given a ticket that she has used before: at once, later, and when
 * bob has another session. */
TEST(a_ticket_opens_once)
{
	begin(&(struct scene_options){ 0 });
	s.m->on_said = old_ticket;
	CHECK_OK(client_hang_up(s.alice->core,
	    scene_line(&s, s.alice, "bob")));
	for (int i = 0; i < 3; i++) {
		world_run(s.w, i == 0 ? 3000 : 140000);
		if (i == 2) {
			world_cut(s.w, malice_find(s.m, s.bob)->end->conn);
			world_run(s.w, 10000);
		}
		CHECK_EQ(scene_call(s.alice, "bob"), SOTTO_NOT_THERE);
		CHECK_EQ(program_count(s.bob, SOTTO_SESSION_UP, NULL), 1);
	}
	scene_still_works(&s);
	end();
}

/* ---- where people are ---- */

static bool
other_endpoint(struct malice_link *l, uint8_t type, struct bytes body)
{
	uint8_t buf[1 + WIRE_ENDPOINTS_MAX * WIRE_ENDPOINT_LEN];
	struct wire_endpoint at[2] = { plot.to, plot.to };
	struct wire_INTRODUCED m;

	if (type != WIRE_INTRODUCED)
		return true;
	CHECK_OK(wire_decode(WIRE_INTRODUCED, body, &m));
	m.endpoints = wire_endpoints_encode(buf, at, 2);
	malice_say(l, WIRE_INTRODUCED, &m);
	plot.hits++;
	return false;
}

static struct wire_endpoint
at_v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port)
{
	return (struct wire_endpoint){ { [10] = 0xff, [11] = 0xff, a, b, c,
					   d }, port };
}

/* Calls bob, who is said to be there; the line must be relayed to him. */
static void
call_past(struct wire_endpoint to, bool may_dial)
{
	size_t dialled = s.m->dialled;

	plot.to = to;
	world_run(s.w, 60000);
	(void)scene_line(&s, s.alice, "bob");
	CHECK_EQ(program_last(s.alice, SOTTO_SESSION_UP, "bob")
		     ->event.session.path, SOTTO_PATH_RELAY);
	CHECK_EQ(s.m->dialled > dialled, may_dial);
	CHECK_OK(client_hang_up(s.alice->core, program_last(s.alice,
	    SOTTO_SESSION_UP, "bob")->event.session.id));
	client_flush(s.alice->core);
	world_run(s.w, 20000);
}

/* bob is said to be where mallory, alice herself, the server or nobody is:
 * whoever answers there is not him. */
TEST(a_wrong_endpoint_is_only_slow)
{
	begin(&(struct scene_options){ .with_mallory = true });
	s.m->on_said = other_endpoint;
	call_past(s.mallory->core->listening[0], true);
	call_past(s.alice->core->listening[0], true);
	call_past(at_v4(10, 1, 0, 1, WIRE_PORT), true);
	call_past(at_v4(10, 99, 0, 1, 4000), true);
	CHECK_EQ(program_count(s.mallory, SOTTO_SESSION_UP, NULL), 0);
	end();
}

/* Endpoints that would make alice knock at doors that the server cannot
 * reach itself, or that are no doors: none is dialled. */
TEST(nobody_is_sent_to_scan)
{
	begin(&(struct scene_options){ .is_public = true });
	s.m->on_said = other_endpoint;
	call_past(at_v4(127, 0, 0, 1, 8080), false);
	call_past(at_v4(10, 0, 0, 1, 8080), false);
	call_past(at_v4(192, 168, 1, 1, 8080), false);
	call_past(at_v4(172, 16, 0, 1, 8080), false);
	call_past(at_v4(169, 254, 169, 254, 8080), false);
	call_past(at_v4(100, 64, 0, 1, 8080), false);
	call_past(at_v4(0, 0, 0, 0, 8080), false);
	call_past(at_v4(224, 0, 0, 1, 8080), false);
	call_past(at_v4(255, 255, 255, 255, 8080), false);
	call_past((struct wire_endpoint){ { [15] = 1 }, 8080 }, false);
	call_past((struct wire_endpoint){ { 0xfe, 0x80, [15] = 1 }, 8080 },
	    false);
	call_past((struct wire_endpoint){ { 0xfd, [15] = 1 }, 8080 }, false);
	call_past(at_v4(198, 51, 100, 7, 22), false);
	call_past(at_v4(198, 51, 100, 7, 1023), false);
	call_past(at_v4(198, 51, 100, 7, 0), false);
	call_past(at_v4(198, 51, 100, 7, 1024), true);
	end();
}

CHECK_MAIN(T(close_at_every_step), T(silence_from_every_step_on),
    T(every_message_twice), T(every_message_late),
    T(an_error_at_every_step), T(done_at_every_step),
    T(nobody_is_logged_in_without_a_login),
    T(absurd_stretching_is_refused),
    T(a_server_without_the_key_learns_no_name),
    T(another_server_key_ends_it),
    T(a_key_that_is_told_wrongly_gets_nowhere),
    T(threat_11_an_older_protocol_is_not_spoken),
    T(a_logout_that_is_answered_wrongly),
    T(answers_that_nobody_waits_for_are_nothing),
    T(answers_to_the_wrong_questions_end_the_channel),
    T(a_question_is_put_once),
    T(a_question_in_anothers_name_leads_to_no_session),
    T(an_introduction_answers_its_own_want),
    T(a_ticket_is_for_one_session_device_and_name), T(a_ticket_opens_once),
    T(a_wrong_endpoint_is_only_slow), T(nobody_is_sent_to_scan))
