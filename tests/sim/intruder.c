#include "sim/intruder.h"

#include "pact/guard.h"
#include "pact/keys.h"

#include <stdlib.h>
#include <string.h>

/* The intruder's own code never fails: the simulator has memory. */
static void
must(bool ok)
{
	if (!ok)
		abort();
}

/* ---- hearing ---- */

static uint32_t
cap_of(uint8_t type, void *ctx)
{
	const struct wire_kind *kind = wire_kind_of(type);

	(void)ctx;
	return kind == NULL ? UINT32_MAX : kind->cap;
}

static enum err
on_message(uint8_t type, struct bytes body, void *ctx)
{
	struct intruder *i = ctx;

	i->got[type]++;
	wr_free(&i->last[type]);
	i->last[type] = wr_new();
	wr_put(&i->last[type], body);
	must(wr_done(&i->last[type]) == ERR_OK);
	return ERR_OK;
}

/* Noise message 2, or something else that ends it. */
static void
on_answer(struct intruder *i, struct bytes record)
{
	struct wr nothing = wr_init(NULL, 0);
	struct noise_split split;

	if (record.n != 1 + PACT_GUARD_MESSAGE2_LEN ||
	    record.p[0] != PACT_GUARD_MESSAGE2)
		return;
	must(noise_handshake_read(&i->hs, (struct bytes){ record.p + 1,
		 record.n - 1 }, &nothing) == ERR_OK &&
	    noise_handshake_split(&i->hs, &split) == ERR_OK);
	i->channel = (struct pact_channel){ .out = split.send,
		.in = split.receive, .kind = PACT_CHANNEL_SERVER };
	memcpy(i->h, split.h, sizeof i->h);
	i->is_up = true;
}

void
intruder_heard(void *ctx, struct world_end *end, struct bytes bytes)
{
	struct run *r = ctx;
	struct intruder *i = r->intruders;
	size_t n, len;
	bool too_big;

	while (i != NULL && &i->conn->a != end)
		i = i->next;
	if (i == NULL)
		return;
	wr_put(&i->in, bytes);
	for (;;) {
		n = pact_channel_cut(wr_bytes(&i->in), WIRE_RECORD_MAX - 2,
		    &len, &too_big);
		must(!too_big);
		if (n == 0)
			return;
		if (!i->is_up)
			on_answer(i, (struct bytes){ i->in.p + 2, len });
		else
			must(pact_channel_open(&i->channel, i->in.p + 2, len,
				 cap_of, on_message, i) == ERR_OK);
		memmove(i->in.p, i->in.p + n, i->in.n - n);
		i->in.n -= n;
	}
}

/* ---- coming and going ---- */

static void
say_first_record(struct intruder *i)
{
	static struct noise_pattern pattern;
	struct world *w = i->run->w;
	uint8_t server[32], key[PACT_GUARD_KEY_LEN];
	uint8_t prologue[PACT_CHANNEL_PROLOGUE_LEN];
	struct noise_keys keys = { .rs = server };
	struct pact_guard_first first = { .kind = PACT_GUARD_PLAIN };
	struct noise_random random;
	struct wr message1 = wr_new(), record = wr_new();
	size_t mark = wr_begin(&record, 2);

	server_public_key(world_server(w), server);
	pact_guard_key(server, key);
	pact_keys_channel_prologue(prologue);
	rng_fill(&i->run->dice, &random, sizeof random);
	must(noise_pattern_parse(&pattern, PACT_CHANNEL_PROTOCOL) == ERR_OK &&
	    noise_handshake_init(&i->hs, &pattern, NOISE_INITIATOR,
		BYTES_OF(prologue), &keys) == ERR_OK &&
	    noise_handshake_write(&i->hs, &random, BYTES_NONE, &message1) ==
		ERR_OK);
	first.message1 = wr_bytes(&message1);
	must(pact_guard_write_first(&record, key, &first) == ERR_OK);
	wr_end(&record, mark, 2);
	net_queue(&i->conn->a, record.p, record.n);
	wr_free(&message1);
	wr_free(&record);
}

static bool
is_up(void *ctx)
{
	struct intruder *i = ctx;

	return i->is_up || i->conn->a.is_closed;
}

struct intruder *
intruder_new(struct run *r)
{
	struct wire_endpoint from = { { [10] = 0xff, [11] = 0xff, [12] = 10,
					  [13] = 9 }, 50000 };
	struct world_conn *conn;
	struct intruder *i;

	r->next_intruder++;
	from.ip[14] = (uint8_t)(r->next_intruder >> 8);
	from.ip[15] = (uint8_t)r->next_intruder;
	conn = run_has_room(r) ? world_stranger(r->w, &from) : NULL;
	if (conn == NULL)
		return NULL;
	i = calloc(1, sizeof *i);
	must(i != NULL);
	*i = (struct intruder){ .next = r->intruders, .run = r, .conn = conn,
		.in = wr_new() };
	conn->a.is_crooked = true;
	r->intruders = i;
	say_first_record(i);
	(void)world_until(r->w, 5000, is_up, i);
	if (i->is_up)
		return i;
	intruder_leave(i);
	return NULL;
}

void
intruder_leave(struct intruder *i)
{
	world_cut(i->run->w, i->conn);
}

void
intruder_free_all(struct run *r)
{
	while (r->intruders != NULL) {
		struct intruder *i = r->intruders;

		r->intruders = i->next;
		pact_channel_wipe(&i->channel);
		wr_free(&i->in);
		for (size_t type = 0; type < 256; type++)
			wr_free(&i->last[type]);
		free(i);
	}
}

/* ---- talking ---- */

struct waiting {
	struct intruder *intruder;
	enum wire_type type;
	unsigned before;
};

static bool
has_come(void *ctx)
{
	struct waiting *wait = ctx;
	struct intruder *i = wait->intruder;

	return i->got[wait->type] != wait->before || i->conn->a.is_closed;
}

bool
intruder_ask(struct intruder *i, enum wire_type type, const void *message,
    enum wire_type answer, uint64_t ms)
{
	struct waiting wait = { i, answer, i->got[answer] };
	struct wr plain = wr_new(), out = wr_new();

	must(wire_encode(&plain, type, message) == ERR_OK &&
	    pact_channel_seal(&i->channel, wr_bytes(&plain), false, &out) ==
		ERR_OK);
	net_queue(&i->conn->a, out.p, out.n);
	wr_free(&plain);
	wr_free(&out);
	(void)world_until(i->run->w, ms, has_come, &wait);
	return i->got[answer] != wait.before;
}

bool
intruder_begin_login(struct intruder *i, const char *name,
    const char *password)
{
	static const uint8_t salt[KSF_SALT_LEN];
	struct wire_LOGIN_START m = { .req = ++i->req,
		.name = run_name(name) };
	struct wire_LOGIN_REPLY reply;
	struct opaque_login_random random;
	struct opaque_login_result result;
	uint8_t context[PACT_LOGIN_CONTEXT_LEN], in[64];
	struct opaque_binding binding = { .context = BYTES_OF(context),
		.client_identity = wire_name_bytes(&m.name) };
	struct client_stretch work = { .password = BYTES_OF(in) };

	rng_fill(&i->run->dice, &random, sizeof random);
	must(opaque_client_login(&i->login, bytes_str(password), &random,
		 m.ke1) == ERR_OK);
	if (!intruder_ask(i, WIRE_LOGIN_START, &m, WIRE_LOGIN_REPLY, 5000) ||
	    wire_decode(WIRE_LOGIN_REPLY,
		wr_bytes(&i->last[WIRE_LOGIN_REPLY]), &reply) != ERR_OK)
		return false;
	pact_keys_login_context(i->h, context);
	must(opaque_client_login_unblind(&i->login, bytes_str(password),
		 reply.ke2, in) == ERR_OK);
	memcpy(work.salt, salt, sizeof work.salt);
	work.params = (struct ksf_params){ reply.ksf_passes,
		reply.ksf_memory_kib };
	world_stretch(i->run->w, &work);
	if (opaque_client_login_finish(&i->login, &binding, work.out,
		&result) != ERR_OK)
		return false;
	i->finish = (struct wire_LOGIN_FINISH){ .req = ++i->req };
	memcpy(i->finish.ke3, result.ke3, sizeof i->finish.ke3);
	rng_fill(&i->run->dice, i->finish.device, sizeof i->finish.device);
	return true;
}
