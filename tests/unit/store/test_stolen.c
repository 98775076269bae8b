/* Threat row 3: somebody has the database, and guesses. */
#include "asked.h"

#include "crypto/crypto.h"
#include "crypto/ksf.h"
#include "crypto/ristretto.h"
#include "opaque/client.h"
#include "opaque/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRIES 1000

static const uint8_t words[] = "correct horse", name[] = "alice";
static const struct bytes password = { words, sizeof words - 1 };
static const struct opaque_binding binding = {
	.client_identity = { name, sizeof name - 1 },
};

/* What a client does between two messages: Argon2id, or for the count of
 * tries nothing. */
static void
stretch(const struct ksf_params *params, const uint8_t in[64],
    uint8_t out[64])
{
	static const uint8_t salt[KSF_SALT_LEN];

	if (params == NULL)
		memcpy(out, in, 64);
	else
		CHECK_OK(ksf_argon2id(*params, (struct bytes){ in, 64 }, salt,
		    out, 64));
}

static struct opaque_server
server_of(uint8_t seed)
{
	struct opaque_server s;

	memset(s.oprf_seed, seed, sizeof s.oprf_seed);
	memset(s.key.secret, 7, sizeof s.key.secret);
	CHECK_OK(ristretto_mul_base(s.key.secret, s.key.public));
	return s;
}

/* Registers, and puts the account into a database, which is then closed. */
static void
join(const struct opaque_server *server, const struct ksf_params *params)
{
	struct asked a = asked_creation("alice", 3);
	struct store_account *account = &a.q.account;
	uint8_t blind[OPAQUE_BLIND_SEED_LEN] = { 1 }, request[32];
	uint8_t response[64], in[64], out[64], export_key[64];
	uint8_t nonce[OPAQUE_NONCE_LEN] = { 2 };
	struct opaque_registration state = { 0 };
	struct store_sqlite *s;

	CHECK_OK(opaque_client_register(&state, password, blind, request));
	CHECK_OK(opaque_server_register(server,
	    BYTES_OF(account->credential_id), request, response));
	CHECK_OK(opaque_client_register_unblind(&state, password, response,
	    in));
	stretch(params, in, out);
	CHECK_OK(opaque_client_register_finish(&state, &binding, out, nonce,
	    account->record, export_key));
	account->has_record = true;
	place_fresh();
	s = place_open(false, NULL);
	CHECK_OK(asked_put_invite(s, "alice", 3, 1000, 5));
	CHECK_OK(asked_wait(s, &a, false));
	store_sqlite_close(s);
}

/* The thief opens the database. */
static struct store_account
steal(void)
{
	struct asked a = asked_new(STORE_ACCOUNT_RECORD, "alice");
	struct store_sqlite *s = place_open(false, NULL);

	CHECK_OK(asked_wait(s, &a, false));
	store_sqlite_close(s);
	return a.q.account;
}

/* Plays a whole login with what was stolen; returns whether the password
 * has turned out to be right. */
static bool
is_verified(const struct opaque_server *server,
    const struct store_account *stolen, const struct ksf_params *params)
{
	static struct opaque_login_random random = { { 5 }, { 6 }, { 7 } };
	static const struct opaque_server_random server_random = { { 8 },
		{ 9 }, { 10 } };
	struct opaque_account account = {
		.credential_identifier = BYTES_OF(stolen->credential_id),
		.record = stolen->record, .binding = binding };
	uint8_t ke1[OPAQUE_KE1_LEN], ke2[OPAQUE_KE2_LEN], in[64], out[64];
	struct opaque_server_login expected;
	struct opaque_login_result result;
	struct opaque_login state = { 0 };

	CHECK_OK(opaque_client_login(&state, password, &random, ke1));
	CHECK_OK(opaque_server_login(server, &account, ke1, &server_random,
	    &expected, ke2));
	CHECK_OK(opaque_client_login_unblind(&state, password, ke2, in));
	stretch(params, in, out);
	return opaque_client_login_finish(&state, &binding, out, &result) ==
	    ERR_OK;
}

/* Whole file, to be freed. */
static struct bytes
read_database(void)
{
	FILE *f = fopen(place_path, "rb");
	uint8_t *p = malloc(1 << 20);
	size_t n;

	if (f == NULL || p == NULL)
		abort();
	n = fread(p, 1, 1 << 20, f);
	CHECK(n > 4096 && n < 1 << 20);
	(void)fclose(f);
	return (struct bytes){ p, n };
}

/* The right password, and even the server's own key: without the seed,
 * which is in a file beside, nothing tells that it is right, whatever of the
 * database is taken for the seed. */
TEST(threat_03_a_database_alone_verifies_nothing)
{
	struct opaque_server right = server_of(0xa5), wrong = right;
	struct store_account stolen;
	struct bytes database;
	size_t verified = 0;

	CHECK_OK(crypto_init());
	join(&right, NULL);
	stolen = steal();
	database = read_database();
	CHECK(memmem(database.p, database.n, right.oprf_seed, 64) == NULL);
	CHECK(memmem(database.p, database.n, stolen.record, 64) != NULL);
	for (size_t i = 0; i < TRIES; i++) {
		memcpy(wrong.oprf_seed, database.p +
		    i * (database.n - 64) / TRIES, 64);
		verified += is_verified(&wrong, &stolen, NULL);
	}
	CHECK_EQ(verified, 0);
	for (size_t i = 0; i < TRIES; i++)
		verified += is_verified(&right, &stolen, NULL);
	CHECK_EQ(verified, TRIES);
	free((void *)(uintptr_t)database.p);
}

/* With the seed a guess costs what the client's own login does. */
TEST(threat_03_with_the_seed_a_guess_costs_argon2id)
{
	struct opaque_server right = server_of(0xa5), wrong = server_of(0x5a);
	struct ksf_params params = { .passes = 3, .memory_kib = 65536 };
	struct ksf_params cheaper = { .passes = 3, .memory_kib = 65535 };
	struct store_account stolen;

	CHECK_OK(crypto_init());
	join(&right, &params);
	stolen = steal();
	CHECK(is_verified(&right, &stolen, &params));
	CHECK(!is_verified(&wrong, &stolen, &params));
	CHECK(!is_verified(&right, &stolen, &cheaper));
	CHECK(!is_verified(&right, &stolen, NULL));
}

CHECK_MAIN(T(threat_03_a_database_alone_verifies_nothing),
    T(threat_03_with_the_seed_a_guess_costs_argon2id))
