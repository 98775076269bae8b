/*
 * command - the queue of what the person, or the core itself, asked for.
 *
 * A command waits until there is the session that it needs, runs, and ends
 * with one SOTTO_DONE event. Commands run side by side, but for those that
 * write the account (one at a time) and logout (after all before it). The
 * core's own ones have the number 0 and end in silence.
 */
#ifndef CLIENT_COMMAND_H
#define CLIENT_COMMAND_H

#include "base/list.h"
#include "base/secret.h"
#include "base/wheel.h"
#include "client/call.h"
#include "client/report.h"
#include "client/session.h"

enum client_command_type {
	CLIENT_COMMAND_REGISTER,
	CLIENT_COMMAND_LOGIN,
	CLIENT_COMMAND_HOST,
	CLIENT_COMMAND_WHOAMI,
	CLIENT_COMMAND_LIST,
	CLIENT_COMMAND_STATUS,
	CLIENT_COMMAND_DEVICES,
	CLIENT_COMMAND_REMOVE,
	CLIENT_COMMAND_VERIFY,
	CLIENT_COMMAND_PASSWD,
	CLIENT_COMMAND_LOGOUT,
	CLIENT_COMMAND_CALL,
	CLIENT_COMMAND_SETTINGS, /* the core's own: write the pins */
	CLIENT_COMMANDS
};

enum client_command_step {
	CLIENT_STEP_WAITING,
	CLIENT_STEP_RUNNING,
	CLIENT_STEP_SAVING, /* done when the vault is idle */
};

/* Where a change of the account stands, of the password above all. */
enum client_command_phase {
	CLIENT_PHASE_OLD,    /* the old one is valid */
	CLIENT_PHASE_ASKED,  /* PASSWD_START was said */
	CLIENT_PHASE_UNSURE, /* CHANGE was said, DONE has not come; VERIFY: the
	                      * pin is ours, and not at the server yet */
	CLIENT_PHASE_CHECK,  /* logging in with the new one, to find out */
	CLIENT_PHASE_NEW,    /* the new one is valid: DONE has come */
};

struct client_command {
	struct link link;
	uint32_t number;
	enum client_command_type type;
	enum client_command_step step;
	uint32_t req;       /* of the request that is out; 0: none */
	struct timer timer; /* until its answer must be there */

	/* What was asked for. */
	struct wire_name name;
	struct wire_address at;
	uint8_t server_key[WIRE_KEY_LEN]; /* LOGIN; zeros: not known */
	uint8_t code[WIRE_CODE_LEN];      /* REGISTER */
	uint8_t device[PACT_DEVICE_ID_LEN];
	bool confirms;                    /* VERIFY */
	enum sotto_status status;
	enum sotto_logout scope;
	struct secret *password; /* PASSWD: the other one */

	/* How far it is. */
	struct wr gathered;       /* LIST, VERIFY; grows */
	enum client_command_phase phase;
	struct secret *opaque;    /* PASSWD */
	struct secret *person;    /* PASSWD, REMOVE: as it will be */
	uint8_t challenge[16];    /* LOGOUT */
	unsigned tries;
	struct client_call call;
	struct client *client;
};

struct client_command_kind {
	bool needs_person; /* a login with the password, in this channel */
	bool is_writer;
	void (*start)(struct client *c, struct client_command *cmd);
	/* An answer to its request; message is the struct of type. */
	enum err (*answer)(struct client *c, struct client_command *cmd,
	    enum wire_type type, const void *message);
	/* ERROR was the answer; NULL: it ends the command. */
	void (*refused)(struct client *c, struct client_command *cmd,
	    const struct wire_ERROR *error);
	const char *failed; /* what to say then */
};

/* Queues a command; NULL: no memory. */
struct client_command *client_command_new(struct client *c,
    enum client_command_type type);

/* Returns the first command of a type that has been started, or NULL; of
 * hosts, the first at all. */
struct client_command *client_command_find(const struct client *c,
    enum client_command_type type);

/* Returns the first command of a type that has done its part and does not know
 * yet what became of it (CLIENT_PHASE_UNSURE), or NULL. */
struct client_command *client_command_unsure(const struct client *c,
    enum client_command_type type);

/* Takes a number for its request and starts the time for the answer. */
uint32_t client_command_ask(struct client *c, struct client_command *cmd);

/* Ends it, with an event if it has a number, and frees it. */
void client_command_done(struct client *c, struct client_command *cmd,
    const struct client_report *report);
void client_command_ok(struct client *c, struct client_command *cmd);

/* The keyring is sealed for the running command of this type: it ends when
 * the files are written. */
void client_command_sealed(struct client *c, enum client_command_type type,
    enum err err);

/* Ends all, or all but those that may wait for another connection: then
 * returns true. For the session that has failed. */
bool client_command_fail_all(struct client *c,
    const struct client_report *report, bool may_retry);

/* Frees all, without events. */
void client_command_free_all(struct client *c);

/* Gives an answer to the command whose request it answers. */
MUST_USE enum err client_command_answer(struct client *c,
    enum wire_type type, const void *message);

/* Starts what can start, ends what has been saved. */
void client_command_settle(struct client *c);

/* What the session asks the queue. */
bool client_command_wants_session(const struct client *c);
bool client_command_wants_other_session(const struct client *c);
bool client_command_hosts(const struct client *c);
bool client_command_forgets(const struct client *c);
enum client_goal client_command_goal(struct client *c,
    uint8_t code[WIRE_CODE_LEN]);

/* The rows of the table, each in its own file. */
extern const struct client_command_kind client_people_whoami;
extern const struct client_command_kind client_people_list;
extern const struct client_command_kind client_people_status;
extern const struct client_command_kind client_people_verify;
extern const struct client_command_kind client_settings_write;
extern const struct client_command_kind client_devices_list;
extern const struct client_command_kind client_devices_remove;
extern const struct client_command_kind client_passwd_kind;
extern const struct client_command_kind client_logout_kind;
extern const struct client_command_kind client_call_kind;

#endif
