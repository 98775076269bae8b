#include "support/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
	bool failed;
	size_t skipped;
} now;

bool
check_true(bool ok, const char *what, const char *file, int line)
{
	if (!ok) {
		printf("  %s:%d: %s\n", file, line, what);
		now.failed = true;
	}
	return ok;
}

bool
check_err(enum err got, enum err want, const char *what, const char *file,
    int line)
{
	if (got == want)
		return true;
	printf("  %s:%d: %s\n    got \"%s\", want \"%s\"\n", file, line, what,
	    err_text(got), err_text(want));
	now.failed = true;
	return false;
}

static void
print_hex(const char *label, struct bytes b)
{
	printf("    %s (%zu) ", label, b.n);
	for (size_t i = 0; i < b.n && i < 80; i++)
		printf("%02x", b.p[i]);
	printf("%s\n", b.n > 80 ? "..." : "");
}

bool
check_bytes(struct bytes got, struct bytes want, const char *what,
    const char *file, int line)
{
	if (bytes_equal(got, want))
		return true;
	printf("  %s:%d: %s\n", file, line, what);
	print_hex("got ", got);
	print_hex("want", want);
	now.failed = true;
	return false;
}

bool
check_u64(uint64_t got, uint64_t want, const char *what, const char *file,
    int line)
{
	if (got == want)
		return true;
	printf("  %s:%d: %s is %" PRIu64 ", want %" PRIu64 "\n", file, line,
	    what, got, want);
	now.failed = true;
	return false;
}

void
check_skip(const char *why, size_t n)
{
	printf("  skipped %zu: %s\n", n, why);
	now.skipped += n;
}

int
check_run(const struct check_test *tests, size_t n, int argc, char **argv)
{
	size_t passed = 0, failed = 0, skipped = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < n; i++) {
		if (argc > 1 && strstr(tests[i].name, argv[1]) == NULL)
			continue;
		now.failed = false;
		now.skipped = 0;
		tests[i].run();
		printf("%s %s\n",
		    now.failed            ? "FAIL" :
			now.skipped > 0   ? "skip" :
					    "ok  ",
		    tests[i].name);
		failed += now.failed;
		skipped += now.skipped;
		passed += !now.failed && now.skipped == 0;
	}
	printf("%zu passed, %zu failed, %zu skipped\n", passed, failed,
	    skipped);
	return failed > 0;
}

const char *
check_vectors(const char *name)
{
	static char path[1024];
	const char *dir = getenv("VECTORS");

	if (dir == NULL)
		dir = "../shared/vectors";
	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	return access(path, R_OK) == 0 ? path : NULL;
}
