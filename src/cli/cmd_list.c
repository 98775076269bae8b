#include "cli/cmd.h"
#include "cli/run.h"
#include "cli/show.h"

static void
on_event(struct run *run, const struct sotto_event *ev)
{
	if (ev->type == SOTTO_PERSON)
		show_person(run->out, ev);
}

int
cmd_list(const struct options *o)
{
	struct run run;
	int code = run_begin(&run, o, on_event, NULL);

	if (code == 0)
		code = run_await(&run, sotto_list(run.s));
	return run_end(&run, code);
}
