#include "sottod/dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

void
dir_path(char out[DIR_PATH_MAX], const struct dir *d, const char *name)
{
	(void)snprintf(out, DIR_PATH_MAX, "%s/%s", d->path, name);
}

bool
dir_has(const struct dir *d, const char *name)
{
	char path[DIR_PATH_MAX];
	struct stat st;

	dir_path(path, d, name);
	return lstat(path, &st) == 0;
}

bool
dir_has_database(const struct dir *d)
{
	char path[DIR_PATH_MAX];
	struct stat st;

	dir_path(path, d, "sotto.db");
	return lstat(path, &st) == 0 &&
	    (!S_ISREG(st.st_mode) || st.st_size > 0);
}

enum err
dir_resolve(char path[CONFIG_PATH_MAX])
{
	char real[PATH_MAX];

	if (realpath(path, real) == NULL)
		return ERR_IO;
	if (strlen(real) >= CONFIG_PATH_MAX) {
		errno = ENAMETOOLONG;
		return ERR_IO;
	}
	(void)strcpy(path, real);
	return ERR_OK;
}

enum err
dir_sync(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum err err = ERR_IO;

	if (fd < 0)
		return err;
	if (fsync(fd) == 0)
		err = ERR_OK;
	(void)close(fd);
	return err;
}

/* Makes a folder and those above it. */
static int
make_all(const char *path)
{
	char part[CONFIG_PATH_MAX];

	(void)snprintf(part, sizeof part, "%s", path);
	for (char *at = part + 1; *at != '\0'; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		if (mkdir(part, 0700) != 0 && errno != EEXIST)
			return -1;
		*at = '/';
	}
	return mkdir(part, 0700) != 0 && errno != EEXIST ? -1 : 0;
}

static int
wrong_owner(struct trouble *t, const char *path, uid_t owner)
{
	return trouble_set(t, EX_CONFIG, "permissions",
	    "run sottod as that user, or give the files away with chown",
	    "%s belongs to user %u, and this is user %u", path,
	    (unsigned)owner, (unsigned)geteuid());
}

int
dir_check_private(const char *path, bool is_folder, struct trouble *t)
{
	struct stat st;
	char advice[DIR_PATH_MAX + 32];

	if (lstat(path, &st) != 0)
		return trouble_set(t, EX_CONFIG, "permissions",
		    "put it back, from a backup made with --keys", "%s: %s",
		    path, strerror(errno));
	if (is_folder ? !S_ISDIR(st.st_mode) : !S_ISREG(st.st_mode))
		return trouble_set(t, EX_CONFIG, "permissions",
		    "see what it is", "%s is not a plain %s", path,
		    is_folder ? "folder" : "file");
	if (st.st_uid != geteuid())
		return wrong_owner(t, path, st.st_uid);
	if ((st.st_mode & 077) == 0)
		return 0;
	(void)snprintf(advice, sizeof advice, "chmod %s '%s'",
	    is_folder ? "700" : "600", path);
	return trouble_set(t, EX_CONFIG, "permissions", advice,
	    "others can get at %s (mode %04o)", path,
	    (unsigned)(st.st_mode & 07777));
}

void
dir_be_root(const struct dir *d)
{
	if (d->was_root)
		(void)!(seteuid(0) == 0 && setegid(0) == 0);
}

bool
dir_stay_owner(const struct dir *d)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();

	return !d->was_root ||
	    (seteuid(0) == 0 && setresgid(gid, gid, gid) == 0 &&
	    setresuid(uid, uid, uid) == 0);
}

/* Goes on as another user, and as no member of root's groups. */
static bool
become(struct dir *d, uid_t uid, gid_t gid)
{
	d->was_root = setgroups(0, NULL) == 0 && setegid(gid) == 0 &&
	    seteuid(uid) == 0;
	return d->was_root;
}

int
dir_open(struct dir *d, const char *path, bool may_make, struct trouble *t)
{
	struct stat st;
	char advice[DIR_PATH_MAX];

	*d = (struct dir){ .lock_fd = -1 };
	(void)snprintf(d->path, sizeof d->path, "%s", path);
	if (may_make && make_all(path) != 0)
		return trouble_set(t, EX_UNAVAILABLE, "data folder",
		    "make it, or name another one with --data", "%s: %s",
		    path, strerror(errno));
	if (stat(path, &st) != 0)
		return trouble_set(t, EX_UNAVAILABLE, "data folder",
		    "start a server with it first, or name another one "
		    "with --data", "%s: %s", path, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return trouble_set(t, EX_CONFIG, "data folder",
		    "name another one with --data", "%s is not a folder",
		    path);
	if (dir_resolve(d->path) != ERR_OK)
		return trouble_set(t, EX_CONFIG, "data folder",
		    "name one with a shorter path by --data", "%s: %s", path,
		    strerror(errno));
	if (st.st_uid != geteuid() &&
	    (geteuid() != 0 || !become(d, st.st_uid, st.st_gid)))
		return wrong_owner(t, path, st.st_uid);
	if ((st.st_mode & 022) == 0)
		return 0;
	(void)snprintf(advice, sizeof advice, "chmod 700 '%s'", path);
	return trouble_set(t, EX_CONFIG, "permissions", advice,
	    "others can write in %s (mode %04o)", path,
	    (unsigned)(st.st_mode & 07777));
}

int
dir_lock(struct dir *d, struct trouble *t)
{
	char path[DIR_PATH_MAX], pid[16] = "";
	int fd;
	ssize_t n;

	dir_path(path, d, "lock");
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return trouble_set(t, EX_UNAVAILABLE, "data folder",
		    "see who owns it", "%s: %s", path, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		n = read(fd, pid, sizeof pid - 1);
		(void)close(fd);
		pid[n < 0 ? 0 : n] = '\0';
		pid[strcspn(pid, "\n")] = '\0';
		return trouble_set(t, EX_UNAVAILABLE, "data folder",
		    "stop it, or name another folder with --data",
		    "%s is held by sottod, process %s", d->path,
		    pid[0] == '\0' ? "unknown" : pid);
	}
	(void)snprintf(pid, sizeof pid, "%d\n", (int)getpid());
	if (ftruncate(fd, 0) != 0 || write(fd, pid, strlen(pid)) < 0) {
		(void)close(fd);
		return trouble_set(t, EX_UNAVAILABLE, "data folder",
		    "see whether the disk is full", "%s: %s", path,
		    strerror(errno));
	}
	d->lock_fd = fd;
	return 0;
}

void
dir_tidy(const struct dir *d)
{
	DIR *all = opendir(d->path);

	if (all == NULL)
		return;
	for (struct dirent *e; (e = readdir(all)) != NULL;)
		if (strncmp(e->d_name, "snapshot-", 9) == 0)
			(void)unlinkat(dirfd(all), e->d_name, 0);
	(void)closedir(all);
}

void
dir_close(struct dir *d)
{
	if (d->lock_fd >= 0)
		(void)close(d->lock_fd);
	d->lock_fd = -1;
}
