/*
 * client - the client's core: one account, its session, its lines. It
 * decides, and does no I/O.
 *
 * The counterpart of server/server.h: events go in through the functions of
 * this header, effects come out through the table that the shell gives. An
 * effect returns at once and never calls back. What a person is to see comes
 * out as struct sotto_event, exactly as the public interface shows it, whose
 * strings live until the effect returns. Commands are the public ones; see
 * sotto.h for what they do and how they end.
 */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

#include "base/bytes.h"
#include "base/env.h"
#include "base/err.h"
#include "crypto/ksf.h"
#include "pact/guard.h"
#include "sotto.h"
#include "wire/address.h"
#include "wire/messages.h"

struct client;

/* Numbers that name things between core and shell; never reused. */
typedef uint32_t client_link; /* a connection, to the server or a peer */
typedef uint32_t client_job;

/* What is kept on disk for one account, each a small file. */
enum client_file {
	CLIENT_FILE_ACCOUNT, /* name, server, keys to check: not secret */
	CLIENT_FILE_KEYRING, /* sealed under the password */
	CLIENT_FILE_STATE,   /* sealed: pins and versions seen */
	CLIENT_FILES
};

/* Stretching a password, on another thread. Input and output stay the
 * core's; both live until client_job_done. */
struct client_stretch {
	struct ksf_params params;
	struct bytes password;
	uint8_t salt[KSF_SALT_LEN];
	uint8_t out[64];
	enum err err;
};

/* Looking for the solution of a puzzle, for a moment, likewise. */
struct client_solve {
	struct pact_guard_puzzle puzzle;
	uint64_t nonce; /* from here on; where it came to */
	uint32_t tries;
	bool is_solved; /* nonce is a solution */
	enum err err;   /* NOMEM: it was not begun */
};

struct client_effects {
	/* Connects to a host and port, or to an endpoint; client_connected or
	 * client_closed follows. */
	void (*connect)(void *ctx, client_link link,
	    const struct wire_address *at);
	void (*connect_endpoint)(void *ctx, client_link link,
	    const struct wire_endpoint *at);
	/* As for the server: bytes are the core's until client_sent. */
	void (*send)(void *ctx, client_link link, const uint8_t *p, size_t n);
	/* Closes after what was sent has left, or at once. client_closed
	 * follows, except for a link never connected. */
	void (*close)(void *ctx, client_link link, bool at_once);
	/* Starts or stops accepting direct lines; client_listening follows. */
	void (*listen)(void *ctx, bool is_on);
	void (*deadline)(void *ctx, uint64_t at_ms);
	/* Runs ksf_argon2id on another thread; client_job_done follows. */
	void (*stretch)(void *ctx, client_job job, struct client_stretch *work);
	/* Runs pact_guard_solve, likewise. */
	void (*solve)(void *ctx, client_job job, struct client_solve *work);
	/* Replaces a file of the account (or removes it: empty), if its
	 * generation is still `expect`; client_saved follows. Bytes are the
	 * core's until then. A file's generation is 0 when it is not there,
	 * else as told by client_new or client_saved. */
	void (*save)(void *ctx, enum client_file file, uint64_t expect,
	    struct bytes content);
	/* An event for the person's program; never blocks. */
	void (*event)(void *ctx, const struct sotto_event *event);
	void *ctx;
};

struct client_options {
	bool is_ephemeral;
	enum sotto_paths paths;
	bool hides_address;
	bool allows_unknown_server;
	enum sotto_policy policy;
	struct ksf_params ksf;  /* for new records and keyrings */
	char device_label[33];  /* what this machine is called in the roster */
};

/* The files of an account as the shell read them; empty: not there. */
struct client_files {
	struct bytes content[CLIENT_FILES];
	uint64_t generation[CLIENT_FILES];
};

/* Makes a core for one account (with files), or for one to come. CONFIG-like
 * errors: DECODE when the account file is damaged. */
MUST_USE enum err client_new(const struct client_options *options,
    const struct client_files *files, const struct env *env,
    const struct client_effects *effects, struct client **out);

/* Wipes and releases everything; no farewell. */
void client_free(struct client *c);

/* ---- commands; each returns its number, never 0 ---- */

/* Sets the password, already normalized; copied into a secret. NOMEM. */
MUST_USE enum err client_set_password(struct client *c,
    struct bytes password);

uint32_t client_register(struct client *c, const struct wire_link *link);
uint32_t client_login(struct client *c, const struct wire_name *name,
    const struct wire_address *at, const uint8_t *server_key);
uint32_t client_host(struct client *c);
uint32_t client_whoami(struct client *c);
uint32_t client_list(struct client *c);
uint32_t client_set_status(struct client *c, enum sotto_status status);
uint32_t client_devices(struct client *c);
uint32_t client_remove_device(struct client *c,
    const uint8_t id[16]);
uint32_t client_verify(struct client *c, const struct wire_name *name,
    bool confirm);
uint32_t client_passwd(struct client *c, struct bytes password);
uint32_t client_logout(struct client *c, enum sotto_logout scope);
uint32_t client_call(struct client *c, const struct wire_name *name);

/* ---- lines ---- */

MUST_USE enum err client_answer(struct client *c, uint32_t session,
    bool accept);

/* Says text on a line; *id gets the message's number. GONE: no such line;
 * ARG: too long or not UTF-8; LIMIT: too much unsent; KEY: identity key
 * changed or not trusted. */
MUST_USE enum err client_say(struct client *c, uint32_t session,
    struct bytes text, uint64_t *id);
void client_written(struct client *c, uint32_t session, uint64_t message);
MUST_USE enum err client_hang_up(struct client *c, uint32_t session);

/* ---- what happened outside ---- */

/* A link stands; local is this end's address, which tells through what kind
 * of network the server is reached. */
void client_connected(struct client *c, client_link link,
    const struct wire_endpoint *local, const struct wire_endpoint *peer);

/* A peer has connected to us; the shell chose no number: the core returns
 * one, or 0 to refuse it. */
client_link client_accepted(struct client *c,
    const struct wire_endpoint *peer);

void client_bytes(struct client *c, client_link link, struct bytes in);
void client_sent(struct client *c, client_link link, size_t n);

/* A link is over or could not be made (GONE: no such host; IO). */
void client_closed(struct client *c, client_link link, enum err err);

/* Where direct lines are accepted now; n 0: nowhere. */
void client_listening(struct client *c, const struct wire_endpoint *at,
    size_t n);

void client_job_done(struct client *c, client_job job);

/* How a save went: OK with the new generation; CONFLICT with what another
 * program wrote first and its generation; IO. */
void client_saved(struct client *c, enum client_file file, enum err err,
    uint64_t generation, struct bytes content);

/* Seals and sends what the round's events gave to say. */
void client_flush(struct client *c);
void client_tick(struct client *c);

#endif
