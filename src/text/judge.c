#include "text/common.h"
#include "text/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <zxcvbn.h>

/* The estimate takes cubic time, and what follows only adds to it. */
#define JUDGED_MAX 100

#define HINTS_MAX  3
#define COMMON     (sizeof common / sizeof common[0])
#define LOG10_MIN  10.0

void
text_judge(struct bytes password, const char *const *hints, size_t n_hints,
    struct text_strength *strength)
{
	struct {
		char password[JUDGED_MAX + 1];
	} s = { 0 };
	const char *words[HINTS_MAX + COMMON + 1] = { 0 };
	size_t n = password.n < JUDGED_MAX ? password.n : JUDGED_MAX;

	*strength = (struct text_strength){ 0 };
	if (n > 0)
		memcpy(s.password, password.p, n);
	if (n_hints > HINTS_MAX)
		n_hints = HINTS_MAX;
	for (size_t i = 0; i < n_hints; i++)
		words[i] = hints[i];
	memcpy(words + n_hints, common, sizeof common);
	/* It counts bits: the binary logarithm of the guesses. */
	strength->log10_guesses = ZxcvbnMatch(s.password, words, NULL) *
	    log10(2.0);
	strength->is_enough = strength->log10_guesses >= LOG10_MIN;
	if (!strength->is_enough)
		(void)snprintf(strength->why, sizeof strength->why,
		    "Somebody who knows how people choose passwords needs about"
		    " 10^%.0f guesses for it; 10^%.0f are asked for.",
		    floor(strength->log10_guesses), LOG10_MIN);
	bytes_wipe(&s, sizeof s);
}
