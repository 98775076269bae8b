/* The shell, around a core that only writes down what it is told. */
#include "libsotto/shell.h"

#include "support/check.h"
#include "support/scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- a core that decides nothing ---- */

struct client {
	struct client_effects fx;
	struct env env;
	char told[1024];
	uint64_t generation;
	struct wire_endpoint at[SHELL_ENDPOINTS_MAX];
	size_t n_at, n_sent;
	client_link next_accepted;
};

static void
told(struct client *c, const char *what, unsigned n)
{
	size_t len = strlen(c->told);

	(void)snprintf(c->told + len, sizeof c->told - len, "%s %u;", what, n);
}

enum err
client_new(const struct client_options *options,
    const struct client_files *files, const struct env *env,
    const struct client_effects *effects, struct client **out)
{
	(void)options;
	(void)files;
	*out = calloc(1, sizeof **out);
	(*out)->fx = *effects;
	(*out)->env = *env;
	return ERR_OK;
}

/* Wants everything once more, which must lead nowhere. */
void
client_free(struct client *c)
{
	struct wire_address at = { .host = "localhost", .port = 1 };
	struct client_stretch work = { .params = { 1, 64 } };
	struct client_solve puzzle = { .tries = 1 };
	const struct client_effects *fx = &c->fx;

	(void)c->env.now_ms(c->env.ctx);
	fx->connect(fx->ctx, 77, &at);
	fx->send(fx->ctx, 3, (const uint8_t *)"bye", 3);
	fx->close(fx->ctx, 3, false);
	fx->close(fx->ctx, 9, true);
	fx->listen(fx->ctx, true);
	fx->deadline(fx->ctx, 1);
	fx->stretch(fx->ctx, 6, &work);
	fx->solve(fx->ctx, 7, &puzzle);
	fx->save(fx->ctx, CLIENT_FILE_STATE, 0, BYTES_LIT("late"));
	free(c);
}

void
client_connected(struct client *c, client_link link,
    const struct wire_endpoint *local, const struct wire_endpoint *peer)
{
	CHECK(local->port != 0 && peer->port != 0);
	told(c, "connected", link);
}

client_link
client_accepted(struct client *c, const struct wire_endpoint *peer)
{
	CHECK(peer->port != 0);
	told(c, "accepted", c->next_accepted);
	return c->next_accepted;
}

void
client_bytes(struct client *c, client_link link, struct bytes in)
{
	char text[64];

	(void)snprintf(text, sizeof text, "bytes %.*s on", (int)in.n,
	    (const char *)in.p);
	told(c, text, link);
}

void
client_sent(struct client *c, client_link link, size_t n)
{
	(void)link;
	c->n_sent += n;
}

void
client_closed(struct client *c, client_link link, enum err err)
{
	told(c, err == ERR_OK ? "closed" :
	        err == ERR_GONE ? "gone" :
	                          "failed", link);
}

void
client_listening(struct client *c, const struct wire_endpoint *at, size_t n)
{
	if (n > 0)
		memcpy(c->at, at, n * sizeof at[0]);
	c->n_at = n;
	told(c, "listening", n > 0);
}

void
client_job_done(struct client *c, client_job job)
{
	told(c, "job", job);
}

void
client_saved(struct client *c, enum client_file file, enum err err,
    uint64_t generation, struct bytes content)
{
	char text[64];

	c->generation = generation;
	(void)snprintf(text, sizeof text, "%s %.*s for",
	    err == ERR_OK ? "saved" :
	        err == ERR_CONFLICT ? "conflict" :
	                              "not saved",
	    (int)content.n, content.n == 0 ? "" : (const char *)content.p);
	told(c, text, (unsigned)file);
}

void
client_flush(struct client *c)
{
	(void)c;
}

void
client_tick(struct client *c)
{
	told(c, "tick", 0);
}

/* ---- driving ---- */

static struct shell sh;
static const char *root;

static void
begin(bool is_ephemeral)
{
	struct net_addr listen_at;
	struct client_options options = { .is_ephemeral = is_ephemeral };
	struct client_files files = { 0 };

	root = scratch_new();
	CHECK_OK(net_addr_parse(&listen_at, "127.0.0.1", 0));
	CHECK_OK(shell_init(&sh, is_ephemeral ? NULL : root, &listen_at));
	CHECK_OK(wire_address_parse_user(&sh.account.name, &sh.account.at,
	    bytes_str("al@h:1")));
	CHECK_OK(shell_start(&sh, &options, &files));
}

/* Works until the core has been told something that holds part. */
static void
until(const char *part)
{
	for (int i = 0; i < 1000 && strstr(sh.core->told, part) == NULL; i++)
		net_step(sh.net, 100);
	if (!CHECK(strstr(sh.core->told, part) != NULL))
		printf("    wanted %s, told %s\n", part, sh.core->told);
}

static void
forget(void)
{
	sh.core->told[0] = '\0';
}

TEST(a_line_to_itself)
{
	struct wire_address at = { .host = "localhost" };
	static const uint8_t hello[] = "hello";

	begin(true);
	sh.core->fx.listen(&sh, true);
	CHECK(sh.core->told[0] == '\0');
	until("listening 1;");
	CHECK_EQ(sh.core->n_at, 1);
	at.port = sh.core->at[0].port;
	sh.core->next_accepted = 9;
	sh.core->fx.connect(&sh, 3, &at);
	until("connected 3;");
	until("accepted 9;");
	sh.core->fx.send(&sh, 3, hello, 5);
	until("bytes hello on 9;");
	CHECK_EQ(sh.core->n_sent, 5);
	sh.core->fx.close(&sh, 9, false);
	until("closed 9;");
	until("gone 3;");
	forget();
	sh.core->fx.listen(&sh, false);
	until("listening 0;");
	sh.core->fx.connect_endpoint(&sh, 4, &sh.core->at[0]);
	until("failed 4;");
	shell_wipe(&sh);
}

TEST(a_caller_may_be_turned_away)
{
	begin(true);
	sh.core->fx.listen(&sh, true);
	until("listening 1;");
	sh.core->fx.connect_endpoint(&sh, 3, &sh.core->at[0]);
	until("accepted 0;");
	until("gone 3;");
	shell_wipe(&sh);
}

TEST(an_attempt_given_up_is_not_heard_of_again)
{
	begin(true);
	sh.core->fx.listen(&sh, true);
	until("listening 1;");
	sh.core->fx.connect_endpoint(&sh, 3, &sh.core->at[0]);
	sh.core->fx.close(&sh, 3, true);
	sh.core->fx.deadline(&sh, sh.core->env.now_ms(sh.core->env.ctx) + 50);
	until("tick 0;");
	CHECK(strstr(sh.core->told, " 3;") == NULL);
	shell_wipe(&sh);
}

TEST(every_free_address_is_told)
{
	struct net_addr any;

	begin(true);
	CHECK_OK(net_addr_parse(&any, "::", 0));
	sh.listen_at = any;
	sh.core->fx.listen(&sh, true);
	until("listening 1;");
	CHECK(sh.core->n_at >= 1);
	for (size_t i = 0; i < sh.core->n_at; i++)
		CHECK_EQ(sh.core->at[i].port, sh.core->at[0].port);
	shell_wipe(&sh);
}

TEST(files_are_saved_and_conflicts_told)
{
	uint64_t first;

	begin(false);
	sh.core->fx.save(&sh, CLIENT_FILE_STATE, 0, BYTES_LIT("one"));
	CHECK(sh.core->told[0] == '\0');
	until("saved  for 2;");
	first = sh.core->generation;
	forget();
	sh.core->fx.save(&sh, CLIENT_FILE_STATE, first, BYTES_LIT("two"));
	until("saved  for 2;");
	forget();
	sh.core->fx.save(&sh, CLIENT_FILE_STATE, first, BYTES_LIT("three"));
	until("conflict two for 2;");
	CHECK_EQ(sh.core->generation, first + 1);
	shell_wipe(&sh);
}

TEST(nothing_is_written_when_ephemeral)
{
	begin(true);
	sh.core->fx.save(&sh, CLIENT_FILE_KEYRING, 0, BYTES_LIT("secret"));
	until("saved  for 1;");
	CHECK_EQ(sh.core->generation, 1);
	/* Still empty. */
	CHECK(rmdir(root) == 0);
	shell_wipe(&sh);
}

TEST(passwords_are_stretched_elsewhere)
{
	struct client_stretch work = { .params = { 1, 64 },
		.password = BYTES_LIT("password") };
	uint8_t want[64];

	begin(true);
	CHECK_OK(ksf_argon2id(work.params, work.password, work.salt, want,
	    sizeof want));
	sh.core->fx.stretch(&sh, 5, &work);
	until("job 5;");
	CHECK_OK(work.err);
	CHECK_BYTES(BYTES_OF(work.out), BYTES_OF(want));
	shell_wipe(&sh);
}

TEST(what_is_under_way_can_be_left)
{
	begin(true);
	sh.core->fx.listen(&sh, true);
	until("listening 1;");
	sh.core->fx.connect_endpoint(&sh, 3, &sh.core->at[0]);
	shell_wipe(&sh);
}

TEST(ending_waits_for_what_runs)
{
	struct client_stretch work = { .params = { 1, 8192 },
		.password = BYTES_LIT("password") };

	begin(false);
	sh.core->fx.stretch(&sh, 5, &work);
	sh.core->fx.save(&sh, CLIENT_FILE_STATE, 0, BYTES_LIT("last"));
	shell_wipe(&sh);
	CHECK_OK(work.err);
}

CHECK_MAIN(T(a_line_to_itself), T(a_caller_may_be_turned_away),
    T(an_attempt_given_up_is_not_heard_of_again),
    T(every_free_address_is_told), T(files_are_saved_and_conflicts_told),
    T(nothing_is_written_when_ephemeral), T(passwords_are_stretched_elsewhere),
    T(what_is_under_way_can_be_left), T(ending_waits_for_what_runs))
