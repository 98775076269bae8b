#include "sottod/config.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define SYSTEM_FILE  "/etc/sotto/sottod.conf"
#define LINE_LEN     1024
#define TEN_YEARS_S  (10ULL * 366 * 24 * 60 * 60)

/* ---- values ---- */

/* Each returns NULL, or what the value must be. */
typedef const char *set_fn(struct config *c, enum config_source from,
    const char *value);

static const char *
set_data(struct config *c, enum config_source from, const char *value)
{
	(void)from;
	if (value[0] == '\0' || strlen(value) >= sizeof c->data)
		return "a path";
	(void)strcpy(c->data, value);
	return NULL;
}

static const char *
set_listen(struct config *c, enum config_source from, const char *value)
{
	struct wire_address at;

	if (wire_address_parse(&at, bytes_str(value), true) != ERR_OK)
		return "ADDR:PORT";
	if (from != c->listen_from)
		c->n_listen = 0;
	c->listen_from = from;
	if (c->n_listen == CONFIG_LISTEN_MAX)
		return "given at most 8 times";
	c->listen[c->n_listen++] = at;
	return NULL;
}

static const char *
set_public(struct config *c, enum config_source from, const char *value)
{
	(void)from;
	if (wire_address_parse(&c->public, bytes_str(value), false) != ERR_OK)
		return "HOST:PORT";
	return NULL;
}

/* Returns the place of value among n words, or n. */
static unsigned
choose(const char *value, const char *const *words, unsigned n)
{
	unsigned i = 0;

	while (i < n && strcmp(words[i], value) != 0)
		i++;
	return i;
}

static const char *
set_guard(struct config *c, enum config_source from, const char *value)
{
	static const char *const words[] = { "auto", "always", "off" };
	unsigned i = choose(value, words, 3);

	(void)from;
	if (i == 3)
		return "auto, always or off";
	c->server.guard = (enum server_guard)i;
	return NULL;
}

static const char *
set_log(struct config *c, enum config_source from, const char *value)
{
	static const char *const words[] = { "error", "warn", "info",
		"debug" };
	unsigned i = choose(value, words, 4);

	(void)from;
	if (i == 4)
		return "error, warn, info or debug";
	c->log = (enum log_level)i;
	return NULL;
}

static const char *
set_bool(bool *out, const char *value)
{
	bool is_yes = strcmp(value, "yes") == 0;

	if (!is_yes && strcmp(value, "no") != 0)
		return "yes or no";
	*out = is_yes;
	return NULL;
}

static const char *
set_open(struct config *c, enum config_source from, const char *value)
{
	(void)from;
	return set_bool(&c->server.is_open, value);
}

static const char *
set_tell_key(struct config *c, enum config_source from, const char *value)
{
	(void)from;
	return set_bool(&c->server.tells_key, value);
}

static const char *
set_number(uint32_t *out, const char *value)
{
	char *end;
	unsigned long v;

	errno = 0;
	v = strtoul(value, &end, 10);
	if (errno != 0 || *end != '\0' || !isdigit((uint8_t)value[0]) ||
	    v == 0 || v > 1000000)
		return "a number from 1 to 1000000";
	*out = (uint32_t)v;
	return NULL;
}

static const char *
set_conns(struct config *c, enum config_source from, const char *value)
{
	(void)from;
	return set_number(&c->server.max_conns, value);
}

static const char *
set_conns_source(struct config *c, enum config_source from, const char *value)
{
	(void)from;
	return set_number(&c->server.max_conns_source, value);
}

static const char *
set_waiting(struct config *c, enum config_source from, const char *value)
{
	uint32_t mib = 0;
	const char *why = set_number(&mib, value);

	(void)from;
	if (why == NULL)
		c->server.max_waiting = (uint64_t)mib << 20;
	return why;
}

static const struct setting {
	const char *key; /* in the file, and as a flag with - for _ */
	const char *variable;
	set_fn *set;
} settings[] = {
	{ "data", "SOTTOD_DATA", set_data },
	{ "listen", "SOTTOD_LISTEN", set_listen },
	{ "public", "SOTTOD_PUBLIC", set_public },
	{ "guard", "SOTTOD_GUARD", set_guard },
	{ "open", "SOTTOD_OPEN", set_open },
	{ "tell_key", "SOTTOD_TELL_KEY", set_tell_key },
	{ "max_connections", "SOTTOD_MAX_CONNECTIONS", set_conns },
	{ "max_connections_source", "SOTTOD_MAX_CONNECTIONS_SOURCE",
	    set_conns_source },
	{ "max_waiting", "SOTTOD_MAX_WAITING", set_waiting },
	{ "log", "SOTTOD_LOG", set_log },
};

#define SETTINGS (sizeof settings / sizeof settings[0])

static const struct setting *
find(const char *key)
{
	for (size_t i = 0; i < SETTINGS; i++)
		if (strcmp(settings[i].key, key) == 0)
			return &settings[i];
	return NULL;
}

/* ---- sources ---- */

static void
set_defaults(struct config *c)
{
	const char *state = getenv("STATE_DIRECTORY");
	const char *xdg = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");

	*c = (struct config){ .log = LOG_INFO,
		.server = server_config_default() };
	(void)set_listen(c, CONFIG_DEFAULT, "[::]:7368");
	if (state != NULL && state[0] != '\0')
		(void)set_data(c, CONFIG_DEFAULT, state);
	else if (geteuid() == 0)
		(void)set_data(c, CONFIG_DEFAULT, "/var/lib/sotto");
	else if (xdg != NULL && xdg[0] == '/')
		(void)snprintf(c->data, sizeof c->data, "%s/sottod", xdg);
	else if (home != NULL && home[0] == '/')
		(void)snprintf(c->data, sizeof c->data,
		    "%s/.local/state/sottod", home);
}

/* Cuts white space off both ends. */
static char *
trim(char *s)
{
	char *end = s + strlen(s);

	while (end > s && isspace((uint8_t)end[-1]))
		*--end = '\0';
	while (isspace((uint8_t)*s))
		s++;
	return s;
}

/* Takes one line of the file apart; returns NULL or what is wrong. */
static const char *
read_line(struct config *c, char *text, const char **key)
{
	char *equals, *value;
	const struct setting *setting;
	static char what[128];
	const char *must;

	text = trim(text);
	if (text[0] == '\0' || text[0] == '#')
		return NULL;
	equals = strchr(text, '=');
	if (equals == NULL)
		return "not of the form `key = value`";
	*equals = '\0';
	*key = trim(text);
	value = trim(equals + 1);
	setting = find(*key);
	if (setting == NULL) {
		(void)snprintf(what, sizeof what, "unknown key '%.64s'", *key);
		return what;
	}
	must = setting->set(c, CONFIG_FILE, value);
	if (must == NULL)
		return NULL;
	(void)snprintf(what, sizeof what, "%s must be %s", *key, must);
	return what;
}

static int
read_file(struct config *c, const char *path, FILE *f, struct trouble *t)
{
	char text[LINE_LEN];
	const char *key = "", *wrong = NULL;
	unsigned number = 0;

	while (wrong == NULL && fgets(text, sizeof text, f) != NULL) {
		number++;
		if (strlen(text) == sizeof text - 1)
			wrong = "line too long";
		else
			wrong = read_line(c, text, &key);
	}
	if (wrong != NULL)
		return trouble_set(t, EX_CONFIG, "configuration",
		    "correct that line; sotto.conf(5) lists the keys",
		    "%s:%u: %s", path, number, wrong);
	if (ferror(f))
		return trouble_set(t, EX_CONFIG, "configuration",
		    "see whether the file can be read", "%s: %s", path,
		    strerror(errno));
	return 0;
}

/* Opens the file: the one that was named, or the first that there is. */
static FILE *
open_file(const char *named, char path[CONFIG_PATH_MAX])
{
	const char *xdg = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");
	FILE *f = NULL;

	if (named != NULL) {
		(void)snprintf(path, CONFIG_PATH_MAX, "%s", named);
		return fopen(path, "re");
	}
	errno = ENOENT;
	if (xdg != NULL && xdg[0] == '/')
		(void)snprintf(path, CONFIG_PATH_MAX, "%s/sotto/sottod.conf",
		    xdg);
	else if (home != NULL && home[0] == '/')
		(void)snprintf(path, CONFIG_PATH_MAX,
		    "%s/.config/sotto/sottod.conf", home);
	else
		path[0] = '\0';
	if (path[0] != '\0')
		f = fopen(path, "re");
	if (f == NULL && (errno == ENOENT || errno == ENOTDIR)) {
		(void)strcpy(path, SYSTEM_FILE);
		f = fopen(path, "re");
	}
	return f;
}

static int
read_environment(struct config *c, struct trouble *t)
{
	for (size_t i = 0; i < SETTINGS; i++) {
		const char *value = getenv(settings[i].variable);
		const char *must = NULL;

		if (value != NULL && value[0] != '\0')
			must = settings[i].set(c, CONFIG_ENV, value);
		if (must != NULL)
			return trouble_set(t, EX_CONFIG, "environment",
			    "correct or unset it", "%s must be %s",
			    settings[i].variable, must);
	}
	return 0;
}

int
config_read(struct config *c, const char *path,
    const struct config_flag *flags, unsigned n_flags, struct trouble *t)
{
	const char *named = path != NULL ? path : getenv("SOTTOD_CONFIG");
	char found[CONFIG_PATH_MAX];
	FILE *f = open_file(named, found);
	int code = 0;

	set_defaults(c);
	(void)strcpy(c->file, found);
	if (f != NULL) {
		code = read_file(c, found, f, t);
		(void)fclose(f);
	} else if (named != NULL || (errno != ENOENT && errno != ENOTDIR)) {
		code = trouble_set(t, EX_CONFIG, "configuration",
		    "see whether the file is there and can be read", "%s: %s",
		    found, strerror(errno));
	}
	if (code == 0)
		code = read_environment(c, t);
	for (unsigned i = 0; i < n_flags && code == 0; i++) {
		const char *must = find(flags[i].key)->set(c, CONFIG_FLAG,
		    flags[i].value);

		if (must != NULL)
			code = trouble_set(t, EX_USAGE, "command line",
			    "sottod --help shows how it goes",
			    "--%s must be %s", flags[i].key, must);
	}
	if (code == 0 && c->data[0] == '\0')
		code = trouble_set(t, EX_USAGE, "command line",
		    "give --data DIR", "no folder for the server's data");
	return code;
}

uint64_t
config_parse_time(const char *text)
{
	static const struct {
		char unit;
		uint64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 },
		{ 'w', 604800 } };
	uint64_t v = 0;
	size_t n = 0;

	for (; isdigit((uint8_t)text[n]); n++) {
		v = v * 10 + (uint64_t)(text[n] - '0');
		if (v > TEN_YEARS_S)
			return 0;
	}
	if (n == 0 || text[n] == '\0' || text[n + 1] != '\0')
		return 0;
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
		if (units[i].unit == text[n] &&
		    v <= TEN_YEARS_S / units[i].seconds)
			return v * units[i].seconds;
	return 0;
}
