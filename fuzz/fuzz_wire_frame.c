/*
 * A run of records' plaintexts: the input is cut into records as its own
 * bytes say, so that messages span them.
 */
#include "fuzz.h"
#include "wire/frame.h"
#include "wire/messages.h"

#include <string.h>

static uint32_t
cap(uint8_t type, void *ctx)
{
	const struct wire_kind *kind = wire_kind_of(type);

	(void)ctx;
	return kind == NULL ? UINT32_MAX : kind->cap;
}

static enum err
on_message(uint8_t type, struct bytes body, void *ctx)
{
	uint8_t message[WIRE_STRUCT_MAX];
	size_t *seen = ctx;

	MUST(wire_kind_of(type) != NULL);
	MUST(body.n <= wire_kind_of(type)->cap);
	*seen += 1;
	return wire_decode(type, body, message);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static uint8_t record[WIRE_FRAME_MAX];
	struct wire_unframe u = { 0 };
	enum err err = ERR_OK;
	size_t seen = 0;

	while (n > 1 && err == ERR_OK) {
		/* 0: a largest record, the input and then zeros. */
		size_t len = p[0] == 0 ? sizeof record : p[0];
		size_t take = n - 1 < len ? n - 1 : len;

		memset(record, 0, len);
		memcpy(record, p + 1, take);
		err = wire_unframe_record(&u, (struct bytes){ record, len },
		    cap, on_message, &seen);
		p += 1 + take;
		n -= 1 + take;
	}
	wire_unframe_free(&u);
	return 0;
}
