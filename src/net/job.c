#include "net/loop.h"

#include <stdlib.h>

/* libuv's pool runs four at a time; the rest wait there. */
struct job {
	uv_work_t req; /* first */
	void (*work)(void *ctx);
	void (*done)(void *ctx);
	void *ctx;
};

static void
on_work(uv_work_t *req)
{
	struct job *job = (struct job *)req;

	job->work(job->ctx);
}

static void
on_done(uv_work_t *req, int status)
{
	struct job *job = (struct job *)req;

	(void)status; /* never cancelled */
	job->done(job->ctx);
	free(job);
}

enum err
net_job(struct net *n, void (*work)(void *ctx), void (*done)(void *ctx),
    void *ctx)
{
	struct job *job = calloc(1, sizeof *job);

	if (job == NULL)
		return ERR_NOMEM;
	job->work = work;
	job->done = done;
	job->ctx = ctx;
	(void)uv_queue_work(&n->loop, &job->req, on_work, on_done);
	return ERR_OK;
}
