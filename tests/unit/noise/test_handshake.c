/* The handshake engine: both ends in one process, and everything bent. */
#include "noise/handshake.h"
#include "support/check.h"

#include "crypto/crypto.h"
#include "crypto/hash.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((constructor)) static void
start_libraries(void)
{
	if (crypto_init() != ERR_OK)
		abort();
}

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define PROLOGUE     BYTES_LIT("sotto test")
#define MAX_LEN      4096

static const char *const bases[] = { "N", "K", "X", "NN", "NK", "NX", "XN",
	"XK", "XX", "KN", "KK", "KX", "IN", "IK", "IX", "NK1", "NX1", "X1N",
	"X1K", "XK1", "X1K1", "X1X", "XX1", "X1X1", "K1N", "K1K", "KK1", "K1K1",
	"K1X", "KX1", "K1X1", "I1N", "I1K", "IK1", "I1K1", "I1X", "IX1",
	"I1X1" };

/* Two ends, whose secrets are filled from a counter. */
struct pair {
	struct noise_pattern pattern;
	struct noise_keypair s[2];
	uint8_t psks[NOISE_MAX_PSKS * NOISE_PSK_LEN];
	struct noise_random random[2];
	struct noise_keys keys[2];
	struct noise_handshake hs[2];
};

/* A different byte string for every label, the same in every run. */
static void
fill(const char *label, void *out, size_t n)
{
	CHECK_OK(
	    hkdf_expand(HASH_SHA512, bytes_str(label), BYTES_NONE, out, n));
}

static bool
pair_init(struct pair *p, const char *name)
{
	uint8_t secret[X25519_LEN];

	*p = (struct pair){ 0 };
	if (!CHECK_OK(noise_pattern_parse(&p->pattern, name)))
		return false;
	fill("initiator's static key", secret, sizeof secret);
	noise_keypair_init(&p->s[0], secret);
	fill("responder's static key", secret, sizeof secret);
	noise_keypair_init(&p->s[1], secret);
	fill("pre-shared keys", p->psks, sizeof p->psks);
	fill("initiator's randomness", &p->random[0], sizeof p->random[0]);
	fill("responder's randomness", &p->random[1], sizeof p->random[1]);
	for (int i = 0; i < 2; i++) {
		p->keys[i] = (struct noise_keys){ &p->s[i], p->s[1 - i].public,
			p->psks, p->pattern.psks };
		if (!CHECK_OK(noise_handshake_init(&p->hs[i], &p->pattern,
			(enum noise_role)i, PROLOGUE, &p->keys[i])))
			return false;
	}
	return true;
}

/* Has message number i written and read, with a payload. */
static bool
pair_step(struct pair *p, size_t i)
{
	uint8_t message[MAX_LEN], payload[MAX_LEN];
	struct wr m = wr_init(message, sizeof message);
	struct wr got = wr_init(payload, sizeof payload);

	return CHECK_OK(noise_handshake_write(&p->hs[i % 2], &p->random[i % 2],
		   BYTES_LIT("payload"), &m)) &&
	       CHECK_EQ(m.n, noise_pattern_len(&p->pattern, i) + 7) &&
	       CHECK_OK(noise_handshake_read(
		   &p->hs[1 - i % 2], wr_bytes(&m), &got)) &&
	       CHECK_BYTES(wr_bytes(&got), BYTES_LIT("payload"));
}

/* Runs the messages before number `end`. */
static bool
pair_run(struct pair *p, const char *name, size_t end)
{
	if (!pair_init(p, name))
		return false;
	for (size_t i = 0; i < end && i < p->pattern.messages; i++)
		if (!pair_step(p, i))
			return false;
	return true;
}

static bool
passes(
    struct noise_transport *from, struct noise_transport *to, enum aead_alg alg)
{
	uint8_t sealed[5 + AEAD_TAG_LEN], out[5];

	return noise_transport_seal(from, alg, BYTES_NONE, BYTES_LIT("hello"),
		   sealed) == ERR_OK &&
	       noise_transport_open(
		   to, alg, BYTES_NONE, BYTES_OF(sealed), out) == ERR_OK;
}

static void
agrees(const char *name)
{
	struct pair p;
	struct noise_split a, b;
	enum aead_alg alg;

	if (!pair_run(&p, name, NOISE_MAX_MESSAGES)) {
		printf("    %s\n", name);
		return;
	}
	alg = p.pattern.aead;
	for (int i = 0; i < 2; i++)
		if (noise_pattern_has_static(&p.pattern, (enum noise_role)i))
			CHECK_BYTES(noise_handshake_remote(&p.hs[1 - i]),
			    BYTES_OF(p.s[i].public));
		else
			CHECK(noise_handshake_remote(&p.hs[1 - i]).p == NULL);
	CHECK_OK(noise_handshake_split(&p.hs[0], &a));
	CHECK_OK(noise_handshake_split(&p.hs[1], &b));
	CHECK_BYTES(BYTES_OF(a.x), BYTES_OF(b.x));
	CHECK_BYTES(BYTES_OF(a.h), BYTES_OF(b.h));
	CHECK(passes(&a.send, &b.receive, alg));
	CHECK(passes(&b.send, &a.receive, alg) ==
	      !noise_pattern_is_one_way(&p.pattern));
}

/* Every base pattern with every modifier that it takes. */
TEST(both_ends_agree_in_every_pattern)
{
	static const char *const modifiers[] = { "", "psk0", "psk1", "psk2",
		"psk3", "psk4", "hfs", "hfs+psk0", "hfs+psk2", "psk0+psk1" };
	size_t tried = 0;

	for (size_t b = 0; b < COUNT(bases); b++) {
		for (size_t m = 0; m < COUNT(modifiers); m++) {
			struct noise_pattern p;
			char name[96];

			(void)snprintf(name, sizeof name,
			    "Noise_%s%s_25519%s_ChaChaPoly_BLAKE2b", bases[b],
			    modifiers[m],
			    modifiers[m][0] == 'h' ? "+MLKEM768" : "");
			if (noise_pattern_parse(&p, name) != ERR_OK)
				continue;
			agrees(name);
			tried++;
		}
	}
	CHECK(tried > 300);
}

TEST(both_ends_agree_in_every_algorithm)
{
	static const char *const tails[] = { "ChaChaPoly_SHA256",
		"ChaChaPoly_SHA512", "ChaChaPoly_BLAKE2b", "AESGCM_SHA256",
		"AESGCM_SHA512", "AESGCM_BLAKE2b" };
	char name[96];

	for (size_t i = 0; i < COUNT(tails); i++) {
		(void)snprintf(
		    name, sizeof name, "Noise_XX_25519_%s", tails[i]);
		agrees(name);
		(void)snprintf(name, sizeof name,
		    "Noise_KKhfs+psk2_25519+MLKEM768_%s", tails[i]);
		agrees(name);
	}
}

/*
 * Goes on after message i was altered on the way and yet accepted (a key in
 * the clear changes without notice): a later message must then fail, or the
 * last one seal nothing that opens.
 */
static bool
ends_unusable(struct pair *p, size_t i)
{
	uint8_t message[MAX_LEN], payload[MAX_LEN];
	struct noise_split a, b;

	for (i++; i < p->pattern.messages; i++) {
		struct wr m = wr_init(message, sizeof message);
		struct wr got = wr_init(payload, sizeof payload);

		if (noise_handshake_write(&p->hs[i % 2], &p->random[i % 2],
			BYTES_NONE, &m) != ERR_OK ||
		    noise_handshake_read(
			&p->hs[1 - i % 2], wr_bytes(&m), &got) != ERR_OK)
			return true;
	}
	return noise_handshake_split(&p->hs[0], &a) == ERR_OK &&
	       noise_handshake_split(&p->hs[1], &b) == ERR_OK &&
	       !passes(&a.send, &b.receive, p->pattern.aead) &&
	       !passes(&b.send, &a.receive, p->pattern.aead);
}

/* Alters message i of a pattern at every step-th bit. */
static void
flips(const char *name, size_t i, size_t step)
{
	struct pair fresh, p;
	uint8_t message[MAX_LEN], payload[MAX_LEN];
	struct wr m = wr_init(message, sizeof message);
	size_t accepted = 0;

	if (!pair_run(&fresh, name, i) ||
	    !CHECK_OK(noise_handshake_write(&fresh.hs[i % 2],
		&fresh.random[i % 2], BYTES_LIT("payload"), &m)))
		return;
	for (size_t bit = 0; bit < 8 * m.n; bit += step) {
		struct wr got = wr_init(payload, sizeof payload);

		p = fresh;
		message[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (noise_handshake_read(
			&p.hs[1 - i % 2], wr_bytes(&m), &got) != ERR_OK) {
			CHECK(memcmp(&p, &fresh, sizeof p) == 0);
			CHECK_EQ(got.n, 0);
		} else {
			accepted++;
			if (!CHECK(ends_unusable(&p, i)))
				printf("    %s, message %zu, bit %zu\n", name,
				    i + 1, bit);
		}
		message[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	/* Only what stands in the clear can pass at first. */
	if (i > 0 || fresh.pattern.tokens[0][1] != NOISE_END)
		CHECK(accepted == 0 || fresh.pattern.tokens[0][1] == NOISE_E1);
}

TEST(every_flipped_bit_is_refused)
{
	static const char *const names[] = { "NK", "IK", "KK", "XX", "NN",
		"NKpsk0" };
	char name[96];

	for (size_t n = 0; n < COUNT(names); n++) {
		(void)snprintf(name, sizeof name,
		    "Noise_%s_25519_ChaChaPoly_BLAKE2b", names[n]);
		flips(name, 0, 1);
		flips(name, 1, 1);
	}
	flips("Noise_XX_25519_ChaChaPoly_BLAKE2b", 2, 1);
}

/* What sotto uses: 38,400 bits of four messages. */
TEST(threat_05_every_bit_of_channel_and_line)
{
	static const char *const names[] = { "NKhfs", "KKhfs" };
	char name[96];

	for (size_t n = 0; n < COUNT(names); n++) {
		(void)snprintf(name, sizeof name,
		    "Noise_%s_25519+MLKEM768_ChaChaPoly_BLAKE2b", names[n]);
		flips(name, 0, 1);
		flips(name, 1, 1);
	}
}

/* An e1 in the clear: some of its bits pass at first, none in the end. */
TEST(a_kem_key_in_the_clear_cannot_be_altered)
{
	flips("Noise_XXhfs_25519+MLKEM768_ChaChaPoly_BLAKE2b", 0, 97);
}

static void
cuts(const char *name)
{
	struct pair fresh, p;

	if (!pair_run(&fresh, name, 0))
		return;
	for (size_t i = 0; i < fresh.pattern.messages; i++) {
		uint8_t message[MAX_LEN], payload[MAX_LEN];
		struct wr m = wr_init(message, sizeof message);

		p = fresh;
		if (!CHECK_OK(noise_handshake_write(
			&p.hs[i % 2], &p.random[i % 2], BYTES_NONE, &m)))
			return;
		for (size_t n = 0; n < m.n; n++) {
			struct wr got = wr_init(payload, sizeof payload);

			CHECK_ERR(noise_handshake_read(&p.hs[1 - i % 2],
				      (struct bytes){ message, n }, &got),
			    ERR_DECODE);
		}
		CHECK(memcmp(&p.hs[1 - i % 2], &fresh.hs[1 - i % 2],
			  sizeof p.hs[0]) == 0);
		CHECK(pair_step(&fresh, i));
	}
}

TEST(every_truncation_is_refused)
{
	cuts("Noise_XX_25519_AESGCM_SHA256");
	cuts("Noise_NKhfs_25519+MLKEM768_ChaChaPoly_BLAKE2b");
	cuts("Noise_IKhfs+psk2_25519+MLKEM768_ChaChaPoly_SHA512");
}

TEST(longer_messages_are_refused)
{
	static uint8_t big[NOISE_MAX_MESSAGE_LEN + 1];
	struct pair p;
	uint8_t message[MAX_LEN], payload[MAX_LEN];
	struct wr m = wr_init(message, sizeof message);
	struct wr got = wr_init(payload, sizeof payload);

	CHECK(pair_run(&p, "Noise_NK_25519_ChaChaPoly_BLAKE2b", 0));
	CHECK_ERR(
	    noise_handshake_read(&p.hs[1], BYTES_OF(big), &got), ERR_TOO_BIG);
	CHECK_ERR(noise_handshake_write(&p.hs[0], &p.random[0],
		      (struct bytes){ big, NOISE_MAX_MESSAGE_LEN - 47 }, &m),
	    ERR_ARG);
	CHECK_OK(noise_handshake_write(&p.hs[0], &p.random[0], BYTES_NONE, &m));
	wr_u8(&m, 0);
	CHECK_ERR(noise_handshake_read(&p.hs[1], wr_bytes(&m), &got), ERR_AUTH);
}

TEST(calls_out_of_turn_change_nothing)
{
	struct pair p, before;
	struct noise_split split;
	uint8_t message[MAX_LEN], payload[MAX_LEN];
	struct wr m = wr_init(message, sizeof message);
	struct wr got = wr_init(payload, sizeof payload);

	CHECK(pair_run(&p, "Noise_XX_25519_ChaChaPoly_BLAKE2b", 0));
	for (size_t i = 0; i <= p.pattern.messages; i++) {
		struct noise_handshake *writer = &p.hs[i % 2];
		struct noise_handshake *reader = &p.hs[1 - i % 2];
		bool done = i == p.pattern.messages;

		before = p;
		CHECK_EQ(noise_handshake_next(writer),
		    done ? NOISE_SPLIT : NOISE_WRITE);
		CHECK_EQ(noise_handshake_next(reader),
		    done ? NOISE_SPLIT : NOISE_READ);
		CHECK_ERR(
		    noise_handshake_write(reader, &p.random[0], BYTES_NONE, &m),
		    ERR_STATE);
		CHECK_ERR(noise_handshake_read(writer, BYTES_OF(message), &got),
		    ERR_STATE);
		if (!done)
			CHECK_ERR(
			    noise_handshake_split(writer, &split), ERR_STATE);
		CHECK(memcmp(&p, &before, sizeof p) == 0);
		if (!done)
			CHECK(pair_step(&p, i));
	}
	CHECK_OK(noise_handshake_split(&p.hs[0], &split));
	CHECK_EQ(noise_handshake_next(&p.hs[0]), NOISE_OVER);
	CHECK_ERR(noise_handshake_split(&p.hs[0], &split), ERR_STATE);
	CHECK_ERR(noise_handshake_write(&p.hs[0], &p.random[0], BYTES_NONE, &m),
	    ERR_STATE);
	CHECK_ERR(
	    noise_handshake_read(&p.hs[0], BYTES_OF(message), &got), ERR_STATE);
}

TEST(a_full_buffer_changes_nothing)
{
	struct pair p, before;
	uint8_t message[MAX_LEN], payload[7];
	struct wr m, got;

	CHECK(pair_run(&p, "Noise_NKhfs_25519+MLKEM768_ChaChaPoly_BLAKE2b", 0));
	before = p;
	m = wr_init(message, 1248 + 6);
	CHECK_ERR(noise_handshake_write(
		      &p.hs[0], &p.random[0], BYTES_LIT("payload"), &m),
	    ERR_ROOM);
	CHECK_EQ(m.n, 0);
	CHECK(memcmp(&p, &before, sizeof p) == 0);
	m = wr_init(message, 1248 + 7);
	CHECK_OK(noise_handshake_write(
	    &p.hs[0], &p.random[0], BYTES_LIT("payload"), &m));
	before = p;
	got = wr_init(payload, 6);
	CHECK_ERR(noise_handshake_read(&p.hs[1], wr_bytes(&m), &got), ERR_ROOM);
	CHECK(memcmp(&p, &before, sizeof p) == 0);
	got = wr_init(payload, 7);
	CHECK_OK(noise_handshake_read(&p.hs[1], wr_bytes(&m), &got));
}

TEST(missing_keys_are_refused)
{
	struct pair p;
	struct noise_handshake hs;
	struct noise_keys keys;

	CHECK(pair_init(&p, "Noise_IKpsk1_25519_ChaChaPoly_BLAKE2b"));
	keys = p.keys[0];
	keys.s = NULL;
	CHECK_ERR(noise_handshake_init(
		      &hs, &p.pattern, NOISE_INITIATOR, PROLOGUE, &keys),
	    ERR_ARG);
	CHECK_EQ(noise_handshake_next(&hs), NOISE_OVER);
	keys = p.keys[0];
	keys.rs = NULL;
	CHECK_ERR(noise_handshake_init(
		      &hs, &p.pattern, NOISE_INITIATOR, PROLOGUE, &keys),
	    ERR_ARG);
	keys = p.keys[0];
	keys.psk_count = 0;
	CHECK_ERR(noise_handshake_init(
		      &hs, &p.pattern, NOISE_INITIATOR, PROLOGUE, &keys),
	    ERR_ARG);
	keys = p.keys[1];
	keys.rs = NULL;
	CHECK_OK(noise_handshake_init(
	    &hs, &p.pattern, NOISE_RESPONDER, PROLOGUE, &keys));
}

/* Starts p's responder anew with something different; message 1 must fail. */
static void
differs(struct pair *p, struct bytes prologue, const struct noise_keys *keys)
{
	struct noise_handshake hs[2] = { p->hs[0] };
	uint8_t message[MAX_LEN], payload[MAX_LEN];
	struct wr m = wr_init(message, sizeof message);
	struct wr got = wr_init(payload, sizeof payload);

	CHECK_OK(noise_handshake_init(
	    &hs[1], &p->pattern, NOISE_RESPONDER, prologue, keys));
	CHECK_OK(noise_handshake_write(&hs[0], &p->random[0], BYTES_NONE, &m));
	CHECK_ERR(noise_handshake_read(&hs[1], wr_bytes(&m), &got), ERR_AUTH);
}

TEST(the_prologue_and_the_keys_are_bound)
{
	struct pair p;
	struct noise_keys keys;
	uint8_t psk[NOISE_PSK_LEN] = { 1 };

	CHECK(pair_init(&p, "Noise_KKpsk1_25519_ChaChaPoly_BLAKE2b"));
	differs(&p, BYTES_LIT("sotto tesu"), &p.keys[1]);
	differs(&p, BYTES_NONE, &p.keys[1]);
	keys = p.keys[1];
	keys.s = &p.s[0];
	differs(&p, PROLOGUE, &keys);
	keys = p.keys[1];
	keys.rs = p.s[1].public;
	differs(&p, PROLOGUE, &keys);
	keys = p.keys[1];
	keys.psks = psk;
	differs(&p, PROLOGUE, &keys);
}

/* Points of small order, and zero: no secret would go into the key. */
TEST(an_all_zero_dh_is_refused)
{
	static const uint8_t points[][X25519_LEN] = {
		{ 0 },
		{ 1 },
		{ 0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56,
		    0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb,
		    0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49,
		    0xb8, 0x00 },
	};
	struct pair p, before;
	uint8_t message[X25519_LEN + AEAD_TAG_LEN] = { 0 }, payload[1];

	CHECK(pair_init(&p, "Noise_NK_25519_ChaChaPoly_BLAKE2b"));
	for (size_t i = 0; i < COUNT(points); i++) {
		struct wr got = wr_init(payload, sizeof payload);

		before = p;
		memcpy(message, points[i], X25519_LEN);
		CHECK_ERR(
		    noise_handshake_read(&p.hs[1], BYTES_OF(message), &got),
		    ERR_KEY);
		CHECK(memcmp(&p, &before, sizeof p) == 0);
	}
}

/* FIPS 203 7.2: here e1 is in the clear, so it can be given a bad value. */
TEST(a_kem_key_that_is_not_reduced_is_refused)
{
	struct pair p, before;
	uint8_t message[MAX_LEN], payload[MAX_LEN];
	struct wr m = wr_init(message, sizeof message);
	struct wr got = wr_init(payload, sizeof payload);

	CHECK(pair_init(&p, "Noise_NNhfs_25519+MLKEM768_ChaChaPoly_BLAKE2b"));
	CHECK_OK(noise_handshake_write(&p.hs[0], &p.random[0], BYTES_NONE, &m));
	memset(message + X25519_LEN, 0xff, 3);
	CHECK_OK(noise_handshake_read(&p.hs[1], wr_bytes(&m), &got));
	before = p;
	wr_reset(&m);
	CHECK_ERR(noise_handshake_write(&p.hs[1], &p.random[1], BYTES_NONE, &m),
	    ERR_KEY);
	CHECK_EQ(m.n, 0);
	CHECK(memcmp(&p, &before, sizeof p) == 0);
}

static bool
holds(const void *memory, size_t n, const void *secret, size_t len)
{
	return memmem(memory, n, secret, len) != NULL;
}

/* Returns whether n bytes hold any secret of the pair. */
static bool
holds_secrets(const struct pair *p, const void *memory, size_t n)
{
	bool found = holds(memory, n, p->psks, NOISE_PSK_LEN);

	for (int i = 0; i < 2; i++) {
		const struct noise_random *r = &p->random[i];

		found |= holds(memory, n, p->s[i].secret, X25519_LEN);
		found |= holds(memory, n, r->e, sizeof r->e);
		found |= holds(memory, n, r->e1, sizeof r->e1);
		found |= holds(memory, n, r->e1, MLKEM768_SEED_LEN / 2);
		found |= holds(memory, n, r->ekem1, sizeof r->ekem1);
	}
	return found;
}

TEST(a_finished_handshake_holds_no_secret)
{
	static const struct noise_handshake wiped;
	struct pair p;
	struct noise_split split;

	CHECK(pair_run(
	    &p, "Noise_IKhfs+psk2_25519+MLKEM768_ChaChaPoly_BLAKE2b", 1));
	CHECK(holds_secrets(&p, &p.hs[0], sizeof p.hs[0]));
	CHECK(holds_secrets(&p, &p.hs[1], sizeof p.hs[1]));
	CHECK(pair_step(&p, 1));
	for (int i = 0; i < 2; i++) {
		CHECK(!holds_secrets(&p, &p.hs[i], sizeof p.hs[i]));
		CHECK_OK(noise_handshake_split(&p.hs[i], &split));
		CHECK(memcmp(&p.hs[i], &wiped, sizeof wiped) == 0);
	}
}

/* One call of the engine, for a thread of its own. */
struct call {
	struct pair *p;
	size_t message;
	bool reads;
	struct wr *m;
};

static void *
run_call(void *arg)
{
	struct call *c = arg;
	size_t from = c->message % 2;
	struct wr none = wr_init(NULL, 0);

	if (c->reads)
		CHECK_OK(noise_handshake_read(
		    &c->p->hs[1 - from], wr_bytes(c->m), &none));
	else
		CHECK_OK(noise_handshake_write(
		    &c->p->hs[from], &c->p->random[from], BYTES_NONE, c->m));
	return NULL;
}

/* Runs the call on a clean stack and returns whether it stays clean. */
static bool
leaves_nothing(struct call *c, void *stack, size_t len)
{
	pthread_attr_t attr;
	pthread_t thread;

	memset(stack, 0, len);
	CHECK(pthread_attr_init(&attr) == 0);
	CHECK(pthread_attr_setstack(&attr, stack, len) == 0);
	CHECK(pthread_create(&thread, &attr, run_call, c) == 0);
	CHECK(pthread_join(thread, NULL) == 0);
	(void)pthread_attr_destroy(&attr);
	return !holds_secrets(c->p, stack, len) &&
	       !holds(stack, len, c->p->hs[0].sym.ck, HASH_MAX_LEN) &&
	       !holds(stack, len, c->p->hs[1].sym.ck, HASH_MAX_LEN);
}

TEST(the_stack_is_left_clean)
{
	const size_t len = 1 << 20;
	static uint8_t message[MAX_LEN];
	static struct pair p;
	void *stack = NULL;

	CHECK(pair_init(
	    &p, "Noise_XXhfs+psk3_25519+MLKEM768_ChaChaPoly_BLAKE2b"));
	if (!CHECK(posix_memalign(&stack, 4096, len) == 0))
		return;
	for (size_t i = 0; i < p.pattern.messages; i++) {
		struct wr m = wr_init(message, sizeof message);
		struct call call = { &p, i, false, &m };

		CHECK(leaves_nothing(&call, stack, len));
		call.reads = true;
		CHECK(leaves_nothing(&call, stack, len));
	}
	free(stack);
}

/* A thousand messages of noise to each end of each step. */
TEST(noise_is_refused)
{
	static const char *const names[] = {
		"Noise_NKhfs_25519+MLKEM768_ChaChaPoly_BLAKE2b",
		"Noise_XXhfs_25519+MLKEM768_ChaChaPoly_BLAKE2b",
		"Noise_IK_25519_AESGCM_SHA256",
	};
	uint8_t message[MAX_LEN], payload[MAX_LEN];
	char label[32];

	for (size_t k = 0; k < COUNT(names); k++) {
		struct pair p, before;

		CHECK(pair_run(&p, names[k], 1));
		before = p;
		for (unsigned i = 0; i < 300; i++) {
			struct wr got = wr_init(payload, sizeof payload);
			size_t n = (size_t)i * 37 % sizeof message;

			(void)snprintf(label, sizeof label, "noise %u", i);
			fill(label, message, sizeof message);
			CHECK(
			    noise_handshake_read(&p.hs[0],
				(struct bytes){ message, n }, &got) != ERR_OK);
			CHECK(memcmp(&p, &before, sizeof p) == 0);
		}
	}
}

CHECK_MAIN(T(both_ends_agree_in_every_pattern),
    T(both_ends_agree_in_every_algorithm), T(every_flipped_bit_is_refused),
    T(threat_05_every_bit_of_channel_and_line),
    T(a_kem_key_in_the_clear_cannot_be_altered), T(every_truncation_is_refused),
    T(longer_messages_are_refused), T(calls_out_of_turn_change_nothing),
    T(a_full_buffer_changes_nothing), T(missing_keys_are_refused),
    T(the_prologue_and_the_keys_are_bound), T(an_all_zero_dh_is_refused),
    T(a_kem_key_that_is_not_reduced_is_refused),
    T(a_finished_handshake_holds_no_secret), T(the_stack_is_left_clean),
    T(noise_is_refused))
