#include "cli/chat.h"
#include "cli/cmd.h"
#include "cli/reader.h"
#include "cli/signals.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct screen {
	struct run run;
	struct chat chat;
	struct reader *reader;
};

static void
on_event(struct run *run, const struct sotto_event *ev)
{
	struct screen *screen = run->ctx;
	char prompt[SOTTO_NAME_MAX + 4];

	chat_event(&screen->chat, ev);
	if (screen->reader == NULL)
		return;
	chat_prompt(&screen->chat, prompt, sizeof prompt);
	reader_prompt(screen->reader, prompt);
}

static void
above(void *ctx, const char *line)
{
	reader_above(((const struct screen *)ctx)->reader, line);
}

/* Works until there is input; false when the chat is over. */
static bool
wait_for_input(void *ctx)
{
	struct screen *screen = ctx;

	for (;;) {
		if (signals_caught() != 0 || screen->chat.is_over)
			return false;
		if (run_turn(&screen->run, STDIN_FILENO, -1))
			return true;
		if (signals_caught() == 0 && signals_take_redraw() != 0)
			reader_redraw(screen->reader);
	}
}

/* Without a terminal nobody sees when a command has ended, so the next line
 * waits for that; at the end, what was said waits for its receipt. */
static void
settle(struct screen *screen, bool with_unsent)
{
	const struct chat *c = &screen->chat;

	while (signals_caught() == 0 && !c->is_over &&
	    (chat_is_busy(c) || (with_unsent && chat_has_unsent(c))))
		(void)run_turn(&screen->run, -1, -1);
}

static void
converse(struct screen *screen)
{
	struct chat *c = &screen->chat;
	bool is_terminal = reader_is_terminal(screen->reader);
	struct chat_line line;
	const char *text;
	size_t n;

	while (!c->is_over && signals_caught() == 0) {
		if (!is_terminal)
			settle(screen, false);
		if (c->is_over || !reader_line(screen->reader, &text, &n))
			break;
		chat_parse(text, n, &line);
		if (!is_terminal && line.verb == CHAT_QUIT)
			break;
		chat_do(c, &line);
	}
	if (!is_terminal)
		settle(screen, true);
}

/* One account, from its login to its logout. */
static int
chat_once(const struct options *o, struct screen *screen, const char *name)
{
	int code = run_begin(&screen->run, o, on_event, screen);

	if (code == 0) {
		if (screen->reader == NULL)
			screen->reader = reader_new(!o->out->is_json,
			    wait_for_input, screen);
		if (reader_is_terminal(screen->reader)) {
			o->out->above = above;
			o->out->above_ctx = screen;
		}
		reader_prompt(screen->reader, "> ");
		chat_begin(&screen->chat, &screen->run, name);
		converse(screen);
		code = screen->chat.code;
		o->out->above = NULL;
		chat_end(&screen->chat);
		/* What was read ahead of a pipe is for the next login. */
		if (reader_is_terminal(screen->reader)) {
			reader_free(screen->reader);
			screen->reader = NULL;
		}
	}
	return run_end(&screen->run, code);
}

int
cmd_chat(const struct options *o)
{
	static struct screen screen;
	struct options next = *o;
	const char *name = o->n_args > 0 ? o->args[0] : NULL;
	char account[sizeof screen.chat.next_account];
	bool is_over = false;
	int code = 0;

	o->out->talk = OUT_STDOUT;
	for (; !is_over; name = NULL) {
		memset(&screen.run, 0, sizeof screen.run);
		memset(&screen.chat, 0, sizeof screen.chat);
		code = chat_once(&next, &screen, name);
		is_over = code != 0 || screen.chat.next_account[0] == '\0';
		if (strcasecmp(screen.chat.next_account, screen.chat.me) == 0)
			continue;
		/* LOGIN of somebody else, whose password is another one. */
		is_over = is_over || o->ephemeral != NULL;
		(void)snprintf(account, sizeof account, "%s",
		    screen.chat.next_account);
		next.account = account;
		next.password_file = NULL;
		next.password_fd = -1;
		next.password_command = NULL;
	}
	if (screen.reader != NULL)
		reader_free(screen.reader);
	return code;
}
