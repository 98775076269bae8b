/*
 * The files of a home and of a server, with every call that touches them
 * failing in turn, and memory, too. A file is the old one or the new one;
 * what was said to be written is there; no descriptor stays open.
 */
#include "alloc.h"
#include "crypto/crypto.h"
#include "libsotto/home.h"
#include "sottod/keys.h"
#include "support/check.h"
#include "support/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- calls that fail ---- */

#define FAULT(name, params, args)                                             \
	int __real_##name params;                                             \
	int __wrap_##name params;                                             \
	int __wrap_##name params                                              \
	{                                                                     \
		if (!alloc_counts())                                          \
			return __real_##name args;                            \
		errno = EIO;                                                  \
		return -1;                                                    \
	}

FAULT(open64, (const char *path, int flags, mode_t mode), (path, flags, mode))
FAULT(openat64, (int dir, const char *path, int flags, mode_t mode),
    (dir, path, flags, mode))
FAULT(mkdir, (const char *path, mode_t mode), (path, mode))
FAULT(mkdirat, (int dir, const char *path, mode_t mode), (dir, path, mode))
FAULT(fstat64, (int fd, struct stat64 *st), (fd, st))
FAULT(stat64, (const char *path, struct stat64 *st), (path, st))
FAULT(lstat64, (const char *path, struct stat64 *st), (path, st))
FAULT(ftruncate64, (int fd, off64_t n), (fd, n))
FAULT(unlinkat, (int dir, const char *path, int flags), (dir, path, flags))
FAULT(flock, (int fd, int how), (fd, how))

/* In which order things come to the disk. */
static struct {
	bool is_dirty;    /* written, and not synced */
	bool is_nameless; /* renamed, and the folder is not synced */
} order;

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_rename(const char *from, const char *to);
int __real_renameat(int a, const char *from, int b, const char *to);
int __wrap_renameat(int a, const char *from, int b, const char *to);

int
__wrap_fsync(int fd)
{
	if (!alloc_counts()) {
		order.is_dirty = order.is_nameless = false;
		return __real_fsync(fd);
	}
	errno = EIO;
	return -1;
}

/* A name is given only to what is on the disk. */
int
__wrap_renameat(int a, const char *from, int b, const char *to)
{
	if (!alloc_counts()) {
		CHECK(!order.is_dirty);
		order.is_nameless = true;
		return __real_renameat(a, from, b, to);
	}
	errno = EIO;
	return -1;
}

int
__wrap_rename(const char *from, const char *to)
{
	return __wrap_renameat(AT_FDCWD, from, AT_FDCWD, to);
}

ssize_t __real_read(int fd, void *p, size_t n);
ssize_t __wrap_read(int fd, void *p, size_t n);
ssize_t __real_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n);
int __real_close(int fd);
int __wrap_close(int fd);

ssize_t
__wrap_read(int fd, void *p, size_t n)
{
	if (!alloc_counts())
		return __real_read(fd, p, n);
	errno = EIO;
	return -1;
}

/* Half of it may have been written. */
ssize_t
__wrap_write(int fd, const void *p, size_t n)
{
	if (!alloc_counts()) {
		order.is_dirty = true;
		return __real_write(fd, p, n);
	}
	(void)!__real_write(fd, p, n / 2);
	errno = EIO;
	return -1;
}

/* A descriptor is closed also when close complains. */
int
__wrap_close(int fd)
{
	int rc = __real_close(fd);

	if (!alloc_counts())
		return rc;
	errno = EIO;
	return -1;
}

/* The number that the next descriptor will have: it stays the same when none
 * is left open. */
static int
next_fd(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)close(fd);
	return fd;
}

/* A fresh name in the one folder of this program. */
static const char *
fresh(void)
{
	static const char *folder;
	static char path[256];
	static unsigned n;

	if (folder == NULL)
		folder = scratch_new();
	(void)snprintf(path, sizeof path, "%s/%u", folder, n++);
	return path;
}

/* ---- a home ---- */

static const char old_text[] = "what was there before";
static const char new_text[] = "and what is to be there instead of it";

static char root[300];
static uint64_t generation;

static struct home_account
alice(void)
{
	struct home_account a;

	memset(&a, 0, sizeof a);
	CHECK_OK(wire_address_parse_user(&a.name, &a.at,
	    BYTES_LIT("alice@server.test:7368")));
	return a;
}

static enum err
put(enum client_file file, uint64_t expect, struct bytes content)
{
	struct home_account a = alice();
	struct home_write w = { .file = file, .expect = expect,
		.content = content };
	enum err err = home_write(root, &a, &w);

	if (err == ERR_OK)
		generation = w.generation;
	home_write_wipe(&w);
	return err;
}

static void
begin_home(void)
{
	(void)snprintf(root, sizeof root, "%s/sotto", fresh());
	CHECK_OK(put(CLIENT_FILE_ACCOUNT, 0, BYTES_LIT("account")));
	CHECK_OK(put(CLIENT_FILE_KEYRING, 0, BYTES_LIT(old_text)));
}

static bool
holds(const char *want, size_t n)
{
	struct home_account a = alice();
	struct client_files files;
	bool is_it;

	CHECK_OK(home_read(root, &a, &files));
	is_it = bytes_equal(files.content[CLIENT_FILE_KEYRING],
	    (struct bytes){ (const uint8_t *)want, n });
	home_files_wipe(&files);
	return is_it;
}

static void
read_home(void)
{
	struct home_account chosen, all[HOME_ACCOUNTS_MAX];
	struct client_files files;
	int fd;
	size_t n;
	enum err err;

	begin_home();
	fd = next_fd();
	alloc_arm();
	err = home_choose(root, "alice", &chosen);
	if (err == ERR_OK)
		err = home_list(root, all, &n);
	if (err == ERR_OK) {
		CHECK_EQ(n, 1);
		err = home_read(root, &chosen, &files);
	}
	(void)alloc_disarm();
	CHECK(err == ERR_OK || alloc_has_failed());
	if (err == ERR_OK) {
		CHECK(bytes_equal(files.content[CLIENT_FILE_KEYRING],
		    BYTES_LIT(old_text)));
		home_files_wipe(&files);
	}
	CHECK_EQ(next_fd(), fd);
}

static void
write_home(void)
{
	bool is_new;
	int fd;
	enum err err;

	begin_home();
	fd = next_fd();
	alloc_arm();
	err = put(CLIENT_FILE_KEYRING, generation, BYTES_LIT(new_text));
	(void)alloc_disarm();
	CHECK(err == ERR_OK || alloc_has_failed());
	CHECK_EQ(next_fd(), fd);
	is_new = holds(new_text, sizeof new_text - 1);
	CHECK(is_new || err != ERR_OK);
	CHECK(is_new || holds(old_text, sizeof old_text - 1));
}

/* The first file of a first account: its folders are made. */
static void
make_home(void)
{
	int fd;
	enum err err;

	(void)snprintf(root, sizeof root, "%s/sotto", fresh());
	fd = next_fd();
	alloc_arm();
	err = put(CLIENT_FILE_KEYRING, 0, BYTES_LIT(new_text));
	(void)alloc_disarm();
	CHECK(err == ERR_OK || alloc_has_failed());
	CHECK_EQ(next_fd(), fd);
	if (err != ERR_OK)
		err = put(CLIENT_FILE_KEYRING, 0, BYTES_LIT(new_text));
	/* What failed may have been done: then another was first. */
	CHECK(err == ERR_OK || err == ERR_CONFLICT);
	CHECK(holds(new_text, sizeof new_text - 1));
}

/* ---- a server's keys ---- */

static void
make_keys(void)
{
	struct server_keys keys, again;
	struct trouble t;
	struct dir d;
	char path[DIR_PATH_MAX];
	int code, fd;

	memset(&keys, 0, sizeof keys);
	memset(&again, 0, sizeof again);
	(void)snprintf(path, sizeof path, "%s/server", fresh());
	CHECK_EQ(dir_open(&d, path, true, &t), 0);
	CHECK_EQ(dir_lock(&d, &t), 0);
	fd = next_fd();
	alloc_arm();
	code = keys_make(&d, &t);
	if (code == 0)
		code = keys_read(&d, &keys, &t);
	(void)alloc_disarm();
	CHECK(code == 0 || alloc_has_failed());
	CHECK_EQ(next_fd(), fd);
	/* There are all or none; who has none makes them again. */
	if (!dir_has(&d, "keys"))
		CHECK_EQ(keys_make(&d, &t), 0);
	CHECK_EQ(keys_read(&d, &again, &t), 0);
	if (code == 0)
		CHECK(memcmp(&keys, &again, sizeof keys) == 0);
	dir_close(&d);
}

static void
lock_folder(void)
{
	struct trouble t;
	struct dir d, other;
	char path[DIR_PATH_MAX];
	int code, fd;

	(void)snprintf(path, sizeof path, "%s/server", fresh());
	fd = next_fd();
	alloc_arm();
	code = dir_open(&d, path, true, &t);
	if (code == 0)
		code = dir_lock(&d, &t);
	(void)alloc_disarm();
	CHECK(code == 0 || alloc_has_failed());
	if (code == 0) {
		CHECK_EQ(dir_open(&other, path, true, &t), 0);
		CHECK(dir_lock(&other, &t) != 0);
		dir_close(&d);
	}
	CHECK_EQ(next_fd(), fd);
	CHECK_EQ(dir_open(&d, path, true, &t), 0);
	CHECK_EQ(dir_lock(&d, &t), 0);
	dir_close(&d);
}

/* So that a power cut leaves the old file or the new one: the content is
 * synced before it gets its name, and the name before success is told. */
TEST(threat_38_what_is_written_is_synced_in_order)
{
	struct server_keys keys;
	struct trouble t;
	struct dir d;
	char path[DIR_PATH_MAX];

	begin_home();
	CHECK_OK(put(CLIENT_FILE_KEYRING, generation, BYTES_LIT(new_text)));
	CHECK(!order.is_dirty && !order.is_nameless);
	(void)snprintf(path, sizeof path, "%s/server", fresh());
	CHECK_EQ(dir_open(&d, path, true, &t), 0);
	CHECK_EQ(keys_make(&d, &t), 0);
	CHECK(!order.is_dirty && !order.is_nameless);
	CHECK_EQ(keys_read(&d, &keys, &t), 0);
	dir_close(&d);
}

TEST(threat_41_reading_a_home)
{
	alloc_at_every("reading a home", read_home);
}

TEST(threat_41_writing_to_a_home)
{
	alloc_at_every("writing to a home", write_home);
}

TEST(threat_41_making_a_home)
{
	alloc_at_every("making a home", make_home);
}

TEST(threat_41_making_keys)
{
	alloc_at_every("making keys", make_keys);
}

TEST(threat_41_taking_a_folder)
{
	alloc_at_every("taking a folder", lock_folder);
}

int
main(int argc, char **argv)
{
	static const struct check_test tests[] = {
		T(threat_38_what_is_written_is_synced_in_order),
		T(threat_41_reading_a_home), T(threat_41_writing_to_a_home),
		T(threat_41_making_a_home), T(threat_41_making_keys),
		T(threat_41_taking_a_folder) };

	if (crypto_init() != ERR_OK)
		return 1;
	return check_run(tests, sizeof tests / sizeof tests[0], argc, argv);
}
