/*
 * archive - the single file of a backup.
 *
 * A plain tar (POSIX ustar), so that it can be looked into without sottod:
 * first MANIFEST, then the files that it lists, in its order:
 *
 *	sotto backup 1
 *	created 2026-01-31T12:00:00.000Z
 *	server-key KEY              (43 characters of base64url)
 *	HASH  sotto.db              (BLAKE2b-512, in hex)
 *	HASH  keys/channel          (and the other keys, with --keys)
 *
 * The lines with a hash are those of `b2sum`, which checks them.
 * Nothing but these names is ever taken out.
 */
#ifndef SOTTOD_ARCHIVE_H
#define SOTTOD_ARCHIVE_H

#include "sottod/dir.h"
#include "wire/address.h"

/* What a backup says about itself. */
struct archive_info {
	char created[32];
	uint8_t server_key[WIRE_KEY_LEN];
	bool has_keys;
};

/*
 * Writes a backup to file, by way of a temporary file beside it: the database
 * from db_path, and the keys of dir if info says so. Returns 0, or fills *t.
 */
int archive_write(const char *file, const struct dir *dir,
    const char *db_path, const struct archive_info *info, struct trouble *t);

/* Opens a backup; returns the descriptor, or -1 with *t filled (66). */
int archive_open(const char *file, struct trouble *t);

/*
 * Takes a backup apart into folder, which must exist and be empty: sotto.db,
 * and keys/ if there are any; all synced, all hashes checked. Closes fd.
 * Returns 0, or fills *t; whatever was written by then is left to the caller
 * to remove.
 */
int archive_read(int fd, const char *folder, struct archive_info *info,
    struct trouble *t);

/* Removes what archive_read may have left in folder, and folder. */
void archive_remove(const char *folder);

#endif
