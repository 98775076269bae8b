#include "client/dispatch.h"

#include "client/command.h"
#include "client/core.h"
#include "client/enrol.h"
#include "client/introduction.h"
#include "client/logout.h"
#include "client/login.h"
#include "client/passes.h"
#include "client/people.h"
#include "client/relay.h"

/* Whether the session itself waits for the answer to this request. */
static bool
is_session_req(const struct client *c, uint32_t req)
{
	const struct client_session *s = &c->session;

	return req == s->req &&
	    (s->state == CLIENT_SESSION_REPLY ||
		s->state == CLIENT_SESSION_JOINED ||
		s->state == CLIENT_SESSION_LOGIN_OK ||
		s->state == CLIENT_SESSION_ENROL);
}

static enum err
on_done(struct client *c, const struct wire_DONE *m)
{
	if (is_session_req(c, m->req))
		return client_enrol_on_done(c);
	return client_command_answer(c, WIRE_DONE, m);
}

static enum err
on_error(struct client *c, const struct wire_ERROR *m)
{
	if (!is_session_req(c, m->req))
		return client_command_answer(c, WIRE_ERROR, m);
	client_login_on_error(c, m);
	return ERR_OK;
}

static enum err
on_register_reply(struct client *c, const struct wire_REGISTER_REPLY *m)
{
	if (is_session_req(c, m->req))
		return client_login_on_register_reply(c, m);
	return client_command_answer(c, WIRE_REGISTER_REPLY, m);
}

static bool
is_status(uint8_t status)
{
	return status <= WIRE_STATUS_INVISIBLE;
}

static bool
are_paths(uint8_t paths)
{
	return (paths & ~(WIRE_PATH_DIRECT | WIRE_PATH_RELAY)) == 0;
}

/* Whether fields that have a fixed set of values have one of them. */
static bool
has_known_values(enum wire_type type, const void *message)
{
	switch ((unsigned)type) {
	case WIRE_LOGIN_OK:
		return is_status(((const struct wire_LOGIN_OK *)message)
				     ->status);
	case WIRE_PERSON:
		return is_status(((const struct wire_PERSON *)message)
				     ->status);
	case WIRE_PRESENCE:
		return is_status(((const struct wire_PRESENCE *)message)
				     ->status);
	case WIRE_INTRODUCTION:
		return are_paths(((const struct wire_INTRODUCTION *)message)
				     ->paths);
	case WIRE_INTRODUCED:
		return are_paths(((const struct wire_INTRODUCED *)message)
				     ->paths);
	default:
		return true;
	}
}

enum err
client_dispatch(struct client *c, enum wire_type type, const void *message)
{
	if (!has_known_values(type, message))
		return ERR_DECODE;
	/* The table of messages has let through only what a server may say
	 * now; the rest are numbers that fall to the end. */
	switch ((unsigned)type) {
	case WIRE_DONE:
		return on_done(c, message);
	case WIRE_ERROR:
		return on_error(c, message);
	case WIRE_REGISTER_REPLY:
		return on_register_reply(c, message);
	case WIRE_LOGIN_REPLY:
		return client_login_on_reply(c, message);
	case WIRE_LOGIN_OK:
		return client_login_on_ok(c, message);
	case WIRE_PASSES:
		return client_passes_on_given(c, message);
	case WIRE_LOGOUT_REPLY:
		return client_logout_on_reply(c, message);
	case WIRE_SETTINGS:
	case WIRE_PEOPLE:
	case WIRE_PERSON:
	case WIRE_INTRODUCED:
		return client_command_answer(c, type, message);
	case WIRE_PRESENCE:
		client_people_on_presence(c, message);
		return ERR_OK;
	case WIRE_INTRODUCTION:
		return client_introduction_on_asked(c, message);
	case WIRE_INTRODUCTION_OVER:
		client_introduction_on_over(c, message);
		return ERR_OK;
	case WIRE_STREAM_OPENED:
		return client_relay_on_opened(c, message);
	case WIRE_STREAM_DATA:
		return client_relay_on_data(c, message);
	case WIRE_STREAM_CREDIT:
		return client_relay_on_credit(c, message);
	case WIRE_STREAM_CLOSE:
		client_relay_on_close(c, message);
		return ERR_OK;
	default:
		return ERR_STATE;
	}
}
