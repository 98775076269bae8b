/*
 * raw_relay - the limit: an epoll loop that passes bytes between pairs of
 * connections, with no protocol, no cryptography and one buffer. The first
 * connection is paired with the second, the third with the fourth.
 *
 *	raw-relay          prints the port, runs until it is killed
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_FDS 4096

static int peer_of[MAX_FDS];

static void
take(int listener, int poller)
{
	static int waiting = -1;
	struct epoll_event ev = { .events = EPOLLIN };
	int fd = accept(listener, NULL, NULL), on = 1;

	if (fd < 0 || fd >= MAX_FDS)
		exit(1);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	peer_of[fd] = waiting;
	if (waiting >= 0)
		peer_of[waiting] = fd;
	waiting = waiting >= 0 ? -1 : fd;
	ev.data.fd = fd;
	if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &ev) != 0)
		exit(1);
}

static void
pass(int fd)
{
	static char buf[64 * 1024];
	ssize_t got = recv(fd, buf, sizeof buf, 0), sent = 0;

	if (got <= 0) {
		(void)close(fd);
		return;
	}
	while (sent < got) {
		ssize_t n = send(peer_of[fd], buf + sent, (size_t)(got - sent),
		    MSG_NOSIGNAL);

		if (n < 0)
			return;
		sent += n;
	}
}

int
main(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int poller = epoll_create1(0);
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = listener };

	if (bind(listener, (struct sockaddr *)&at, sizeof at) != 0 ||
	    listen(listener, 1024) != 0 ||
	    getsockname(listener, (struct sockaddr *)&at, &len) != 0 ||
	    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &ev) != 0)
		return 1;
	printf("%u\n", ntohs(at.sin_port));
	(void)fflush(stdout);
	for (;;) {
		struct epoll_event ready[256];
		int n = epoll_wait(poller, ready, 256, -1);

		for (int i = 0; i < n; i++) {
			if (ready[i].data.fd == listener)
				take(listener, poller);
			else
				pass(ready[i].data.fd);
		}
	}
}
