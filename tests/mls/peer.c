/*
 * sotto-mls-peer - an MLS client that another program drives.
 *
 * One JSON object a line on stdin is a command, one JSON object a line on
 * stdout its answer; docs/MLS-PEER.md has them all. The program is one
 * client with any number of key packages and groups. It ends with its input.
 */
#include "crypto/crypto.h"
#include "peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct peer peer;

static uint64_t
now_ms(void *ctx)
{
	struct timespec t;

	(void)ctx;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static uint64_t
wall_s(void *ctx)
{
	const struct peer *p = ctx;

	return p->now_s != 0 ? p->now_s : (uint64_t)time(NULL);
}

/* What stands for an application's list of keys. */
static bool
find_psk(void *ctx, const struct mls_psk_id *id, struct wr *out)
{
	const struct peer *p = ctx;

	if (id->type == MLS_PSK_RESUMPTION) {
		for (size_t i = 0; i < p->group_count; i++)
			if (bytes_equal(
				mls_group_id(p->groups[i]), id->group_id) &&
			    mls_group_resumption_psk(
				p->groups[i], id->epoch, out) == MLS_OK)
				return true;
		return false;
	}
	for (size_t i = 0; i < p->psk_count; i++) {
		if (bytes_equal(p->psks[i].id, id->id)) {
			wr_put(out, p->psks[i].value);
			return true;
		}
	}
	return false;
}

static const struct {
	const char *name;
	enum mls_result (*run)(struct peer *p, const json_t *in, json_t *out);
} commands[] = {
#define X(name) { #name, peer_do_##name },
	PEER_COMMANDS(X)
#undef X
};

static json_t *
problem(const char *name, const char *text, const char *what)
{
	json_t *out = json_object();

	(void)json_object_set_new(out, "error", json_string(name));
	(void)json_object_set_new(out, "text", json_string(text));
	if (what != NULL)
		(void)json_object_set_new(out, "what", json_string(what));
	return out;
}

/* Runs one command and returns its answer. */
static json_t *
answer(struct peer *p, const json_t *in)
{
	const char *name = json_string_value(json_object_get(in, "command"));
	json_t *out = json_object();
	enum mls_result res = peer_bad(p, "command");

	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
		if (name == NULL || strcmp(name, commands[i].name) != 0)
			continue;
		p->usage = NULL;
		res = commands[i].run(p, in, out);
	}
	if (res == MLS_OK && p->usage == NULL)
		return out;
	json_decref(out);
	if (p->usage != NULL)
		return problem("COMMAND_IS_WRONG",
		    "missing or unusable field, or no such thing", p->usage);
	return problem(mls_result_name(res), mls_result_text(res), NULL);
}

static void
run_line(struct peer *p, const char *line, size_t n)
{
	json_error_t why;
	json_t *in = json_loadb(line, n, JSON_REJECT_DUPLICATES, &why), *out;

	p->usage = NULL;
	if (json_is_object(in))
		out = answer(p, in);
	else
		out = problem("COMMAND_IS_WRONG", "not a JSON object",
		    in == NULL ? why.text : NULL);
	(void)json_dumpf(out, stdout, JSON_COMPACT);
	(void)fputc('\n', stdout);
	(void)fflush(stdout);
	json_decref(in);
	json_decref(out);
	while (p->scratch_count > 0)
		free(p->scratch[--p->scratch_count]);
}

int
main(void)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	if (crypto_init() != ERR_OK)
		return EXIT_FAILURE;
	peer.env = (struct env){ now_ms, wall_s, crypto_system_random, &peer };
	peer.client = (struct mls_client){ .env = &peer.env,
		.authenticate = mls_accept_anyone,
		.find_psk = find_psk,
		.ctx = &peer };
	while ((n = getline(&line, &cap, stdin)) > 0)
		run_line(&peer, line, (size_t)n);
	free(line);
	while (peer.group_count > 0)
		mls_group_free(peer.groups[--peer.group_count]);
	while (peer.bundle_count > 0)
		mls_bundle_free(peer.bundles[--peer.bundle_count]);
	return EXIT_SUCCESS;
}
