#include "sottod/ask.h"
#include "sottod/cmd.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static int
usage(const char *why)
{
	struct trouble t;

	(void)trouble_set(&t, EX_USAGE, "user",
	    "sottod --help shows how it goes", "%s", why);
	return say_trouble(&t);
}

int
cmd_user(const struct options *o, const struct config *c)
{
	static const char *const verbs[] = { "show", "disable", "enable",
		"reset", "remove" };
	char seconds[24], public[WIRE_ADDRESS_TEXT_MAX] = "-";
	const char *verb = o->args[0];
	struct wire_name name;
	unsigned i = 0;

	if (strcmp(verb, "list") == 0) {
		if (o->n_args != 1)
			return usage("list takes no NAME");
		return ask(c, (const char *const[]){ "user", "list" }, 2,
		    o->is_json, false, &ask_print);
	}
	while (i < 5 && strcmp(verbs[i], verb) != 0)
		i++;
	if (i == 5)
		return usage("it takes list, show, disable, enable, reset or "
		    "remove");
	if (o->n_args != 2 ||
	    wire_name_parse(&name, bytes_str(o->args[1])) != ERR_OK)
		return usage("it needs one NAME, of a-z 0-9 _ . -");
	if (c->public.host[0] != '\0')
		wire_address_print(public, &c->public);
	(void)snprintf(seconds, sizeof seconds, "%" PRIu64, o->expires_s);
	return ask(c, (const char *const[]){ "user", verb, name.s, seconds,
	    public }, 5, o->is_json, false, &ask_print);
}
