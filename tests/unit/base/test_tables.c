/* list, map and wheel against naive models. */
#include "base/list.h"
#include "base/map.h"
#include "base/wheel.h"
#include "support/check.h"

#include <stdlib.h>
#include <string.h>

enum { N = 500, STEPS = 20000 };

static uint32_t seed = 1;

static uint32_t
next_random(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

struct item {
	uint32_t key;
	bool is_in;
	struct map_node node;
	struct link link;
	struct timer timer;
	uint64_t due;
};

static struct item items[N];

static bool
has_key(const struct map_node *node, const void *key)
{
	return MAP_ITEM(node, const struct item, node)->key ==
	    *(const uint32_t *)key;
}

TEST(a_map_agrees_with_an_array)
{
	struct map m;
	size_t count = 0, walked = 0;

	memset(items, 0, sizeof items);
	CHECK_OK(map_init(&m, has_key));
	for (uint32_t step = 0; step < STEPS; step++) {
		uint32_t key = next_random(N);
		struct item *it = &items[key];
		/* Few hash values, so that chains are long. */
		uint64_t hash = key % 37;

		CHECK_EQ(map_get(&m, hash, &key) != NULL, it->is_in);
		it->key = key;
		if (it->is_in)
			map_remove(&m, &it->node);
		else
			map_put(&m, hash, &it->node);
		it->is_in = !it->is_in;
	}
	for (uint32_t i = 0; i < N; i++)
		count += items[i].is_in;
	for (struct map_node *at = map_next(&m, NULL); at != NULL;
	     at = map_next(&m, at))
		walked++;
	CHECK_EQ(m.count, count);
	CHECK_EQ(walked, count);
	map_free(&m);
}

TEST(a_list_keeps_order)
{
	struct link list;
	uint32_t at_key = 0;

	memset(items, 0, sizeof items);
	list_init(&list);
	CHECK(list_first(&list) == NULL);
	for (uint32_t i = 0; i < 10; i++) {
		items[i].key = i;
		list_push_back(&list, &items[i].link);
	}
	list_remove(&items[3].link);
	list_remove(&items[3].link);
	CHECK(!list_is_in(&items[3].link));
	list_push_front(&list, &items[3].link);
	CHECK(LIST_ITEM(list_first(&list), struct item, link)->key == 3);
	LIST_EACH_SAFE(at, &list)
	{
		if (at != &items[3].link) {
			at_key += at_key == 3;
			CHECK_EQ(LIST_ITEM(at, struct item, link)->key,
			    at_key);
			at_key++;
		}
		list_remove(at);
	}
	CHECK(list_is_empty(&list));
}

static uint64_t fired_until, fired_last;
static size_t fired;

static void
on_fire(struct timer *t, void *ctx)
{
	struct item *it = LIST_ITEM(t, struct item, timer);

	CHECK(ctx == items);
	CHECK(it->due <= fired_until);
	CHECK(it->due >= fired_last);
	fired_last = it->due;
	it->due = 0;
	fired++;
}

TEST(a_wheel_fires_in_order_and_only_what_is_due)
{
	struct wheel w = wheel_init();

	memset(items, 0, sizeof items);
	for (uint64_t now = 1; now < STEPS; now++) {
		struct item *it = &items[next_random(N)];
		uint64_t first = WHEEL_NEVER;

		it->timer.fire = on_fire;
		if (next_random(4) == 0) {
			wheel_cancel(&w, &it->timer);
			it->due = 0;
		} else {
			it->due = now + next_random(300);
			CHECK_OK(wheel_arm(&w, &it->timer, it->due));
		}
		fired_until = now;
		fired_last = 0;
		wheel_run(&w, now, items);
		for (size_t i = 0; i < N; i++)
			if (items[i].due != 0 && items[i].due < first)
				first = items[i].due;
		CHECK_EQ(wheel_deadline(&w), first);
		CHECK(first > now);
	}
	CHECK(fired > 1000);
	wheel_free(&w);
}

CHECK_MAIN(T(a_map_agrees_with_an_array), T(a_list_keeps_order),
    T(a_wheel_fires_in_order_and_only_what_is_due))
