/*
 * session - what of a login is to be done next, and when to try again.
 *
 *   NONE      nobody wants a session
 *   KEYRING   the password is stretched, to open the keyring
 *   CHANNEL   connecting
 *   REPLY     the server's part of a registration or password login is due
 *   STRETCH   the password is stretched, to finish it
 *   JOINED    the new account's DONE is due
 *   LOGIN_OK  the server's word that we are logged in is due
 *   ENROL     this device was put on the roster; DONE is due
 *   SEAL      the password is stretched, to seal the keyring
 *   SAVE      files are being written
 *   READY     commands run
 *   PAUSE     lost; a host tries again later
 *
 * The goal is chosen by the commands that wait. A known device logs in with
 * its key; where the identity is needed, or the keyring is of no use, with
 * the password.
 */
#ifndef CLIENT_SESSION_H
#define CLIENT_SESSION_H

#include "base/secret.h"
#include "base/wheel.h"
#include "client/bid.h"
#include "client/box.h"
#include "client/own.h"
#include "client/pins.h"
#include "client/report.h"
#include "client/seen.h"

enum client_session_state {
	CLIENT_SESSION_NONE,
	CLIENT_SESSION_KEYRING,
	CLIENT_SESSION_CHANNEL,
	CLIENT_SESSION_REPLY,
	CLIENT_SESSION_STRETCH,
	CLIENT_SESSION_JOINED,
	CLIENT_SESSION_LOGIN_OK,
	CLIENT_SESSION_ENROL,
	CLIENT_SESSION_SEAL,
	CLIENT_SESSION_SAVE,
	CLIENT_SESSION_READY,
	CLIENT_SESSION_PAUSE,
};

enum client_goal {
	CLIENT_GOAL_DEVICE,   /* log in with the device's key */
	CLIENT_GOAL_PASSWORD, /* a known device, but with the password */
	CLIENT_GOAL_ENROL,    /* with the password; a new device after it */
	CLIENT_GOAL_REGISTER, /* a new account */
};

/* What a login with the password leaves in memory while it is needed. */
struct client_person {
	struct client_identity identity;
	uint8_t export_key[64];
};

struct client_session {
	enum client_session_state state;
	enum client_goal goal;
	bool is_fallback;  /* ENROL because the keyring did not open */
	bool is_password;  /* logged in with the password in this channel */
	bool has_new_keys; /* made for this login, and of no use without it */
	bool is_stranger;  /* this device is not on the roster */
	bool is_over;      /* logged out; to be ended at the next flush */
	bool is_failed;    /* to be ended at the next flush */
	struct client_report failure;
	bool wants_again;  /* log in anew at the next flush, as `goal` */
	uint8_t mode;      /* WIRE_MODE_ */
	unsigned attempts; /* of a host, in a row */
	unsigned conflicts; /* of this login */
	uint32_t req;
	struct timer timer;
	struct timer pins_timer; /* until pins_rest is over */
	bool pins_rest;          /* the server could not write them */
	uint8_t code[WIRE_CODE_LEN]; /* REGISTER */
	struct secret *login;  /* OPAQUE's state, REPLY and STRETCH */
	struct client_bid bid; /* REPLY: for a login that has to wait */
	struct secret *key;    /* K; PACT_SESSION_KEY_LEN bytes */
	struct secret *person; /* struct client_person, or NULL */
	uint64_t since_ms;     /* of K */
	uint64_t told_s;       /* the server's clock then; 0: not told */
	uint64_t identity_version, settings_version;
	struct client_own own;
	struct {
		bool is_set;
		uint8_t identity[32];
		struct client_seen seen;
		struct client_pins pins;
	} former; /* what was known of the account, while a login believes
		   * something else that is not confirmed yet */
	struct wr farewell;    /* an ephemeral device's last roster; grows */
};

static inline struct client_person *
client_session_person(const struct client_session *s)
{
	return (struct client_person *)(void *)secret_bytes(s->person);
}

/* Returns whether the server has said LOGIN_OK in this channel. */
bool client_session_is_logged_in(const struct client *c);

/* The channel stands. */
void client_session_on_open(struct client *c);

/* It cannot go on; takes effect at the next flush. */
void client_session_fail(struct client *c,
    const struct client_report *report);

/* Asks for another login, in a new channel, at the next flush. */
void client_session_again(struct client *c, enum client_goal goal);

/* A login takes another identity for the account's: what is known is put
 * aside, and comes back when the session is dropped before the identity box
 * has confirmed it. */
void client_session_believe(struct client *c, const uint8_t identity[32]);
void client_session_confirmed(struct client *c);

/* Everything is there: commands may run. */
void client_session_ready(struct client *c);

/* Ends the session, without failing what waits; K and all are wiped. */
void client_session_drop(struct client *c);

/* Goes on with what events have left to do; see core.h. */
void client_session_settle(struct client *c);

#endif
