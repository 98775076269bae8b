#include "sottod/cmd.h"
#include "sottod/keys.h"
#include "sottod/sandbox.h"
#include "store/sqlite.h"

#include <stdlib.h>
#include <sysexits.h>

static void
good(const struct options *o, const char *what)
{
	struct line l = { 0 };

	if (o->is_json) {
		line_json_begin(&l, "check");
		line_json_text(&l, "what", what);
		line_json_bool(&l, "ok", true);
		line_json_end(&l);
	} else {
		line_put(&l, "ok %s", what);
	}
	(void)say_line(l.p);
	line_free(&l);
}

static int
check_database(const struct dir *d, struct trouble *t)
{
	char path[DIR_PATH_MAX];
	const char *why;
	int code;

	dir_path(path, d, "sotto.db");
	code = dir_check_private(path, false, t);
	if (code == 0 && store_sqlite_check(path, &why) != ERR_OK)
		code = trouble_set(t, EXIT_FAILURE, "database",
		    "restore a backup into an empty folder", "%s: %s", path,
		    why);
	return code;
}

struct tried {
	const struct options *options;
	unsigned n_allowed;
};

static void
on_tried(void *ctx, const char *what, bool is_refused)
{
	struct tried *tried = ctx;
	struct line l = { 0 };

	if (is_refused) {
		line_put(&l, "no %s", what);
		good(tried->options, l.p == NULL ? "" : l.p);
		line_free(&l);
		return;
	}
	tried->n_allowed++;
	log_say(LOG_ERROR, "sandbox: %s was not refused", what);
}

/* Does to this process what a server does to itself. */
static int
check_sandbox(const struct options *o, const struct config *c,
    const struct dir *d, struct trouble *t)
{
	struct tried tried = { .options = o };

	if (!dir_stay_owner(d))
		return trouble_set(t, EX_CONFIG, "permissions",
		    "check as that user",
		    "root cannot become the owner of %s", d->path);
	if (sandbox_files(d->path, c->file) != SANDBOX_HOLDS)
		log_say(LOG_WARN, "sandbox: no Landlock here");
	if (sandbox_calls() != SANDBOX_HOLDS)
		log_say(LOG_WARN, "sandbox: no seccomp here");
	sandbox_try(d->path, on_tried, &tried);
	if (tried.n_allowed == 0)
		return 0;
	return trouble_set(t, EXIT_FAILURE, "sandbox",
	    "use a kernel and a build with seccomp and Landlock",
	    "%u of the forbidden things can be done", tried.n_allowed);
}

/* The configuration has been read, or we would not be here. */
int
cmd_check(const struct options *o, const struct config *c)
{
	struct {
		struct server_keys keys;
	} s;
	struct trouble t;
	struct dir d;
	int code;

	good(o, "configuration");
	code = dir_open(&d, c->data, false, &t);
	if (code == 0)
		good(o, "folder");
	if (code == 0)
		code = keys_read(&d, &s.keys, &t);
	bytes_wipe(&s, sizeof s);
	if (code == 0) {
		good(o, "keys");
		code = check_database(&d, &t);
	}
	if (code == 0)
		good(o, "database");
	if (code == 0 && o->is_sandbox)
		code = check_sandbox(o, c, &d, &t);
	return code == 0 ? 0 : say_trouble(&t);
}
