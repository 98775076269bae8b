/*
 * A channel that receives what its peer sealed, altered on the way: the
 * first two bytes say where and how, the rest is the messages. What opens is
 * what was sent.
 */
#include "fuzz.h"
#include "crypto/crypto.h"
#include "pact/channel.h"

#include <stdlib.h>
#include <string.h>

__attribute__((constructor)) static void
start_libraries(void)
{
	MUST(crypto_init() == ERR_OK);
}

static uint32_t
cap(uint8_t type, void *ctx)
{
	(void)ctx;
	return type == WIRE_TEXT ? 16400 : UINT32_MAX;
}

static enum err
on_message(uint8_t type, struct bytes body, void *ctx)
{
	MUST(type == WIRE_TEXT);
	MUST(bytes_equal(body, *(const struct bytes *)ctx));
	return ERR_OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const uint8_t key[NOISE_KEY_LEN] = { 9 };
	struct pact_channel a = { .kind = PACT_CHANNEL_LINE }, b = a;
	struct wr pending = wr_new(), out = wr_new();
	struct bytes body;
	enum err err;

	if (n < 2 || n > 16000)
		return 0;
	body = (struct bytes){ p + 2, n - 2 };
	noise_transport_init(&a.out, key);
	noise_transport_init(&b.in, key);
	wr_u8(&pending, WIRE_TEXT);
	wr_vec24(&pending, body);
	MUST(pact_channel_seal(&a, wr_bytes(&pending), false, &out) == ERR_OK);
	out.p[2 + (p[0] * 61) % (out.n - 2)] ^= p[1];
	err = pact_channel_open(&b, out.p + 2, out.n - 2, cap, on_message,
	    &body);
	MUST((err == ERR_OK) == (p[1] == 0));
	pact_channel_wipe(&a);
	pact_channel_wipe(&b);
	wr_free(&pending);
	wr_free(&out);
	return 0;
}
