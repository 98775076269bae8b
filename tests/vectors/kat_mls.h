/*
 * kat_mls - the kinds of vectors of MLS, one function each.
 *
 * A kind's function runs one element of a file, between kat_begin and
 * kat_end. s is the element's suite, NULL for a kind without suites.
 */
#ifndef VECTORS_KAT_MLS_H
#define VECTORS_KAT_MLS_H

#include "kat.h"
#include "mls/suite.h"

typedef void (*kat_mls_fn)(struct kat *k, const json_t *test,
    const struct mls_suite *s);

/* kat_mls_parts.c */
void kat_mls_crypto_basics(struct kat *k, const json_t *test,
    const struct mls_suite *s);
void kat_mls_deserialization(struct kat *k, const json_t *test,
    const struct mls_suite *s);
void kat_mls_key_schedule(struct kat *k, const json_t *test,
    const struct mls_suite *s);
void kat_mls_psk_secret(struct kat *k, const json_t *test,
    const struct mls_suite *s);
void kat_mls_secret_tree(struct kat *k, const json_t *test,
    const struct mls_suite *s);
void kat_mls_transcript_hashes(struct kat *k, const json_t *test,
    const struct mls_suite *s);

/* kat_mls_messages.c */
void kat_mls_message_protection(struct kat *k, const json_t *test,
    const struct mls_suite *s);
void kat_mls_messages(struct kat *k, const json_t *test,
    const struct mls_suite *s);
void kat_mls_welcome(struct kat *k, const json_t *test,
    const struct mls_suite *s);

/* kat_mls_passive.c: all files that begin with passive-client */
void kat_mls_passive_client(struct kat *k, const json_t *test,
    const struct mls_suite *s);

/* kat_mls_tree.c */
void kat_mls_tree_math(struct kat *k, const json_t *test,
    const struct mls_suite *s);
void kat_mls_tree_operations(struct kat *k, const json_t *test,
    const struct mls_suite *s);
void kat_mls_tree_validation(struct kat *k, const json_t *test,
    const struct mls_suite *s);
void kat_mls_treekem(struct kat *k, const json_t *test,
    const struct mls_suite *s);

/* Randomness for what a vector does not fix. */
extern const struct env kat_mls_env;

/* Checks a result against MLS_OK. */
bool kat_mls_ok(struct kat *k, const char *what, enum mls_result got);

#endif
