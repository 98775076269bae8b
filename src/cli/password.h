/*
 * password - where a password comes from: --password-file, --password-fd,
 * password_command of the configuration, else the terminal.
 *
 * Of a file or a command only the first line counts, without its newline.
 * On the terminal (/dev/tty, whatever stdin is) nothing is echoed, and a new
 * password is typed twice.
 */
#ifndef CLI_PASSWORD_H
#define CLI_PASSWORD_H

#include "cli/options.h"

struct password {
	char s[SOTTO_PASSWORD_MAX + 2]; /* one byte too many shows as such */
	size_t n;
};

/*
 * Gets the password of an existing account. Returns 0, or an exit code after
 * saying why: 66 when there is none, 128 + n when a signal came.
 */
int password_get(const struct options *o, struct password *p);

/*
 * Gets the password of a new account, name at host, from the same places,
 * and judges it. On a terminal a generated passphrase is offered, and a weak
 * one is asked for again; otherwise a weak one is exit code 9.
 */
int password_choose(const struct options *o, const char *name,
    const char *host, struct password *p);

/*
 * The same for the new password of an existing account: only from
 * --new-password-file, else the terminal.
 */
int password_change(const struct options *o, const char *name,
    const char *host, struct password *p);

/* Whether both are the same; the time depends on their lengths only. */
bool password_is_same(const struct password *a, const struct password *b);

/* Wipes it; also one that was never got. */
void password_wipe(struct password *p);

#endif
