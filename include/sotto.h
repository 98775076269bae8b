/*
 * sotto.h - the whole public interface of libsotto.
 *
 * A struct sotto is one program's view of one home: a folder with at most a
 * few accounts, of which it opens one. Nothing here blocks. A command is
 * started by a function that returns its number; what comes of it, and all
 * else that happens, arrives as events, and the command ends with exactly
 * one SOTTO_DONE event that carries its number. A program waits on
 * sotto_fd, calls sotto_step, and reads events until there are none:
 *
 *	struct sotto *s;
 *	struct sotto_event ev;
 *
 *	if (sotto_new(&options, &s) != SOTTO_OK)
 *		...
 *	sotto_set_password(s, password, strlen(password));
 *	sotto_list(s);
 *	for (;;) {
 *		sotto_step(s, -1);
 *		while (sotto_next(s, &ev))
 *			...
 *	}
 *
 * Strings are UTF-8 and end with a NUL; those inside an event are valid
 * until the next call of sotto_next or sotto_free. Names, texts and reasons
 * come from other people and from servers: a program that shows them on a
 * terminal passes them through sotto_escape. A struct sotto belongs to one
 * thread. Where there is no memory for an event, the program is aborted.
 */
#ifndef SOTTO_H
#define SOTTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define SOTTO_API __attribute__((visibility("default")))
#else
#define SOTTO_API
#endif

#define SOTTO_VERSION      "0.1.0"
#define SOTTO_DEFAULT_PORT 7368
#define SOTTO_NAME_MAX     32           /* bytes of a name */
#define SOTTO_TEXT_MAX     (16 * 1024)  /* bytes of a message */
#define SOTTO_PASSWORD_MIN 8            /* bytes */
#define SOTTO_PASSWORD_MAX 1024

struct sotto;

/* How a command ended. The numbers are the exit codes of the programs. */
enum sotto_outcome {
	SOTTO_OK = 0,
	SOTTO_FAILED = 1,          /* none of the others */
	SOTTO_NO_SERVER = 3,       /* server or network */
	SOTTO_KEY_CHANGED = 4,     /* identity key changed or not trusted */
	SOTTO_REFUSED = 5,         /* refused by the other person */
	SOTTO_WAIT = 6,            /* try again after wait_ms */
	SOTTO_NOT_THERE = 7,       /* not delivered, or no such person */
	SOTTO_WRONG_PASSWORD = 8,
	SOTTO_WEAK_PASSWORD = 9,
	SOTTO_USAGE = 64,          /* an argument is not of its form */
	SOTTO_NO_INPUT = 66,       /* no password was given */
	SOTTO_UNAVAILABLE = 69,    /* something of the system is missing */
	SOTTO_CONFIG = 78,         /* the home or the configuration is broken */
};

enum sotto_status {
	SOTTO_OFFLINE,
	SOTTO_AVAILABLE,
	SOTTO_BUSY, /* in a session */
	SOTTO_AWAY,
	SOTTO_INVISIBLE, /* to be asked for; others see it as offline */
};

/* What this account knows about another person's identity key. */
enum sotto_pin { SOTTO_PIN_NONE, SOTTO_PIN_PINNED, SOTTO_PIN_VERIFIED,
	SOTTO_PIN_CHANGED };

enum sotto_path { SOTTO_PATH_NONE, SOTTO_PATH_DIRECT, SOTTO_PATH_RELAY };

/* Which ways a line may take. */
enum sotto_paths { SOTTO_PATHS_ANY, SOTTO_PATHS_DIRECT_ONLY,
	SOTTO_PATHS_RELAY_ONLY };

/* What happens when somebody asks for a session. */
enum sotto_policy { SOTTO_POLICY_REFUSE, SOTTO_POLICY_ASK,
	SOTTO_POLICY_ACCEPT };

/* Why something went wrong, in three sentences for a person. */
struct sotto_error {
	enum sotto_outcome outcome;
	uint32_t wait_ms;  /* for SOTTO_WAIT */
	const char *what;  /* what failed */
	const char *why;   /* why; may be empty */
	const char *advice; /* what to do about it; may be empty */
};

struct sotto_options {
	const char *home;    /* folder; NULL with ephemeral */
	const char *account; /* "name" or "name@host:port"; NULL: the one */
	bool ephemeral;      /* write nothing to disk */
	const char *listen;  /* "addr:port" for direct lines; NULL: any */
	enum sotto_paths paths;
	bool hide_address;   /* never tell this machine's address to peers */
	bool allow_unknown_server; /* may ask a server for its key */
	enum sotto_policy policy;
	uint32_t stretch_mib;    /* Argon2id for new secrets; 0: the default */
	uint32_t stretch_passes; /* 0: the default */
};

enum sotto_event_type {
	SOTTO_DONE,     /* command, error */
	SOTTO_NOTICE,   /* error: something that a person should know */
	SOTTO_STATE,    /* state: progress of the connection */
	SOTTO_ACCOUNT,  /* account: the answer to sotto_whoami */
	SOTTO_PERSON,   /* person: a row of sotto_list */
	SOTTO_PRESENCE, /* person: somebody's status changed */
	SOTTO_DEVICE,   /* device: a row of sotto_devices */
	SOTTO_SAFETY,   /* safety: the answer to sotto_verify */
	SOTTO_QUESTION, /* session: somebody asks; answer with sotto_answer */
	SOTTO_QUESTION_OVER, /* session: the question above is withdrawn */
	SOTTO_SESSION_UP,    /* session: a line stands */
	SOTTO_SESSION_DOWN,  /* session, error: it ended; SOTTO_OK: closed */
	SOTTO_MESSAGE,  /* session, text: call sotto_written when shown */
	SOTTO_SENT,     /* session, sent: the other program has shown it */
};

enum sotto_state {
	SOTTO_STATE_CONNECTING,
	SOTTO_STATE_WORKING, /* stretching the password, solving a puzzle */
	SOTTO_STATE_WAITING, /* for about wait_ms, as why says */
	SOTTO_STATE_ONLINE,
	SOTTO_STATE_OFFLINE, /* reconnecting after wait_ms; 0: not at all */
};

struct sotto_event {
	enum sotto_event_type type;
	uint32_t command; /* the command this belongs to, or 0 */
	struct sotto_error error;
	struct {
		enum sotto_state state;
		uint32_t wait_ms;
		const char *why; /* for CONNECTING: host and port; for
		                  * WAITING: whom for, and why */
	} state;
	struct {
		const char *name, *server, *identity, *device;
		bool is_verified_server;
	} account;
	struct {
		const char *name;
		enum sotto_status status;
		unsigned devices;
		enum sotto_pin pin;
		bool is_you;
	} person;
	struct {
		const char *id, *name;
		uint64_t added_s, expires_s; /* Unix time; expires 0: never */
		bool is_this;
	} device;
	struct {
		const char *name;
		const char *number; /* 12 groups of 5 digits */
		enum sotto_pin pin;
		const char *qr; /* the number, drawn with block characters */
	} safety;
	struct {
		uint32_t id;
		const char *name;
		enum sotto_path path;
		enum sotto_pin pin;
		bool is_caller; /* we asked for it */
	} session;
	struct {
		const char *p; /* not NUL-terminated at n: it may hold NULs */
		size_t n;
		uint64_t id;       /* for sotto_written */
		uint64_t time_ms;  /* Unix time at which it arrived */
	} text;
	struct {
		uint64_t id; /* what sotto_say returned */
		uint32_t ms; /* from sotto_say to the receipt */
	} sent;
};

/* ---- beginning and ending -------------------------------------------- */

/*
 * Opens a home. Nothing is connected, and no password is needed, until the
 * first command. Returns SOTTO_OK, or another outcome and *s NULL; why is
 * then told by sotto_last_error(NULL).
 */
SOTTO_API enum sotto_outcome sotto_new(const struct sotto_options *options,
    struct sotto **s);

/* Ends everything at once, without a farewell, and wipes what it held. */
SOTTO_API void sotto_free(struct sotto *s);

/* Why the last call that returned an outcome or 0 failed. */
SOTTO_API const struct sotto_error *sotto_last_error(const struct sotto *s);

/*
 * Gives the password, n bytes of UTF-8; it is normalized (NFC) and copied to
 * locked memory. Commands that need one and have none end with
 * SOTTO_NO_INPUT. Returns SOTTO_USAGE when it is not of its form.
 */
SOTTO_API enum sotto_outcome sotto_set_password(struct sotto *s,
    const char *password, size_t n);

/* ---- the loop --------------------------------------------------------- */

/* A descriptor that becomes readable when sotto_step has work to do. */
SOTTO_API int sotto_fd(const struct sotto *s);

/* Milliseconds until sotto_step must be called anyway; -1: no deadline. */
SOTTO_API int sotto_timeout(const struct sotto *s);

/* Works; waits up to timeout_ms (-1: without end) if there is nothing. */
SOTTO_API void sotto_step(struct sotto *s, int timeout_ms);

/* Takes the next event; returns whether there was one. */
SOTTO_API bool sotto_next(struct sotto *s, struct sotto_event *event);

/* ---- commands: each returns its number, or 0 (see sotto_last_error) --- */

/* Joins with an invite link, with the password set before. */
SOTTO_API uint32_t sotto_register(struct sotto *s, const char *link);

/*
 * Makes this machine a device of name@host:port. server_key is the server's
 * key in base64url, or NULL if the server may be asked for it.
 */
SOTTO_API uint32_t sotto_login(struct sotto *s, const char *address,
    const char *server_key);

/*
 * Connects and stays: others can reach this session, and it reconnects by
 * itself. Ends (SOTTO_DONE) only when that becomes impossible.
 */
SOTTO_API uint32_t sotto_host(struct sotto *s);

SOTTO_API uint32_t sotto_whoami(struct sotto *s);
SOTTO_API uint32_t sotto_list(struct sotto *s);
SOTTO_API uint32_t sotto_set_status(struct sotto *s, enum sotto_status status);
SOTTO_API uint32_t sotto_devices(struct sotto *s);
SOTTO_API uint32_t sotto_remove_device(struct sotto *s, const char *id);

/* Shows the safety number; confirm marks the identity key as compared, and is
 * done when the account has kept that. */
SOTTO_API uint32_t sotto_verify(struct sotto *s, const char *name,
    bool confirm);

/* Changes the password from the one set to this one. */
SOTTO_API uint32_t sotto_passwd(struct sotto *s, const char *password,
    size_t n);

/*
 * Ends this session by a confirmed logout. With everywhere, all live
 * sessions of this device; with forget, also the device itself, and the
 * account is wiped from the home. The password and the device's keys are
 * forgotten: what comes after it takes sotto_set_password again.
 */
enum sotto_logout { SOTTO_LOGOUT_SESSION, SOTTO_LOGOUT_DEVICE,
	SOTTO_LOGOUT_FORGET };
SOTTO_API uint32_t sotto_logout(struct sotto *s, enum sotto_logout scope);

/* ---- lines ------------------------------------------------------------ */

/* Asks for a line to name; SOTTO_SESSION_UP comes before SOTTO_DONE. When one
 * stands already, that is it, and no other event comes. */
SOTTO_API uint32_t sotto_call(struct sotto *s, const char *name);

/* Answers a SOTTO_QUESTION about this session. */
SOTTO_API enum sotto_outcome sotto_answer(struct sotto *s, uint32_t session,
    bool accept);

/*
 * Says n bytes of UTF-8 on a line. Returns the message's id, or 0: no such
 * session, too long, not UTF-8, or the contact's key changed.
 */
SOTTO_API uint64_t sotto_say(struct sotto *s, uint32_t session,
    const char *text, size_t n);

/* Tells the other end that a message has been shown to a person. */
SOTTO_API void sotto_written(struct sotto *s, uint32_t session,
    uint64_t message);

/* Closes a line; SOTTO_SESSION_DOWN follows. */
SOTTO_API enum sotto_outcome sotto_hang_up(struct sotto *s, uint32_t session);

/* ---- words ------------------------------------------------------------ */

/* Returns a new passphrase of words, strong enough, to be freed by free. */
SOTTO_API char *sotto_passphrase(void);

/*
 * Judges a password for an account at a server. Returns SOTTO_OK,
 * SOTTO_WEAK_PASSWORD (also when it is too short) or SOTTO_USAGE (too long,
 * or not UTF-8), and in *why a sentence, which is static or lives until the
 * thread's next call.
 */
SOTTO_API enum sotto_outcome sotto_judge_password(const char *password,
    size_t n, const char *name, const char *host, const char **why);

/*
 * Writes text to out with every control byte, and whatever is not UTF-8 or
 * changes the direction of writing, as a visible escape, and a NUL. At most
 * cap bytes. Returns the bytes without the NUL that the whole would take.
 */
SOTTO_API size_t sotto_escape(char *out, size_t cap, const char *text,
    size_t n);

SOTTO_API const char *sotto_status_word(enum sotto_status status);
SOTTO_API const char *sotto_pin_word(enum sotto_pin pin);
SOTTO_API const char *sotto_path_word(enum sotto_path path);

#endif
