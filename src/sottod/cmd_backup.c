#include "base/hex.h"
#include "sottod/archive.h"
#include "sottod/ask.h"
#include "sottod/cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* What happens between the server's copy and ours. */
struct backup {
	const char *file;
	struct dir dir;
	char snapshot[DIR_PATH_MAX];
	struct archive_info info;
	bool has_key;
};

static void
on_line(void *ctx, const char *text)
{
	struct backup *b = ctx;

	b->has_key = base64_decode(b->info.server_key, WIRE_KEY_LEN,
	    bytes_str(text)) == ERR_OK;
}

static int
on_last(void *ctx, struct trouble *t)
{
	struct backup *b = ctx;

	if (!b->has_key)
		return trouble_set(t, EXIT_FAILURE, "backup",
		    "use the sottod that runs", "no key in the answer");
	return archive_write(b->file, &b->dir, b->snapshot, &b->info, t);
}

int
cmd_backup(const struct options *o, const struct config *c)
{
	struct backup b = { .file = o->args[0],
		.info.has_keys = o->has_keys };
	struct ask_sink sink = { on_line, on_last, &b };
	char name[48];
	int code;

	/* The server copies its database inside its own folder, where this
	 * command, run by the same user, takes it from. */
	(void)snprintf(name, sizeof name, "snapshot-%d", (int)getpid());
	(void)snprintf(b.dir.path, sizeof b.dir.path, "%s", c->data);
	dir_path(b.snapshot, &b.dir, name);
	(void)unlink(b.snapshot);
	line_time(b.info.created, (uint64_t)time(NULL));
	code = ask(c, (const char *const[]){ "snapshot", name }, 2,
	    o->is_json, false, &sink);
	(void)unlink(b.snapshot);
	if (code == 0 && o->has_keys)
		log_say(LOG_WARN, "%s holds the server's secrets: whoever "
		    "has it can pass for this server and try passwords",
		    o->args[0]);
	else if (code == 0)
		log_say(LOG_INFO, "%s is without the keys; keep a copy of "
		    "them, too (backup --keys)", o->args[0]);
	return code;
}
