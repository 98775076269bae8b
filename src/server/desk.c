#include "server/desk.h"

#include "server/conn.h"
#include "server/introduction.h"
#include "server/login.h"
#include "server/register.h"
#include "server/relay.h"
#include "server/session.h"

union any {
	struct wire_PING ping;
	struct wire_REGISTER_START register_start;
	struct wire_REGISTER_FINISH register_finish;
	struct wire_LOGIN_START login_start;
	struct wire_LOGIN_FINISH login_finish;
	struct wire_DEVICE_LOGIN device_login;
	struct wire_LOGOUT logout;
	struct wire_LOGOUT_ACK logout_ack;
	struct wire_PASSWD_START passwd_start;
	struct wire_CHANGE change;
	struct wire_PERSON_GET person_get;
	struct wire_WANT want;
	struct wire_UNWANT unwant;
	struct wire_ANSWER answer;
	struct wire_STREAM_OPEN stream_open;
	struct wire_STREAM_CREDIT stream_credit;
	struct wire_STREAM_CLOSE stream_close;
	max_align_t room[WIRE_STRUCT_MAX / sizeof(max_align_t)];
};

uint32_t
server_desk_cap(uint8_t type, void *ctx)
{
	const struct server_desk *desk = ctx;
	const struct wire_kind *kind = wire_kind_of(type);
	unsigned when = desk->c->state == SERVER_LOGGED ? WIRE_WHEN_LOGGED :
	    WIRE_WHEN_OPEN;

	if (kind == NULL || !(kind->where & WIRE_ON_CHANNEL) ||
	    !(kind->from & WIRE_FROM_CLIENT) || !(kind->when & when))
		return UINT32_MAX;
	/* Long ones are for those who were invited. */
	if (type == WIRE_REGISTER_FINISH &&
	    !server_login_may_be_long(desk->c))
		return UINT32_MAX;
	return kind->cap;
}

/* ---- in a channel without a session ---- */

static enum err
open_message(const struct server_desk *desk, uint8_t type,
    const union any *m, struct bytes body)
{
	struct server *s = desk->s;
	struct server_conn *c = desk->c;

	switch (type) {
	case WIRE_REGISTER_START:
		return server_register_start(s, c, &m->register_start);
	case WIRE_REGISTER_FINISH:
		return server_register_finish(s, c, &m->register_finish,
		    body);
	case WIRE_LOGIN_START:
		return server_login_start(s, c, &m->login_start);
	case WIRE_LOGIN_FINISH:
		return server_login_finish(s, c, &m->login_finish);
	case WIRE_DEVICE_LOGIN:
		return server_login_device(s, c, &m->device_login);
	default:
		return ERR_STATE;
	}
}

/* ---- in a session ---- */

static enum err
logged_message(const struct server_desk *desk, uint8_t type,
    const union any *m, struct bytes body)
{
	struct server *s = desk->s;
	struct server_conn *c = desk->c;
	const struct wire_name *home = &server_vault(c)->name;

	switch (type) {
	case WIRE_LOGOUT:
		return server_session_logout(s, c, &m->logout);
	case WIRE_LOGOUT_ACK:
		return server_session_logout_ack(s, c, &m->logout_ack);
	case WIRE_PASSWD_START:
		return server_session_passwd(s, c, &m->passwd_start);
	case WIRE_CHANGE:
		return server_session_change(s, c, &m->change, body);
	case WIRE_WANT:
		return server_introduction_ask(s, c, &m->want, body);
	case WIRE_UNWANT:
		return server_introduction_unwant(s, c, &m->unwant);
	case WIRE_STREAM_OPEN:
		return server_relay_open(s, c, &m->stream_open);
	case WIRE_STREAM_CREDIT:
		return server_relay_credit(s, c, &m->stream_credit);
	case WIRE_STREAM_CLOSE:
		return server_relay_close(s, c, &m->stream_close);
	case WIRE_PERSON_GET:
		home = &m->person_get.name;
		break;
	case WIRE_SETTINGS_GET:
	case WIRE_LIST:
	case WIRE_STATUS_SET:
	case WIRE_BUSY:
		break;
	case WIRE_ANSWER:
		if (!server_introduction_is_answer(&m->answer))
			return ERR_DECODE;
		break;
	default:
		return ERR_STATE;
	}
	server_session_ask(s, c, home, (enum wire_type)type, body);
	return ERR_OK;
}

enum err
server_desk_message(uint8_t type, struct bytes body, void *ctx)
{
	const struct server_desk *desk = ctx;
	struct server_conn *c = desk->c;
	union any m;
	enum err err;

	if (type == WIRE_STREAM_DATA)
		return server_relay_data(desk->s, c, body);
	TRY(wire_decode((enum wire_type)type, body, &m));
	if (type == WIRE_PING)
		server_conn_say(desk->s, c, WIRE_PONG, &m.ping);
	else if (type == WIRE_CLOSE)
		server_conn_end(desk->s, c, WIRE_CLOSE_DONE);
	else if (type == WIRE_PONG)
		err = ERR_OK;
	else if (c->state == SERVER_OPEN)
		err = open_message(desk, type, &m, body);
	else
		err = logged_message(desk, type, &m, body);
	if (err == ERR_OK && c->state != SERVER_OPEN &&
	    c->state != SERVER_LOGGED)
		err = ERR_GONE;
out:
	return err;
}
