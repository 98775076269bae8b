/*
 * text - what people type and read: normal forms, passwords, passphrases,
 * pictures of numbers, and what may reach a terminal.
 *
 * The only user of utf8proc, zxcvbn and qrencode.
 */
#ifndef TEXT_TEXT_H
#define TEXT_TEXT_H

#include "base/bytes.h"
#include "base/err.h"

/* Returns whether b is well-formed UTF-8 (no surrogates, no overlongs). */
bool text_is_utf8(struct bytes b);

/*
 * Writes the NFC form of b (UTF-8) to out, at most cap bytes; *n gets its
 * length. Fails with ARG (not UTF-8) or ROOM. Temporaries are wiped.
 */
MUST_USE enum err text_nfc(struct bytes b, uint8_t *out, size_t cap,
    size_t *n);

/* How good a password is. */
struct text_strength {
	double log10_guesses;
	bool is_enough; /* at least 10^10 guesses */
	char why[128];  /* a sentence for a person, when it is not */
};

/* Judges a password (NUL-free UTF-8 of n bytes) with up to 3 hints, words
 * that an attacker tries first: the name, the server. */
void text_judge(struct bytes password, const char *const *hints, size_t n_hints,
    struct text_strength *strength);

/*
 * Writes a passphrase of words and a NUL to out (at most cap, 128 is
 * enough) from 16 random bytes; strong enough for text_judge.
 */
void text_passphrase(char *out, size_t cap, const uint8_t random[16]);

/*
 * Writes b to out with control bytes, malformed UTF-8, and characters that
 * change the direction or the shape of what stands around them as visible
 * escapes (\n, \x1b, \u202e), and a NUL. Never writes more than cap bytes;
 * returns what the whole would take, without the NUL.
 */
size_t text_escape(char *out, size_t cap, struct bytes b);

/* Draws content as a QR code with half-block characters, lines ended by \n,
 * to be freed by free. NULL when it does not fit. */
char *text_qr(const char *content);

#endif
