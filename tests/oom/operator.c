/*
 * What an operator asks of a server that runs, and what the server writes to
 * its log, with memory running out meanwhile. The server stays: an answer is
 * whole or none, a line of the log is there or not.
 */
#include "alloc.h"
#include "base/log.h"
#include "crypto/crypto.h"
#include "sottod/control.h"
#include "sottod/say.h"
#include "support/check.h"
#include "support/scratch.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ROUNDS_MAX 200

static struct dir dir;
static struct shell shell;
static const char *request;
static char answer[16384];

static void
start(void)
{
	struct config config;
	struct trouble t;
	char path[DIR_PATH_MAX];

	(void)snprintf(path, sizeof path, "%s/server", scratch_new());
	CHECK_EQ(config_read(&config, "/dev/null", NULL, 0, &t), 0);
	CHECK_EQ(dir_open(&dir, path, true, &t), 0);
	CHECK_EQ(dir_lock(&dir, &t), 0);
	CHECK_EQ(shell_open(&shell, &dir, &config, true, &t), 0);
	CHECK_EQ(control_listen(&shell, &t), 0);
}

static int
reach(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	char path[DIR_PATH_MAX];
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	dir_path(path, &dir, "control");
	(void)snprintf(at.sun_path, sizeof at.sun_path, "%.100s", path);
	CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0);
	return fd;
}

/* Asks, and lets the server work; whether there is a whole answer. */
static bool
ask(void)
{
	size_t n = 0;
	int fd = reach();

	CHECK_EQ(send(fd, request, strlen(request), MSG_NOSIGNAL),
	    strlen(request));
	for (unsigned i = 0; i < ROUNDS_MAX; i++) {
		ssize_t got;

		net_step(shell.net, 1);
		got = recv(fd, answer + n, sizeof answer - 1 - n,
		    MSG_DONTWAIT);
		if (got == 0)
			break;
		n += got > 0 ? (size_t)got : 0;
		if (n > 1 && memcmp(answer + n - 2, ".\n", 2) == 0)
			break;
	}
	answer[n] = '\0';
	(void)close(fd);
	for (unsigned i = 0; i < 3; i++)
		net_step(shell.net, 0);
	return n > 1 && memcmp(answer + n - 2, ".\n", 2) == 0;
}

static void
ask_once(void)
{
	char first[sizeof answer];
	bool is_whole;

	if (shell.net == NULL)
		start();
	alloc_arm();
	is_whole = ask();
	log_say(LOG_ERROR, "a line of the log");
	(void)alloc_disarm();
	CHECK(is_whole || alloc_has_failed());
	/* None, or all that there is; the figures differ, their names not. */
	CHECK(is_whole || answer[0] == '\0');
	memcpy(first, answer, sizeof first);
	CHECK(ask());
	if (is_whole)
		CHECK_EQ(strncmp(first, answer, 24), 0);
}

TEST(threat_41_figures)
{
	request = "plain stats\n";
	alloc_at_every("figures", ask_once);
}

TEST(threat_41_figures_in_json)
{
	request = "json stats\n";
	alloc_at_every("figures in JSON", ask_once);
}

int
main(int argc, char **argv)
{
	static const struct check_test tests[] = { T(threat_41_figures),
		T(threat_41_figures_in_json) };
	int code;

	if (crypto_init() != ERR_OK)
		return 1;
	/* What the log says is of no use here. */
	(void)!freopen("/dev/null", "w", stderr);
	say_init(false, LOG_ERROR);
	code = check_run(tests, sizeof tests / sizeof tests[0], argc, argv);
	if (shell.net != NULL) {
		shell_close(&shell);
		dir_close(&dir);
	}
	return code;
}
