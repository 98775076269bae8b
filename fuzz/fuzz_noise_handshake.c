/*
 * The Noise engine: byte 0 chooses a pattern, byte 1 a message of it, and
 * whether what follows is that message or is added to an honest one bit by
 * bit. What is refused must change nothing. The input is also tried as the
 * name of a protocol.
 */
#include "fuzz.h"
#include "crypto/crypto.h"
#include "noise/handshake.h"

#include <string.h>

static const char *const names[] = {
	"Noise_NKhfs_25519+MLKEM768_ChaChaPoly_BLAKE2b",
	"Noise_KKhfs+psk2_25519+MLKEM768_ChaChaPoly_BLAKE2b",
	"Noise_XXhfs_25519+MLKEM768_AESGCM_SHA256",
	"Noise_X1X1_25519_ChaChaPoly_SHA512",
	"Noise_Xpsk0_25519_ChaChaPoly_BLAKE2b",
};
static struct noise_pattern patterns[5];
static struct noise_keypair s; /* of both ends */

__attribute__((constructor)) static void
prepare(void)
{
	static const uint8_t secret[X25519_LEN] = { 1 };

	MUST(crypto_init() == ERR_OK);
	noise_keypair_init(&s, secret);
	for (size_t i = 0; i < 5; i++)
		MUST(noise_pattern_parse(&patterns[i], names[i]) == ERR_OK);
}

static void
try_as_name(const uint8_t *data, size_t size)
{
	struct noise_pattern p;
	char name[NOISE_MAX_NAME_LEN + 2] = { 0 };

	memcpy(name, data, size < sizeof name ? size : sizeof name - 1);
	if (noise_pattern_parse(&p, name) == ERR_OK)
		MUST(p.messages > 0 && noise_pattern_len(&p, 0) >= X25519_LEN);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t psk[NOISE_PSK_LEN] = { 2 };
	static const struct noise_random random = { { 3 }, { 4 }, { 5 } };
	static uint8_t message[8192], payload[8192];
	const struct noise_pattern *p;
	struct noise_handshake hs[2], before;
	size_t last;

	if (size < 2 || size > sizeof message)
		return 0;
	try_as_name(data, size);
	p = &patterns[data[0] % 5];
	last = (data[1] & 0x7f) % p->messages;
	for (int i = 0; i < 2; i++)
		MUST(noise_handshake_init(&hs[i], p, (enum noise_role)i,
			 BYTES_NONE,
			 &(struct noise_keys){ &s, s.public, psk, p->psks }) ==
		     ERR_OK);
	for (size_t i = 0; i <= last; i++) {
		struct noise_handshake *from = &hs[i % 2], *to = &hs[1 - i % 2];
		struct wr m = wr_init(message, sizeof message);
		struct wr got = wr_init(payload, sizeof payload);
		bool is_raw = i == last && (data[1] & 0x80) != 0;

		MUST(noise_handshake_write(from, &random, BYTES_NONE, &m) ==
		     ERR_OK);
		for (size_t j = 2; i == last && j < size; j++)
			message[j - 2] =
			    is_raw ? data[j]
				   : (uint8_t)(message[j - 2] ^ data[j]);
		if (is_raw)
			m.n = size - 2;
		before = *to;
		if (noise_handshake_read(to, wr_bytes(&m), &got) == ERR_OK)
			continue;
		MUST(i == last && got.n == 0);
		MUST(memcmp(to, &before, sizeof before) == 0);
	}
	return 0;
}
