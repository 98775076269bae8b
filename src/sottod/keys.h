/*
 * keys - the server's secrets, in files beside the database.
 *
 * DIR/keys/ holds channel, opaque, oprf and fake: each one line of base64url.
 * All are made at once: the folder is written under another name, synced, and
 * renamed. They are never replaced; without them nobody can log in.
 */
#ifndef SOTTOD_KEYS_H
#define SOTTOD_KEYS_H

#include "server/server.h"
#include "sottod/dir.h"

/* The files' names, ended by NULL. */
extern const char *const keys_names[];

/* Makes and writes new keys. Returns 0, or fills *t and returns its code. */
int keys_make(const struct dir *d, struct trouble *t);

/* Reads the keys; refuses files that others can read, or that are not ours
 * (78). The caller wipes *keys. */
int keys_read(const struct dir *d, struct server_keys *keys,
    struct trouble *t);

/* Writes n bytes to a new file of mode 0600 at path, synced. IO. */
MUST_USE enum err keys_write_file(const char *path, const void *p, size_t n);

#endif
