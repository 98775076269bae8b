/*
 * What is signed, sealed or keyed: byte 0 says whether the rest is a roster,
 * a ticket, or a first record. Nothing that a stranger makes up passes.
 */
#include "fuzz.h"
#include "crypto/crypto.h"
#include "pact/guard.h"
#include "pact/roster.h"
#include "pact/ticket.h"

__attribute__((constructor)) static void
start_libraries(void)
{
	MUST(crypto_init() == ERR_OK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const uint8_t key[PACT_SESSION_KEY_LEN] = { 7 };
	struct bytes in = { p + 1, n == 0 ? 0 : n - 1 };
	struct pact_roster roster;
	struct pact_ticket ticket;
	struct pact_guard_first first;

	if (n == 0)
		return 0;
	if (p[0] == 0)
		(void)!pact_roster_read(in, &roster);
	else if (p[0] == 1)
		MUST(pact_ticket_open(in, key, &ticket) != ERR_OK);
	else if (pact_guard_read_first(in, key, &first) == ERR_OK)
		MUST(first.kind == PACT_GUARD_ASK ||
		    first.message1.n == PACT_GUARD_MESSAGE1_LEN);
	return 0;
}
