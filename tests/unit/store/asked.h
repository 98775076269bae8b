/*
 * asked - a store in a folder of its own, and requests to it that say what
 * came of them.
 */
#ifndef STORE_ASKED_H
#define STORE_ASKED_H

#include "store/sqlite.h"
#include "support/check.h"

/* The database file of the running test. */
extern char place_path[64];

/* Begins without any file; the folder goes when the program ends. */
void place_fresh(void);

/* Opens the store at place_path. */
struct store_sqlite *place_open(bool is_threaded, const char *vfs);

/* Waits for the store's wake. */
void place_wait(void);

/* A request with what came of it. */
struct asked {
	struct store_request q;
	bool is_done;
	enum err err;
	uint8_t boxes[3][600]; /* copies of the views */
	size_t len[3];
};

/* Submits; done must not come before it returns. */
void asked_submit(struct store_sqlite *s, struct asked *a);

/* Submits, waits, and returns how it went. */
enum err asked_wait(struct store_sqlite *s, struct asked *a,
    bool is_threaded);

/* A request about a name; one that creates an account, code being in all of
 * its bytes. */
struct asked asked_new(enum store_kind kind, const char *name);
struct asked asked_creation(const char *name, uint8_t code);

/* Whole requests, without threads. */
enum err asked_put_invite(struct store_sqlite *s, const char *name,
    uint8_t code, uint64_t expires_s, uint8_t tries);
enum err asked_try_invite(struct store_sqlite *s, const char *name,
    uint8_t code, uint64_t now_s);
enum err asked_create(struct store_sqlite *s, const char *name, uint8_t code);
enum err asked_change(struct store_sqlite *s, struct asked *a,
    uint32_t parts);

#endif
