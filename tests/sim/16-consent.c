/*
 * What a person has agreed to, and no more: to speak with one device of
 * somebody, and to show the own address or not. The server lies about both.
 */
#include "client/core.h"
#include "sim/scene.h"

#include <string.h>

static struct scene s;
static unsigned hits;

static bool
is_for_alice(const struct malice_link *l)
{
	return malice_victim(l) == s.alice;
}

/* bob agrees to speak with alice at one machine; the next one has to ask. */
TEST(a_question_is_for_one_device)
{
	struct wire_name bob = scene_name("bob");
	const struct world_event *asked;
	struct program *other;

	scene_begin(&s, &(struct scene_options){ .asks = true });
	other = scene_device(&s, "alice");
	(void)client_call(s.alice->core, &bob);
	client_flush(s.alice->core);
	world_run(s.w, 3000);
	asked = program_last(s.bob, SOTTO_QUESTION, "alice");
	if (!CHECK(asked != NULL))
		return;
	CHECK_OK(client_answer(s.bob->core, asked->event.session.id, true));
	client_flush(s.bob->core);
	world_run(s.w, 3000);
	CHECK_EQ(program_count(s.bob, SOTTO_SESSION_UP, NULL), 1);
	CHECK_EQ(program_last(s.bob, SOTTO_SESSION_UP, "alice")
		     ->event.session.id, asked->event.session.id);
	CHECK_ERR(client_answer(s.bob->core, asked->event.session.id, false),
	    ERR_GONE);
	(void)client_call(other->core, &bob);
	client_flush(other->core);
	world_run(s.w, 3000);
	CHECK_EQ(program_count(s.bob, SOTTO_QUESTION, NULL), 2);
	CHECK_EQ(program_count(s.bob, SOTTO_SESSION_UP, NULL), 1);
	scene_end(&s);
}

/* Offers the direct path to alice, who hides her address. */
static bool
offer_direct(struct malice_link *l, uint8_t type, struct bytes body)
{
	uint8_t buf[1 + WIRE_ENDPOINTS_MAX * WIRE_ENDPOINT_LEN];
	struct wire_INTRODUCED introduced;
	struct wire_INTRODUCTION asked;

	if (!is_for_alice(l))
		return true;
	if (type == WIRE_INTRODUCED) {
		CHECK_OK(wire_decode(WIRE_INTRODUCED, body, &introduced));
		introduced.paths = WIRE_PATH_DIRECT | WIRE_PATH_RELAY;
		introduced.endpoints = wire_endpoints_encode(buf,
		    s.bob->core->listening, 1);
		malice_say(l, WIRE_INTRODUCED, &introduced);
	} else if (type == WIRE_INTRODUCTION) {
		CHECK_OK(wire_decode(WIRE_INTRODUCTION, body, &asked));
		asked.paths = WIRE_PATH_DIRECT | WIRE_PATH_RELAY;
		malice_say(l, WIRE_INTRODUCTION, &asked);
	} else {
		return true;
	}
	hits++;
	return false;
}

/* What alice asks for, and what either answers, names no path but the relay,
 * and no place. */
static bool
look_at_paths(struct malice_link *l, uint8_t type, struct bytes body)
{
	struct wire_endpoint at[WIRE_ENDPOINTS_MAX];
	struct wire_ANSWER answer;
	struct wire_WANT want;
	size_t n;

	if (type == WIRE_ANSWER) {
		CHECK_OK(wire_decode(WIRE_ANSWER, body, &answer));
		CHECK_OK(wire_endpoints_decode(answer.endpoints, at, &n));
		CHECK_EQ(answer.paths, WIRE_PATH_RELAY);
		CHECK_EQ(n, 0);
		hits++;
	} else if (is_for_alice(l) && type == WIRE_WANT) {
		CHECK_OK(wire_decode(WIRE_WANT, body, &want));
		CHECK_EQ(want.paths, WIRE_PATH_RELAY);
		hits++;
	}
	return true;
}

/* She neither dials anybody nor says where she is. */
TEST(who_hides_is_not_led_out)
{
	hits = 0;
	scene_begin(&s, &(struct scene_options){ .hides_address = true });
	s.m->on_said = offer_direct;
	s.m->on_heard = look_at_paths;
	CHECK_OK(client_hang_up(s.alice->core,
	    scene_line(&s, s.alice, "bob")));
	client_flush(s.alice->core);
	world_run(s.w, 20000);
	CHECK_EQ(s.m->dialled, 0);
	(void)scene_line(&s, s.bob, "alice");
	CHECK_EQ(s.m->dialled, 0);
	CHECK_EQ(hits, 5);
	scene_end(&s);
}

CHECK_MAIN(T(a_question_is_for_one_device), T(who_hides_is_not_led_out))
