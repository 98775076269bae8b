/*
 * show - the rows and events that commands print, as plain lines or JSON.
 */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include "cli/out.h"

/* The answers to whoami, list, devices and verify. */
void show_account(struct out *out, const struct sotto_event *ev);
void show_person(struct out *out, const struct sotto_event *ev);
void show_device(struct out *out, const struct sotto_event *ev);
void show_safety(struct out *out, const struct sotto_event *ev, bool shows_qr);
/* A message that the other program has shown. */
void show_sent(struct out *out, const char *to, enum sotto_path path,
    uint32_t ms);

/* Returns whether the message has been written, and may be acknowledged. */
bool show_message(struct out *out, const struct sotto_event *ev);

/* A line that stands or has ended, a change of presence, a question. */
void show_session(struct out *out, const struct sotto_event *ev);
void show_presence(struct out *out, const struct sotto_event *ev);
void show_question(struct out *out, const struct sotto_event *ev);

#endif
