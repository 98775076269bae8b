/*
 * extension - lists of extensions, section 13.4.
 *
 *	struct {
 *	    ExtensionType extension_type;
 *	    opaque extension_data<V>;
 *	} Extension;
 *
 * A list stays encoded: what these functions call a list is the contents of
 * an Extension<V>, which mls_extensions_decode has checked once.
 */
#ifndef MLS_EXTENSION_H
#define MLS_EXTENSION_H

#include "mls/codec.h"

struct mls_extension {
	uint16_t type; /* enum mls_extension_type, or any other number */
	struct bytes data;
};

/*
 * Reads an Extension<V> and returns its contents. Fails with DECODE when an
 * extension does not parse, a type appears twice (section 13.4), or there are
 * more than MLS_MAX_EXTENSIONS.
 */
struct bytes mls_extensions_decode(struct rd *r);

/*
 * Walks a list: start with rd_init(list); returns false after the last.
 */
bool mls_extensions_next(struct rd *walk, struct mls_extension *out);

/* Returns whether list has an extension of type; if so sets *data. */
bool mls_extensions_find(struct bytes list, uint16_t type,
    struct bytes *data);

/* Writes one extension, for use between mls_wr_begin and mls_wr_end. */
void mls_extension_encode(struct wr *w, uint16_t type, struct bytes data);

/*
 * Returns whether every client supports this type without saying so: the
 * five that RFC 9420 itself defines (section 7.2).
 */
bool mls_extension_is_default(uint16_t type);

#endif
