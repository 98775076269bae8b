/* net: bytes arrive in order and whole, and everything ends exactly once. */
#include "net/net.h"
#include "support/check.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <netinet/in.h>
#include <unistd.h>

/* An end of a connection, and what it has seen. */
struct end {
	struct net_stream *st;
	uint8_t *got;
	size_t n_got, cap;
	size_t sent;
	enum err err; /* of closed */
	unsigned n_closed;
	bool is_echo;
	bool closes_after; /* n_got reaches it */
	struct echo *echoes;
};

/* Bytes on their way back; they stay until they have left. */
struct echo {
	struct echo *next;
	size_t n, left;
	uint8_t p[];
};

static void
on_bytes(void *ctx, const uint8_t *p, size_t n)
{
	struct end *e = ctx;
	struct echo **last = &e->echoes;

	CHECK(n > 0 && e->n_closed == 0);
	if (e->is_echo) {
		while (*last != NULL)
			last = &(*last)->next;
		*last = calloc(1, sizeof **last + n);
		(*last)->n = (*last)->left = n;
		memcpy((*last)->p, p, n);
		net_send(e->st, (*last)->p, n);
		return;
	}
	if (e->n_got + n > e->cap) {
		e->cap = (e->n_got + n) * 2;
		e->got = realloc(e->got, e->cap);
	}
	memcpy(e->got + e->n_got, p, n);
	e->n_got += n;
}

static void
on_sent(void *ctx, size_t n)
{
	struct end *e = ctx;

	CHECK(n > 0 && e->n_closed == 0);
	e->sent += n;
	while (e->is_echo && n > 0) {
		struct echo *first = e->echoes;
		size_t some = n < first->left ? n : first->left;

		n -= some;
		first->left -= some;
		if (first->left == 0) {
			e->echoes = first->next;
			free(first);
		}
	}
}

static void
on_closed(void *ctx, enum err err)
{
	struct end *e = ctx;

	e->err = err;
	e->n_closed++;
	e->st = NULL;
	for (struct echo *next; e->echoes != NULL; e->echoes = next) {
		next = e->echoes->next;
		free(e->echoes);
	}
}

static const struct net_stream_events events = { on_bytes, on_sent,
	on_closed };

static struct end *accepting; /* gets the next stream */
static unsigned n_accepted;

static void
on_accept(void *ctx, struct net_stream *st)
{
	(void)ctx;
	n_accepted++;
	if (accepting == NULL) {
		net_close(st, true);
		return;
	}
	accepting->st = st;
	net_stream_use(st, &events, accepting);
	accepting = NULL;
}

/* What became of an attempt to connect. */
struct outcome {
	struct end *end;
	unsigned n;
	enum err err;
};

static void
on_connected(void *ctx, struct net_stream *st, enum err err)
{
	struct outcome *o = ctx;

	o->n++;
	o->err = err;
	CHECK((st != NULL) == (err == ERR_OK));
	if (st == NULL)
		return;
	if (o->end == NULL) {
		net_close(st, true);
		return;
	}
	o->end->st = st;
	net_stream_use(st, &events, o->end);
}

static struct net_addr
loopback(uint16_t port)
{
	struct net_addr addr;

	CHECK_OK(net_addr_parse(&addr, "127.0.0.1", port));
	return addr;
}

/* A loop, a listener, and a pair of ends that are connected. */
struct pair {
	struct net *n;
	struct net_listener *l;
	struct net_addr bound;
	struct end near, far; /* near connected, far accepted */
};

static void
pair_open(struct pair *p)
{
	struct net_addr any = loopback(0);
	struct outcome o = { .end = &p->near };
	struct net_attempt *a;

	memset(p, 0, sizeof *p);
	CHECK_OK(net_new(&p->n));
	CHECK_OK(net_listen(p->n, &any, on_accept, NULL, &p->l, &p->bound));
	CHECK(p->bound.port != 0);
	accepting = &p->far;
	CHECK_OK(net_connect_addr(p->n, &p->bound, on_connected, &o, &a));
	CHECK_EQ(o.n, 0);
	while (o.n == 0 || p->far.st == NULL)
		net_step(p->n, -1);
	CHECK_OK(o.err);
}

static void
pair_close(struct pair *p)
{
	net_free(p->n);
	CHECK_EQ(p->near.n_closed, 1);
	CHECK_EQ(p->far.n_closed, 1);
	free(p->near.got);
	free(p->far.got);
}

/* ---- bytes ---- */

TEST(all_chunkings_come_back_whole)
{
	enum { LEN = 300000 };
	static const size_t chunks[] = { 1, 2, 3, 100, 1448, 4096, 16384,
		65535, 65536, 65537, LEN };
	static uint8_t data[LEN];
	struct pair p;

	for (size_t i = 0; i < LEN; i++)
		data[i] = (uint8_t)(i * 31 + i / 256);
	for (size_t k = 0; k < sizeof chunks / sizeof chunks[0]; k++) {
		size_t len = chunks[k] < 100 ? 2000 : LEN;

		pair_open(&p);
		p.far.is_echo = true;
		for (size_t at = 0; at < len; at += chunks[k]) {
			size_t n = len - at < chunks[k] ? len - at : chunks[k];

			net_send(p.near.st, data + at, n);
			if (at / chunks[k] % 7 == 0)
				net_step(p.n, 0);
		}
		while (p.near.n_got < len || p.near.sent < len)
			net_step(p.n, -1);
		CHECK_EQ(p.near.sent, len);
		CHECK_BYTES(((struct bytes){ p.near.got, p.near.n_got }),
		    ((struct bytes){ data, len }));
		pair_close(&p);
	}
}

TEST(much_output_waits_and_leaves_in_order)
{
	enum { LEN = 20000000 };
	uint8_t *data = malloc(LEN);
	struct pair p;

	for (size_t i = 0; i < LEN; i++)
		data[i] = (uint8_t)(i * 7 + i / 65536);
	pair_open(&p);
	net_pause(p.far.st, true);
	for (size_t at = 0; at < LEN; at += 100000)
		net_send(p.near.st, data + at, 100000);
	for (unsigned i = 0; i < 20; i++)
		net_step(p.n, 0);
	CHECK(p.near.sent < LEN);
	CHECK_EQ(p.far.n_got, 0);
	net_pause(p.far.st, false);
	net_close(p.near.st, false);
	while (p.near.n_closed == 0 || p.far.n_closed == 0)
		net_step(p.n, -1);
	CHECK_EQ(p.near.sent, LEN);
	CHECK_OK(p.near.err);
	CHECK_ERR(p.far.err, ERR_GONE);
	CHECK_BYTES(((struct bytes){ p.far.got, p.far.n_got }),
	    ((struct bytes){ data, LEN }));
	pair_close(&p);
	free(data);
}

TEST(last_words_survive_unread_input)
{
	struct pair p;

	/* The far end says something that the near one will never read; a
	 * plain close would answer it with a reset, and lose "farewell". */
	pair_open(&p);
	net_pause(p.near.st, true);
	net_pause(p.far.st, true);
	net_send(p.far.st, (const uint8_t *)"unread", 6);
	net_step(p.n, 0);
	net_send(p.near.st, (const uint8_t *)"farewell", 8);
	net_close(p.near.st, false);
	for (unsigned i = 0; i < 5; i++)
		net_step(p.n, 0);
	net_pause(p.far.st, false);
	while (p.near.n_closed == 0 || p.far.n_closed == 0)
		net_step(p.n, -1);
	CHECK_BYTES(((struct bytes){ p.far.got, p.far.n_got }),
	    BYTES_LIT("farewell"));
	CHECK_ERR(p.far.err, ERR_GONE);
	CHECK_EQ(p.near.n_got, 0);
	pair_close(&p);
}

TEST(a_silent_peer_does_not_keep_a_stream)
{
	struct pair p;
	uint64_t start;

	pair_open(&p);
	net_pause(p.far.st, true); /* it will not see the end */
	start = net_now_ms(p.n);
	net_close(p.near.st, false);
	while (p.near.n_closed == 0)
		net_step(p.n, -1);
	CHECK(net_now_ms(p.n) - start >= 900);
	CHECK_EQ(p.far.n_closed, 0);
	pair_close(&p);
}

TEST(closing_at_once_is_told_once)
{
	static uint8_t big[4000000];
	struct pair p;

	pair_open(&p);
	net_pause(p.far.st, true);
	net_send(p.near.st, big, sizeof big);
	net_close(p.near.st, true);
	net_close(p.near.st, true);
	net_send(p.near.st, big, sizeof big);
	CHECK_EQ(p.near.n_closed, 0);
	while (p.near.n_closed == 0)
		net_step(p.n, -1);
	CHECK_OK(p.near.err);
	net_pause(p.far.st, false);
	while (p.far.n_closed == 0)
		net_step(p.n, -1);
	CHECK(p.far.n_got < sizeof big);
	pair_close(&p);
}

TEST(freeing_closes_what_is_open)
{
	static uint8_t big[4000000];
	struct pair p;

	pair_open(&p);
	net_pause(p.far.st, true);
	net_send(p.near.st, big, sizeof big);
	pair_close(&p);
	pair_open(&p);
	pair_close(&p);
}

/* ---- listening ---- */

static unsigned rounds;

static void
on_round(void *ctx)
{
	(void)ctx;
	rounds++;
}

TEST(both_families_reach_one_listener)
{
	static const char *const hosts[] = { "127.0.0.1", "::1",
		"localhost" };
	struct net *n;
	struct net_listener *l;
	struct net_addr any = { .port = 0 }, bound, addr;
	struct net_attempt *a;
	char text[56];

	CHECK_OK(net_new(&n));
	CHECK_OK(net_listen(n, &any, on_accept, NULL, &l, &bound));
	for (size_t i = 0; i < 3; i++) {
		struct end near = { 0 }, far = { 0 };
		struct outcome o = { .end = &near };

		accepting = &far;
		CHECK_OK(net_connect(n, hosts[i], bound.port, on_connected,
		    &o, &a));
		while (o.n == 0 || (o.err == ERR_OK && far.st == NULL))
			net_step(n, -1);
		if (o.err != ERR_OK && bound.ip[10] == 0xff && i == 1) {
			check_skip("this machine has no IPv6", 1);
			continue;
		}
		CHECK_OK(o.err);
		net_peer(near.st, &addr);
		CHECK_EQ(addr.port, bound.port);
		net_local(near.st, &addr);
		net_addr_print(text, &addr);
		CHECK(i == 2 || strncmp(text, i == 0 ? "127.0.0.1:" :
		    "[::1]:", i == 0 ? 10 : 6) == 0);
		net_peer(far.st, &addr);
		CHECK(addr.port != 0 && addr.port != bound.port);
		net_close(near.st, true);
		while (near.n_closed == 0 || far.n_closed == 0)
			net_step(n, -1);
	}
	net_free(n);
}

TEST(a_port_is_taken_once)
{
	struct net *n;
	struct net_listener *l, *again = NULL;
	struct net_addr any = loopback(0), bound, unused;

	CHECK_OK(net_new(&n));
	CHECK_OK(net_listen(n, &any, on_accept, NULL, &l, &bound));
	CHECK_ERR(net_listen(n, &bound, on_accept, NULL, &again, &unused),
	    ERR_IO);
	CHECK(strstr(net_why(n), "in use") != NULL);
	net_listener_close(l);
	net_step(n, 0);
	CHECK_OK(net_listen(n, &bound, on_accept, NULL, &l, &unused));
	net_free(n);
}

TEST(an_inherited_descriptor_listens)
{
	struct net *n;
	struct net_listener *l;
	struct net_addr bound;
	struct sockaddr_in sa = { .sin_family = AF_INET };
	struct end near = { 0 }, far = { 0 };
	struct outcome o = { .end = &near };
	struct net_attempt *a;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int wrong = socket(AF_UNIX, SOCK_STREAM, 0);

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK_EQ(bind(fd, (struct sockaddr *)&sa, sizeof sa), 0);
	CHECK_OK(net_new(&n));
	CHECK_ERR(net_listen_fd(n, wrong, on_accept, NULL, &l, &bound),
	    ERR_ARG);
	CHECK_OK(net_listen_fd(n, fd, on_accept, NULL, &l, &bound));
	accepting = &far;
	CHECK_OK(net_connect_addr(n, &bound, on_connected, &o, &a));
	while (far.st == NULL || near.st == NULL)
		net_step(n, -1);
	net_free(n);
	(void)close(wrong);
}

TEST(a_unix_socket_is_private)
{
	char dir[] = "/tmp/sotto-net-XXXXXX", path[64], longer[200];
	struct net *n;
	struct net_listener *l;
	struct net_addr addr;
	struct net_attempt *a;
	struct end near = { 0 }, far = { 0 };
	struct outcome o = { .end = &near };
	struct stat st;
	FILE *old;

	CHECK(mkdtemp(dir) != NULL);
	(void)snprintf(path, sizeof path, "%s/control", dir);
	old = fopen(path, "w");
	CHECK(old != NULL && fclose(old) == 0);
	CHECK_OK(net_new(&n));
	CHECK_OK(net_listen_unix(n, path, on_accept, NULL, &l));
	CHECK_EQ(stat(path, &st), 0);
	CHECK(S_ISSOCK(st.st_mode));
	CHECK_EQ(st.st_mode & 07777, 0600);
	accepting = &far;
	CHECK_OK(net_connect_unix(n, path, on_connected, &o, &a));
	while (far.st == NULL || near.st == NULL)
		net_step(n, -1);
	net_peer(far.st, &addr);
	CHECK_EQ(addr.port, 0);
	far.is_echo = true;
	net_send(near.st, (const uint8_t *)"hello", 5);
	while (near.n_got < 5)
		net_step(n, -1);
	CHECK_BYTES(((struct bytes){ near.got, 5 }), BYTES_LIT("hello"));
	net_close(near.st, false);
	while (far.n_closed == 0)
		net_step(n, -1);
	net_listener_close(l);
	net_step(n, 0);
	CHECK(stat(path, &st) != 0);
	memset(longer, 'x', sizeof longer);
	longer[sizeof longer - 1] = '\0';
	CHECK_ERR(net_listen_unix(n, longer, on_accept, NULL, &l), ERR_ARG);
	CHECK_ERR(net_connect_unix(n, longer, on_connected, &o, &a), ERR_ARG);
	o = (struct outcome){ 0 };
	CHECK_OK(net_connect_unix(n, path, on_connected, &o, &a));
	while (o.n == 0)
		net_step(n, -1);
	CHECK_ERR(o.err, ERR_IO);
	net_free(n);
	free(near.got);
	(void)rmdir(dir);
}

TEST(more_streams_than_allowed_are_shed)
{
	struct pair p;
	struct end more[4] = { 0 };
	struct outcome o[4] = { 0 };
	struct net_attempt *a;
	unsigned before;

	pair_open(&p);
	before = n_accepted;
	/* Two are open, and stay: whoever comes is one too many. */
	net_reserve(p.n, 2);
	for (size_t i = 0; i < 4; i++) {
		o[i].end = &more[i];
		CHECK_OK(net_connect_addr(p.n, &p.bound, on_connected, &o[i],
		    &a));
	}
	while (more[0].n_closed + more[1].n_closed + more[2].n_closed +
	    more[3].n_closed < 4)
		net_step(p.n, -1);
	CHECK_EQ(n_accepted, before);
	net_reserve(p.n, 8);
	o[0].n = 0;
	more[0] = (struct end){ 0 };
	accepting = &more[1];
	CHECK_OK(net_connect_addr(p.n, &p.bound, on_connected, &o[0], &a));
	while (n_accepted == before || o[0].n == 0)
		net_step(p.n, -1);
	pair_close(&p);
}

TEST(without_descriptors_the_loop_lives_on)
{
	struct rlimit old, few = { 0 };
	struct pair p;
	int spare[2000];
	size_t n_spare = 0;
	struct net_attempt *a;
	struct outcome o = { 0 };

	pair_open(&p);
	CHECK_EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = old;
	few.rlim_cur = 200;
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
	/* One descriptor for the connecting end, none for the accepting. */
	while (n_spare < 2000) {
		spare[n_spare] = dup(1);
		if (spare[n_spare] < 0)
			break;
		n_spare++;
	}
	(void)close(spare[--n_spare]);
	CHECK_OK(net_connect_addr(p.n, &p.bound, on_connected, &o, &a));
	for (unsigned i = 0; i < 50 && o.n == 0; i++)
		net_step(p.n, 10);
	CHECK_EQ(o.n, 1);
	p.far.is_echo = true;
	net_send(p.near.st, (const uint8_t *)"alive", 5);
	while (p.near.n_got < 5)
		net_step(p.n, 100);
	while (n_spare > 0)
		(void)close(spare[--n_spare]);
	(void)setrlimit(RLIMIT_NOFILE, &old);
	accepting = &(struct end){ 0 };
	n_accepted = 0;
	o = (struct outcome){ 0 };
	CHECK_OK(net_connect_addr(p.n, &p.bound, on_connected, &o, &a));
	while (o.n == 0 || n_accepted == 0)
		net_step(p.n, -1);
	CHECK_OK(o.err);
	pair_close(&p);
}

/* ---- connecting ---- */

TEST(a_refused_connection_is_told)
{
	struct net *n;
	struct net_listener *l;
	struct net_addr any = loopback(0), bound;
	struct net_attempt *a;
	struct outcome o = { 0 };

	CHECK_OK(net_new(&n));
	CHECK_OK(net_listen(n, &any, on_accept, NULL, &l, &bound));
	net_listener_close(l);
	net_step(n, 0);
	CHECK_OK(net_connect_addr(n, &bound, on_connected, &o, &a));
	CHECK_EQ(o.n, 0);
	while (o.n == 0)
		net_step(n, -1);
	CHECK_ERR(o.err, ERR_IO);
	/* By name there may be several addresses; one answer all the same. */
	o = (struct outcome){ 0 };
	CHECK_OK(net_connect(n, "localhost", bound.port, on_connected, &o,
	    &a));
	while (o.n == 0)
		net_step(n, -1);
	CHECK_ERR(o.err, ERR_IO);
	net_step(n, 0);
	CHECK_EQ(o.n, 1);
	net_free(n);
}

TEST(a_name_that_is_none_is_told)
{
	struct net *n;
	struct net_attempt *a;
	struct outcome o = { 0 };
	char longer[400];

	CHECK_OK(net_new(&n));
	CHECK_OK(net_connect(n, "no-such-host.invalid", 1, on_connected, &o,
	    &a));
	while (o.n == 0)
		net_step(n, -1);
	CHECK_ERR(o.err, ERR_GONE);
	memset(longer, 'x', sizeof longer);
	longer[sizeof longer - 1] = '\0';
	o = (struct outcome){ 0 };
	CHECK_OK(net_connect(n, longer, 1, on_connected, &o, &a));
	while (o.n == 0)
		net_step(n, -1);
	CHECK_ERR(o.err, ERR_GONE);
	net_free(n);
}

TEST(a_cancelled_attempt_says_nothing)
{
	struct pair p;
	struct net_attempt *a;
	struct outcome o = { 0 };

	pair_open(&p);
	accepting = NULL;
	CHECK_OK(net_connect_addr(p.n, &p.bound, on_connected, &o, &a));
	net_cancel(a);
	CHECK_OK(net_connect_addr(p.n, &p.bound, on_connected, &o, &a));
	net_step(p.n, 0);
	if (o.n == 0)
		net_cancel(a);
	o.n = 0;
	CHECK_OK(net_connect(p.n, "localhost", p.bound.port, on_connected, &o,
	    &a));
	net_cancel(a);
	for (unsigned i = 0; i < 20; i++)
		net_step(p.n, 1);
	CHECK_EQ(o.n, 0);
	CHECK_OK(net_connect(p.n, "localhost", p.bound.port, on_connected, &o,
	    &a));
	pair_close(&p); /* with one under way */
	CHECK_EQ(o.n, 0);
}

/* ---- the loop ---- */

static struct {
	pthread_t work, done;
	unsigned n_work, n_done;
	struct net *n;
	bool is_over;
} jobs;

static void
job_work(void *ctx)
{
	(void)ctx;
	jobs.work = pthread_self();
	__atomic_fetch_add(&jobs.n_work, 1, __ATOMIC_SEQ_CST);
}

static void
job_done(void *ctx)
{
	(void)ctx;
	jobs.done = pthread_self();
	jobs.n_done++;
}

static void
job_work_many(void *ctx)
{
	(void)ctx;
	__atomic_fetch_add(&jobs.n_work, 1, __ATOMIC_SEQ_CST);
}

TEST(jobs_run_elsewhere_and_end_here)
{
	struct net *n;

	memset(&jobs, 0, sizeof jobs);
	CHECK_OK(net_new(&n));
	CHECK_OK(net_job(n, job_work, job_done, NULL));
	while (jobs.n_done < 1)
		net_step(n, -1);
	CHECK(!pthread_equal(jobs.work, pthread_self()));
	CHECK(pthread_equal(jobs.done, pthread_self()));
	for (unsigned i = 0; i < 100; i++)
		CHECK_OK(net_job(n, job_work_many, job_done, NULL));
	net_free(n); /* waits for them */
	CHECK_EQ(jobs.n_work, 101);
	CHECK_EQ(jobs.n_done, 101);
}

static uint64_t fired_at;
static unsigned n_fired;

static void
on_fire(void *ctx)
{
	fired_at = net_now_ms(ctx);
	n_fired++;
}

TEST(a_deadline_fires_once_and_not_early)
{
	struct net *n;
	uint64_t now;

	CHECK_OK(net_new(&n));
	now = net_now_ms(n);
	n_fired = 0;
	net_deadline(n, now + 30, on_fire, n);
	CHECK(net_timeout(n) >= 0 && net_timeout(n) <= 40);
	while (n_fired == 0)
		net_step(n, -1);
	CHECK(fired_at >= now + 30);
	net_step(n, 5);
	CHECK_EQ(n_fired, 1);
	CHECK_EQ(net_timeout(n), -1);
	net_deadline(n, net_now_ms(n) + 10000, on_fire, n);
	net_deadline(n, net_now_ms(n), on_fire, n);
	net_step(n, -1);
	CHECK_EQ(n_fired, 2);
	net_deadline(n, net_now_ms(n) + 10, on_fire, n);
	net_deadline(n, UINT64_MAX, on_fire, n);
	for (unsigned i = 0; i < 5; i++)
		net_step(n, 5);
	CHECK_EQ(n_fired, 2);
	net_free(n);
}

static unsigned n_woken;

static void
on_woken(void *ctx)
{
	n_woken++;
	net_stop(ctx);
}

static void *
wake_it(void *ctx)
{
	net_wake(ctx);
	return NULL;
}

TEST(another_thread_wakes_the_loop)
{
	struct net *n;
	pthread_t thread;

	CHECK_OK(net_new(&n));
	n_woken = rounds = 0;
	net_on_wake(n, on_woken, n);
	net_on_round(n, on_round, NULL);
	CHECK_EQ(pthread_create(&thread, NULL, wake_it, n), 0);
	net_run(n);
	CHECK_EQ(pthread_join(thread, NULL), 0);
	CHECK(n_woken >= 1 && rounds >= 1);
	net_free(n);
}

static int seen_signal;

static void
on_signal(void *ctx, int number)
{
	seen_signal = number;
	net_stop(ctx);
}

static void
on_told(void *ctx)
{
	++*(unsigned *)ctx;
}

static void
on_told_signal(void *ctx, int number)
{
	(void)number;
	on_told(ctx);
}

TEST(silence_holds_for_what_is_under_way)
{
	unsigned told = 0;
	struct net *n;

	CHECK_OK(net_new(&n));
	net_on_wake(n, on_told, &told);
	net_on_round(n, on_told, &told);
	net_on_signal(n, SIGUSR2, on_told_signal, &told);
	net_deadline(n, net_now_ms(n), on_told, &told);
	net_wake(n);
	CHECK_EQ(raise(SIGUSR2), 0);
	net_silence(n);
	net_step(n, 0);
	net_free(n);
	CHECK_EQ(told, 0);
}

TEST(signals_are_events)
{
	struct net *n;

	CHECK_OK(net_new(&n));
	net_on_signal(n, SIGHUP, on_signal, n);
	net_on_signal(n, SIGTERM, on_signal, n);
	CHECK_EQ(raise(SIGTERM), 0);
	net_run(n);
	CHECK_EQ(seen_signal, SIGTERM);
	CHECK_EQ(raise(SIGHUP), 0);
	net_run(n);
	CHECK_EQ(seen_signal, SIGHUP);
	net_free(n);
}

/* Sends what is left one by one, always from the round. */
static struct {
	struct pair *p;
	unsigned left;
} chatter;

static void
chatter_round(void *ctx)
{
	(void)ctx;
	if (chatter.left > 0 && chatter.p->near.st != NULL &&
	    chatter.p->near.sent + chatter.left == 100) {
		chatter.left--;
		net_send(chatter.p->near.st, (const uint8_t *)"x", 1);
	}
}

TEST(what_a_round_says_is_told_before_the_loop_sleeps)
{
	struct pair p;

	pair_open(&p);
	chatter.p = &p;
	chatter.left = 100;
	net_on_round(p.n, chatter_round, NULL);
	net_wake(p.n);
	while (p.far.n_got < 100 || p.near.sent < 100)
		net_step(p.n, -1);
	pair_close(&p);
}

TEST(addresses_have_one_spelling)
{
	static const char *const good[][2] = {
		{ "1.2.3.4", "1.2.3.4:7" }, { "::1", "[::1]:7" },
		{ "::ffff:1.2.3.4", "1.2.3.4:7" }, { "::", "[::]:7" },
		{ "2001:DB8:0::1", "[2001:db8::1]:7" },
	};
	static const char *const bad[] = { "", "localhost", "1.2.3", "[::1]",
		"1.2.3.4.5", ":::", "1.2.3.4 " };
	struct net_addr addr, local[64];
	char text[56];
	size_t n;

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		CHECK_OK(net_addr_parse(&addr, good[i][0], 7));
		net_addr_print(text, &addr);
		CHECK(strcmp(text, good[i][1]) == 0);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK_ERR(net_addr_parse(&addr, bad[i], 7), ERR_ARG);
	n = net_addr_local(local, 64);
	CHECK(n <= 64);
	for (size_t i = 0; i < n; i++) {
		/* Of no use to anybody else. */
		CHECK(net_addr_parse(&addr, "::1", 0) == ERR_OK &&
		    memcmp(addr.ip, local[i].ip, sizeof addr.ip) != 0);
		CHECK(net_addr_parse(&addr, "127.0.0.1", 0) == ERR_OK &&
		    memcmp(addr.ip, local[i].ip, sizeof addr.ip) != 0);
	}
	CHECK_EQ(net_addr_local(local, 0), 0);
}

CHECK_MAIN(T(all_chunkings_come_back_whole),
    T(much_output_waits_and_leaves_in_order),
    T(last_words_survive_unread_input),
    T(a_silent_peer_does_not_keep_a_stream),
    T(closing_at_once_is_told_once), T(freeing_closes_what_is_open),
    T(both_families_reach_one_listener), T(a_port_is_taken_once),
    T(an_inherited_descriptor_listens), T(a_unix_socket_is_private),
    T(more_streams_than_allowed_are_shed),
    T(without_descriptors_the_loop_lives_on),
    T(a_refused_connection_is_told), T(a_name_that_is_none_is_told),
    T(a_cancelled_attempt_says_nothing), T(jobs_run_elsewhere_and_end_here),
    T(a_deadline_fires_once_and_not_early),
    T(another_thread_wakes_the_loop), T(signals_are_events),
    T(silence_holds_for_what_is_under_way),
    T(what_a_round_says_is_told_before_the_loop_sleeps),
    T(addresses_have_one_spelling))
