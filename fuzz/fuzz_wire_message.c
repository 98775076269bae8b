/*
 * Every message: byte 0 is the type, the rest the body. What decodes is
 * encoded again and must give the same bytes.
 */
#include "fuzz.h"
#include "wire/messages.h"

#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	uint8_t message[WIRE_STRUCT_MAX] = { 0 };
	struct wire_endpoint endpoints[WIRE_ENDPOINTS_MAX];
	const struct wire_kind *kind;
	struct wr again = wr_new();
	struct bytes body;
	size_t count;

	if (n == 0)
		return 0;
	body = (struct bytes){ p + 1, n - 1 };
	(void)!wire_endpoints_decode(body, endpoints, &count);
	kind = wire_kind_of(p[0]);
	if (kind == NULL || body.n > kind->cap ||
	    wire_decode(p[0], body, message) != ERR_OK)
		return 0;
	MUST(wire_encode(&again, p[0], message) == ERR_OK);
	MUST(again.n == WIRE_HEADER_LEN + body.n);
	MUST(body.n == 0 ||
	    memcmp(again.p + WIRE_HEADER_LEN, body.p, body.n) == 0);
	wr_free(&again);
	return 0;
}
