#include "base/hex.h"
#include "base/secret.h"
#include "sottod/admin.h"
#include "sottod/ask.h"
#include "sottod/cmd.h"
#include "sottod/control.h"
#include "sottod/notify.h"
#include "sottod/sandbox.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

struct serve {
	const struct options *options;
	const struct config *config; /* as it was at the start */
	struct shell shell;
};

static void
on_stop(void *ctx, int number)
{
	struct serve *s = ctx;

	if (s->shell.is_draining) {
		net_stop(s->shell.net);
		return;
	}
	log_say(LOG_INFO, "%s: stopping", number == SIGINT ? "SIGINT" :
	    "SIGTERM");
	notify_stopping();
	shell_drain(&s->shell);
}

static bool
same_listen(const struct config *a, const struct config *b)
{
	bool is_same = a->n_listen == b->n_listen;

	for (unsigned i = 0; i < a->n_listen && is_same; i++)
		is_same = a->listen[i].port == b->listen[i].port &&
		    strcmp(a->listen[i].host, b->listen[i].host) == 0;
	return is_same;
}

/* Reads the configuration again; one with an error changes nothing. */
static void
on_reload(void *ctx, int number)
{
	struct serve *s = ctx;
	const struct options *o = s->options;
	struct config fresh;
	struct trouble t;

	(void)number;
	notify_reloading();
	if (config_read(&fresh, o->config_path, o->flags, o->n_flags, &t) !=
	    0) {
		(void)say_trouble(&t);
		log_say(LOG_WARN, "configuration not reloaded");
	} else {
		if (!same_listen(&fresh, s->config) ||
		    strcmp(fresh.data, s->config->data) != 0)
			log_say(LOG_WARN, "data and listen change with a "
			    "restart only");
		shell_configure(&s->shell, &fresh);
		say_init(o->is_json, options_log_level(o, &fresh));
		log_say(LOG_INFO, "configuration reloaded");
	}
	notify_ready();
}

static void
say_ready(const struct shell *sh, bool is_json)
{
	char at[56], key[BASE64_LEN(WIRE_KEY_LEN) + 1];
	struct line l = { 0 };

	net_addr_print(at, &sh->bound[0]);
	base64_encode(key, BYTES_OF(sh->public_key));
	if (is_json) {
		line_json_begin(&l, "ready");
		line_json_text(&l, "address", at);
		line_json_text(&l, "key", key);
		line_json_end(&l);
	} else {
		line_put(&l, "ready %s %s", at, key);
	}
	(void)say_line(l.p);
	line_free(&l);
}

/* The loop gives the signals back while it ends: from then on one more of
 * them would kill what is being closed. */
static void
hear_no_more(void)
{
	sigset_t signals;

	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGINT);
	(void)sigaddset(&signals, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &signals, NULL);
}

static int
serve(struct serve *s, struct trouble *t)
{
	struct shell *sh = &s->shell;
	int code = shell_listen(sh, t);

	if (code == 0)
		code = control_listen(sh, t);
	if (code != 0)
		return code;
	if (sandbox_calls() == SANDBOX_LACKING)
		log_say(LOG_WARN, "this kernel has no seccomp: system calls "
		    "are not restricted");
	if (secret_unlocked() != 0)
		log_say(LOG_WARN, "this user may not lock that much memory "
		    "(ulimit -l): keys may get to the swap");
	net_on_signal(sh->net, SIGTERM, on_stop, s);
	net_on_signal(sh->net, SIGINT, on_stop, s);
	net_on_signal(sh->net, SIGHUP, on_reload, s);
	say_ready(sh, s->options->is_json);
	notify_ready();
	shell_run(sh);
	hear_no_more();
	if (!sh->is_broken)
		return 0;
	return trouble_set(t, EXIT_FAILURE, "database",
	    "see the disk, then start again",
	    "%s cannot be written any more", sh->db_path);
}

/* Names are resolved before the files that this takes are out of reach. */
static void
enclose(const struct dir *d, struct config *c)
{
	shell_resolve(c);
	admin_open();
	if (sandbox_files(d->path, c->file) == SANDBOX_LACKING)
		log_say(LOG_WARN, "this kernel has no Landlock: files are "
		    "not restricted");
}

int
cmd_serve(const struct options *o, const struct config *c)
{
	struct serve s = { .options = o, .config = c };
	struct config numeric = *c;
	struct trouble t;
	struct dir d;
	int code = dir_open(&d, c->data, true, &t);

	if (code == 0 && !dir_stay_owner(&d))
		code = trouble_set(&t, EX_CONFIG, "permissions",
		    "start sottod as that user",
		    "root cannot become the owner of %s", d.path);
	if (code == 0)
		code = ask_lock(&d, &t);
	if (code == 0) {
		dir_tidy(&d);
		enclose(&d, &numeric);
	}
	if (code == 0)
		code = shell_open(&s.shell, &d, &numeric, true, &t);
	if (code == 0) {
		code = serve(&s, &t);
		shell_close(&s.shell);
	}
	dir_close(&d);
	return code == 0 ? 0 : say_trouble(&t);
}
