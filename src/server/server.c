#include "server/server.h"

#include "server/account.h"
#include "server/bus.h"
#include "server/conn.h"
#include "server/guard.h"
#include "server/guess.h"
#include "server/introduction.h"
#include "server/pass.h"

#include <stdlib.h>
#include <string.h>

struct server_config
server_config_default(void)
{
	return (struct server_config){ .guard = SERVER_GUARD_AUTO,
		.tells_key = true, .max_conns = 16384,
		.max_conns_source = 256, .max_waiting = 128 * 1024 * 1024,
		.ksf_passes = 3, .ksf_memory_kib = 256 * 1024, .shards = 1 };
}

/* Derives what is derived from the keys once, so that no connection pays for
 * it. */
static enum err
set_keys(struct server *s, const struct server_keys *keys)
{
	struct {
		uint8_t fake_seed[OPAQUE_FAKE_SEED_LEN];
	} t = { { 0 } };
	struct server_hold *hold;
	enum err err;

	s->hold = secret_new(sizeof *hold);
	NEED(s->hold != NULL, ERR_NOMEM);
	hold = server_hold(s);
	noise_keypair_init(&hold->channel, keys->channel_secret);
	memcpy(hold->opaque.oprf_seed, keys->oprf_seed,
	    sizeof hold->opaque.oprf_seed);
	memcpy(hold->opaque.key.secret, keys->opaque_secret,
	    sizeof hold->opaque.key.secret);
	TRY(ristretto_mul_base(keys->opaque_secret, hold->opaque.key.public));
	memcpy(hold->fake_seed, keys->fake_seed, sizeof hold->fake_seed);
	memcpy(t.fake_seed, keys->fake_seed, sizeof keys->fake_seed);
	TRY(opaque_server_fake_record(t.fake_seed, BYTES_NONE,
	    s->fake_record));
	pact_guard_key(hold->channel.public, s->guard_key);
	memcpy(s->home_key, s->guard_key, sizeof s->home_key);
	TRY(noise_pattern_parse(&s->pattern, PACT_CHANNEL_PROTOCOL));
out:
	bytes_wipe(&t, sizeof t);
	return err;
}

enum err
server_new(const struct server_config *config, const struct server_keys *keys,
    const struct env *env, const struct server_effects *effects,
    struct store *store, struct server **out)
{
	struct server *s = calloc(1, sizeof *s);
	enum err err;

	*out = NULL;
	if (s == NULL)
		return ERR_NOMEM;
	s->config = *config;
	s->env = *env;
	s->effects = *effects;
	s->store = store;
	s->wheel = wheel_init();
	s->told_ms = WHEEL_NEVER;
	list_init(&s->questions);
	server_random(s, s->hash_key, sizeof s->hash_key);
	TRY(set_keys(s, keys));
	TRY(server_conn_tables(s));
	TRY(server_guard_tables(s));
	TRY(server_guess_tables(s));
	TRY(server_pass_tables(s));
	server_account_load(s);
	*out = s;
	s = NULL;
out:
	server_free(s);
	return err;
}

void
server_free(struct server *s)
{
	if (s == NULL)
		return;
	server_conn_free_tables(s);
	server_bus_free(s);
	server_introduction_free_all(s);
	server_account_free_all(s);
	wheel_free(&s->wheel);
	free(s->sources);
	free(s->spent);
	free(s->guesses);
	free(s->paces);
	secret_free(s->hold);
	bytes_wipe(s, sizeof *s);
	free(s);
}

bool
server_is_ready(const struct server *s, enum err *err)
{
	*err = s->load_err;
	return s->is_ready;
}

void
server_configure(struct server *s, const struct server_config *config)
{
	unsigned shard = s->config.shard, shards = s->config.shards;

	s->config = *config;
	s->config.shard = shard;
	s->config.shards = shards;
	/* The tables are as large as they were made. */
	if (s->config.max_conns > s->conns_max)
		s->config.max_conns = s->conns_max;
}

void
server_public_key(const struct server *s, uint8_t key[32])
{
	memcpy(key, server_hold(s)->channel.public, X25519_LEN);
}

void
server_settle(struct server *s)
{
	uint64_t at_ms;

	server_bus_run(s);
	at_ms = wheel_deadline(&s->wheel);
	if (at_ms == s->told_ms)
		return;
	s->told_ms = at_ms;
	s->effects.deadline(s->effects.ctx, at_ms);
}

void
server_tick(struct server *s)
{
	s->told_ms = WHEEL_NEVER;
	wheel_run(&s->wheel, server_now_ms(s), s);
	server_settle(s);
}

void
server_drain(struct server *s)
{
	s->is_draining = true;
	for (uint32_t i = 0; i < s->conns_high; i++)
		if (s->conns[i].state != SERVER_FREE)
			server_conn_end(s, &s->conns[i],
			    WIRE_CLOSE_STOPPING);
	server_settle(s);
}

bool
server_is_drained(const struct server *s)
{
	return s->conns_n == 0 && s->ops == 0;
}
