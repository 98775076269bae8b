/*
 * chat_parse - what a line typed in a chat means.
 *
 * The commands begin with a slash. Understood as well are the spellings of
 * the designs that came before: `!session host`, `!session NAME`, `!list`,
 * `!disconnect`; LOGIN, LIST, SEND, LOGOUT in upper case; `send NAME TEXT`,
 * `list`, `disconnect A B`, `logout NAME`; and a message followed by a line
 * `To: NAME`. Everything else is said to whoever is spoken to, unless it
 * looks like a command with a slip of the finger: then it is said to nobody,
 * for it may hold what was meant for somebody else. Two slashes in front say
 * a line that begins with one; /say says anything.
 */
#ifndef CLI_CHAT_PARSE_H
#define CLI_CHAT_PARSE_H

#include "sotto.h"

/* Room for a name as typed, with @HOST:PORT perhaps; a longer one is cut and
 * is then nobody's. */
#define CHAT_NAME_CAP 80

enum chat_verb {
	CHAT_NOTHING, /* an empty line */
	CHAT_SAY,     /* text */
	CHAT_MISTAKE, /* text: what was meant, or "" */
	CHAT_HELP,
	CHAT_SESSION, /* name */
	CHAT_HOST,
	CHAT_LIST,
	CHAT_MSG, /* name, text */
	CHAT_TO,  /* name: for the message typed before */
	CHAT_DISCONNECT, /* name, or "" for whoever is spoken to */
	CHAT_DISCONNECT_PAIR, /* name, and in text who is left: one is us */
	CHAT_VERIFY,  /* name, or "" */
	CHAT_CONFIRM, /* name, or "": the numbers have been compared */
	CHAT_ACCEPT,  /* name, or "" for whoever asked first */
	CHAT_DECLINE, /* the same */
	CHAT_AWAY,
	CHAT_BACK,
	CHAT_HIDE,
	CHAT_SHOW,
	CHAT_WHOAMI,
	CHAT_LOGIN,  /* name, or "" for the same account */
	CHAT_LOGOUT, /* name, or "" for ourselves */
	CHAT_QUIT,
};

struct chat_line {
	enum chat_verb verb;
	char name[CHAT_NAME_CAP]; /* as typed */
	const char *text; /* into the line, or static */
	size_t n;
};

/* Understands a line of n bytes, which need not end with a NUL. Of more than
 * one line of text (pasted), all is said. */
void chat_parse(const char *line, size_t n, struct chat_line *out);

/* The lines of /help, one after another, NULL at the end. */
extern const char *const chat_help[];

#endif
