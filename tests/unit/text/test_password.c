#include "support/check.h"
#include "text/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Passwords that people have chosen, the most common first, with commas
 * between them; of the package python3-zxcvbn. */
#define LIST "/usr/lib/python3/dist-packages/zxcvbn/frequency_lists.py"
#define MOST_COMMON 10000

static bool
is_enough(const char *password, const char *name)
{
	struct text_strength s;

	text_judge(bytes_str(password), &name, 1, &s);
	CHECK(s.is_enough == (s.why[0] == '\0'));
	return s.is_enough;
}

TEST(weak_ones_are_refused)
{
	static const char *const weak[] = { "", "password", "12345678",
		"iloveyou", "qwertyuiop", "letmein123", "Passw0rd!",
		"aaaaaaaaaaaaaaaa" };

	for (size_t i = 0; i < sizeof weak / sizeof weak[0]; i++)
		CHECK(!is_enough(weak[i], "alice"));
}

/* Returns the list, to be freed, or NULL. */
static char *
read_list(void)
{
	static const char begins[] = "\"passwords\": \"";
	FILE *f = fopen(LIST, "r");
	char *text = calloc(1, 1 << 20), *list = NULL;
	const char *at;

	if (f != NULL && text != NULL &&
	    fread(text, 1, (1 << 20) - 1, f) > 0) {
		at = strstr(text, begins);
		if (at != NULL) {
			at += sizeof begins - 1;
			list = strndup(at, strcspn(at, "\""));
		}
	}
	if (f != NULL)
		(void)fclose(f);
	free(text);
	return list;
}

TEST(threat_01_the_most_common_are_refused)
{
	char *text = read_list(), *rest = text;
	size_t n = 0, taken = 0;

	if (text == NULL) {
		check_skip("no " LIST, MOST_COMMON);
		return;
	}
	for (const char *one; n < MOST_COMMON &&
	     (one = strsep(&rest, ",")) != NULL; n++) {
		struct text_strength s;

		text_judge(bytes_str(one), NULL, 0, &s);
		if (s.is_enough)
			printf("  taken: %s\n", one);
		taken += s.is_enough;
	}
	CHECK_EQ(n, MOST_COMMON);
	CHECK_EQ(taken, 0);
	free(text);
}

TEST(strong_ones_are_taken)
{
	CHECK(is_enough("correct horse battery staple", "alice"));
	CHECK(is_enough("kX9#vq2!Lm", "alice"));
}

TEST(hints_count_against_it)
{
	struct text_strength with, without;
	const char *hint = "zanzibarious";

	text_judge(BYTES_LIT("zanzibarious"), &hint, 1, &with);
	text_judge(BYTES_LIT("zanzibarious"), NULL, 0, &without);
	CHECK(with.log10_guesses < without.log10_guesses);
	CHECK(!with.is_enough);
}

TEST(long_ones_are_judged_by_their_start)
{
	static char password[1024];
	struct text_strength s;

	memset(password, 'a', sizeof password);
	text_judge(BYTES_OF(password), NULL, 0, &s);
	CHECK(!s.is_enough);
}

TEST(passphrases_are_strong_and_differ)
{
	char one[128], two[128];
	uint8_t random[16] = { 0 };
	size_t dashes = 0;

	text_passphrase(one, sizeof one, random);
	for (unsigned i = 0; i < 64; i++) {
		for (size_t j = 0; j < sizeof random; j++)
			random[j] = (uint8_t)(i * 97 + j * 31 + 5);
		text_passphrase(two, sizeof two, random);
		CHECK(is_enough(two, "alice"));
		CHECK(strcmp(one, two) != 0);
		memcpy(one, two, sizeof one);
	}
	for (const char *p = two; *p != '\0'; p++)
		dashes += *p == '-';
	CHECK_EQ(dashes, 6);
	text_passphrase(two, 5, random);
	CHECK(strlen(two) <= 4);
}

/* Each of the 1,024 words stands for ten bits, in each of the seven places. */
TEST(passphrases_use_all_words)
{
	enum { WORDS = 1024, PLACES = 7 };
	static char first[WORDS][16];
	size_t same = 0;

	for (unsigned i = 0; i < WORDS; i++) {
		uint8_t random[16];
		char phrase[128], *rest = phrase, *word;
		size_t n = 0;

		for (size_t j = 0; j < sizeof random; j++)
			random[j] = (uint8_t)(j % 2 == 0 ? i >> 8 : i);
		text_passphrase(phrase, sizeof phrase, random);
		(void)snprintf(first[i], sizeof first[i], "%.*s",
		    (int)strcspn(phrase, "-"), phrase);
		for (; (word = strsep(&rest, "-")) != NULL; n++)
			CHECK(strcmp(word, first[i]) == 0);
		CHECK_EQ(n, PLACES);
		for (unsigned j = 0; j < i; j++)
			same += strcmp(first[j], first[i]) == 0;
	}
	CHECK_EQ(same, 0);
}

CHECK_MAIN(T(weak_ones_are_refused),
    T(threat_01_the_most_common_are_refused), T(strong_ones_are_taken),
    T(hints_count_against_it), T(long_ones_are_judged_by_their_start),
    T(passphrases_are_strong_and_differ), T(passphrases_use_all_words))
