/*
 * stream - the inside of a struct net_stream, for this folder only.
 */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include "net/loop.h"

enum net_stream_flag {
	NET_STREAM_READING = 1,
	NET_STREAM_ENDING = 2,    /* net_close was called; output leaves */
	NET_STREAM_LINGERING = 4, /* output has left; the peer may close */
	NET_STREAM_CLOSING = 8,   /* the loop is letting go of it */
	NET_STREAM_REPORTED = 16, /* stands in net.reports */
	NET_STREAM_DEAD = 32,     /* closed; to be freed out of net.reports */
};

struct net_backlog;
struct net_linger;

struct net_stream {
	const struct net_stream_events *events; /* NULL: not used yet */
	union {
		struct net_backlog *backlog; /* output that did not leave */
		struct net_linger *linger;   /* with LINGERING */
	} more;
	struct net_stream *next_report;
	uint32_t sent; /* not yet told */
	uint8_t flags;
	uint8_t err;
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	} u; /* its data is the user's context */
};

/* Makes a stream that is not connected; NULL: no memory. */
struct net_stream *net_stream_new(struct net *n, bool is_pipe);

/* Once a TCP stream stands: what is said leaves at once, and what was lost is
 * said again every few seconds. A kernel before Linux 6.15 waits as long
 * again as the network was away. */
void net_stream_tune(struct net_stream *st);

/* Lets go of a stream at once, for the reason err. */
void net_stream_drop(struct net_stream *st, enum err err);

/* Tells what has left since the last time; returns whether there was any. */
bool net_stream_report_all(struct net *n);

/* The timer's work: closes those that lingered long enough. */
void net_stream_linger_over(uv_timer_t *timer);

/* Addresses between libuv's shape and ours. */
void net_addr_from(struct net_addr *addr, const struct sockaddr *sa);
void net_addr_to(struct sockaddr_storage *sa, const struct net_addr *addr);

#endif
