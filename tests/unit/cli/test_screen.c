/*
 * Row 33 of the threats: a million texts, names and sentences of others, made
 * to take over a terminal, through everything that is shown. What comes out is
 * read by a decoder of its own, and has nothing in it that a terminal acts
 * upon; e2e/sotto_screen.py has some of them on a real one.
 */
#include "cli/show.h"

#include "base/wr.h"
#include "support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* TEXTS in the environment asks for another number of them; a sanitizer
 * takes several times as long. */
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define TEXTS 200000
#endif
#endif
#ifndef TEXTS
#define TEXTS 1000000
#endif

#define TEXT_MAX 128
#define MARKS    4 /* combining ones, on one character */

static struct out out;
static char shown[32 * 1024];

static void
keep(void *ctx, const char *line)
{
	(void)ctx;
	(void)snprintf(shown, sizeof shown, "%s", line);
}

/* splitmix64 */
static uint64_t
next(void)
{
	static uint64_t seed;
	uint64_t z = seed += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

/* ---- what is said ---- */

#define PIECE(s) { s, sizeof s - 1 }
static const struct {
	const char *p;
	size_t n;
} pieces[] = {
	PIECE("\x1b[2J"), PIECE("\x1b[H"), PIECE("\x1b[1;1H"),
	PIECE("\x1b]0;owned\x07"), PIECE("\x1b]2;owned\x1b\\"),
	PIECE("\x1bP1$r\x1b\\"), PIECE("\x1b_x\x1b\\"), PIECE("\x1b[?1049h"),
	PIECE("\x1b[6n"), PIECE("\x1b" "c"), PIECE("\x9b" "2J"),
	PIECE("\x9d" "0;x\x9c"), PIECE("\xc2\x9b" "2J"),
	PIECE("\xc2\x9d" "0;x\xc2\x9c"), PIECE("\xc2\x85"), PIECE("\r"),
	PIECE("\n"), PIECE("\t"), PIECE("\b\b\b"), PIECE("\x7f"), PIECE("\0"),
	PIECE("\x0e\x0f\x05"), PIECE("\xe2\x80\xae"), PIECE("\xe2\x81\xa6"),
	PIECE("\xe2\x80\xa8"), PIECE("\xe2\x80\x8f"), PIECE("\xd8\x9c"),
	PIECE("\xef\xbb\xbf"), PIECE("\xc2\xad"), PIECE("\xf3\xa0\x81\x81"),
	PIECE("\xef\xbf\xb9"), PIECE("\xc0\x9b"), PIECE("\xe0\x80\x9b"),
	PIECE("\xf0\x80\x80\x9b"), PIECE("\xed\xa0\x9b"),
	PIECE("\xf4\x90\x80\x80"), PIECE("\xe2\x80"),
	PIECE("e\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81"),
	PIECE("\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb"), PIECE("words"),
	PIECE("\"}{"), PIECE("%s%n"),
};

static void
put_piece(struct wr *w, size_t i)
{
	wr_put(w, (struct bytes){ (const uint8_t *)pieces[i].p, pieces[i].n });
}

/* Any character below U+3000: all that acts is there, but for tags. */
static void
put_char(struct wr *w, uint32_t c)
{
	uint8_t b[3] = { (uint8_t)(0xe0 | c >> 12),
		(uint8_t)(0x80 | (c >> 6 & 0x3f)),
		(uint8_t)(0x80 | (c & 0x3f)) };

	if (c >= 0x800) {
		wr_put(w, BYTES_OF(b));
	} else if (c >= 0x80) {
		wr_u8(w, (uint8_t)(0xc0 | c >> 6));
		wr_u8(w, b[2]);
	} else {
		wr_u8(w, (uint8_t)c);
	}
}

/* Makes up to TEXT_MAX bytes: pieces, characters, bytes of any kind. */
static struct bytes
make_text(char text[TEXT_MAX])
{
	struct wr w = wr_init((uint8_t *)text, TEXT_MAX - 1);
	uint64_t parts = 1 + next() % 6;

	while (parts-- > 0) {
		uint64_t r = next();

		if (r % 4 == 1)
			put_char(&w, (uint32_t)(r >> 8) % 0x3000);
		else if (r % 4 != 0)
			put_piece(&w, (r >> 8) % (sizeof pieces /
					  sizeof pieces[0]));
		else
			wr_put(&w, (struct bytes){ (const uint8_t *)&r,
				       1 + (r >> 8) % 7 });
	}
	text[w.n] = '\0';
	return (struct bytes){ (const uint8_t *)text, w.n };
}

/* ---- what may be shown ---- */

/* Takes a character; false where there is none of strict UTF-8. */
static bool
take(const uint8_t **at, uint32_t *c)
{
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	const uint8_t *p = *at;
	unsigned more = *p < 0x80 ? 0 : *p < 0xc0 ? 4 : *p < 0xe0 ? 1 :
	    *p < 0xf0 ? 2 : *p < 0xf8 ? 3 : 4;

	if (more == 4)
		return false;
	*c = more == 0 ? *p : *p & (0x3fU >> more);
	for (unsigned i = 1; i <= more; i++) {
		if (p[i] >> 6 != 2)
			return false;
		*c = *c << 6 | (p[i] & 0x3f);
	}
	*at += more + 1;
	return *c >= least[more] && *c <= 0x10ffff && *c >> 11 != 0x1b;
}

/* What moves the cursor, begins a sequence, or turns what stands around. */
static bool
is_acted_upon(uint32_t c)
{
	static const uint32_t ranges[][2] = { { 0, 0x1f }, { 0x7f, 0x9f },
		{ 0x61c, 0x61c }, { 0x200b, 0x200b }, { 0x200e, 0x200f },
		{ 0x2028, 0x202e }, { 0x2066, 0x2069 }, { 0xfeff, 0xfeff } };
	/* JSON leaves these to its readers; a line for people does not. */
	static const uint32_t shaping[][2] = { { 0xad, 0xad },
		{ 0x180e, 0x180e }, { 0x2060, 0x2064 }, { 0x206a, 0x206f },
		{ 0xfff9, 0xfffb }, { 0xe0001, 0xe007f } };

	for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
		if (c >= ranges[i][0] && c <= ranges[i][1])
			return true;
	for (size_t i = 0; i < sizeof shaping / sizeof shaping[0]; i++)
		if (!out.is_json && c >= shaping[i][0] && c <= shaping[i][1])
			return true;
	return false;
}

/* A line, and nothing but one. */
static bool
is_calm(const char *line)
{
	const uint8_t *at = (const uint8_t *)line;
	unsigned marks = 0;
	uint32_t c;

	while (*at != 0) {
		if (!take(&at, &c) || is_acted_upon(c))
			return false;
		marks = c >= 0x300 && c < 0x370 ? marks + 1 : 0;
		if (marks > MARKS && !out.is_json)
			return false;
	}
	return true;
}

/* Begins with what we say, whatever follows it. */
static bool
begins(const char *with)
{
	return strncmp(shown, with, strlen(with)) == 0;
}

/* ---- all that is shown of others ---- */

static bool
show_text(struct bytes text)
{
	struct sotto_event ev = { .type = SOTTO_MESSAGE };

	ev.session.name = "bob";
	ev.text.p = (const char *)text.p;
	ev.text.n = text.n;
	return show_message(&out, &ev) &&
	    (out.is_json || begins("bob: "));
}

static bool
show_name(const char *name, unsigned where)
{
	struct sotto_event ev = { .type = SOTTO_SESSION_UP };

	switch (where % 6) {
	case 0:
		ev.session.name = name;
		show_session(&out, &ev);
		return out.is_json || begins("-- speaking with ");
	case 1:
		ev.person.name = name;
		show_presence(&out, &ev);
		return out.is_json || begins("-- ");
	case 2:
		ev.session.name = name;
		show_question(&out, &ev);
		return out.is_json || begins("-- ");
	case 3:
		ev.person.name = name;
		show_person(&out, &ev);
		return true;
	case 4:
		ev.device.id = "d1";
		ev.device.name = name;
		show_device(&out, &ev);
		return out.is_json || begins("d1  ");
	default:
		show_sent(&out, name, SOTTO_PATH_RELAY, 1);
		return out.is_json || begins("sent to ");
	}
}

static bool
show_sentence(const char *words)
{
	struct sotto_error e = { SOTTO_NO_SERVER, 0, "It did not work.",
		words, words };

	out_error(&out, &e);
	return out.is_json || begins("!! It did not work.");
}

/* Shows the number'th; returns whether it was as it must be. */
static bool
show_one(unsigned number)
{
	char text[TEXT_MAX];
	struct bytes made = make_text(text);
	bool ok;

	out.is_json = number % 4 == 3;
	shown[0] = '\0';
	if (number % 8 < 6)
		ok = show_text(made);
	else if (number % 16 < 8)
		ok = show_name(text, number / 16);
	else
		ok = show_sentence(text);
	return ok && shown[0] != '\0' && is_calm(shown);
}

TEST(threat_33_a_million_texts_and_names)
{
	const char *asked = getenv("TEXTS");
	unsigned n = asked == NULL ? TEXTS : (unsigned)atoi(asked), calm = 0;

	out = (struct out){ .talk = OUT_STDOUT, .above = keep,
		.color = OUT_COLOR_NEVER };
	for (unsigned i = 0; i < n; i++) {
		calm += show_one(i);
		if (calm != i + 1) {
			printf("    the %u'th was shown as: %s\n", i, shown);
			break;
		}
	}
	CHECK_EQ(calm, n);
}

CHECK_MAIN(T(threat_33_a_million_texts_and_names))
