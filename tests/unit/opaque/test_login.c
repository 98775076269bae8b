/* Registration and login, both sides in one process, and everything bent. */
#include "crypto/crypto.h"
#include "opaque/client.h"
#include "opaque/server.h"
#include "support/check.h"

#include "crypto/hash.h"
#include "crypto/ristretto.h"

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

/* A server, an account there, and its owner. */
struct world {
	struct opaque_server server;
	struct opaque_binding binding;
	struct bytes credential_identifier;
	struct bytes password;
	uint8_t record[OPAQUE_RECORD_LEN];
	uint8_t export_key[OPAQUE_EXPORT_KEY_LEN];
};

/* A login on its way. */
struct attempt {
	struct opaque_login client;
	struct opaque_server_login server;
	uint8_t ke1[OPAQUE_KE1_LEN];
	uint8_t ke2[OPAQUE_KE2_LEN];
	struct opaque_login_result result;
	uint8_t session_key[OPAQUE_SESSION_KEY_LEN];
};

/* A different byte string for every label, the same in every run. */
static void
fill(const char *label, void *out, size_t n)
{
	CHECK_OK(
	    hkdf_expand(HASH_SHA512, bytes_str(label), BYTES_NONE, out, n));
}

/* A cheap key stretching, so that leaving it out is noticed. */
static void
stretch(uint8_t bytes[OPAQUE_STRETCH_LEN])
{
	hash_one(
	    HASH_SHA512, (struct bytes){ bytes, OPAQUE_STRETCH_LEN }, bytes);
}

static void
registers(struct world *w)
{
	struct opaque_registration state;
	uint8_t blind[OPAQUE_BLIND_SEED_LEN], nonce[OPAQUE_NONCE_LEN];
	uint8_t request[OPAQUE_REQUEST_LEN], response[OPAQUE_RESPONSE_LEN];
	uint8_t stretched[OPAQUE_STRETCH_LEN];

	fill("blind of the registration", blind, sizeof blind);
	fill("nonce of the envelope", nonce, sizeof nonce);
	CHECK_OK(opaque_client_register(&state, w->password, blind, request));
	CHECK_OK(opaque_server_register(
	    &w->server, w->credential_identifier, request, response));
	CHECK_OK(opaque_client_register_unblind(
	    &state, w->password, response, stretched));
	CHECK_BYTES(
	    BYTES_OF(state.server_public), BYTES_OF(w->server.key.public));
	stretch(stretched);
	CHECK_OK(opaque_client_register_finish(
	    &state, &w->binding, stretched, nonce, w->record, w->export_key));
	CHECK_OK(opaque_server_check_record(w->record));
}

static struct world
new_world(void)
{
	struct world w = {
		.binding = { BYTES_LIT("context"), BYTES_LIT("server"),
		    BYTES_LIT("alice") },
		.credential_identifier = BYTES_LIT("credential of alice"),
		.password = BYTES_LIT("correct horse battery staple"),
	};
	uint8_t seed[OPAQUE_SEED_LEN];

	fill("oprf seed", w.server.oprf_seed, sizeof w.server.oprf_seed);
	fill("server's key", seed, sizeof seed);
	CHECK_OK(opaque_ake_keypair(seed, &w.server.key));
	registers(&w);
	return w;
}

static void
client_starts(const struct world *w, struct attempt *a)
{
	struct opaque_login_random random;

	fill("randomness of the client", &random, sizeof random);
	CHECK_OK(opaque_client_login(&a->client, w->password, &random, a->ke1));
}

static enum err
server_answers(const struct world *w, struct attempt *a)
{
	struct opaque_account account = { w->credential_identifier, w->record,
		w->binding };
	struct opaque_server_random random;

	fill("randomness of the server", &random, sizeof random);
	return opaque_server_login(
	    &w->server, &account, a->ke1, &random, &a->server, a->ke2);
}

static enum err
client_finishes(const struct world *w, struct attempt *a)
{
	uint8_t stretched[OPAQUE_STRETCH_LEN];
	enum err err;

	TRY(opaque_client_login_unblind(
	    &a->client, w->password, a->ke2, stretched));
	stretch(stretched);
	TRY(opaque_client_login_finish(
	    &a->client, &w->binding, stretched, &a->result));
out:
	return err;
}

static enum err
server_finishes(struct attempt *a)
{
	return opaque_server_finish(&a->server, a->result.ke3, a->session_key);
}

/* As the client of one world to the server of another; as far as it goes. */
static enum err
logs_in(
    const struct world *client, const struct world *server, struct attempt *a)
{
	enum err err;

	*a = (struct attempt){ 0 };
	memset(&a->result, 0xff, sizeof a->result);
	client_starts(client, a);
	TRY(server_answers(server, a));
	TRY(client_finishes(client, a));
	TRY(server_finishes(a));
out:
	return err;
}

static bool
is_zero(const void *p, size_t n)
{
	const uint8_t *bytes = p;
	uint8_t any = 0;

	for (size_t i = 0; i < n; i++)
		any |= bytes[i];
	return any == 0;
}

/* The client must say AUTH and give nothing out. */
static void
is_refused(const struct world *client, const struct world *server)
{
	struct attempt a;

	CHECK_ERR(logs_in(client, server, &a), ERR_AUTH);
	CHECK(is_zero(&a.result, sizeof a.result));
	CHECK(is_zero(a.session_key, sizeof a.session_key));
}

TEST(both_sides_end_with_the_same_keys)
{
	struct world w = new_world();
	struct attempt a;

	CHECK_OK(logs_in(&w, &w, &a));
	CHECK_BYTES(BYTES_OF(a.result.session_key), BYTES_OF(a.session_key));
	CHECK_BYTES(BYTES_OF(a.result.export_key), BYTES_OF(w.export_key));
	CHECK_BYTES(
	    BYTES_OF(a.result.server_public), BYTES_OF(w.server.key.public));
	w.binding = (struct opaque_binding){ 0 };
	registers(&w);
	CHECK_OK(logs_in(&w, &w, &a));
	w.password = BYTES_NONE;
	registers(&w);
	CHECK_OK(logs_in(&w, &w, &a));
}

TEST(what_differs_is_refused)
{
	struct world w = new_world(), other;
	uint8_t seed[OPAQUE_SEED_LEN];

	other = w;
	other.password = BYTES_LIT("correct horse battery stapler");
	is_refused(&other, &w);
	other = w;
	other.binding.context = BYTES_LIT("another context");
	is_refused(&other, &w);
	other = w;
	other.binding.server_identity = BYTES_LIT("another server");
	is_refused(&other, &w);
	other = w;
	other.binding.client_identity = BYTES_LIT("mallory");
	is_refused(&other, &w);
	other = w;
	other.binding.client_identity = BYTES_NONE;
	is_refused(&other, &w);

	other = w;
	fill("another key", seed, sizeof seed);
	CHECK_OK(opaque_ake_keypair(seed, &other.server.key));
	is_refused(&w, &other);
	other = w;
	other.server.oprf_seed[0] ^= 1;
	is_refused(&w, &other);
	other = w;
	other.credential_identifier = BYTES_LIT("credential of bob");
	is_refused(&w, &other);
	other = w;
	other.password = BYTES_LIT("bob's password");
	registers(&other);
	is_refused(&w, &other);
}

TEST(stretching_is_part_of_the_password)
{
	struct world w = new_world();
	struct attempt a = { 0 };
	uint8_t stretched[OPAQUE_STRETCH_LEN];

	client_starts(&w, &a);
	CHECK_OK(server_answers(&w, &a));
	CHECK_OK(opaque_client_login_unblind(
	    &a.client, w.password, a.ke2, stretched));
	CHECK_ERR(opaque_client_login_finish(
		      &a.client, &w.binding, stretched, &a.result),
	    ERR_AUTH);
	stretch(stretched);
	CHECK_OK(opaque_client_login_finish(
	    &a.client, &w.binding, stretched, &a.result));
}

/* A byte of KE2 is an invalid element (KEY) or a wrong proof (AUTH). */
TEST(every_byte_of_ke2_counts)
{
	struct world w = new_world();
	struct attempt fresh = { 0 }, a;

	client_starts(&w, &fresh);
	CHECK_OK(server_answers(&w, &fresh));
	for (size_t i = 0; i < OPAQUE_KE2_LEN; i++) {
		enum err err;

		a = fresh;
		a.ke2[i] ^= (uint8_t)(1 << i % 8);
		err = client_finishes(&w, &a);
		CHECK(err == ERR_AUTH || (err == ERR_KEY && i < 32));
		CHECK(is_zero(&a.result, sizeof a.result));
		if (err == ERR_KEY)
			CHECK(memcmp(&a.client, &fresh.client,
				  sizeof a.client) == 0);
	}
}

TEST(every_byte_of_ke1_counts)
{
	struct world w = new_world();
	struct attempt fresh = { 0 }, a;

	client_starts(&w, &fresh);
	for (size_t i = 0; i < OPAQUE_KE1_LEN; i++) {
		enum err err;

		a = fresh;
		a.ke1[i] ^= (uint8_t)(1 << i % 8);
		err = server_answers(&w, &a);
		if (err != ERR_OK) {
			CHECK(err == ERR_KEY);
			CHECK(is_zero(a.ke2, sizeof a.ke2));
			CHECK(is_zero(&a.server, sizeof a.server));
			continue;
		}
		CHECK_ERR(client_finishes(&w, &a), ERR_AUTH);
		CHECK_ERR(server_finishes(&a), ERR_AUTH);
	}
}

TEST(every_byte_of_ke3_counts_and_there_is_one_try)
{
	struct world w = new_world();
	struct attempt fresh, a;

	CHECK_OK(logs_in(&w, &w, &fresh));
	CHECK_OK(server_answers(&w, &fresh));
	for (size_t i = 0; i < OPAQUE_KE3_LEN; i++) {
		a = fresh;
		memset(a.session_key, 0, sizeof a.session_key);
		a.result.ke3[i] ^= (uint8_t)(1 << i % 8);
		CHECK_ERR(server_finishes(&a), ERR_AUTH);
		CHECK(is_zero(&a.server, sizeof a.server));
		CHECK(is_zero(a.session_key, sizeof a.session_key));
		a.result.ke3[i] ^= (uint8_t)(1 << i % 8);
		CHECK_ERR(server_finishes(&a), ERR_STATE);
	}
	CHECK_OK(server_finishes(&fresh));
	CHECK_ERR(server_finishes(&fresh), ERR_STATE);
	memset(fresh.result.ke3, 0, sizeof fresh.result.ke3);
	CHECK_ERR(server_finishes(&fresh), ERR_STATE);
}

TEST(fake_records_are_stable_and_never_verify)
{
	struct world w = new_world(), nobody = w;
	struct attempt real = { 0 }, fake = { 0 };
	uint8_t seed[OPAQUE_FAKE_SEED_LEN], again[OPAQUE_RECORD_LEN];

	fill("seed of fakes", seed, sizeof seed);
	CHECK_OK(opaque_server_fake_record(
	    seed, BYTES_LIT("nobody"), nobody.record));
	CHECK_OK(opaque_server_fake_record(seed, BYTES_LIT("nobody"), again));
	CHECK_BYTES(BYTES_OF(nobody.record), BYTES_OF(again));
	CHECK_OK(opaque_server_check_record(nobody.record));
	CHECK(is_zero(nobody.record + OPAQUE_PUBLIC_LEN + OPAQUE_HASH_LEN,
	    OPAQUE_ENVELOPE_LEN));
	CHECK_OK(opaque_server_fake_record(seed, BYTES_LIT("noone"), again));
	CHECK(memcmp(nobody.record, again, sizeof again) != 0);

	is_refused(&w, &nobody);
	client_starts(&w, &real);
	fake = real;
	CHECK_OK(server_answers(&w, &real));
	CHECK_OK(server_answers(&nobody, &fake));
	/* The same OPRF answer, and nothing else alike: see the vectors. */
	CHECK(memcmp(real.ke2, fake.ke2, OPRF_ELEMENT_LEN) == 0);
	CHECK(memcmp(real.ke2 + 64, fake.ke2 + 64, OPAQUE_MASKED_LEN) != 0);
}

TEST(calls_out_of_order_are_refused)
{
	struct world w = new_world();
	struct opaque_registration reg = { 0 };
	struct opaque_login login = { 0 };
	struct opaque_login_result result;
	uint8_t response[OPAQUE_RESPONSE_LEN] = { 0 };
	uint8_t ke2[OPAQUE_KE2_LEN] = { 0 };
	uint8_t stretched[OPAQUE_STRETCH_LEN] = { 0 };
	uint8_t nonce[OPAQUE_NONCE_LEN] = { 0 };
	struct attempt a = { 0 };

	CHECK_ERR(opaque_client_register_unblind(
		      &reg, w.password, response, stretched),
	    ERR_STATE);
	CHECK_ERR(opaque_client_register_finish(&reg, &w.binding, stretched,
		      nonce, w.record, w.export_key),
	    ERR_STATE);
	CHECK_ERR(
	    opaque_client_login_unblind(&login, w.password, ke2, stretched),
	    ERR_STATE);
	CHECK_ERR(
	    opaque_client_login_finish(&login, &w.binding, stretched, &result),
	    ERR_STATE);
	client_starts(&w, &a);
	CHECK_ERR(opaque_client_login_finish(
		      &a.client, &w.binding, stretched, &result),
	    ERR_STATE);
	CHECK_ERR(server_finishes(&a), ERR_STATE);
	CHECK_OK(server_answers(&w, &a));
	CHECK_OK(client_finishes(&w, &a));
	CHECK_ERR(opaque_client_login_unblind(
		      &a.client, w.password, a.ke2, stretched),
	    ERR_STATE);
	bytes_wipe(&a.client, sizeof a.client);
	CHECK_ERR(client_finishes(&w, &a), ERR_STATE);
}

TEST(bad_elements_of_a_server_are_refused)
{
	struct world w = new_world();
	struct opaque_registration state, before;
	uint8_t blind[OPAQUE_BLIND_SEED_LEN], to_stretch[OPAQUE_STRETCH_LEN];
	uint8_t request[OPAQUE_REQUEST_LEN], response[OPAQUE_RESPONSE_LEN];

	fill("blind", blind, sizeof blind);
	CHECK_OK(opaque_client_register(&state, w.password, blind, request));
	CHECK_OK(opaque_server_register(
	    &w.server, w.credential_identifier, request, response));
	before = state;
	memset(response, 0, OPRF_ELEMENT_LEN);
	CHECK_ERR(opaque_client_register_unblind(
		      &state, w.password, response, to_stretch),
	    ERR_KEY);
	CHECK_OK(opaque_server_register(
	    &w.server, w.credential_identifier, request, response));
	memset(response + OPRF_ELEMENT_LEN, 0, OPAQUE_PUBLIC_LEN);
	CHECK_ERR(opaque_client_register_unblind(
		      &state, w.password, response, to_stretch),
	    ERR_KEY);
	CHECK(memcmp(&state, &before, sizeof state) == 0);
	memset(request, 0, sizeof request);
	CHECK_ERR(opaque_server_register(
		      &w.server, w.credential_identifier, request, response),
	    ERR_KEY);
	memset(w.record, 0, OPAQUE_PUBLIC_LEN);
	CHECK_ERR(opaque_server_check_record(w.record), ERR_KEY);
}

TEST(long_names_are_refused)
{
	static uint8_t big[OPAQUE_MAX_IDENTITY_LEN + 1];
	struct world w = new_world();
	struct attempt a = { 0 };

	client_starts(&w, &a);
	w.binding.context = BYTES_OF(big);
	CHECK_ERR(server_answers(&w, &a), ERR_ARG);
	w.binding.context = BYTES_NONE;
	w.credential_identifier =
	    (struct bytes){ big, OPAQUE_MAX_CREDENTIAL_ID + 1 };
	CHECK_ERR(server_answers(&w, &a), ERR_ARG);
	w.credential_identifier =
	    (struct bytes){ big, OPAQUE_MAX_CREDENTIAL_ID };
	w.binding.client_identity =
	    (struct bytes){ big, OPAQUE_MAX_IDENTITY_LEN };
	registers(&w);
	CHECK_OK(logs_in(&w, &w, &a));
}

/* Messages of noise, to each end at each step. */
TEST(noise_is_refused)
{
	struct world w = new_world();
	struct attempt fresh = { 0 }, a;
	uint8_t response[OPAQUE_RESPONSE_LEN];
	char label[32];
	enum err err;

	client_starts(&w, &fresh);
	for (unsigned i = 0; i < 300; i++) {
		(void)snprintf(label, sizeof label, "noise %u", i);
		a = fresh;
		fill(label, a.ke2, sizeof a.ke2);
		CHECK(client_finishes(&w, &a) != ERR_OK);
		fill(label, a.ke1, sizeof a.ke1);
		if (server_answers(&w, &a) == ERR_OK)
			CHECK(client_finishes(&w, &a) != ERR_OK);
		fill(label, a.result.ke3, sizeof a.result.ke3);
		CHECK(server_finishes(&a) != ERR_OK);
		err = opaque_server_register(
		    &w.server, w.credential_identifier, a.ke1, response);
		CHECK(err == ERR_OK || err == ERR_KEY);
	}
}

static bool
holds(const void *memory, size_t n, const void *secret, size_t len)
{
	return memmem(memory, n, secret, len) != NULL;
}

struct run {
	const struct world *w;
	struct attempt *a;
};

static void *
run_login(void *arg)
{
	struct run *r = arg;
	struct opaque_account account = { r->w->credential_identifier,
		r->w->record, r->w->binding };
	static struct opaque_login_random client_random;
	static struct opaque_server_random server_random;
	static uint8_t stretched[OPAQUE_STRETCH_LEN];

	fill("client", &client_random, sizeof client_random);
	fill("server", &server_random, sizeof server_random);
	CHECK_OK(opaque_client_login(
	    &r->a->client, r->w->password, &client_random, r->a->ke1));
	CHECK_OK(opaque_server_login(&r->w->server, &account, r->a->ke1,
	    &server_random, &r->a->server, r->a->ke2));
	CHECK_OK(opaque_client_login_unblind(
	    &r->a->client, r->w->password, r->a->ke2, stretched));
	stretch(stretched);
	CHECK_OK(opaque_client_login_finish(
	    &r->a->client, &r->w->binding, stretched, &r->a->result));
	return NULL;
}

TEST(the_stack_is_left_clean)
{
	const size_t len = 1 << 20;
	static struct attempt a;
	struct world w = new_world();
	struct run run = { &w, &a };
	pthread_attr_t attr;
	pthread_t thread;
	void *stack = NULL;

	if (!CHECK(posix_memalign(&stack, 4096, len) == 0))
		return;
	memset(stack, 0, len);
	CHECK(pthread_attr_init(&attr) == 0);
	CHECK(pthread_attr_setstack(&attr, stack, len) == 0);
	CHECK(pthread_create(&thread, &attr, run_login, &run) == 0);
	CHECK(pthread_join(thread, NULL) == 0);
	(void)pthread_attr_destroy(&attr);
	CHECK(!holds(stack, len, a.client.blind, OPRF_SCALAR_LEN));
	CHECK(!holds(stack, len, a.client.client_secret, OPAQUE_SECRET_LEN));
	CHECK(!holds(stack, len, a.client.oprf_output, OPRF_OUTPUT_LEN));
	CHECK(!holds(stack, len, w.server.key.secret, OPAQUE_SECRET_LEN));
	CHECK(!holds(stack, len, w.server.oprf_seed, OPAQUE_OPRF_SEED_LEN));
	CHECK(!holds(stack, len, a.result.session_key, OPAQUE_SESSION_KEY_LEN));
	CHECK(!holds(stack, len, a.result.export_key, OPAQUE_EXPORT_KEY_LEN));
	CHECK(!holds(stack, len, a.result.ke3, OPAQUE_KE3_LEN));
	free(stack);
}

/* What the forger can put where the client's own key belongs. */
static void
guess_own_share(const struct world *w, const struct attempt *a,
    unsigned guess, uint8_t share[OPAQUE_PUBLIC_LEN])
{
	const uint8_t *keyshare = a->ke2 + OPAQUE_KE2_LEN - OPAQUE_MAC_LEN -
	    OPAQUE_PUBLIC_LEN;
	const uint8_t *own = a->client.client_secret;

	switch (guess) {
	case 0: /* the server's key for the client's */
		CHECK_OK(ristretto_mul(w->server.key.secret, keyshare, share));
		break;
	case 1: /* the keyshare for the client's */
		CHECK_OK(ristretto_mul(own, keyshare, share));
		break;
	case 2: /* the other halves */
		CHECK_OK(ristretto_mul(own, w->record, share));
		break;
	default:
		CHECK_OK(ristretto_mul(w->server.key.secret, w->record,
		    share));
	}
}

/* Somebody has all that the server has, the record too, and not the password:
 * none of 1,000 logins as alice is taken by that server. */
TEST(threat_09_the_servers_keys_make_no_client)
{
	struct world w = new_world();
	size_t taken = 0;

	for (unsigned i = 0; i < 1000; i++) {
		struct opaque_login_random random;
		struct attempt a = { 0 };
		struct opaque_dh dh;
		struct opaque_ake ake;
		struct opaque_transcript transcript = { &w.binding, w.record,
			w.server.key.public, a.ke1, a.ke2 };
		const uint8_t *keyshare = a.ke2 + OPAQUE_KE2_LEN -
		    OPAQUE_MAC_LEN - OPAQUE_PUBLIC_LEN;
		char label[32];

		(void)snprintf(label, sizeof label, "forger %u", i);
		fill(label, &random, sizeof random);
		CHECK_OK(opaque_client_login(&a.client, BYTES_LIT("any"),
		    &random, a.ke1));
		CHECK_OK(server_answers(&w, &a));
		CHECK_OK(ristretto_mul(a.client.client_secret, keyshare,
		    dh.shared[0]));
		CHECK_OK(ristretto_mul(a.client.client_secret,
		    w.server.key.public, dh.shared[1]));
		guess_own_share(&w, &a, i % 4, dh.shared[2]);
		CHECK_OK(opaque_ake_derive(&dh, &transcript, &ake));
		memcpy(a.result.ke3, ake.client_mac, sizeof a.result.ke3);
		taken += server_finishes(&a) == ERR_OK;
	}
	CHECK_EQ(taken, 0);
}

CHECK_MAIN(T(both_sides_end_with_the_same_keys), T(what_differs_is_refused),
    T(stretching_is_part_of_the_password), T(every_byte_of_ke2_counts),
    T(every_byte_of_ke1_counts),
    T(every_byte_of_ke3_counts_and_there_is_one_try),
    T(fake_records_are_stable_and_never_verify),
    T(calls_out_of_order_are_refused), T(bad_elements_of_a_server_are_refused),
    T(long_names_are_refused), T(noise_is_refused), T(the_stack_is_left_clean),
    T(threat_09_the_servers_keys_make_no_client))
