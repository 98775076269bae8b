/*
 * home - the folder in which a person's accounts are kept.
 *
 *	HOME/accounts/lock
 *	HOME/accounts/NAME@HOST_PORT/{account,keyring,state}
 *
 * Folders have mode 0700, files 0600. A file is replaced whole: a new one is
 * written beside it, synced, renamed over it, and the folder is synced. In
 * front of a file's content stand 8 bytes, its generation, which begins at a
 * random number and grows by one with each replacement; a writer says which
 * generation it has read, and learns when another program was first. Reading
 * and writing hold the lock, so several programs may use one home at once.
 *
 * Everything here blocks for as long as the disk takes. The functions share
 * no state and may be called from any thread.
 */
#ifndef LIBSOTTO_HOME_H
#define LIBSOTTO_HOME_H

#include "base/bytes.h"
#include "base/err.h"
#include "client/client.h"
#include "wire/address.h"

#define HOME_ACCOUNTS_MAX 64
#define HOME_FILE_MAX     (1024 * 1024)

/* Whose account it is, and where. */
struct home_account {
	struct wire_name name;
	struct wire_address at;
};

/*
 * Lists the accounts of a home in the order of their names, at most
 * HOME_ACCOUNTS_MAX; *n gets how many. A home that is not there has none, and
 * a folder without an account or keyring file is none. Fails with IO, or KEY
 * when other people can read the folder.
 */
MUST_USE enum err home_list(const char *root,
    struct home_account out[HOME_ACCOUNTS_MAX], size_t *n);

/*
 * Chooses an account by "NAME" or "NAME@HOST[:PORT]", or the only one
 * (which NULL). Fails with ARG (not of that form), GONE (no such account),
 * CONFLICT (several fit), or as home_list.
 */
MUST_USE enum err home_choose(const char *root, const char *which,
    struct home_account *out);

/*
 * Reads the files of an account; those that are not there are empty. The
 * content is the caller's, who calls home_files_wipe. Fails with IO, NOMEM,
 * DECODE (a file is damaged), or KEY as above; files is then empty.
 */
MUST_USE enum err home_read(const char *root,
    const struct home_account *account, struct client_files *files);

/* Wipes and releases what home_read gave. */
void home_files_wipe(struct client_files *files);

/* A replacement of one file, and what came of it. */
struct home_write {
	enum client_file file;
	uint64_t expect;      /* generation that was read; 0: not there */
	struct bytes content; /* empty: the file is removed */
	uint64_t generation;  /* out: the file's generation now */
	uint8_t *newer;       /* out, CONFLICT: its content, to be freed by */
	size_t newer_n;       /* the caller with home_write_wipe */
};

/*
 * Replaces a file of an account if its generation is still w->expect; makes
 * the folders that are missing, and leaves no empty folder of an account
 * behind. A removed file is overwritten first, as far as the file system
 * lets us. Fails with CONFLICT, LIMIT (too long), IO, NOMEM or KEY.
 */
MUST_USE enum err home_write(const char *root,
    const struct home_account *account, struct home_write *w);

/* Wipes and releases what a CONFLICT gave. */
void home_write_wipe(struct home_write *w);

#endif
