/*
 * net - the loop: streams, listeners, names, timers, jobs. The only user of
 * libuv; nothing in it knows what the bytes mean.
 *
 * Everything happens on the loop's thread, but net_wake and the inside of a
 * job. Callbacks come from net_step (and net_free) only, never from inside
 * the call that caused them; they may close what they were called for.
 * Memory is released when the loop has let go of it.
 */
#ifndef NET_NET_H
#define NET_NET_H

#include "base/bytes.h"
#include "base/err.h"

struct net;

/* An address: IPv6, or IPv4 mapped into it, and port. */
struct net_addr {
	uint8_t ip[16];
	uint16_t port;
};

/* ---- the loop ---- */

/* Fails with NOMEM or IO. A SIGPIPE that has its default disposition is
 * ignored from now on: a peer that went away is no reason to die. */
MUST_USE enum err net_new(struct net **out);

/* Closes all listeners, attempts and streams, and runs their last
 * callbacks. */
void net_close_all(struct net *n);

/* From now on no round, deadline, wake or signal is told to anybody, also
 * none that is under way: for an owner who ends before the loop does. */
void net_silence(struct net *n);

/* Closes all like net_close_all, waits for jobs, and releases the loop. NULL
 * is fine. */
void net_free(struct net *n);

/* Runs until net_stop. */
void net_run(struct net *n);
void net_stop(struct net *n);

/* Runs one round, waiting up to timeout_ms (-1: without end). */
void net_step(struct net *n, int timeout_ms);

/* A descriptor that is readable when net_step has work, and how long it may
 * be left alone (-1: without end; ask before each wait). */
int net_fd(const struct net *n);
int net_timeout(struct net *n);

/* Milliseconds of the monotonic clock, read now. */
uint64_t net_now_ms(const struct net *n);

/* Called in each round after its events, and again after sent was told, so
 * that what it gives to say leaves before the loop sleeps. */
void net_on_round(struct net *n, void (*fn)(void *ctx), void *ctx);

/* One deadline: fn at or after at_ms; UINT64_MAX cancels. */
void net_deadline(struct net *n, uint64_t at_ms, void (*fn)(void *ctx),
    void *ctx);

/* From any thread: fn, once or more, on the loop's thread soon. */
void net_on_wake(struct net *n, void (*fn)(void *ctx), void *ctx);
void net_wake(struct net *n);

/* Signals, as long as the loop lives; at most 4. */
void net_on_signal(struct net *n, int signal,
    void (*fn)(void *ctx, int signal), void *ctx);

/* ---- streams ---- */

struct net_stream;

struct net_stream_events {
	/* Bytes that must be used before it returns. */
	void (*bytes)(void *ctx, const uint8_t *p, size_t n);
	/* So many bytes given to net_send have left. */
	void (*sent)(void *ctx, size_t n);
	/* The stream is over, by net_close (OK), the peer (GONE), or an error
	 * (IO, NOMEM); the last callback, after which the stream is invalid.
	 * What was not sent by then never will be. */
	void (*closed)(void *ctx, enum err err);
};

/* Takes a fresh stream: from now on it reads and tells. A stream costs some
 * 300 bytes, for a server holds thousands. */
void net_stream_use(struct net_stream *st,
    const struct net_stream_events *events, void *ctx);

/* Queues n bytes, which stay where they are until sent tells. */
void net_send(struct net_stream *st, const uint8_t *p, size_t n);

/*
 * Closes at once, or after what is queued has left: then the peer is told the
 * end and has a second to close as well, so that the last words are not lost
 * to a reset. No more bytes are told.
 */
void net_close(struct net_stream *st, bool at_once);

void net_pause(struct net_stream *st, bool is_paused);

/* The peer's address; for a unix socket zeros. */
void net_peer(const struct net_stream *st, struct net_addr *addr);

/* This end's address. */
void net_local(const struct net_stream *st, struct net_addr *addr);

/* ---- listening ---- */

struct net_listener;

/* Called with a fresh stream; use it or net_close it. */
typedef void net_accept_fn(void *ctx, struct net_stream *st);

/* Listens on a TCP address; bound gets it with the real port. "::" is also
 * bound for IPv4, and means only that on a machine without IPv6. Fails with
 * IO (in use, not allowed: net_why has the system's words), NOMEM. */
MUST_USE enum err net_listen(struct net *n, const struct net_addr *addr,
    net_accept_fn *fn, void *ctx, struct net_listener **out,
    struct net_addr *bound);

/* The same on an inherited descriptor, and on a unix socket of mode 0600
 * that replaces what is at path. ARG: no TCP socket; path too long. */
MUST_USE enum err net_listen_fd(struct net *n, int fd, net_accept_fn *fn,
    void *ctx, struct net_listener **out, struct net_addr *bound);
MUST_USE enum err net_listen_unix(struct net *n, const char *path,
    net_accept_fn *fn, void *ctx, struct net_listener **out);

/* Stops listening and releases it. */
void net_listener_close(struct net_listener *l);

/* Returns the system's words for why the last listen failed. */
const char *net_why(const struct net *n);

/* How many streams there may be: what TCP brings beyond is closed at once, so
 * that descriptors are left for files and for unix sockets. */
void net_reserve(struct net *n, size_t max_streams);

/* ---- connecting ---- */

struct net_attempt;

/* Exactly once: a stream, or NULL and why (GONE: no such host; IO: nobody
 * there). Not called after net_cancel. */
typedef void net_connected_fn(void *ctx, struct net_stream *st, enum err err);

/* Resolves host (a name or a number) and connects; IPv6 and IPv4 in
 * parallel with a head start for the first, the first to stand wins. localhost
 * is never looked up (RFC 6761). The kernel watches the connection: a peer
 * that is gone without a word, or out of reach, is noticed within half a
 * minute. NOMEM. */
MUST_USE enum err net_connect(struct net *n, const char *host, uint16_t port,
    net_connected_fn *fn, void *ctx, struct net_attempt **out);

/* The same to an address, or to a unix socket (ARG: path too long). */
MUST_USE enum err net_connect_addr(struct net *n, const struct net_addr *addr,
    net_connected_fn *fn, void *ctx, struct net_attempt **out);
MUST_USE enum err net_connect_unix(struct net *n, const char *path,
    net_connected_fn *fn, void *ctx, struct net_attempt **out);

void net_cancel(struct net_attempt *a);

/* ---- jobs ---- */

/* Runs work on another thread, then done on the loop's. At most a few at a
 * time; the rest wait. Fails with NOMEM. */
MUST_USE enum err net_job(struct net *n, void (*work)(void *ctx),
    void (*done)(void *ctx), void *ctx);

/* ---- addresses ---- */

/* Parses a number (no names). Fails with ARG. */
MUST_USE enum err net_addr_parse(struct net_addr *addr, const char *host,
    uint16_t port);

/* Writes "1.2.3.4:5" or "[::1]:5" and a NUL, at most 56 bytes. */
void net_addr_print(char out[56], const struct net_addr *addr);

/* The addresses of this machine's interfaces, at most max; how many. */
size_t net_addr_local(struct net_addr *out, size_t max);

#endif
