/* MLS: the vectors of the working group, by kind. */
#include "kat_mls.h"
#include "crypto/crypto.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	kat_mls_fn run;
	bool has_suite;
} kinds[] = {
	{ "crypto-basics", kat_mls_crypto_basics, true },
	{ "deserialization", kat_mls_deserialization, false },
	{ "key-schedule", kat_mls_key_schedule, true },
	{ "message-protection", kat_mls_message_protection, true },
	{ "messages", kat_mls_messages, false },
	{ "passive-client", kat_mls_passive_client, true },
	{ "psk_secret", kat_mls_psk_secret, true },
	{ "secret-tree", kat_mls_secret_tree, true },
	{ "transcript-hashes", kat_mls_transcript_hashes, true },
	{ "tree-math", kat_mls_tree_math, false },
	{ "tree-operations", kat_mls_tree_operations, true },
	{ "tree-validation", kat_mls_tree_validation, true },
	{ "treekem", kat_mls_treekem, true },
	{ "welcome", kat_mls_welcome, true },
};

#define KINDS (sizeof kinds / sizeof kinds[0])

static uint64_t
no_time(void *ctx)
{
	(void)ctx;
	return 0;
}

const struct env kat_mls_env = { no_time, no_time, crypto_system_random, NULL };

bool
kat_mls_ok(struct kat *k, const char *what, enum mls_result got)
{
	if (!kat_true(k, what, got == MLS_OK))
		printf("  got \"%s\"\n", mls_result_text(got));
	return got == MLS_OK;
}

/* Returns the kind with the longest name that stands in text, or KINDS. */
static size_t
find_kind(const char *text)
{
	size_t best = KINDS, len = 0;

	for (size_t i = 0; i < KINDS; i++) {
		if (strstr(text, kinds[i].name) != NULL &&
		    strlen(kinds[i].name) > len) {
			best = i;
			len = strlen(kinds[i].name);
		}
	}
	return best;
}

bool
kat_mls(struct kat *k, const json_t *file)
{
	size_t kind = find_kind(k->kind), i;
	struct mls_suite s;
	const json_t *test;
	uint16_t number;

	if (kind == KINDS || !json_is_array(file)) {
		(void)fputs(
		    "not a list of MLS vectors of a known kind:", stderr);
		for (i = 0; i < KINDS; i++)
			(void)fprintf(stderr, " %s", kinds[i].name);
		(void)fputc('\n', stderr);
		return false;
	}
	json_array_foreach(file, i, test)
	{
		number = (uint16_t)kat_number(test, "cipher_suite", 0);
		kat_begin(k, "%s %zu (suite %u)", kinds[kind].name, i, number);
		if (kinds[kind].has_suite &&
		    mls_suite_init(&s, number, (uint16_t)k->suite_alias) !=
			MLS_OK) {
			kat_not_run(k, "a suite that we do not have");
			continue;
		}
		kinds[kind].run(k, test, kinds[kind].has_suite ? &s : NULL);
		kat_end(k);
	}
	return true;
}
