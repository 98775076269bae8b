/*
 * kat noise - Noise test vectors: whole conversations with fixed keys.
 *
 * Both ends are run. The messages of the handshake come first, then transport
 * messages: in turns, or all from the initiator in a one-way pattern. Every
 * message must be the ciphertext of the file and open to its payload.
 */
#include "kat.h"
#include "noise/handshake.h"

#include <stdio.h>
#include <string.h>

struct end {
	struct noise_keypair s;
	uint8_t rs[X25519_LEN];
	uint8_t psks[NOISE_MAX_PSKS][NOISE_PSK_LEN];
	struct noise_random random;
	struct noise_handshake hs;
	struct noise_split split;
};

struct conversation {
	struct noise_pattern pattern;
	struct end end[2];
	struct wr message; /* as written */
	struct wr payload; /* as read */
};

/* Returns the bytes of the field init_NAME or resp_NAME of a vector. */
static struct bytes
field(struct kat *k, const json_t *vector, int role, const char *name)
{
	char key[64];

	(void)snprintf(key, sizeof key, "%s_%s",
	    role == NOISE_INITIATOR ? "init" : "resp", name);
	return kat_hex(k, vector, key);
}

/* Copies a field of exactly n bytes to out; returns whether it is there. */
static bool
load(struct kat *k, struct bytes field, uint8_t *out, size_t n)
{
	if (field.p == NULL)
		return false;
	if (!kat_true(k, "length of a field", field.n == n))
		return false;
	memcpy(out, field.p, n);
	return true;
}

static size_t
load_psks(struct kat *k, const json_t *vector, struct end *end, int role)
{
	const json_t *psks = json_object_get(
	    vector, role == NOISE_INITIATOR ? "init_psks" : "resp_psks");
	size_t n = json_array_size(psks);

	if (!kat_true(k, "number of psks", n <= NOISE_MAX_PSKS))
		return 0;
	for (size_t i = 0; i < n; i++)
		(void)load(k, kat_hex_value(k, json_array_get(psks, i)),
		    end->psks[i], NOISE_PSK_LEN);
	return n;
}

static bool
start(struct kat *k, struct conversation *c, const json_t *vector, int role)
{
	struct end *end = &c->end[role];
	struct noise_keys keys = { .psks = end->psks[0] };

	if (load(k, field(k, vector, role, "static"), end->s.secret,
		X25519_LEN)) {
		noise_keypair_init(&end->s, end->s.secret);
		keys.s = &end->s;
	}
	if (load(k, field(k, vector, role, "remote_static"), end->rs,
		X25519_LEN))
		keys.rs = end->rs;
	keys.psk_count = load_psks(k, vector, end, role);
	(void)load(
	    k, field(k, vector, role, "ephemeral"), end->random.e, X25519_LEN);
	(void)load(k, field(k, vector, role, "kem_seed"), end->random.e1,
	    MLKEM768_SEED_LEN);
	(void)load(k, field(k, vector, role, "kem_m"), end->random.ekem1,
	    MLKEM768_RANDOM_LEN);
	return kat_err(k, "start",
	    noise_handshake_init(&end->hs, &c->pattern, (enum noise_role)role,
		field(k, vector, role, "prologue"), &keys),
	    ERR_OK);
}

static bool
handshake_message(struct kat *k, struct conversation *c, struct end *from,
    struct end *to, struct bytes payload)
{
	return kat_err(k, "write",
		   noise_handshake_write(
		       &from->hs, &from->random, payload, &c->message),
		   ERR_OK) &&
	       kat_err(k, "read",
		   noise_handshake_read(
		       &to->hs, wr_bytes(&c->message), &c->payload),
		   ERR_OK);
}

static bool
transport_message(struct kat *k, struct conversation *c, struct end *from,
    struct end *to, struct bytes payload)
{
	uint8_t *sealed = wr_reserve(&c->message, payload.n + AEAD_TAG_LEN);
	uint8_t *opened = wr_reserve(&c->payload, payload.n + 1);

	if (!kat_true(k, "memory", sealed != NULL && opened != NULL))
		return false;
	c->payload.n = payload.n;
	return kat_err(k, "seal",
		   noise_transport_seal(&from->split.send, c->pattern.aead,
		       BYTES_NONE, payload, sealed),
		   ERR_OK) &&
	       kat_err(k, "open",
		   noise_transport_open(&to->split.receive, c->pattern.aead,
		       BYTES_NONE, wr_bytes(&c->message), opened),
		   ERR_OK);
}

/* Splits both ends; they must agree with each other and with the file. */
static bool
split(struct kat *k, struct conversation *c, const json_t *vector)
{
	struct end *i = &c->end[NOISE_INITIATOR], *r = &c->end[NOISE_RESPONDER];
	struct bytes want = kat_hex(k, vector, "handshake_hash");
	struct bytes h = { i->split.h, hash_len(c->pattern.hash) };

	return kat_err(k, "split", noise_handshake_split(&i->hs, &i->split),
		   ERR_OK) &&
	       kat_err(k, "split", noise_handshake_split(&r->hs, &r->split),
		   ERR_OK) &&
	       kat_bytes(k, "x", BYTES_OF(i->split.x), BYTES_OF(r->split.x)) &&
	       kat_bytes(k, "h", BYTES_OF(i->split.h), BYTES_OF(r->split.h)) &&
	       (want.p == NULL || kat_bytes(k, "handshake_hash", h, want));
}

static bool
say(struct kat *k, struct conversation *c, size_t number, const json_t *message)
{
	bool back = number % 2 == 1 && !noise_pattern_is_one_way(&c->pattern);
	struct end *from = &c->end[back ? NOISE_RESPONDER : NOISE_INITIATOR];
	struct end *to = &c->end[back ? NOISE_INITIATOR : NOISE_RESPONDER];
	struct bytes payload = kat_hex(k, message, "payload");
	struct bytes want = kat_hex(k, message, "ciphertext");

	wr_reset(&c->message);
	wr_reset(&c->payload);
	if (number < c->pattern.messages) {
		if (!handshake_message(k, c, from, to, payload))
			return false;
	} else {
		if (!transport_message(k, c, from, to, payload))
			return false;
	}
	return kat_bytes(k, "ciphertext", wr_bytes(&c->message), want) &&
	       kat_bytes(k, "payload", wr_bytes(&c->payload), payload);
}

/* Where a file spells the tokens out, ours must be the same. */
static bool
tokens_are(struct kat *k, const struct noise_pattern *p, const json_t *tokens)
{
	static const char *const names[] = { "", "e", "s", "ee", "es", "se",
		"ss", "psk", "e1", "ekem1" };
	const json_t *message;
	size_t i;

	json_array_foreach(tokens, i, message)
	{
		char text[64] = "";
		struct wr w = wr_init(text, sizeof text);

		for (const uint8_t *t = p->tokens[i];
		     i < p->messages && *t != NOISE_END; t++) {
			if (w.n > 0)
				wr_put(&w, BYTES_LIT(", "));
			wr_put(&w, bytes_str(names[*t]));
		}
		if (!kat_bytes(k, "tokens", wr_bytes(&w),
			bytes_str(json_is_string(message)
				      ? json_string_value(message)
				      : "?")))
			return false;
	}
	return true;
}

static void
converse(struct kat *k, struct conversation *c, const json_t *vector)
{
	const json_t *messages = json_object_get(vector, "messages"), *message;
	size_t i;

	if (!tokens_are(k, &c->pattern, json_object_get(vector, "tokens")) ||
	    !start(k, c, vector, NOISE_INITIATOR) ||
	    !start(k, c, vector, NOISE_RESPONDER) ||
	    !kat_true(k, "number of messages",
		json_array_size(messages) >= c->pattern.messages))
		return;
	json_array_foreach(messages, i, message)
	{
		if (!say(k, c, i, message))
			return;
		if (i + 1 == c->pattern.messages && !split(k, c, vector))
			return;
	}
}

/* Takes what is up to the next "_" out of a name, and returns it. */
static struct bytes
section(const char **name)
{
	struct bytes out = { (const uint8_t *)*name, strcspn(*name, "_") };

	*name += out.n;
	if (**name == '_')
		(*name)++;
	return out;
}

static bool
is_one_of(struct bytes section, const char *const *names)
{
	for (; *names != NULL; names++)
		if (bytes_equal(section, bytes_str(*names)))
			return true;
	return false;
}

/* Algorithms that sotto has none of are mentioned, and not counted. */
static bool
is_foreign(const char *name)
{
	static const char *const dhs[] = { "25519", "25519+MLKEM768", NULL };
	static const char *const ciphers[] = { "ChaChaPoly", "AESGCM", NULL };
	static const char *const hashes[] = { "SHA256", "SHA512", "BLAKE2b",
		NULL };

	if (!bytes_equal(section(&name), BYTES_LIT("Noise")))
		return false;
	(void)section(&name);
	return !is_one_of(section(&name), dhs) ||
	       !is_one_of(section(&name), ciphers) ||
	       !is_one_of(section(&name), hashes);
}

bool
kat_noise(struct kat *k, const json_t *file)
{
	const json_t *vectors = json_object_get(file, "vectors"), *vector;
	size_t i;

	if (!json_is_array(vectors)) {
		(void)fputs("not a file of Noise vectors\n", stderr);
		return false;
	}
	json_array_foreach(vectors, i, vector)
	{
		struct conversation c = { .message = wr_new(),
			.payload = wr_new() };
		const char *name = kat_text(vector, "protocol_name");

		if (is_foreign(name)) {
			printf("not counted: %s\n", name);
			continue;
		}
		kat_begin(k, "%zu: %s", i, name);
		if (kat_err(k, "protocol_name",
			noise_pattern_parse(&c.pattern, name), ERR_OK))
			converse(k, &c, vector);
		kat_end(k);
		wr_free(&c.message);
		wr_free(&c.payload);
	}
	return true;
}
