/*
 * scene - alice, bob and, if wanted, mallory at a server, one of whom lies;
 * and what must hold for those who do not, whatever the lie is.
 *
 * A scene hears all that its programs are told. A session must be with whom
 * it names, a message must have been said to the one it is shown to, by the
 * one it names, and is shown once; a receipt comes once, for what was shown.
 * What contradicts this fails the running test.
 */
#ifndef SIM_SCENE_H
#define SIM_SCENE_H

#include "sim/malice.h"
#include "sim/world.h"
#include "support/check.h"

#define SCENE_PEOPLE 4
#define SCENE_TEXTS  64

struct scene_person {
	const char *name;
	struct program *program; /* the newest that was started */
	uint8_t identity[32];
};

struct scene_text {
	struct program *from, *to;
	const char *text;
	uint64_t id;
	bool is_shown, is_sent;
};

struct scene {
	struct world *w;
	struct malice *m;
	struct scene_person people[SCENE_PEOPLE];
	size_t count;
	struct scene_text texts[SCENE_TEXTS];
	size_t said;
	bool may_be_fooled;      /* an unverified first contact is lied about */
	struct program *alice, *bob, *mallory;
};

struct scene_options {
	uint64_t seed;
	bool is_public;       /* the server is on the internet */
	bool hides_address;   /* alice does: lines are relayed */
	bool asks;            /* bob is asked before he answers */
	bool with_mallory;
	bool has_honest_server; /* the liar is a peer, made later */
	malice_fn *on_said;     /* from the first connection on */
};

/* Makes the world, and its people, all online and reachable. */
void scene_begin(struct scene *s, const struct scene_options *options);
void scene_end(struct scene *s);

/* A new person of the scene, with an account and a program that hosts. */
struct program *scene_join(struct scene *s, const char *name,
    const struct client_options *options);

/* Another program of a person, in the same home or (NULL) a new one, with
 * the password given, and nothing asked for yet. */
struct program *scene_again(struct scene *s, const char *name,
    struct world_home *home);

/* Makes bob's account known on another machine, as a device. */
struct program *scene_device(struct scene *s, const char *name);

/* Runs until the command is done, for at most ten minutes. */
int scene_wait(struct program *p, uint32_t command);

/* Calls; returns the outcome. */
int scene_call(struct program *p, const char *name);

/* Calls, and checks that a line stands; returns its number at either end. */
uint32_t scene_line(struct scene *s, struct program *p, const char *name);

/* Says a text, unless the line is over; the second lets a while pass. */
void scene_put(struct scene *s, struct program *from, uint32_t session,
    struct program *to, const char *text);
void scene_say(struct scene *s, struct program *from, uint32_t session,
    struct program *to, const char *text);

/* How often a text was shown. */
bool scene_is_shown(const struct scene *s, const char *text);

/* Looks whether two people can talk, with no lie told: nothing is broken. */
void scene_still_works(struct scene *s);

/* How many alarms (KEY_CHANGED notices) a program has shown. */
size_t scene_alarms(const struct program *p);

/* Appends a roster that is right in itself: name's, as it would be if the
 * identity key were of this seed; with one device, whose id and keys are
 * made of the seed too. */
void scene_roster(struct wr *w, const char *name, const uint8_t seed[32],
    uint64_t version);

/* Sends one of so many records that end whatever they come on: of no class,
 * with a message that is cut short, too long or of no type, with padding that
 * says something, that were sent before, that do not open, that are empty. */
#define SCENE_BAD_RECORDS 11
void scene_bad_record(struct malice_link *l, unsigned which);

struct wire_name scene_name(const char *text);

/* Bytes that the process holds on its heap (0 under a sanitizer). */
size_t scene_heap(void);

#endif
