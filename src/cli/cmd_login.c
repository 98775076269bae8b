#include "cli/cmd.h"
#include "cli/run.h"
#include "cli/show.h"

static void
on_event(struct run *run, const struct sotto_event *ev)
{
	if (ev->type == SOTTO_ACCOUNT)
		show_account(run->out, ev);
}

int
cmd_login(const struct options *o)
{
	struct run run;
	struct password p = { .n = 0 };
	int code;

	if (o->ephemeral != NULL)
		return out_fail(o->out, SOTTO_USAGE,
		    "An ephemeral login keeps no device.", "",
		    "Use --ephemeral with another command.");
	code = run_open(&run, o, on_event, NULL);
	if (code == 0)
		code = password_get(o, &p);
	if (code == 0)
		code = run_set_password(&run, &p);
	password_wipe(&p);
	if (code == 0)
		code = run_await(&run, sotto_login(run.s, o->args[0],
		                           o->server_key));
	if (code == 0)
		code = run_await(&run, sotto_whoami(run.s));
	return run_end(&run, code);
}
