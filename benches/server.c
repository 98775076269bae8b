/*
 * server - what the server costs, seen from outside: a real sottod on one
 * core, this program on another.
 *
 *	bench-server PORT KEY PID CODES RAW-PORT RAW-PID [PART]
 *		CODES: "name code" lines, one for each account, in base64url;
 *		RAW: the raw relay, on the server's core; the two take turns.
 *		PART: idle, login, device, one, burst
 *
 * Prints "name value" lines. CPU is that of the server's process, from its
 * own clock; the peers that it is compared with are measured by bench/run.
 */
#include "guest.h"

#include "base/hex.h"
#include "crypto/crypto.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PAIRS	 64
#define ACCOUNTS (2 * PAIRS)
#define IDLE	 3000
#define ROUNDS	 16   /* of which the best counts */
#define LOGINS	 32   /* at the same time, in a round */
#define SECONDS	 0.25 /* of a round of the relay */
#define BURST	 32

/* A message of 100 bytes is a line record of one class, and that is what the
 * relay carries. */
#define LINE_RECORD_LEN 256

static struct guest_server server;
static struct guest_account accounts[ACCOUNTS];
static struct guest guests[ACCOUNTS];
static pid_t server_pid, raw_pid;
static uint16_t raw_port;

static double
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* CPU seconds that a process has used. */
static double
cpu_of(pid_t pid)
{
	clockid_t clock;
	struct timespec t;

	if (clock_getcpuclockid(pid, &clock) != 0 ||
	    clock_gettime(clock, &t) != 0)
		guest_die("no CPU clock of process %d", (int)pid);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Resident bytes of the server that are its own. */
static double
server_memory(void)
{
	char path[64], line[200];
	double kib = 0, one;
	FILE *f;

	(void)snprintf(
	    path, sizeof path, "/proc/%d/smaps_rollup", (int)server_pid);
	f = fopen(path, "r");
	if (f == NULL)
		guest_die("%s: %s", path, strerror(errno));
	while (fgets(line, sizeof line, f) != NULL)
		if (sscanf(line, "Private_Dirty: %lf", &one) == 1)
			kib += one;
	(void)fclose(f);
	return kib * 1024;
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
		cpu = cpu_of(server_pid);
		connect_all(LOGINS);
		login(LOGINS);
		for (size_t i = 0; i < LOGINS; i++)
			guest_login_end(&guests[i]);
		cpu = cpu_of(server_pid) - cpu;
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
	size_t owed;	     /* bytes that have come since the last answer */
	struct guest *guest; /* NULL: raw */
};

/* A relay, and what it did in its best rounds. */
struct relay {
	pid_t pid;
	int poller;
	struct end ends[ACCOUNTS];
	double per_s, cpu_us;
};

static struct relay ours, raw;

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

/* Bounces bursts of n between all pairs of a relay for a while. */
static void
bounce(struct relay *relay, size_t n)
{
	struct epoll_event ready[ACCOUNTS];
	double start = now(), cpu = cpu_of(relay->pid), carried = 0;
	double per_s, cpu_us;

	while (now() - start < SECONDS) {
		int count = epoll_wait(relay->poller, ready, ACCOUNTS, 100);

		for (int i = 0; i < count; i++) {
			struct end *e = ready[i].data.ptr;
			size_t got = take(e, n);

			carried += (double)got;
			if (got > 0)
				answer(e, n);
		}
	}
	cpu_us = (cpu_of(relay->pid) - cpu) * 1e6 / carried;
	per_s = carried / (now() - start);
	relay->cpu_us = cpu_us < relay->cpu_us ? cpu_us : relay->cpu_us;
	relay->per_s = per_s > relay->per_s ? per_s : relay->per_s;
}

static void
start_relay(struct relay *relay, pid_t pid, size_t n)
{
	struct epoll_event ev = { .events = EPOLLIN };

	relay->pid = pid;
	relay->per_s = 0;
	relay->cpu_us = 1e9;
	relay->poller = epoll_create1(EPOLL_CLOEXEC);
	for (size_t i = 0; i < ACCOUNTS; i++) {
		ev.data.ptr = &relay->ends[i];
		(void)epoll_ctl(
		    relay->poller, EPOLL_CTL_ADD, relay->ends[i].fd, &ev);
	}
	for (size_t i = 0; i < ACCOUNTS; i += 2)
		answer(&relay->ends[i], n);
}

static void
measure_relay(const char *name, size_t n)
{
	start_relay(&ours, server_pid, n);
	start_relay(&raw, raw_pid, n);
	for (size_t i = 0; i < ROUNDS; i++) {
		bounce(&ours, n);
		bounce(&raw, n);
	}
	printf("relay_%s_per_s %.0f\n", name, ours.per_s);
	printf("relay_%s_cpu_us %.4f\n", name, ours.cpu_us);
	printf("raw_%s_per_s %.0f\n", name, raw.per_s);
	printf("raw_%s_cpu_us %.4f\n", name, raw.cpu_us);
	(void)close(ours.poller);
	(void)close(raw.poller);
}

/* A stream for each pair, over which one burst each way is seen to come. */
static void
join_pairs(size_t n)
{
	connect_all(ACCOUNTS);
	for (size_t i = 0; i < ACCOUNTS; i++) {
		guest_device_login(&guests[i], &accounts[i], WIRE_MODE_HOSTS);
		ours.ends[i] = (struct end){ guests[i].fd, 0, &guests[i] };
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

/* The same bytes on the wire will go through the raw relay. */
static void
connect_raw(void)
{
	struct guest_server at = { .port = raw_port };

	for (size_t i = 0; i < ACCOUNTS; i++)
		raw.ends[i] = (struct end){ guest_dial(&at, 1), 0, NULL };
	(void)usleep(50000);
}

static void
measure_pairs(const char *name, size_t n)
{
	join_pairs(n);
	connect_raw();
	measure_relay(name, n);
	for (size_t i = 0; i < ACCOUNTS; i++) {
		guest_close(&guests[i]);
		(void)close(raw.ends[i].fd);
	}
	(void)usleep(50000);
}

int
main(int argc, char **argv)
{
	const char *part = argc == 8 ? argv[7] : "all";
	bool is_all = strcmp(part, "all") == 0;

	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 7 || crypto_init() != ERR_OK ||
	    base64_decode(server.key, sizeof server.key, bytes_str(argv[2])) !=
		ERR_OK)
		guest_die("usage: bench-server PORT KEY PID CODES RAW-PORT "
			  "RAW-PID [PART]");
	server.port = (uint16_t)strtoul(argv[1], NULL, 10);
	server_pid = (pid_t)strtol(argv[3], NULL, 10);
	raw_port = (uint16_t)strtoul(argv[5], NULL, 10);
	raw_pid = (pid_t)strtol(argv[6], NULL, 10);
	guest_register_all(accounts, ACCOUNTS, &server, argv[4]);
	/* First, while no freed memory of others can be used again. */
	if (is_all || strcmp(part, "idle") == 0)
		measure_idle();
	if (is_all || strcmp(part, "login") == 0)
		measure_logins("login_cpu_ms", by_password);
	if (is_all || strcmp(part, "device") == 0)
		measure_logins("device_login_cpu_ms", by_device);
	if (is_all || strcmp(part, "one") == 0)
		measure_pairs("one", 1);
	if (is_all || strcmp(part, "burst") == 0)
		measure_pairs("burst", BURST);
	return 0;
}
