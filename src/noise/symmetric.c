#include "noise/symmetric.h"

#include "base/reveal.h"

#include <string.h>

#define MAX_OUTPUTS 3

/*
 * HKDF of section 4.3: the outputs one after another, each hash_len(hash)
 * long. It is RFC 5869 with ck as the salt and no info.
 */
static enum err
hkdf(const struct noise_symmetric *sym, struct bytes input, uint8_t *outputs,
    size_t count)
{
	struct {
		uint8_t prk[HASH_MAX_LEN];
	} s;
	size_t n = hash_len(sym->hash);
	enum err err;

	hkdf_extract(sym->hash, (struct bytes){ sym->ck, n }, input, s.prk);
	TRY(hkdf_expand(sym->hash, (struct bytes){ s.prk, n }, BYTES_NONE,
	    outputs, count * n));
out:
	bytes_wipe(&s, sizeof s);
	return err;
}

void
noise_symmetric_init(struct noise_symmetric *sym, enum aead_alg aead,
    enum hash_alg hash, const char *name)
{
	struct bytes text = bytes_str(name);

	*sym = (struct noise_symmetric){ .aead = aead, .hash = hash };
	if (text.n <= hash_len(hash))
		memcpy(sym->h, text.p, text.n);
	else
		hash_one(hash, text, sym->h);
	memcpy(sym->ck, sym->h, sizeof sym->ck);
}

void
noise_symmetric_mix_hash(struct noise_symmetric *sym, struct bytes data)
{
	struct bytes parts[] = { { sym->h, hash_len(sym->hash) }, data };

	hash_parts(sym->hash, parts, 2, sym->h);
}

enum err
noise_symmetric_mix_key(struct noise_symmetric *sym, struct bytes input)
{
	struct {
		uint8_t outputs[2 * HASH_MAX_LEN]; /* ck, temp_k */
	} s;
	size_t n = hash_len(sym->hash);
	enum err err;

	TRY(hkdf(sym, input, s.outputs, 2));
	memcpy(sym->ck, s.outputs, n);
	REVEAL_BYTES("handshake", sym->ck, n);
	REVEAL_BYTES("handshake", input.p, input.n);
	noise_transport_init(&sym->cipher, s.outputs + n);
	sym->has_key = true;
out:
	bytes_wipe(&s, sizeof s);
	return err;
}

enum err
noise_symmetric_mix_key_and_hash(
    struct noise_symmetric *sym, struct bytes input)
{
	struct {
		uint8_t outputs[3 * HASH_MAX_LEN]; /* ck, temp_h, temp_k */
	} s;
	size_t n = hash_len(sym->hash);
	enum err err;

	TRY(hkdf(sym, input, s.outputs, 3));
	memcpy(sym->ck, s.outputs, n);
	noise_symmetric_mix_hash(sym, (struct bytes){ s.outputs + n, n });
	noise_transport_init(&sym->cipher, s.outputs + 2 * n);
	sym->has_key = true;
out:
	bytes_wipe(&s, sizeof s);
	return err;
}

size_t
noise_symmetric_tag_len(const struct noise_symmetric *sym)
{
	return sym->has_key ? AEAD_TAG_LEN : 0;
}

enum err
noise_symmetric_seal(struct noise_symmetric *sym, struct bytes in, uint8_t *out)
{
	struct bytes h = { sym->h, hash_len(sym->hash) };
	struct bytes sealed = { out, in.n + noise_symmetric_tag_len(sym) };
	enum err err = ERR_OK;

	if (sym->has_key)
		TRY(noise_transport_seal(&sym->cipher, sym->aead, h, in, out));
	else if (in.n != 0)
		memmove(out, in.p, in.n);
	noise_symmetric_mix_hash(sym, sealed);
out:
	return err;
}

/* The new h is made before in is opened, since out may be the same memory. */
enum err
noise_symmetric_open(struct noise_symmetric *sym, struct bytes in, uint8_t *out)
{
	struct bytes parts[] = { { sym->h, hash_len(sym->hash) }, in };
	uint8_t h[HASH_MAX_LEN] = { 0 };
	enum err err = ERR_OK;

	hash_parts(sym->hash, parts, 2, h);
	if (sym->has_key)
		TRY(noise_transport_open(
		    &sym->cipher, sym->aead, parts[0], in, out));
	else if (in.n != 0)
		memmove(out, in.p, in.n);
	memcpy(sym->h, h, sizeof sym->h);
out:
	return err;
}

enum err
noise_symmetric_split(const struct noise_symmetric *sym,
    struct noise_transport *initiator, struct noise_transport *responder,
    uint8_t x[HASH_MAX_LEN])
{
	struct {
		uint8_t outputs[MAX_OUTPUTS * HASH_MAX_LEN];
	} s;
	size_t n = hash_len(sym->hash);
	enum err err;

	TRY(hkdf(sym, BYTES_NONE, s.outputs, MAX_OUTPUTS));
	noise_transport_init(initiator, s.outputs);
	noise_transport_init(responder, s.outputs + n);
	memset(x, 0, HASH_MAX_LEN);
	memcpy(x, s.outputs + 2 * n, n);
	REVEAL_BYTES("x", x, n);
out:
	bytes_wipe(&s, sizeof s);
	return err;
}
