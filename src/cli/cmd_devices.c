#include "cli/cmd.h"
#include "cli/run.h"
#include "cli/show.h"

#include <string.h>

static void
on_event(struct run *run, const struct sotto_event *ev)
{
	if (ev->type == SOTTO_DEVICE)
		show_device(run->out, ev);
}

int
cmd_devices(const struct options *o)
{
	struct run run;
	int code;

	if (o->n_args != 0 &&
	    (o->n_args != 2 || strcmp(o->args[0], "remove") != 0))
		return out_fail(o->out, SOTTO_USAGE,
		    "It is sotto devices, or sotto devices remove ID.", "", "");
	code = run_begin(&run, o, on_event, NULL);
	if (code == 0 && o->n_args == 0)
		code = run_await(&run, sotto_devices(run.s));
	else if (code == 0)
		code = run_await(&run, sotto_remove_device(run.s, o->args[1]));
	return run_end(&run, code);
}
