#include "noise/pattern.h"

#include "crypto/dh.h"
#include "crypto/mlkem.h"

#include <string.h>

/* The tokens, and who is known beforehand, as the specification writes them. */
enum {
	E = NOISE_E,
	S = NOISE_S,
	EE = NOISE_EE,
	ES = NOISE_ES,
	SE = NOISE_SE,
	SS = NOISE_SS,
};
enum { NOBODY = 0, I = 1, R = 2, BOTH = I | R };

struct base {
	const char *name;
	uint8_t known; /* whose "s" is a pre-message: -> s, <- s */
	uint8_t tokens[NOISE_MAX_MESSAGES][NOISE_MAX_TOKENS];
};

/* clang-format off */
static const struct base bases[] = {
	/* One-way patterns, section 7.4. */
	{ "N",    R,      { { E, ES } } },
	{ "K",    BOTH,   { { E, ES, SS } } },
	{ "X",    R,      { { E, ES, S, SS } } },

	/* Interactive patterns, section 7.5. */
	{ "NN",   NOBODY, { { E },            { E, EE } } },
	{ "NK",   R,      { { E, ES },        { E, EE } } },
	{ "NX",   NOBODY, { { E },            { E, EE, S, ES } } },
	{ "XN",   NOBODY, { { E },            { E, EE },         { S, SE } } },
	{ "XK",   R,      { { E, ES },        { E, EE },         { S, SE } } },
	{ "XX",   NOBODY, { { E },            { E, EE, S, ES },  { S, SE } } },
	{ "KN",   I,      { { E },            { E, EE, SE } } },
	{ "KK",   BOTH,   { { E, ES, SS },    { E, EE, SE } } },
	{ "KX",   I,      { { E },            { E, EE, SE, S, ES } } },
	{ "IN",   NOBODY, { { E, S },         { E, EE, SE } } },
	{ "IK",   R,      { { E, ES, S, SS }, { E, EE, SE } } },
	{ "IX",   NOBODY, { { E, S },         { E, EE, SE, S, ES } } },

	/* Deferred patterns, section 7.6 and appendix 18.1. */
	{ "NK1",  R,      { { E },        { E, EE, ES } } },
	{ "NX1",  NOBODY, { { E },        { E, EE, S },     { ES } } },
	{ "X1N",  NOBODY, { { E },        { E, EE },        { S }, { SE } } },
	{ "X1K",  R,      { { E, ES },    { E, EE },        { S }, { SE } } },
	{ "XK1",  R,      { { E },        { E, EE, ES },    { S, SE } } },
	{ "X1K1", R,      { { E },        { E, EE, ES },    { S }, { SE } } },
	{ "X1X",  NOBODY, { { E },        { E, EE, S, ES }, { S }, { SE } } },
	{ "XX1",  NOBODY, { { E },        { E, EE, S },     { ES, S, SE } } },
	{ "X1X1", NOBODY, { { E },        { E, EE, S },     { ES, S },
	    { SE } } },
	{ "K1N",  I,      { { E },        { E, EE },        { SE } } },
	{ "K1K",  BOTH,   { { E, ES },    { E, EE },        { SE } } },
	{ "KK1",  BOTH,   { { E },        { E, EE, SE, ES } } },
	{ "K1K1", BOTH,   { { E },        { E, EE, ES },    { SE } } },
	{ "K1X",  I,      { { E },        { E, EE, S, ES }, { SE } } },
	{ "KX1",  I,      { { E },        { E, EE, SE, S }, { ES } } },
	{ "K1X1", I,      { { E },        { E, EE, S },     { SE, ES } } },
	{ "I1N",  NOBODY, { { E, S },     { E, EE },        { SE } } },
	{ "I1K",  R,      { { E, ES, S }, { E, EE },        { SE } } },
	{ "IK1",  R,      { { E, S },     { E, EE, SE, ES } } },
	{ "I1K1", R,      { { E, S },     { E, EE, ES },    { SE } } },
	{ "I1X",  NOBODY, { { E, S },     { E, EE, S, ES }, { SE } } },
	{ "IX1",  NOBODY, { { E, S },     { E, EE, SE, S }, { ES } } },
	{ "I1X1", NOBODY, { { E, S },     { E, EE, S },     { SE, ES } } },
};
/* clang-format on */

static const struct {
	const char *name;
	enum aead_alg alg;
} aeads[] = {
	{ "ChaChaPoly", AEAD_CHACHAPOLY },
	{ "AESGCM", AEAD_AES256GCM },
};

static const struct {
	const char *name;
	enum hash_alg alg;
} hashes[] = {
	{ "SHA256", HASH_SHA256 },
	{ "SHA512", HASH_SHA512 },
	{ "BLAKE2b", HASH_BLAKE2B },
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static bool
is(struct bytes part, const char *word)
{
	return bytes_equal(part, bytes_str(word));
}

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* Takes what stands in front of the next `at`, or all, and goes past it. */
static struct bytes
take_until(struct bytes *text, char at)
{
	struct bytes part = { text->p, 0 };

	while (part.n < text->n && text->p[part.n] != (uint8_t)at)
		part.n++;
	text->p += part.n;
	text->n -= part.n;
	if (text->n != 0) {
		text->p++;
		text->n--;
	}
	return part;
}

/* Takes the base pattern's name: the capitals and the 1s at the start. */
static struct bytes
take_base_name(struct bytes *text)
{
	struct bytes part = { text->p, 0 };

	while (part.n < text->n &&
	       (text->p[part.n] == '1' ||
		   (text->p[part.n] >= 'A' && text->p[part.n] <= 'Z')))
		part.n++;
	text->p += part.n;
	text->n -= part.n;
	return part;
}

static bool
is_dh(uint8_t token)
{
	return token == EE || token == ES || token == SE || token == SS;
}

/* Puts token in front of place `at` of a message. */
static enum err
insert(uint8_t message[NOISE_MAX_TOKENS], size_t at, enum noise_token token)
{
	if (message[NOISE_MAX_TOKENS - 2] != NOISE_END)
		return ERR_ARG;
	memmove(message + at + 1, message + at, NOISE_MAX_TOKENS - 1 - at);
	message[at] = (uint8_t)token;
	return ERR_OK;
}

/* Returns the place of the first such token of a message, or of its end. */
static size_t
find(const uint8_t message[NOISE_MAX_TOKENS], enum noise_token token)
{
	size_t at = 0;

	while (message[at] != NOISE_END && message[at] != token)
		at++;
	return at;
}

/*
 * Message 1 of every pattern has the first "e", and message 2 of every
 * interactive one the first "ee".
 */
static enum err
apply_hfs(struct noise_pattern *p)
{
	uint8_t *first = p->tokens[0], *second = p->tokens[1];
	size_t after = find(first, NOISE_E);
	enum err err;

	NEED(!noise_pattern_is_one_way(p), ERR_ARG);
	for (size_t i = 0; first[i] != NOISE_END; i++) {
		if (is_dh(first[i])) {
			after = i;
			break;
		}
	}
	TRY(insert(first, after + 1, NOISE_E1));
	TRY(insert(second, find(second, NOISE_EE) + 1, NOISE_EKEM1));
out:
	return err;
}

static enum err
apply_psk(struct noise_pattern *p, size_t n)
{
	if (n > p->messages)
		return ERR_ARG;
	p->psks++;
	if (n == 0)
		return insert(p->tokens[0], 0, NOISE_PSK);
	return insert(
	    p->tokens[n - 1], find(p->tokens[n - 1], NOISE_END), NOISE_PSK);
}

/* Applies "hfs+psk0+psk2" and the like; *hfs says whether hfs was there. */
static enum err
apply_modifiers(struct noise_pattern *p, struct bytes text, bool *hfs)
{
	struct bytes last = BYTES_NONE;
	enum err err = ERR_OK;

	*hfs = false;
	NEED(text.n == 0 || text.p[text.n - 1] != '+', ERR_ARG);
	while (text.n != 0) {
		struct bytes one = take_until(&text, '+');

		NEED(bytes_compare(last, one) < 0, ERR_ARG);
		last = one;
		if (is(one, "hfs")) {
			*hfs = true;
			TRY(apply_hfs(p));
			continue;
		}
		NEED(one.n == 4 && is_digit(one.p[3]), ERR_ARG);
		NEED(is((struct bytes){ one.p, 3 }, "psk"), ERR_ARG);
		TRY(apply_psk(p, (size_t)(one.p[3] - '0')));
	}
out:
	return err;
}

static enum err
apply_base(struct noise_pattern *p, struct bytes name)
{
	for (size_t i = 0; i < COUNT(bases); i++) {
		if (!is(name, bases[i].name))
			continue;
		p->knows[NOISE_INITIATOR] = (bases[i].known & I) != 0;
		p->knows[NOISE_RESPONDER] = (bases[i].known & R) != 0;
		memcpy(p->tokens, bases[i].tokens, sizeof p->tokens);
		while (p->messages < NOISE_MAX_MESSAGES &&
		       p->tokens[p->messages][0] != NOISE_END)
			p->messages++;
		return ERR_OK;
	}
	return ERR_ARG;
}

static enum err
apply_aead(struct noise_pattern *p, struct bytes name)
{
	for (size_t i = 0; i < COUNT(aeads); i++) {
		if (is(name, aeads[i].name)) {
			p->aead = aeads[i].alg;
			return ERR_OK;
		}
	}
	return ERR_ARG;
}

static enum err
apply_hash(struct noise_pattern *p, struct bytes name)
{
	for (size_t i = 0; i < COUNT(hashes); i++) {
		if (is(name, hashes[i].name)) {
			p->hash = hashes[i].alg;
			return ERR_OK;
		}
	}
	return ERR_ARG;
}

enum err
noise_pattern_parse(struct noise_pattern *p, const char *name)
{
	struct bytes rest = bytes_str(name), pattern;
	bool hfs;
	enum err err;

	*p = (struct noise_pattern){ 0 };
	NEED(rest.n <= NOISE_MAX_NAME_LEN, ERR_ARG);
	memcpy(p->name, name, rest.n);

	NEED(is(take_until(&rest, '_'), "Noise"), ERR_ARG);
	pattern = take_until(&rest, '_');
	TRY(apply_base(p, take_base_name(&pattern)));
	TRY(apply_modifiers(p, pattern, &hfs));
	NEED(is(take_until(&rest, '_'), hfs ? "25519+MLKEM768" : "25519"),
	    ERR_ARG);
	TRY(apply_aead(p, take_until(&rest, '_')));
	TRY(apply_hash(p, rest));
out:
	return err;
}

bool
noise_pattern_is_one_way(const struct noise_pattern *p)
{
	return p->messages == 1;
}

bool
noise_pattern_has_static(const struct noise_pattern *p, enum noise_role role)
{
	bool has = p->knows[role];

	for (size_t i = (size_t)role; i < p->messages; i += 2)
		has |= p->tokens[i][find(p->tokens[i], NOISE_S)] == NOISE_S;
	return has;
}

/*
 * Goes through the tokens of all messages up to this one, since a tag stands
 * on whatever is sent after the first key was mixed in.
 */
size_t
noise_pattern_len(const struct noise_pattern *p, size_t message)
{
	size_t len = 0, tag = 0;

	for (size_t i = 0; i <= message && i < p->messages; i++) {
		len = 0;
		for (const uint8_t *t = p->tokens[i]; *t != NOISE_END; t++) {
			if (*t == NOISE_E)
				len += X25519_LEN;
			else if (*t == NOISE_S)
				len += X25519_LEN + tag;
			else if (*t == NOISE_E1)
				len += MLKEM768_EK_LEN + tag;
			else if (*t == NOISE_EKEM1)
				len += MLKEM768_CT_LEN + tag;
			if (is_dh(*t) || *t == NOISE_PSK || p->psks != 0)
				tag = AEAD_TAG_LEN;
		}
		len += tag;
	}
	return len;
}
