#include "client/report.h"

#include "client/core.h"

#include <stdarg.h>
#include <stdio.h>

struct client_report
client_report_make(enum sotto_outcome outcome, const char *why,
    const char *advice, const char *what, ...)
{
	struct client_report r = { .outcome = outcome, .why = why,
		.advice = advice };
	va_list args;

	va_start(args, what);
	(void)vsnprintf(r.what, sizeof r.what, what, args);
	va_end(args);
	return r;
}

struct client_report
client_report_ok(void)
{
	return (struct client_report){ .outcome = SOTTO_OK, .why = "",
		.advice = "" };
}

struct client_report
client_report_error(const struct wire_ERROR *error, const char *what)
{
	static const struct {
		enum sotto_outcome outcome;
		const char *why, *advice;
	} rows[] = {
		[0] = { SOTTO_FAILED, "The server gave no reason.", "" },
		[WIRE_ERROR_LOGIN] = { SOTTO_WRONG_PASSWORD,
		    "Name or password is wrong.", "Try again." },
		[WIRE_ERROR_WAIT] = { SOTTO_WAIT,
		    "The server asks for patience.", "Try again later." },
		[WIRE_ERROR_INVITE] = { SOTTO_FAILED,
		    "The invitation is unknown, used up or expired.",
		    "Ask for a new one." },
		[WIRE_ERROR_TAKEN] = { SOTTO_FAILED,
		    "The name has an account already.",
		    "If it is yours, use login." },
		[WIRE_ERROR_CONFLICT] = { SOTTO_FAILED,
		    "Another device changed the account at the same time.",
		    "Try again." },
		[WIRE_ERROR_FORBIDDEN] = { SOTTO_FAILED,
		    "The server wants the password for this.", "" },
		[WIRE_ERROR_UNKNOWN] = { SOTTO_NOT_THERE,
		    "The server knows no such person.", "" },
		[WIRE_ERROR_OFFLINE] = { SOTTO_NOT_THERE,
		    "Nobody of that name can be reached now.", "" },
		[WIRE_ERROR_REFUSED] = { SOTTO_REFUSED,
		    "The other person refuses.", "" },
		[WIRE_ERROR_LIMIT] = { SOTTO_WAIT,
		    "That was asked too often.", "Try again in a minute." },
		[WIRE_ERROR_INVALID] = { SOTTO_FAILED,
		    "The server does not accept it.", "" },
		[WIRE_ERROR_STORE] = { SOTTO_NO_SERVER,
		    "The server could not write it down.",
		    "Tell whoever runs it." },
	};
	size_t i = error->code < sizeof rows / sizeof rows[0] ? error->code :
								 0;
	struct client_report r = client_report_make(rows[i].outcome,
	    rows[i].why, rows[i].advice, "%s", what);

	r.wait_ms = error->wait_ms;
	if (r.outcome == SOTTO_WAIT && r.wait_ms == 0)
		r.wait_ms = 60000;
	return r;
}

struct client_report
client_report_local(enum err err, const char *what)
{
	return client_report_make(
	    err == ERR_NOMEM ? SOTTO_UNAVAILABLE : SOTTO_FAILED,
	    err == ERR_NOMEM ? "There is not enough memory." : err_text(err),
	    "", "%s", what);
}

struct sotto_error
client_report_view(const struct client_report *report)
{
	return (struct sotto_error){ .outcome = report->outcome,
		.wait_ms = report->wait_ms, .what = report->what,
		.why = report->why, .advice = report->advice };
}

void
client_report_notice(struct client *c, const struct client_report *report)
{
	struct sotto_event ev = { .type = SOTTO_NOTICE,
		.error = client_report_view(report) };

	c->effects.event(c->effects.ctx, &ev);
}

void
client_report_state(struct client *c, enum sotto_state state,
    uint32_t wait_ms, const char *why)
{
	struct sotto_event ev = { .type = SOTTO_STATE };

	ev.state.state = state;
	ev.state.wait_ms = wait_ms;
	ev.state.why = why;
	c->effects.event(c->effects.ctx, &ev);
}
