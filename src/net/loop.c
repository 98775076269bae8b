#include "net/loop.h"

#include "net/stream.h"

#include <signal.h>
#include <stdlib.h>

/* Rounds that one step may add for what sent gave to say. */
#define ROUNDS_MAX 8

/* ---- callbacks of the loop's own handles ---- */

static void
on_async(uv_async_t *async)
{
	struct net *n = net_of(async);

	if (n->on_wake != NULL)
		n->on_wake(n->wake_ctx);
}

static void
on_signal_seen(uv_signal_t *signal, int number)
{
	struct net *n = net_of(signal);
	ptrdiff_t i = signal - n->signals;

	n->on_signal[i].fn(n->on_signal[i].ctx, number);
}

static void
on_step_over(uv_timer_t *timer)
{
	(void)timer;
}

void
net_timer_ran(struct net *n)
{
	uv_stop(&n->loop);
}

static void on_deadline(uv_timer_t *timer);

/* Sets the timer; the loop's own clock is coarse, so it may have to be set
 * again when it fires a little early. */
static void
arm_deadline(struct net *n)
{
	uint64_t now = net_now_ms(n);
	uint64_t wait = n->deadline_ms > now ? n->deadline_ms - now : 0;

	uv_update_time(&n->loop);
	(void)uv_timer_start(&n->deadline, on_deadline, wait, 0);
}

static void
on_deadline(uv_timer_t *timer)
{
	struct net *n = net_of(timer);

	net_timer_ran(n);
	if (n->deadline_ms == UINT64_MAX)
		return;
	if (net_now_ms(n) < n->deadline_ms) {
		arm_deadline(n);
		return;
	}
	n->deadline_ms = UINT64_MAX;
	n->on_deadline(n->deadline_ctx);
}

/* ---- the loop ---- */

static void
ignore_sigpipe(void)
{
	struct sigaction now;

	if (sigaction(SIGPIPE, NULL, &now) == 0 && now.sa_handler == SIG_DFL)
		(void)signal(SIGPIPE, SIG_IGN);
}

enum err
net_new(struct net **out)
{
	struct net *n = calloc(1, sizeof *n);
	int rc;

	if (n == NULL)
		return ERR_NOMEM;
	rc = uv_loop_init(&n->loop);
	if (rc != 0) {
		free(n);
		return rc == UV_ENOMEM ? ERR_NOMEM : ERR_IO;
	}
	n->loop.data = n;
	n->deadline_ms = UINT64_MAX;
	n->max_streams = SIZE_MAX;
	n->reports_tail = &n->reports;
	list_init(&n->lingering);
	list_init(&n->listeners);
	list_init(&n->attempts);
	(void)uv_timer_init(&n->loop, &n->deadline);
	(void)uv_timer_init(&n->loop, &n->step);
	(void)uv_timer_init(&n->loop, &n->linger);
	if (uv_async_init(&n->loop, &n->wake, on_async) != 0) {
		net_free(n);
		return ERR_IO;
	}
	ignore_sigpipe();
	*out = n;
	return ERR_OK;
}

static void
close_stream(uv_handle_t *handle, void *ctx)
{
	(void)ctx;
	if (handle->type == UV_TCP || handle->type == UV_NAMED_PIPE)
		net_close((struct net_stream *)((char *)handle -
		    offsetof(struct net_stream, u)), true);
}

/* Closes the loop's own handles. */
static void
close_handle(uv_handle_t *handle, void *ctx)
{
	(void)ctx;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static struct net_listener *
first_listener(struct net *n)
{
	return (struct net_listener *)list_first(&n->listeners);
}

static struct net_attempt *
first_attempt(struct net *n)
{
	return (struct net_attempt *)list_first(&n->attempts);
}

void
net_close_all(struct net *n)
{
	while (first_listener(n) != NULL)
		net_listener_close(first_listener(n));
	while (first_attempt(n) != NULL)
		net_cancel(first_attempt(n));
	while (n->n_streams > 0) {
		uv_walk(&n->loop, close_stream, NULL);
		(void)uv_run(&n->loop, UV_RUN_NOWAIT);
	}
}

void
net_silence(struct net *n)
{
	n->on_round = NULL;
	n->on_wake = NULL;
	net_deadline(n, UINT64_MAX, NULL, NULL);
	for (unsigned i = 0; i < n->n_signals; i++)
		(void)uv_signal_stop(&n->signals[i]);
}

void
net_free(struct net *n)
{
	if (n == NULL)
		return;
	net_close_all(n);
	uv_walk(&n->loop, close_handle, NULL);
	/* The last callback of a job may open something. */
	while (uv_run(&n->loop, UV_RUN_ONCE) != 0)
		net_close_all(n);
	(void)net_stream_report_all(n);
	(void)uv_loop_close(&n->loop);
	free(n);
}

static void
end_round(struct net *n)
{
	unsigned rounds = 0;

	do {
		(void)net_stream_report_all(n);
		if (n->on_round != NULL)
			n->on_round(n->round_ctx);
	} while (n->reports != NULL && ++rounds < ROUNDS_MAX);
}

void
net_step(struct net *n, int timeout_ms)
{
	if (timeout_ms == 0 || n->reports != NULL) {
		(void)uv_run(&n->loop, UV_RUN_NOWAIT);
	} else {
		uv_update_time(&n->loop);
		if (timeout_ms > 0)
			(void)uv_timer_start(&n->step, on_step_over,
			    (uint64_t)timeout_ms, 0);
		(void)uv_run(&n->loop, UV_RUN_ONCE);
		(void)uv_timer_stop(&n->step);
	}
	end_round(n);
}

void
net_run(struct net *n)
{
	n->is_stopping = false;
	while (!n->is_stopping)
		net_step(n, -1);
}

void
net_stop(struct net *n)
{
	n->is_stopping = true;
}

int
net_fd(const struct net *n)
{
	return uv_backend_fd(&n->loop);
}

int
net_timeout(struct net *n)
{
	uv_update_time(&n->loop);
	return n->reports != NULL ? 0 : uv_backend_timeout(&n->loop);
}

uint64_t
net_now_ms(const struct net *n)
{
	(void)n;
	return uv_hrtime() / 1000000;
}

void
net_on_round(struct net *n, void (*fn)(void *ctx), void *ctx)
{
	n->on_round = fn;
	n->round_ctx = ctx;
}

void
net_deadline(struct net *n, uint64_t at_ms, void (*fn)(void *ctx), void *ctx)
{
	n->on_deadline = fn;
	n->deadline_ctx = ctx;
	if (at_ms == n->deadline_ms)
		return;
	n->deadline_ms = at_ms;
	if (at_ms == UINT64_MAX)
		(void)uv_timer_stop(&n->deadline);
	else
		arm_deadline(n);
}

void
net_on_wake(struct net *n, void (*fn)(void *ctx), void *ctx)
{
	n->on_wake = fn;
	n->wake_ctx = ctx;
}

void
net_wake(struct net *n)
{
	(void)uv_async_send(&n->wake);
}

void
net_on_signal(struct net *n, int signal, void (*fn)(void *ctx, int signal),
    void *ctx)
{
	unsigned i = n->n_signals;

	if (i == NET_SIGNALS_MAX ||
	    uv_signal_init(&n->loop, &n->signals[i]) != 0)
		return;
	n->n_signals++;
	n->on_signal[i].fn = fn;
	n->on_signal[i].ctx = ctx;
	(void)uv_signal_start(&n->signals[i], on_signal_seen, signal);
}
