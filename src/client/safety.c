#include "client/safety.h"

#include "crypto/hash.h"
#include "pact/keys.h"
#include "wire/limits.h"

#include <stdio.h>
#include <string.h>

#define ROUNDS	     5200
#define GROUPS	     6
#define GROUP_BYTES  5
#define GROUP_DIGITS 5
#define SIDE_TEXT    (GROUPS * (GROUP_DIGITS + 1))

/* Writes a side's groups with a space after each but the last, and a NUL. */
static void
write_side(const struct client_safety_side *side, char out[SIDE_TEXT])
{
	const uint8_t version[] = { WIRE_VERSION };
	struct bytes identity = { side->identity, 32 };
	struct bytes first[] = { BYTES_LIT(PACT_LABEL_SAFETY),
		BYTES_OF(version), identity, wire_name_bytes(side->name) };
	uint8_t hash[HASH_MAX_LEN];

	hash_parts(HASH_SHA512, first, 4, hash);
	for (int i = 0; i < ROUNDS; i++) {
		struct bytes again[] = { BYTES_OF(hash), identity };

		hash_parts(HASH_SHA512, again, 2, hash);
	}
	for (int i = 0; i < GROUPS; i++) {
		uint64_t v = 0;

		for (int j = 0; j < GROUP_BYTES; j++)
			v = v << 8 | hash[i * GROUP_BYTES + j];
		(void)snprintf(out + i * (GROUP_DIGITS + 1),
		    GROUP_DIGITS + 1, "%05u", (unsigned)(v % 100000));
		if (i + 1 < GROUPS)
			out[i * (GROUP_DIGITS + 1) + GROUP_DIGITS] = ' ';
	}
}

void
client_safety_number(const struct client_safety_side *one,
    const struct client_safety_side *other, char out[CLIENT_SAFETY_TEXT])
{
	char a[SIDE_TEXT], b[SIDE_TEXT];
	bool is_sorted;

	write_side(one, a);
	write_side(other, b);
	is_sorted = strcmp(a, b) <= 0;
	(void)snprintf(out, CLIENT_SAFETY_TEXT, "%s %s", is_sorted ? a : b,
	    is_sorted ? b : a);
}
