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
	PLANT_REFUSED_DEVICE_LOGS_IN, /* a removed device still gets in */
	PLANT_PASS_REUSED,           /* a spent pass is good again */
	PLANT_PASS_NOT_BOUND,        /* a puzzle's solution is for anybody */
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
