/*
 * transcript - the hashes over all commits of a group, section 8.2.
 */
#ifndef MLS_TRANSCRIPT_H
#define MLS_TRANSCRIPT_H

#include "mls/suite.h"

/*
 * confirmed_transcript_hash_[n] = Hash(interim_transcript_hash_[n-1] ||
 * ConfirmedTranscriptHashInput): before is the interim hash (empty at first),
 * input the encoding of
 *
 *	struct {
 *	    WireFormat wire_format;
 *	    FramedContent content; // with content_type == commit
 *	    opaque signature<V>;
 *	} ConfirmedTranscriptHashInput;
 */
void mls_transcript_confirmed(const struct mls_suite *s, struct bytes before,
    struct bytes input, uint8_t *out);

/* interim_transcript_hash_[n] = Hash(confirmed_transcript_hash_[n] ||
 * InterimTranscriptHashInput), which is the confirmation tag. */
MUST_USE enum mls_result mls_transcript_interim(const struct mls_suite *s,
    struct bytes confirmed, struct bytes confirmation_tag, uint8_t *out);

#endif
