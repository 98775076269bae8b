#include "cli/cmd.h"
#include "cli/run.h"
#include "cli/show.h"

static void
on_event(struct run *run, const struct sotto_event *ev)
{
	if (ev->type == SOTTO_SAFETY)
		show_safety(run->out, ev, run->o->is_given[FLAG_QR]);
}

int
cmd_verify(const struct options *o)
{
	struct run run;
	int code = run_begin(&run, o, on_event, NULL);

	if (code == 0)
		code = run_await(&run, sotto_verify(run.s, o->args[0],
		                           o->is_given[FLAG_CONFIRM]));
	return run_end(&run, code);
}
