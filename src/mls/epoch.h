/*
 * epoch - what a member knows of one epoch of a group.
 */
#ifndef MLS_EPOCH_H
#define MLS_EPOCH_H

#include "mls/group_context.h"
#include "mls/key_schedule.h"
#include "mls/secret_tree.h"
#include "mls/transcript.h"

struct mls_epoch {
	struct mls_suite suite;
	struct wr encoded;                /* the GroupContext, owned */
	struct mls_group_context context; /* views into it */
	struct mls_secrets secrets;       /* joiner, welcome and encryption
					     are wiped once used */
	struct mls_secret_tree *keys;
	struct hkdf sender_data; /* begun with sender_data_secret */
	uint8_t confirmation_tag[MLS_MAX_HASH_LEN];
	uint8_t interim_hash[MLS_MAX_HASH_LEN]; /* interim_transcript_hash */
};

/*
 * Starts an epoch with a copy of a context; the rest is zero. Fails with
 * OUT_OF_MEMORY, *e then being ready for mls_epoch_wipe like after success.
 */
MUST_USE enum mls_result mls_epoch_init(struct mls_epoch *e,
    const struct mls_suite *s, const struct mls_group_context *context);

/*
 * Takes the secrets of the epoch into use, when *e has them: begins the
 * secret tree for this many leaves, and wipes encryption_secret.
 */
MUST_USE enum mls_result mls_epoch_begin(struct mls_epoch *e, uint32_t leaves);

/* The part of it that is done again for an epoch that was saved. */
void mls_epoch_resume(struct mls_epoch *e);

/* 6.1: the confirmation tag of this epoch's commit, hash_len bytes, and the
 * interim transcript hash that follows from it. */
MUST_USE enum mls_result mls_epoch_confirm(struct mls_epoch *e);

/* Wipes and releases everything in *e. */
void mls_epoch_wipe(struct mls_epoch *e);

/* Wipes what is needed only while an epoch is the current one: all but the
 * secrets for opening late messages of others. */
void mls_epoch_retire(struct mls_epoch *e);

/* Returns one secret of e as bytes of the suite's hash length. */
struct bytes mls_epoch_secret(const struct mls_epoch *e,
    const uint8_t *secret);

#endif
