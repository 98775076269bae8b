#include "cli/reader.h"

#include "cli/signals.h"

#include <histedit.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#define PASTE_BEGIN "\x1b[200~"
#define PASTE_END   "\x1b[201~"
#define PASTE_ON    "\x1b[?2004h"
#define PASTE_OFF   "\x1b[?2004l"
#define HISTORY_MAX 200

/* Longest line that is taken from stdin: over what can be said, so that it is
 * refused as too long and not cut. */
#define LINE_MAX_LEN (64 * 1024)
#define PASTE_CAP    (LINE_MAX_LEN + 2)

struct reader {
	EditLine *el; /* NULL: not on a terminal */
	HistoryW *history;
	reader_wait_fn *wait;
	void *ctx;
	bool is_editing; /* a line is on the screen */
	bool is_ended;
	char prompt[128];
	char in[256]; /* bytes read and not used yet */
	size_t in_n;
	char *line;
	size_t n, cap;
	wchar_t *paste;
	size_t paste_n;
	bool is_pasting;
};

static struct termios before;

static void
restore_terminal(void)
{
	(void)!write(STDOUT_FILENO, PASTE_OFF, strlen(PASTE_OFF));
	(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
}

/* ---- UTF-8, whatever the locale ---- */

/* No copy of what was typed stays behind. */
static void
wipe_line(struct reader *r)
{
	if (r->line != NULL)
		explicit_bzero(r->line, r->cap);
	r->n = 0;
}

static void
grow(struct reader *r, size_t cap)
{
	size_t n = r->n;
	char *line = malloc(cap);

	if (line == NULL)
		abort();
	if (n > 0)
		memcpy(line, r->line, n);
	wipe_line(r);
	free(r->line);
	r->line = line;
	r->cap = cap;
	r->n = n;
}

static void
append(struct reader *r, const char *p, size_t n)
{
	if (n > LINE_MAX_LEN - r->n)
		n = LINE_MAX_LEN - r->n;
	if (n == 0)
		return;
	if (r->n + n > r->cap)
		grow(r, (r->n + n) * 2);
	memcpy(r->line + r->n, p, n);
	r->n += n;
}

static void
append_char(struct reader *r, uint32_t c)
{
	char b[4];
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	if (n == 1) {
		b[0] = (char)c;
	} else {
		for (size_t i = n - 1; i > 0; i--, c >>= 6)
			b[i] = (char)(0x80 | (c & 0x3f));
		b[0] = (char)((0xf00U >> n) | c);
	}
	append(r, b, n);
}

/* How many bytes the character beginning with c takes. */
static size_t
char_len(unsigned char c)
{
	return c < 0xc2 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 1;
}

static wchar_t
decode(const char *p, size_t n)
{
	uint32_t c = (unsigned char)p[0];

	if (n == 1)
		return c < 0x80 ? (wchar_t)c : 0xfffd;
	c &= 0x7fU >> n;
	for (size_t i = 1; i < n; i++) {
		if (((unsigned char)p[i] & 0xc0) != 0x80)
			return 0xfffd;
		c = c << 6 | ((unsigned char)p[i] & 0x3f);
	}
	return (wchar_t)c;
}

/* ---- the screen ---- */

static unsigned
columns(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
		return 80;
	return size.ws_col;
}

/* In which row, counted from that of the prompt, the cursor stands. */
static unsigned
cursor_row(const struct reader *r)
{
	const LineInfoW *info = el_wline(r->el);
	unsigned width = columns(), col = (unsigned)strlen(r->prompt), row;

	row = col / width;
	col %= width;
	for (const wchar_t *at = info->buffer; at < info->cursor; at++) {
		int w = wcwidth(*at);

		if (*at == L'\n') {
			row++;
			col = 0;
			continue;
		}
		/* Others are shown as ^X. */
		w = w < 0 ? 2 : w;
		if (col + (unsigned)w > width) {
			row++;
			col = 0;
		}
		col += (unsigned)w;
		if (col >= width) {
			row++;
			col = 0;
		}
	}
	return row;
}

/* Takes the line off the screen, and puts it there again. */
static void
hide(const struct reader *r)
{
	unsigned row = cursor_row(r);

	if (row > 0)
		printf("\x1b[%uA", row);
	printf("\r\x1b[J");
}

static void
show(const struct reader *r)
{
	(void)fflush(stdout);
	(void)el_set(r->el, EL_REFRESH);
}

void
reader_above(struct reader *r, const char *line)
{
	if (!r->is_editing) {
		printf("%s\n", line);
		(void)fflush(stdout);
		return;
	}
	hide(r);
	printf("%s\n", line);
	show(r);
}

void
reader_redraw(struct reader *r)
{
	if (r->el == NULL)
		return;
	el_resize(r->el);
	if (!r->is_editing)
		return;
	hide(r);
	show(r);
}

void
reader_prompt(struct reader *r, const char *prompt)
{
	if (strcmp(r->prompt, prompt) == 0)
		return;
	if (r->is_editing)
		hide(r);
	(void)snprintf(r->prompt, sizeof r->prompt, "%s", prompt);
	if (r->is_editing)
		show(r);
}

static char *
get_prompt(EditLine *el)
{
	struct reader *r;

	(void)el_get(el, EL_CLIENTDATA, &r);
	return r->prompt;
}

/* ---- bytes of the terminal ---- */

static void
drop(struct reader *r, size_t n)
{
	memmove(r->in, r->in + n, r->in_n - n);
	r->in_n -= n;
	explicit_bzero(r->in + r->in_n, n);
}

static bool
starts_with(const struct reader *r, const char *mark)
{
	return r->in_n >= strlen(mark) &&
	    memcmp(r->in, mark, strlen(mark)) == 0;
}

/* Whether what is there may be the beginning of a longer mark. */
static bool
may_become(const struct reader *r, const char *mark)
{
	return r->in_n < strlen(mark) && memcmp(r->in, mark, r->in_n) == 0;
}

/* Waits for input and reads it; false at the end of it. */
static bool
fill(struct reader *r)
{
	ssize_t got;

	if (!r->wait(r->ctx))
		return false;
	got = read(STDIN_FILENO, r->in + r->in_n, sizeof r->in - r->in_n);
	if (got <= 0)
		return false;
	r->in_n += (size_t)got;
	return true;
}

/* More of a sequence that has begun comes at once, or it is none. */
static bool
fill_soon(struct reader *r)
{
	struct pollfd fd = { .fd = STDIN_FILENO, .events = POLLIN };

	return poll(&fd, 1, 50) > 0 && fill(r);
}

static void
paste_char(struct reader *r, wchar_t c)
{
	if (c == L'\r')
		c = L'\n';
	else if (c == L'\t')
		c = L' ';
	if ((c < 0x20 && c != L'\n') || (c >= 0x7f && c < 0xa0))
		return;
	r->paste[r->paste_n++] = c;
}

/* The paste is whole: into the line with it, without line ends at its end. */
static void
paste_done(struct reader *r)
{
	while (r->paste_n > 0 && r->paste[r->paste_n - 1] == L'\n')
		r->paste_n--;
	r->paste[r->paste_n] = L'\0';
	r->is_pasting = false;
	hide(r);
	if (r->paste_n > 0)
		(void)el_winsertstr(r->el, r->paste);
	r->paste_n = 0;
	show(r);
}

/* Takes what is there while a paste goes on; false at the end of input. */
static bool
paste_some(struct reader *r)
{
	size_t n;

	if (starts_with(r, PASTE_END)) {
		drop(r, strlen(PASTE_END));
		paste_done(r);
		return true;
	}
	n = r->in_n == 0 ? 1 : char_len((unsigned char)r->in[0]);
	if (r->in_n < n || may_become(r, PASTE_END))
		return fill(r);
	if (r->paste_n < LINE_MAX_LEN)
		paste_char(r, decode(r->in, n));
	drop(r, n);
	return true;
}

/* The next character for libedit: 1, or 0 at the end. */
static int
get_char(EditLine *el, wchar_t *c)
{
	struct reader *r;
	size_t n;

	(void)el_get(el, EL_CLIENTDATA, &r);
	for (;;) {
		if (r->is_pasting) {
			if (!paste_some(r))
				break;
			continue;
		}
		if (r->in_n > 1 && may_become(r, PASTE_BEGIN) && fill_soon(r))
			continue;
		if (starts_with(r, PASTE_BEGIN)) {
			drop(r, strlen(PASTE_BEGIN));
			r->is_pasting = true;
			continue;
		}
		n = r->in_n == 0 ? 1 : char_len((unsigned char)r->in[0]);
		if (r->in_n >= n) {
			*c = decode(r->in, n);
			drop(r, n);
			return 1;
		}
		if (!fill(r))
			break;
	}
	r->is_ended = true;
	return 0;
}

/* ---- lines ---- */

static bool
edit_line(struct reader *r)
{
	const wchar_t *typed;
	HistEventW ev;
	int count = 0;

	r->is_editing = true;
	(void)fflush(stdout);
	typed = el_wgets(r->el, &count);
	r->is_editing = false;
	if (r->is_ended || typed == NULL || count <= 0) {
		printf("\n");
		(void)fflush(stdout);
		return false;
	}
	wipe_line(r);
	for (int i = 0; i < count; i++)
		append_char(r, (uint32_t)typed[i]);
	if (r->n > 0 && r->line[r->n - 1] == '\n')
		r->n--;
	if (r->n > 0)
		(void)history_w(r->history, &ev, H_ENTER, typed);
	return true;
}

static bool
plain_line(struct reader *r)
{
	wipe_line(r);
	for (;;) {
		const char *end = memchr(r->in, '\n', r->in_n);
		size_t n = end == NULL ? r->in_n : (size_t)(end - r->in);

		append(r, r->in, n);
		drop(r, n + (end != NULL));
		if (end != NULL)
			return true;
		if (!fill(r))
			return r->n > 0;
	}
}

bool
reader_line(struct reader *r, const char **line, size_t *n)
{
	bool ok;

	if (r->is_ended)
		return false;
	ok = r->el != NULL ? edit_line(r) : plain_line(r);
	*line = r->line == NULL ? "" : r->line;
	*n = r->n;
	return ok;
}

/* ---- beginning and ending ---- */

static bool
can_edit(void)
{
	const char *term = getenv("TERM");

	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term != NULL &&
	    term[0] != '\0' && strcmp(term, "dumb") != 0 &&
	    tcgetattr(STDIN_FILENO, &before) == 0;
}

static void
edit_begin(struct reader *r)
{
	HistEventW ev;

	r->el = el_init("sotto", stdin, stdout, stderr);
	r->paste = calloc(PASTE_CAP, sizeof r->paste[0]);
	r->history = history_winit();
	if (r->el == NULL || r->paste == NULL || r->history == NULL)
		abort();
	(void)history_w(r->history, &ev, H_SETSIZE, HISTORY_MAX);
	(void)history_w(r->history, &ev, H_SETUNIQUE, 1);
	(void)el_set(r->el, EL_CLIENTDATA, r);
	(void)el_set(r->el, EL_PROMPT, get_prompt);
	(void)el_set(r->el, EL_EDITOR, "emacs");
	(void)el_wset(r->el, EL_HIST, history_w, r->history);
	(void)el_set(r->el, EL_BIND, "^R", "em-inc-search-prev", NULL);
	(void)el_wset(r->el, EL_GETCFN, get_char);
	(void)el_source(r->el, NULL);
	signals_on_end(restore_terminal);
	printf(PASTE_ON);
}

struct reader *
reader_new(bool may_edit, reader_wait_fn *wait, void *ctx)
{
	struct reader *r = calloc(1, sizeof *r);

	if (r == NULL)
		abort();
	r->wait = wait;
	r->ctx = ctx;
	if (may_edit && can_edit())
		edit_begin(r);
	return r;
}

bool
reader_is_terminal(const struct reader *r)
{
	return r->el != NULL;
}

void
reader_free(struct reader *r)
{
	if (r->el != NULL) {
		el_end(r->el);
		history_wend(r->history);
		signals_on_end(NULL);
		restore_terminal();
	}
	wipe_line(r);
	free(r->line);
	if (r->paste != NULL)
		explicit_bzero(r->paste, PASTE_CAP * sizeof r->paste[0]);
	free(r->paste);
	explicit_bzero(r, sizeof *r);
	free(r);
}
