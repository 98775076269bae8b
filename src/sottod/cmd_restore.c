#include "base/hex.h"
#include "crypto/dh.h"
#include "sottod/archive.h"
#include "sottod/cmd.h"
#include "sottod/keys.h"
#include "store/sqlite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

/* Compares the key of a folder's keys/ with what the backup belongs to. */
static int
compare_keys(const struct dir *d, const struct archive_info *info,
    struct trouble *t)
{
	struct {
		struct server_keys keys;
	} s;
	uint8_t public[X25519_LEN];
	int code = keys_read(d, &s.keys, t);

	if (code == 0) {
		x25519_public(s.keys.channel_secret, public);
		if (memcmp(public, info->server_key, sizeof public) != 0)
			code = trouble_set(t, EX_CONFIG, "restore",
			    "restore into another folder, or bring the keys "
			    "that belong to it",
			    "the keys in %s are another server's", d->path);
	}
	bytes_wipe(&s, sizeof s);
	return code;
}

/* Takes the backup apart in a folder, and looks at all that it has. */
static int
unpack(int fd, const char *folder, struct archive_info *info,
    struct trouble *t)
{
	struct dir d = { .lock_fd = -1 };
	char path[DIR_PATH_MAX];
	const char *why;
	int code = archive_read(fd, folder, info, t);

	(void)snprintf(d.path, sizeof d.path, "%s", folder);
	dir_path(path, &d, "sotto.db");
	if (code == 0 && store_sqlite_check(path, &why) != ERR_OK)
		code = trouble_set(t, EXIT_FAILURE, "restore",
		    "use another backup", "%s", why);
	if (code == 0 && info->has_keys)
		code = compare_keys(&d, info, t);
	return code;
}

/* Whether the backup may come to this folder. The log of a database that was
 * taken away without it would be played into the one that comes. */
static int
may_come(const struct dir *d, const struct archive_info *info,
    struct trouble *t)
{
	static const char *const names[] = { "sotto.db", "sotto.db-wal",
		"sotto.db-shm" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (i == 0 ? dir_has_database(d) : dir_has(d, names[i]))
			return trouble_set(t, EX_CONFIG, "restore",
			    "restore into an empty folder, or move this one "
			    "away", "%s has a database already: %s", d->path,
			    names[i]);
	if (dir_has(d, "keys"))
		return compare_keys(d, info, t);
	if (!info->has_keys)
		return trouble_set(t, EX_CONFIG, "restore",
		    "put the server's keys/ there first, or use a backup "
		    "made with --keys",
		    "neither the backup nor %s has keys", d->path);
	return 0;
}

static int
move_in(const struct dir *d, const char *folder, struct trouble *t)
{
	char from[DIR_PATH_MAX + 32], to[DIR_PATH_MAX];

	/* Keys first: with keys and no database it can be done again. */
	(void)snprintf(from, sizeof from, "%s/keys", folder);
	dir_path(to, d, "keys");
	if (!dir_has(d, "keys") && rename(from, to) != 0)
		return trouble_set(t, EXIT_FAILURE, "restore",
		    "see whether the disk is full", "%s: %s", to,
		    strerror(errno));
	(void)snprintf(from, sizeof from, "%s/sotto.db", folder);
	dir_path(to, d, "sotto.db");
	if (dir_sync(d->path) != ERR_OK || rename(from, to) != 0 ||
	    dir_sync(d->path) != ERR_OK)
		return trouble_set(t, EXIT_FAILURE, "restore",
		    "see whether the disk is full", "%s: %s", to,
		    strerror(errno));
	return 0;
}

static void
tell(const struct archive_info *info, const char *did, const char *path,
    bool is_json)
{
	char key[BASE64_LEN(WIRE_KEY_LEN) + 1];
	struct line l = { 0 };

	base64_encode(key, BYTES_OF(info->server_key));
	if (is_json) {
		line_json_begin(&l, "restore");
		line_json_text(&l, "did", did);
		line_json_text(&l, "data", path);
		line_json_text(&l, "created", info->created);
		line_json_text(&l, "key", key);
		line_json_bool(&l, "keys", info->has_keys);
		line_json_end(&l);
	} else {
		line_put(&l, "%s ", did);
		line_word(&l, path);
		line_put(&l, " from the backup of ");
		line_word(&l, info->created);
		line_put(&l, " of server %s%s", key,
		    info->has_keys ? ", with its keys" : "");
	}
	(void)say_line(l.p);
	line_free(&l);
	log_say(LOG_WARN, "what was true then is true again: passwords of "
	    "that time, devices removed since, invites used since");
}

/* Says what a restore would do, and leaves the data alone. */
static int
dry_run(int fd, const struct options *o, const struct config *c,
    struct trouble *t)
{
	const char *tmp = getenv("TMPDIR");
	char folder[CONFIG_PATH_MAX];
	struct archive_info info;
	struct dir d;
	int code;

	(void)snprintf(folder, sizeof folder, "%s/sottod-XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(folder) == NULL || dir_resolve(folder) != ERR_OK)
		return trouble_set(t, EXIT_FAILURE, "restore",
		    "name a folder to work in by TMPDIR", "%s: %s", folder,
		    strerror(errno));
	code = unpack(fd, folder, &info, t);
	archive_remove(folder);
	if (code == 0) {
		code = dir_open(&d, c->data, false, t);
		/* A folder that is not there would be made. */
		if (code == EX_UNAVAILABLE)
			code = 0;
	}
	if (code == 0)
		code = may_come(&d, &info, t);
	if (code == 0 && dir_has(&d, "lock")) {
		code = dir_lock(&d, t);
		dir_close(&d);
	}
	if (code == 0)
		tell(&info, "would restore", c->data, o->is_json);
	return code;
}

static int
restore(int fd, const struct options *o, const struct config *c,
    struct trouble *t)
{
	char folder[DIR_PATH_MAX];
	struct archive_info info;
	struct dir d;
	int code = dir_open(&d, c->data, true, t);

	if (code == 0)
		code = dir_lock(&d, t);
	if (code != 0)
		return code;
	dir_path(folder, &d, "restore.new");
	archive_remove(folder);
	if (mkdir(folder, 0700) != 0)
		code = trouble_set(t, EXIT_FAILURE, "restore",
		    "see what it is, and remove it", "%s: %s", folder,
		    strerror(errno));
	if (code == 0)
		code = unpack(fd, folder, &info, t);
	if (code == 0)
		code = may_come(&d, &info, t);
	if (code == 0)
		code = move_in(&d, folder, t);
	archive_remove(folder);
	if (code == 0)
		tell(&info, "restored", c->data, o->is_json);
	dir_close(&d);
	return code;
}

int
cmd_restore(const struct options *o, const struct config *c)
{
	struct trouble t;
	/* First of all: the folder's owner may not be able to read it. */
	int fd = archive_open(o->args[0], &t);
	int code = fd < 0 ? t.code :
	    o->is_dry_run ? dry_run(fd, o, c, &t) : restore(fd, o, c, &t);

	return code == 0 ? 0 : say_trouble(&t);
}
