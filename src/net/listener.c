#include "net/stream.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 4096

struct net_listener {
	struct link link; /* first */
	net_accept_fn *fn;
	void *ctx;
	bool is_stalled; /* a connection waits for memory */
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	} u;
};

static struct net_listener *
listener_of(void *handle)
{
	return (struct net_listener *)((char *)handle -
	    offsetof(struct net_listener, u));
}

static void
accept_one(struct net_listener *l)
{
	struct net *n = net_of(&l->u.handle);
	bool is_pipe = l->u.handle.type == UV_NAMED_PIPE;
	struct net_stream *st = net_stream_new(n, is_pipe);

	/* Without memory libuv keeps the connection and accepts no more. */
	l->is_stalled = st == NULL;
	if (st == NULL)
		return;
	/* What is of this machine gets a place out of the reserve. */
	if (uv_accept(&l->u.stream, &st->u.stream) != 0 ||
	    (!is_pipe && n->n_streams > n->max_streams)) {
		net_stream_drop(st, ERR_IO);
		return;
	}
	if (!is_pipe)
		(void)uv_tcp_nodelay(&st->u.tcp, 1);
	l->fn(l->ctx, st);
}

static void
on_connection(uv_stream_t *stream, int status)
{
	/* Out of descriptors, libuv sheds what waits by itself. */
	if (status == 0)
		accept_one(listener_of(stream));
}

void
net_listener_retry(struct net *n)
{
	LIST_EACH_SAFE (at, &n->listeners) {
		struct net_listener *l = (struct net_listener *)at;

		if (l->is_stalled)
			accept_one(l);
	}
}

static void
on_closed(uv_handle_t *handle)
{
	free(listener_of(handle));
}

void
net_listener_close(struct net_listener *l)
{
	list_remove(&l->link);
	uv_close(&l->u.handle, on_closed);
}

static struct net_listener *
listener_new(struct net *n, bool is_pipe, net_accept_fn *fn, void *ctx)
{
	struct net_listener *l = calloc(1, sizeof *l);

	if (l == NULL)
		return NULL;
	l->fn = fn;
	l->ctx = ctx;
	if (is_pipe)
		(void)uv_pipe_init(&n->loop, &l->u.pipe, 0);
	else
		(void)uv_tcp_init(&n->loop, &l->u.tcp);
	list_push_back(&n->listeners, &l->link);
	return l;
}

/* Starts, and hands l out; or says why not, and closes it. */
static enum err
start(struct net_listener *l, int rc, struct net_listener **out)
{
	struct net *n = net_of(&l->u.handle);

	if (rc == 0)
		rc = uv_listen(&l->u.stream, BACKLOG, on_connection);
	if (rc != 0) {
		n->why = rc;
		net_listener_close(l);
		return ERR_IO;
	}
	/* No nap after each accept. */
	if (l->u.handle.type == UV_TCP)
		(void)uv_tcp_simultaneous_accepts(&l->u.tcp, 1);
	*out = l;
	return ERR_OK;
}

static void
tell_bound(const struct net_listener *l, struct net_addr *bound)
{
	struct sockaddr_storage sa = { 0 };
	int n = sizeof sa;

	*bound = (struct net_addr){ 0 };
	if (uv_tcp_getsockname(&l->u.tcp, (struct sockaddr *)&sa, &n) == 0)
		net_addr_from(bound, (struct sockaddr *)&sa);
}

static enum err
listen_on(struct net *n, const struct net_addr *addr, net_accept_fn *fn,
    void *ctx, struct net_listener **out)
{
	struct net_listener *l = listener_new(n, false, fn, ctx);
	struct sockaddr_storage sa;

	if (l == NULL)
		return ERR_NOMEM;
	net_addr_to(&sa, addr);
	return start(l, uv_tcp_bind(&l->u.tcp, (struct sockaddr *)&sa, 0),
	    out);
}

enum err
net_listen(struct net *n, const struct net_addr *addr, net_accept_fn *fn,
    void *ctx, struct net_listener **out, struct net_addr *bound)
{
	static const uint8_t any[16];
	struct net_addr any_v4 = { .port = addr->port };
	enum err err = listen_on(n, addr, fn, ctx, out);

	if (err == ERR_IO && memcmp(addr->ip, any, sizeof any) == 0 &&
	    (n->why == UV_EAFNOSUPPORT || n->why == UV_EADDRNOTAVAIL)) {
		any_v4.ip[10] = any_v4.ip[11] = 0xff;
		err = listen_on(n, &any_v4, fn, ctx, out);
	}
	if (err == ERR_OK)
		tell_bound(*out, bound);
	return err;
}

enum err
net_listen_fd(struct net *n, int fd, net_accept_fn *fn, void *ctx,
    struct net_listener **out, struct net_addr *bound)
{
	struct sockaddr_storage sa = { 0 };
	socklen_t len = sizeof sa;
	int type = 0;
	socklen_t type_len = sizeof type;
	struct net_listener *l;
	enum err err;

	if (getsockname(fd, (struct sockaddr *)&sa, &len) != 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len) != 0 ||
	    (sa.ss_family != AF_INET && sa.ss_family != AF_INET6) ||
	    type != SOCK_STREAM)
		return ERR_ARG;
	l = listener_new(n, false, fn, ctx);
	if (l == NULL)
		return ERR_NOMEM;
	err = start(l, uv_tcp_open(&l->u.tcp, fd), out);
	if (err == ERR_OK)
		tell_bound(*out, bound);
	return err;
}

enum err
net_listen_unix(struct net *n, const char *path, net_accept_fn *fn, void *ctx,
    struct net_listener **out)
{
	struct net_listener *l;
	int rc;

	if (strlen(path) >= sizeof((struct sockaddr_un *)NULL)->sun_path)
		return ERR_ARG;
	l = listener_new(n, true, fn, ctx);
	if (l == NULL)
		return ERR_NOMEM;
	(void)unlink(path);
	rc = uv_pipe_bind(&l->u.pipe, path);
	/* Until it listens nobody can connect, whatever the mode is. */
	if (rc == 0 && chmod(path, S_IRUSR | S_IWUSR) != 0)
		rc = UV_EACCES;
	return start(l, rc, out);
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
