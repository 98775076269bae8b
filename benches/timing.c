/*
 * timing - whether the time of what handles secrets tells of them.
 *
 *	bench-timing [SAMPLES [NAME]]
 *
 * After dudect (Reparaz, Balasch, Verbauwhede: "Dude, is my code constant
 * time?"): each function gets inputs of two kinds in random order, and
 * Welch's t-test says whether their times differ. A kind is where something
 * wrong differs from what is right (first byte or last), or a secret that is
 * always the same or always another.
 *
 * Both kinds are copied to the same place, by the same path, before the clock
 * is read. A comparison that stops at the first difference is measured first:
 * what cannot show that one shows nothing.
 *
 * Prints a line each: name, "t", t, and the medians of both kinds in ns.
 */
#include "world.h"

#include "welch.h"

#include "client/box.h"
#include "client/keyring.h"
#include "crypto/crypto.h"
#include "crypto/ct.h"
#include "crypto/mlkem.h"
#include "crypto/sig.h"
#include "opaque/server.h"
#include "server/core.h"
#include "server/effort.h"
#include "server/pass.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef __x86_64__
#include <x86intrin.h>
#endif

#define SAMPLES 1000000
#define WARM_UP 10000
#define ROOM    2048

/* The two kinds of input, and the place where the function finds its own. */
static _Alignas(64) uint8_t kinds[WELCH_KINDS][ROOM], input[ROOM];
static volatile unsigned result; /* so that nothing is optimized away */

static const uint8_t nonce[24] = { 9, 8, 7 };
static uint8_t key[64] = { 5, 6, 7 };
static struct world w;

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	(void)fprintf(stderr, "bench-timing: %s\n", what);
	exit(1);
}

/* xorshift64*: what is drawn need not be good, only quick. */
static uint64_t
draw(void)
{
	static uint64_t x = 88172645463325252;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	return x * UINT64_C(2685821657736338717);
}

static void
draw_bytes(uint8_t *out, size_t n)
{
	for (size_t i = 0; i < n; i += 8) {
		uint64_t v = draw();

		memcpy(out + i, &v, n - i < 8 ? n - i : 8);
	}
}

static uint64_t
ticks(void)
{
#ifdef __x86_64__
	uint64_t now;

	_mm_mfence();
	_mm_lfence();
	now = __rdtsc();
	_mm_lfence();
	return now;
#else
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
#endif
}

/* Both kinds are these n bytes; of `tail` bytes at `at` the first is wrong in
 * one, the last in the other. Returns n. */
static size_t
wrong(struct bytes right, size_t at, size_t tail)
{
	must(right.n <= ROOM, "no room");
	memcpy(kinds[0], right.p, right.n);
	memcpy(kinds[1], right.p, right.n);
	kinds[0][at] ^= 1;
	kinds[1][at + tail - 1] ^= 1;
	return right.n;
}

/* The tag at the end of what was sealed is wrong. */
static size_t
wrong_tag(struct bytes sealed)
{
	return wrong(sealed, sealed.n - AEAD_TAG_LEN, AEAD_TAG_LEN);
}

/* ---- comparisons ---- */

static size_t
begin_compare(void)
{
	return wrong((struct bytes){ key, 32 }, 0, 32);
}

static void
run_early_exit(void)
{
	const volatile uint8_t *a = input, *b = key;
	size_t i = 0;

	while (i < 32 && a[i] == b[i])
		i++;
	result = i == 32;
}

static void
run_ct_equal(void)
{
	result = ct_equal(input, key, 32);
}

/* ---- what is sealed ---- */

static struct noise_transport transport;

static size_t
begin_record(void)
{
	static uint8_t sealed[510];
	struct noise_transport from;

	noise_transport_init(&from, key);
	noise_transport_init(&transport, key);
	must(noise_transport_seal(&from, AEAD_CHACHAPOLY, BYTES_NONE,
	    (struct bytes){ sealed, sizeof sealed - AEAD_TAG_LEN }, sealed) ==
	    ERR_OK, "no record");
	return wrong_tag(BYTES_OF(sealed));
}

static void
run_record(void)
{
	static uint8_t text[510];

	result = noise_transport_open(&transport, AEAD_CHACHAPOLY, BYTES_NONE,
	    (struct bytes){ input, sizeof text }, text);
}

static size_t
begin_gcm(void)
{
	static uint8_t sealed[256 + AEAD_TAG_LEN];

	must(aead_seal(AEAD_AES256GCM, key, nonce, BYTES_NONE,
	    (struct bytes){ sealed, 256 }, sealed) == ERR_OK, "no message");
	return wrong_tag(BYTES_OF(sealed));
}

static void
run_gcm(void)
{
	static uint8_t text[256];

	result = aead_open(AEAD_AES256GCM, key, nonce, BYTES_NONE,
	    (struct bytes){ input, sizeof text + AEAD_TAG_LEN }, text);
}

static size_t
begin_ticket(void)
{
	struct pact_ticket ticket = { .id = { 1 }, .name = { "bob" } };
	uint8_t sealed[PACT_TICKET_LEN];

	must(pact_ticket_seal(&ticket, key, nonce, sealed) == ERR_OK,
	    "no ticket");
	return wrong_tag(BYTES_OF(sealed));
}

static void
run_ticket(void)
{
	struct pact_ticket ticket;

	result = pact_ticket_open(
	    (struct bytes){ input, PACT_TICKET_LEN }, key, &ticket);
}

static struct client_account account = { .name = { "alice" } };

static size_t
begin_keyring(void)
{
	struct client_keyring_head head = { { 3, 65536 }, { 2 } };
	struct client_keys keys = { { 1 }, { 2 }, { 3 } };
	struct wr out = wr_new();
	size_t n;

	must(client_keyring_seal(&head, &account, key, &keys, nonce, &out) ==
	    ERR_OK, "no keyring");
	n = wrong_tag(wr_bytes(&out));
	wr_free(&out);
	return n;
}

static void
run_keyring(void)
{
	struct client_keys keys;

	result = client_keyring_open(
	    (struct bytes){ input, CLIENT_KEYRING_LEN }, &account, key, &keys);
}

/* A box that opens, with the seed of another identity than the account's,
 * whose public key is in front of it. */
static size_t
begin_identity(void)
{
	struct client_identity id = { { 1 }, { 2 } };

	for (size_t i = 0; i < WELCH_KINDS; i++) {
		struct wr out = wr_new();

		ed25519_public(id.seed, account.identity);
		account.identity[i == 0 ? 0 : 31] ^= 1;
		must(client_box_seal_identity(&id, &account, key, 1, nonce,
		    &out) == ERR_OK, "no box");
		memcpy(kinds[i], account.identity, 32);
		memcpy(kinds[i] + 32, out.p, out.n);
		wr_free(&out);
	}
	return 32 + CLIENT_IDENTITY_BOX_LEN;
}

static void
run_identity(void)
{
	struct client_identity id;

	memcpy(account.identity, input, 32);
	result = client_box_open_identity(
	    (struct bytes){ input + 32, CLIENT_IDENTITY_BOX_LEN }, &account,
	    key, 1, &id);
}

/* ---- at the server's door ---- */

static size_t
begin_mac1(void)
{
	static uint8_t message1[PACT_GUARD_MESSAGE1_LEN];
	const struct pact_guard_first first = { .kind = PACT_GUARD_PLAIN,
		.message1 = BYTES_OF(message1) };
	struct wr out = wr_new();
	size_t n;

	must(pact_guard_write_first(&out, key, &first) == ERR_OK,
	    "no first record");
	n = wrong(wr_bytes(&out), out.n - PACT_GUARD_MAC_LEN,
	    PACT_GUARD_MAC_LEN);
	wr_free(&out);
	return n;
}

static void
run_mac1(void)
{
	struct pact_guard_first first;

	result = pact_guard_read_first((struct bytes){ input,
	    2 + PACT_GUARD_MESSAGE1_LEN + PACT_GUARD_MAC_LEN }, key, &first);
}

static size_t
begin_challenge(void)
{
	uint8_t challenge[PACT_GUARD_CHALLENGE_LEN];

	server_pass_challenge(w.server, 1, challenge);
	return wrong(BYTES_OF(challenge), 0, sizeof challenge);
}

static void
run_challenge(void)
{
	struct pact_guard_first first = { .kind = PACT_GUARD_PUZZLE,
		.effort = PACT_GUARD_EFFORT_MAX,
		.message1 = { key, sizeof key } };

	memcpy(first.challenge, input, sizeof first.challenge);
	result = server_pass_check(w.server, 1, BYTES_LIT("r"), &first);
}

static size_t
begin_pass(void)
{
	struct server_account a = { .given = 0 };
	struct wr out = wr_new();
	size_t n;

	must(server_pass_give(w.server, &a, &out) == ERR_OK, "no pass");
	n = wrong_tag((struct bytes){ out.p + WIRE_HEADER_LEN + 4 + 2,
	    PACT_GUARD_PASS_LEN });
	wr_free(&out);
	return n;
}

static void
run_pass(void)
{
	const struct pact_guard_first first = { .kind = PACT_GUARD_DEVICE,
		.pass = { input, PACT_GUARD_PASS_LEN } };

	result = server_pass_check(w.server, 1, BYTES_NONE, &first);
}

/* ---- proofs and keys ---- */

static size_t
begin_ke3(void)
{
	return wrong((struct bytes){ key, OPAQUE_KE3_LEN }, 0, OPAQUE_KE3_LEN);
}

static void
run_ke3(void)
{
	struct opaque_server_login state;
	uint8_t session_key[OPAQUE_SESSION_KEY_LEN];

	memcpy(state.expected_client_mac, key, OPAQUE_MAC_LEN);
	memcpy(state.session_key, key, sizeof state.session_key);
	result = opaque_server_finish(&state, input, session_key);
}

static uint8_t mlkem_dk[MLKEM768_DK_LEN], mlkem_ek[MLKEM768_EK_LEN];

static size_t
begin_encaps(void)
{
	must(mlkem_own_keygen(key, mlkem_ek, mlkem_dk) == ERR_OK, "no key");
	memcpy(kinds[0], key, MLKEM768_RANDOM_LEN);
	return MLKEM768_RANDOM_LEN;
}

static void
run_encaps(void)
{
	uint8_t ct[MLKEM768_CT_LEN], shared[MLKEM768_SHARED_LEN];

	result = mlkem_own_encaps(mlkem_ek, input, ct, shared);
}

/* One that is valid, and one that is rejected. */
static size_t
begin_decaps(void)
{
	uint8_t shared[MLKEM768_SHARED_LEN];

	(void)begin_encaps();
	must(mlkem_own_encaps(mlkem_ek, key, kinds[0], shared) == ERR_OK,
	    "no ciphertext");
	return MLKEM768_CT_LEN;
}

static void
run_decaps(void)
{
	uint8_t shared[MLKEM768_SHARED_LEN];

	result = mlkem_own_decaps(mlkem_dk, input, shared);
}

static size_t
begin_secret(void)
{
	memcpy(kinds[0], key, 64);
	return 64;
}

static void
run_session_key(void)
{
	static const struct wire_name name = { "alice" };
	uint8_t out[PACT_SESSION_KEY_LEN];

	result = pact_keys_session((struct bytes){ input, 64 }, BYTES_NONE,
	    key, &name, key, out);
}

static void
run_signature(void)
{
	uint8_t signature[ED25519_SIG_LEN];

	ed25519_sign(input, BYTES_LIT("sotto/1 device login"), signature);
	result = signature[0];
}

/* ---- measuring ---- */

static const struct subject {
	const char *name;
	size_t (*begin)(void); /* makes kinds; returns their length */
	void (*run)(void);
	bool is_drawn; /* the second kind is random, each time another */
} subjects[] = {
	{ "a comparison that stops early", begin_compare, run_early_exit,
	    false },
	{ "ct_equal, 32 bytes", begin_compare, run_ct_equal, false },
	{ "record of 512 bytes, tag", begin_record, run_record, false },
	{ "AES-256-GCM, tag", begin_gcm, run_gcm, false },
	{ "ticket, tag", begin_ticket, run_ticket, false },
	{ "keyring, tag", begin_keyring, run_keyring, false },
	{ "identity box, key of its seed", begin_identity, run_identity,
	    false },
	{ "first record, mac1", begin_mac1, run_mac1, false },
	{ "puzzle, challenge", begin_challenge, run_challenge, false },
	{ "pass of a device, tag", begin_pass, run_pass, false },
	{ "KE3, client's MAC", begin_ke3, run_ke3, false },
	{ "ML-KEM-768, own, encaps, fixed vs random", begin_encaps,
	    run_encaps, true },
	{ "ML-KEM-768, own, decaps, valid vs random", begin_decaps,
	    run_decaps, true },
	{ "session key, fixed vs random", begin_secret, run_session_key,
	    true },
	{ "device's signature, fixed vs random", begin_secret, run_signature,
	    true },
};

static void
sample(const struct subject *s, size_t n, struct welch_sample *to)
{
	unsigned kind = (unsigned)(draw() >> 63);
	uint64_t begun;

	if (s->is_drawn)
		draw_bytes(kinds[1], n);
	memcpy(input, kinds[kind], n);
	begun = ticks();
	s->run();
	*to = (struct welch_sample){ (double)(ticks() - begun), kind };
}

static double
ns_per_tick(void)
{
	struct timespec from, to;
	uint64_t begun, took;
	double ns;

	(void)clock_gettime(CLOCK_MONOTONIC, &from);
	begun = ticks();
	do {
		(void)clock_gettime(CLOCK_MONOTONIC, &to);
		ns = (double)(to.tv_sec - from.tv_sec) * 1e9 +
		     (double)(to.tv_nsec - from.tv_nsec);
	} while (ns < 1e8);
	took = ticks() - begun;
	return ns / (double)took;
}

static void
measure(const struct subject *s, struct welch_sample *samples, size_t n)
{
	size_t len = s->begin();
	double tick = ns_per_tick(), t;

	for (size_t i = 0; i < WARM_UP + n; i++)
		sample(s, len, &samples[i < WARM_UP ? 0 : i - WARM_UP]);
	t = welch_worst(samples, n);
	(void)printf("%s  t %.2f  %.1f and %.1f ns\n", s->name, t,
	    welch_median(samples, n, 0) * tick,
	    welch_median(samples, n, 1) * tick);
	(void)fflush(stdout);
}

int
main(int argc, char **argv)
{
	size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : SAMPLES;
	struct welch_sample *samples = calloc(n, sizeof *samples);

	must(n >= 100 && argc <= 3,
	    "usage: bench-timing [SAMPLES [NAME]]");
	must(samples != NULL, "no memory");
	world_init(&w);
	for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++)
		if (argc < 3 || strstr(subjects[i].name, argv[2]) != NULL)
			measure(&subjects[i], samples, n);
	world_free(&w);
	free(samples);
	return 0;
}
