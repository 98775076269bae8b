#include "cli/cmd.h"
#include "cli/run.h"

#include <stdio.h>
#include <string.h>

int
cmd_status(const struct options *o)
{
	static const enum sotto_status known[] = { SOTTO_AVAILABLE, SOTTO_AWAY,
		SOTTO_INVISIBLE };
	enum sotto_status status = SOTTO_OFFLINE;
	struct run run;
	char why[256];
	int code;

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strcmp(o->args[0], sotto_status_word(known[i])) == 0)
			status = known[i];
	if (status == SOTTO_OFFLINE) {
		(void)snprintf(why, sizeof why,
		    "There is no status \"%.200s\".",
		    o->args[0]);
		return out_fail(o->out, SOTTO_USAGE,
		    "This is not how sotto is used.", why,
		    "A status is available, away or invisible.");
	}
	code = run_begin(&run, o, NULL, NULL);
	if (code == 0)
		code = run_await(&run, sotto_set_status(run.s, status));
	return run_end(&run, code);
}
