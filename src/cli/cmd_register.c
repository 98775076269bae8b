#include "cli/cmd.h"
#include "cli/run.h"
#include "cli/show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINK_MAX_LEN 512

static void
on_event(struct run *run, const struct sotto_event *ev)
{
	if (ev->type == SOTTO_ACCOUNT)
		show_account(run->out, ev);
}

/* The link, from the command line or the first line of stdin. */
static bool
get_link(const struct options *o, char link[LINK_MAX_LEN])
{
	if (strcmp(o->args[0], "-") != 0) {
		/* What is longer is no link, and neither is its beginning. */
		(void)snprintf(link, LINK_MAX_LEN, "%s", o->args[0]);
		return true;
	}
	if (fgets(link, LINK_MAX_LEN, stdin) == NULL)
		return false;
	link[strcspn(link, "\r\n")] = '\0';
	return true;
}

/* Whose account the link makes, and where: hints for judging a password.
 * The library says whether it is a link at all. */
static void
read_link(const char *link, char name[64], char host[300])
{
	if (sscanf(link, "sotto://%63[^@]@%299[^/]", name, host) != 2)
		name[0] = host[0] = '\0';
}

int
cmd_register(const struct options *o)
{
	char link[LINK_MAX_LEN], name[64] = "", host[300] = "";
	struct password p = { .n = 0 };
	struct run run;
	int code;

	if (o->ephemeral != NULL)
		return out_fail(o->out, SOTTO_USAGE,
		    "An ephemeral login does not join.", "",
		    "Use sotto register without --ephemeral.");
	if (!get_link(o, link))
		return out_fail(o->out, SOTTO_NO_INPUT,
		    "There is no invite link to be had.",
		    "Standard input has no first line.", "");
	read_link(link, name, host);
	if (name[0] == '\0')
		return out_fail(o->out, SOTTO_USAGE,
		    "This is not an invite link.", "",
		    "It looks like sotto://NAME@HOST:PORT/SERVERKEY#CODE.");
	code = run_open(&run, o, on_event, NULL);
	if (code == 0)
		code = password_choose(o, name, host, &p);
	if (code == 0)
		code = run_set_password(&run, &p);
	password_wipe(&p);
	if (code == 0)
		code = run_await(&run, sotto_register(run.s, link));
	explicit_bzero(link, sizeof link);
	if (code == 0)
		code = run_await(&run, sotto_whoami(run.s));
	return run_end(&run, code);
}
