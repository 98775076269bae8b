#include "sottod/notify.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define SOCKETS_MAX 64

static void
tell(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t n = path == NULL ? 0 : strlen(path);
	int fd;

	if (n < 2 || n >= sizeof to.sun_path ||
	    (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(to.sun_path, path, n);
	if (path[0] == '@')
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)sendto(fd, state, strlen(state), MSG_NOSIGNAL,
	    (struct sockaddr *)&to,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
	(void)close(fd);
}

void
notify_ready(void)
{
	tell("READY=1");
}

void
notify_stopping(void)
{
	tell("STOPPING=1");
}

void
notify_reloading(void)
{
	char state[64];
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	(void)snprintf(state, sizeof state,
	    "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
	    (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
	tell(state);
}

void
notify_watchdog(void)
{
	tell("WATCHDOG=1");
}

/* Returns whether what the variable says is meant for this process. */
static int
is_for_us(const char *variable)
{
	const char *pid = getenv(variable);

	return pid != NULL && strtol(pid, NULL, 10) == (long)getpid();
}

uint64_t
notify_watchdog_ms(void)
{
	const char *usec = getenv("WATCHDOG_USEC");

	if (usec == NULL || (getenv("WATCHDOG_PID") != NULL &&
	    !is_for_us("WATCHDOG_PID")))
		return 0;
	return strtoull(usec, NULL, 10) / 1000 / 2;
}

int
notify_sockets(void)
{
	const char *n = getenv("LISTEN_FDS");
	long count;

	if (n == NULL || !is_for_us("LISTEN_PID"))
		return 0;
	count = strtol(n, NULL, 10);
	return count < 0 || count > SOCKETS_MAX ? 0 : (int)count;
}
