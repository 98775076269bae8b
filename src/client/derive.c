#include "client/derive.h"

#include "base/reveal.h"
#include "crypto/hash.h"

enum err
client_derive(struct bytes secret, struct bytes label,
    uint8_t key[CLIENT_KEY_LEN])
{
	uint8_t prk[HASH_MAX_LEN];
	enum err err;

	hkdf_extract(HASH_SHA512, BYTES_NONE, secret, prk);
	err = hkdf_expand(HASH_SHA512, BYTES_OF(prk), label, key,
	    CLIENT_KEY_LEN);
	REVEAL_BYTES("derived", key, CLIENT_KEY_LEN);
	REVEAL("derived", prk);
	bytes_wipe(prk, sizeof prk);
	return err;
}
