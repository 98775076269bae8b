/*
 * server - what the server costs, seen from outside: a real sottod on one
 * core, this program on another.
 *
 *	bench-server PORT KEY PID CODES [PART]
 *		CODES: "name code" lines, one for each account, in base64url;
 *		PART: idle, login, device, one, burst
 *	bench-server raw PORT PID
 *		the limit of the relay
 *
 * Prints "name value" lines. CPU is that of the server's process, from its
 * own clock; the peers that it is compared with are measured by bench/run.
 */
#include "guest.h"

#include "base/hex.h"
#include "crypto/crypto.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PAIRS    64
#define ACCOUNTS (2 * PAIRS)
#define IDLE     3000
#define ROUNDS   16   /* of which the best counts */
#define LOGINS   32   /* at the same time, in a round */
#define SECONDS  0.25 /* of a round of the relay */
#define BURST    32

/* A message of 100 bytes is a line record of one class, and that is what the
 * relay carries. */
#define LINE_RECORD_LEN 256

static struct guest_server server;
static struct guest_account accounts[ACCOUNTS];
static struct guest guests[ACCOUNTS];
static pid_t server_pid;

static double
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* CPU seconds that the server has used. */
static double
server_cpu(void)
{
	clockid_t clock;
	struct timespec t;

	if (clock_getcpuclockid(server_pid, &clock) != 0 ||
	    clock_gettime(clock, &t) != 0)
		guest_die("no CPU clock of process %d", (int)server_pid);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Resident bytes of the server that are its own. */
static double
server_memory(void)
{
	char path[64], line[200];
	double kib = 0, one;
	FILE *f;

	(void)snprintf(path, sizeof path, "/proc/%d/smaps_rollup",
	    (int)server_pid);
	f = fopen(path, "r");
	if (f == NULL)
		guest_die("%s: %s", path, strerror(errno));
	while (fgets(line, sizeof line, f) != NULL)
		if (sscanf(line, "Private_Dirty: %lf", &one) == 1)
			kib += one;
	(void)fclose(f);
	return kib * 1024;
}

static void
register_all(const char *path)
{
	FILE *f = fopen(path, "r");
	char name[40], code[64];

	if (f == NULL)
		guest_die("%s: %s", path, strerror(errno));
	for (size_t i = 0; i < ACCOUNTS; i++) {
		uint8_t raw[WIRE_CODE_LEN];
		struct guest g;

		if (fscanf(f, "%39s %63s", name, code) != 2 ||
		    base64_decode(raw, sizeof raw, bytes_str(code)) != ERR_OK)
			guest_die("%s: line %zu", path, i + 1);
		guest_account_init(&accounts[i], name);
		guest_connect(&g, &server, 1);
		guest_register(&g, &accounts[i], raw);
		guest_close(&g);
	}
	(void)fclose(f);
}

/* ---- logins ---- */

/* Everybody in guests[0..n) comes in, at the same time. */
static void
connect_all(size_t n)
{
	for (size_t i = 0; i < n; i++)
		guest_connect_begin(&guests[i], &server, 1);
	for (size_t i = 0; i < n; i++)
		guest_connect_end(&guests[i]);
}

static void
by_password(size_t n)
{
	for (size_t i = 0; i < n; i++)
		guest_login_begin(&guests[i], &accounts[i]);
	for (size_t i = 0; i < n; i++)
		guest_login_answer(&guests[i], &accounts[i], 0);
}

static void
by_device(size_t n)
{
	for (size_t i = 0; i < n; i++)
		guest_device_login_begin(&guests[i], &accounts[i], 0);
}

/* From accept to LOGIN_OK. */
static void
measure_logins(const char *name, void (*login)(size_t n))
{
	double best = 1e9, cpu;

	for (size_t round = 0; round < ROUNDS; round++) {
		cpu = server_cpu();
		connect_all(LOGINS);
		login(LOGINS);
		for (size_t i = 0; i < LOGINS; i++)
			guest_login_end(&guests[i]);
		cpu = server_cpu() - cpu;
		best = cpu < best ? cpu : best;
		for (size_t i = 0; i < LOGINS; i++)
			guest_close(&guests[i]);
		/* Their ends are not part of the next round. */
		(void)usleep(10000);
	}
	printf("%s %.4f\n", name, best * 1000 / LOGINS);
}

/* ---- memory ---- */

static void
measure_idle(void)
{
	static struct guest idle[IDLE];
	double before, grown;

	/* The first ones pay for tables and slabs of others too. */
	for (size_t i = 0; i < IDLE / 10; i++) {
		guest_connect(&idle[i], &server, 1);
		guest_device_login(&idle[i], &accounts[i % ACCOUNTS], 0);
	}
	(void)usleep(100000);
	before = server_memory();
	for (size_t i = IDLE / 10; i < IDLE; i++) {
		guest_connect(&idle[i], &server, 1);
		guest_device_login(&idle[i], &accounts[i % ACCOUNTS], 0);
	}
	(void)usleep(100000);
	grown = server_memory() - before;
	printf("idle_bytes %.0f\n", grown / (IDLE - IDLE / 10));
	for (size_t i = 0; i < IDLE; i++)
		guest_close(&idle[i]);
}

/* ---- relay ---- */

/*
 * One end of a pair, here or at the raw relay. What comes is counted and not
 * opened, and what goes is sealed at once, so that one core of clients keeps
 * up with one core of server.
 */
struct end {
	int fd;
	size_t owed; /* bytes that have come since the last answer */
	struct guest *guest; /* NULL: raw */
};

static struct end ends[ACCOUNTS];

/* What n messages are on the wire: ours in one padded record, and as many
 * bytes for the raw relay. */
static size_t
wire_len(size_t n)
{
	return n == 1 ? 512 : WIRE_RECORD_PACKED;
}

static void
say_lines(struct guest *g, size_t n, bool gives_credit)
{
	static const uint8_t record[LINE_RECORD_LEN] = { 1 };
	struct wire_STREAM_DATA data = { g->stream, BYTES_OF(record) };
	struct wire_STREAM_CREDIT credit = { g->stream,
		(uint32_t)(n * LINE_RECORD_LEN) };

	for (size_t i = 0; i < n; i++)
		guest_say(g, WIRE_STREAM_DATA, &data);
	/* What has been taken is given back, as the client does. */
	if (gives_credit)
		guest_say(g, WIRE_STREAM_CREDIT, &credit);
	guest_flush(g);
}

static void
answer(struct end *e, size_t n)
{
	static const uint8_t zeros[WIRE_RECORD_PACKED];

	if (e->guest != NULL)
		say_lines(e->guest, n, true);
	else
		guest_write(e->fd, zeros, wire_len(n));
}

/* Takes what has come; returns how many messages that completes. */
static size_t
take(struct end *e, size_t n)
{
	static uint8_t buf[64 * 1024];
	ssize_t got = recv(e->fd, buf, sizeof buf, MSG_DONTWAIT);

	if (got == 0 || (got < 0 && errno != EAGAIN))
		guest_die("the relay hung up");
	if (got > 0)
		e->owed += (size_t)got;
	if (e->owed < wire_len(n))
		return 0;
	e->owed -= wire_len(n);
	return n;
}

struct round {
	double per_s, cpu_us;
};

/* Bounces bursts of n between all pairs for a while. */
static struct round
relay_round(int poller, size_t n)
{
	struct epoll_event ready[ACCOUNTS];
	double start = now(), cpu = server_cpu(), carried = 0;

	while (now() - start < SECONDS) {
		int count = epoll_wait(poller, ready, ACCOUNTS, 100);

		for (int i = 0; i < count; i++) {
			struct end *e = ready[i].data.ptr;
			size_t got = take(e, n);

			carried += (double)got;
			if (got > 0)
				answer(e, n);
		}
	}
	cpu = server_cpu() - cpu;
	return (struct round){ carried / (now() - start), cpu * 1e6 / carried };
}

static void
measure_relay(const char *name, size_t n)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int poller = epoll_create1(EPOLL_CLOEXEC);
	struct round best = { .cpu_us = 1e9 };

	for (size_t i = 0; i < ACCOUNTS; i++) {
		ends[i].owed = 0;
		ev.data.ptr = &ends[i];
		(void)epoll_ctl(poller, EPOLL_CTL_ADD, ends[i].fd, &ev);
	}
	for (size_t i = 0; i < ACCOUNTS; i += 2)
		answer(&ends[i], n);
	for (size_t i = 0; i < ROUNDS; i++) {
		struct round round = relay_round(poller, n);

		if (round.cpu_us < best.cpu_us)
			best.cpu_us = round.cpu_us;
		if (round.per_s > best.per_s)
			best.per_s = round.per_s;
	}
	printf("%s_per_s %.0f\n", name, best.per_s);
	printf("%s_cpu_us %.4f\n", name, best.cpu_us);
	(void)close(poller);
}

/* A stream for each pair, over which one burst each way is seen to come. */
static void
join_pairs(size_t n)
{
	connect_all(ACCOUNTS);
	for (size_t i = 0; i < ACCOUNTS; i++) {
		guest_device_login(&guests[i], &accounts[i], WIRE_MODE_HOSTS);
		ends[i] = (struct end){ guests[i].fd, 0, &guests[i] };
	}
	for (size_t i = 0; i < ACCOUNTS; i += 2) {
		struct guest *a = &guests[i], *b = &guests[i + 1];

		guest_join(a, b, &accounts[i + 1]);
		say_lines(a, n, false);
		while (b->received < n)
			(void)guest_read(b);
		say_lines(b, n, true);
		while (a->received < n)
			(void)guest_read(a);
	}
}

static void
measure_pairs(const char *name, size_t n)
{
	join_pairs(n);
	measure_relay(name, n);
	for (size_t i = 0; i < ACCOUNTS; i++)
		guest_close(&guests[i]);
}

/* ---- the limit ---- */

static int
raw_connect(uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
		guest_die("raw relay: %s", strerror(errno));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	return fd;
}

/* The same dance with the same bytes on the wire. */
static void
measure_raw(uint16_t port, const char *name, size_t n)
{
	for (size_t i = 0; i < ACCOUNTS; i++)
		ends[i] = (struct end){ raw_connect(port), 0, NULL };
	(void)usleep(50000);
	measure_relay(name, n);
	for (size_t i = 0; i < ACCOUNTS; i++)
		(void)close(ends[i].fd);
}

int
main(int argc, char **argv)
{
	const char *part = argc == 6 ? argv[5] : "all";
	bool is_all = strcmp(part, "all") == 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 4 && strcmp(argv[1], "raw") == 0) {
		uint16_t port = (uint16_t)strtoul(argv[2], NULL, 10);

		server_pid = (pid_t)strtol(argv[3], NULL, 10);
		measure_raw(port, "raw_one", 1);
		measure_raw(port, "raw_burst", BURST);
		return 0;
	}
	if (argc < 5 || crypto_init() != ERR_OK ||
	    base64_decode(server.key, sizeof server.key,
		bytes_str(argv[2])) != ERR_OK)
		guest_die("usage: bench-server PORT KEY PID CODES [PART]");
	server.port = (uint16_t)strtoul(argv[1], NULL, 10);
	server_pid = (pid_t)strtol(argv[3], NULL, 10);
	register_all(argv[4]);
	/* First, while no freed memory of others can be used again. */
	if (is_all || strcmp(part, "idle") == 0)
		measure_idle();
	if (is_all || strcmp(part, "login") == 0)
		measure_logins("login_cpu_ms", by_password);
	if (is_all || strcmp(part, "device") == 0)
		measure_logins("device_login_cpu_ms", by_device);
	if (is_all || strcmp(part, "one") == 0)
		measure_pairs("relay_one", 1);
	if (is_all || strcmp(part, "burst") == 0)
		measure_pairs("relay_burst", BURST);
	return 0;
}
