#include "cli/options.h"

#include "cli/config.h"
#include "cli/value.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct option_text {
	struct option_text *next;
	char s[];
};

struct flag_row {
	const char *name;
	const char *value; /* NULL: takes none */
	const char *help;
	unsigned commands;
	char letter;
};

static const struct flag_row flags[FLAGS] = {
#define F(id, name, letter, value, commands, help)                             \
	[FLAG_##id] = { name, value, help, commands, letter },
	OPTION_FLAGS(F)
#undef F
};

struct command_row {
	const char *name, *arguments, *help;
	int least, most;
};

static const struct command_row commands[CMDS] = {
#define C(id, name, arguments, least, most, help)                              \
	[CMD_##id] = { name, arguments, help, least, most },
	OPTION_COMMANDS(C)
#undef C
};

/* ---- flags ---- */

static bool
set_policy(struct options *o, const char *value)
{
	int policy = 0;
	bool ok = VALUE_PICK(value, &policy, "refuse", "ask", "accept");

	if (ok)
		o->policy = (enum sotto_policy)policy;
	return ok;
}

/* Sets what a flag says; false when its value is not of its form. */
static bool
set_flag(struct options *o, enum flag flag, const char *value)
{
	unsigned long n = 0;
	bool ok = true;

	o->is_given[flag] = true;
	switch (flag) {
	case FLAG_HELP:
	case FLAG_VERSION:
	case FLAG_CONFIRM:
	case FLAG_QR:
	case FLAG_FORGET:
	case FLAGS:
		break;
	case FLAG_VERBOSE:
		o->out->verbosity++;
		break;
	case FLAG_QUIET:
		o->out->verbosity = -1;
		break;
	case FLAG_OUTPUT:
		return value_output(o, value);
	case FLAG_COLOR:
		return value_color(o, value);
	case FLAG_HOME:
		o->home = value;
		return value[0] != '\0';
	case FLAG_ACCOUNT:
		o->account = value;
		break;
	case FLAG_PASSWORD_FILE:
		o->password_file = value;
		break;
	case FLAG_PASSWORD_FD:
		ok = value_number(value, 0, 1 << 20, &n);
		o->password_fd = (int)n;
		break;
	case FLAG_EPHEMERAL:
		o->ephemeral = value;
		break;
	case FLAG_LISTEN:
		o->listen = value;
		break;
	case FLAG_DIRECT_ONLY:
		o->paths = SOTTO_PATHS_DIRECT_ONLY;
		break;
	case FLAG_RELAY_ONLY:
		o->paths = SOTTO_PATHS_RELAY_ONLY;
		break;
	case FLAG_HIDE_ADDRESS:
		o->hides_address = true;
		break;
	case FLAG_SERVER_KEY:
		o->server_key = value;
		break;
	case FLAG_POLICY:
		return set_policy(o, value);
	case FLAG_COUNT:
		return value_number(value, 1, 1000000000, &o->count);
	case FLAG_FOR:
		return value_seconds(value, &o->for_s);
	case FLAG_NEW_PASSWORD_FILE:
		o->new_password_file = value;
		break;
	}
	return ok;
}

/* ---- help ---- */

static void
show_flag(const struct flag_row *f)
{
	char left[64];
	int n = 0;

	n = snprintf(left, sizeof left, "%c%c%s --%s%s%s",
	    f->letter == 0 ? ' ' : '-', f->letter == 0 ? ' ' : f->letter,
	    f->letter == 0 ? " " : ",", f->name, f->value == NULL ? "" : " ",
	    f->value == NULL ? "" : f->value);
	printf("  %-34s%s%s\n", left,
	    n > 33 ? "\n                                    " : "",
	    f->help);
}

static void
show_help(const struct options *o, bool has_command)
{
	unsigned bit = has_command ? 1U << o->command : 0;

	if (has_command) {
		const struct command_row *c = &commands[o->command];

		printf("usage: sotto %s [OPTION]... %s\n%s\n\n", c->name,
		    c->arguments, c->help);
	} else {
		printf("usage: sotto [OPTION]... COMMAND [ARGUMENT]...\n"
		       "a private messenger\n\n");
		for (size_t i = 0; i < CMDS; i++)
			printf("  %-9s %-26s %s\n", commands[i].name,
			    commands[i].arguments, commands[i].help);
		printf("\n");
	}
	for (size_t i = 0; i < FLAGS; i++)
		if (flags[i].commands == CMD_ALL ||
		    (flags[i].commands & bit) != 0)
			show_flag(&flags[i]);
}

static enum options_verdict
bad_usage(struct out *out, const char *what, const char *which,
    const char *why)
{
	char text[512];

	(void)snprintf(text, sizeof text, "%s \"%.200s\"%s", what, which, why);
	out_fail(out, SOTTO_USAGE, "This is not how sotto is used.", text,
	    "See sotto --help.");
	return OPTIONS_USAGE;
}

/* ---- the command line ---- */

struct cursor {
	struct options *o;
	int argc;
	char **argv;
	int at;
	enum options_verdict verdict;
};

static enum flag
flag_by_name(const char *name, size_t n)
{
	for (unsigned i = 0; i < FLAGS; i++)
		if (strlen(flags[i].name) == n &&
		    memcmp(flags[i].name, name, n) == 0)
			return (enum flag)i;
	return FLAGS;
}

static enum flag
flag_by_letter(char letter)
{
	for (unsigned i = 0; i < FLAGS; i++)
		if (flags[i].letter == letter && letter != 0)
			return (enum flag)i;
	return FLAGS;
}

/* Sets a flag whose value, if it takes one, is here or the next argument. */
static void
take_flag(struct cursor *c, enum flag flag, const char *value,
    const char *shown)
{
	struct out *out = c->o->out;

	if (flag == FLAGS) {
		c->verdict = bad_usage(out, "There is no option", shown, ".");
		return;
	}
	if (flags[flag].value == NULL && value != NULL) {
		c->verdict = bad_usage(out, "The option", shown,
		    " takes no value.");
		return;
	}
	if (flags[flag].value != NULL && value == NULL) {
		if (c->at + 1 >= c->argc) {
			c->verdict = bad_usage(out, "The option", shown,
			    " needs a value.");
			return;
		}
		value = c->argv[++c->at];
	}
	if (!set_flag(c->o, flag, value))
		c->verdict = bad_usage(out, "The option", shown,
		    " does not take that value.");
}

static void
take_long(struct cursor *c, const char *arg)
{
	const char *equals = strchr(arg, '=');
	size_t n = equals == NULL ? strlen(arg) : (size_t)(equals - arg);

	take_flag(c, flag_by_name(arg + 2, n - 2),
	    equals == NULL ? NULL : equals + 1, arg);
}

static void
take_letters(struct cursor *c, const char *arg)
{
	for (const char *at = arg + 1;
	     *at != '\0' && c->verdict == OPTIONS_RUN; at++) {
		enum flag flag = flag_by_letter(*at);
		bool has_rest = flag != FLAGS && flags[flag].value != NULL &&
		    at[1] != '\0';

		take_flag(c, flag, has_rest ? at + 1 : NULL, arg);
		if (has_rest)
			break;
	}
}

/* Sorts argv into flags, which are set, and the rest, which moves to the
 * front of argv; *n gets how many those are. */
static enum options_verdict
take_args(struct options *o, int argc, char **argv, int *n)
{
	struct cursor c = { o, argc, argv, 0, OPTIONS_RUN };
	bool only_args = false;

	*n = 0;
	for (; c.at < argc && c.verdict == OPTIONS_RUN; c.at++) {
		char *arg = argv[c.at];

		if (only_args || arg[0] != '-' || arg[1] == '\0')
			argv[(*n)++] = arg;
		else if (strcmp(arg, "--") == 0)
			only_args = true;
		else if (arg[1] == '-')
			take_long(&c, arg);
		else
			take_letters(&c, arg);
	}
	return c.verdict;
}

static enum options_verdict
check_command(struct options *o, int n, char **args)
{
	const struct command_row *row;
	int which = -1;

	for (int i = 0; i < CMDS && n > 0; i++)
		if (strcmp(args[0], commands[i].name) == 0)
			which = i;
	o->command = which < 0 ? CMDS : (enum command)which;
	if (o->is_given[FLAG_HELP]) {
		show_help(o, which >= 0);
		return OPTIONS_SHOWN;
	}
	if (o->is_given[FLAG_VERSION]) {
		printf("sotto %s\n", SOTTO_VERSION);
		return OPTIONS_SHOWN;
	}
	if (n == 0)
		return bad_usage(o->out, "No command is named; one is", "list",
		    ".");
	if (which < 0)
		return bad_usage(o->out, "There is no command", args[0], ".");
	row = &commands[which];
	o->args = args + 1;
	o->n_args = n - 1;
	if (o->n_args < row->least || o->n_args > row->most)
		return row->most == 0 ?
		    bad_usage(o->out, "There are no arguments to", row->name,
		        ".") :
		    bad_usage(o->out, "The arguments are", row->arguments, ".");
	for (unsigned i = 0; i < FLAGS; i++)
		if (o->is_given[i] && (flags[i].commands & 1U << which) == 0)
			return bad_usage(o->out, "This command has no option",
			    flags[i].name, ".");
	if (o->is_given[FLAG_DIRECT_ONLY] && o->is_given[FLAG_RELAY_ONLY])
		return bad_usage(o->out, "Not together with --relay-only:",
		    "--direct-only", ".");
	return OPTIONS_RUN;
}

/* ---- all of them ---- */

const char *
options_keep(struct options *o, const char *text)
{
	size_t n = strlen(text) + 1;
	struct option_text *t = malloc(sizeof *t + n);

	if (t == NULL)
		abort();
	memcpy(t->s, text, n);
	t->next = o->owned;
	o->owned = t;
	return t->s;
}

/* A folder of the XDG conventions, and what is below it. */
static const char *
xdg_path(struct options *o, const char *variable, const char *fallback,
    const char *below)
{
	const char *base = getenv(variable), *home = getenv("HOME");
	const struct passwd *pw;
	char path[4096];

	if (base != NULL && base[0] == '/') {
		(void)snprintf(path, sizeof path, "%s/%s", base, below);
		return options_keep(o, path);
	}
	pw = home == NULL || home[0] == '\0' ? getpwuid(getuid()) : NULL;
	if (pw != NULL)
		home = pw->pw_dir;
	(void)snprintf(path, sizeof path, "%s/%s/%s",
	    home == NULL ? "" : home, fallback, below);
	return options_keep(o, path);
}

static bool
read_environment(struct options *o)
{
	const char *v;

	if ((v = getenv("SOTTO_HOME")) != NULL && v[0] != '\0')
		o->home = v;
	if ((v = getenv("SOTTO_ACCOUNT")) != NULL && v[0] != '\0')
		o->account = v;
	if ((v = getenv("SOTTO_LISTEN")) != NULL && v[0] != '\0')
		o->listen = v;
	if ((v = getenv("SOTTO_OUTPUT")) != NULL && v[0] != '\0' &&
	    !value_output(o, v)) {
		(void)bad_usage(o->out, "SOTTO_OUTPUT is plain or json, not",
		    v, ".");
		return false;
	}
	return true;
}

static void
set_defaults(struct options *o, struct out *out)
{
	*o = (struct options){ .out = out, .password_fd = -1,
		.asks_server_key = true, .owned = o->owned };
	*out = (struct out){ .talk = OUT_STDERR };
}

/* What is wrong with a line is said in the form that it asks for, wherever
 * it does. */
static void
foresee_output(struct out *out, int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		const char *next = i + 1 < argc ? argv[i + 1] : "";

		if (strcmp(argv[i], "-ojson") == 0 ||
		    strcmp(argv[i], "--output=json") == 0 ||
		    ((strcmp(argv[i], "-o") == 0 ||
		         strcmp(argv[i], "--output") == 0) &&
		        strcmp(next, "json") == 0))
			out->is_json = true;
	}
}

enum options_verdict
options_read(struct options *o, struct out *out, int argc, char **argv)
{
	enum options_verdict verdict;
	char **copy = calloc((size_t)argc + 1, sizeof argv[0]);
	int n;

	if (copy == NULL)
		abort();
	/* Twice: the files and the environment are asked only for a line that
	 * is in order, and what it says wins over them. */
	memcpy(copy, argv, (size_t)argc * sizeof argv[0]);
	o->owned = NULL;
	set_defaults(o, out);
	foresee_output(out, argc, argv);
	verdict = take_args(o, argc - 1, copy + 1, &n);
	if (verdict == OPTIONS_RUN)
		verdict = check_command(o, n, copy + 1);
	free(copy);
	if (verdict != OPTIONS_RUN)
		return verdict;
	set_defaults(o, out);
	if (!config_read(o, "/etc/sotto/config") ||
	    !config_read(o, xdg_path(o, "XDG_CONFIG_HOME", ".config",
	                                "sotto/config")))
		return OPTIONS_CONFIG;
	if (!read_environment(o))
		return OPTIONS_USAGE;
	verdict = take_args(o, argc - 1, argv + 1, &n);
	if (verdict == OPTIONS_RUN)
		verdict = check_command(o, n, argv + 1);
	if (o->home == NULL)
		o->home = xdg_path(o, "XDG_DATA_HOME", ".local/share", "sotto");
	if (!o->is_given[FLAG_POLICY])
		o->policy = o->command == CMD_RECEIVE ? SOTTO_POLICY_ACCEPT :
		    o->command == CMD_CHAT            ? SOTTO_POLICY_ASK :
		                                        SOTTO_POLICY_REFUSE;
	return verdict;
}

void
options_free(struct options *o)
{
	while (o->owned != NULL) {
		struct option_text *t = o->owned;

		o->owned = t->next;
		free(t);
	}
}
