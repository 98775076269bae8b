#include "peer.h"

#include "crypto/crypto.h"
#include "noise/handshake.h"

#include <string.h>

static struct noise_pattern pattern;
static struct noise_handshake hs;
static struct noise_split split;

/* noise-keypair -> SECRET PUBLIC */
static enum err
keypair(struct peer *p)
{
	struct noise_keypair pair;
	uint8_t secret[X25519_LEN];

	crypto_system_random(NULL, secret, sizeof secret);
	noise_keypair_init(&pair, secret);
	peer_answer(p, BYTES_OF(pair.secret));
	peer_answer(p, BYTES_OF(pair.public));
	return ERR_OK;
}

/* noise-start NAME initiator|responder PROLOGUE S RS PSKS */
static enum err
start(struct peer *p)
{
	enum noise_role role = strcmp(p->word[2], "responder") == 0
				   ? NOISE_RESPONDER
				   : NOISE_INITIATOR;
	struct bytes prologue, s, rs, psks;
	struct noise_keypair pair;
	struct noise_keys keys = { 0 };
	enum err err;

	TRY(noise_pattern_parse(&pattern, p->word[1]));
	TRY(peer_bytes(p, 3, &prologue));
	TRY(peer_bytes(p, 4, &s));
	TRY(peer_bytes(p, 5, &rs));
	TRY(peer_bytes(p, 6, &psks));
	if (s.n == X25519_LEN) {
		noise_keypair_init(&pair, s.p);
		keys.s = &pair;
	}
	if (rs.n == X25519_LEN)
		keys.rs = rs.p;
	keys.psks = psks.p;
	keys.psk_count = psks.n / NOISE_PSK_LEN;
	TRY(noise_handshake_init(&hs, &pattern, role, prologue, &keys));
out:
	return err;
}

/* noise-write PAYLOAD -> MESSAGE */
static enum err
write_message(struct peer *p)
{
	struct wr message = wr_new();
	struct noise_random random;
	struct bytes payload;
	enum err err;

	crypto_system_random(NULL, &random, sizeof random);
	TRY(peer_bytes(p, 1, &payload));
	TRY(noise_handshake_write(&hs, &random, payload, &message));
	peer_answer(p, wr_bytes(&message));
out:
	wr_free(&message);
	return err;
}

/* noise-read MESSAGE -> PAYLOAD */
static enum err
read_message(struct peer *p)
{
	struct wr payload = wr_new();
	struct bytes message;
	enum err err;

	TRY(peer_bytes(p, 1, &message));
	TRY(noise_handshake_read(&hs, message, &payload));
	peer_answer(p, wr_bytes(&payload));
out:
	wr_free(&payload);
	return err;
}

/* noise-split -> H RS */
static enum err
split_both(struct peer *p)
{
	struct bytes remote = noise_handshake_remote(&hs);
	uint8_t rs[X25519_LEN];
	size_t n = remote.n;
	enum err err;

	if (n != 0)
		memcpy(rs, remote.p, n);
	TRY(noise_handshake_split(&hs, &split));
	peer_answer(p, (struct bytes){ split.h, hash_len(pattern.hash) });
	peer_answer(p, (struct bytes){ rs, n });
out:
	return err;
}

/* noise-seal PAYLOAD -> SEALED */
static enum err
seal(struct peer *p)
{
	static uint8_t sealed[NOISE_MAX_MESSAGE_LEN];
	struct bytes payload;
	enum err err;

	TRY(peer_bytes(p, 1, &payload));
	TRY(noise_transport_seal(
	    &split.send, pattern.aead, BYTES_NONE, payload, sealed));
	peer_answer(p, (struct bytes){ sealed, payload.n + AEAD_TAG_LEN });
out:
	return err;
}

/* noise-open SEALED -> PAYLOAD */
static enum err
open_sealed(struct peer *p)
{
	static uint8_t payload[NOISE_MAX_MESSAGE_LEN];
	struct bytes sealed;
	enum err err;

	TRY(peer_bytes(p, 1, &sealed));
	TRY(noise_transport_open(
	    &split.receive, pattern.aead, BYTES_NONE, sealed, payload));
	peer_answer(p, (struct bytes){ payload, sealed.n - AEAD_TAG_LEN });
out:
	return err;
}

const struct peer_command peer_noise[] = {
	{ "noise-keypair", 0, keypair },
	{ "noise-start", 6, start },
	{ "noise-write", 1, write_message },
	{ "noise-read", 1, read_message },
	{ "noise-split", 0, split_both },
	{ "noise-seal", 1, seal },
	{ "noise-open", 1, open_sealed },
	{ NULL, 0, NULL },
};
