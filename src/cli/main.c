#include "cli/cmd.h"
#include "cli/signals.h"

#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif

static int (*const commands[CMDS])(const struct options *o) = {
	[CMD_REGISTER] = cmd_register,
	[CMD_LOGIN] = cmd_login,
	[CMD_WHOAMI] = cmd_whoami,
	[CMD_LIST] = cmd_list,
	[CMD_STATUS] = cmd_status,
	[CMD_SEND] = cmd_send,
	[CMD_RECEIVE] = cmd_receive,
	[CMD_CHAT] = cmd_chat,
	[CMD_VERIFY] = cmd_verify,
	[CMD_DEVICES] = cmd_devices,
	[CMD_PASSWD] = cmd_passwd,
	[CMD_LOGOUT] = cmd_logout,
};

/* Reads the options, and runs the command that they name. */
static int
run_options(struct options *o, struct out *out, int argc, char **argv)
{
	switch (options_read(o, out, argc, argv)) {
	case OPTIONS_SHOWN:
		return fflush(stdout) == 0 ? 0 : SOTTO_FAILED;
	case OPTIONS_USAGE:
		return SOTTO_USAGE;
	case OPTIONS_CONFIG:
		return SOTTO_CONFIG;
	case OPTIONS_RUN:
		break;
	}
	signals_init();
	return commands[o->command](o);
}

/* Where one of the three standard descriptors is closed, what is opened next
 * would take its place, and hear all that is said. */
static void
hold_standard(void)
{
	int fd;

	/* So that to write is an error. */
	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		(void)close(fd);
}

/* What is made is ours alone, and nothing of our memory ends in a core file
 * or in a debugger's hands. */
static void
be_private(void)
{
	struct rlimit none = { 0, 0 };

	(void)umask(077);
	(void)setrlimit(RLIMIT_CORE, &none);
	/* The leak checker of the sanitizers is a kind of debugger. */
#if !defined(__SANITIZE_ADDRESS__) && !__has_feature(address_sanitizer)
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

int
main(int argc, char **argv)
{
	struct options o;
	struct out out;
	int code;

	hold_standard();
	be_private();
	/* Lines are written whole; a buffer would keep what people wrote. A
	 * terminal's editor writes by letters. */
	if (!isatty(STDOUT_FILENO))
		(void)setvbuf(stdout, NULL, _IONBF, 0);
	/* Messages are UTF-8, whatever the locale of the machine. */
	if (setlocale(LC_CTYPE, "") == NULL || MB_CUR_MAX == 1)
		(void)setlocale(LC_CTYPE, "C.UTF-8");
	code = run_options(&o, &out, argc, argv);
	options_free(&o);
	if (code == 0 && out.is_broken)
		code = SOTTO_FAILED;
	return code;
}
