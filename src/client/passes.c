#include "client/passes.h"

#include "client/core.h"

#include <string.h>

/* With so many left, and half of their time to come, new ones are not worth
 * writing to the disk. */
#define ENOUGH (WIRE_PASSES_MAX / 2)

static void
save(struct client *c)
{
	/* A device that is being made saves all of its state at the end. */
	if (c->has_account && c->session.goal != CLIENT_GOAL_ENROL)
		client_vault_put_seen(c);
}

static void
remove_at(struct client_passes *p, uint64_t i)
{
	p->n--;
	memmove(p->at[i], p->at[i + 1], (p->n - i) * sizeof p->at[0]);
	bytes_wipe(p->at[p->n], sizeof p->at[0]);
}

bool
client_passes_take(struct client *c, uint8_t pass[PACT_GUARD_PASS_LEN])
{
	struct client_passes *p = &c->seen.passes;
	uint32_t any;

	if (p->until_s <= client_now_s(c))
		p->n = 0;
	if (p->n == 0)
		return false;
	/* Any of them: other programs of this device have the same ones. */
	client_random(c, &any, sizeof any);
	any %= (uint32_t)p->n;
	memcpy(pass, p->at[any], PACT_GUARD_PASS_LEN);
	remove_at(p, any);
	save(c);
	return true;
}

enum err
client_passes_on_given(struct client *c, const struct wire_PASSES *m)
{
	struct client_passes *p = &c->seen.passes;
	uint64_t now = client_now_s(c);
	uint32_t life_s = m->life_s < WIRE_PASS_S ? m->life_s : WIRE_PASS_S;

	if (m->passes.n % PACT_GUARD_PASS_LEN != 0)
		return ERR_DECODE;
	if (p->n >= ENOUGH && p->until_s > now + life_s / 2)
		return ERR_OK;
	for (size_t at = 0; at < m->passes.n; at += PACT_GUARD_PASS_LEN) {
		if (p->n == WIRE_PASSES_MAX)
			remove_at(p, 0);
		memcpy(p->at[p->n++], m->passes.p + at, PACT_GUARD_PASS_LEN);
	}
	p->until_s = now + life_s;
	save(c);
	return ERR_OK;
}
