/*
 * What a client finds in its home and at the server: byte 0 says which kind
 * of file or box the rest is. Sealed ones are also made here and altered by
 * the input: they open only as they were.
 */
#include "fuzz.h"
#include "client/account.h"
#include "client/box.h"
#include "client/keyring.h"
#include "client/pins.h"
#include "client/seen.h"
#include "crypto/crypto.h"

#include <string.h>

static const uint8_t key[64] = { 3 };

__attribute__((constructor)) static void
start_libraries(void)
{
	MUST(crypto_init() == ERR_OK);
}

/* Pins that are read are written to what reads the same. */
static void
pins_again(struct bytes in)
{
	struct client_pins pins = { 0 }, again = { 0 };
	struct wr once = wr_new(), twice = wr_new();

	if (client_pins_read(&pins, in) == ERR_OK) {
		client_pins_write(&pins, &once);
		MUST(client_pins_read(&again, wr_bytes(&once)) == ERR_OK);
		client_pins_write(&again, &twice);
		MUST(bytes_equal(wr_bytes(&once), wr_bytes(&twice)));
	}
	client_pins_free(&pins);
	client_pins_free(&again);
	wr_free(&once);
	wr_free(&twice);
}

/* Adds the input to a sealed settings box, byte by byte. */
static void
altered_box(const struct client_account *account, struct bytes in)
{
	struct wr box = wr_new(), plain = wr_new();
	bool is_altered = false;
	enum err err;

	MUST(client_box_seal_settings(BYTES_LIT("settings"), account, key, 1,
		 key, &box) == ERR_OK);
	for (size_t i = 0; i < in.n && i < box.n; i++) {
		box.p[i] ^= in.p[i];
		is_altered |= in.p[i] != 0;
	}
	err = client_box_open_settings(wr_bytes(&box), account, key, 1,
	    &plain);
	MUST((err == ERR_OK) == !is_altered);
	wr_free(&box);
	wr_free(&plain);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const struct client_account account = { .name = { "alice" } };
	struct bytes in = { p + 1, n == 0 ? 0 : n - 1 };
	struct client_account read;
	struct client_keyring_head head;
	struct client_keys keys;
	struct client_identity identity;
	struct client_seen seen;

	if (n == 0)
		return 0;
	if (p[0] == 0) {
		(void)!client_account_read(in, &read);
	} else if (p[0] == 1) {
		(void)!client_keyring_read_head(in, &head);
		MUST(client_keyring_open(in, &account, key, &keys) != ERR_OK);
	} else if (p[0] == 2) {
		MUST(client_seen_open(in, &account, key, &seen) != ERR_OK);
	} else if (p[0] == 3) {
		MUST(client_box_open_identity(in, &account, key, 1,
			 &identity) != ERR_OK);
	} else if (p[0] == 4) {
		pins_again(in);
	} else {
		altered_box(&account, in);
	}
	return 0;
}
