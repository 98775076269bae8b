#include "cli/chat_parse.h"

#include <string.h>

enum { WORDS_MAX = 4 };

/* What a command takes. */
enum takes { NOTHING, NAME, MAYBE_NAME, NAME_AND_TEXT, TEXT };

struct row {
	const char *word;
	enum chat_verb verb;
	enum takes takes;
};

/* The first of several spellings is the one that is suggested. */
static const struct row slash[] = {
	{ "help", CHAT_HELP, MAYBE_NAME },
	{ "session", CHAT_SESSION, NAME },
	{ "host", CHAT_HOST, NOTHING },
	{ "list", CHAT_LIST, NOTHING },
	{ "msg", CHAT_MSG, NAME_AND_TEXT },
	{ "disconnect", CHAT_DISCONNECT, MAYBE_NAME },
	{ "verify", CHAT_VERIFY, MAYBE_NAME },
	{ "confirm", CHAT_CONFIRM, MAYBE_NAME },
	{ "accept", CHAT_ACCEPT, MAYBE_NAME },
	{ "decline", CHAT_DECLINE, MAYBE_NAME },
	{ "away", CHAT_AWAY, NOTHING },
	{ "back", CHAT_BACK, NOTHING },
	{ "hide", CHAT_HIDE, NOTHING },
	{ "show", CHAT_SHOW, NOTHING },
	{ "whoami", CHAT_WHOAMI, NOTHING },
	{ "say", CHAT_SAY, TEXT },
	{ "login", CHAT_LOGIN, MAYBE_NAME },
	{ "logout", CHAT_LOGOUT, MAYBE_NAME },
	{ "quit", CHAT_QUIT, NOTHING },
	{ "exit", CHAT_QUIT, NOTHING },
	{ "names", CHAT_LIST, NOTHING },
	{ "who", CHAT_LIST, NOTHING },
};

static const struct row bang[] = {
	{ "session", CHAT_SESSION, NAME },
	{ "list", CHAT_LIST, NOTHING },
	{ "disconnect", CHAT_DISCONNECT, MAYBE_NAME },
};

static const struct row upper[] = {
	{ "LOGIN", CHAT_LOGIN, MAYBE_NAME },
	{ "LIST", CHAT_LIST, NOTHING },
	{ "SEND", CHAT_MSG, NAME_AND_TEXT },
	{ "LOGOUT", CHAT_LOGOUT, MAYBE_NAME },
};

#define ROWS(table) table, sizeof table / sizeof table[0]

const char *const chat_help[] = {
	"/session NAME    speak with somebody (!session NAME, SEND NAME)",
	"/msg NAME TEXT   one message "
	"(send NAME TEXT; or the text, then To: NAME)",
	"/list            everybody, and whether they are there (!list, LIST)",
	"/accept [NAME]   speak with whoever asks",
	"/decline [NAME]  do not",
	"/disconnect      end the session (!disconnect)",
	"/verify [NAME]   the safety number; "
	"/confirm [NAME] when it is the same",
	"/host            be there for others (!session host)",
	"/away /back      say that you are away, or back",
	"/hide /show      be shown as offline, or no longer",
	"/whoami          your account",
	"/logout          end this session with the server (LOGOUT); "
	"LOGIN begins one",
	"/quit            leave",
	"//TEXT           say a text that begins with a slash",
	"/say TEXT        say a text that looks like a command",
	NULL,
};

struct words {
	const char *at[WORDS_MAX]; /* where each begins */
	size_t n[WORDS_MAX];
	size_t count; /* at most WORDS_MAX; the last may have more behind */
	bool has_more;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct words
split(const char *p, const char *end)
{
	struct words w = { .count = 0 };

	for (;;) {
		while (p < end && is_blank(*p))
			p++;
		if (p == end)
			return w;
		if (w.count == WORDS_MAX) {
			w.has_more = true;
			return w;
		}
		w.at[w.count] = p;
		while (p < end && !is_blank(*p))
			p++;
		w.n[w.count] = (size_t)(p - w.at[w.count]);
		w.count++;
	}
}

static bool
is_word(const struct words *w, size_t i, const char *word)
{
	return i < w->count && w->n[i] == strlen(word) &&
	    memcmp(w->at[i], word, w->n[i]) == 0;
}

static void
copy_name(struct chat_line *out, const struct words *w, size_t i)
{
	size_t n = i < w->count ? w->n[i] : 0;

	if (n >= sizeof out->name)
		n = sizeof out->name - 1;
	memcpy(out->name, i < w->count ? w->at[i] : "", n);
	out->name[n] = '\0';
}

static void
mistake(struct chat_line *out, const char *meant)
{
	out->verb = CHAT_MISTAKE;
	out->name[0] = '\0';
	out->text = meant;
	out->n = strlen(meant);
}

static void
say(struct chat_line *out, const char *text, const char *end)
{
	out->verb = text == end ? CHAT_NOTHING : CHAT_SAY;
	out->text = text;
	out->n = (size_t)(end - text);
}

/* ---- slips of the finger ---- */

/* How many letters are missing, too many, wrong or swapped with the next
 * (the restricted edit distance), at most limit + 1; words are short. */
static unsigned
distance(const char *a, size_t n, const char *b, unsigned limit)
{
	enum { MAX = 16 };
	unsigned d[MAX + 1][MAX + 1];
	size_t m = strlen(b);

	if (n > MAX || m > MAX || (n > m ? n - m : m - n) > limit)
		return limit + 1;
	for (size_t i = 0; i <= n; i++)
		for (size_t j = 0; j <= m; j++) {
			unsigned best = (unsigned)(i > j ? i : j);

			if (i > 0 && j > 0) {
				best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
				if (d[i - 1][j] + 1 < best)
					best = d[i - 1][j] + 1;
				if (d[i][j - 1] + 1 < best)
					best = d[i][j - 1] + 1;
				if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
				    a[i - 2] == b[j - 1] &&
				    d[i - 2][j - 2] + 1 < best)
					best = d[i - 2][j - 2] + 1;
			}
			d[i][j] = best;
		}
	return d[n][m];
}

/* The row whose word is nearest, within limit; or NULL. */
static const struct row *
nearest(const struct row *rows, size_t n_rows, const char *word, size_t n,
    unsigned limit)
{
	const struct row *best = NULL;

	for (size_t i = 0; i < n_rows; i++) {
		unsigned d = distance(word, n, rows[i].word, limit);

		if (d <= limit) {
			best = &rows[i];
			limit = d == 0 ? 0 : d - 1;
			if (d == 0)
				break;
		}
	}
	return best;
}

static const char *
suggestion(enum chat_verb verb)
{
	switch ((int)verb) {
	case CHAT_HELP:
		return "/help";
	case CHAT_SESSION:
		return "/session NAME";
	case CHAT_HOST:
		return "/host";
	case CHAT_LIST:
		return "/list";
	case CHAT_MSG:
		return "/msg NAME TEXT";
	case CHAT_DISCONNECT:
		return "/disconnect";
	case CHAT_VERIFY:
		return "/verify [NAME]";
	case CHAT_CONFIRM:
		return "/confirm [NAME]";
	case CHAT_ACCEPT:
		return "/accept [NAME]";
	case CHAT_DECLINE:
		return "/decline [NAME]";
	case CHAT_AWAY:
		return "/away";
	case CHAT_BACK:
		return "/back";
	case CHAT_HIDE:
		return "/hide";
	case CHAT_SHOW:
		return "/show";
	case CHAT_WHOAMI:
		return "/whoami";
	case CHAT_SAY:
		return "/say TEXT";
	case CHAT_LOGIN:
		return "LOGIN";
	case CHAT_LOGOUT:
		return "/logout";
	case CHAT_QUIT:
		return "/quit";
	default:
		return "";
	}
}

/* ---- commands ---- */

/* Fills in what a command takes; a wrong number of words is a mistake. */
static void
take(struct chat_line *out, const struct row *row, const struct words *w,
    const char *end)
{
	size_t rest = w->count - 1 + w->has_more;
	bool fits = true;

	out->verb = row->verb;
	switch (row->takes) {
	case NOTHING:
		fits = rest == 0;
		break;
	case NAME:
		fits = rest == 1;
		break;
	case MAYBE_NAME:
		fits = rest <= 1;
		break;
	case NAME_AND_TEXT:
		fits = rest >= 2;
		break;
	case TEXT:
		fits = rest >= 1;
		break;
	}
	if (!fits) {
		mistake(out, suggestion(row->verb));
		return;
	}
	if (row->takes == TEXT) {
		say(out, w->at[1], end);
		return;
	}
	copy_name(out, w, 1);
	if (row->takes == NAME_AND_TEXT) {
		out->text = w->at[2];
		out->n = (size_t)(end - w->at[2]);
	}
}

/* A line that begins with a sign that commands begin with. */
static void
parse_signed(struct chat_line *out, const struct row *rows, size_t n_rows,
    const char *p, const char *end)
{
	struct words w = split(p + 1, end);
	const struct row *row;

	if (w.count == 0 || w.at[0] != p + 1) {
		mistake(out, "/help");
		return;
	}
	row = nearest(rows, n_rows, w.at[0], w.n[0], 0);
	if (row != NULL && rows == bang && row->verb == CHAT_SESSION &&
	    w.count == 2 && is_word(&w, 1, "host")) {
		out->verb = CHAT_HOST;
	} else if (row != NULL && rows == slash && row->verb == CHAT_MSG &&
	    w.count == 2) {
		out->verb = CHAT_SESSION;
		copy_name(out, &w, 1);
	} else if (row != NULL) {
		take(out, row, &w, end);
	} else {
		row = nearest(rows, n_rows, w.at[0], w.n[0], 2);
		mistake(out, row == NULL ? "/help" : suggestion(row->verb));
	}
}

static bool
is_all_upper(const struct words *w)
{
	for (size_t i = 0; i < w->n[0]; i++)
		if (w->at[0][i] < 'A' || w->at[0][i] > 'Z')
			return false;
	return w->n[0] > 2;
}

/* LOGIN, LIST, SEND, LOGOUT; whether the line was one of those, or nearly. */
static bool
parse_upper(struct chat_line *out, const struct words *w, const char *end)
{
	const struct row *row;

	if (!is_all_upper(w))
		return false;
	row = nearest(ROWS(upper), w->at[0], w->n[0], 0);
	if (row == NULL) {
		/* Shouting is no command, except a word so near to one. */
		row = nearest(ROWS(upper), w->at[0], w->n[0], 1);
		if (row == NULL || (w->count > 1 && row->takes == NOTHING))
			return false;
		mistake(out, row->word);
	} else if (row->verb == CHAT_MSG && w->count == 2) {
		out->verb = CHAT_SESSION;
		copy_name(out, w, 1);
	} else {
		take(out, row, w, end);
	}
	return true;
}

/* Whether the first word is another with two neighbours swapped, or, if it
 * is a long one, nearly that. */
static bool
is_slip(const struct words *w, const char *word)
{
	size_t n = strlen(word);

	if (w->count == 0 || is_word(w, 0, word))
		return false;
	if (n > 4)
		return distance(w->at[0], w->n[0], word, 2) <= 2;
	return w->n[0] == n && distance(w->at[0], n, word, 1) == 1 &&
	    memchr(word, w->at[0][0], n) != NULL &&
	    memchr(word, w->at[0][1], n) != NULL &&
	    memchr(word, w->at[0][2], n) != NULL &&
	    memchr(word, w->at[0][3], n) != NULL;
}

/* send NAME TEXT, list, disconnect A B, logout NAME, and nearly those. */
static bool
parse_bare(struct chat_line *out, const struct words *w, const char *end)
{
	static const struct row send = { "send", CHAT_MSG, NAME_AND_TEXT };
	bool is_alone = w->count == 1;

	if (is_word(w, 0, "send") && w->count > 1) {
		take(out, &send, w, end);
	} else if (is_alone && is_word(w, 0, "list")) {
		out->verb = CHAT_LIST;
	} else if (is_word(w, 0, "disconnect")) {
		out->verb = CHAT_DISCONNECT_PAIR;
		copy_name(out, w, 1);
		if (w->count != 3) {
			mistake(out, "/disconnect");
			return true;
		}
		out->text = w->at[2];
		out->n = w->n[2];
	} else if (is_word(w, 0, "logout") && w->count <= 2) {
		out->verb = CHAT_LOGOUT;
		copy_name(out, w, 1);
		if (is_alone)
			mistake(out, "/logout");
	} else if (is_alone && (is_slip(w, "list") || is_slip(w, "logout"))) {
		mistake(out, w->n[0] == 4 ? "/list" : "/logout");
	} else if (is_slip(w, "disconnect") && w->count <= 3) {
		mistake(out, "/disconnect");
	} else if (is_slip(w, "send") && w->count > 2) {
		mistake(out, "/msg NAME TEXT");
	} else if (is_alone &&
	    (is_word(w, 0, "quit") || is_word(w, 0, "exit"))) {
		mistake(out, "/quit");
	} else {
		return false;
	}
	return true;
}

/* "To: NAME", alone on a line. */
static bool
parse_to(struct chat_line *out, const struct words *w)
{
	if (w->count != 2 || w->n[0] != 3 || w->at[0][2] != ':' ||
	    (w->at[0][0] != 'T' && w->at[0][0] != 't') ||
	    (w->at[0][1] != 'o' && w->at[0][1] != 'O'))
		return false;
	out->verb = CHAT_TO;
	copy_name(out, w, 1);
	return true;
}

void
chat_parse(const char *line, size_t n, struct chat_line *out)
{
	const char *p = line, *end = line + n;
	struct words w;

	*out = (struct chat_line){ .text = "" };
	if (memchr(line, '\n', n) != NULL) {
		say(out, line, end);
		return;
	}
	w = split(line, end);
	if (w.count == 0)
		return;
	p = w.at[0];
	if (p[0] == '/' && p + 1 < end && p[1] == '/') {
		say(out, p + 1, end);
	} else if (p[0] == '/' && p > line) {
		/* A blank in front: a paste, or a slip; not for others. */
		mistake(out, "the same without the blank in front");
	} else if (p[0] == '/') {
		parse_signed(out, ROWS(slash), p, end);
	} else if (p[0] == '!' && w.n[0] > 1 && p[1] != '!' && p[1] != '?') {
		parse_signed(out, ROWS(bang), p, end);
	} else if (!parse_to(out, &w) && !parse_upper(out, &w, end) &&
	    !parse_bare(out, &w, end)) {
		say(out, line, end);
	}
}
