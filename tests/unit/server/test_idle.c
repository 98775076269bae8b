#include "world.h"

#include "server/core.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>

static struct world w;
static struct guy guys[20];

#define N (sizeof guys / sizeof guys[0])

/* A cell of the secrets' region: powers of two, with 8 bytes of its own. */
static size_t
cell(size_t n)
{
	size_t size = 64;

	while (size < n + 8)
		size *= 2;
	return size;
}

static size_t
heap(void)
{
	return mallinfo2().uordblks;
}

static void
log_all_in(void)
{
	for (size_t i = 0; i < N; i++) {
		CHECK(guy_connect(&guys[i]));
		CHECK(guy_login_device(&guys[i], WIRE_MODE_HOSTS));
	}
	world_pump(&w);
	for (size_t i = 0; i < N; i++)
		guy_forget(&guys[i]);
}

static void
log_all_out(void)
{
	for (size_t i = 0; i < N; i++)
		guy_cut(&guys[i]);
	for (size_t i = 0; i < N; i++)
		guy_forget(&guys[i]);
}

/* The budget is 1 KiB with libuv's 301 bytes and the shell's; this is the
 * core's part of it. */
TEST(an_idle_session_is_small)
{
	size_t slot = sizeof(struct server_conn) + sizeof(void *);
	size_t vault = cell(sizeof(struct server_vault));
	size_t before = 0, after = 0, each;
	char name[] = "guy-a";

	world_init(&w);
	for (size_t i = 0; i < N; i++) {
		name[4] = (char)('a' + i);
		CHECK(guy_join(&w, &guys[i], name));
	}
	/* A few rounds first: the allocator keeps some of what was freed and
	 * counts it as used. */
	for (int round = 0; round < 4; round++) {
		log_all_out();
		before = heap();
		log_all_in();
		after = heap();
	}
	each = slot + vault + (after - before) / N;
	printf("     slot and timer %zu, vault %zu, heap %zu: %zu bytes\n",
	    slot, vault, (after - before) / N, each);
	if (after == before)
		check_skip("this allocator does not count", 1);
	CHECK(each <= 450);
	world_free(&w);
}

/* Before its first record is admitted, a connection allocates nothing. */
TEST(a_stranger_costs_a_slot_and_an_entry)
{
	uint8_t half[PACT_GUARD_FIRST_MAX / 2] = { 5, 0, WIRE_VERSION };
	size_t before;

	CHECK(sizeof(struct server_conn) + SERVER_ENTRY <= 2048);
	world_init(&w);
	for (size_t i = 0; i < N; i++) {
		guy_init(&w, &guys[i], "stranger", "");
		/* The wheel has room for as many timers as there ever were. */
		guys[i].conn = server_open(w.server, &guys[i],
		    &guys[i].from);
	}
	log_all_out();
	before = heap();
	for (size_t i = 0; i < N; i++) {
		guys[i].conn = server_open(w.server, &guys[i],
		    &guys[i].from);
		server_bytes(w.server, guys[i].conn, BYTES_OF(half));
	}
	CHECK_EQ(heap(), before);
	world_free(&w);
}

CHECK_MAIN(T(an_idle_session_is_small),
    T(a_stranger_costs_a_slot_and_an_entry))
