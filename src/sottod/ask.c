#include "sottod/ask.h"

#include "sottod/admin.h"
#include "sottod/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

/* A server that is just starting or stopping has the lock and no socket. */
#define TRIES    100
#define PAUSE_MS 50
#define WAIT_S   120 /* for an answer */

static void
print(void *ctx, const char *text)
{
	(void)ctx;
	(void)say_line(text);
}

const struct ask_sink ask_print = { print, NULL, NULL };

/* What is asked. */
struct request {
	const char *const *words;
	unsigned n;
	bool is_json, may_make;
	const struct ask_sink *sink;
};

/* ---- by the server that runs ---- */

/* Returns a connection to it, or -1. */
static int
reach(const struct dir *d)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct timeval wait = { .tv_sec = WAIT_S };
	char path[DIR_PATH_MAX];
	int fd;

	dir_path(path, d, "control");
	if (strlen(path) >= sizeof at.sun_path)
		return -1;
	(void)strcpy(at.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
	if (connect(fd, (struct sockaddr *)&at, sizeof at) != 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static int
lost(struct trouble *t)
{
	return trouble_set(t, EX_UNAVAILABLE, "server",
	    "see its log, and try again",
	    "it went away without an answer");
}

/* Takes `CODE<tab>WHAT<tab>WHY<tab>ADVICE` apart. */
static int
read_trouble(char *text, struct trouble *t)
{
	char *fields[4] = { text, text, text, text };
	int code;

	for (unsigned i = 1; i < 4; i++) {
		fields[i] = strchr(fields[i - 1], '\t');
		if (fields[i] == NULL)
			return lost(t);
		*fields[i]++ = '\0';
	}
	code = (int)strtol(fields[0], NULL, 10);
	if (code <= 0 || code > 255)
		return lost(t);
	return trouble_set(t, code, fields[1], fields[3], "%s", fields[2]);
}

/* Reads the answer to its end. */
static int
read_answer(FILE *f, const struct ask_sink *sink, struct trouble *t)
{
	char *text = NULL;
	size_t cap = 0;
	ssize_t n;
	int code = -1;

	while (code == -1 && (n = getline(&text, &cap, f)) > 0) {
		text[strcspn(text, "\n")] = '\0';
		if (text[0] == '=')
			sink->line(sink->ctx, text + 1);
		else if (text[0] == '.')
			code = 0;
		else if (text[0] == '!')
			code = read_trouble(text + 1, t);
		else
			code = lost(t);
	}
	free(text);
	return code == -1 ? lost(t) : code;
}

static int
ask_live(int fd, const struct dir *d, const struct request *q,
    struct trouble *t)
{
	const struct ask_sink *sink = q->sink;
	struct line request = { 0 };
	FILE *f = fdopen(fd, "re");
	int code;

	if (f == NULL) {
		(void)close(fd);
		return lost(t);
	}
	line_put(&request, "%s", q->is_json ? "json" : "plain");
	for (unsigned i = 0; i < q->n; i++)
		line_put(&request, " %s", q->words[i]);
	line_put(&request, "\n");
	if (!request.is_lost && send(fd, request.p, request.n,
	    MSG_NOSIGNAL) == (ssize_t)request.n)
		code = read_answer(f, sink, t);
	else
		code = lost(t);
	if (code == 0 && sink->last != NULL) {
		dir_be_root(d);
		code = sink->last(sink->ctx, t);
	}
	line_free(&request);
	(void)fclose(f);
	return code;
}

/* ---- here ---- */

struct here {
	const struct ask_sink *sink;
	bool is_over;
	int code;
	struct trouble *t;
};

static void
on_line(void *ctx, const char *text)
{
	struct here *h = ctx;

	if (text == NULL)
		h->code = trouble_set(h->t, EXIT_FAILURE, "answer",
		    "free some memory", "out of memory");
	else
		h->sink->line(h->sink->ctx, text);
}

static void
on_end(void *ctx, const struct trouble *t)
{
	struct here *h = ctx;

	h->is_over = true;
	if (t == NULL)
		return;
	h->code = t->code;
	*h->t = *t;
}

static int
ask_here(const struct config *c, const struct dir *d,
    const struct request *q, struct trouble *t)
{
	const struct ask_sink *sink = q->sink;
	struct here h = { .sink = sink, .t = t };
	struct admin_reply reply = { on_line, on_end, &h };
	char text[CONTROL_LINE_MAX], *copies[ADMIN_WORDS_MAX];
	struct shell sh;
	size_t at = 0;
	int code = shell_open(&sh, d, c, q->may_make, t);

	if (code != 0)
		return code;
	for (unsigned i = 0; i < q->n && at < sizeof text; i++) {
		copies[i] = text + at;
		at += (size_t)snprintf(text + at, sizeof text - at, "%s",
		    q->words[i]) + 1;
	}
	admin_run(&sh, copies, q->n, q->is_json, &reply);
	while (!h.is_over)
		net_step(sh.net, -1);
	shell_close(&sh);
	if (h.code == 0 && sink->last != NULL) {
		dir_be_root(d);
		h.code = sink->last(sink->ctx, t);
	}
	return h.code;
}

int
ask_lock(struct dir *d, struct trouble *t)
{
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000L };
	int code = dir_lock(d, t), fd;

	for (unsigned i = 0; code != 0 && i < TRIES; i++) {
		fd = reach(d);
		if (fd >= 0) {
			(void)close(fd);
			break;
		}
		(void)nanosleep(&pause, NULL);
		code = dir_lock(d, t);
	}
	return code;
}

int
ask(const struct config *c, const char *const *words, unsigned n,
    bool is_json, bool may_make, const struct ask_sink *sink)
{
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000L };
	const struct request q = { words, n, is_json, may_make, sink };
	struct trouble t;
	struct dir d;
	int fd = -1, code = dir_open(&d, c->data, may_make, &t);

	if (code != 0)
		return say_trouble(&t);
	for (unsigned i = 0; i < TRIES; i++) {
		fd = reach(&d);
		if (fd >= 0)
			break;
		code = dir_lock(&d, &t);
		if (code == 0)
			break;
		(void)nanosleep(&pause, NULL);
	}
	if (fd >= 0)
		code = ask_live(fd, &d, &q, &t);
	else if (code == 0)
		code = ask_here(c, &d, &q, &t);
	dir_close(&d);
	return code == 0 ? 0 : say_trouble(&t);
}
