/*
 * peer - the parts of sotto-mls-peer.
 *
 * peer.c reads commands and writes answers, peer_fields.c is what commands
 * have in common, peer_begin.c and peer_group.c are the commands, each one
 * function. docs/MLS-PEER.md has them all.
 */
#ifndef TESTS_MLS_PEER_H
#define TESTS_MLS_PEER_H

#include "mls/mls.h"

#include <jansson.h>

/* Lists that only grow; the program is short-lived. */
#define PEER_MAX_BUNDLES 65536
#define PEER_MAX_GROUPS	 4096
#define PEER_MAX_PSKS	 256

/* An identity with its keys, which groups and bundles borrow. */
struct peer_self {
	struct peer_self *next;
	uint8_t secret[MLS_MAX_SIG_SECRET];
	uint8_t public[MLS_MAX_SIG_PUBLIC];
	size_t public_len;
	uint8_t name[];
};

struct peer_psk {
	struct bytes id;
	struct bytes value;
};

struct peer {
	struct env env;
	struct mls_client client;
	struct mls_bundle *bundles[PEER_MAX_BUNDLES];
	size_t bundle_count;
	struct mls_group *groups[PEER_MAX_GROUPS];
	size_t group_count;
	struct peer_psk psks[PEER_MAX_PSKS];
	size_t psk_count;
	struct peer_self *selves;
	uint64_t now_s; /* 0: the clock's */

	/* Of the command that runs: what to free after it, and why it is
	 * not a command, if it is not. */
	void *scratch[64];
	size_t scratch_count;
	const char *usage;
};

/* Returns p, or ends the program when that is NULL. */
void *peer_must(void *p);

/* Says that a command is not one, and why; returns what a command then does.
 * The rest of it is not looked at. */
enum mls_result peer_bad(struct peer *p, const char *why);

/*
 * Each reads a field of a command. One that is missing, or unusable, makes
 * the command a bad one; the _or kind may be missing. Bytes live until the
 * end of the command.
 */
struct bytes peer_hex(struct peer *p, const json_t *in, const char *name);
struct bytes peer_hex_or_none(
    struct peer *p, const json_t *in, const char *name);
uint64_t peer_number(
    struct peer *p, const json_t *in, const char *name, uint64_t max);
uint64_t peer_number_or(struct peer *p, const json_t *in, const char *name,
    uint64_t max, uint64_t otherwise);
bool peer_flag(struct peer *p, const json_t *in, const char *name);
uint16_t peer_suite(struct peer *p, const json_t *in);

/* The group of a command: by its id, or the only one; NULL makes it bad. */
struct mls_group **peer_group(struct peer *p, const json_t *in);

/* Each writes a field of an answer; peer_put_epoch three of a group. */
void peer_put_hex(json_t *out, const char *name, struct bytes b);
void peer_put_number(json_t *out, const char *name, uint64_t v);
void peer_put_epoch(json_t *out, const struct mls_group *g);

/* Takes a new group, for which there is room, and writes it to the answer. */
enum mls_result peer_keep_group(
    struct peer *p, struct mls_group *g, json_t *out);

/* A new identity, named in the command, with fresh keys; lives as long as the
 * program. */
enum mls_result peer_new_identity(
    struct peer *p, const json_t *in, uint16_t suite, struct mls_identity *out);

/* The commands, in the order of the page. */
#define PEER_COMMANDS(X)                                                       \
	X(settings)                                                            \
	X(key_package)                                                         \
	X(create)                                                              \
	X(join)                                                                \
	X(external_join)                                                       \
	X(add)                                                                 \
	X(remove)                                                              \
	X(update)                                                              \
	X(extensions)                                                          \
	X(store_psk)                                                           \
	X(use_psk)                                                             \
	X(reinit)                                                              \
	X(successor)                                                           \
	X(branch)                                                              \
	X(forget_changes)                                                      \
	X(propose)                                                             \
	X(commit)                                                              \
	X(merge)                                                               \
	X(drop)                                                                \
	X(process)                                                             \
	X(protect)                                                             \
	X(unprotect)                                                           \
	X(export)                                                              \
	X(authenticator)                                                       \
	X(members)                                                             \
	X(group_info)                                                          \
	X(tree)                                                                \
	X(reload)                                                              \
	X(leave)

#define X(name)                                                                \
	enum mls_result peer_do_##name(                                        \
	    struct peer *p, const json_t *in, json_t *out);
PEER_COMMANDS(X)
#undef X

#endif
