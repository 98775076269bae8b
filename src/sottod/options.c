#include "sottod/options.h"

#include "wire/limits.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static const char help[] =
    "sottod, the server of sotto\n"
    "\n"
    "  sottod [serve] [--listen ADDR:PORT]... [--public HOST:PORT]\n"
    "                 [--guard auto|always|off]\n"
    "      serves; the first start makes keys and database\n"
    "  sottod invite NAME [--expires 7d] [--public HOST:PORT]\n"
    "      prints a link; nothing else is needed to join\n"
    "  sottod user list\n"
    "  sottod user show|disable|enable|reset|remove NAME\n"
    "      reset: a new invite for an existing name\n"
    "  sottod stats\n"
    "  sottod backup FILE [--keys]      --keys: with the server's secrets\n"
    "  sottod restore FILE [--dry-run]\n"
    "  sottod check [--sandbox]         configuration, permissions, database\n"
    "\n"
    "  --data DIR           where all is kept\n"
    "  --config FILE        instead of the usual files; see sotto.conf(5)\n"
    "  -o plain|json        form of the output\n"
    "  -v, -q               say more (-vv: names and addresses too), or less\n"
    "  -h, --help  --version\n";

enum {
	OPT_VERSION = 256,
	OPT_EXPIRES,
	OPT_KEYS,
	OPT_DRY_RUN,
	OPT_SANDBOX,
	OPT_CONFIG,
	OPT_COLOR,
	OPT_SETTING, /* the first of those with a key of the file */
	OPT_LISTEN,
	OPT_PUBLIC,
	OPT_GUARD,
};

/* Which commands an option goes with; 0: all. */
static const struct flag {
	int id;
	unsigned commands;
	const char *key; /* of the configuration */
} known[] = {
	{ OPT_EXPIRES, OPTIONS_INVITE, NULL },
	{ OPT_KEYS, OPTIONS_BACKUP, NULL },
	{ OPT_DRY_RUN, OPTIONS_RESTORE, NULL },
	{ OPT_SANDBOX, OPTIONS_CHECK, NULL },
	{ OPT_SETTING, 0, "data" },
	{ OPT_LISTEN, OPTIONS_SERVE, "listen" },
	{ OPT_PUBLIC, OPTIONS_SERVE | OPTIONS_INVITE, "public" },
	{ OPT_GUARD, OPTIONS_SERVE, "guard" },
};

static const struct option long_options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "verbose", no_argument, NULL, 'v' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "output", required_argument, NULL, 'o' },
	{ "color", required_argument, NULL, OPT_COLOR },
	{ "config", required_argument, NULL, OPT_CONFIG },
	{ "expires", required_argument, NULL, OPT_EXPIRES },
	{ "keys", no_argument, NULL, OPT_KEYS },
	{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
	{ "sandbox", no_argument, NULL, OPT_SANDBOX },
	{ "data", required_argument, NULL, OPT_SETTING },
	{ "listen", required_argument, NULL, OPT_LISTEN },
	{ "public", required_argument, NULL, OPT_PUBLIC },
	{ "guard", required_argument, NULL, OPT_GUARD },
	{ NULL, 0, NULL, 0 },
};

static int
usage(struct trouble *t, const char *before, const char *word,
    const char *after)
{
	return trouble_set(t, EX_USAGE, "command line",
	    "sottod --help shows how it goes", "%s%s%s", before, word, after);
}

static const struct flag *
find(int id)
{
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (known[i].id == id)
			return &known[i];
	return NULL;
}

static const char *
name_of(int id)
{
	for (const struct option *o = long_options; o->name != NULL; o++)
		if (o->val == id)
			return o->name;
	return "?";
}

/* Takes an option with a value; returns 0 or 64. */
static int
take_value(struct options *o, int id, const char *value, struct trouble *t)
{
	const struct flag *flag = find(id);

	switch (id) {
	case 'o':
		o->is_json = strcmp(value, "json") == 0;
		if (!o->is_json && strcmp(value, "plain") != 0)
			return usage(t, "-o must be plain or json, not ",
			    value, "");
		return 0;
	case OPT_COLOR:
		if (strcmp(value, "auto") != 0 &&
		    strcmp(value, "always") != 0 &&
		    strcmp(value, "never") != 0)
			return usage(t, "--color must be auto, always or "
			    "never, not ", value, "");
		return 0;
	case OPT_CONFIG:
		o->config_path = value;
		return 0;
	case OPT_EXPIRES:
		o->expires_s = config_parse_time(value);
		if (o->expires_s == 0)
			return usage(t, "--expires must be like 12h, 7d or "
			    "2w, not ", value, "");
		return 0;
	default:
		break;
	}
	if (flag == NULL || flag->key == NULL ||
	    o->n_flags == OPTIONS_FLAGS_MAX)
		return usage(t, "too many of --", name_of(id), "");
	o->flags[o->n_flags++] = (struct config_flag){ flag->key, value };
	return 0;
}

/* Takes one option; returns -1 to go on. */
static int
take(struct options *o, int id, char **argv, struct trouble *t)
{
	int code;

	switch (id) {
	case 'h':
		(void)fputs(help, stdout);
		return 0;
	case OPT_VERSION:
		(void)puts("sottod " SOTTO_VERSION " (protocol 1)");
		return 0;
	case 'v':
		o->verbosity++;
		return -1;
	case 'q':
		o->is_quiet = true;
		return -1;
	case OPT_KEYS:
		o->has_keys = true;
		return -1;
	case OPT_DRY_RUN:
		o->is_dry_run = true;
		return -1;
	case OPT_SANDBOX:
		o->is_sandbox = true;
		return -1;
	case '?':
		return usage(t, "unknown option ", argv[optind - 1], "");
	case ':':
		return usage(t, "", argv[optind - 1], " needs a value");
	default:
		code = take_value(o, id, optarg, t);
		return code == 0 ? -1 : code;
	}
}

/* Finds the command among the words that are no options. */
static int
take_command(struct options *o, int argc, char **argv,
    const struct options_command *commands, struct trouble *t)
{
	const struct options_command *c = commands;

	o->args = argv + optind;
	o->n_args = argc - optind;
	if (o->n_args > 0) {
		while (c->name != NULL && strcmp(c->name, o->args[0]) != 0)
			c++;
		if (c->name == NULL)
			return usage(t, "unknown command ", o->args[0], "");
		o->args++;
		o->n_args--;
	}
	o->command = c;
	if (o->n_args < c->least)
		return usage(t, "", c->name, " needs more words");
	if (o->n_args > c->most)
		return usage(t, "", c->name, " takes fewer words");
	return -1;
}

/* Whether -o json is anywhere: what is wrong before it is said in JSON, too. */
static bool
asks_json(int argc, char **argv)
{
	bool is_json = false;

	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		const char *next = i + 1 < argc ? argv[i + 1] : "";

		if (strcmp(argv[i], "-ojson") == 0 ||
		    strcmp(argv[i], "--output=json") == 0 ||
		    ((strcmp(argv[i], "-o") == 0 ||
		         strcmp(argv[i], "--output") == 0) &&
		        strcmp(next, "json") == 0))
			is_json = true;
	}
	return is_json;
}

int
options_parse(struct options *o, int argc, char **argv,
    const struct options_command *commands, struct trouble *t)
{
	bool is_given[OPT_GUARD + 1] = { false };
	int id, code = -1;

	*o = (struct options){ .expires_s = WIRE_INVITE_S,
		.is_json = asks_json(argc, argv) };
	opterr = 0;
	while (code == -1 && (id = getopt_long(argc, argv, ":hvqo:",
	    long_options, NULL)) != -1) {
		is_given[id] = true;
		code = take(o, id, argv, t);
	}
	if (code == -1)
		code = take_command(o, argc, argv, commands, t);
	for (int i = 0; i <= OPT_GUARD && code == -1; i++)
		if (is_given[i] && find(i) != NULL &&
		    find(i)->commands != 0 &&
		    (find(i)->commands & o->command->flags) == 0)
			code = usage(t, "--", name_of(i),
			    " does not go with this command");
	return code;
}

enum log_level
options_log_level(const struct options *o, const struct config *c)
{
	if (o->is_quiet)
		return LOG_ERROR;
	return o->verbosity > 1 ? LOG_DEBUG : c->log;
}
