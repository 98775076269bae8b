/*
 * config - how the server is to run: by flags, else by the environment, else
 * by the file, else by default.
 *
 * The file is --config, else SOTTOD_CONFIG, else the first that there is of
 * $XDG_CONFIG_HOME/sotto/sottod.conf (or ~/.config/sotto/sottod.conf) and
 * /etc/sotto/sottod.conf: lines of `key = value`, `#` begins a comment. One
 * table knows all keys, with the flag and the variable of each.
 */
#ifndef SOTTOD_CONFIG_H
#define SOTTOD_CONFIG_H

#include "base/log.h"
#include "server/server.h"
#include "sottod/say.h"
#include "wire/address.h"

#define CONFIG_LISTEN_MAX 8
#define CONFIG_PATH_MAX   3072

enum config_source { CONFIG_DEFAULT, CONFIG_FILE, CONFIG_ENV, CONFIG_FLAG };

struct config {
	char file[CONFIG_PATH_MAX]; /* read, or the last looked for */
	char data[CONFIG_PATH_MAX];
	struct wire_address listen[CONFIG_LISTEN_MAX];
	unsigned n_listen;
	enum config_source listen_from; /* a later source begins anew */
	struct wire_address public;     /* host empty: not given */
	enum log_level log;
	struct server_config server;
};

/* A setting from the command line. */
struct config_flag {
	const char *key;
	const char *value;
};

/*
 * Reads everything into *c. path is --config, or NULL. Returns 0, or fills
 * *t and returns its code: 78, or 64 for a flag.
 */
int config_read(struct config *c, const char *path,
    const struct config_flag *flags, unsigned n_flags, struct trouble *t);

/* Parses a length of time: a number with s, m, h, d or w. Returns seconds,
 * or 0 for what is none (or over ten years). */
uint64_t config_parse_time(const char *text);

#endif
