/*
 * random - whole lives of a few people under a seed, with every fault that
 * the world knows, and the oracle watching.
 *
 *	sim-random [--seed N] [--seeds N] [--share I/N] [--plant NAME]
 *	    [--verbose]
 *
 * Without --plant every seed must pass. With it, the bug of that name is in
 * the cores, and some seed must fail. One seed is one run, always the same:
 * some seeds are run twice and their hashes compared. --seed alone runs that
 * one; a share of all seeds is for several processes side by side.
 */
#include "base/plant.h"
#include "sim/run.h"
#include "support/slow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TWICE_IN 200 /* one seed in so many is run twice */
#define SEEDS   20000
#define ACTS    8 /* at least; and at most twice as many */

static const struct {
	const char *name;
	enum plant plant;
} plants[] = {
	{ "ack-before-commit", PLANT_ACK_BEFORE_COMMIT },
	{ "ticket-twice", PLANT_TICKET_TWICE },
	{ "session-before-hello", PLANT_SESSION_BEFORE_HELLO },
	{ "key-from-h", PLANT_KEY_FROM_H },
	{ "roster-rollback", PLANT_ROSTER_ROLLBACK },
	{ "box-rollback", PLANT_BOX_ROLLBACK },
	{ "refused-device-logs-in", PLANT_REFUSED_DEVICE_LOGS_IN },
	{ "removed-session-lives", PLANT_REMOVED_SESSION_LIVES },
	{ "passwd-session-lives", PLANT_PASSWD_SESSION_LIVES },
	{ "disabled-session-lives", PLANT_DISABLED_SESSION_LIVES },
	{ "disabled-logs-in", PLANT_DISABLED_LOGS_IN },
	{ "ke3-over-passwd", PLANT_KE3_OVER_PASSWD },
	{ "ke3-over-disable", PLANT_KE3_OVER_DISABLE },
	{ "guess-after-ke3", PLANT_GUESS_AFTER_KE3 },
	{ "oprf-without-invite", PLANT_OPRF_WITHOUT_INVITE },
	{ "invite-twice", PLANT_INVITE_TWICE },
	{ "pass-reused", PLANT_PASS_REUSED },
	{ "device-pass-reused", PLANT_DEVICE_PASS_REUSED },
	{ "pass-not-bound", PLANT_PASS_NOT_BOUND },
	{ "ticket-outlives-session", PLANT_TICKET_OUTLIVES_SESSION },
	{ "ticket-never-expires", PLANT_TICKET_NEVER_EXPIRES },
	{ "answer-to-another", PLANT_ANSWER_TO_ANOTHER },
	{ "stream-of-another-ticket", PLANT_STREAM_OF_ANOTHER_TICKET },
	{ "relay-credit-ignored", PLANT_RELAY_CREDIT_IGNORED },
	{ "half-leaks", PLANT_HALF_LEAKS },
	{ "presence-stays", PLANT_PRESENCE_STAYS },
	{ "busy-stays", PLANT_BUSY_STAYS },
	{ "ephemeral-stays", PLANT_EPHEMERAL_STAYS },
	{ "settings-not-compared", PLANT_SETTINGS_NOT_COMPARED },
	{ "pin-overwritten", PLANT_PIN_OVERWRITTEN },
	{ "said-to-changed-key", PLANT_SAID_TO_CHANGED_KEY },
	{ "any-port-dialled", PLANT_ANY_PORT_DIALLED },
	{ "last-words-lost", PLANT_LAST_WORDS_LOST },
	{ "nonce-stands", PLANT_NONCE_STANDS },
};

/* Runs a seed; returns the verdict, NULL for none. */
static const char *
run_seed(uint64_t seed, bool is_verbose, uint8_t hash[32], uint64_t *events)
{
	struct run *r = malloc(sizeof *r);
	const char *verdict;

	if (r == NULL)
		abort();
	run_begin(r, seed, is_verbose);
	for (uint32_t n = ACTS + rng_below(&r->dice, ACTS); n > 0; n--) {
		if (r->oracle.verdict != NULL)
			break;
		run_act(r);
		world_run(r->w, rng_below(&r->dice, 3000));
	}
	if (r->oracle.verdict == NULL)
		heal(r);
	verdict = r->oracle.verdict;
	world_hash(r->w, hash);
	*events += world_events(r->w);
	run_end(r);
	free(r);
	return verdict;
}

/* Which runs are wanted: share `part` of `parts` equal ones. */
struct asked {
	uint64_t first, count;
	unsigned part, parts;
	const char *plant;
	bool is_verbose;
};

static int
usage(void)
{
	fprintf(stderr, "usage: sim-random [--seed N] [--seeds N] "
			"[--share I/N] [--plant NAME] [--verbose]\n");
	return 64;
}

static bool
set_plant(const char *name)
{
	for (size_t i = 0; i < sizeof plants / sizeof plants[0]; i++) {
		if (strcmp(plants[i].name, name) == 0) {
			sotto_plant = (int)plants[i].plant;
			return true;
		}
	}
	return false;
}

/* Runs until the planted bug shows; returns the exit code. */
static int
hunt(const struct asked *asked, const char *program)
{
	uint8_t hash[32];
	uint64_t events = 0;

	for (uint64_t seed = asked->first; seed < asked->first + asked->count;
	     seed++) {
		const char *verdict = run_seed(seed, asked->is_verbose, hash,
		    &events);

		if (verdict != NULL) {
			printf("found by %s --plant %s --seed %llu --verbose"
			       "   # %s\n", program, asked->plant,
			    (unsigned long long)seed, verdict);
			printf("1 passed, 0 failed, 0 skipped\n");
			return 0;
		}
	}
	printf("FAIL %s: %llu seeds did not find the planted bug %s\n",
	    program, (unsigned long long)asked->count, asked->plant);
	printf("0 passed, 1 failed, 0 skipped\n");
	return 1;
}

static int
check(const struct asked *asked, const char *program)
{
	uint8_t hash[32], again[32];
	uint64_t events = 0, passed = 0, failed = 0;
	uint64_t from = asked->first + asked->count * (asked->part - 1) /
	    asked->parts;
	uint64_t to = asked->first + asked->count * asked->part / asked->parts;

	for (uint64_t seed = from; seed < to; seed++) {
		const char *verdict = run_seed(seed, asked->is_verbose, hash,
		    &events);

		if (verdict == NULL && seed % TWICE_IN == 1 &&
		    (run_seed(seed, false, again, &events) != NULL ||
			memcmp(hash, again, sizeof hash) != 0))
			verdict = "a second run went another way";
		passed += verdict == NULL;
		failed += verdict != NULL;
		if (verdict != NULL)
			printf("FAIL %s --seed %llu --verbose   # %s\n",
			    program, (unsigned long long)seed, verdict);
	}
	printf("seeds %llu to %llu of %llu, %llu events\n",
	    (unsigned long long)from, (unsigned long long)to - 1,
	    (unsigned long long)asked->count, (unsigned long long)events);
	printf("%llu passed, %llu failed, 0 skipped\n",
	    (unsigned long long)passed, (unsigned long long)failed);
	return failed > 0;
}

/* How many seeds make a test: SEEDS says so, or else how much time a build
 * takes for one. */
static uint64_t
usual_count(void)
{
	const char *seeds = getenv("SEEDS");

	if (seeds != NULL)
		return strtoull(seeds, NULL, 10);
	return getenv("SOTTO_QUICK") != NULL || IS_SLOW ? SEEDS / 10 : SEEDS;
}

/* Takes one option with its value; returns whether there is such a one. */
static bool
take_option(struct asked *asked, const char *name, const char *value)
{
	if (strcmp(name, "--seed") == 0)
		asked->first = strtoull(value, NULL, 10);
	else if (strcmp(name, "--seeds") == 0)
		asked->count = strtoull(value, NULL, 10);
	else if (strcmp(name, "--plant") == 0)
		asked->plant = value;
	else
		return strcmp(name, "--share") == 0 &&
		    sscanf(value, "%u/%u", &asked->part, &asked->parts) == 2 &&
		    asked->part > 0 && asked->part <= asked->parts;
	return true;
}

int
main(int argc, char **argv)
{
	struct asked asked = { .part = 1, .parts = 1 };

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--verbose") == 0)
			asked.is_verbose = true;
		else if (i + 1 == argc ||
		    !take_option(&asked, argv[i], argv[i + 1]))
			return usage();
		else
			i++;
	}
	if (asked.count == 0)
		asked.count = asked.first != 0 ? 1 : usual_count();
	if (asked.first == 0)
		asked.first = 1;
	if (asked.plant == NULL)
		return check(&asked, argv[0]);
	if (!set_plant(asked.plant))
		return usage();
	return hunt(&asked, argv[0]);
}
