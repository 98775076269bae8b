/* Names become tokens by the rules of the specifications, or are refused. */
#include "noise/pattern.h"
#include "support/check.h"

#include <stdio.h>
#include <string.h>

#define TAIL    "_25519_ChaChaPoly_BLAKE2b"
#define TAILHFS "_25519+MLKEM768_ChaChaPoly_BLAKE2b"

/* Writes the messages as "e, es | e, ee". */
static void
print(const struct noise_pattern *p, char *out, size_t cap)
{
	static const char *const names[] = { "", "e", "s", "ee", "es", "se",
		"ss", "psk", "e1", "ekem1" };
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < p->messages; i++)
		for (const uint8_t *t = p->tokens[i]; *t != NOISE_END; t++)
			n += (size_t)snprintf(out + n, cap - n, "%s%s",
			    t != p->tokens[i] ? ", "
			    : i > 0           ? " | "
					      : "",
			    names[*t]);
}

static void
is(const char *name, const char *want)
{
	struct noise_pattern p;
	char got[256];

	if (!CHECK_OK(noise_pattern_parse(&p, name)))
		return;
	print(&p, got, sizeof got);
	if (!CHECK(strcmp(got, want) == 0))
		printf("    %s is %s\n", name, got);
	CHECK(strcmp(p.name, name) == 0);
}

TEST(base_patterns_are_the_table)
{
	is("Noise_NN" TAIL, "e | e, ee");
	is("Noise_IK" TAIL, "e, es, s, ss | e, ee, se");
	is("Noise_XX" TAIL, "e | e, ee, s, es | s, se");
	is("Noise_X1X1" TAIL, "e | e, ee, s | es, s | se");
	is("Noise_X" TAIL, "e, es, s, ss");
}

TEST(psk_goes_to_the_start_or_to_an_end)
{
	is("Noise_NNpsk0" TAIL, "psk, e | e, ee");
	is("Noise_IKpsk1" TAIL, "e, es, s, ss, psk | e, ee, se");
	is("Noise_IKpsk2" TAIL, "e, es, s, ss | e, ee, se, psk");
	is("Noise_XXpsk0+psk3" TAIL, "psk, e | e, ee, s, es | s, se, psk");
	is("Noise_X1X1psk4" TAIL, "e | e, ee, s | es, s | se, psk");
	is("Noise_Npsk0" TAIL, "psk, e, es");
}

/* KK is by the rule, not by the extension's table (which differs). */
TEST(hfs_goes_after_e_or_its_dh_and_after_ee)
{
	is("Noise_NNhfs" TAILHFS, "e, e1 | e, ee, ekem1");
	is("Noise_NKhfs" TAILHFS, "e, es, e1 | e, ee, ekem1");
	is("Noise_KKhfs" TAILHFS, "e, es, e1, ss | e, ee, ekem1, se");
	is("Noise_IKhfs" TAILHFS, "e, es, e1, s, ss | e, ee, ekem1, se");
	is("Noise_INhfs" TAILHFS, "e, e1, s | e, ee, ekem1, se");
	is("Noise_XXhfs" TAILHFS, "e, e1 | e, ee, ekem1, s, es | s, se");
	is("Noise_XXhfs+psk0+psk3" TAILHFS,
	    "psk, e, e1 | e, ee, ekem1, s, es | s, se, psk");
}

TEST(who_has_a_static_key)
{
	static const struct {
		const char *name;
		bool initiator, responder;
	} rows[] = {
		{ "Noise_NN" TAIL, false, false },
		{ "Noise_NK" TAIL, false, true },
		{ "Noise_XN" TAIL, true, false },
		{ "Noise_IX" TAIL, true, true },
		{ "Noise_N" TAIL, false, true },
		{ "Noise_X1K" TAIL, true, true },
	};
	struct noise_pattern p;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CHECK_OK(noise_pattern_parse(&p, rows[i].name));
		CHECK(noise_pattern_has_static(&p, NOISE_INITIATOR) ==
		      rows[i].initiator);
		CHECK(noise_pattern_has_static(&p, NOISE_RESPONDER) ==
		      rows[i].responder);
	}
}

static void
has_lengths(const char *name, size_t first, size_t second, size_t third)
{
	struct noise_pattern p;

	if (!CHECK_OK(noise_pattern_parse(&p, name)))
		return;
	CHECK_EQ(noise_pattern_len(&p, 0), first);
	CHECK_EQ(noise_pattern_len(&p, 1), second);
	if (p.messages > 2)
		CHECK_EQ(noise_pattern_len(&p, 2), third);
}

TEST(lengths_are_those_measured_elsewhere)
{
	struct noise_pattern p;

	has_lengths("Noise_NKhfs" TAILHFS, 1248, 1152, 0);
	has_lengths("Noise_IKhfs" TAILHFS, 1296, 1152, 0);
	has_lengths("Noise_KKhfs" TAILHFS, 1248, 1152, 0);
	has_lengths("Noise_XXhfs" TAILHFS, 1216, 1200, 64);
	has_lengths("Noise_NN" TAIL, 32, 48, 0);
	has_lengths("Noise_NNpsk0" TAIL, 48, 48, 0);
	has_lengths("Noise_XX" TAIL, 32, 96, 64);
	CHECK_OK(noise_pattern_parse(&p, "Noise_XX" TAIL));
	CHECK_EQ(noise_pattern_len(&p, 3), 64);
}

TEST(other_names_are_refused)
{
	static const char *const names[] = {
		"",
		"Noise",
		"Noise_",
		"Noise_XX",
		"Noise_XX_25519",
		"Noise_XX_25519_ChaChaPoly",
		"Noise_XX_25519_ChaChaPoly_",
		"noise_XX" TAIL,
		"Noise_XX" TAIL "_",
		"Noise_XX" TAIL " ",
		"Noise_XX_25519_ChaChaPoly_BLAKE2s",
		"Noise_XX_25519_AES_SHA256",
		"Noise_XX_448_ChaChaPoly_BLAKE2b",
		"Noise_ZZ" TAIL,
		"Noise_" TAIL,
		"Noise_XXpsk" TAIL,
		"Noise_XXpsk4" TAIL,
		"Noise_XXpsk9" TAIL,
		"Noise_XXpskx" TAIL,
		"Noise_XXpsk!" TAIL,
		"Noise_XXhfs0" TAIL,
		"Noise_XXask0" TAIL,
		"Noise_XXpsk00" TAIL,
		"Noise_Npsk2" TAIL,
		"Noise_XX+psk0" TAIL,
		"Noise_XXpsk0+" TAIL,
		"Noise_XXpsk3+psk0" TAIL,
		"Noise_XXpsk0+psk0" TAIL,
		"Noise_XXfallback" TAIL,
		"Noise_XXhfs" TAIL,
		"Noise_XX" TAILHFS,
		"Noise_XXhfs_25519+KYBER_ChaChaPoly_BLAKE2b",
		"Noise_XXpsk0+hfs" TAILHFS,
		"Noise_XXhfs+hfs" TAILHFS,
		"Noise_Nhfs" TAILHFS,
		"Noise_X1X1hfs+psk0+psk1+psk2+psk3+psk4+psk5+psk6" TAILHFS,
		"Noise_XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX"
		"XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX" TAIL,
	};
	struct noise_pattern p;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (!CHECK_ERR(noise_pattern_parse(&p, names[i]), ERR_ARG))
			printf("    %s\n", names[i]);
}

CHECK_MAIN(T(base_patterns_are_the_table),
    T(psk_goes_to_the_start_or_to_an_end),
    T(hfs_goes_after_e_or_its_dh_and_after_ee), T(who_has_a_static_key),
    T(lengths_are_those_measured_elsewhere), T(other_names_are_refused))
