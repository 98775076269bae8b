/* What the commands of sotto-mls-peer have in common. */
#include "base/hex.h"
#include "peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *
peer_must(void *p)
{
	if (p == NULL) {
		(void)fputs("sotto-mls-peer: out of memory\n", stderr);
		exit(EXIT_FAILURE);
	}
	return p;
}

/* Says that a command is not one; the rest of it is not looked at. */
enum mls_result
peer_bad(struct peer *p, const char *why)
{
	if (p->usage == NULL)
		p->usage = why;
	return MLS_ARGUMENT_IS_OUT_OF_RANGE;
}

/* Bytes in hex, freed after the command. */
static struct bytes
hex_of(struct peer *p, const json_t *value, const char *why)
{
	struct bytes text = { (const uint8_t *)json_string_value(value),
		json_string_length(value) };
	uint8_t *out;

	if (!json_is_string(value) || text.n % 2 != 0 ||
	    p->scratch_count == sizeof p->scratch / sizeof p->scratch[0]) {
		(void)peer_bad(p, why);
		return BYTES_NONE;
	}
	out = peer_must(malloc(text.n / 2 + 1));
	p->scratch[p->scratch_count++] = out;
	if (hex_decode(out, text.n / 2, text) != ERR_OK)
		(void)peer_bad(p, why);
	return (struct bytes){ out, text.n / 2 };
}

struct bytes
peer_hex(struct peer *p, const json_t *in, const char *name)
{
	return hex_of(p, json_object_get(in, name), name);
}

/* The same of a field that may be left out, which is empty then. */
struct bytes
peer_hex_or_none(struct peer *p, const json_t *in, const char *name)
{
	if (json_object_get(in, name) == NULL)
		return BYTES_NONE;
	return peer_hex(p, in, name);
}

uint64_t
peer_number(struct peer *p, const json_t *in, const char *name, uint64_t max)
{
	const json_t *value = json_object_get(in, name);
	json_int_t n = json_integer_value(value);

	if (!json_is_integer(value) || n < 0 || (uint64_t)n > max) {
		(void)peer_bad(p, name);
		return 0;
	}
	return (uint64_t)n;
}

uint64_t
peer_number_or(struct peer *p, const json_t *in, const char *name, uint64_t max,
    uint64_t otherwise)
{
	if (json_object_get(in, name) == NULL)
		return otherwise;
	return peer_number(p, in, name, max);
}

bool
peer_flag(struct peer *p, const json_t *in, const char *name)
{
	const json_t *value = json_object_get(in, name);

	if (value != NULL && !json_is_boolean(value))
		(void)peer_bad(p, name);
	return json_is_true(value);
}

void
peer_put_hex(json_t *out, const char *name, struct bytes b)
{
	char *text = peer_must(malloc(HEX_LEN(b.n) + 1));

	hex_encode(text, b);
	(void)json_object_set_new(out, name, json_string(text));
	free(text);
}

void
peer_put_number(json_t *out, const char *name, uint64_t v)
{
	(void)json_object_set_new(out, name, json_integer((json_int_t)v));
}

void
peer_put_epoch(json_t *out, const struct mls_group *g)
{
	peer_put_hex(out, "group", mls_group_id(g));
	peer_put_number(out, "epoch", mls_group_epoch(g));
	peer_put_hex(out, "authenticator", mls_group_authenticator(g));
}

/* The group of a command: by its id, or the only one. NULL is not a group. */
struct mls_group **
peer_group(struct peer *p, const json_t *in)
{
	struct bytes id;

	if (json_object_get(in, "group") == NULL) {
		if (p->group_count == 1)
			return &p->groups[0];
		(void)peer_bad(p, "group");
		return NULL;
	}
	id = peer_hex(p, in, "group");
	/* The latest first: a successor may have its elder's id. */
	for (size_t i = p->group_count; i > 0; i--)
		if (bytes_equal(mls_group_id(p->groups[i - 1]), id))
			return &p->groups[i - 1];
	(void)peer_bad(p, "group");
	return NULL;
}

enum mls_result
peer_keep_group(struct peer *p, struct mls_group *g, json_t *out)
{
	p->groups[p->group_count++] = g;
	peer_put_epoch(out, g);
	peer_put_number(out, "leaf", mls_group_me(g).i);
	return MLS_OK;
}

/* A new identity with fresh keys; lives as long as the program. */
enum mls_result
peer_new_identity(
    struct peer *p, const json_t *in, uint16_t suite, struct mls_identity *out)
{
	struct bytes name = peer_hex(p, in, "identity");
	struct peer_self *self;
	enum mls_result err;

	if (p->usage != NULL)
		return MLS_ARGUMENT_IS_OUT_OF_RANGE;
	self = peer_must(calloc(1, sizeof *self + name.n));
	TRY(mls_signature_key_new(
	    &p->client, suite, self->secret, self->public, &self->public_len));
	memcpy(self->name, name.p, name.n);
	*out = (struct mls_identity){
		{ MLS_CREDENTIAL_BASIC, { self->name, name.n } },
		{ BYTES_OF(self->secret), { self->public, self->public_len } },
	};
	self->next = p->selves;
	p->selves = self;
	self = NULL;
out:
	free(self);
	return err;
}

uint16_t
peer_suite(struct peer *p, const json_t *in)
{
	return (uint16_t)peer_number_or(
	    p, in, "suite", UINT16_MAX, MLS_SUITE_DEFAULT);
}
