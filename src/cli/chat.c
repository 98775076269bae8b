#include "cli/chat.h"
#include "cli/show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
copy(char *out, size_t cap, const char *s)
{
	(void)snprintf(out, cap, "%s", s);
}

static void
fail_last(const struct chat *c)
{
	out_error(c->run->out, sotto_last_error(c->run->s));
}

/* ---- finding ---- */

struct chat_session *
chat_session_by_id(struct chat *c, uint32_t id)
{
	for (size_t i = 0; i < CHAT_SESSIONS_MAX; i++)
		if (c->sessions[i].id == id)
			return &c->sessions[i];
	return NULL;
}

struct chat_session *
chat_session_by_name(struct chat *c, const char *name)
{
	for (size_t i = 0; i < CHAT_SESSIONS_MAX; i++)
		if (c->sessions[i].id != 0 &&
		    strcasecmp(c->sessions[i].name, name) == 0)
			return &c->sessions[i];
	return NULL;
}

/* The session that is spoken in, or NULL. */
static struct chat_session *
current(struct chat *c)
{
	return c->current == 0 ? NULL : chat_session_by_id(c, c->current);
}

struct chat_pending *
chat_pending_by_command(struct chat *c, uint32_t command)
{
	for (size_t i = 0; i < CHAT_PENDING_MAX; i++)
		if (c->pending[i].command == command)
			return &c->pending[i];
	return NULL;
}

void
chat_pending_free(struct chat_pending *p)
{
	if (p->text != NULL)
		explicit_bzero(p->text, p->n);
	free(p->text);
	*p = (struct chat_pending){ 0 };
}

/* Remembers a command that has begun, with what is to be said then. */
static void
begun(struct chat *c, uint32_t command, const struct chat_line *line)
{
	struct chat_pending *p = chat_pending_by_command(c, 0);
	bool has_text = line->verb == CHAT_MSG;

	if (command == 0) {
		fail_last(c);
		return;
	}
	if (p == NULL)
		return; /* its end is shown if it fails; nothing is said */
	*p = (struct chat_pending){ .command = command, .verb = line->verb };
	copy(p->name, sizeof p->name, line->name);
	if (!has_text)
		return;
	p->text = malloc(line->n);
	if (p->text == NULL)
		abort();
	memcpy(p->text, line->text, line->n);
	p->n = line->n;
}

bool
chat_is_busy(const struct chat *c)
{
	for (size_t i = 0; i < CHAT_PENDING_MAX; i++)
		if (c->pending[i].command != 0)
			return true;
	return false;
}

bool
chat_has_unsent(const struct chat *c)
{
	for (size_t i = 0; i < CHAT_SESSIONS_MAX; i++)
		if (c->sessions[i].id != 0 && c->sessions[i].unsent > 0)
			return true;
	return false;
}

void
chat_prompt(const struct chat *c, char *out, size_t cap)
{
	for (size_t i = 0; i < CHAT_SESSIONS_MAX; i++)
		if (c->current != 0 && c->sessions[i].id == c->current) {
			(void)snprintf(out, cap, "%s> ", c->sessions[i].name);
			return;
		}
	(void)snprintf(out, cap, "> ");
}

/* ---- speaking ---- */

void
chat_say(struct chat *c, struct chat_session *s, const char *text, size_t n)
{
	if (sotto_say(c->run->s, s->id, text, n) == 0)
		fail_last(c);
	else
		s->unsent++;
}

static void
hold(struct chat *c, const struct chat_line *line)
{
	char *text = malloc(line->n);

	if (text == NULL)
		abort();
	memcpy(text, line->text, line->n);
	if (c->held != NULL)
		explicit_bzero(c->held, c->held_n);
	free(c->held);
	c->held = text;
	c->held_n = line->n;
	out_say(c->run->out, "To whom? Type To: NAME, and it is sent.");
}

static void
do_say(struct chat *c, const struct chat_line *line)
{
	struct chat_session *s = current(c);

	if (s != NULL)
		chat_say(c, s, line->text, line->n);
	else
		hold(c, line);
}

static void
call(struct chat *c, const struct chat_line *line)
{
	out_progress(c->run->out, "waiting for %s to accept", line->name);
	begun(c, sotto_call(c->run->s, line->name), line);
}

static void
do_msg(struct chat *c, const struct chat_line *line)
{
	struct chat_session *s = chat_session_by_name(c, line->name);

	if (s != NULL)
		chat_say(c, s, line->text, line->n);
	else
		call(c, line);
}

static void
do_to(struct chat *c, const struct chat_line *line)
{
	struct chat_line msg = { .verb = CHAT_MSG, .text = c->held,
		.n = c->held_n };

	if (c->held == NULL) {
		out_say(c->run->out, "No message is waiting to be sent.");
		return;
	}
	copy(msg.name, sizeof msg.name, line->name);
	do_msg(c, &msg);
	explicit_bzero(c->held, c->held_n);
	free(c->held);
	c->held = NULL;
}

/* Says who is spoken to, and how. */
static void
show_again(const struct chat *c, const struct chat_session *s)
{
	struct sotto_event ev = { .type = SOTTO_SESSION_UP };

	ev.session.id = s->id;
	ev.session.name = s->name;
	ev.session.path = s->path;
	ev.session.pin = s->pin;
	show_session(c->run->out, &ev);
}

static void
do_session(struct chat *c, const struct chat_line *line)
{
	struct chat_session *s = chat_session_by_name(c, line->name);

	if (s == NULL) {
		call(c, line);
		return;
	}
	c->current = s->id;
	show_again(c, s);
}

/* The session with name, or the one that is spoken in; says if there is
 * none. */
static struct chat_session *
which_session(struct chat *c, const char *name)
{
	struct chat_session *s =
	    name[0] == '\0' ? current(c) : chat_session_by_name(c, name);

	if (s == NULL)
		out_say(c->run->out, name[0] == '\0' ?
		        "You are speaking with nobody." :
		        "There is no session with %s.", name);
	return s;
}

static void
disconnect(struct chat *c, const char *name)
{
	struct chat_session *s = which_session(c, name);

	if (s != NULL && sotto_hang_up(c->run->s, s->id) != SOTTO_OK)
		fail_last(c);
}

static void
do_disconnect_pair(struct chat *c, const struct chat_line *line)
{
	char whom[sizeof line->name];

	if (strcasecmp(line->name, c->me) != 0) {
		out_say(c->run->out, "You can end your own sessions only: "
		    "disconnect %s NAME.", c->me);
		return;
	}
	(void)snprintf(whom, sizeof whom, "%.*s", (int)line->n, line->text);
	disconnect(c, whom);
}

/* ---- the others ---- */

static void
do_answer(struct chat *c, const struct chat_line *line)
{
	size_t i = 0;

	while (i < CHAT_QUESTIONS_MAX &&
	    (c->questions[i].session == 0 ||
	        (line->name[0] != '\0' &&
	            strcasecmp(line->name, c->questions[i].name) != 0)))
		i++;
	if (i == CHAT_QUESTIONS_MAX) {
		out_say(c->run->out, "Nobody is asking.");
		return;
	}
	if (sotto_answer(c->run->s, c->questions[i].session,
	        line->verb == CHAT_ACCEPT) != SOTTO_OK)
		fail_last(c);
	c->questions[i].session = 0;
}

static void
do_verify(struct chat *c, const struct chat_line *line)
{
	const struct chat_session *s = NULL;
	struct chat_line named = *line;

	if (line->name[0] == '\0') {
		s = which_session(c, "");
		if (s == NULL)
			return;
		copy(named.name, sizeof named.name, s->name);
	}
	begun(c, sotto_verify(c->run->s, named.name,
	             line->verb == CHAT_CONFIRM), &named);
}

static void
do_status(struct chat *c, const struct chat_line *line)
{
	enum sotto_status status = line->verb == CHAT_AWAY ? SOTTO_AWAY :
	    line->verb == CHAT_HIDE                        ? SOTTO_INVISIBLE :
	                                                     SOTTO_AVAILABLE;

	begun(c, sotto_set_status(c->run->s, status), line);
}

static void
do_login(struct chat *c, const struct chat_line *line)
{
	const char *name = line->name[0] == '\0' ? c->me : line->name;

	if (c->host != 0 && strcasecmp(name, c->me) == 0) {
		out_say(c->run->out, "You are logged in as %s.", c->me);
		return;
	}
	/* The password is asked for again. */
	copy(c->next_account, sizeof c->next_account, name);
	c->is_over = true;
}

static void
do_logout(struct chat *c, const struct chat_line *line)
{
	if (line->name[0] != '\0' && strcasecmp(line->name, c->me) != 0)
		out_say(c->run->out,
		    "You can log out yourself only: logout %s.",
		    c->me);
	else if (c->host == 0)
		out_say(c->run->out, "You are logged out already.");
	else
		begun(c, sotto_logout(c->run->s, SOTTO_LOGOUT_SESSION), line);
}

static void
show_help(const struct chat *c)
{
	for (const char *const *at = chat_help; *at != NULL; at++)
		out_say(c->run->out, "%s", *at);
}

static void
show_mistake(const struct chat *c, const struct chat_line *line)
{
	out_say(c->run->out, "This looks like a command, so it was not sent. "
	    "Did you mean %s? /say TEXT sends anything.", line->text);
}

void
chat_do(struct chat *c, const struct chat_line *line)
{
	switch (line->verb) {
	case CHAT_NOTHING:
		return;
	case CHAT_SAY:
		do_say(c, line);
		return;
	case CHAT_MISTAKE:
		show_mistake(c, line);
		return;
	case CHAT_HELP:
		show_help(c);
		return;
	case CHAT_SESSION:
		do_session(c, line);
		return;
	case CHAT_HOST:
		if (c->host == 0)
			do_login(c, line);
		else
			do_status(c, line);
		return;
	case CHAT_LIST:
		begun(c, sotto_list(c->run->s), line);
		return;
	case CHAT_MSG:
		do_msg(c, line);
		return;
	case CHAT_TO:
		do_to(c, line);
		return;
	case CHAT_DISCONNECT:
		disconnect(c, line->name);
		return;
	case CHAT_DISCONNECT_PAIR:
		do_disconnect_pair(c, line);
		return;
	case CHAT_VERIFY:
	case CHAT_CONFIRM:
		do_verify(c, line);
		return;
	case CHAT_ACCEPT:
	case CHAT_DECLINE:
		do_answer(c, line);
		return;
	case CHAT_AWAY:
	case CHAT_BACK:
	case CHAT_HIDE:
	case CHAT_SHOW:
		do_status(c, line);
		return;
	case CHAT_WHOAMI:
		begun(c, sotto_whoami(c->run->s), line);
		return;
	case CHAT_LOGIN:
		do_login(c, line);
		return;
	case CHAT_LOGOUT:
		do_logout(c, line);
		return;
	case CHAT_QUIT:
		c->is_over = true;
		return;
	}
}

/* ---- beginning and ending ---- */

void
chat_begin(struct chat *c, struct run *run, const char *name)
{
	struct chat_line line = { .verb = CHAT_WHOAMI };

	*c = (struct chat){ .run = run, .host = run->host };
	chat_do(c, &line);
	if (name == NULL)
		return;
	line.verb = CHAT_SESSION;
	copy(line.name, sizeof line.name, name);
	chat_do(c, &line);
}

void
chat_end(struct chat *c)
{
	for (size_t i = 0; i < CHAT_PENDING_MAX; i++)
		chat_pending_free(&c->pending[i]);
	if (c->held != NULL)
		explicit_bzero(c->held, c->held_n);
	free(c->held);
	c->held = NULL;
}
