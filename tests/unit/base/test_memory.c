/* secret and bytes: secrets are wiped whoever frees them. */
#include "base/secret.h"
#include "support/check.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif

/* The address sanitizer lets no memory be locked. */
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define MAY_LOCK false
#else
#define MAY_LOCK true
#endif

TEST(a_secret_holds_its_bytes)
{
	struct secret *s = secret_dup(BYTES_LIT("open sesame"));

	CHECK(s != NULL);
	CHECK_BYTES(secret_view(s), BYTES_LIT("open sesame"));
	secret_free(s);
}

TEST(freeing_wipes)
{
	struct secret *s = secret_new(1000);
	uint8_t *p = secret_bytes(s);

	memset(p, 0x5a, 1000);
	secret_free(s);
	/* The first bytes now link free cells; all others are zero. */
	for (size_t i = sizeof(void *); i < 1000; i++)
		CHECK_EQ(p[i], 0);
}

TEST(a_reused_cell_starts_as_zeros)
{
	struct secret *s = secret_new(40);

	memset(secret_bytes(s), 0xff, 40);
	secret_free(s);
	s = secret_new(40);
	for (size_t i = 0; i < 40; i++)
		CHECK_EQ(secret_bytes(s)[i], 0);
	secret_free(s);
}

/* Reads the kernel's flags of the memory in which p lies. */
static void
flags_of(const void *p, char *flags, size_t cap)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	unsigned long from, to, at = (unsigned long)(uintptr_t)p;
	bool is_here = false;
	char line[512];

	flags[0] = '\0';
	while (f != NULL && fgets(line, sizeof line, f) != NULL) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			is_here = from <= at && at < to;
		else if (is_here && strncmp(line, "VmFlags:", 8) == 0)
			(void)snprintf(flags, cap, "%.200s", line + 8);
	}
	if (f != NULL)
		(void)fclose(f);
}

/* No core file has it, no swap, and no child that is forked. */
TEST(a_secret_is_in_its_process_only)
{
	struct secret *s = secret_dup(BYTES_LIT("open sesame"));
	int status = -1;
	char flags[256];
	pid_t child;

	flags_of(secret_bytes(s), flags, sizeof flags);
	CHECK(strstr(flags, " dd") != NULL);
	CHECK(strstr(flags, " wf") != NULL);
	if (MAY_LOCK)
		CHECK_EQ(strstr(flags, " lo") != NULL, secret_unlocked() == 0);
	child = fork();
	if (child == 0)
		_exit(secret_bytes(s)[0] == 0 ? 0 : 1);
	CHECK(child > 0 && waitpid(child, &status, 0) == child);
	CHECK_EQ(status, 0);
	CHECK_EQ(secret_bytes(s)[0], 'o');
	secret_free(s);
}

TEST(lengths_have_limits)
{
	CHECK(secret_new(0) == NULL);
	CHECK(secret_new(SECRET_MAX_LEN + 1) == NULL);
	secret_free(NULL);
}

TEST(many_secrets_do_not_touch)
{
	enum { N = 3000 };
	static struct secret *s[N];

	for (size_t i = 0; i < N; i++) {
		s[i] = secret_new(1 + i % 300);
		memset(secret_bytes(s[i]), (int)(i & 0xff), 1 + i % 300);
	}
	for (size_t i = 0; i < N; i++) {
		struct bytes b = secret_view(s[i]);

		CHECK_EQ(b.n, 1 + i % 300);
		CHECK(b.p[0] == (i & 0xff) && b.p[b.n - 1] == (i & 0xff));
		secret_free(s[i]);
	}
}

TEST(every_error_has_a_text_and_a_class)
{
#define X(name, class, text)                                                  \
	CHECK(strcmp(err_text(ERR_##name), text) == 0);                       \
	CHECK_EQ(err_class_of(ERR_##name), ERR_CLASS_##class);
	ERRS(X)
#undef X
	CHECK(err_text((enum err)1000) != NULL);
}

TEST(bytes_are_ordered_like_words)
{
	CHECK(bytes_compare(BYTES_LIT("a"), BYTES_LIT("b")) < 0);
	CHECK(bytes_compare(BYTES_LIT("ab"), BYTES_LIT("a")) > 0);
	CHECK(bytes_compare(BYTES_NONE, BYTES_NONE) == 0);
	CHECK(bytes_equal(BYTES_LIT("ab"), BYTES_LIT("ab")));
	CHECK(!bytes_equal(BYTES_LIT("ab"), BYTES_LIT("ac")));
}

CHECK_MAIN(T(a_secret_holds_its_bytes), T(freeing_wipes),
    T(a_reused_cell_starts_as_zeros),
    T(a_secret_is_in_its_process_only), T(lengths_have_limits),
    T(many_secrets_do_not_touch), T(every_error_has_a_text_and_a_class),
    T(bytes_are_ordered_like_words))
