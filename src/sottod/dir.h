/*
 * dir - the folder of a server's data: whose it is, and that one process at
 * a time has it.
 *
 *	DIR/lock      flock held by whoever has the folder; its pid inside
 *	DIR/keys/     the server's secrets, see keys.h
 *	DIR/sotto.db  accounts and invites, with -wal and -shm beside it
 *	DIR/control   while a server runs: the socket for operators' commands
 *	DIR/snapshot-N  while a backup is made: a copy of the database
 */
#ifndef SOTTOD_DIR_H
#define SOTTOD_DIR_H

#include "sottod/config.h"

#define DIR_PATH_MAX (CONFIG_PATH_MAX + 64)

struct dir {
	char path[CONFIG_PATH_MAX];
	int lock_fd; /* -1: not ours */
	bool was_root;
};

/*
 * Looks at the folder, making it (mode 0700) with may_make. Root goes on as
 * the folder's owner, so that nothing in it becomes root's. Returns 0, or
 * fills *t and returns its code: 69 when it is not there, 78 when it is not
 * ours or others may write in it.
 */
int dir_open(struct dir *d, const char *path, bool may_make,
    struct trouble *t);

/* Who was root before dir_open: becomes root again; or gives it up for ever,
 * returning whether that worked. */
void dir_be_root(const struct dir *d);
bool dir_stay_owner(const struct dir *d);

/* Takes the lock. Returns 0, or 69 with the holder's pid in *t. */
int dir_lock(struct dir *d, struct trouble *t);

/* Removes copies of the database whose takers have never come back for them;
 * to be called under the lock. */
void dir_tidy(const struct dir *d);

/* Gives the lock back. */
void dir_close(struct dir *d);

/* Writes DIR/name to out. */
void dir_path(char out[DIR_PATH_MAX], const struct dir *d, const char *name);

/* Returns whether there is a DIR/name. */
bool dir_has(const struct dir *d, const char *name);

/* Returns whether there is a database in the folder; an empty file is none. */
bool dir_has_database(const struct dir *d);

/* Replaces the path of a folder by one without links, which is what the
 * database takes. Fails with IO. */
MUST_USE enum err dir_resolve(char path[CONFIG_PATH_MAX]);

/* Makes sure that a folder's entries are on the disk. */
MUST_USE enum err dir_sync(const char *path);

/* Checks that path is a plain file or folder of ours that nobody else can
 * look into. Returns 0, or 78 with the line to type. */
int dir_check_private(const char *path, bool is_folder, struct trouble *t);

#endif
