/*
 * power - a store, a disk, and the power that goes again and again.
 *
 * It goes in the middle of what the disk was about to do; then the store is
 * opened again, and looked at.
 *
 *	POWER_CUTS  how many (20,000), 100 a life
 *	POWER_SEED  of the first life (1)
 */
#include "base/plant.h"
#include "sim/life.h"
#include "support/check.h"

#include <stdio.h>
#include <stdlib.h>

#define GROUPS   12  /* between two cuts, at most */
#define PER_LIFE 100 /* cuts */

static void
cut_once(struct life *l)
{
	uint32_t groups = 1 + rng_below(&l->dice, GROUPS);
	uint32_t doom = 1 + rng_below(&l->dice, 60);
	bool is_late = !rng_chance(&l->dice, 100);

	if (!is_late)
		disk_fail_after(l->disk, 1 + doom % 8);
	if (!life_open(l)) {
		if (!disk_has_failed(l->disk))
			life_judge(l, "it cannot be opened");
	} else {
		if (is_late)
			disk_fail_after(l->disk, doom);
		while (groups > 0 && life_work(l))
			groups--;
		if (!rng_chance(&l->dice, 200))
			disk_fail_after(l->disk, 1);
		life_close(l);
	}
	disk_power_cut(l->disk);
	life_settle(l);
}

static const char *
live(uint64_t seed, uint64_t cuts, uint64_t *done, uint64_t *acked)
{
	struct life *l = life_new(seed);
	const char *verdict;

	for (; cuts > 0 && l->verdict == NULL; cuts--, ++*done)
		cut_once(l);
	verdict = l->verdict;
	*acked += l->acked;
	life_free(l);
	return verdict;
}

TEST(threat_38_power_cuts)
{
	uint64_t cuts = life_number("POWER_CUTS",
	    life_is_short() ? 2000 : 20000);
	uint64_t first = life_number("POWER_SEED", 1), done = 0, acked = 0;

	for (uint64_t seed = first; done < cuts; seed++) {
		uint64_t left = cuts - done;
		const char *verdict = live(seed,
		    left < PER_LIFE ? left : PER_LIFE, &done, &acked);

		if (CHECK(verdict == NULL))
			continue;
		printf("  %s: POWER_SEED=%llu POWER_CUTS=%d\n", verdict,
		    (unsigned long long)seed, PER_LIFE);
		break;
	}
	printf("  %llu power cuts, %llu groups acknowledged\n",
	    (unsigned long long)done, (unsigned long long)acked);
}

/* Whoever does not wait for the disk is found out. */
TEST(threat_38_impatience_is_found)
{
	static const int plants[] = { PLANT_STORE_SYNC_NORMAL,
		PLANT_STORE_SYNC_OFF, PLANT_STORE_ACK_EARLY };

	for (size_t i = 0; i < sizeof plants / sizeof plants[0]; i++) {
		const char *verdict = NULL;
		uint64_t done = 0, acked = 0;

		sotto_plant = plants[i];
		for (uint64_t seed = 1; verdict == NULL && seed <= 20; seed++)
			verdict = live(seed, PER_LIFE, &done, &acked);
		CHECK(verdict != NULL);
		printf("  plant %d after %llu cuts: %s\n", plants[i],
		    (unsigned long long)done, verdict ? verdict : "nothing");
	}
	sotto_plant = PLANT_NONE;
}

CHECK_MAIN(T(threat_38_power_cuts), T(threat_38_impatience_is_found))
