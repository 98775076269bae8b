#include "crypto/crypto.h"
#include "sottod/cmd.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif

/* The first is what is done without a word. */
static const struct options_command commands[] = {
	{ "serve", 0, 0, OPTIONS_SERVE, cmd_serve },
	{ "invite", 1, 1, OPTIONS_INVITE, cmd_invite },
	{ "user", 1, 2, OPTIONS_INVITE, cmd_user },
	{ "stats", 0, 0, OPTIONS_OTHER, cmd_stats },
	{ "backup", 1, 1, OPTIONS_BACKUP, cmd_backup },
	{ "restore", 1, 1, OPTIONS_RESTORE, cmd_restore },
	{ "check", 0, 0, OPTIONS_CHECK, cmd_check },
	{ NULL, 0, 0, 0, NULL },
};

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

	(void)umask(0077);
	(void)setrlimit(RLIMIT_CORE, &none);
	/* The leak checker of the sanitizers is a kind of debugger. */
#if !defined(__SANITIZE_ADDRESS__) && !__has_feature(address_sanitizer)
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

/* What one round of the loop gives back, the next one wants again: bursts of
 * records from one hundred people are a few MiB. */
static void
keep_memory(void)
{
#ifdef M_TRIM_THRESHOLD
	(void)mallopt(M_TRIM_THRESHOLD, 8 * 1024 * 1024);
#endif
}

int
main(int argc, char **argv)
{
	struct options o;
	struct config c;
	struct trouble t;
	int code;

	hold_standard();
	be_private();
	keep_memory();
	/* Whoever reads our output may stop. */
	(void)signal(SIGPIPE, SIG_IGN);
	code = options_parse(&o, argc, argv, commands, &t);
	say_init(o.is_json, o.is_quiet ? LOG_ERROR : LOG_INFO);
	if (code == 0)
		return 0;
	if (code != -1)
		return say_trouble(&t);
	code = config_read(&c, o.config_path, o.flags, o.n_flags, &t);
	if (code != 0)
		return say_trouble(&t);
	say_init(o.is_json, options_log_level(&o, &c));
	if (crypto_init() != ERR_OK) {
		(void)trouble_set(&t, EXIT_FAILURE, "cryptography",
		    "see whether libsodium and libcrypto are whole",
		    "the libraries cannot be prepared");
		return say_trouble(&t);
	}
	code = o.command->run(&o, &c);
	/* A server has more to do than to say that it is ready. */
	if (code == 0 && o.command->run != cmd_serve && say_is_lost()) {
		code = trouble_set(&t, EXIT_FAILURE, "output",
		    "see whether the disk is full",
		    "what was said could not be written");
		(void)say_trouble(&t);
	}
	return code;
}
