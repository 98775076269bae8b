/*
 * options - the command line of sottod.
 */
#ifndef SOTTOD_OPTIONS_H
#define SOTTOD_OPTIONS_H

#include "sottod/config.h"

#define OPTIONS_FLAGS_MAX 32

struct options;

/* A command: its name, how many words follow, and what it does. */
struct options_command {
	const char *name;
	int least, most;
	/* Flags beside those that every command takes. */
	unsigned flags;
	int (*run)(const struct options *o, const struct config *c);
};

/* For options_command.flags. */
enum { OPTIONS_SERVE = 1, OPTIONS_INVITE = 2, OPTIONS_BACKUP = 4,
	OPTIONS_RESTORE = 8, OPTIONS_CHECK = 16, OPTIONS_OTHER = 32 };

struct options {
	const struct options_command *command;
	char **args; /* after the command */
	int n_args;
	bool is_json;
	bool is_quiet;
	unsigned verbosity;
	const char *config_path;
	struct config_flag flags[OPTIONS_FLAGS_MAX];
	unsigned n_flags;
	uint64_t expires_s; /* from now; of an invite */
	bool has_keys;      /* --keys */
	bool is_dry_run;
	bool is_sandbox; /* --sandbox */
};

/*
 * Parses the command line. Returns -1 to go on, 0 when all is said (help,
 * version), or fills *t and returns 64.
 */
int options_parse(struct options *o, int argc, char **argv,
    const struct options_command *commands, struct trouble *t);

/* Returns down to which level is logged: -q and -vv win over c. */
enum log_level options_log_level(const struct options *o,
    const struct config *c);

#endif
