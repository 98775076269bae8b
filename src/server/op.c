#include "server/op.h"

#include "server/account.h"
#include "server/presence.h"

#include <stdlib.h>
#include <string.h>

struct server_op *
server_op_new(struct server *s, const struct server_letter *letter)
{
	struct server_op *op = calloc(1, sizeof *op + letter->body.n);

	if (op == NULL)
		return NULL;
	op->server = s;
	op->letter = *letter;
	if (letter->body.n != 0)
		memcpy(op->body, letter->body.p, letter->body.n);
	op->letter.body.p = op->body;
	memcpy(op->request.account.name, letter->name.s,
	    sizeof op->request.account.name);
	op->request.now_s = server_now_s(s);
	return op;
}

void
server_op_free(struct server_op *op)
{
	if (op == NULL)
		return;
	server_account_release(&op->room);
	bytes_wipe(op, sizeof *op + op->letter.body.n);
	free(op);
}

static void
done(struct store_request *request, enum err err)
{
	struct server_op *op = request->ctx;
	struct server *s = op->server;

	s->ops--;
	op->then(s, op, err);
	server_op_free(op);
	server_settle(s);
}

void
server_op_submit(struct server_op *op, enum store_kind kind,
    server_op_then *then)
{
	struct server *s = op->server;

	op->then = then;
	op->request.kind = kind;
	op->request.done = done;
	op->request.ctx = op;
	s->ops++;
	s->store->submit(s->store, &op->request);
}

enum wire_error
server_op_code(enum err err)
{
	if (err == ERR_CONFLICT)
		return WIRE_ERROR_CONFLICT;
	if (err == ERR_GONE)
		return WIRE_ERROR_UNKNOWN;
	return WIRE_ERROR_STORE;
}

static void
reread(struct server *s, struct server_op *op, enum err err)
{
	struct server_account *a = server_account_get(s, &op->letter.name);
	bool is_other = a == NULL ||
	    a->version != op->request.account.version;

	if (err == ERR_GONE && a != NULL)
		server_account_remove(s, a);
	if (err != ERR_OK)
		return;
	if (is_other && a != NULL)
		server_presence_end_all(s, a, NULL);
	if (server_account_put(s, &op->request.account, NULL) == ERR_OK &&
	    a != NULL)
		server_presence_update(s, a);
}

void
server_op_reread(struct server *s, const struct wire_name *name,
    enum err err)
{
	struct server_letter letter = { .name = *name };
	struct server_op *op = err == ERR_IO ? server_op_new(s, &letter) :
	    NULL;

	if (op != NULL)
		server_op_submit(op, STORE_ACCOUNT_GET, reread);
}
