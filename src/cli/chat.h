/*
 * chat - the state of a chat: sessions, questions, commands under way.
 *
 * What is typed comes in through chat_do, what happens through chat_event;
 * both show what a person is to know.
 */
#ifndef CLI_CHAT_H
#define CLI_CHAT_H

#include "cli/chat_parse.h"
#include "cli/run.h"

#define CHAT_SESSIONS_MAX  32
#define CHAT_QUESTIONS_MAX 16
#define CHAT_PENDING_MAX   16

/* A line to somebody. */
struct chat_session {
	uint32_t id; /* 0: free */
	char name[SOTTO_NAME_MAX + 1];
	enum sotto_path path;
	enum sotto_pin pin;
	unsigned unsent; /* said, and not acknowledged yet */
};

/* Somebody who waits for an answer. */
struct chat_question {
	uint32_t session; /* 0: free */
	char name[SOTTO_NAME_MAX + 1];
};

/* A command that has not ended. */
struct chat_pending {
	uint32_t command; /* 0: free */
	enum chat_verb verb;
	char name[CHAT_NAME_CAP];
	char *text; /* to be said when the session stands; or NULL */
	size_t n;
};

struct chat {
	struct run *run;
	char me[SOTTO_NAME_MAX + 1];
	uint32_t current; /* the session that is spoken in, or 0 */
	uint32_t host;    /* the command that keeps us there; 0: logged out */
	struct chat_session sessions[CHAT_SESSIONS_MAX];
	struct chat_question questions[CHAT_QUESTIONS_MAX];
	struct chat_pending pending[CHAT_PENDING_MAX];
	char *held; /* a message that waits for To: NAME, or NULL */
	size_t held_n;
	bool is_over;
	int code;
	char next_account[CHAT_NAME_CAP]; /* LOGIN: who */
};

/* Begins in a run that has begun; with a name, asks for a session. */
void chat_begin(struct chat *c, struct run *run, const char *name);

/* Releases what it holds; the run goes on. */
void chat_end(struct chat *c);

/* Does what a typed line says. */
void chat_do(struct chat *c, const struct chat_line *line);

/* Takes in what happened. */
void chat_event(struct chat *c, const struct sotto_event *ev);

/* Whether something that was typed has not come to its end yet. */
bool chat_is_busy(const struct chat *c);

/* Whether something that was said has not been acknowledged yet. */
bool chat_has_unsent(const struct chat *c);

/* Writes what stands in front of the line. */
void chat_prompt(const struct chat *c, char *out, size_t cap);

/* ---- between the files of the chat ---- */

/* A session by its number (0: a free place) or by name, upper case folded;
 * or NULL. */
struct chat_session *chat_session_by_id(struct chat *c, uint32_t id);
struct chat_session *chat_session_by_name(struct chat *c, const char *name);

/* A command that has not ended (0: a free place), or NULL. */
struct chat_pending *chat_pending_by_command(struct chat *c,
    uint32_t command);

/* Wipes what was to be said, and makes the place free. */
void chat_pending_free(struct chat_pending *p);

/* Says n bytes in a session. */
void chat_say(struct chat *c, struct chat_session *s, const char *text,
    size_t n);

#endif
