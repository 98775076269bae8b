/*
 * server - what the server costs, seen from outside: a real sottod on one
 * core, this program on another.
 *
 *	bench-server PORT KEY PID CODES    CODES: "name code" lines, one for
 *	                                   each account, in base64url
 *	bench-server raw PORT PID          the limit of the relay
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
#define LOGINS   400
#define SECONDS  2.0
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

static void
measure_logins(const char *name,
    void (*login)(struct guest *, const struct guest_account *, uint8_t))
{
	double cpu = server_cpu();

	for (size_t i = 0; i < LOGINS; i++) {
		struct guest g;

		guest_connect(&g, &server, 1);
		login(&g, &accounts[i % ACCOUNTS], 0);
		guest_close(&g);
	}
	/* The last ones are still being closed. */
	(void)usleep(50000);
	printf("%s %.4f\n", name, (server_cpu() - cpu) * 1000 / LOGINS);
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

static void
send_lines(struct guest *g, size_t n)
{
	static const uint8_t record[LINE_RECORD_LEN] = { 1 };
	struct wire_STREAM_DATA data = { g->stream, BYTES_OF(record) };
	struct wire_STREAM_CREDIT credit = { g->stream,
		(uint32_t)(n * LINE_RECORD_LEN) };

	for (size_t i = 0; i < n; i++)
		guest_say(g, WIRE_STREAM_DATA, &data);
	/* What has been taken is given back, as the client does. */
	if (g->received > 0)
		guest_say(g, WIRE_STREAM_CREDIT, &credit);
	guest_flush(g);
}

/* Bounces bursts of n between all pairs for a while. */
static void
measure_relay(const char *name, size_t n)
{
	struct epoll_event ready[ACCOUNTS], ev = { .events = EPOLLIN };
	uint64_t carried = 0;
	size_t owed[ACCOUNTS] = { 0 };
	int poller = epoll_create1(0);
	double start, cpu;

	for (size_t i = 0; i < ACCOUNTS; i++) {
		ev.data.u64 = i;
		(void)epoll_ctl(poller, EPOLL_CTL_ADD, guests[i].fd, &ev);
	}
	start = now();
	cpu = server_cpu();
	for (size_t i = 0; i < ACCOUNTS; i += 2)
		send_lines(&guests[i], n);
	while (now() - start < SECONDS) {
		int count = epoll_wait(poller, ready, ACCOUNTS, 100);

		for (int i = 0; i < count; i++) {
			size_t at = ready[i].data.u64;
			size_t got = guest_read(&guests[at]);

			carried += got;
			owed[at] += got;
			if (owed[at] >= n) {
				owed[at] -= n;
				send_lines(&guests[at], n);
			}
		}
	}
	printf("%s_per_s %.0f\n", name, (double)carried / (now() - start));
	printf("%s_cpu_us %.4f\n", name,
	    (server_cpu() - cpu) * 1e6 / (double)carried);
	(void)close(poller);
}

static void
join_pairs(void)
{
	for (size_t i = 0; i < ACCOUNTS; i++) {
		guest_connect(&guests[i], &server, 1);
		guest_device_login(&guests[i], &accounts[i], WIRE_MODE_HOSTS);
	}
	for (size_t i = 0; i < ACCOUNTS; i += 2)
		guest_join(&guests[i], &guests[i + 1], &accounts[i + 1]);
}

static void
leave_pairs(void)
{
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
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
		guest_die("raw relay: %s", strerror(errno));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	return fd;
}

/* The same dance with the same number of bytes for each message that our
 * relay's clients put on the wire: one record of 512. */
static void
measure_raw(uint16_t port, const char *name, size_t n)
{
	static uint8_t buf[512 * BURST];
	struct epoll_event ready[ACCOUNTS], ev = { .events = EPOLLIN };
	size_t want = n == 1 ? 512 : WIRE_RECORD_PACKED, owed[ACCOUNTS] = { 0 };
	int fds[ACCOUNTS], poller = epoll_create1(0);
	double start, cpu, carried = 0;

	for (size_t i = 0; i < ACCOUNTS; i++) {
		fds[i] = raw_connect(port);
		ev.data.u64 = i;
		(void)epoll_ctl(poller, EPOLL_CTL_ADD, fds[i], &ev);
	}
	(void)usleep(50000);
	start = now();
	cpu = server_cpu();
	for (size_t i = 0; i < ACCOUNTS; i += 2)
		(void)!send(fds[i], buf, want, MSG_NOSIGNAL);
	while (now() - start < SECONDS) {
		int count = epoll_wait(poller, ready, ACCOUNTS, 100);

		for (int i = 0; i < count; i++) {
			size_t at = ready[i].data.u64;
			ssize_t got = recv(fds[at], buf, sizeof buf, 0);

			if (got <= 0)
				guest_die("the raw relay hung up");
			owed[at] += (size_t)got;
			if (owed[at] >= want) {
				owed[at] -= want;
				carried += (double)n;
				(void)!send(fds[at], buf, want, MSG_NOSIGNAL);
			}
		}
	}
	printf("%s_per_s %.0f\n", name, carried / (now() - start));
	printf("%s_cpu_us %.4f\n", name, (server_cpu() - cpu) * 1e6 / carried);
	for (size_t i = 0; i < ACCOUNTS; i++)
		(void)close(fds[i]);
	(void)close(poller);
}

int
main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 4 && strcmp(argv[1], "raw") == 0) {
		server_pid = (pid_t)strtol(argv[3], NULL, 10);
		measure_raw((uint16_t)strtoul(argv[2], NULL, 10), "raw_one",
		    1);
		measure_raw((uint16_t)strtoul(argv[2], NULL, 10), "raw_burst",
		    BURST);
		return 0;
	}
	if (argc != 5 || crypto_init() != ERR_OK ||
	    base64_decode(server.key, sizeof server.key,
		bytes_str(argv[2])) != ERR_OK)
		guest_die("usage: bench-server PORT KEY PID CODES");
	server.port = (uint16_t)strtoul(argv[1], NULL, 10);
	server_pid = (pid_t)strtol(argv[3], NULL, 10);
	register_all(argv[4]);
	measure_logins("login_cpu_ms", guest_login);
	measure_logins("device_login_cpu_ms", guest_device_login);
	join_pairs();
	measure_relay("relay_one", 1);
	leave_pairs();
	join_pairs();
	measure_relay("relay_burst", BURST);
	leave_pairs();
	measure_idle();
	return 0;
}
