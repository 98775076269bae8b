#include "cli/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t caught, redraw;
static void (*volatile restore_terminal)(void);
static int pipe_fds[2] = { -1, -1 };

static void
tell(void)
{
	int saved = errno;

	(void)!write(pipe_fds[1], "", 1);
	errno = saved;
}

static void
on_end(int signal)
{
	if (caught != 0) {
		if (restore_terminal != NULL)
			restore_terminal();
		_exit(128 + signal);
	}
	caught = signal;
	tell();
}

static void
on_redraw(int signal)
{
	(void)signal;
	redraw = 1;
	tell();
}

void
signals_init(void)
{
	struct sigaction end = { .sa_handler = on_end };
	struct sigaction draw = { .sa_handler = on_redraw,
		.sa_flags = SA_RESTART };
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) != 0)
		abort();
	(void)sigaction(SIGINT, &end, NULL);
	(void)sigaction(SIGTERM, &end, NULL);
	(void)sigaction(SIGHUP, &end, NULL);
	(void)sigaction(SIGWINCH, &draw, NULL);
	(void)sigaction(SIGCONT, &draw, NULL);
	(void)sigaction(SIGPIPE, &ignore, NULL);
}

int
signals_caught(void)
{
	return caught;
}

int
signals_fd(void)
{
	return pipe_fds[0];
}

int
signals_take_redraw(void)
{
	char news[64];
	int was = redraw;

	while (read(pipe_fds[0], news, sizeof news) > 0)
		continue;
	redraw = 0;
	return was;
}

void
signals_on_end(void (*restore)(void))
{
	restore_terminal = restore;
}
