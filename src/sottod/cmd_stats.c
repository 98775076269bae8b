#include "sottod/ask.h"
#include "sottod/cmd.h"

int
cmd_stats(const struct options *o, const struct config *c)
{
	return ask(c, (const char *const[]){ "stats" }, 1, o->is_json, false,
	    &ask_print);
}
