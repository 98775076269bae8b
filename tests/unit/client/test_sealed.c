#include "client/box.h"
#include "client/keyring.h"
#include "client/seen.h"
#include "crypto/crypto.h"
#include "crypto/sig.h"
#include "support/check.h"

#include <string.h>

static const uint8_t nonce[24] = { 9, 8, 7 };
static const uint8_t export_key[64] = { 5 };
static const uint8_t stretched[64] = { 6 };

static struct client_account
account_of_alice(void)
{
	struct client_account a = { .name = { "alice" },
		.at = { "example.net", 7368 }, .is_server_verified = true,
		.channel_version = 1, .device = { 3 },
		.identity_version = 5 };
	const uint8_t seed[32] = { 1 };

	CHECK_OK(crypto_init());
	memset(a.server_key, 4, sizeof a.server_key);
	ed25519_public(seed, a.identity);
	return a;
}

TEST(the_account_file_is_read_back)
{
	struct client_account a = account_of_alice(), read;
	struct wr w = wr_new();

	client_account_write(&a, &w);
	CHECK_OK(client_account_read(wr_bytes(&w), &read));
	CHECK_EQ(read.identity_version, a.identity_version);
	CHECK(wire_name_equal(&a.name, &read.name));
	CHECK(strcmp(a.at.host, read.at.host) == 0);
	CHECK_EQ(read.at.port, 7368);
	CHECK(read.is_server_verified);
	CHECK_BYTES(BYTES_OF(read.server_key), BYTES_OF(a.server_key));
	CHECK_BYTES(BYTES_OF(read.identity), BYTES_OF(a.identity));
	CHECK_BYTES(BYTES_OF(read.device), BYTES_OF(a.device));
	for (size_t n = 0; n < w.n; n++)
		CHECK_ERR(client_account_read((struct bytes){ w.p, n },
			      &read),
		    ERR_DECODE);
	w.p[0] = 2;
	CHECK_ERR(client_account_read(wr_bytes(&w), &read), ERR_VERSION);
	wr_free(&w);
}

/* Each field may only be what an account file says. */
TEST(an_account_file_has_one_form)
{
	struct client_account a = account_of_alice(), read;
	struct wr w = wr_new();
	const size_t host = 1 + 1 + 5 + 1, port = host + 11;

	client_account_write(&a, &w);
	w.p[host + 3] = 0;
	CHECK_ERR(client_account_read(wr_bytes(&w), &read), ERR_DECODE);
	wr_reset(&w);
	client_account_write(&a, &w);
	w.p[port] = w.p[port + 1] = 0;
	CHECK_ERR(client_account_read(wr_bytes(&w), &read), ERR_DECODE);
	wr_reset(&w);
	client_account_write(&a, &w);
	w.p[port + 2 + 32] = 2; /* flags */
	CHECK_ERR(client_account_read(wr_bytes(&w), &read), ERR_DECODE);
	wr_reset(&w);
	client_account_write(&a, &w);
	w.p[0] = 0;
	CHECK_ERR(client_account_read(wr_bytes(&w), &read), ERR_DECODE);
	wr_reset(&w);
	memset(a.at.host, 0, sizeof a.at.host);
	client_account_write(&a, &w);
	CHECK_ERR(client_account_read(wr_bytes(&w), &read), ERR_DECODE);
	wr_free(&w);
}

/* Cut short, of another version, or empty: known before anything is tried. */
TEST(a_box_has_one_form)
{
	struct client_account a = account_of_alice();
	static uint8_t large[WIRE_SETTINGS_BOX_MAX + 1];
	uint8_t data_key[32] = { 1 };
	struct wr w = wr_new(), got = wr_new();

	CHECK_OK(client_box_seal_settings(BYTES_LIT("abc"), &a, data_key, 1,
	    nonce, &w));
	for (size_t n = 0; n < 1 + 24 + 16; n++)
		CHECK_ERR(client_box_open_settings((struct bytes){ w.p, n },
		    &a, data_key, 1, &got), ERR_DECODE);
	w.p[0] = 0;
	CHECK_ERR(client_box_open_settings(wr_bytes(&w), &a, data_key, 1,
	    &got), ERR_DECODE);
	w.p[0] = 2;
	CHECK_ERR(client_box_open_settings(wr_bytes(&w), &a, data_key, 1,
	    &got), ERR_VERSION);
	CHECK_ERR(client_box_open_settings(BYTES_OF(large), &a, data_key, 1,
	    &got), ERR_DECODE);
	CHECK_EQ(got.n, 0);
	wr_free(&w);
	wr_free(&got);
}

TEST(what_was_seen_has_one_form)
{
	struct client_account a = account_of_alice();
	struct client_seen seen = { 1, 5, 2, { 9, WIRE_PASSES_MAX + 1,
		{ { 1 }, { 2 } } } }, got;
	uint8_t seed[32] = { 1 };
	struct wr w = wr_new();

	CHECK_OK(client_seen_seal(&seen, &a, seed, nonce, &w));
	CHECK_ERR(client_seen_open(wr_bytes(&w), &a, seed, &got), ERR_DECODE);
	for (size_t n = 0; n < w.n; n++)
		CHECK_ERR(client_seen_open((struct bytes){ w.p, n }, &a, seed,
		    &got), ERR_DECODE);
	w.p[0] = 2;
	CHECK_ERR(client_seen_open(wr_bytes(&w), &a, seed, &got),
	    ERR_VERSION);
	wr_free(&w);
}

/* Its head is read before anything is known of the password. */
TEST(a_keyrings_head_is_checked)
{
	struct client_account a = account_of_alice();
	struct client_keyring_head head = { { 3, 65536 }, { 2 } }, read;
	struct client_keys keys = { { 1 }, { 2 }, { 3 } };
	struct wr w = wr_new();

	CHECK_OK(client_keyring_seal(&head, &a, stretched, &keys, nonce, &w));
	for (size_t n = 0; n < w.n; n++)
		CHECK_ERR(client_keyring_read_head((struct bytes){ w.p, n },
		    &read), ERR_DECODE);
	w.p[4] = 0; /* no passes at all */
	CHECK_ERR(client_keyring_read_head(wr_bytes(&w), &read), ERR_DECODE);
	w.p[0] = 2;
	CHECK_ERR(client_keyring_read_head(wr_bytes(&w), &read), ERR_VERSION);
	wr_free(&w);
}

TEST(a_keyring_opens_with_its_password_only)
{
	struct client_account a = account_of_alice();
	struct client_keyring_head head = { { 3, 65536 }, { 2 } }, read;
	struct client_keys keys, got;
	uint8_t wrong[64] = { 7 };
	struct wr w = wr_new();

	memset(&keys, 0x5a, sizeof keys);
	CHECK_OK(client_keyring_seal(&head, &a, stretched, &keys, nonce, &w));
	CHECK_EQ(w.n, CLIENT_KEYRING_LEN);
	CHECK_OK(client_keyring_read_head(wr_bytes(&w), &read));
	CHECK_EQ(read.params.memory_kib, 65536);
	CHECK_BYTES(BYTES_OF(read.salt), BYTES_OF(head.salt));
	CHECK_OK(client_keyring_open(wr_bytes(&w), &a, stretched, &got));
	CHECK(memcmp(&got, &keys, sizeof got) == 0);
	CHECK_ERR(client_keyring_open(wr_bytes(&w), &a, wrong, &got),
	    ERR_AUTH);
	a.device[0]++;
	CHECK_ERR(client_keyring_open(wr_bytes(&w), &a, stretched, &got),
	    ERR_AUTH);
	a.device[0]--;
	a.identity[0]++;
	CHECK_ERR(client_keyring_open(wr_bytes(&w), &a, stretched, &got),
	    ERR_AUTH);
	a.identity[0]--;
	a.name.s[0]++;
	CHECK_ERR(client_keyring_open(wr_bytes(&w), &a, stretched, &got),
	    ERR_AUTH);
	wr_free(&w);
}

TEST(every_bit_of_a_keyring_counts)
{
	struct client_account a = account_of_alice();
	struct client_keyring_head head = { { 3, 65536 }, { 2 } };
	struct client_keys keys = { { 1 }, { 2 }, { 3 } }, got;
	struct wr w = wr_new();

	CHECK_OK(client_keyring_seal(&head, &a, stretched, &keys, nonce, &w));
	for (size_t i = 0; i < 8 * w.n; i++) {
		w.p[i / 8] ^= (uint8_t)(1 << i % 8);
		CHECK(client_keyring_open(wr_bytes(&w), &a, stretched,
			  &got) != ERR_OK);
		w.p[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	wr_free(&w);
}

TEST(unbearable_parameters_are_refused)
{
	CHECK(client_keyring_is_bearable((struct ksf_params){ 3, 262144 }));
	CHECK(client_keyring_is_bearable((struct ksf_params){ 1, 8 }));
	CHECK(!client_keyring_is_bearable((struct ksf_params){ 0, 262144 }));
	CHECK(!client_keyring_is_bearable((struct ksf_params){ 3, 7 }));
	CHECK(!client_keyring_is_bearable(
	    (struct ksf_params){ 1, 0xffffffff }));
	CHECK(!client_keyring_is_bearable(
	    (struct ksf_params){ 0xffffffff, 8 }));
	CHECK(!client_keyring_is_bearable(
	    (struct ksf_params){ 64, 1024 * 1024 }));
}

TEST(an_identity_box_belongs_to_its_account_and_version)
{
	struct client_account a = account_of_alice();
	struct client_identity id = { { 1 }, { 2 } }, got;
	uint8_t other_key[64] = { 6 };
	struct wr w = wr_new();

	CHECK_OK(client_box_seal_identity(&id, &a, export_key, 3, nonce, &w));
	CHECK_EQ(w.n, CLIENT_IDENTITY_BOX_LEN);
	CHECK_OK(client_box_open_identity(wr_bytes(&w), &a, export_key, 3,
	    &got));
	CHECK(memcmp(&got, &id, sizeof got) == 0);
	CHECK_ERR(client_box_open_identity(wr_bytes(&w), &a, export_key, 4,
	    &got), ERR_AUTH);
	CHECK_ERR(client_box_open_identity(wr_bytes(&w), &a, other_key, 3,
	    &got), ERR_AUTH);
	a.name.s[0] = 'b';
	CHECK_ERR(client_box_open_identity(wr_bytes(&w), &a, export_key, 3,
	    &got), ERR_AUTH);
	CHECK_ERR(client_box_open_identity(BYTES_NONE, &a, export_key, 3,
	    &got), ERR_DECODE);
	wr_free(&w);
}

TEST(a_box_with_another_seed_is_refused)
{
	struct client_account a = account_of_alice();
	struct client_identity id = { { 99 }, { 2 } }, got;
	struct wr w = wr_new();

	CHECK_OK(client_box_seal_identity(&id, &a, export_key, 1, nonce, &w));
	CHECK_ERR(client_box_open_identity(wr_bytes(&w), &a, export_key, 1,
	    &got), ERR_KEY);
	wr_free(&w);
}

TEST(a_settings_box_hides_its_length)
{
	struct client_account a = account_of_alice();
	uint8_t data_key[32] = { 1 }, other[32] = { 2 };
	struct wr small = wr_new(), large = wr_new(), got = wr_new();
	uint8_t settings[700] = { 1, 2, 3 };

	CHECK_OK(client_box_seal_settings((struct bytes){ settings, 3 }, &a,
	    data_key, 1, nonce, &small));
	CHECK_OK(client_box_seal_settings(BYTES_OF(settings), &a, data_key,
	    1, nonce, &large));
	CHECK_EQ(small.n, large.n);
	CHECK_OK(client_box_open_settings(wr_bytes(&small), &a, data_key, 1,
	    &got));
	CHECK_BYTES(wr_bytes(&got), ((struct bytes){ settings, 3 }));
	CHECK_ERR(client_box_open_settings(wr_bytes(&small), &a, data_key, 2,
	    &got), ERR_AUTH);
	CHECK_ERR(client_box_open_settings(wr_bytes(&small), &a, other, 1,
	    &got), ERR_AUTH);
	wr_free(&small);
	wr_free(&large);
	wr_free(&got);
}

TEST(what_was_seen_only_rises)
{
	struct client_account a = account_of_alice();
	struct client_seen seen = { 1, 5, 2, { 9, 2, { { 1 }, { 2 } } } };
	struct client_seen other = { .identity = 2, .settings = 4,
		.roster = 2 }, got;
	uint8_t seed[32] = { 1 }, wrong[32] = { 2 };
	struct wr w = wr_new();

	CHECK(client_seen_raise(&seen, &other));
	CHECK(!client_seen_raise(&seen, &other));
	CHECK_EQ(seen.identity, 2);
	CHECK_EQ(seen.settings, 5);
	CHECK_OK(client_seen_seal(&seen, &a, seed, nonce, &w));
	CHECK_EQ(w.n, CLIENT_SEEN_LEN);
	CHECK_OK(client_seen_open(wr_bytes(&w), &a, seed, &got));
	CHECK(memcmp(&seen, &got, sizeof got) == 0);
	CHECK_ERR(client_seen_open(wr_bytes(&w), &a, wrong, &got), ERR_AUTH);
	wr_free(&w);
}

/* Each sealed thing begins with its version: the other 255 are refused, as
 * damaged or as a later program's, before anything is opened. */
TEST(threat_11_another_version_of_what_is_sealed)
{
	struct client_account a = account_of_alice();
	struct client_keyring_head head = { { 3, 65536 }, { 2 } };
	struct client_keys keys = { { 1 }, { 2 }, { 3 } };
	struct client_identity id = { { 1 }, { 2 } };
	struct client_seen seen = { 1, 5, 2, { 9, 1, { { 1 } } } };
	const uint8_t data_key[32] = { 1 }, seed[32] = { 1 };
	struct wr keyring = wr_new(), identity = wr_new();
	struct wr settings = wr_new(), state = wr_new(), got = wr_new();

	CHECK_OK(client_keyring_seal(&head, &a, stretched, &keys, nonce,
	    &keyring));
	CHECK_OK(client_box_seal_identity(&id, &a, export_key, 1, nonce,
	    &identity));
	CHECK_OK(client_box_seal_settings(BYTES_LIT("pins"), &a, data_key, 1,
	    nonce, &settings));
	CHECK_OK(client_seen_seal(&seen, &a, seed, nonce, &state));
	for (unsigned v = 0; v < 256; v++) {
		enum err want = v == 0 ? ERR_DECODE : v == 1 ? ERR_OK :
							       ERR_VERSION;

		keyring.p[0] = identity.p[0] = (uint8_t)v;
		settings.p[0] = state.p[0] = (uint8_t)v;
		CHECK_ERR(client_keyring_open(wr_bytes(&keyring), &a,
		    stretched, &keys), want);
		CHECK_ERR(client_box_open_identity(wr_bytes(&identity), &a,
		    export_key, 1, &id), want);
		CHECK_ERR(client_box_open_settings(wr_bytes(&settings), &a,
		    data_key, 1, &got), want);
		CHECK_ERR(client_seen_open(wr_bytes(&state), &a, seed, &seen),
		    want);
	}
	wr_free(&keyring);
	wr_free(&identity);
	wr_free(&settings);
	wr_free(&state);
	wr_free(&got);
}

CHECK_MAIN(T(the_account_file_is_read_back),
    T(an_account_file_has_one_form), T(a_box_has_one_form),
    T(what_was_seen_has_one_form), T(a_keyrings_head_is_checked),
    T(a_keyring_opens_with_its_password_only),
    T(every_bit_of_a_keyring_counts), T(unbearable_parameters_are_refused),
    T(an_identity_box_belongs_to_its_account_and_version),
    T(a_box_with_another_seed_is_refused),
    T(a_settings_box_hides_its_length), T(what_was_seen_only_rises),
    T(threat_11_another_version_of_what_is_sealed))
