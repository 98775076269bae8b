#include "net/stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/*
 * Accepting is done here and not by libuv: out of descriptors it would call
 * accept for ever, once it has given away the one that it keeps in reserve
 * and may not open another.
 */

#define BACKLOG 4096

/* Connections taken in one round: who is in does not wait for thousands who
 * come. */
#define ROUND_MAX 8

/* How long nobody is accepted when descriptors or memory have run out. */
#define REST_MS 100

struct net_listener {
	struct link link; /* first */
	net_accept_fn *fn;
	void *ctx;
	int fd;
	char path[sizeof((struct sockaddr_un *)NULL)->sun_path]; /* or "" */
	bool is_half_closed; /* one of the two handles is gone */
	uv_poll_t ready;
	uv_timer_t rest;
};

/* Gives a connection its stream; without one it is closed. */
static struct net_stream *
stream_of(struct net_listener *l, int fd)
{
	struct net *n = net_of(&l->ready);
	bool is_pipe = l->path[0] != '\0';
	struct net_stream *st = net_stream_new(n, is_pipe);
	int rc;

	if (st == NULL) {
		(void)close(fd);
		return NULL;
	}
	rc = is_pipe ? uv_pipe_open(&st->u.pipe, fd)
		     : uv_tcp_open(&st->u.tcp, fd);
	if (rc != 0)
		(void)close(fd);
	/* What is of this machine gets a place out of the reserve. */
	if (rc != 0 || (!is_pipe && n->n_streams > n->max_streams)) {
		net_stream_drop(st, ERR_IO);
		return NULL;
	}
	if (!is_pipe)
		net_stream_tune(st);
	return st;
}

static void on_ready(uv_poll_t *ready, int status, int events);

static void
on_rested(uv_timer_t *rest)
{
	struct net_listener *l = rest->data;

	net_timer_ran(net_of(rest));
	(void)uv_poll_start(&l->ready, UV_READABLE, on_ready);
}

/* Accepts one; returns whether there may be more. */
static bool
accept_one(struct net_listener *l)
{
	struct net_stream *st;
	int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0) {
		st = stream_of(l, fd);
		if (st != NULL)
			l->fn(l->ctx, st);
		return !uv_is_closing((uv_handle_t *)&l->ready);
	}
	if (errno == EINTR || errno == ECONNABORTED)
		return true;
	if (errno == EAGAIN)
		return false;
	/* Asking again at once would take the processor, and change nothing. */
	(void)uv_poll_stop(&l->ready);
	(void)uv_timer_start(&l->rest, on_rested, REST_MS, 0);
	return false;
}

static void
on_ready(uv_poll_t *ready, int status, int events)
{
	unsigned n = 0;

	(void)status;
	(void)events;
	while (n < ROUND_MAX && accept_one(ready->data))
		n++;
}

static void
on_closed(uv_handle_t *handle)
{
	struct net_listener *l = handle->data;

	if (l->is_half_closed)
		free(l);
	else
		l->is_half_closed = true;
}

void
net_listener_close(struct net_listener *l)
{
	list_remove(&l->link);
	uv_close((uv_handle_t *)&l->ready, on_closed);
	uv_close((uv_handle_t *)&l->rest, on_closed);
	(void)close(l->fd);
	if (l->path[0] != '\0')
		(void)unlink(l->path);
}

/* Says what the last call has failed with, and closes fd. */
static enum err
refuse(struct net *n, int fd)
{
	n->why = uv_translate_sys_error(errno);
	if (fd >= 0)
		(void)close(fd);
	return ERR_IO;
}

/* Listens on a bound socket, which is l's from now on, and hands l out; or
 * says why not, and closes it. */
static enum err
start(struct net *n, int fd, const struct net_listener *what,
    struct net_listener **out)
{
	struct net_listener *l;

	if (listen(fd, BACKLOG) != 0)
		return refuse(n, fd);
	l = malloc(sizeof *l);
	if (l == NULL) {
		(void)close(fd);
		return ERR_NOMEM;
	}
	*l = *what;
	l->fd = fd;
	n->why = uv_poll_init(&n->loop, &l->ready, fd);
	if (n->why != 0) {
		(void)close(fd);
		free(l);
		return ERR_IO;
	}
	(void)uv_timer_init(&n->loop, &l->rest);
	l->ready.data = l->rest.data = l;
	(void)uv_poll_start(&l->ready, UV_READABLE, on_ready);
	list_push_back(&n->listeners, &l->link);
	*out = l;
	return ERR_OK;
}

static void
tell_bound(const struct net_listener *l, struct net_addr *bound)
{
	struct sockaddr_storage sa = { 0 };
	socklen_t n = sizeof sa;

	*bound = (struct net_addr){ 0 };
	if (getsockname(l->fd, (struct sockaddr *)&sa, &n) == 0)
		net_addr_from(bound, (struct sockaddr *)&sa);
}

static enum err
listen_on(struct net *n, const struct net_addr *addr,
    const struct net_listener *what, struct net_listener **out)
{
	static const int on = 1, off = 0;
	struct sockaddr_storage sa;
	bool is_v6;
	int fd;

	net_addr_to(&sa, addr);
	is_v6 = sa.ss_family == AF_INET6;
	fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return refuse(n, fd);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (is_v6)
		(void)setsockopt(
		    fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
	if (bind(fd, (struct sockaddr *)&sa,
		is_v6 ? sizeof(struct sockaddr_in6)
		      : sizeof(struct sockaddr_in)) != 0)
		return refuse(n, fd);
	return start(n, fd, what, out);
}

enum err
net_listen(struct net *n, const struct net_addr *addr, net_accept_fn *fn,
    void *ctx, struct net_listener **out, struct net_addr *bound)
{
	static const uint8_t any[16];
	const struct net_listener what = { .fn = fn, .ctx = ctx };
	struct net_addr any_v4 = { .port = addr->port };
	enum err err = listen_on(n, addr, &what, out);

	if (err == ERR_IO && memcmp(addr->ip, any, sizeof any) == 0 &&
	    (n->why == UV_EAFNOSUPPORT || n->why == UV_EADDRNOTAVAIL)) {
		any_v4.ip[10] = any_v4.ip[11] = 0xff;
		err = listen_on(n, &any_v4, &what, out);
	}
	if (err == ERR_OK)
		tell_bound(*out, bound);
	return err;
}

enum err
net_listen_fd(struct net *n, int fd, net_accept_fn *fn, void *ctx,
    struct net_listener **out, struct net_addr *bound)
{
	const struct net_listener what = { .fn = fn, .ctx = ctx };
	struct sockaddr_storage sa = { 0 };
	socklen_t len = sizeof sa;
	int type = 0;
	socklen_t type_len = sizeof type;
	enum err err;

	if (getsockname(fd, (struct sockaddr *)&sa, &len) != 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len) != 0 ||
	    (sa.ss_family != AF_INET && sa.ss_family != AF_INET6) ||
	    type != SOCK_STREAM)
		return ERR_ARG;
	err = start(n, fd, &what, out);
	if (err == ERR_OK)
		tell_bound(*out, bound);
	return err;
}

enum err
net_listen_unix(struct net *n, const char *path, net_accept_fn *fn, void *ctx,
    struct net_listener **out)
{
	struct net_listener what = { .fn = fn, .ctx = ctx };
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof sa.sun_path)
		return ERR_ARG;
	memcpy(what.path, path, strlen(path));
	memcpy(sa.sun_path, what.path, sizeof sa.sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return refuse(n, fd);
	(void)unlink(path);
	/* Until it listens nobody can connect, whatever the mode is. */
	if (bind(fd, (struct sockaddr *)&sa, sizeof sa) != 0 ||
	    chmod(path, S_IRUSR | S_IWUSR) != 0)
		return refuse(n, fd);
	return start(n, fd, &what, out);
}

const char *
net_why(const struct net *n)
{
	return n->why == 0 ? "no reason known" : uv_strerror(n->why);
}

void
net_reserve(struct net *n, size_t max_streams)
{
	n->max_streams = max_streams;
}
