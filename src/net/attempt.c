#include "net/stream.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

/* RFC 8305: how long an address has before the next is tried beside it. */
#define HEAD_START_MS 250
#define ADDRESSES_MAX 8

/* One address that is being tried. */
struct candidate {
	uv_connect_t req; /* first */
	struct net_attempt *a;
	struct net_stream *st; /* NULL: not, or no longer */
	struct sockaddr_storage to;
};

struct net_attempt {
	struct link link; /* first */
	struct net *n;
	net_connected_fn *fn;
	void *ctx;
	uv_getaddrinfo_t lookup;
	uv_timer_t timer;
	bool is_looking;
	bool is_over; /* the caller knows, or does not care any more */
	/* The timer, the lookup and each candidate keep it alive. */
	unsigned holds;
	unsigned n_candidates, next;
	unsigned trying;
	struct candidate candidates[ADDRESSES_MAX];
	char path[sizeof((struct sockaddr_un *)NULL)->sun_path];
};

static struct net_attempt *
of_timer(uv_timer_t *timer)
{
	return (struct net_attempt *)((char *)timer -
	    offsetof(struct net_attempt, timer));
}

static void
release(struct net_attempt *a)
{
	if (--a->holds == 0)
		free(a);
}

static void
on_timer_closed(uv_handle_t *handle)
{
	release(of_timer((uv_timer_t *)handle));
}

/* Ends the attempt; only winner's stream lives on. The caller tells. */
static void
end(struct net_attempt *a, const struct candidate *winner)
{
	a->is_over = true;
	list_remove(&a->link);
	if (a->is_looking)
		(void)uv_cancel((uv_req_t *)&a->lookup);
	for (unsigned i = 0; i < a->n_candidates; i++) {
		struct candidate *c = &a->candidates[i];

		if (c->st != NULL && c != winner)
			net_stream_drop(c->st, ERR_OK);
		c->st = NULL;
	}
	uv_close((uv_handle_t *)&a->timer, on_timer_closed);
}

static void
fail(struct net_attempt *a, enum err err)
{
	end(a, NULL);
	a->fn(a->ctx, NULL, err);
}

static void try_next(struct net_attempt *a);

static void
on_timer(uv_timer_t *timer)
{
	net_timer_ran(net_of(timer));
	try_next(of_timer(timer));
}

/* Lets the kernel find out what nobody else says: that the other end has
 * forgotten us, or that nothing reaches it. */
static void
watch(struct net_stream *st)
{
	static const int every_s = 5, times = 3, give_up_ms = 30000;
	uv_os_fd_t fd;

	(void)uv_tcp_keepalive(&st->u.tcp, 1, 15);
	if (uv_fileno(&st->u.handle, &fd) != 0)
		return;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every_s,
	    sizeof every_s);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &times, sizeof times);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &give_up_ms,
	    sizeof give_up_ms);
}

static void
on_connected(uv_connect_t *req, int status)
{
	struct candidate *c = (struct candidate *)req;
	struct net_attempt *a = c->a;
	struct net_stream *st = c->st;

	a->trying--;
	if (!a->is_over && status == 0) {
		end(a, c);
		if (st->u.handle.type == UV_TCP) {
			net_stream_tune(st);
			watch(st);
		}
		a->fn(a->ctx, st, ERR_OK);
	} else if (!a->is_over) {
		c->st = NULL;
		net_stream_drop(st, ERR_IO);
		try_next(a);
	}
	release(a);
}

/* Starts on one address; returns whether that much went well. */
static bool
try_one(struct net_attempt *a, struct candidate *c)
{
	bool is_pipe = a->path[0] != '\0';
	struct net_stream *st = net_stream_new(a->n, is_pipe);
	int rc = 0;

	if (st == NULL)
		return false;
	if (is_pipe)
		uv_pipe_connect(&c->req, &st->u.pipe, a->path, on_connected);
	else
		rc = uv_tcp_connect(&c->req, &st->u.tcp,
		    (struct sockaddr *)&c->to, on_connected);
	if (rc != 0) {
		net_stream_drop(st, ERR_IO);
		return false;
	}
	c->a = a;
	c->st = st;
	a->trying++;
	a->holds++;
	return true;
}

/* Starts on the next address that lets itself be tried; fails when there is
 * none and nobody is being tried. */
static void
try_next(struct net_attempt *a)
{
	bool is_begun = false;

	while (!is_begun && a->next < a->n_candidates)
		is_begun = try_one(a, &a->candidates[a->next++]);
	if (a->trying == 0)
		fail(a, a->n_candidates == 0 ? ERR_GONE : ERR_IO);
	else if (a->next < a->n_candidates)
		(void)uv_timer_start(&a->timer, on_timer, HEAD_START_MS, 0);
}

/* Takes the addresses of (or not of) a family, each second place, in their
 * order, so that the families take turns. */
static void
take_family(struct net_attempt *a, const struct addrinfo *list, int family,
    bool is_other)
{
	unsigned at = is_other ? 1 : 0;

	for (; list != NULL && at < ADDRESSES_MAX; list = list->ai_next) {
		if ((list->ai_family != family) != is_other ||
		    list->ai_addrlen > sizeof a->candidates[at].to)
			continue;
		memcpy(&a->candidates[at].to, list->ai_addr,
		    list->ai_addrlen);
		at += 2;
	}
}

static void
take_addresses(struct net_attempt *a, const struct addrinfo *list)
{
	unsigned n = 0;

	take_family(a, list, list->ai_family, false);
	take_family(a, list, list->ai_family, true);
	for (unsigned i = 0; i < ADDRESSES_MAX; i++)
		if (a->candidates[i].to.ss_family != 0)
			a->candidates[n++].to = a->candidates[i].to;
	a->n_candidates = n;
}

static void
on_lookup(uv_getaddrinfo_t *req, int status, struct addrinfo *list)
{
	struct net_attempt *a = (struct net_attempt *)((char *)req -
	    offsetof(struct net_attempt, lookup));

	a->is_looking = false;
	if (!a->is_over && (status != 0 || list == NULL)) {
		fail(a, status == UV_EAI_MEMORY ? ERR_NOMEM : ERR_GONE);
	} else if (!a->is_over) {
		take_addresses(a, list);
		try_next(a);
	}
	uv_freeaddrinfo(list);
	release(a);
}

static struct net_attempt *
attempt_new(struct net *n, net_connected_fn *fn, void *ctx)
{
	struct net_attempt *a = calloc(1, sizeof *a);

	if (a == NULL)
		return NULL;
	a->n = n;
	a->fn = fn;
	a->ctx = ctx;
	a->holds = 1;
	(void)uv_timer_init(&n->loop, &a->timer);
	list_push_back(&n->attempts, &a->link);
	return a;
}

/* Starts on the n addresses that are known, from the loop. */
static void
start_known(struct net_attempt *a, unsigned n, struct net_attempt **out)
{
	a->n_candidates = n;
	uv_update_time(&a->n->loop);
	(void)uv_timer_start(&a->timer, on_timer, 0, 0);
	*out = a;
}

/* RFC 6761, 6.3: localhost is this machine, whatever a resolver says, and
 * also where there is none. */
static bool
is_localhost(const char *host)
{
	return strcasecmp(host, "localhost") == 0;
}

static enum err
connect_localhost(struct net_attempt *a, uint16_t port,
    struct net_attempt **out)
{
	static const char *const loopback[] = { "::1", "127.0.0.1" };
	struct net_addr addr;
	enum err err = ERR_OK;

	for (unsigned i = 0; i < 2; i++) {
		TRY(net_addr_parse(&addr, loopback[i], port));
		net_addr_to(&a->candidates[i].to, &addr);
	}
	start_known(a, 2, out);
out:
	return err;
}

enum err
net_connect(struct net *n, const char *host, uint16_t port,
    net_connected_fn *fn, void *ctx, struct net_attempt **out)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV };
	struct net_attempt *a;
	struct net_addr addr;
	char service[8];

	if (net_addr_parse(&addr, host, port) == ERR_OK)
		return net_connect_addr(n, &addr, fn, ctx, out);
	a = attempt_new(n, fn, ctx);
	if (a == NULL)
		return ERR_NOMEM;
	if (is_localhost(host))
		return connect_localhost(a, port, out);
	(void)snprintf(service, sizeof service, "%u", port);
	if (uv_getaddrinfo(&n->loop, &a->lookup, on_lookup, host, service,
	    &hints) != 0) {
		/* A name that cannot be one: it fails like an unknown one. */
		(void)uv_timer_start(&a->timer, on_timer, 0, 0);
	} else {
		a->is_looking = true;
		a->holds++;
	}
	*out = a;
	return ERR_OK;
}

enum err
net_connect_addr(struct net *n, const struct net_addr *addr,
    net_connected_fn *fn, void *ctx, struct net_attempt **out)
{
	struct net_attempt *a = attempt_new(n, fn, ctx);

	if (a == NULL)
		return ERR_NOMEM;
	net_addr_to(&a->candidates[0].to, addr);
	start_known(a, 1, out);
	return ERR_OK;
}

enum err
net_connect_unix(struct net *n, const char *path, net_connected_fn *fn,
    void *ctx, struct net_attempt **out)
{
	struct net_attempt *a;

	if (path[0] == '\0' || strlen(path) >= sizeof a->path)
		return ERR_ARG;
	a = attempt_new(n, fn, ctx);
	if (a == NULL)
		return ERR_NOMEM;
	memcpy(a->path, path, strlen(path) + 1);
	start_known(a, 1, out);
	return ERR_OK;
}

void
net_cancel(struct net_attempt *a)
{
	end(a, NULL);
}
