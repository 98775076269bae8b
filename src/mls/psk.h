/*
 * psk - pre-shared keys and the secret that they become, section 8.4.
 */
#ifndef MLS_PSK_H
#define MLS_PSK_H

#include "mls/suite.h"

/*
 *	struct {
 *	    PSKType psktype;
 *	    select (PreSharedKeyID.psktype) {
 *	        case external:   opaque psk_id<V>;
 *	        case resumption: ResumptionPSKUsage usage;
 *	                         opaque psk_group_id<V>;
 *	                         uint64 psk_epoch;
 *	    };
 *	    opaque psk_nonce<V>;
 *	} PreSharedKeyID;
 */
struct mls_psk_id {
	enum mls_psk_type type;
	struct bytes id;          /* external */
	enum mls_psk_usage usage; /* resumption */
	struct bytes group_id;    /* resumption */
	uint64_t epoch;           /* resumption */
	struct bytes nonce;
};

void mls_psk_id_decode(struct rd *r, struct mls_psk_id *out);
void mls_psk_id_encode(struct wr *w, const struct mls_psk_id *id);

/* Returns whether both name the same key, whatever their nonces. */
bool mls_psk_id_same_key(
    const struct mls_psk_id *a, const struct mls_psk_id *b);

/* Section 8.4, psk_secret in the making: secret; wipe it with bytes_wipe. */
struct mls_psk_secret {
	uint16_t count; /* of all keys */
	uint16_t next;  /* index of the next one */
	uint8_t value[MLS_MAX_HASH_LEN];
};

/* Starts with the all-zero secret, which is also the result of no keys. */
void mls_psk_secret_init(struct mls_psk_secret *p, uint16_t count);

/* Mixes in the next key, in the order of the list. */
MUST_USE enum mls_result mls_psk_secret_add(struct mls_psk_secret *p,
    const struct mls_suite *s, const struct mls_psk_id *id, struct bytes psk);

#endif
