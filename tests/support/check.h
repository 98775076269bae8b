/*
 * check - the harness of the unit tests.
 *
 * A test program is a list of TEST(name) { ... } blocks and a CHECK_MAIN at
 * the end that names them. Every test prints one line; the last line of the
 * program counts them. A failed CHECK prints where, and the test goes on, so
 * that one run shows all that is wrong.
 */
#ifndef SUPPORT_CHECK_H
#define SUPPORT_CHECK_H

#include "base/bytes.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct check_test {
	const char *name;
	void (*run)(void);
};

#define TEST(name) static void name(void)
#define T(name)    { #name, name }

#define CHECK_MAIN(...)                                                       \
	int main(int argc, char **argv)                                       \
	{                                                                     \
		static const struct check_test tests[] = { __VA_ARGS__ };     \
		return check_run(tests, sizeof tests / sizeof tests[0], argc, \
		    argv);                                                    \
	}

#define CHECK(cond)    check_true((cond), #cond, __FILE__, __LINE__)
#define CHECK_OK(call) check_err((call), ERR_OK, #call, __FILE__, __LINE__)
#define CHECK_ERR(call, want)                                                 \
	check_err((call), (want), #call, __FILE__, __LINE__)
#define CHECK_BYTES(got, want)                                                \
	check_bytes((got), (want), #got, __FILE__, __LINE__)
#define CHECK_EQ(got, want)                                                   \
	check_u64((uint64_t)(got), (uint64_t)(want), #got, __FILE__, __LINE__)

/* Each returns whether it held. */
bool check_true(bool ok, const char *what, const char *file, int line);
bool check_err(enum err got, enum err want, const char *what,
    const char *file, int line);
bool check_bytes(struct bytes got, struct bytes want, const char *what,
    const char *file, int line);
bool check_u64(uint64_t got, uint64_t want, const char *what,
    const char *file, int line);

/* Counts the running test as skipped, with the reason, n cases of it. */
void check_skip(const char *why, size_t n);

/*
 * Runs the tests whose name contains argv[1] (all without one), prints the
 * counts, returns the exit code: 0, or 1 if any failed.
 */
int check_run(const struct check_test *tests, size_t n, int argc,
    char **argv);

/* Returns the path of a file of the published vectors, or NULL if the
 * folder is not there. VECTORS in the environment overrides the place. */
const char *check_vectors(const char *name);

#endif
