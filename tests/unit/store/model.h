/*
 * model - what a store must hold, kept in plain memory; and random requests
 * to try both with.
 */
#ifndef STORE_MODEL_H
#define STORE_MODEL_H

#include "store/store.h"

#define MODEL_NAMES   6    /* "a" to "f" */
#define MODEL_BOX_MAX 3000 /* bytes in a box, at most */
#define MODEL_NOW_S   1000

struct model_box {
	uint8_t p[MODEL_BOX_MAX];
	size_t n;
};

/* What is known of one name; the account's views are in boxes. */
struct model_name {
	struct store_account account;
	bool is_there;
	struct model_box boxes[3]; /* identity, settings, roster */
	struct store_invite invite;
	bool has_invite;
};

struct model {
	struct model_name names[MODEL_NAMES];
};

/* Does to the model what the request asks, and returns what a store must
 * answer. */
enum err model_do(struct model *m, const struct store_request *q);

/* Makes a random request; draw(ctx, n) gives numbers below n. All its boxes
 * are box, which must outlive it and is given with n as its size at most. */
void model_request(const struct model *m, struct store_request *q,
    struct model_box *box, unsigned (*draw)(void *ctx, unsigned n),
    void *ctx);

#endif
