/*
 * sotto-kat - runs one file of published test vectors.
 *
 *	sotto-kat STANDARD FILE [--kind K] [--suite-alias N] [--absent-ok]
 *
 * The last line is "N passed, N failed". Exit codes: 0 when at least one
 * case ran and none failed, 1 otherwise, 64 for bad usage, 66 for a file
 * that cannot be read or is not of the standard's format. --kind selects one
 * of the kinds of vectors that a standard has; --suite-alias is the number
 * under which the file has the post-quantum suite of MLS. With --absent-ok a
 * file that is not there is skipped, with exit code 77.
 */
#include "crypto/crypto.h"
#include "kat.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_USAGE = 64, EXIT_NO_INPUT = 66, EXIT_SKIPPED = 77 };

static const struct {
	const char *name;
	kat_fn run;
} standards[] = {
	{ "hpke", kat_hpke },
	{ "mlkem", kat_mlkem },
	{ "mls", kat_mls },
	{ "noise", kat_noise },
	{ "opaque", kat_opaque },
	{ "oprf", kat_oprf },
	{ "wycheproof-ed25519", kat_wycheproof_ed25519 },
	{ "wycheproof-x25519", kat_wycheproof_x25519 },
	{ "xwing", kat_xwing },
};

struct options {
	const char *standard, *path;
	bool absent_ok;
};

static int
usage(void)
{
	(void)fputs("usage: kat STANDARD FILE [--kind K] [--suite-alias N]\n"
		    "standards:",
	    stderr);
	for (size_t i = 0; i < sizeof standards / sizeof standards[0]; i++)
		(void)fprintf(stderr, " %s", standards[i].name);
	(void)fputc('\n', stderr);
	return EXIT_USAGE;
}

/* Reads a number with any of C's prefixes, up to 65535. */
static bool
read_suite(const char *text, uint32_t *suite)
{
	char *end;
	unsigned long v = strtoul(text, &end, 0);

	*suite = (uint32_t)v;
	return *text >= '0' && *text <= '9' && *end == '\0' && v <= 0xffff;
}

static bool
read_options(int argc, char **argv, struct kat *k, struct options *o)
{
	static const struct option names[] = {
		{ "kind", required_argument, NULL, 'k' },
		{ "suite-alias", required_argument, NULL, 's' },
		{ "absent-ok", no_argument, NULL, 'a' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (c == 'k')
			k->kind = optarg;
		else if (c == 'a')
			o->absent_ok = true;
		else if (c != 's' || !read_suite(optarg, &k->suite_alias))
			return false;
	}
	if (argc - optind != 2)
		return false;
	o->standard = argv[optind];
	o->path = argv[optind + 1];
	return true;
}

static kat_fn
find_standard(const char *name)
{
	for (size_t i = 0; i < sizeof standards / sizeof standards[0]; i++)
		if (strcmp(standards[i].name, name) == 0)
			return standards[i].run;
	return NULL;
}

/* Sets the kind from the name of the file, unless there is one. */
static void
guess_kind(struct kat *k, const char *path, char *name, size_t cap)
{
	const char *slash = strrchr(path, '/');

	if (k->kind != NULL)
		return;
	(void)snprintf(name, cap, "%s", slash == NULL ? path : slash + 1);
	name[strcspn(name, ".")] = '\0';
	k->kind = name;
}

static int
run(kat_fn standard, const char *path, struct kat *k)
{
	char name[64];
	json_error_t why;
	json_t *file = json_load_file(path, JSON_ALLOW_NUL, &why);
	bool usable;

	if (file == NULL) {
		(void)fprintf(stderr, "%s: %s\n", path, why.text);
		return EXIT_NO_INPUT;
	}
	guess_kind(k, path, name, sizeof name);
	usable = standard(k, file);
	json_decref(file);
	if (!usable)
		return EXIT_NO_INPUT;
	if (k->not_run != 0)
		printf("%zu not run\n", k->not_run);
	printf("%zu passed, %zu failed\n", k->passed, k->failed);
	return k->failed == 0 && k->passed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
	struct options o = { 0 };
	struct kat k = { 0 };
	kat_fn standard;

	if (!read_options(argc, argv, &k, &o))
		return usage();
	standard = find_standard(o.standard);
	if (standard == NULL)
		return usage();
	if (o.absent_ok && access(o.path, F_OK) != 0 && errno == ENOENT) {
		printf("skipped: no %s\n", o.path);
		return EXIT_SKIPPED;
	}
	if (crypto_init() != ERR_OK) {
		(void)fputs(
		    "the cryptographic libraries do not start\n", stderr);
		return EXIT_FAILURE;
	}
	return run(standard, o.path, &k);
}
