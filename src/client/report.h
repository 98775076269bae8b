/*
 * report - how something ended, in three sentences for a person: what, why,
 * and what to do about it; and the events that carry such words.
 */
#ifndef CLIENT_REPORT_H
#define CLIENT_REPORT_H

#include "client/client.h"

struct client_report {
	enum sotto_outcome outcome;
	uint32_t wait_ms;
	const char *why;    /* static */
	const char *advice; /* static */
	char what[160];
};

/* Makes a report; what is made by the printf rules. */
struct client_report client_report_make(enum sotto_outcome outcome,
    const char *why, const char *advice, const char *what, ...)
    __attribute__((format(printf, 4, 5)));

/* The report of success. */
struct client_report client_report_ok(void);

/* What an error of the server's (WIRE_ERROR_) means for what was asked. */
struct client_report client_report_error(const struct wire_ERROR *error,
    const char *what);

/* What a local error means, such as being out of memory. */
struct client_report client_report_local(enum err err, const char *what);

/* The report as the event's error; its strings are the report's. */
struct sotto_error client_report_view(const struct client_report *report);

/* Tells the person something that belongs to no command. */
void client_report_notice(struct client *c,
    const struct client_report *report);

/* Tells the progress of the connection. */
void client_report_state(struct client *c, enum sotto_state state,
    uint32_t wait_ms, const char *why);

#endif
