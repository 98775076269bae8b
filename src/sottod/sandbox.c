#include "sottod/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED true
#else
#define IS_SANITIZED false
#endif

/* ---- files ---- */

/* Rights that older headers do not name. */
#define FS_REFER     (UINT64_C(1) << 13) /* Landlock 2 */
#define FS_TRUNCATE  (UINT64_C(1) << 14) /* Landlock 3 */
#define FS_IOCTL_DEV (UINT64_C(1) << 15) /* Landlock 5 */

#define DATA_RIGHTS \
	((uint64_t)(LANDLOCK_ACCESS_FS_READ_FILE | \
	LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_WRITE_FILE | \
	LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | \
	LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR | \
	LANDLOCK_ACCESS_FS_MAKE_SOCK) | FS_REFER | FS_TRUNCATE)
#define READ_RIGHTS ((uint64_t)LANDLOCK_ACCESS_FS_READ_FILE)

/* All that a version of Landlock knows to forbid. */
static uint64_t
known_rights(long version)
{
	uint64_t all = FS_REFER - 1;

	if (version >= 2)
		all |= FS_REFER;
	if (version >= 3)
		all |= FS_TRUNCATE;
	if (version >= 5)
		all |= FS_IOCTL_DEV;
	return all;
}

/* Lets rights be used on path and below. */
static bool
let(int rules, const char *path, uint64_t rights)
{
	struct landlock_path_beneath_attr at = { .allowed_access = rights };
	bool is_good;

	at.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (at.parent_fd < 0)
		return false;
	is_good = syscall(SYS_landlock_add_rule, rules,
	    LANDLOCK_RULE_PATH_BENEATH, &at, 0) == 0;
	(void)close(at.parent_fd);
	return is_good;
}

static bool
bind_files(int rules, uint64_t known, const char *data, const char *config)
{
	char folder[CONFIG_PATH_MAX];
	char *slash;

	(void)snprintf(folder, sizeof folder, "%s", config);
	slash = strrchr(folder, '/');
	if (slash == NULL)
		(void)strcpy(folder, ".");
	else
		slash[slash == folder] = '\0';
	/* There may be no such folder. */
	(void)let(rules, folder, READ_RIGHTS);
	/* SQLite draws the salts of its log from there. */
	(void)let(rules, "/dev/urandom", READ_RIGHTS);
	return let(rules, data, DATA_RIGHTS & known) &&
	    syscall(SYS_landlock_restrict_self, rules, 0) == 0;
}

/*
 * A ring for system calls goes past every filter of them. Without one, from
 * before the loop is made, libuv does what it did before there were rings.
 * Where this fails the kernel has no filters, and sandbox_calls will say so.
 */
static void
refuse_rings(void)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);

	if (f == NULL)
		return;
	if (seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS),
		SCMP_SYS(io_uring_setup), 0) == 0)
		(void)seccomp_load(f);
	seccomp_release(f);
}

enum sandbox
sandbox_files(const char *data, const char *config)
{
	struct landlock_ruleset_attr attr = { 0 };
	bool is_good = false;
	long version, rules;

	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (IS_SANITIZED)
		return SANDBOX_SANITIZED;
	refuse_rings();
	version = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
	if (version < 1)
		return SANDBOX_LACKING;
	attr.handled_access_fs = known_rights(version);
	rules = syscall(SYS_landlock_create_ruleset, &attr,
	    sizeof attr.handled_access_fs, 0);
	if (rules >= 0) {
		is_good = bind_files((int)rules, attr.handled_access_fs, data,
		    config);
		(void)close((int)rules);
	}
	return is_good ? SANDBOX_HOLDS : SANDBOX_LACKING;
}

/* ---- calls ---- */

/* Whatever their arguments are. */
static const int calls[] = {
	/* connections */
	SCMP_SYS(accept4), SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(write),
	SCMP_SYS(writev), SCMP_SYS(sendto), SCMP_SYS(sendmsg),
	SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(shutdown),
	SCMP_SYS(close), SCMP_SYS(bind), SCMP_SYS(getsockname),
	SCMP_SYS(getpeername), SCMP_SYS(getsockopt), SCMP_SYS(setsockopt),
	SCMP_SYS(ioctl), SCMP_SYS(fcntl),
	/* waiting, time, signals */
	SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_wait),
	SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(futex),
	SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep),
	SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday), SCMP_SYS(time),
	SCMP_SYS(restart_syscall), SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(tgkill),
	/* files */
	SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(lseek), SCMP_SYS(pread64),
	SCMP_SYS(pwrite64), SCMP_SYS(fsync), SCMP_SYS(fdatasync),
	SCMP_SYS(ftruncate), SCMP_SYS(fallocate), SCMP_SYS(stat),
	SCMP_SYS(fstat), SCMP_SYS(lstat), SCMP_SYS(newfstatat),
	SCMP_SYS(statx), SCMP_SYS(access), SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2), SCMP_SYS(readlink), SCMP_SYS(readlinkat),
	SCMP_SYS(getcwd), SCMP_SYS(unlink), SCMP_SYS(unlinkat),
	SCMP_SYS(fchmod), SCMP_SYS(fchown), SCMP_SYS(flock),
	/* memory and threads; mmap and mprotect below */
	SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
	SCMP_SYS(mlock), SCMP_SYS(munlock), SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity),
	SCMP_SYS(exit), SCMP_SYS(exit_group),
	/* ourselves and the machine */
	SCMP_SYS(getrandom), SCMP_SYS(getpid), SCMP_SYS(gettid),
	SCMP_SYS(geteuid), SCMP_SYS(getuid), SCMP_SYS(uname),
	SCMP_SYS(sysinfo), SCMP_SYS(getrlimit),
};

/* Those whose arguments matter. */
static int
let_some(scmp_filter_ctx f)
{
	static const int with_prot[] = { SCMP_SYS(mmap), SCMP_SYS(mprotect) };
	int bad = 0;

	for (size_t i = 0; i < 2; i++)
		bad |= seccomp_rule_add(f, SCMP_ACT_ALLOW, with_prot[i], 1,
		    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	/* To the service manager; and to list this machine's addresses. */
	bad |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
	    SCMP_A0(SCMP_CMP_EQ, AF_UNIX, 0));
	bad |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
	    SCMP_A0(SCMP_CMP_EQ, AF_NETLINK, 0));
	/* Threads, but no processes. The arguments of clone3 are out of a
	 * filter's sight; without it the C library falls back to clone. */
	bad |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
	    SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
	bad |= seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3),
	    0);
	/* Limits are read, not set. */
	bad |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1,
	    SCMP_A2(SCMP_CMP_EQ, 0, 0));
	return bad;
}

enum sandbox
sandbox_calls(void)
{
	scmp_filter_ctx f;
	int bad = 0;

	if (IS_SANITIZED)
		return SANDBOX_SANITIZED;
	f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (f == NULL)
		return SANDBOX_LACKING;
	bad |= seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1);
	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
		bad |= seccomp_rule_add(f, SCMP_ACT_ALLOW, calls[i], 0);
	bad |= let_some(f);
	if (bad == 0)
		bad = seccomp_load(f);
	seccomp_release(f);
	return bad == 0 ? SANDBOX_HOLDS : SANDBOX_LACKING;
}

/* ---- trying ---- */

static bool
is_socket_refused(int family, int type)
{
	int fd = socket(family, type, 0);

	if (fd < 0)
		return errno == EPERM;
	(void)close(fd);
	return false;
}

static bool
is_open_refused(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		return errno == EACCES;
	(void)close(fd);
	return false;
}

static bool
is_fork_refused(void)
{
	pid_t pid = fork();

	if (pid < 0)
		return errno == EPERM;
	if (pid == 0)
		_exit(0);
	(void)waitpid(pid, NULL, 0);
	return false;
}

static bool
is_code_refused(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return errno == EPERM;
	(void)munmap(p, 4096);
	return false;
}

static bool
is_making_code_refused(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool is_refused;

	if (p == MAP_FAILED)
		return false;
	is_refused = mprotect(p, 4096, PROT_READ | PROT_EXEC) != 0 &&
	    errno == EPERM;
	(void)munmap(p, 4096);
	return is_refused;
}

/* Even to ourselves, which anybody may. */
static bool
is_kill_refused(void)
{
	return kill(getpid(), 0) != 0 && errno == EPERM;
}

/* At nothing: with no filter that succeeds. */
static bool
is_peeking_refused(void)
{
	return syscall(SYS_process_vm_readv, getpid(), NULL, 0, NULL, 0, 0) !=
	    0 && errno == EPERM;
}

/* Nobody listens there: with no filter it is ECONNREFUSED. */
static bool
is_connecting_refused(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX,
		.sun_path = "\0sottod: nobody" };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	bool is_refused;

	if (fd < 0)
		return false;
	is_refused = connect(fd, (struct sockaddr *)&at, sizeof at) != 0 &&
	    errno == EPERM;
	(void)close(fd);
	return is_refused;
}

/* With nothing said of the process to be: with no filter it is EINVAL. */
static bool
is_clone3_refused(void)
{
	return syscall(SYS_clone3, NULL, 0) < 0 && errno == ENOSYS;
}

/* To what they are: with no filter that can be done. */
static bool
are_limits_refused(void)
{
	struct rlimit now;

	return getrlimit(RLIMIT_CORE, &now) == 0 &&
	    setrlimit(RLIMIT_CORE, &now) != 0 && errno == EPERM;
}

/* There is no program of that name: with no filter it is ENOENT. */
static bool
is_exec_refused(void)
{
	char *none[] = { NULL };

	return execve("", none, none) != 0 && errno == EPERM;
}

void
sandbox_try(const char *data,
    void (*say)(void *ctx, const char *what, bool is_refused), void *ctx)
{
	char above[CONFIG_PATH_MAX + 4];

	(void)snprintf(above, sizeof above, "%s/..", data);
	say(ctx, "execve", is_exec_refused());
	say(ctx, "fork", is_fork_refused());
	say(ctx, "clone3", is_clone3_refused());
	/* Nobody has this number: with no filter it is ESRCH. */
	say(ctx, "ptrace", ptrace(PTRACE_ATTACH, -1, NULL, NULL) != 0 &&
	    errno == EPERM);
	say(ctx, "kill", is_kill_refused());
	say(ctx, "process_vm_readv", is_peeking_refused());
	say(ctx, "connect", is_connecting_refused());
	say(ctx, "executable memory", is_code_refused());
	say(ctx, "memory made executable", is_making_code_refused());
	say(ctx, "setting limits", are_limits_refused());
	say(ctx, "socket inet", is_socket_refused(AF_INET, SOCK_STREAM));
	say(ctx, "socket inet6", is_socket_refused(AF_INET6, SOCK_DGRAM));
	say(ctx, "socket packet", is_socket_refused(AF_PACKET, SOCK_RAW));
	say(ctx, "reading /etc/passwd",
	    is_open_refused("/etc/passwd", O_RDONLY));
	say(ctx, "listing the folder above",
	    is_open_refused(above, O_RDONLY | O_DIRECTORY));
	say(ctx, "writing /dev/null", is_open_refused("/dev/null", O_WRONLY));
}
