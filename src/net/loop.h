/*
 * loop - the inside of a struct net, for the files of this folder only.
 */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include "base/list.h"
#include "net/net.h"

#include <uv.h>

#define NET_SIGNALS_MAX 4
#define NET_READ_LEN    65536

struct net {
	uv_loop_t loop;
	uv_async_t wake;
	uv_timer_t deadline;
	uv_timer_t step;   /* bounds one net_step */
	uv_timer_t linger; /* for the first of lingering */
	uv_signal_t signals[NET_SIGNALS_MAX];
	unsigned n_signals;
	bool is_stopping;

	uint64_t deadline_ms;
	void (*on_deadline)(void *ctx);
	void *deadline_ctx;
	void (*on_round)(void *ctx);
	void *round_ctx;
	void (*on_wake)(void *ctx);
	void *wake_ctx;
	struct {
		void (*fn)(void *ctx, int signal);
		void *ctx;
	} on_signal[NET_SIGNALS_MAX];

	struct net_stream *reports, **reports_tail; /* sent is to be told */
	struct link lingering;
	struct link listeners;
	struct link attempts;
	size_t n_streams, max_streams;
	int why; /* of the last listen that failed */
	char read_buffer[NET_READ_LEN]; /* one for all streams */
};

/* Returns the net that a handle belongs to. */
static inline struct net *
net_of(const void *handle)
{
	return ((const uv_handle_t *)handle)->loop->data;
}

/*
 * Every timer's callback calls this: libuv may run timers before it waits,
 * and would then wait although the round has something to do.
 */
void net_timer_ran(struct net *n);

#endif
