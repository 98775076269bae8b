#include "cli/cmd.h"
#include "cli/run.h"
#include "cli/show.h"
#include "cli/signals.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define QUESTIONS_MAX 16

struct receiver {
	uint32_t host; /* the command that keeps us there */
	unsigned long n_messages;
	bool is_over;
	int code;
	struct {
		uint32_t session; /* 0: free */
		char name[SOTTO_NAME_MAX + 1];
	} questions[QUESTIONS_MAX];
	char line[128]; /* of stdin, for answers */
	size_t n_line;
	bool has_stdin;
};

static void
take_message(struct run *run, const struct sotto_event *ev)
{
	struct receiver *r = run->ctx;

	if (r->is_over)
		return; /* one more than was asked for: not shown */
	if (!show_message(run->out, ev)) {
		r->is_over = true;
		r->code = SOTTO_FAILED;
		return;
	}
	sotto_written(run->s, ev->session.id, ev->text.id);
	r->n_messages++;
	if (run->o->count != 0 && r->n_messages >= run->o->count)
		r->is_over = true;
}

static void
take_question(struct run *run, const struct sotto_event *ev)
{
	struct receiver *r = run->ctx;
	size_t i = 0;

	show_question(run->out, ev);
	while (i < QUESTIONS_MAX && r->questions[i].session != 0)
		i++;
	if (i == QUESTIONS_MAX || !r->has_stdin) {
		(void)sotto_answer(run->s, ev->session.id, false);
		return;
	}
	r->questions[i].session = ev->session.id;
	(void)snprintf(r->questions[i].name, sizeof r->questions[i].name, "%s",
	    ev->session.name);
}

static void
drop_question(struct receiver *r, uint32_t session)
{
	for (size_t i = 0; i < QUESTIONS_MAX; i++)
		if (r->questions[i].session == session)
			r->questions[i].session = 0;
}

static void
on_event(struct run *run, const struct sotto_event *ev)
{
	struct receiver *r = run->ctx;

	switch (ev->type) {
	case SOTTO_MESSAGE:
		take_message(run, ev);
		break;
	case SOTTO_SESSION_UP:
	case SOTTO_SESSION_DOWN:
		show_session(run->out, ev);
		break;
	case SOTTO_PRESENCE:
		if (run->out->is_json || run->out->verbosity >= 0)
			show_presence(run->out, ev);
		break;
	case SOTTO_QUESTION:
		take_question(run, ev);
		break;
	case SOTTO_QUESTION_OVER:
		drop_question(r, ev->session.id);
		show_question(run->out, ev);
		break;
	case SOTTO_DONE:
		if (ev->command != r->host || r->host == 0)
			break;
		r->is_over = true;
		r->code = (int)ev->error.outcome;
		if (r->code != 0)
			out_error(run->out, &ev->error);
		break;
	case SOTTO_NOTICE:
	case SOTTO_STATE:
	case SOTTO_ACCOUNT:
	case SOTTO_PERSON:
	case SOTTO_DEVICE:
	case SOTTO_SAFETY:
	case SOTTO_SENT:
		break;
	}
}

/* "/accept", "/decline", with a name or for whoever asked first. */
static void
answer(struct run *run, char *line)
{
	struct receiver *r = run->ctx;
	const char *name;
	bool accepts;
	size_t i = 0;

	line += line[0] == '/';
	accepts = strncmp(line, "accept", 6) == 0;
	if (!accepts && strncmp(line, "decline", 7) != 0)
		return;
	name = line + (accepts ? 6 : 7);
	name += strspn(name, " ");
	while (i < QUESTIONS_MAX &&
	    (r->questions[i].session == 0 ||
	        (*name != '\0' && strcmp(name, r->questions[i].name) != 0)))
		i++;
	if (i == QUESTIONS_MAX)
		return;
	(void)sotto_answer(run->s, r->questions[i].session, accepts);
	r->questions[i].session = 0;
}

static void
read_answers(struct run *run)
{
	struct receiver *r = run->ctx;
	char part[64];
	ssize_t n = read(STDIN_FILENO, part, sizeof part);

	if (n <= 0)
		r->has_stdin = false;
	for (ssize_t i = 0; i < n; i++) {
		if (part[i] != '\n') {
			if (r->n_line < sizeof r->line - 1)
				r->line[r->n_line++] = part[i];
			continue;
		}
		r->line[r->n_line] = '\0';
		r->n_line = 0;
		answer(run, r->line);
	}
}

static double
now_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Milliseconds until the time is over, or -1 when it never is. */
static int
left_ms(const struct options *o, double began_s)
{
	double left = began_s + o->for_s - now_s();

	if (o->for_s <= 0)
		return -1;
	if (left <= 0)
		return 0;
	return left > 1e6 ? 1000000000 : (int)(left * 1000) + 1;
}

int
cmd_receive(const struct options *o)
{
	struct receiver r = { .has_stdin = o->policy == SOTTO_POLICY_ASK };
	struct run run;
	double began_s = now_s();
	int code = run_begin(&run, o, on_event, &r);

	r.host = run.host;
	while (code == 0 && !r.is_over && signals_caught() == 0) {
		int left = left_ms(o, began_s);

		if (left == 0)
			break;
		if (run_turn(&run, r.has_stdin ? STDIN_FILENO : -1, left))
			read_answers(&run);
	}
	return run_end(&run, code == 0 ? r.code : code);
}
