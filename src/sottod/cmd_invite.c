#include "sottod/ask.h"
#include "sottod/cmd.h"

#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

int
cmd_invite(const struct options *o, const struct config *c)
{
	char seconds[24], public[WIRE_ADDRESS_TEXT_MAX] = "-";
	struct wire_name name;
	struct trouble t;

	if (wire_name_parse(&name, bytes_str(o->args[0])) != ERR_OK) {
		(void)trouble_set(&t, EX_USAGE, "invite",
		    "names are 1 to 32 of a-z 0-9 _ . - and begin with a "
		    "letter or digit", "%s cannot be a name", o->args[0]);
		return say_trouble(&t);
	}
	if (c->public.host[0] != '\0')
		wire_address_print(public, &c->public);
	(void)snprintf(seconds, sizeof seconds, "%" PRIu64, o->expires_s);
	return ask(c, (const char *const[]){ "invite", name.s, seconds,
	    public }, 4, o->is_json, true, &ask_print);
}
