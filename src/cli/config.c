#include "cli/config.h"

#include "cli/value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
set_yes_no(bool *out, const char *value)
{
	int yes = 0;
	bool ok = VALUE_PICK(value, &yes, "no", "yes");

	*out = yes == 1;
	return ok;
}

static bool
set_stretch(uint32_t *out, const char *value, unsigned long least)
{
	unsigned long n = 0;
	bool ok = value_number(value, least, 65536, &n);

	*out = (uint32_t)n;
	return ok;
}

static bool
set_paths(struct options *o, const char *value)
{
	int paths = 0;
	bool ok = VALUE_PICK(value, &paths, "any", "direct", "relay");

	o->paths = (enum sotto_paths)paths;
	return ok;
}

static bool
set_listen(struct options *o, const char *value)
{
	o->listen = value;
	return value_endpoint(value);
}

static bool
set_account(struct options *o, const char *value)
{
	o->account = value;
	return value_account(value);
}

static bool
set_home(struct options *o, const char *value)
{
	o->home = value;
	return value[0] != '\0';
}

/* Sets a key; what is wrong comes back, or NULL. */
static const char *
set_key(struct options *o, const char *key, const char *value)
{
	bool ok = true;

	if (strcmp(key, "home") == 0)
		ok = set_home(o, value);
	else if (strcmp(key, "account") == 0)
		ok = set_account(o, value);
	else if (strcmp(key, "password_command") == 0)
		o->password_command = value;
	else if (strcmp(key, "listen") == 0)
		ok = set_listen(o, value);
	else if (strcmp(key, "paths") == 0)
		ok = set_paths(o, value);
	else if (strcmp(key, "hide_address") == 0)
		ok = set_yes_no(&o->hides_address, value);
	else if (strcmp(key, "ask_server_key") == 0)
		ok = set_yes_no(&o->asks_server_key, value);
	else if (strcmp(key, "output") == 0)
		ok = value_output(o, value);
	else if (strcmp(key, "color") == 0)
		ok = value_color(o, value);
	else if (strcmp(key, "stretch_mib") == 0)
		ok = set_stretch(&o->stretch_mib, value,
		    OPTIONS_STRETCH_MIB_MIN);
	else if (strcmp(key, "stretch_passes") == 0)
		ok = set_stretch(&o->stretch_passes, value,
		    OPTIONS_STRETCH_PASSES_MIN);
	else
		return "There is no such key:";
	return ok ? NULL : "That is not a value of";
}

static char *
trim(char *s)
{
	size_t n;

	s += strspn(s, " \t");
	n = strlen(s);
	while (n > 0 && strchr(" \t\r\n", s[n - 1]) != NULL)
		s[--n] = '\0';
	return s;
}

/* One line: nothing, a comment, or key = value. */
static const char *
set_line(struct options *o, char *line, const char **key)
{
	char *text = trim(line), *equals = strchr(text, '=');

	*key = text;
	if (text[0] == '\0' || text[0] == '#')
		return NULL;
	if (equals == NULL)
		return "A line is `key = value`, and this is not:";
	*equals = '\0';
	*key = trim(text);
	return set_key(o, *key, options_keep(o, trim(equals + 1)));
}

bool
config_read(struct options *o, const char *path)
{
	FILE *f = fopen(path, "re");
	const char *wrong = NULL, *key = "";
	char *line = NULL, where[1024];
	size_t cap = 0;
	unsigned number = 0;

	if (f == NULL && (errno == ENOENT || errno == ENOTDIR))
		return true;
	if (f == NULL) {
		(void)snprintf(where, sizeof where, "%s: %s.", path,
		    strerror(errno));
		out_fail(o->out, SOTTO_CONFIG,
		    "The configuration can not be read.", where, "");
		return false;
	}
	while (wrong == NULL && getline(&line, &cap, f) >= 0) {
		number++;
		wrong = set_line(o, line, &key);
	}
	if (wrong != NULL) {
		(void)snprintf(where, sizeof where, "%s:%u: %s %s.", path,
		    number, wrong, key);
		out_fail(o->out, SOTTO_CONFIG, "The configuration is wrong.",
		    where, "The man page lists the keys.");
	}
	free(line);
	(void)fclose(f);
	return wrong == NULL;
}
