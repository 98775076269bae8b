#include "libsotto/home.h"

#include "base/rd.h"
#include "base/wr.h"
#include "crypto/crypto.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define GENERATION_LEN 8
#define NEW_SUFFIX     ".new"

static const char *const file_names[CLIENT_FILES] = {
	[CLIENT_FILE_ACCOUNT] = "account",
	[CLIENT_FILE_KEYRING] = "keyring",
	[CLIENT_FILE_STATE] = "state",
};

/* ---- folders and files ---- */

/* The name of an account's folder; LIMIT when no file may be so called. */
static enum err
folder_of(char out[NAME_MAX + 1], const struct home_account *account)
{
	int n = snprintf(out, NAME_MAX + 1, "%s@%s_%u", account->name.s,
	    account->at.host, account->at.port);

	return n < 0 || n > NAME_MAX ? ERR_LIMIT : ERR_OK;
}

/* The reverse; whether this is the name of an account's folder. */
static bool
folder_parse(struct home_account *account, const char *folder)
{
	char text[NAME_MAX + 1], again[NAME_MAX + 1], *at, *port;
	struct wire_address parsed;

	(void)snprintf(text, sizeof text, "%s", folder);
	at = strchr(text, '@');
	port = strrchr(text, '_');
	if (at == NULL || port == NULL || port < at)
		return false;
	*at = '\0';
	*port = '\0';
	if (wire_name_parse(&account->name, bytes_str(text)) != ERR_OK ||
	    strlen(at + 1) > WIRE_HOST_MAX)
		return false;
	(void)snprintf(again, sizeof again, "x:%s", port + 1);
	if (wire_address_parse(&parsed, bytes_str(again), false) != ERR_OK)
		return false;
	memset(&account->at, 0, sizeof account->at);
	memcpy(account->at.host, at + 1, strlen(at + 1));
	account->at.port = parsed.port;
	return folder_of(again, account) == ERR_OK &&
	    strcmp(again, folder) == 0;
}

/* Opens a folder in dir (AT_FDCWD for a path) that nobody else may enter. */
static enum err
open_private(int dir, const char *name, int *fd)
{
	struct stat st;

	*fd = openat(dir, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*fd < 0)
		return errno == ENOENT ? ERR_GONE : ERR_IO;
	if (fstat(*fd, &st) != 0)
		return ERR_IO;
	if ((st.st_mode & 077) != 0 || st.st_uid != geteuid())
		return ERR_KEY;
	return ERR_OK;
}

static enum err
make_private(int dir, const char *name, int *fd)
{
	if (mkdirat(dir, name, 0700) == 0) {
		if (dir != AT_FDCWD && fsync(dir) != 0)
			return ERR_IO;
	} else if (errno != EEXIST) {
		return ERR_IO;
	}
	return open_private(dir, name, fd);
}

/* Makes the folders that lead to path, as mkdir -p does. */
static enum err
make_parents(const char *path)
{
	char *copy = strdup(path);
	enum err err = ERR_OK;

	NEED(copy != NULL, ERR_NOMEM);
	for (char *at = copy + 1; (at = strchr(at, '/')) != NULL; at++) {
		*at = '\0';
		NEED(mkdir(copy, 0700) == 0 || errno == EEXIST, ERR_IO);
		*at = '/';
	}
	NEED(mkdir(copy, 0700) == 0 || errno == EEXIST, ERR_IO);
out:
	free(copy);
	return err;
}

/* Opens HOME/accounts; with makes, it is there afterwards. */
static enum err
open_accounts(const char *root, bool makes, int *accounts)
{
	enum err err = ERR_OK;
	int home;

	if (makes)
		TRY(make_parents(root));
	/* The home itself may be a link or be readable: what is secret lies
	 * in the folder below. */
	home = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (home < 0)
		return errno == ENOENT ? ERR_GONE : ERR_IO;
	if (makes)
		err = make_private(home, "accounts", accounts);
	else
		err = open_private(home, "accounts", accounts);
	(void)close(home);
out:
	return err;
}

/* Takes the home's lock, which closing *fd releases. */
static enum err
lock(int accounts, int *fd)
{
	int rc;

	*fd = openat(accounts, "lock",
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (*fd < 0)
		return ERR_IO;
	do
		rc = flock(*fd, LOCK_EX);
	while (rc != 0 && errno == EINTR);
	return rc == 0 ? ERR_OK : ERR_IO;
}

static void
close_if_open(int fd)
{
	if (fd >= 0)
		(void)close(fd);
}

static enum err
read_all(int fd, uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t got = read(fd, p, n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return ERR_IO;
		p += got;
		n -= (size_t)got;
	}
	return ERR_OK;
}

static enum err
write_all(int fd, struct bytes b)
{
	while (b.n > 0) {
		ssize_t put = write(fd, b.p, b.n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return ERR_IO;
		b.p += put;
		b.n -= (size_t)put;
	}
	return ERR_OK;
}

/* Reads a file of a folder: its content to a new buffer (NULL when it is not
 * there), and its generation. */
static enum err
read_file(int folder, const char *name, uint8_t **content, size_t *n,
    uint64_t *generation)
{
	uint8_t head[GENERATION_LEN], *p = NULL;
	struct stat st;
	struct rd r;
	enum err err = ERR_OK;
	int fd;

	*content = NULL;
	*n = 0;
	*generation = 0;
	fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? ERR_OK : ERR_IO;
	NEED(fstat(fd, &st) == 0, ERR_IO);
	NEED(S_ISREG(st.st_mode) && st.st_size > GENERATION_LEN &&
	        st.st_size <= GENERATION_LEN + HOME_FILE_MAX,
	    ERR_DECODE);
	*n = (size_t)st.st_size - GENERATION_LEN;
	p = malloc(*n);
	NEED(p != NULL, ERR_NOMEM);
	TRY(read_all(fd, head, sizeof head));
	TRY(read_all(fd, p, *n));
	r = rd_init(BYTES_OF(head));
	*generation = rd_u64(&r);
	NEED(*generation != 0, ERR_DECODE);
	*content = p;
	p = NULL;
out:
	if (p != NULL)
		bytes_wipe(p, *n);
	free(p);
	(void)close(fd);
	return err;
}

/* ---- listing and choosing ---- */

/* Whether all is there that makes a device of this machine: a full disk or a
 * crash may have left less. */
static bool
is_whole(int accounts, const char *folder)
{
	const char *needed[] = { file_names[CLIENT_FILE_ACCOUNT],
		file_names[CLIENT_FILE_KEYRING] };
	char path[NAME_MAX + 32];

	for (size_t i = 0; i < 2; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", folder, needed[i]);
		if (faccessat(accounts, path, F_OK, 0) != 0)
			return false;
	}
	return true;
}

static int
by_name(const void *a, const void *b)
{
	const struct home_account *x = a, *y = b;
	int order = strcmp(x->name.s, y->name.s);

	if (order == 0)
		order = strcmp(x->at.host, y->at.host);
	return order != 0 ? order : (int)x->at.port - (int)y->at.port;
}

enum err
home_list(const char *root, struct home_account out[HOME_ACCOUNTS_MAX],
    size_t *n)
{
	enum err err;
	int fd = -1;
	DIR *dir = NULL;

	*n = 0;
	err = open_accounts(root, false, &fd);
	if (err == ERR_GONE)
		return ERR_OK;
	TRY(err);
	dir = fdopendir(fd);
	NEED(dir != NULL, ERR_IO);
	fd = -1;
	for (struct dirent *e; (e = readdir(dir)) != NULL;)
		if (*n < HOME_ACCOUNTS_MAX &&
		    folder_parse(&out[*n], e->d_name) &&
		    is_whole(dirfd(dir), e->d_name))
			++*n;
	qsort(out, *n, sizeof out[0], by_name);
out:
	if (dir != NULL)
		(void)closedir(dir);
	close_if_open(fd);
	return err;
}

/* What -a says: a name, and perhaps where. */
static enum err
parse_choice(struct home_account *want, bool *has_at, const char *which)
{
	struct bytes text = bytes_str(which);

	*has_at = strchr(which, '@') != NULL;
	if (*has_at)
		return wire_address_parse_user(&want->name, &want->at, text);
	return wire_name_parse(&want->name, text);
}

enum err
home_choose(const char *root, const char *which, struct home_account *out)
{
	struct home_account *all, want;
	bool has_at = false;
	size_t n, n_fit = 0;
	enum err err;

	all = calloc(HOME_ACCOUNTS_MAX, sizeof all[0]);
	NEED(all != NULL, ERR_NOMEM);
	if (which != NULL)
		TRY(parse_choice(&want, &has_at, which));
	TRY(home_list(root, all, &n));
	for (size_t i = 0; i < n; i++) {
		if (which != NULL && !wire_name_equal(&all[i].name, &want.name))
			continue;
		if (has_at && (strcasecmp(all[i].at.host, want.at.host) != 0 ||
		        all[i].at.port != want.at.port))
			continue;
		if (n_fit++ == 0)
			*out = all[i];
	}
	NEED(n_fit > 0, ERR_GONE);
	NEED(n_fit == 1, ERR_CONFLICT);
out:
	free(all);
	return err;
}

/* ---- reading and writing ---- */

void
home_files_wipe(struct client_files *files)
{
	for (size_t i = 0; i < CLIENT_FILES; i++) {
		uint8_t *p = (uint8_t *)(uintptr_t)files->content[i].p;

		if (p != NULL)
			bytes_wipe(p, files->content[i].n);
		free(p);
	}
	memset(files, 0, sizeof *files);
}

enum err
home_read(const char *root, const struct home_account *account,
    struct client_files *files)
{
	char folder[NAME_MAX + 1];
	int accounts = -1, locked = -1, dir = -1;
	enum err err;

	memset(files, 0, sizeof *files);
	TRY(folder_of(folder, account));
	err = open_accounts(root, false, &accounts);
	if (err == ERR_OK)
		err = open_private(accounts, folder, &dir);
	if (err == ERR_GONE) {
		err = ERR_OK;
		goto out;
	}
	TRY(err);
	TRY(lock(accounts, &locked));
	for (size_t i = 0; i < CLIENT_FILES; i++) {
		uint8_t *p;

		TRY(read_file(dir, file_names[i], &p, &files->content[i].n,
		    &files->generation[i]));
		files->content[i].p = p;
	}
out:
	if (err != ERR_OK)
		home_files_wipe(files);
	close_if_open(dir);
	close_if_open(locked);
	close_if_open(accounts);
	return err;
}

/* Writes a new file and moves it over the old one; durable on return. */
static enum err
replace_file(int folder, const char *name, const struct home_write *w)
{
	char fresh[32];
	uint8_t head[GENERATION_LEN];
	struct wr put = wr_init(head, sizeof head);
	enum err err;
	int fd;

	(void)snprintf(fresh, sizeof fresh, "%s" NEW_SUFFIX, name);
	wr_u64(&put, w->generation);
	TRY(wr_done(&put));
	/* What a crash left behind is not ours to follow or to append to. */
	(void)unlinkat(folder, fresh, 0);
	fd = openat(folder, fresh,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	NEED(fd >= 0, ERR_IO);
	err = write_all(fd, BYTES_OF(head));
	if (err == ERR_OK)
		err = write_all(fd, w->content);
	if (err == ERR_OK && fsync(fd) != 0)
		err = ERR_IO;
	if (close(fd) != 0 && err == ERR_OK)
		err = ERR_IO;
	if (err == ERR_OK && renameat(folder, fresh, folder, name) != 0)
		err = ERR_IO;
	if (err != ERR_OK)
		(void)unlinkat(folder, fresh, 0);
	TRY(err);
	NEED(fsync(folder) == 0, ERR_IO);
out:
	return err;
}

/* Overwrites a file with zeros before its name goes. */
static enum err
remove_file(int folder, const char *name, size_t n)
{
	static const uint8_t zeros[4096];
	int fd = openat(folder, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	enum err err = ERR_OK;

	if (fd < 0)
		return errno == ENOENT ? ERR_OK : ERR_IO;
	for (n += GENERATION_LEN; n > 0 && err == ERR_OK;) {
		size_t part = n < sizeof zeros ? n : sizeof zeros;

		err = write_all(fd, (struct bytes){ zeros, part });
		n -= part;
	}
	if (fsync(fd) != 0 && err == ERR_OK)
		err = ERR_IO;
	(void)close(fd);
	if (unlinkat(folder, name, 0) != 0 || fsync(folder) != 0)
		err = ERR_IO;
	return err;
}

static uint64_t
next_generation(uint64_t now)
{
	/* Random at first, so that a file removed and made anew by another
	 * program is not taken for the one that was read. */
	while (now == 0) {
		crypto_system_random(NULL, &now, sizeof now);
		now >>= 1;
	}
	return now + 1;
}

/* The write itself, in an open folder and under the lock. */
static enum err
compare_and_write(int folder, struct home_write *w)
{
	const char *name = file_names[w->file];
	uint8_t *old = NULL;
	size_t old_n = 0;
	enum err err;

	TRY(read_file(folder, name, &old, &old_n, &w->generation));
	if (w->generation != w->expect) {
		w->newer = old;
		w->newer_n = old_n;
		old = NULL;
		err = ERR_CONFLICT;
	} else if (w->content.n == 0) {
		w->generation = 0;
		TRY(remove_file(folder, name, old_n));
	} else {
		w->generation = next_generation(w->generation);
		TRY(replace_file(folder, name, w));
	}
out:
	if (old != NULL)
		bytes_wipe(old, old_n);
	free(old);
	return err;
}

enum err
home_write(const char *root, const struct home_account *account,
    struct home_write *w)
{
	char folder[NAME_MAX + 1];
	int accounts = -1, locked = -1, dir = -1;
	enum err err;

	w->newer = NULL;
	w->newer_n = 0;
	NEED(w->content.n <= HOME_FILE_MAX, ERR_LIMIT);
	TRY(folder_of(folder, account));
	TRY(open_accounts(root, true, &accounts));
	TRY(lock(accounts, &locked));
	TRY(make_private(accounts, folder, &dir));
	err = compare_and_write(dir, w);
	/* Fails, as it should, unless the folder is empty. */
	if ((w->content.n == 0 || err != ERR_OK) &&
	    unlinkat(accounts, folder, AT_REMOVEDIR) == 0)
		(void)fsync(accounts);
out:
	close_if_open(dir);
	close_if_open(locked);
	close_if_open(accounts);
	return err;
}

void
home_write_wipe(struct home_write *w)
{
	if (w->newer != NULL)
		bytes_wipe(w->newer, w->newer_n);
	free(w->newer);
	w->newer = NULL;
	w->newer_n = 0;
}
