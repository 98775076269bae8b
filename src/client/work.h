/*
 * work - stretching a password with Argon2id: the one thing that takes so
 * long that the shell does it on another thread.
 */
#ifndef CLIENT_WORK_H
#define CLIENT_WORK_H

#include "client/client.h"

/* Called with the 64 stretched bytes, or with err. */
typedef void client_work_fn(struct client *c, enum err err,
    const uint8_t *stretched);

/* What it is for: LOGIN is of no use without the session that began it; SEAL
 * goes on without one. */
enum client_work_kind { CLIENT_WORK_LOGIN, CLIENT_WORK_SEAL };

/* Starts it; in (at most SECRET_MAX_LEN bytes) is copied. Fails with NOMEM. */
MUST_USE enum err client_work_start(struct client *c,
    enum client_work_kind kind, struct ksf_params params,
    const uint8_t salt[KSF_SALT_LEN], struct bytes in, client_work_fn *done);

/* Forgets the callbacks of what is still being worked on, of one kind. */
void client_work_forget(struct client *c, enum client_work_kind kind);

/* For client.c: the shell has finished one; wipes all at the end. */
void client_work_finish(struct client *c, client_job job);
void client_work_free(struct client *c);

#endif
