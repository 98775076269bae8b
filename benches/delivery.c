/*
 * delivery - how late messages are that go through a server's relay, while
 * bench/run does something else to that server.
 *
 *	bench-delivery PORT KEY CODES
 *		CODES: "name code" lines, one for each account, in base64url
 *
 * Joins pairs of guests. Then, for each line "NAME SECONDS" of its input,
 * says a thousand messages a second for so long, each at its time, and
 * prints NAME_p50_us, NAME_p99_us and NAME_max_us: from the time that a
 * message was due to the time that the other end had opened it.
 */
#include "guest.h"

#include "base/hex.h"
#include "crypto/crypto.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define ACCOUNTS    16
#define TICK_NS     1000000
#define SECONDS_MAX 60
#define WAYS        256 /* messages on their way to one end */
#define RECORD_LEN  256 /* of a line, with 100 bytes of text in it */
#define CREDIT      64  /* messages, after which they are given back */

struct end {
	struct guest guest;
	struct end *other;
	uint64_t due_ns[WAYS]; /* of what is on its way here */
	uint64_t said, taken, unpaid;
};

static struct guest_server server;
static struct guest_account accounts[ACCOUNTS];
static struct end ends[ACCOUNTS];
static uint32_t delays_us[SECONDS_MAX * 1000];
static size_t delays_n;
static int poller, ticker;

static uint64_t
now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void
watch(int fd, void *what)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = what };

	if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &ev) != 0)
		guest_die("epoll_ctl: %s", strerror(errno));
}

static void
join_all(void)
{
	for (size_t i = 0; i < ACCOUNTS; i++) {
		guest_connect(&ends[i].guest, &server, 1);
		guest_device_login(&ends[i].guest, &accounts[i],
		    WIRE_MODE_HOSTS);
		ends[i].other = &ends[i ^ 1];
	}
	for (size_t i = 0; i < ACCOUNTS; i += 2)
		guest_join(&ends[i].guest, &ends[i + 1].guest,
		    &accounts[i + 1]);
	for (size_t i = 0; i < ACCOUNTS; i++)
		watch(ends[i].guest.fd, &ends[i]);
}

static void
say(struct end *e, uint64_t due_ns)
{
	static const uint8_t record[RECORD_LEN] = { 1 };
	struct wire_STREAM_DATA data = { e->guest.stream, BYTES_OF(record) };
	struct wire_STREAM_CREDIT credit = { e->guest.stream,
		(uint32_t)(e->unpaid * RECORD_LEN) };

	if (e->said - e->other->taken == WAYS)
		guest_die("%d messages are on their way", WAYS);
	e->other->due_ns[e->said++ % WAYS] = due_ns;
	guest_say(&e->guest, WIRE_STREAM_DATA, &data);
	if (e->unpaid >= CREDIT) {
		guest_say(&e->guest, WIRE_STREAM_CREDIT, &credit);
		e->unpaid = 0;
	}
	guest_flush(&e->guest);
}

static void
take(struct end *e)
{
	size_t n = guest_read(&e->guest);
	uint64_t now = now_ns();

	e->unpaid += n;
	for (; n > 0; n--)
		delays_us[delays_n++] = (uint32_t)((now -
		    e->due_ns[e->taken++ % WAYS]) / 1000);
}

static int
by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void
measure(const char *name, size_t seconds)
{
	size_t said = 0, most = seconds * 1000;
	struct itimerspec every = { { 0, TICK_NS }, { 0, TICK_NS } };
	uint64_t begun = now_ns();

	delays_n = 0;
	(void)timerfd_settime(ticker, 0, &every, NULL);
	while (delays_n < most) {
		struct epoll_event ready[ACCOUNTS + 1];
		int n = epoll_wait(poller, ready, ACCOUNTS + 1, 10000);
		uint64_t ticks;

		if (n == 0)
			guest_die("%zu messages are lost", said - delays_n);
		for (int i = 0; i < n; i++) {
			if (ready[i].data.ptr != NULL)
				take(ready[i].data.ptr);
			else if (read(ticker, &ticks, sizeof ticks) < 0)
				guest_die("timer: %s", strerror(errno));
		}
		for (; said < most &&
		     begun + (said + 1) * TICK_NS <= now_ns(); said++)
			say(&ends[said % ACCOUNTS],
			    begun + (said + 1) * TICK_NS);
	}
	qsort(delays_us, delays_n, sizeof delays_us[0], by_size);
	printf("%s_p50_us %u\n%s_p99_us %u\n%s_max_us %u\n", name,
	    delays_us[delays_n / 2], name, delays_us[delays_n * 99 / 100],
	    name, delays_us[delays_n - 1]);
}

int
main(int argc, char **argv)
{
	char name[20];
	size_t seconds;

	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc != 4 || crypto_init() != ERR_OK ||
	    base64_decode(server.key, sizeof server.key, bytes_str(argv[2])) !=
		ERR_OK)
		guest_die("usage: bench-delivery PORT KEY CODES");
	server.port = (uint16_t)strtoul(argv[1], NULL, 10);
	poller = epoll_create1(EPOLL_CLOEXEC);
	ticker = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	guest_register_all(accounts, ACCOUNTS, &server, argv[3]);
	join_all();
	watch(ticker, NULL);
	printf("ready\n");
	while (scanf("%19s %zu", name, &seconds) == 2 &&
	    seconds <= SECONDS_MAX)
		measure(name, seconds);
	return 0;
}
