/*
 * What somebody on the wire, or with one of the keys, can make of channels
 * and lines: replay, reflection, impersonation towards whose key is known,
 * and handshakes whose ends have different things in mind. The handshakes are
 * real ones.
 */
#include "crypto/crypto.h"
#include "crypto/dh.h"
#include "crypto/hash.h"
#include "crypto/sig.h"
#include "noise/handshake.h"
#include "pact/channel.h"
#include "pact/guard.h"
#include "pact/keys.h"
#include "pact/roster.h"
#include "pact/ticket.h"
#include "support/check.h"

#include <stdlib.h>
#include <string.h>

#define FRAMES 500

/* Bytes that are never the same twice. */
static void
fill(void *out, size_t n)
{
	static uint64_t counter;
	struct bytes part = { (const uint8_t *)&counter, sizeof counter };
	uint8_t block[64];

	for (size_t i = 0; i < n; i += sizeof block) {
		counter++;
		blake2b_parts(BYTES_NONE, &part, 1, block, sizeof block);
		memcpy((uint8_t *)out + i, block,
		    n - i < sizeof block ? n - i : sizeof block);
	}
}

/* ---- people, and handshakes between them ---- */

struct person {
	struct wire_name name;
	uint8_t identity[32], device[PACT_DEVICE_ID_LEN];
	struct noise_keypair link;
};

/* What both ends of a line put into its prologue. */
struct line {
	struct person caller, callee;
	uint8_t version;
	uint8_t ticket[PACT_TICKET_LEN];
};

static struct person
make_person(const char *name)
{
	struct person p;
	uint8_t secret[X25519_LEN];

	memset(&p, 0, sizeof p);
	CHECK_OK(crypto_init());
	CHECK_OK(wire_name_parse(&p.name, bytes_str(name)));
	fill(p.identity, sizeof p.identity);
	fill(p.device, sizeof p.device);
	fill(secret, sizeof secret);
	noise_keypair_init(&p.link, secret);
	return p;
}

static struct line
make_line(void)
{
	struct line l = { make_person("alice"), make_person("bob"),
		WIRE_VERSION, { 0 } };

	fill(l.ticket, sizeof l.ticket);
	return l;
}

static void
put_prologue(struct wr *w, const struct line *l)
{
	wr_put(w, BYTES_LIT(PACT_LABEL_LINE));
	wr_u8(w, l->version);
	pact_keys_line_end(w, &l->caller.name, l->caller.identity,
	    l->caller.device);
	pact_keys_line_end(w, &l->callee.name, l->callee.identity,
	    l->callee.device);
	wr_put(w, BYTES_OF(l->ticket));
}

static const struct noise_pattern *
pattern_of(const char *name)
{
	static struct noise_pattern patterns[2];
	struct noise_pattern *p =
	    &patterns[strcmp(name, PACT_LINE_PROTOCOL) == 0];

	CHECK_OK(noise_pattern_parse(p, name));
	return p;
}

/* One end of a line, as this end believes that it is. */
static void
begin_line(struct noise_handshake *hs, enum noise_role role,
    const struct line *l)
{
	const struct person *us = role == NOISE_INITIATOR ? &l->caller :
							    &l->callee;
	const struct person *them = role == NOISE_INITIATOR ? &l->callee :
							      &l->caller;
	struct noise_keys keys = { .s = &us->link, .rs = them->link.public };
	struct wr prologue = wr_new();

	put_prologue(&prologue, l);
	CHECK_OK(noise_handshake_init(hs, pattern_of(PACT_LINE_PROTOCOL),
	    role, wr_bytes(&prologue), &keys));
	wr_free(&prologue);
}

static void
begin_channel(struct noise_handshake hs[2])
{
	struct person server = make_person("server");
	struct noise_keys keys[2] = { { .rs = server.link.public },
		{ .s = &server.link } };
	uint8_t prologue[PACT_CHANNEL_PROLOGUE_LEN];

	pact_keys_channel_prologue(prologue);
	for (int i = 0; i < 2; i++)
		CHECK_OK(noise_handshake_init(&hs[i],
		    pattern_of(PACT_CHANNEL_PROTOCOL), (enum noise_role)i,
		    BYTES_OF(prologue), &keys[i]));
}

/* Passes a message from one to the other. */
static enum err
pass(struct noise_handshake *from, struct noise_handshake *to)
{
	uint8_t message[PACT_GUARD_MESSAGE1_LEN];
	struct wr w = wr_init(message, sizeof message);
	struct wr nothing = wr_init(NULL, 0);
	struct noise_random random;

	fill(&random, sizeof random);
	CHECK_OK(noise_handshake_write(from, &random, BYTES_NONE, &w));
	return noise_handshake_read(to, wr_bytes(&w), &nothing);
}

static struct pact_channel
stand(struct noise_handshake *hs, uint8_t kind)
{
	struct noise_split split;

	CHECK_OK(noise_handshake_split(hs, &split));
	return (struct pact_channel){ .out = split.send, .in = split.receive,
		.kind = kind };
}

/* The two ends of a new channel or line. */
static void
make_ends(struct pact_channel ends[2], uint8_t kind)
{
	struct noise_handshake hs[2];
	struct line l = make_line();

	if (kind == PACT_CHANNEL_SERVER) {
		begin_channel(hs);
	} else {
		begin_line(&hs[0], NOISE_INITIATOR, &l);
		begin_line(&hs[1], NOISE_RESPONDER, &l);
	}
	CHECK_OK(pass(&hs[0], &hs[1]));
	CHECK_OK(pass(&hs[1], &hs[0]));
	for (int i = 0; i < 2; i++)
		ends[i] = stand(&hs[i], kind);
}

/* ---- records ---- */

static uint32_t
cap(uint8_t type, void *ctx)
{
	(void)ctx;
	return type == WIRE_PING || type == WIRE_REKEY ? 8 : UINT32_MAX;
}

static enum err
on_message(uint8_t type, struct bytes body, void *ctx)
{
	(void)body;
	*(size_t *)ctx += type == WIRE_PING;
	return ERR_OK;
}

/* A record that says `token`, as its one end sends it. */
static struct wr
seal(struct pact_channel *from, uint64_t token, bool rekey)
{
	struct wire_PING ping = { token };
	struct wr pending = wr_new(), out = wr_new();

	CHECK_OK(wire_encode(&pending, WIRE_PING, &ping));
	CHECK_OK(pact_channel_seal(from, wr_bytes(&pending), rekey, &out));
	wr_free(&pending);
	return out;
}

/* Returns how many messages an end takes out of what was sealed at once: a
 * record, or two; it stays as it was unless it takes all of it. */
static size_t
open_record(struct pact_channel *at, const struct wr *sealed)
{
	struct pact_channel copy = *at;
	uint8_t bytes[1024];
	size_t count = 0, n, len, from = 0;
	bool too_big;

	CHECK(sealed->n <= sizeof bytes);
	memcpy(bytes, sealed->p, sealed->n);
	for (; from < sealed->n; from += n) {
		n = pact_channel_cut((struct bytes){ bytes + from,
		    sealed->n - from }, WIRE_RECORD_MAX - 2, &len, &too_big);
		if (pact_channel_open(&copy, bytes + from + 2, len, cap,
			on_message, &count) != ERR_OK)
			return count;
	}
	*at = copy;
	return count;
}

/* Each record of 500 is tried again in front of every later 10th one: 12,250
 * times in each direction, and the session goes on as if nothing had been. A
 * real end gives up at the first: the sim's 08-on-the-wire. */
static void
replay(uint8_t kind, size_t from)
{
	struct pact_channel ends[2];
	struct wr frames[FRAMES];
	size_t tried = 0, heard = 0;

	make_ends(ends, kind);
	for (size_t i = 0; i < FRAMES; i++) {
		frames[i] = seal(&ends[from], i,
		    kind == PACT_CHANNEL_SERVER && i % 100 == 99);
		for (size_t j = i % 10; j < i; j += 10, tried++)
			if (!CHECK_EQ(open_record(&ends[1 - from],
				&frames[j]), 0))
				break;
		heard += open_record(&ends[1 - from], &frames[i]);
	}
	CHECK_EQ(tried, 12250);
	CHECK_EQ(heard, FRAMES);
	for (size_t i = 0; i < FRAMES; i++)
		wr_free(&frames[i]);
}

TEST(threat_07_no_record_opens_twice)
{
	for (size_t from = 0; from < 2; from++) {
		replay(PACT_CHANNEL_SERVER, from);
		replay(PACT_CHANNEL_LINE, from);
	}
}

/* Eight ends of two channels and two lines. Whatever one of them says is
 * given back to it, and to all but the one for whom it is. */
TEST(threat_08_nothing_opens_but_where_it_was_sent)
{
	struct pact_channel ends[8];
	size_t tried = 0, heard = 0;

	for (size_t i = 0; i < 8; i += 2)
		make_ends(&ends[i], i < 4 ? PACT_CHANNEL_SERVER :
					    PACT_CHANNEL_LINE);
	for (size_t frame = 0; frame < 250; frame++) {
		for (size_t i = 0; i < 8; i++) {
			struct wr record = seal(&ends[i], frame, false);

			for (size_t j = 0; j < 8; j++) {
				if (j == (i ^ 1))
					continue;
				CHECK_EQ(open_record(&ends[j], &record), 0);
				tried++;
			}
			heard += open_record(&ends[i ^ 1], &record);
			wr_free(&record);
		}
	}
	CHECK_EQ(tried, 14000);
	CHECK_EQ(heard, 2000);
}

/* Messages of a handshake that are given back to who wrote them, who calls
 * another device of the same keys: the best case for a reflection. */
TEST(threat_08_handshakes_are_not_reflected)
{
	uint8_t message[PACT_GUARD_MESSAGE1_LEN];
	struct line l = make_line();

	l.callee = l.caller;
	for (int i = 0; i < 100; i++) {
		struct wr w = wr_init(message, sizeof message);
		struct wr nothing = wr_init(NULL, 0);
		struct noise_handshake hs;
		struct noise_random random;

		begin_line(&hs, NOISE_INITIATOR, &l);
		fill(&random, sizeof random);
		CHECK_OK(noise_handshake_write(&hs, &random, BYTES_NONE, &w));
		CHECK(noise_handshake_read(&hs, wr_bytes(&w), &nothing) !=
		    ERR_OK);
		w.n = PACT_GUARD_MESSAGE2_LEN;
		CHECK(noise_handshake_read(&hs, wr_bytes(&w), &nothing) !=
		    ERR_OK);
	}
}

/* ---- somebody has the victim's link key ---- */

/* The running secret of a line, for somebody who has not the right keys to
 * let the engine run it. */
static struct noise_symmetric
begin_forged(const struct line *l)
{
	struct noise_symmetric sym;
	struct wr prologue = wr_new();

	put_prologue(&prologue, l);
	noise_symmetric_init(&sym, AEAD_CHACHAPOLY, HASH_BLAKE2B,
	    PACT_LINE_PROTOCOL);
	noise_symmetric_mix_hash(&sym, wr_bytes(&prologue));
	noise_symmetric_mix_hash(&sym, BYTES_OF(l->caller.link.public));
	noise_symmetric_mix_hash(&sym, BYTES_OF(l->callee.link.public));
	wr_free(&prologue);
	return sym;
}

static void
mix(struct noise_symmetric *sym, const uint8_t secret[X25519_LEN],
    const uint8_t public[X25519_LEN])
{
	uint8_t shared[X25519_LEN];

	CHECK_OK(x25519(secret, public, shared));
	CHECK_OK(noise_symmetric_mix_key(sym, BYTES_OF(shared)));
}

/* Message 1 of "bob" to alice by somebody who has her key and not his: her
 * key makes ss as his would. */
static void
forge_message1(struct noise_symmetric *sym, const struct line *l,
    const struct noise_keypair *e, uint8_t dk[MLKEM768_DK_LEN],
    uint8_t message[PACT_GUARD_MESSAGE1_LEN])
{
	uint8_t seed[MLKEM768_SEED_LEN], ek[MLKEM768_EK_LEN];
	const struct person *victim = &l->callee;

	fill(seed, sizeof seed);
	CHECK_OK(mlkem768_keygen(seed, ek, dk));
	memcpy(message, e->public, X25519_LEN);
	noise_symmetric_mix_hash(sym, BYTES_OF(e->public));
	mix(sym, e->secret, victim->link.public);
	CHECK_OK(noise_symmetric_seal(sym, BYTES_OF(ek),
	    message + X25519_LEN));
	mix(sym, victim->link.secret, l->caller.link.public);
	CHECK_OK(noise_symmetric_seal(sym, BYTES_NONE,
	    message + X25519_LEN + MLKEM768_EK_LEN + AEAD_TAG_LEN));
}

/* What the forger can put where se belongs, which takes bob's key or that of
 * alice's ephemeral. */
static void
guess_se(struct noise_symmetric *sym, const struct line *l,
    const struct noise_keypair *e, const uint8_t re[X25519_LEN],
    unsigned guess)
{
	const struct noise_keypair *victim = &l->callee.link;
	uint8_t any[X25519_LEN];

	switch (guess) {
	case 0:
		mix(sym, victim->secret, re);
		break;
	case 1:
		mix(sym, victim->secret, l->caller.link.public);
		break;
	case 2:
		mix(sym, e->secret, re);
		break;
	case 3:
		mix(sym, e->secret, l->caller.link.public);
		break;
	default:
		fill(any, sizeof any);
		CHECK_OK(noise_symmetric_mix_key(sym, BYTES_OF(any)));
	}
}

/*
 * Alice is called by somebody who has her link key, and bob's name, roster
 * and a ticket for them: message 1 opens for her, as it must in KK. What she
 * answers is of no use to them: none of 500 first records opens, and only a
 * HELLO that opens would make a session.
 */
TEST(threat_09_her_key_does_not_make_a_caller)
{
	uint8_t message[PACT_GUARD_MESSAGE1_LEN], dk[MLKEM768_DK_LEN];
	struct line l = make_line();
	size_t answered = 0;

	for (unsigned i = 0; i < 500; i++) {
		struct noise_symmetric sym = begin_forged(&l);
		struct noise_handshake hs;
		struct noise_keypair e;
		struct noise_random random;
		struct pact_channel forged = { .kind = PACT_CHANNEL_LINE },
				    alice;
		struct wr answer = wr_init(message, sizeof message);
		struct wr nothing = wr_init(NULL, 0), record;
		uint8_t ct[MLKEM768_CT_LEN], shared[MLKEM768_SHARED_LEN];
		uint8_t x[HASH_MAX_LEN], secret[X25519_LEN];

		fill(secret, sizeof secret);
		noise_keypair_init(&e, secret);
		forge_message1(&sym, &l, &e, dk, message);
		begin_line(&hs, NOISE_RESPONDER, &l);
		CHECK_OK(noise_handshake_read(&hs, BYTES_OF(message),
		    &nothing));
		fill(&random, sizeof random);
		CHECK_OK(noise_handshake_write(&hs, &random, BYTES_NONE,
		    &answer));
		answered++;
		noise_symmetric_mix_hash(&sym,
		    (struct bytes){ message, X25519_LEN });
		mix(&sym, e.secret, message);
		CHECK_OK(noise_symmetric_open(&sym,
		    (struct bytes){ message + X25519_LEN,
			MLKEM768_CT_LEN + AEAD_TAG_LEN }, ct));
		CHECK_OK(mlkem768_decaps(dk, ct, shared));
		CHECK_OK(noise_symmetric_mix_key(&sym, BYTES_OF(shared)));
		guess_se(&sym, &l, &e, message, i % 5);
		CHECK(noise_symmetric_open(&sym,
			  (struct bytes){ answer.p + answer.n - AEAD_TAG_LEN,
			      AEAD_TAG_LEN }, ct) != ERR_OK);
		CHECK_OK(noise_symmetric_split(&sym, &forged.out, &forged.in,
		    x));
		alice = stand(&hs, PACT_CHANNEL_LINE);
		record = seal(&forged, 1, false);
		CHECK_EQ(open_record(&alice, &record), 0);
		wr_free(&record);
	}
	CHECK_EQ(answered, 500);
}

/* Alice calls bob, and somebody with her link key answers: she takes none of
 * 500 answers, since es takes bob's key. */
TEST(threat_09_her_key_does_not_answer_for_others)
{
	uint8_t message[PACT_GUARD_MESSAGE1_LEN];
	struct line l = make_line();
	size_t taken = 0;

	for (unsigned i = 0; i < 500; i++) {
		struct noise_symmetric sym = begin_forged(&l);
		struct noise_handshake hs;
		struct noise_keypair e;
		struct noise_random random;
		struct wr w = wr_init(message, sizeof message);
		struct wr nothing = wr_init(NULL, 0);
		uint8_t secret[X25519_LEN], ct[MLKEM768_CT_LEN];
		uint8_t re[X25519_LEN];

		begin_line(&hs, NOISE_INITIATOR, &l);
		fill(&random, sizeof random);
		CHECK_OK(noise_handshake_write(&hs, &random, BYTES_NONE, &w));
		memcpy(re, message, sizeof re);
		noise_symmetric_mix_hash(&sym, BYTES_OF(re));
		/* es, which is not known */
		if (i % 3 == 0)
			mix(&sym, l.caller.link.secret, re);
		else if (i % 3 == 1)
			mix(&sym, l.caller.link.secret, l.callee.link.public);
		else
			CHECK_OK(noise_symmetric_mix_key(&sym,
			    BYTES_OF(re)));
		noise_symmetric_mix_hash(&sym, (struct bytes){ message +
		    X25519_LEN, MLKEM768_EK_LEN + AEAD_TAG_LEN });
		mix(&sym, l.caller.link.secret, l.callee.link.public);
		noise_symmetric_mix_hash(&sym, (struct bytes){ message +
		    sizeof message - AEAD_TAG_LEN, AEAD_TAG_LEN });
		fill(secret, sizeof secret);
		noise_keypair_init(&e, secret);
		memcpy(message, e.public, X25519_LEN);
		noise_symmetric_mix_hash(&sym, BYTES_OF(e.public));
		mix(&sym, e.secret, re);
		fill(ct, sizeof ct);
		CHECK_OK(noise_symmetric_seal(&sym, BYTES_OF(ct),
		    message + X25519_LEN));
		mix(&sym, e.secret, l.caller.link.public);
		CHECK_OK(noise_symmetric_seal(&sym, BYTES_NONE, message +
		    X25519_LEN + sizeof ct + AEAD_TAG_LEN));
		taken += noise_handshake_read(&hs,
		    (struct bytes){ message, PACT_GUARD_MESSAGE2_LEN },
		    &nothing) == ERR_OK;
	}
	CHECK_EQ(taken, 0);
}

/* ---- the ends have different things in mind ---- */

/* Returns whether a handshake comes through when the callee believes what
 * the caller does not. */
static bool
agree(const struct line *caller, const struct line *callee)
{
	struct noise_handshake hs[2];

	begin_line(&hs[0], NOISE_INITIATOR, caller);
	begin_line(&hs[1], NOISE_RESPONDER, callee);
	return pass(&hs[0], &hs[1]) == ERR_OK && pass(&hs[1], &hs[0]) ==
	    ERR_OK;
}

/* Each makes one thing of a line another one. */
#define SCRIPTS 13
static void
change(struct line *l, unsigned script, const struct person *mallory)
{
	struct person *ends[] = { &l->caller, &l->callee }, was = l->caller;
	struct person *end = ends[script % 2];

	switch (script / 2) {
	case 0:
		end->name = mallory->name;
		break;
	case 1:
		memcpy(end->identity, mallory->identity, 32);
		break;
	case 2:
		memcpy(end->device, mallory->device, PACT_DEVICE_ID_LEN);
		break;
	case 3:
		end->link = mallory->link;
		break;
	case 4:
		*end = *mallory;
		break;
	case 5:
		if (script % 2 == 0)
			l->version++;
		else
			fill(l->ticket, sizeof l->ticket);
		break;
	default:
		l->caller = l->callee;
		l->callee = was;
	}
}

TEST(threat_10_both_ends_of_a_line_mean_the_same)
{
	struct line l = make_line(), other;
	struct person mallory = make_person("mallory");

	CHECK(agree(&l, &l));
	for (unsigned script = 0; script < SCRIPTS; script++) {
		other = l;
		change(&other, script, &mallory);
		CHECK(!agree(&l, &other));
		CHECK(!agree(&other, &l));
		CHECK(agree(&other, &other));
	}
}

/* K is one session's of one device of one person: a ticket that was sealed
 * under another does not open. */
TEST(threat_10_a_session_key_is_for_one_device)
{
	struct person alice = make_person("alice"), bob = make_person("bob");
	struct pact_ticket ticket = { .name = bob.name };
	uint8_t h[PACT_HASH_LEN], other_h[PACT_HASH_LEN], x[64], other_x[64];
	uint8_t key[PACT_SESSION_KEY_LEN], wrong[PACT_SESSION_KEY_LEN];
	uint8_t sealed[PACT_TICKET_LEN], nonce[24];

	fill(h, sizeof h);
	fill(other_h, sizeof other_h);
	fill(x, sizeof x);
	fill(other_x, sizeof other_x);
	fill(nonce, sizeof nonce);
	CHECK_OK(pact_keys_session(BYTES_OF(x), BYTES_NONE, h, &alice.name,
	    alice.device, key));
	CHECK_OK(pact_ticket_seal(&ticket, key, nonce, sealed));
	CHECK_OK(pact_ticket_open(BYTES_OF(sealed), key, &ticket));
#define WRONG(x_, h_, name_, device_)                                         \
	do {                                                                  \
		CHECK_OK(pact_keys_session(BYTES_OF(x_), BYTES_NONE, h_,      \
		    name_, device_, wrong));                                  \
		CHECK_ERR(pact_ticket_open(BYTES_OF(sealed), wrong, &ticket), \
		    ERR_AUTH);                                                \
	} while (0)
	WRONG(other_x, h, &alice.name, alice.device);
	WRONG(x, other_h, &alice.name, alice.device);
	WRONG(x, h, &bob.name, alice.device);
	WRONG(x, h, &alice.name, bob.device);
#undef WRONG
}

/* A device of alice's in mallory's roster, and her roster in his name. */
TEST(threat_10_a_device_is_in_one_persons_roster)
{
	const uint8_t hers[32] = { 1 }, his[32] = { 2 }, device[32] = { 3 };
	struct person alice = make_person("alice");
	struct person mallory = make_person("mallory");
	struct pact_roster roster = { .name = alice.name, .version = 1,
		.count = 1 }, got;
	struct wr w = wr_new();

	ed25519_public(hers, roster.identity);
	ed25519_public(device, roster.entries[0].device_key);
	CHECK_OK(pact_roster_sign_entry(&roster.entries[0], &alice.name,
	    roster.identity, device));
	CHECK_OK(pact_roster_write(&w, &roster, hers));
	CHECK_OK(pact_roster_read(wr_bytes(&w), &got));
	/* Her name, his identity; his name, her identity; all his. */
	for (int i = 0; i < 3; i++) {
		if (i > 0)
			roster.name = mallory.name;
		ed25519_public(i == 1 ? hers : his, roster.identity);
		wr_reset(&w);
		CHECK_OK(pact_roster_write(&w, &roster, i == 1 ? hers : his));
		CHECK_ERR(pact_roster_read(wr_bytes(&w), &got), ERR_AUTH);
	}
	/* Her list under his signature. */
	roster.name = alice.name;
	ed25519_public(hers, roster.identity);
	wr_reset(&w);
	CHECK_OK(pact_roster_write(&w, &roster, his));
	CHECK_ERR(pact_roster_read(wr_bytes(&w), &got), ERR_AUTH);
	wr_free(&w);
}

CHECK_MAIN(T(threat_07_no_record_opens_twice),
    T(threat_08_nothing_opens_but_where_it_was_sent),
    T(threat_08_handshakes_are_not_reflected),
    T(threat_09_her_key_does_not_make_a_caller),
    T(threat_09_her_key_does_not_answer_for_others),
    T(threat_10_both_ends_of_a_line_mean_the_same),
    T(threat_10_a_session_key_is_for_one_device),
    T(threat_10_a_device_is_in_one_persons_roster))
