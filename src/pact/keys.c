#include "pact/keys.h"

#include "base/reveal.h"
#include "crypto/hash.h"
#include "wire/limits.h"

#include <string.h>

void
pact_keys_channel_prologue(uint8_t out[PACT_CHANNEL_PROLOGUE_LEN])
{
	memcpy(out, PACT_LABEL_CHANNEL, PACT_CHANNEL_PROLOGUE_LEN - 1);
	out[PACT_CHANNEL_PROLOGUE_LEN - 1] = WIRE_VERSION;
}

void
pact_keys_login_context(const uint8_t h[PACT_HASH_LEN],
    uint8_t out[PACT_LOGIN_CONTEXT_LEN])
{
	memcpy(out, PACT_LABEL_LOGIN, sizeof PACT_LABEL_LOGIN - 1);
	memcpy(out + sizeof PACT_LABEL_LOGIN - 1, h, PACT_HASH_LEN);
}

enum err
pact_keys_session(struct bytes x, struct bytes opaque_key,
    const uint8_t h[PACT_HASH_LEN], const struct wire_name *name,
    const uint8_t device[PACT_DEVICE_ID_LEN],
    uint8_t key[PACT_SESSION_KEY_LEN])
{
	struct {
		uint8_t ikm[2 * HASH_MAX_LEN];
		uint8_t prk[HASH_MAX_LEN];
	} s;
	uint8_t info[sizeof PACT_LABEL_SESSION + PACT_HASH_LEN +
	    WIRE_NAME_MAX + PACT_DEVICE_ID_LEN];
	struct wr ikm = wr_init(s.ikm, sizeof s.ikm);
	struct wr w = wr_init(info, sizeof info);
	enum err err;

	wr_put(&ikm, x);
	wr_put(&ikm, opaque_key);
	TRY(wr_done(&ikm));
	wr_put(&w, BYTES_LIT(PACT_LABEL_SESSION));
	wr_put(&w, (struct bytes){ h, PACT_HASH_LEN });
	wr_put(&w, wire_name_bytes(name));
	wr_put(&w, (struct bytes){ device, PACT_DEVICE_ID_LEN });
	TRY(wr_done(&w));
	hkdf_extract(HASH_SHA512, BYTES_NONE, wr_bytes(&ikm), s.prk);
	TRY(hkdf_expand(HASH_SHA512, BYTES_OF(s.prk), wr_bytes(&w), key,
	    PACT_SESSION_KEY_LEN));
	REVEAL_BYTES("session", key, PACT_SESSION_KEY_LEN);
	REVEAL("derived", s.prk);
out:
	bytes_wipe(&s, sizeof s);
	return err;
}

void
pact_keys_device_login(struct wr *w, const uint8_t h[PACT_HASH_LEN],
    const struct wire_name *name, const uint8_t device[PACT_DEVICE_ID_LEN])
{
	wr_put(w, BYTES_LIT(PACT_LABEL_DEVICE_LOGIN));
	wr_u8(w, 0);
	wr_put(w, (struct bytes){ h, PACT_HASH_LEN });
	wr_put(w, wire_name_bytes(name));
	wr_put(w, (struct bytes){ device, PACT_DEVICE_ID_LEN });
}

void
pact_keys_logout(const uint8_t key[PACT_SESSION_KEY_LEN], const char *label,
    const uint8_t client_challenge[16], const uint8_t server_challenge[16],
    uint8_t answer[32])
{
	struct bytes parts[] = { bytes_str(label), { client_challenge, 16 },
		{ server_challenge, 16 } };

	blake2b_parts((struct bytes){ key, PACT_SESSION_KEY_LEN }, parts, 3,
	    answer, 32);
}

void
pact_keys_line_end(struct wr *w, const struct wire_name *name,
    const uint8_t identity[32], const uint8_t device[PACT_DEVICE_ID_LEN])
{
	wr_vec8(w, wire_name_bytes(name));
	wr_put(w, (struct bytes){ identity, 32 });
	wr_put(w, (struct bytes){ device, PACT_DEVICE_ID_LEN });
}
