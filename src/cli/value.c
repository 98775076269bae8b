#include "cli/value.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool
value_pick(const char *text, const char *const *words, size_t n, int *out)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(text, words[i]) == 0) {
			*out = (int)i;
			return true;
		}
	return false;
}

bool
value_number(const char *text, unsigned long least, unsigned long most,
    unsigned long *out)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	*out = strtoul(text, &end, 10);
	return errno == 0 && *end == '\0' && *out >= least && *out <= most;
}

bool
value_seconds(const char *text, double *out)
{
	char *end;

	if (text[0] < '0' || text[0] > '9' ||
	    strspn(text, "0123456789.") != strlen(text))
		return false;
	*out = strtod(text, &end);
	return *end == '\0' && *out > 0 && *out <= 1e9;
}

bool
value_output(struct options *o, const char *text)
{
	int form = 0;
	bool ok = VALUE_PICK(text, &form, "plain", "json");

	if (ok)
		o->out->is_json = form == 1;
	return ok;
}

bool
value_color(struct options *o, const char *text)
{
	int color = 0;
	bool ok = VALUE_PICK(text, &color, "auto", "always", "never");

	if (ok)
		o->out->color = (enum out_color)color;
	return ok;
}

bool
value_endpoint(const char *text)
{
	const char *colon = strrchr(text, ':');
	size_t n = colon == NULL ? 0 : (size_t)(colon - text);
	bool is_v6 = n > 2 && text[0] == '[' && text[n - 1] == ']';
	char host[INET6_ADDRSTRLEN];
	struct in6_addr address;
	unsigned long port;

	if (is_v6) {
		text++;
		n -= 2;
	}
	if (n == 0 || n >= sizeof host ||
	    !value_number(colon + 1, 0, UINT16_MAX, &port))
		return false;
	memcpy(host, text, n);
	host[n] = '\0';
	return inet_pton(is_v6 ? AF_INET6 : AF_INET, host, &address) == 1;
}

bool
value_account(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");
	const char *colon;
	unsigned long port;

	if (n == 0 || n > SOTTO_NAME_MAX || strchr("_.-", text[0]) != NULL)
		return false;
	if (text[n] == '\0')
		return true;
	if (text[n] != '@' || text[n + 1] == '\0')
		return false;
	colon = strrchr(text + n, ':');
	return colon == NULL || strchr(colon, ']') != NULL ||
	    value_number(colon + 1, 1, UINT16_MAX, &port);
}
