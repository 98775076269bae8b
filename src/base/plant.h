/*
 * plant - bugs put in on purpose, to show that the tests find them.
 *
 * PLANTED(name) stands where a bug would sit. In every ordinary build it is
 * the constant false and leaves no code behind. A build with SOTTO_PLANTS is
 * for the simulator only: its program defines sotto_plant and sets it to the
 * one bug of the run.
 */
#ifndef BASE_PLANT_H
#define BASE_PLANT_H

enum plant {
	PLANT_NONE,
	PLANT_ACK_BEFORE_COMMIT,     /* an ack that does not wait */
	PLANT_TICKET_TWICE,          /* a spent ticket opens again */
	PLANT_SESSION_BEFORE_HELLO,  /* a session is shown too early */
	PLANT_KEY_FROM_H,            /* a session key made of public bytes */
	PLANT_ROSTER_ROLLBACK,       /* an older roster is believed */
	PLANT_BOX_ROLLBACK,          /* an older box is */
	PLANT_REFUSED_DEVICE_LOGS_IN, /* a removed device still gets in */
	PLANT_REMOVED_SESSION_LIVES, /* its session goes on */
	PLANT_PASSWD_SESSION_LIVES,  /* others go on over a new password */
	PLANT_DISABLED_SESSION_LIVES, /* sessions of a closed account do */
	PLANT_DISABLED_LOGS_IN,      /* a closed account's devices get in */
	PLANT_KE3_OVER_PASSWD,       /* a login ends over a new password */
	PLANT_KE3_OVER_DISABLE,      /* a login ends in a closed account */
	PLANT_GUESS_AFTER_KE3,       /* a guess costs when it is known wrong */
	PLANT_OPRF_WITHOUT_INVITE,   /* evaluated for whoever asks */
	PLANT_INVITE_TWICE,          /* a used invite lets in again */
	PLANT_PASS_REUSED,           /* a spent puzzle is good again */
	PLANT_DEVICE_PASS_REUSED,    /* a device's one-time pass is */
	PLANT_PASS_NOT_BOUND,        /* a puzzle's solution is for anybody */
	PLANT_TICKET_OUTLIVES_SESSION, /* a ticket is good in the next one */
	PLANT_TICKET_NEVER_EXPIRES,  /* nobody looks at its time */
	PLANT_ANSWER_TO_ANOTHER,     /* an introduction for who asked last */
	PLANT_STREAM_OF_ANOTHER_TICKET, /* any live ticket opens a stream */
	PLANT_RELAY_CREDIT_IGNORED,  /* nobody counts what a stream may carry */
	PLANT_HALF_LEAKS,            /* a closed stream keeps its place */
	PLANT_PRESENCE_STAYS,        /* who has gone is shown as there */
	PLANT_BUSY_STAYS,            /* who has hung up is shown as busy */
	PLANT_EPHEMERAL_STAYS,       /* an ephemeral device comes back */
	PLANT_SETTINGS_NOT_COMPARED, /* the last settings box wins */
	PLANT_PIN_OVERWRITTEN,       /* another identity key, and no word */
	PLANT_SAID_TO_CHANGED_KEY,   /* sent to a key that is no more */
	PLANT_ANY_PORT_DIALLED,      /* a client is made a scanner */
	PLANT_LAST_WORDS_LOST,       /* a line closes before it has said all */
	PLANT_NONCE_STANDS,          /* a record opens twice */
	PLANT_STORE_SYNC_NORMAL,     /* a commit that is not synced */
	PLANT_STORE_SYNC_OFF,        /* nothing is ever synced */
	PLANT_STORE_ACK_EARLY,       /* success, whatever the commit says */
};

#ifdef SOTTO_PLANTS
extern int sotto_plant;
#define PLANTED(name) (sotto_plant == (name))
#else
#define PLANTED(name) 0
#endif

#endif
