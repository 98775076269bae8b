#include "sottod/admin.h"

#include "base/hex.h"
#include "base/secret.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define UNKNOWN_PERSON 7

/* A request whose answer waits for the store. */
struct request {
	struct shell *shell;
	struct admin_reply reply;
	bool is_json;
	struct wire_link link; /* name, code and all, of an invite */
	uint64_t expires_s;
	enum server_user_op user_op;
};

/* ---- ends ---- */

static void
fail(const struct admin_reply *reply, int code, const char *what,
    const char *why, const char *advice)
{
	struct trouble t;

	(void)trouble_set(&t, code, what, advice, "%s", why);
	reply->end(reply->ctx, &t);
}

static void
fail_err(const struct admin_reply *reply, const char *what,
    const struct wire_name *name, enum err err)
{
	struct trouble t;

	if (err == ERR_GONE)
		(void)trouble_set(&t, UNKNOWN_PERSON, what,
		    "sottod user list shows who there is",
		    "there is no account %s", name->s);
	else if (err == ERR_CONFLICT)
		(void)trouble_set(&t, EXIT_FAILURE, what,
		    "sottod user reset gives a new invite for a name",
		    "%s has an account already", name->s);
	else
		(void)trouble_set(&t, EXIT_FAILURE, what,
		    "see the server's log", "%s", err_text(err));
	reply->end(reply->ctx, &t);
}

static void
finish(struct request *q, const struct trouble *t)
{
	struct admin_reply reply = q->reply;

	bytes_wipe(q, sizeof *q);
	free(q);
	reply.end(reply.ctx, t);
}

/* ---- invites ---- */

static void
say_invite(const struct request *q)
{
	char text[WIRE_LINK_TEXT_MAX];
	struct line l = { 0 };

	wire_link_print(text, &q->link);
	if (q->is_json) {
		line_json_begin(&l, "invite");
		line_json_text(&l, "name", q->link.name.s);
		line_json_text(&l, "link", text);
		line_json_time(&l, "expires", q->expires_s);
		line_json_end(&l);
	} else {
		line_put(&l, "%s", text);
	}
	q->reply.line(q->reply.ctx, l.p);
	bytes_wipe(text, sizeof text);
	bytes_wipe(l.p, l.n);
	line_free(&l);
}

static void
on_invited(void *ctx, enum err err)
{
	struct request *q = ctx;

	if (err != ERR_OK) {
		fail_err(&q->reply, "invite", &q->link.name, err);
		bytes_wipe(q, sizeof *q);
		free(q);
		return;
	}
	log_say(LOG_DEBUG, "invited %s", q->link.name.s);
	say_invite(q);
	finish(q, NULL);
}

static void
on_changed(void *ctx, enum err err)
{
	static const char *const did[] = { "enabled", "disabled", "reset",
		"removed" };
	struct request *q = ctx;
	struct line l = { 0 };

	if (err != ERR_OK) {
		fail_err(&q->reply, "user", &q->link.name, err);
		free(q);
		return;
	}
	log_say(LOG_DEBUG, "%s %s", did[q->user_op], q->link.name.s);
	if (q->user_op == SERVER_USER_RESET) {
		server_invite(q->shell->core, &q->link.name, q->expires_s,
		    q->link.code, on_invited, q);
		return;
	}
	if (q->is_json) {
		line_json_begin(&l, "done");
		line_json_text(&l, "name", q->link.name.s);
		line_json_text(&l, "did", did[q->user_op]);
		line_json_end(&l);
		q->reply.line(q->reply.ctx, l.p);
		line_free(&l);
	}
	finish(q, NULL);
}

/* Makes a request for a name, and where its link would lead; says itself
 * what is wrong. words: NAME [SECONDS PUBLIC]. */
static struct request *
make_request(struct shell *sh, char *const *words, unsigned n, bool is_json,
    const struct admin_reply *reply)
{
	struct request *q = calloc(1, sizeof *q);
	uint64_t seconds = n > 1 ? strtoull(words[1], NULL, 10) : 0;
	const char *given = n > 2 && strcmp(words[2], "-") != 0 ? words[2] :
	    NULL;

	if (q == NULL) {
		fail(reply, EXIT_FAILURE, "server", "out of memory", "");
		return NULL;
	}
	if (wire_name_parse(&q->link.name, bytes_str(words[0])) != ERR_OK) {
		free(q);
		fail(reply, EX_USAGE, "name", "names are 1 to 32 of a-z 0-9 "
		    "_ . - and begin with a letter or digit",
		    "choose another one");
		return NULL;
	}
	q->shell = sh;
	q->reply = *reply;
	q->is_json = is_json;
	shell_public(sh, given, &q->link.at);
	memcpy(q->link.server_key, sh->public_key, WIRE_KEY_LEN);
	q->expires_s = sh->env.wall_s(sh->env.ctx) + seconds;
	return q;
}

static void
do_invite(struct shell *sh, char *const *words, unsigned n, bool is_json,
    const struct admin_reply *reply)
{
	struct request *q = make_request(sh, words, n, is_json, reply);

	if (q != NULL)
		server_invite(sh->core, &q->link.name, q->expires_s,
		    q->link.code, on_invited, q);
}

/* ---- people ---- */

static const char *
status_text(const struct server_user_info *info)
{
	switch ((enum wire_status)info->status) {
	case WIRE_STATUS_AVAILABLE:
		return "available";
	case WIRE_STATUS_BUSY:
		return "busy";
	case WIRE_STATUS_AWAY:
		return "away";
	case WIRE_STATUS_OFFLINE:
	case WIRE_STATUS_INVISIBLE:
	default:
		return "offline";
	}
}

static void
json_user(struct line *l, const struct server_user_info *info)
{
	char identity[BASE64_LEN(32) + 1];

	base64_encode(identity, BYTES_OF(info->identity));
	line_json_begin(l, "user");
	line_json_text(l, "name", info->name.s);
	line_json_bool(l, "enabled", info->is_enabled);
	line_json_bool(l, "joined", info->has_record);
	line_json_text(l, "status", status_text(info));
	line_json_number(l, "devices", info->devices);
	line_json_number(l, "sessions", info->sessions);
	line_json_time(l, "created", info->created_s);
	line_json_text(l, "identity", info->has_record ? identity : "");
	line_json_end(l);
}

static void
say_user(const struct server_user_info *info, bool is_json,
    const struct admin_reply *reply)
{
	struct line l = { 0 };
	char created[32];

	line_time(created, info->created_s);
	if (is_json)
		json_user(&l, info);
	else
		line_put(&l, "%-20s %-9s  %2u device%s  %2u session%s  "
		    "since %.10s", info->name.s,
		    !info->is_enabled ? "disabled" :
		    !info->has_record ? "reset" : status_text(info),
		    info->devices, info->devices == 1 ? " " : "s",
		    info->sessions, info->sessions == 1 ? " " : "s",
		    created);
	reply->line(reply->ctx, l.p);
	line_free(&l);
}

static void
user_list(struct shell *sh, bool is_json, const struct admin_reply *reply)
{
	struct server_user_info info;
	const struct wire_name *after = NULL;
	struct wire_name last;

	while (server_user_next(sh->core, after, &info)) {
		say_user(&info, is_json, reply);
		last = info.name;
		after = &last;
	}
	reply->end(reply->ctx, NULL);
}

/* Finds one by walking, for names are few and this is rare. */
static bool
find_user(struct shell *sh, const struct wire_name *name,
    struct server_user_info *info)
{
	const struct wire_name *after = NULL;
	struct wire_name last;

	while (server_user_next(sh->core, after, info)) {
		if (wire_name_equal(&info->name, name))
			return true;
		last = info->name;
		after = &last;
	}
	return false;
}

static void
user_show(struct request *q)
{
	struct server_user_info info;
	struct admin_reply reply = q->reply;

	if (find_user(q->shell, &q->link.name, &info)) {
		say_user(&info, q->is_json, &reply);
		finish(q, NULL);
	} else {
		fail_err(&reply, "user", &q->link.name, ERR_GONE);
		free(q);
	}
}

static void
do_user(struct shell *sh, char *const *words, unsigned n, bool is_json,
    const struct admin_reply *reply)
{
	static const char *const ops[] = { "enable", "disable", "reset",
		"remove" };
	struct request *q;
	unsigned op = 0;

	if (strcmp(words[0], "list") == 0) {
		user_list(sh, is_json, reply);
		return;
	}
	while (op < 4 && strcmp(words[0], ops[op]) != 0)
		op++;
	if (n < 2 || (op == 4 && strcmp(words[0], "show") != 0)) {
		fail(reply, EX_USAGE, "command line",
		    "user takes list, or show, disable, enable, reset or "
		    "remove and a NAME", "sottod --help shows how it goes");
		return;
	}
	q = make_request(sh, words + 1, n - 1, is_json, reply);
	if (q == NULL)
		return;
	q->user_op = (enum server_user_op)op;
	if (op == 4)
		user_show(q);
	else
		server_user(sh->core, q->user_op, &q->link.name, on_changed,
		    q);
}

/* ---- figures ---- */

static int statm = -1;

void
admin_open(void)
{
	statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
}

static uint64_t
rss_bytes(void)
{
	unsigned long size = 0, resident = 0;
	char text[128];
	ssize_t n;

	if (statm < 0)
		admin_open();
	n = pread(statm, text, sizeof text - 1, 0);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	if (sscanf(text, "%lu %lu", &size, &resident) != 2)
		return 0;
	return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

struct figure {
	const char *name;
	uint64_t v;
};

static void
do_stats(struct shell *sh, bool is_json, const struct admin_reply *reply)
{
	struct server_stats stats;
	struct line l = { 0 };

	server_get_stats(sh->core, &stats);
	const struct figure all[] = {
#define X(name) { #name, stats.name },
		SERVER_STATS(X)
#undef X
		{ "commits", store_sqlite_commits(sh->store) },
		{ "unlocked_bytes", secret_unlocked() },
		{ "uptime_ms", net_now_ms(sh->net) - sh->start_ms },
		{ "rss_bytes", rss_bytes() },
	};

	if (is_json)
		line_json_begin(&l, "stats");
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		if (is_json) {
			line_json_number(&l, all[i].name, all[i].v);
			continue;
		}
		line_put(&l, "%s %llu", all[i].name,
		    (unsigned long long)all[i].v);
		reply->line(reply->ctx, l.p);
		line_free(&l);
	}
	if (is_json) {
		line_json_end(&l);
		reply->line(reply->ctx, l.p);
		line_free(&l);
	}
	reply->end(reply->ctx, NULL);
}

/* ---- snapshots ---- */

static void
on_snapshot(void *ctx, enum err err)
{
	struct request *q = ctx;
	char key[BASE64_LEN(WIRE_KEY_LEN) + 1];

	if (err != ERR_OK) {
		fail(&q->reply, EXIT_FAILURE, "backup",
		    "the database cannot be copied",
		    "see whether the disk is full");
		free(q);
		return;
	}
	base64_encode(key, BYTES_OF(q->link.server_key));
	q->reply.line(q->reply.ctx, key);
	finish(q, NULL);
}

static void
do_snapshot(struct shell *sh, const char *name,
    const struct admin_reply *reply)
{
	char path[DIR_PATH_MAX];
	struct request *q;

	if (strncmp(name, "snapshot-", 9) != 0 || strchr(name, '/') != NULL ||
	    strlen(name) > 48) {
		fail(reply, EX_USAGE, "backup", "not a snapshot's name", "");
		return;
	}
	q = calloc(1, sizeof *q);
	if (q == NULL) {
		fail(reply, EXIT_FAILURE, "server", "out of memory", "");
		return;
	}
	q->shell = sh;
	q->reply = *reply;
	memcpy(q->link.server_key, sh->public_key, WIRE_KEY_LEN);
	dir_path(path, sh->dir, name);
	shell_snapshot(sh, path, on_snapshot, q);
}

void
admin_run(struct shell *sh, char *const *words, unsigned n, bool is_json,
    const struct admin_reply *reply)
{
	if (n == 4 && strcmp(words[0], "invite") == 0)
		do_invite(sh, words + 1, n - 1, is_json, reply);
	else if (n >= 2 && strcmp(words[0], "user") == 0)
		do_user(sh, words + 1, n - 1, is_json, reply);
	else if (n == 1 && strcmp(words[0], "stats") == 0)
		do_stats(sh, is_json, reply);
	else if (n == 2 && strcmp(words[0], "snapshot") == 0)
		do_snapshot(sh, words[1], reply);
	else
		fail(reply, EX_USAGE, "control", "the server does not know "
		    "this request", "use the sottod that runs");
}
