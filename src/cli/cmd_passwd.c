#include "cli/cmd.h"
#include "cli/run.h"

#include <stdio.h>
#include <string.h>

struct whose {
	char name[SOTTO_NAME_MAX + 1];
	char server[300];
};

static void
on_event(struct run *run, const struct sotto_event *ev)
{
	struct whose *w = run->ctx;

	if (ev->type != SOTTO_ACCOUNT)
		return;
	(void)snprintf(w->name, sizeof w->name, "%s", ev->account.name);
	(void)snprintf(w->server, sizeof w->server, "%s", ev->account.server);
}

int
cmd_passwd(const struct options *o)
{
	struct whose w = { "", "" };
	struct password p = { .n = 0 };
	struct run run;
	int code = run_begin(&run, o, on_event, &w);

	/* First of all the old one is put to the test. */
	if (code == 0)
		code = run_await(&run, sotto_whoami(run.s));
	if (code == 0)
		code = password_change(o, w.name, w.server, &p);
	if (code == 0) {
		code = run_await(&run, sotto_passwd(run.s, p.s, p.n));
		if (code > 128)
			out_say(run.out, "Whether the password was changed is "
			    "not known: try the new one first, then the old.");
	}
	password_wipe(&p);
	return run_end(&run, code);
}
