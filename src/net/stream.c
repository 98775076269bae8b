#include "net/stream.h"

#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Headers that are older than the kernel do not name it. */
#ifndef TCP_RTO_MAX_MS
#define TCP_RTO_MAX_MS 44
#endif

#define LINGER_MS     1000
#define FIRST_BUFFERS 4

/* Output that the kernel did not take at once: one write at a time, and what
 * queued up meanwhile goes into the next. */
struct net_backlog {
	uv_write_t req;
	struct net_stream *st;
	uv_buf_t *bufs;
	unsigned n, cap;
	unsigned writing; /* bufs that the write in progress has */
};

/* A stream that has said all and waits for the peer to close. */
struct net_linger {
	struct link link; /* first */
	struct net_stream *st;
	uint64_t until_ms;
};

struct net_stream *
net_stream_new(struct net *n, bool is_pipe)
{
	struct net_stream *st = calloc(1, sizeof *st);

	if (st == NULL)
		return NULL;
	if (is_pipe)
		(void)uv_pipe_init(&n->loop, &st->u.pipe, 0);
	else
		(void)uv_tcp_init(&n->loop, &st->u.tcp);
	n->n_streams++;
	return st;
}

void
net_stream_tune(struct net_stream *st)
{
	static const int again_ms = 4000;
	uv_os_fd_t fd;

	(void)uv_tcp_nodelay(&st->u.tcp, 1);
	if (uv_fileno(&st->u.handle, &fd) == 0)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_RTO_MAX_MS, &again_ms,
		    sizeof again_ms);
}

/* ---- the end ---- */

static void
on_closed(uv_handle_t *handle)
{
	struct net_stream *st = (struct net_stream *)((char *)handle -
	    offsetof(struct net_stream, u));
	const struct net_stream_events *events = st->events;
	struct net *n = net_of(handle);

	n->n_streams--;
	if ((st->flags & NET_STREAM_LINGERING) != 0) {
		list_remove(&st->more.linger->link);
		free(st->more.linger);
	} else if (st->more.backlog != NULL) {
		free(st->more.backlog->bufs);
		free(st->more.backlog);
	}
	if (events != NULL)
		events->closed(handle->data, (enum err)st->err);
	if ((st->flags & NET_STREAM_REPORTED) != 0)
		st->flags |= NET_STREAM_DEAD;
	else
		free(st);
}

void
net_stream_drop(struct net_stream *st, enum err err)
{
	if ((st->flags & NET_STREAM_CLOSING) != 0)
		return;
	st->flags |= NET_STREAM_CLOSING;
	if ((st->flags & NET_STREAM_ENDING) == 0)
		st->err = (uint8_t)err;
	uv_close(&st->u.handle, on_closed);
}

/* ---- input ---- */

static void
on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct net *n = net_of(handle);

	(void)suggested;
	*buf = uv_buf_init(n->read_buffer, sizeof n->read_buffer);
}

static void
on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
	struct net_stream *st = (struct net_stream *)((char *)stream -
	    offsetof(struct net_stream, u));

	if (got < 0)
		net_stream_drop(st, got == UV_EOF ? ERR_GONE : ERR_IO);
	else if (got > 0 && (st->flags & NET_STREAM_ENDING) == 0)
		st->events->bytes(stream->data, (uint8_t *)buf->base,
		    (size_t)got);
}

static void
set_reading(struct net_stream *st, bool is_reading)
{
	if (is_reading == ((st->flags & NET_STREAM_READING) != 0))
		return;
	st->flags ^= NET_STREAM_READING;
	if (!is_reading)
		(void)uv_read_stop(&st->u.stream);
	else if (uv_read_start(&st->u.stream, on_alloc, on_read) != 0)
		net_stream_drop(st, ERR_IO);
}

void
net_stream_use(struct net_stream *st, const struct net_stream_events *events,
    void *ctx)
{
	st->events = events;
	st->u.handle.data = ctx;
	set_reading(st, true);
}

void
net_pause(struct net_stream *st, bool is_paused)
{
	if ((st->flags & (NET_STREAM_ENDING | NET_STREAM_CLOSING)) == 0)
		set_reading(st, !is_paused);
}

/* ---- output ---- */

/* Remembers to tell that n bytes have left: at the end of the round, since
 * callbacks never come from inside a call. */
static void
note_sent(struct net_stream *st, size_t n)
{
	struct net *net = net_of(&st->u.handle);

	st->sent += (uint32_t)n;
	if ((st->flags & NET_STREAM_REPORTED) != 0)
		return;
	st->flags |= NET_STREAM_REPORTED;
	st->next_report = NULL;
	*net->reports_tail = st;
	net->reports_tail = &st->next_report;
}

bool
net_stream_report_all(struct net *n)
{
	struct net_stream *st = n->reports, *next;
	bool is_any = st != NULL;

	n->reports = NULL;
	n->reports_tail = &n->reports;
	for (; st != NULL; st = next) {
		uint32_t sent = st->sent;

		next = st->next_report;
		st->flags &= (uint8_t)~NET_STREAM_REPORTED;
		st->sent = 0;
		if ((st->flags & NET_STREAM_DEAD) != 0)
			free(st);
		else if ((st->flags & NET_STREAM_CLOSING) == 0)
			st->events->sent(st->u.handle.data, sent);
	}
	return is_any;
}

static void
start_linger(struct net *n)
{
	struct net_linger *first =
	    (struct net_linger *)list_first(&n->lingering);
	uint64_t now = net_now_ms(n);

	if (first == NULL)
		return;
	uv_update_time(&n->loop);
	(void)uv_timer_start(&n->linger, net_stream_linger_over,
	    first->until_ms > now ? first->until_ms - now : 0, 0);
}

void
net_stream_linger_over(uv_timer_t *timer)
{
	struct net *n = net_of(timer);
	uint64_t now = net_now_ms(n);

	net_timer_ran(n);
	LIST_EACH_SAFE (at, &n->lingering) {
		struct net_linger *linger = (struct net_linger *)at;

		if (linger->until_ms > now)
			break;
		/* Out of the list at once, so that it is not met again. */
		list_remove(at);
		net_stream_drop(linger->st, ERR_OK);
	}
	start_linger(n);
}

/*
 * All has left. Closing now with input unread would make the kernel send a
 * reset, which can overtake what the peer has not read yet; so the peer gets
 * an end, and a while to close on its side.
 */
static void
say_end(struct net_stream *st)
{
	struct net *n = net_of(&st->u.handle);
	struct net_linger *linger = calloc(1, sizeof *linger);
	uv_os_fd_t fd;

	if (linger == NULL || uv_fileno(&st->u.handle, &fd) != 0 ||
	    shutdown(fd, SHUT_WR) != 0) {
		free(linger);
		net_stream_drop(st, ERR_OK);
		return;
	}
	st->flags |= NET_STREAM_LINGERING;
	st->more.linger = linger;
	linger->st = st;
	linger->until_ms = net_now_ms(n) + LINGER_MS;
	list_push_back(&n->lingering, &linger->link);
	if (!uv_is_active((uv_handle_t *)&n->linger))
		start_linger(n);
	set_reading(st, true);
}

static void write_backlog(struct net_backlog *b);

static void
on_written(uv_write_t *req, int status)
{
	struct net_backlog *b = (struct net_backlog *)req;
	struct net_stream *st = b->st;
	size_t n = 0;

	if (status < 0) {
		net_stream_drop(st, ERR_IO);
		return;
	}
	for (unsigned i = 0; i < b->writing; i++)
		n += b->bufs[i].len;
	note_sent(st, n);
	b->n -= b->writing;
	memmove(b->bufs, b->bufs + b->writing, b->n * sizeof b->bufs[0]);
	if (b->n > 0) {
		write_backlog(b);
		return;
	}
	st->more.backlog = NULL;
	free(b->bufs);
	free(b);
	if ((st->flags & NET_STREAM_ENDING) != 0)
		say_end(st);
}

static void
write_backlog(struct net_backlog *b)
{
	b->writing = b->n;
	if (uv_write(&b->req, &b->st->u.stream, b->bufs, b->n,
	    on_written) != 0)
		net_stream_drop(b->st, ERR_NOMEM);
}

static bool
add_backlog(struct net_stream *st, const uint8_t *p, size_t n)
{
	struct net_backlog *b = st->more.backlog;

	if (b == NULL) {
		b = calloc(1, sizeof *b);
		if (b == NULL)
			return false;
		b->st = st;
		st->more.backlog = b;
	}
	if (b->n == b->cap) {
		unsigned cap = b->cap == 0 ? FIRST_BUFFERS : b->cap * 2;
		uv_buf_t *bufs = realloc(b->bufs, cap * sizeof bufs[0]);

		if (bufs == NULL)
			return false;
		b->bufs = bufs;
		b->cap = cap;
	}
	/* libuv's buffers are not const, but a write only reads them. */
	b->bufs[b->n].base = (char *)(uintptr_t)p;
	b->bufs[b->n++].len = n;
	return true;
}

void
net_send(struct net_stream *st, const uint8_t *p, size_t n)
{
	uv_buf_t buf = { .base = (char *)(uintptr_t)p, .len = n };
	bool is_first = st->more.backlog == NULL;
	int rc;

	if (n == 0 ||
	    (st->flags & (NET_STREAM_ENDING | NET_STREAM_CLOSING)) != 0)
		return;
	if (is_first) {
		rc = uv_try_write(&st->u.stream, &buf, 1);
		if (rc < 0 && rc != UV_EAGAIN) {
			net_stream_drop(st, ERR_IO);
			return;
		}
		if (rc > 0) {
			note_sent(st, (size_t)rc);
			p += rc;
			n -= (size_t)rc;
		}
		if (n == 0)
			return;
	}
	if (!add_backlog(st, p, n))
		net_stream_drop(st, ERR_NOMEM);
	else if (is_first)
		write_backlog(st->more.backlog);
}

void
net_close(struct net_stream *st, bool at_once)
{
	if ((st->flags & NET_STREAM_CLOSING) != 0)
		return;
	if (at_once) {
		st->flags |= NET_STREAM_ENDING;
		net_stream_drop(st, ERR_OK);
		return;
	}
	if ((st->flags & NET_STREAM_ENDING) != 0)
		return;
	st->flags |= NET_STREAM_ENDING;
	if (st->more.backlog == NULL)
		say_end(st);
}

/* ---- who ---- */

void
net_peer(const struct net_stream *st, struct net_addr *addr)
{
	struct sockaddr_storage sa = { 0 };
	int n = sizeof sa;

	*addr = (struct net_addr){ 0 };
	if (st->u.handle.type == UV_TCP &&
	    uv_tcp_getpeername(&st->u.tcp, (struct sockaddr *)&sa, &n) == 0)
		net_addr_from(addr, (struct sockaddr *)&sa);
}

void
net_local(const struct net_stream *st, struct net_addr *addr)
{
	struct sockaddr_storage sa = { 0 };
	int n = sizeof sa;

	*addr = (struct net_addr){ 0 };
	if (st->u.handle.type == UV_TCP &&
	    uv_tcp_getsockname(&st->u.tcp, (struct sockaddr *)&sa, &n) == 0)
		net_addr_from(addr, (struct sockaddr *)&sa);
}
