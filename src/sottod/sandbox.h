/*
 * sandbox - what the server gives up for ever, so that whoever takes it over
 * has little in hand.
 *
 * First files: from then on only the folder of the data can be opened, and
 * that of the configuration read (Landlock). It binds threads that start
 * later, so it comes before any does. Then, with everything open and
 * listening, system calls: a list of what may be called (seccomp), for all
 * threads. Programs are not started, processes not made or looked into,
 * memory not made executable, sockets of the network not opened. What is not
 * on the list fails with EPERM.
 *
 * A kernel that lacks one of the two is no reason not to serve; it is said.
 * Sanitizers trace, fork and read what they like: in their builds nothing is
 * given up but new privileges.
 */
#ifndef SOTTOD_SANDBOX_H
#define SOTTOD_SANDBOX_H

#include "sottod/config.h"

/* What took hold, for sandbox_files and sandbox_calls. */
enum sandbox { SANDBOX_HOLDS, SANDBOX_LACKING, SANDBOX_SANITIZED };

/* Only data, with all below it, may be opened from now on; and what lies in
 * the folder of the file named by config, for reading. */
enum sandbox sandbox_files(const char *data, const char *config);

/* Only the calls of the list from now on, in all threads. */
enum sandbox sandbox_calls(void);

/*
 * Tries what is forbidden, in a process that has given up both, with data the
 * folder. Calls say with the name of each thing and whether it was refused.
 * Nothing is left behind where it was not.
 */
void sandbox_try(const char *data,
    void (*say)(void *ctx, const char *what, bool is_refused), void *ctx);

#endif
