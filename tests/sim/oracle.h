/*
 * oracle - what must be true in every run, whatever happens.
 *
 * It hears every event that a program is told and every byte that enters a
 * pipe, and keeps its own small model of the world beside it. The first
 * thing that contradicts the model is the run's verdict.
 */
#ifndef SIM_ORACLE_H
#define SIM_ORACLE_H

#include "sim/world.h"
#include "wire/limits.h"

#define ORACLE_PEOPLE   4
#define ORACLE_MESSAGES 400

/* One thing that was said. */
struct oracle_message {
	uint8_t from, to;
	bool is_shown, is_sent; /* shown at the callee, receipt at the sender */
	unsigned sender;        /* number of the program that said it */
	uint64_t id;
	size_t length;
};

/* The first message of a direct line, as it went over the wire. */
struct oracle_call {
	struct program *caller, *callee;
	struct world_conn *conn;
	struct wr bytes;
	size_t want; /* whole length, 0 until known */
	bool is_answered;
};

/* The first record of a direct line, which the network holds back from the
 * callee while the caller dies. */
struct oracle_held {
	struct program *caller; /* whose next one it is to be, or NULL */
	struct program *callee;
	struct wr record;       /* empty: there is none */
	uint64_t at_ms;
};

struct oracle {
	struct world *world;
	const char *verdict; /* NULL: all is well */
	bool is_verbose;     /* prints what programs are told of lines */
	struct oracle_message messages[ORACLE_MESSAGES];
	size_t message_count;
	struct oracle_call call; /* the newest one that is complete */
	struct oracle_call growing;
	/* The newest first record with a pass that was answered. */
	struct oracle_pass {
		struct program *program;
		unsigned server_life;
		struct wr record; /* with its length */
	} pass;
	struct oracle_held held;
	uint32_t again_in; /* the so many'th record from now comes twice */
	struct world_conn *again;
	uint8_t canary[16];
	struct wr client_first, server_first; /* of the newest channel */
	struct world_conn *channel;
	unsigned channel_life; /* of the server when it began */
	struct oracle_hash {
		struct program *program;
		uint8_t h[64];
	} hashes[WORLD_PROGRAMS];
	size_t hash_count;
	uint8_t devices[WORLD_PROGRAMS][16]; /* as whoami tells, by program */
	bool has_device[WORLD_PROGRAMS];
};

extern const char *const oracle_names[ORACLE_PEOPLE];

/* Returns the number of a name, or -1. */
int oracle_person(const char *name);

/* Attaches to a world. */
void oracle_init(struct oracle *o, struct world *w);
void oracle_free(struct oracle *o);

/* Notes that a program says something; text must be what oracle_text made. */
void oracle_said(struct oracle *o, struct program *p, int to, uint64_t id,
    size_t length);

/* Writes the text of message number: unique, with the canary in it, and of
 * this length if that is more. Returns the length; there is no NUL. */
size_t oracle_text(const struct oracle *o, size_t number, size_t length,
    char out[WIRE_TEXT_MAX]);

/* Returns whether all that was said since message number `first` was shown;
 * and whether all of it was answered by a receipt. */
bool oracle_is_shown(const struct oracle *o, size_t first);
bool oracle_is_sent(const struct oracle *o, size_t first);

/* Fails the run, unless it has failed already. */
void oracle_fail(struct oracle *o, const char *what);

/* Replays the newest call's first message to its callee. */
void oracle_replay(struct oracle *o);

/* Replays the newest first record that had a pass, and shows that pass with
 * another Noise message 1. */
void oracle_replay_pass(struct oracle *o);

/* Looks for what must never be on the server's disk. */
void oracle_search(struct oracle *o);

#endif
