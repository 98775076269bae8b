#include "text/text.h"

#include <qrencode.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* Marks that may be piled on one character before they are shown as what
 * they are: no writing needs more. */
#define MARKS_MAX 4

/* The longest escape, \U0010ffff, with its NUL. */
#define ESCAPE_CAP 11

bool
text_is_utf8(struct bytes b)
{
	utf8proc_int32_t code;

	while (b.n > 0) {
		utf8proc_ssize_t len = utf8proc_iterate(b.p,
		    (utf8proc_ssize_t)b.n, &code);

		if (len <= 0)
			return false;
		b.p += len;
		b.n -= (size_t)len;
	}
	return true;
}

enum err
text_nfc(struct bytes b, uint8_t *out, size_t cap, size_t *n)
{
	const int how = UTF8PROC_STABLE | UTF8PROC_COMPOSE;
	utf8proc_int32_t *codes = NULL;
	size_t room = 0;
	utf8proc_ssize_t len;
	enum err err = ERR_OK;

	*n = 0;
	NEED(text_is_utf8(b), ERR_ARG);
	if (b.n == 0)
		goto out;
	len = utf8proc_decompose(b.p, (utf8proc_ssize_t)b.n, NULL, 0, how);
	NEED(len >= 0, ERR_ARG);
	/* utf8proc_reencode puts UTF-8 and a NUL where the codes were. */
	room = ((size_t)len + 1) * sizeof *codes;
	codes = calloc(1, room);
	NEED(codes != NULL, ERR_NOMEM);
	len = utf8proc_decompose(b.p, (utf8proc_ssize_t)b.n, codes, len, how);
	NEED(len >= 0, ERR_ARG);
	len = utf8proc_reencode(codes, len, how);
	NEED(len >= 0, ERR_ARG);
	NEED((size_t)len <= cap, ERR_ROOM);
	memcpy(out, codes, (size_t)len);
	*n = (size_t)len;
out:
	if (codes != NULL)
		bytes_wipe(codes, room);
	free(codes);
	return err;
}

/* Returns whether a character, after `marks` combining ones, may reach a
 * terminal as it is. */
static bool
is_harmless(utf8proc_int32_t code, unsigned marks)
{
	const unsigned never = 1U << UTF8PROC_CATEGORY_CC |
	    1U << UTF8PROC_CATEGORY_CF | 1U << UTF8PROC_CATEGORY_CS |
	    1U << UTF8PROC_CATEGORY_ZL | 1U << UTF8PROC_CATEGORY_ZP;
	unsigned category;

	/* Zero-width joiners spell Persian and emoji. */
	if (code == 0x200c || code == 0x200d)
		return true;
	if ((code & 0xfffe) == 0xfffe)
		return false;
	category = 1U << utf8proc_category(code);
	if (category &
	    (1U << UTF8PROC_CATEGORY_MN | 1U << UTF8PROC_CATEGORY_ME))
		return marks < MARKS_MAX;
	return (category & never) == 0;
}

static void
name_code(char out[ESCAPE_CAP], utf8proc_int32_t code)
{
	if (code == '\n')
		(void)snprintf(out, ESCAPE_CAP, "\\n");
	else if (code == '\t')
		(void)snprintf(out, ESCAPE_CAP, "\\t");
	else if (code == '\r')
		(void)snprintf(out, ESCAPE_CAP, "\\r");
	else if (code < 0x100)
		(void)snprintf(out, ESCAPE_CAP, "\\x%02x", (unsigned)code);
	else if (code < 0x10000)
		(void)snprintf(out, ESCAPE_CAP, "\\u%04x", (unsigned)code);
	else
		(void)snprintf(out, ESCAPE_CAP, "\\U%08x", (unsigned)code);
}

/* Appends part at *n, whole or not at all, and counts it in any case. */
static void
append(char *out, size_t cap, size_t *n, struct bytes part)
{
	if (*n < cap && part.n < cap - *n) {
		memcpy(out + *n, part.p, part.n);
		out[*n + part.n] = '\0';
	}
	*n += part.n;
}

size_t
text_escape(char *out, size_t cap, struct bytes b)
{
	char escape[ESCAPE_CAP];
	size_t n = 0;
	unsigned marks = 0;

	if (cap > 0)
		out[0] = '\0';
	while (b.n > 0) {
		utf8proc_int32_t code;
		utf8proc_ssize_t len = utf8proc_iterate(b.p,
		    (utf8proc_ssize_t)b.n, &code);
		struct bytes part;

		if (len <= 0) {
			/* Not UTF-8: one byte, as a number. */
			len = 1;
			code = b.p[0];
			(void)snprintf(escape, sizeof escape, "\\x%02x",
			    b.p[0]);
			part = bytes_str(escape);
		} else if (is_harmless(code, marks)) {
			part = (struct bytes){ b.p, (size_t)len };
		} else {
			name_code(escape, code);
			part = bytes_str(escape);
		}
		marks = utf8proc_charwidth(code) == 0 ? marks + 1 : 0;
		append(out, cap, &n, part);
		b.p += len;
		b.n -= (size_t)len;
	}
	return n;
}

/* Returns whether a module is dark; outside the code lies its quiet zone. */
static bool
is_dark(const QRcode *qr, int x, int y)
{
	if (x < 0 || y < 0 || x >= qr->width || y >= qr->width)
		return false;
	return (qr->data[y * qr->width + x] & 1) != 0;
}

char *
text_qr(const char *content)
{
	/* By upper and lower half; the light modules are drawn, so that it
	 * can be read on a dark terminal. */
	static const char *const halves[2][2] = { { "\u2588", "\u2580" },
		{ "\u2584", " " } };
	enum { QUIET = 2, HALF_MAX = 3 };
	QRcode *qr = QRcode_encodeString(content, 0, QR_ECLEVEL_M,
	    QR_MODE_8, 1);
	size_t side, cap, n = 0;
	char *out = NULL;

	if (qr == NULL)
		return NULL;
	side = (size_t)qr->width + 2 * QUIET;
	cap = (side * HALF_MAX + 1) * (side / 2 + 1) + 1;
	out = calloc(1, cap);
	for (int y = -QUIET; out != NULL && y < qr->width + QUIET; y += 2) {
		for (int x = -QUIET; x < qr->width + QUIET; x++)
			append(out, cap, &n,
			    bytes_str(halves[is_dark(qr, x, y)]
					    [is_dark(qr, x, y + 1)]));
		append(out, cap, &n, BYTES_LIT("\n"));
	}
	QRcode_free(qr);
	return out;
}
