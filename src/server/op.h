/*
 * op - one request at the store, and what happens when it is done.
 *
 * An op is made for a letter, of which it keeps a copy, body and all, so
 * that views into it live as long as the request. Nothing else is kept: when
 * the answer comes, accounts and sessions are looked up anew, since they may
 * be gone by then.
 */
#ifndef SERVER_OP_H
#define SERVER_OP_H

#include "server/account.h"
#include "server/bus.h"

struct server_op;

/* Called when the store has done it. The op is released afterwards. */
typedef void server_op_then(struct server *s, struct server_op *op,
    enum err err);

struct server_op {
	struct store_request request;
	struct server *server;
	struct server_letter letter;
	server_op_then *then;
	struct server_room room; /* what was reserved for it */
	/* What an operator asked, if one did. */
	enum server_user_op user_op;
	server_op_fn *done;
	void *done_ctx;
	uint8_t body[];
};

/* Makes an op for a letter; its account has the letter's name. NULL: out of
 * memory. */
struct server_op *server_op_new(struct server *s,
    const struct server_letter *letter);

/* Submits op->request as that kind; the op is the store's until then. */
void server_op_submit(struct server_op *op, enum store_kind kind,
    server_op_then *then);

/* Releases an op that was not submitted. */
void server_op_free(struct server_op *op);

/*
 * Reads an account anew after a write that failed with err: when it is IO,
 * nobody knows whether it was carried out, and the directory must not differ
 * from what is stored. Sessions end if the account's version has changed.
 * Does nothing after other errors.
 */
void server_op_reread(struct server *s, const struct wire_name *name,
    enum err err);

/* Returns the code of ERROR for what the store said. */
enum wire_error server_op_code(enum err err);

#endif
