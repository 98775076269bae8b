/*
 * Keys and backups are on the disk before anybody is told of them: in which
 * order files and folders are synced and named.
 */
#include "crypto/crypto.h"
#include "crypto/dh.h"
#include "sottod/archive.h"
#include "sottod/cmd.h"
#include "sottod/keys.h"
#include "store/sqlite.h"
#include "support/check.h"
#include "support/scratch.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What has happened, a word each: "path" was synced, "path>path" renamed;
 * below the folder of the test, which is ".". */
static char said[2048];
static const char *folder;

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);

static void
add(const char *path, const char *end)
{
	size_t n = strlen(folder), at = strlen(said);

	if (strncmp(path, folder, n) == 0)
		path = path[n] == '\0' ? "." : path + n + 1;
	(void)snprintf(said + at, sizeof said - at, "%s%s", path, end);
}

int
__wrap_fsync(int fd)
{
	char link[32], path[512];
	ssize_t n;

	(void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof path - 1);
	path[n < 0 ? 0 : n] = '\0';
	add(path, " ");
	return __real_fsync(fd);
}

int
__wrap_rename(const char *from, const char *to)
{
	add(from, ">");
	add(to, " ");
	return __real_rename(from, to);
}

static void
check_said(const char *want)
{
	CHECK_BYTES(bytes_str(said), bytes_str(want));
	said[0] = '\0';
}

/* A folder with keys and a database, and what a backup says of it. */
static struct dir
begin(struct archive_info *info)
{
	struct dir d = { .lock_fd = -1 };
	struct store_sqlite_options options = { 0 };
	struct store_sqlite *s;
	struct server_keys keys;
	char path[DIR_PATH_MAX];
	const char *why = "";
	struct trouble t;

	CHECK_OK(crypto_init());
	folder = scratch_new();
	said[0] = '\0';
	(void)snprintf(d.path, sizeof d.path, "%s", folder);
	CHECK_EQ(keys_make(&d, &t), 0);
	CHECK_EQ(keys_read(&d, &keys, &t), 0);
	dir_path(path, &d, "sotto.db");
	options.path = path;
	CHECK_OK(store_sqlite_open(&options, &s, &why));
	store_sqlite_close(s);
	*info = (struct archive_info){ .created = "2026-01-31T12:00:00.000Z",
		.has_keys = true };
	x25519_public(keys.channel_secret, info->server_key);
	return d;
}

TEST(keys)
{
	struct archive_info info;

	(void)begin(&info);
	check_said("keys.new/channel keys.new/opaque keys.new/oprf "
	    "keys.new/fake keys.new keys.new>keys . ");
}

TEST(backups)
{
	struct archive_info info, got;
	struct dir d = begin(&info);
	char copy[DIR_PATH_MAX], db[DIR_PATH_MAX], out[DIR_PATH_MAX];
	struct trouble t;

	dir_path(copy, &d, "copy");
	dir_path(db, &d, "sotto.db");
	dir_path(out, &d, "out");
	said[0] = '\0';
	CHECK_EQ(archive_write(copy, &d, db, &info, &t), 0);
	check_said("copy.new copy.new>copy . ");
	CHECK_EQ(mkdir(out, 0700), 0);
	CHECK_EQ(archive_read(archive_open(copy, &t), out, &got, &t), 0);
	CHECK(got.has_keys);
	check_said("out/sotto.db out/keys/channel out/keys/opaque "
	    "out/keys/oprf out/keys/fake out/keys out ");
}

/* The names come with the keys first, and each is there before the next. */
TEST(restoring)
{
	struct archive_info info;
	struct dir d = begin(&info);
	char copy[DIR_PATH_MAX], db[DIR_PATH_MAX], *args[] = { copy };
	struct options o = { .args = args, .n_args = 1 };
	struct config c = { .n_listen = 0 };
	struct trouble t;
	const char *tail;

	dir_path(copy, &d, "copy");
	dir_path(db, &d, "sotto.db");
	CHECK_EQ(archive_write(copy, &d, db, &info, &t), 0);
	folder = scratch_new();
	(void)snprintf(c.data, sizeof c.data, "%s", folder);
	said[0] = '\0';
	CHECK_EQ(cmd_restore(&o, &c), 0);
	tail = strstr(said, "restore.new/keys>");
	CHECK(tail != NULL);
	CHECK_BYTES(bytes_str(tail), bytes_str("restore.new/keys>keys . "
	    "restore.new/sotto.db>sotto.db . "));
}

CHECK_MAIN(T(keys), T(backups), T(restoring))
