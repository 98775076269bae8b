/*
 * In which order a home's files are written, synced and named: what a power
 * cut leaves is the old file or the new one, and of a file that was removed
 * its bytes are gone from the disk before its name is. The calls of home.c
 * come by here, by the linker's --wrap.
 */
#include "libsotto/home.h"

#include "support/check.h"
#include "support/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_renameat(int from, const char *old, int to, const char *new);
int __wrap_renameat(int from, const char *old, int to, const char *new);
int __real_unlinkat(int dir, const char *name, int flags);
int __wrap_unlinkat(int dir, const char *name, int flags);
int __real_mkdirat(int dir, const char *name, mode_t mode);
int __wrap_mkdirat(int dir, const char *name, mode_t mode);
ssize_t __real_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n);

/*
 * What succeeded, a letter each: write, zeros written, sync of a file, of a
 * directory, rename, unlink, mkdir. The n'th sync fails, if n is not 0.
 */
static char calls[256];
static unsigned n_calls, failing_sync;

static void
call(char letter)
{
	if (n_calls < sizeof calls - 1)
		calls[n_calls++] = letter;
}

int
__wrap_fsync(int fd)
{
	struct stat st = { 0 };

	(void)fstat(fd, &st);
	if (failing_sync > 0 && --failing_sync == 0) {
		errno = EIO;
		return -1;
	}
	call(S_ISDIR(st.st_mode) ? 'd' : 's');
	return __real_fsync(fd);
}

int
__wrap_renameat(int from, const char *old, int to, const char *new)
{
	int rc = __real_renameat(from, old, to, new);

	if (rc == 0)
		call('r');
	return rc;
}

int
__wrap_unlinkat(int dir, const char *name, int flags)
{
	int rc = __real_unlinkat(dir, name, flags);

	if (rc == 0)
		call('u');
	return rc;
}

int
__wrap_mkdirat(int dir, const char *name, mode_t mode)
{
	int rc = __real_mkdirat(dir, name, mode);

	if (rc == 0)
		call('m');
	return rc;
}

ssize_t
__wrap_write(int fd, const void *p, size_t n)
{
	static const uint8_t zeros[4096];

	call(n <= sizeof zeros && memcmp(p, zeros, n) == 0 ? 'z' : 'w');
	return __real_write(fd, p, n);
}

static char root[128];
static struct home_account al;
static uint64_t generation;

static void
fresh(void)
{
	(void)snprintf(root, sizeof root, "%s/sotto", scratch_new());
	memset(&al, 0, sizeof al);
	CHECK_OK(wire_address_parse_user(&al.name, &al.at,
	    bytes_str("al@h:1")));
	generation = 0;
}

/* Writes the keyring (or removes it: ""); returns the calls. */
static const char *
put(const char *content, unsigned bad_sync, enum err want)
{
	struct home_write w = { CLIENT_FILE_KEYRING, generation,
		bytes_str(content), 0, NULL, 0 };

	memset(calls, 0, sizeof calls);
	n_calls = 0;
	failing_sync = bad_sync;
	CHECK_ERR(home_write(root, &al, &w), want);
	failing_sync = 0;
	if (want == ERR_OK)
		generation = w.generation;
	home_write_wipe(&w);
	return calls;
}

/* The keyring's path, or that of its new version. */
static const char *
path_of(const char *suffix)
{
	static char path[256];

	(void)snprintf(path, sizeof path, "%s/accounts/al@h_1/keyring%s",
	    root, suffix);
	return path;
}

static bool
holds(const char *want)
{
	struct client_files files;
	bool same;

	CHECK_OK(home_read(root, &al, &files));
	same = bytes_equal(files.content[CLIENT_FILE_KEYRING],
	    bytes_str(want));
	home_files_wipe(&files);
	return same;
}

/* Folders are synced into theirs; the file is, before it has its name, and
 * the name after it. */
TEST(a_file_is_synced_before_and_after_it_is_named)
{
	fresh();
	CHECK(strcmp(put("one", 0, ERR_OK), "mdmdwwsrd") == 0);
	CHECK(strcmp(put("two", 0, ERR_OK), "wwsrd") == 0);
	CHECK(holds("two"));
}

/* What a crash has left is neither continued nor followed. */
TEST(what_lies_in_the_way_is_taken_away)
{
	char elsewhere[256];
	struct stat st;

	fresh();
	(void)put("one", 0, ERR_OK);
	(void)snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", root);
	CHECK(symlink(elsewhere, path_of(".new")) == 0);
	CHECK(strcmp(put("two", 0, ERR_OK), "uwwsrd") == 0);
	CHECK(holds("two"));
	CHECK(lstat(elsewhere, &st) != 0);
	CHECK(lstat(path_of(".new"), &st) != 0);
	CHECK(lstat(path_of(""), &st) == 0 && S_ISREG(st.st_mode));
}

/* A sync that fails is told. Until the rename, the old file stays. */
TEST(a_sync_that_fails_is_an_error)
{
	fresh();
	(void)put("one", 0, ERR_OK);
	CHECK(strcmp(put("two", 1, ERR_IO), "wwu") == 0);
	CHECK(holds("one"));
	CHECK(access(path_of(".new"), F_OK) != 0);
	CHECK(strcmp(put("two", 2, ERR_IO), "wwsr") == 0);
	CHECK(holds("two"));
}

/* The bytes of a keyring that is forgotten are gone before its name is. */
TEST(what_is_removed_is_overwritten_first)
{
	fresh();
	(void)put("one", 0, ERR_OK);
	CHECK(strcmp(put("", 0, ERR_OK), "zsudud") == 0);
	CHECK(access(path_of(""), F_OK) != 0);
	(void)put("one", 0, ERR_OK);
	(void)put("", 1, ERR_IO);
}

CHECK_MAIN(T(a_file_is_synced_before_and_after_it_is_named),
    T(what_lies_in_the_way_is_taken_away), T(a_sync_that_fails_is_an_error),
    T(what_is_removed_is_overwritten_first))
