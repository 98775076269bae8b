#include "wire/address.h"

#include "base/hex.h"

#include <stdio.h>
#include <string.h>

#define SCHEME "sotto://"

static bool
starts_with(struct bytes text, const char *prefix)
{
	size_t n = strlen(prefix);

	return text.n >= n && memcmp(text.p, prefix, n) == 0;
}

/* Cuts text at its first c: *head gets what is before, the result is what
 * comes after; without c fails. */
static enum err
cut(struct bytes *text, uint8_t c, struct bytes *head)
{
	const uint8_t *at = text->n == 0 ? NULL : memchr(text->p, c, text->n);

	if (at == NULL)
		return ERR_ARG;
	*head = (struct bytes){ text->p, (size_t)(at - text->p) };
	text->n -= head->n + 1;
	text->p = at + 1;
	return ERR_OK;
}

static enum err
parse_port(uint16_t *port, struct bytes text, bool may_be_zero)
{
	uint32_t v = 0;

	if (text.n == 0 || text.n > 5)
		return ERR_ARG;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return ERR_ARG;
		v = v * 10 + (uint32_t)(text.p[i] - '0');
	}
	if (v > UINT16_MAX || (v == 0 && !may_be_zero))
		return ERR_ARG;
	*port = (uint16_t)v;
	return ERR_OK;
}

static bool
is_host_byte(uint8_t c, bool is_v6)
{
	if ((c >= '0' && c <= '9') || c == '.')
		return true;
	if (is_v6)
		return c == ':' || c == '%' || (c >= 'a' && c <= 'z') ||
		    (c >= 'A' && c <= 'Z');
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
	    c == '_';
}

static enum err
set_host(struct wire_address *at, struct bytes host, bool is_v6)
{
	if (host.n == 0 || host.n > WIRE_HOST_MAX || host.p[0] == '-')
		return ERR_ARG;
	if (is_v6 && memchr(host.p, ':', host.n) == NULL)
		return ERR_ARG;
	for (size_t i = 0; i < host.n; i++)
		if (!is_host_byte(host.p[i], is_v6))
			return ERR_ARG;
	memset(at->host, 0, sizeof at->host);
	memcpy(at->host, host.p, host.n);
	return ERR_OK;
}

enum err
wire_address_parse(struct wire_address *at, struct bytes text,
    bool may_be_zero)
{
	struct wire_address parsed = { .port = WIRE_PORT };
	struct bytes host = text, port = BYTES_NONE;
	bool is_v6 = starts_with(text, "["), has_port = false;
	enum err err = ERR_OK;

	if (is_v6) {
		text.p++;
		text.n--;
		TRY(cut(&text, ']', &host));
		has_port = text.n > 0;
		NEED(!has_port || text.p[0] == ':', ERR_ARG);
		if (has_port)
			port = (struct bytes){ text.p + 1, text.n - 1 };
	} else if (cut(&text, ':', &host) == ERR_OK) {
		has_port = true;
		port = text;
	}
	TRY(set_host(&parsed, host, is_v6));
	if (has_port)
		TRY(parse_port(&parsed.port, port, may_be_zero));
	*at = parsed;
out:
	return err;
}

enum err
wire_address_parse_user(struct wire_name *name, struct wire_address *at,
    struct bytes text)
{
	struct wire_name parsed;
	struct bytes head;
	enum err err;

	TRY(cut(&text, '@', &head));
	TRY(wire_name_parse(&parsed, head));
	TRY(wire_address_parse(at, text, false));
	*name = parsed;
out:
	return err;
}

void
wire_address_print(char *out, const struct wire_address *at)
{
	bool is_v6 = strchr(at->host, ':') != NULL;

	(void)snprintf(out, WIRE_ADDRESS_TEXT_MAX, "%s%s%s:%u",
	    is_v6 ? "[" : "", at->host, is_v6 ? "]" : "", at->port);
}

enum err
wire_key_parse(uint8_t key[WIRE_KEY_LEN], struct bytes text)
{
	static const uint8_t none[WIRE_KEY_LEN];

	if (base64_decode(key, WIRE_KEY_LEN, text) != ERR_OK ||
	    memcmp(key, none, sizeof none) == 0)
		return ERR_ARG;
	return ERR_OK;
}

enum err
wire_link_parse(struct wire_link *link, struct bytes text)
{
	struct wire_link parsed;
	struct bytes user, key;
	enum err err;

	NEED(starts_with(text, SCHEME), ERR_ARG);
	text.p += strlen(SCHEME);
	text.n -= strlen(SCHEME);
	TRY(cut(&text, '/', &user));
	TRY(wire_address_parse_user(&parsed.name, &parsed.at, user));
	TRY(cut(&text, '#', &key));
	TRY(wire_key_parse(parsed.server_key, key));
	NEED(base64_decode(parsed.code, WIRE_CODE_LEN, text) == ERR_OK,
	    ERR_ARG);
	*link = parsed;
out:
	bytes_wipe(parsed.code, sizeof parsed.code);
	return err;
}

void
wire_link_print(char *out, const struct wire_link *link)
{
	char at[WIRE_ADDRESS_TEXT_MAX];
	char key[BASE64_LEN(WIRE_KEY_LEN) + 1];
	char code[BASE64_LEN(WIRE_CODE_LEN) + 1];

	wire_address_print(at, &link->at);
	base64_encode(key, BYTES_OF(link->server_key));
	base64_encode(code, BYTES_OF(link->code));
	(void)snprintf(out, WIRE_LINK_TEXT_MAX, SCHEME "%s@%s/%s#%s",
	    link->name.s, at, key, code);
	bytes_wipe(code, sizeof code);
}
