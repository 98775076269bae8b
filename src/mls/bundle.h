/*
 * bundle - a key package with its secrets, for the files that mls.h is made
 * of.
 */
#ifndef MLS_BUNDLE_H
#define MLS_BUNDLE_H

#include "mls/group.h"

struct mls_bundle {
	struct mls_suite suite;
	struct wr public;           /* MLSMessage */
	struct mls_key_package kp;  /* views into it */
	uint8_t init[MLS_MAX_KEM_SECRET];
	uint8_t encryption[MLS_MAX_KEM_SECRET];
	struct mls_own_signer signer;
};

#endif
