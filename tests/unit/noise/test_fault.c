/* A handshake in which a primitive fails: the call says so and changes
 * nothing, so that the same call works when the fault is over. */
#include "noise/handshake.h"
#include "support/check.h"
#include "support/fault.h"

#include "crypto/crypto.h"

#include <stdlib.h>
#include <string.h>

__attribute__((constructor)) static void
start_libraries(void)
{
	if (crypto_init() != ERR_OK)
		abort();
}

#define MAX_LEN 4096

/* Between them, every token. */
static const char *const names[] = {
	"Noise_NKhfs_25519+MLKEM768_ChaChaPoly_BLAKE2b",
	"Noise_KKhfs_25519+MLKEM768_ChaChaPoly_BLAKE2b",
	"Noise_XXhfs+psk0+psk3_25519+MLKEM768_ChaChaPoly_SHA512",
	"Noise_IK_25519_AESGCM_SHA256",
};

static struct noise_pattern pattern;
static struct noise_handshake hs[2];

static bool
begin(const char *name)
{
	static const uint8_t secrets[2][X25519_LEN] = { { 1 }, { 2 } };
	static const uint8_t psks[NOISE_MAX_PSKS * NOISE_PSK_LEN] = { 3 };
	struct noise_keypair pairs[2];

	if (!CHECK_OK(noise_pattern_parse(&pattern, name)))
		return false;
	for (int i = 0; i < 2; i++)
		noise_keypair_init(&pairs[i], secrets[i]);
	for (int i = 0; i < 2; i++) {
		struct noise_keys keys = { &pairs[i], pairs[1 - i].public,
			psks, pattern.psks };

		if (!CHECK_OK(noise_handshake_init(&hs[i], &pattern,
			(enum noise_role)i, BYTES_LIT("sotto test"), &keys)))
			return false;
	}
	return true;
}

/* Does one thing, the first time with its first primitive failing, then its
 * second, until none is left and it is done. */
static void
write_through_faults(size_t i, struct wr *message)
{
	struct noise_handshake *h = &hs[i % 2], before = *h;
	struct noise_random random;
	static const uint8_t zeros[MAX_LEN];
	unsigned faults = 0;
	enum err err;

	memset(&random, (int)i + 1, sizeof random);
	for (;;) {
		fault_at(faults + 1);
		err = noise_handshake_write(h, &random, BYTES_LIT("payload"),
		    message);
		if (!fault_end())
			break;
		faults++;
		CHECK_ERR(err, ERR_CRYPTO);
		CHECK_EQ(message->n, 0);
		CHECK(memcmp(message->p, zeros, MAX_LEN) == 0);
		CHECK(memcmp(h, &before, sizeof before) == 0);
	}
	CHECK_OK(err);
	CHECK(faults > 0 || i == 0);
}

static void
read_through_faults(size_t i, struct bytes message)
{
	struct noise_handshake *h = &hs[1 - i % 2], before = *h;
	uint8_t payload[MAX_LEN];
	struct wr got = wr_init(payload, sizeof payload);
	unsigned faults = 0;
	enum err err;

	for (;;) {
		fault_at(faults + 1);
		err = noise_handshake_read(h, message, &got);
		if (!fault_end())
			break;
		faults++;
		CHECK_ERR(err, ERR_CRYPTO);
		CHECK_EQ(got.n, 0);
		CHECK(memcmp(h, &before, sizeof before) == 0);
	}
	CHECK_OK(err);
	CHECK_BYTES(wr_bytes(&got), BYTES_LIT("payload"));
}

static void
split_through_faults(struct noise_handshake *h, struct noise_split *out)
{
	unsigned faults = 0;
	enum err err;

	for (;;) {
		fault_at(faults + 1);
		err = noise_handshake_split(h, out);
		if (!fault_end())
			break;
		faults++;
		CHECK_ERR(err, ERR_CRYPTO);
		CHECK(noise_handshake_next(h) == NOISE_SPLIT);
	}
	CHECK_OK(err);
	CHECK_EQ(faults, 1);
}

TEST(a_primitive_that_fails_changes_nothing)
{
	uint8_t bytes[MAX_LEN];
	struct noise_split a, b;

	for (size_t n = 0; n < sizeof names / sizeof names[0]; n++) {
		if (!begin(names[n]))
			continue;
		for (size_t i = 0; i < pattern.messages; i++) {
			struct wr message = wr_init(bytes, sizeof bytes);

			memset(bytes, 0, sizeof bytes);
			write_through_faults(i, &message);
			read_through_faults(i, wr_bytes(&message));
		}
		split_through_faults(&hs[0], &a);
		split_through_faults(&hs[1], &b);
		CHECK_BYTES(BYTES_OF(a.x), BYTES_OF(b.x));
		CHECK_BYTES(BYTES_OF(a.h), BYTES_OF(b.h));
		CHECK(memcmp(&a.send, &b.receive, sizeof a.send) == 0);
		CHECK(memcmp(&b.send, &a.receive, sizeof b.send) == 0);
	}
}

/* Nor does a rekey that fails change the key, or a seal the counter. */
TEST(a_transport_stays_where_it_was)
{
	struct noise_transport t, before;
	uint8_t out[5 + AEAD_TAG_LEN];

	noise_transport_init(&t, (const uint8_t[NOISE_KEY_LEN]){ 7 });
	before = t;
	fault_at(1);
	CHECK_ERR(noise_transport_rekey(&t, AEAD_CHACHAPOLY), ERR_CRYPTO);
	CHECK(fault_end());
	CHECK(memcmp(&t, &before, sizeof t) == 0);
	fault_at(1);
	CHECK_ERR(noise_transport_seal(&t, AEAD_CHACHAPOLY, BYTES_NONE,
	    BYTES_LIT("hello"), out), ERR_CRYPTO);
	CHECK(fault_end());
	CHECK(memcmp(&t, &before, sizeof t) == 0);
}

CHECK_MAIN(T(a_primitive_that_fails_changes_nothing),
    T(a_transport_stays_where_it_was))
