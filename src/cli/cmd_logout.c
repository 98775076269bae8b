#include "cli/cmd.h"
#include "cli/run.h"

int
cmd_logout(const struct options *o)
{
	struct run run;
	int code = run_begin(&run, o, NULL, NULL);

	if (code == 0)
		code = run_await(&run, sotto_logout(run.s,
		                           o->is_given[FLAG_FORGET] ?
		                               SOTTO_LOGOUT_FORGET :
		                               SOTTO_LOGOUT_DEVICE));
	if (code == 0)
		run.is_online = false;
	return run_end(&run, code);
}
