#include "cli/chat.h"
#include "cli/show.h"

#include <stdio.h>

static void
session_up(struct chat *c, const struct sotto_event *ev)
{
	struct chat_session *s = chat_session_by_id(c, 0);

	show_session(c->run->out, ev);
	if (s == NULL) {
		(void)sotto_hang_up(c->run->s, ev->session.id);
		return;
	}
	*s = (struct chat_session){ .id = ev->session.id,
		.path = ev->session.path, .pin = ev->session.pin };
	(void)snprintf(s->name, sizeof s->name, "%s", ev->session.name);
	if (c->current == 0)
		c->current = s->id;
	else if (c->current != s->id)
		out_say(c->run->out, "%s can be answered with /session %s or "
		    "/msg %s TEXT", s->name, s->name, s->name);
}

static void
session_down(struct chat *c, const struct sotto_event *ev)
{
	struct chat_session *s = chat_session_by_id(c, ev->session.id);

	show_session(c->run->out, ev);
	if (s == NULL)
		return;
	if (s->unsent > 0)
		out_say(c->run->out, "%u of your messages to %s may not have "
		    "been read.", s->unsent, s->name);
	if (c->current == s->id)
		c->current = 0;
	*s = (struct chat_session){ 0 };
}

static void
question(struct chat *c, const struct sotto_event *ev)
{
	size_t i = 0;

	while (i < CHAT_QUESTIONS_MAX && c->questions[i].session != 0)
		i++;
	if (i == CHAT_QUESTIONS_MAX) {
		(void)sotto_answer(c->run->s, ev->session.id, false);
		return;
	}
	c->questions[i].session = ev->session.id;
	(void)snprintf(c->questions[i].name, sizeof c->questions[i].name, "%s",
	    ev->session.name);
	show_question(c->run->out, ev);
}

static void
question_over(struct chat *c, const struct sotto_event *ev)
{
	for (size_t i = 0; i < CHAT_QUESTIONS_MAX; i++)
		if (c->questions[i].session == ev->session.id) {
			c->questions[i].session = 0;
			show_question(c->run->out, ev);
		}
}

static void
host_done(struct chat *c, const struct sotto_event *ev)
{
	c->host = 0;
	if (ev->error.outcome == SOTTO_OK)
		return;
	out_error(c->run->out, &ev->error);
	c->is_over = true;
	c->code = (int)ev->error.outcome;
}

/* A command that was typed has ended well: what there is to say of it. */
static void
succeeded(struct chat *c, struct chat_pending *p)
{
	struct chat_session *s;

	switch ((int)p->verb) {
	case CHAT_MSG:
		s = chat_session_by_name(c, p->name);
		if (s != NULL)
			chat_say(c, s, p->text, p->n);
		break;
	case CHAT_SESSION:
		s = chat_session_by_name(c, p->name);
		if (s != NULL)
			c->current = s->id;
		break;
	case CHAT_HOST:
	case CHAT_BACK:
	case CHAT_SHOW:
		out_say(c->run->out, "You are shown as available.");
		break;
	case CHAT_AWAY:
		out_say(c->run->out, "You are shown as away.");
		break;
	case CHAT_HIDE:
		out_say(c->run->out, "You are shown as offline.");
		break;
	case CHAT_LOGOUT:
		c->host = 0;
		out_say(c->run->out,
		    "Logged out. LOGIN logs in again, /quit leaves.");
		break;
	default:
		break;
	}
}

static void
done(struct chat *c, const struct sotto_event *ev)
{
	struct chat_pending *p = chat_pending_by_command(c, ev->command);
	struct chat_pending ended;

	if (ev->command == c->host) {
		host_done(c, ev);
		return;
	}
	if (p == NULL || ev->command == 0)
		return;
	ended = *p;
	*p = (struct chat_pending){ 0 };
	if (ev->error.outcome == SOTTO_OK)
		succeeded(c, &ended);
	else
		out_error(c->run->out, &ev->error);
	if (ev->error.outcome != SOTTO_OK && ended.verb == CHAT_MSG)
		out_say(c->run->out, "Nothing was sent to %s.", ended.name);
	chat_pending_free(&ended);
}

static void
account(struct chat *c, const struct sotto_event *ev)
{
	bool is_first = c->me[0] == '\0';

	(void)snprintf(c->me, sizeof c->me, "%s", ev->account.name);
	if (!is_first || c->run->out->is_json)
		show_account(c->run->out, ev);
	else
		out_say(c->run->out, "You are %s at %s. /help shows what there "
		    "is.", ev->account.name, ev->account.server);
}

static void
safety(struct chat *c, const struct sotto_event *ev)
{
	show_safety(c->run->out, ev, false);
	if (ev->safety.pin != SOTTO_PIN_VERIFIED)
		out_say(c->run->out, "If %s sees the same number (compare over "
		    "the phone or face to face), type /confirm %s.",
		    ev->safety.name, ev->safety.name);
}

void
chat_event(struct chat *c, const struct sotto_event *ev)
{
	struct chat_session *s;

	switch (ev->type) {
	case SOTTO_DONE:
		done(c, ev);
		break;
	case SOTTO_ACCOUNT:
		account(c, ev);
		break;
	case SOTTO_PERSON:
		show_person(c->run->out, ev);
		break;
	case SOTTO_PRESENCE:
		show_presence(c->run->out, ev);
		break;
	case SOTTO_SAFETY:
		safety(c, ev);
		break;
	case SOTTO_QUESTION:
		question(c, ev);
		break;
	case SOTTO_QUESTION_OVER:
		question_over(c, ev);
		break;
	case SOTTO_SESSION_UP:
		session_up(c, ev);
		break;
	case SOTTO_SESSION_DOWN:
		session_down(c, ev);
		break;
	case SOTTO_MESSAGE:
		if (show_message(c->run->out, ev))
			sotto_written(c->run->s, ev->session.id, ev->text.id);
		else
			c->is_over = true;
		break;
	case SOTTO_SENT:
		s = chat_session_by_id(c, ev->session.id);
		if (s != NULL && s->unsent > 0)
			s->unsent--;
		break;
	case SOTTO_NOTICE:
	case SOTTO_STATE:
	case SOTTO_DEVICE:
		break;
	}
}
