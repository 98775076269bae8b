#include "client/work.h"

#include "client/core.h"

#include <string.h>

/* In a struct secret, for what comes out. */
struct work {
	struct link link;
	client_job job;
	enum client_work_kind kind;
	client_work_fn *done; /* NULL: nobody waits any more */
	struct secret *self, *in;
	struct client_stretch stretch;
};

static void
work_free(struct work *work)
{
	list_remove(&work->link);
	secret_free(work->in);
	secret_free(work->self);
}

enum err
client_work_start(struct client *c, enum client_work_kind kind,
    struct ksf_params params, const uint8_t salt[KSF_SALT_LEN],
    struct bytes in, client_work_fn *done)
{
	struct secret *self = secret_new(sizeof(struct work));
	struct work *work;

	if (self == NULL)
		return ERR_NOMEM;
	work = (struct work *)(void *)secret_bytes(self);
	work->self = self;
	work->in = secret_dup(in);
	if (work->in == NULL) {
		secret_free(self);
		return ERR_NOMEM;
	}
	work->job = ++c->next_job;
	work->kind = kind;
	work->done = done;
	work->stretch.params = params;
	work->stretch.password = secret_view(work->in);
	memcpy(work->stretch.salt, salt, KSF_SALT_LEN);
	list_push_back(&c->works, &work->link);
	c->effects.stretch(c->effects.ctx, work->job, &work->stretch);
	return ERR_OK;
}

void
client_work_forget(struct client *c, enum client_work_kind kind)
{
	LIST_EACH (at, &c->works) {
		struct work *work = LIST_ITEM(at, struct work, link);

		if (work->kind == kind)
			work->done = NULL;
	}
}

void
client_work_finish(struct client *c, client_job job)
{
	LIST_EACH (at, &c->works) {
		struct work *work = LIST_ITEM(at, struct work, link);

		if (work->job != job)
			continue;
		if (work->done != NULL)
			work->done(c, work->stretch.err, work->stretch.out);
		work_free(work);
		return;
	}
}

void
client_work_free(struct client *c)
{
	LIST_EACH_SAFE (at, &c->works)
		work_free(LIST_ITEM(at, struct work, link));
}
