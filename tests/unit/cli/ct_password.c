/*
 * ct_password - whether a password was typed the same way twice, on ones that
 * valgrind takes for undefined (see tests/unit/crypto/ct_check.c for how that
 * works). Their lengths are no secret, and neither is the answer.
 */
#include "cli/password.h"
#include "support/check.h"

#include <string.h>
#include <valgrind/memcheck.h>

static bool
is_same(const char *one, const char *other)
{
	struct password a = { .n = strlen(one) }, b = { .n = strlen(other) };
	bool answer;

	memcpy(a.s, one, a.n);
	memcpy(b.s, other, b.n);
	(void)VALGRIND_MAKE_MEM_UNDEFINED(a.s, sizeof a.s);
	(void)VALGRIND_MAKE_MEM_UNDEFINED(b.s, sizeof b.s);
	answer = password_is_same(&a, &b);
	(void)VALGRIND_MAKE_MEM_DEFINED(&answer, sizeof answer);
	return answer;
}

TEST(threat_31_a_password_typed_twice)
{
	CHECK(is_same("correct horse", "correct horse"));
	CHECK(!is_same("correct horse", "correct horsf"));
	CHECK(!is_same("correct horse", "Correct horse"));
	CHECK(!is_same("correct horse", "correct horses"));
}

CHECK_MAIN(T(threat_31_a_password_typed_twice))
