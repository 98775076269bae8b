#include "cli/password.h"

#include "cli/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define NOBODY (-1) /* no exit code: nobody gave one */

void
password_wipe(struct password *p)
{
	explicit_bzero(p, sizeof *p);
	(void)munlock(p, sizeof *p);
}

bool
password_is_same(const struct password *a, const struct password *b)
{
	volatile unsigned char differ = 0; /* or the loop might end early */

	for (size_t i = 0; i < a->n && i < b->n; i++)
		differ |= (unsigned char)(a->s[i] ^ b->s[i]);
	return a->n == b->n && differ == 0;
}

static int
fail(const struct options *o, enum sotto_outcome outcome, const char *what,
    const char *why, const char *advice)
{
	return out_fail(o->out, outcome, what, why, advice);
}

/* ---- files, descriptors, commands ---- */

/* Reads one line byte by byte, so that what follows it is still there for
 * others; it may end in CR LF. Returns whether there was one. */
static bool
read_line(int fd, struct password *p)
{
	char c;
	ssize_t got;

	p->n = 0;
	while ((got = read(fd, &c, 1)) == 1 && c != '\n')
		if (p->n < sizeof p->s - 1)
			p->s[p->n++] = c;
	if (p->n > 0 && p->s[p->n - 1] == '\r')
		p->n--;
	p->s[p->n] = '\0';
	return got == 1 || (got == 0 && p->n > 0);
}

static int
from_fd(const struct options *o, int fd, struct password *p)
{
	if (read_line(fd, p) && p->n > 0)
		return 0;
	return fail(o, SOTTO_NO_INPUT, "There is no password to be had.",
	    "Where it should come from, there is no first line.", "");
}

static int
from_file(const struct options *o, const char *path, struct password *p)
{
	char why[512];
	int fd, code;

	if (strcmp(path, "-") == 0)
		return from_fd(o, STDIN_FILENO, p);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		(void)snprintf(why, sizeof why, "%.400s: %s.", path,
		    strerror(errno));
		return fail(o, SOTTO_NO_INPUT,
		    "There is no password to be had.", why, "");
	}
	code = from_fd(o, fd, p);
	(void)close(fd);
	return code;
}

static int
from_command(const struct options *o, struct password *p)
{
	int fds[2], status = 0, code;
	pid_t child;

	if (pipe2(fds, O_CLOEXEC) != 0)
		return fail(o, SOTTO_UNAVAILABLE,
		    "The password's command did not run.", strerror(errno), "");
	child = fork();
	if (child == 0) {
		(void)dup2(fds[1], STDOUT_FILENO);
		(void)execl("/bin/sh", "sh", "-c", o->password_command,
		    (char *)NULL);
		_exit(127);
	}
	(void)close(fds[1]);
	code = child < 0 ? NOBODY : from_fd(o, fds[0], p);
	(void)close(fds[0]);
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		continue;
	if (child < 0 || (code == 0 && status != 0))
		return fail(o, SOTTO_NO_INPUT,
		    "The password's command failed.",
		    "It ended with an error.",
		    "Run password_command of the configuration yourself.");
	return code;
}

/* From where the options say, without a terminal; NOBODY when they do not. */
static int
from_options(const struct options *o, struct password *p)
{
	if (o->password_file != NULL)
		return from_file(o, o->password_file, p);
	if (o->password_fd >= 0)
		return from_fd(o, o->password_fd, p);
	if (o->password_command != NULL)
		return from_command(o, p);
	return NOBODY;
}

/* ---- the terminal ---- */

static int tty_fd = -1;
static struct termios tty_before;

static void
tty_restore(void)
{
	if (tty_fd >= 0)
		(void)tcsetattr(tty_fd, TCSAFLUSH, &tty_before);
}

static bool
tty_open(void)
{
	tty_fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (tty_fd >= 0 && tcgetattr(tty_fd, &tty_before) != 0) {
		(void)close(tty_fd);
		tty_fd = -1;
	}
	return tty_fd >= 0;
}

static void
tty_close(void)
{
	(void)close(tty_fd);
	tty_fd = -1;
}

static void
tty_say(const char *text)
{
	(void)!write(tty_fd, text, strlen(text));
}

/* Reads a line with the echo off. Returns 0, NOBODY at the end of input, or
 * 128 + n; the terminal is as before in any case. */
static int
tty_ask(const char *prompt, struct password *p)
{
	struct termios quiet = tty_before;
	struct pollfd fds[2] = { { .fd = tty_fd, .events = POLLIN },
		{ .fd = signals_fd(), .events = POLLIN } };
	bool is_read = false;

	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
	/* Stopping would leave the terminal silent for the shell. */
	quiet.c_cc[VSUSP] = _POSIX_VDISABLE;
	signals_on_end(tty_restore);
	(void)tcsetattr(tty_fd, TCSAFLUSH, &quiet);
	tty_say(prompt);
	while (signals_caught() == 0 && fds[0].revents == 0) {
		(void)poll(fds, 2, -1);
		if (fds[1].revents != 0)
			(void)signals_take_redraw();
	}
	if (signals_caught() == 0)
		is_read = read_line(tty_fd, p);
	tty_restore();
	signals_on_end(NULL);
	tty_say("\n");
	if (signals_caught() != 0)
		return 128 + signals_caught();
	return is_read ? 0 : NOBODY;
}

static int
no_terminal(const struct options *o)
{
	return fail(o, SOTTO_NO_INPUT, "There is no password to be had.",
	    "No terminal is here to ask on.",
	    "Give it with --password-file or --password-fd.");
}

int
password_get(const struct options *o, struct password *p)
{
	int code;

	(void)mlock(p, sizeof *p);
	code = from_options(o, p);
	if (code != NOBODY)
		return code;
	if (!tty_open())
		return no_terminal(o);
	code = tty_ask("Password: ", p);
	if (code == 0 && p->n == 0)
		code = NOBODY;
	tty_close();
	return code == NOBODY ? no_terminal(o) : code;
}

/* ---- new ones ---- */

static int
refuse_weak(const struct options *o, const char *why)
{
	char *phrase = sotto_passphrase(), advice[256];
	int code;

	(void)snprintf(advice, sizeof advice,
	    "Use several words that do not belong together, for example: %s",
	    phrase == NULL ? "" : phrase);
	code = fail(o, SOTTO_WEAK_PASSWORD, "This password is too weak.", why,
	    advice);
	free(phrase);
	return code;
}

/* The second typing; the first is kept only when both are the same. */
static int
tty_confirm(struct password *p)
{
	struct password again = { .n = 0 };
	int code;

	(void)mlock(&again, sizeof again);
	code = tty_ask("Again: ", &again);
	if (code == 0 && !password_is_same(&again, p)) {
		tty_say("They are not the same.\n");
		p->n = 0;
	}
	password_wipe(&again);
	return code;
}

/* Asks until there is a good one, typed twice, or the offer is taken. */
static int
tty_choose(const char *name, const char *host, struct password *p)
{
	char *phrase = sotto_passphrase(), prompt[256];
	const char *why = "";
	int code = 0;

	if (phrase == NULL)
		return NOBODY;
	(void)snprintf(prompt, sizeof prompt,
	    "Nothing else opens the account, and nobody can restore it.\n"
	    "To use this passphrase, press Enter:  %s\n", phrase);
	tty_say(prompt);
	for (p->n = 0; code == 0 && p->n == 0;) {
		code = tty_ask("New password: ", p);
		if (code == 0 && p->n == 0) {
			p->n = strlen(phrase);
			memcpy(p->s, phrase, p->n + 1);
			break;
		}
		if (code == 0 && sotto_judge_password(p->s, p->n, name, host,
		                     &why) != SOTTO_OK) {
			tty_say("That is too weak. ");
			tty_say(why);
			tty_say("\n");
			p->n = 0;
		} else if (code == 0) {
			code = tty_confirm(p);
		}
	}
	explicit_bzero(phrase, strlen(phrase));
	explicit_bzero(prompt, sizeof prompt);
	free(phrase);
	return code;
}

static int
choose_on_terminal(const struct options *o, const char *name,
    const char *host, struct password *p)
{
	int code;

	if (!tty_open())
		return no_terminal(o);
	code = tty_choose(name, host, p);
	tty_close();
	return code == NOBODY ? no_terminal(o) : code;
}

static int
judge(const struct options *o, const char *name, const char *host,
    const struct password *p)
{
	const char *why = "";

	if (sotto_judge_password(p->s, p->n, name, host, &why) == SOTTO_OK)
		return 0;
	return refuse_weak(o, why);
}

int
password_choose(const struct options *o, const char *name, const char *host,
    struct password *p)
{
	int code;

	(void)mlock(p, sizeof *p);
	code = from_options(o, p);
	if (code == NOBODY)
		return choose_on_terminal(o, name, host, p);
	return code != 0 ? code : judge(o, name, host, p);
}

int
password_change(const struct options *o, const char *name, const char *host,
    struct password *p)
{
	int code;

	(void)mlock(p, sizeof *p);
	if (o->new_password_file == NULL)
		return choose_on_terminal(o, name, host, p);
	code = from_file(o, o->new_password_file, p);
	return code != 0 ? code : judge(o, name, host, p);
}
