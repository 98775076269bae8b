/*
 * vault - the files of the account, as the shell has read and keeps them.
 *
 * A file is replaced whole, if its generation is still the one last known.
 * When another program was first, its content comes back: the account and
 * the keyring are then written over, since the one who changed them last is
 * right; of the state, the higher versions stay.
 */
#ifndef CLIENT_VAULT_H
#define CLIENT_VAULT_H

#include "base/wr.h"
#include "client/client.h"

struct client_vault_file {
	struct wr content;  /* as it is, or will be, on the disk; grows */
	struct wr saving;   /* what the shell holds now */
	uint64_t generation;
	bool is_changed;    /* content is to be saved */
	bool is_saving;
};

struct client_vault {
	struct client_vault_file files[CLIENT_FILES];
	enum err err; /* a save has failed since the last client_vault_take */
};

/* Takes over what the shell has read. Fails with NOMEM. */
MUST_USE enum err client_vault_init(struct client_vault *vault,
    const struct client_files *files);
void client_vault_free(struct client_vault *vault);

/* Returns the content of a file, empty if it is not there. */
struct bytes client_vault_get(const struct client_vault *vault,
    enum client_file file);

/* Replaces the content of a file and has it saved; empty removes it. Does
 * nothing in an ephemeral client. */
void client_vault_put(struct client *c, enum client_file file,
    struct bytes content);

/* Saves what c has seen, if it knows its keys. */
void client_vault_put_seen(struct client *c);

/* Returns whether nothing is being saved. */
bool client_vault_is_idle(const struct client_vault *vault);

/* Returns, and forgets, how the saves since the last call went. */
enum err client_vault_take(struct client_vault *vault);

/* For client.c: a save is over. */
void client_vault_saved(struct client *c, enum client_file file,
    enum err err, uint64_t generation, struct bytes content);

#endif
