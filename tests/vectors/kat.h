/*
 * kat - running files of published test vectors.
 *
 * A standard is one function in a file of its own (kat_NAME.c) and a row of
 * the table in main.c. It walks a parsed file: every case is a pair of
 * kat_begin and kat_end, with checks in between; a case passes when each of
 * its checks held. The values that a case reads live until the next
 * kat_begin. A file may hold other counts, another order, other values and
 * more fields than the published one; what is not of the standard's format
 * is refused.
 */
#ifndef VECTORS_KAT_H
#define VECTORS_KAT_H

#include "base/bytes.h"
#include "base/err.h"

#include <jansson.h>

struct kat_value;

struct kat {
	const char *kind;     /* of --kind, or the file's name, no .json */
	uint32_t suite_alias; /* of --suite-alias, or 0 */
	size_t passed, failed, not_run;
	char name[96];            /* of the case that is running */
	bool case_failed;         /* a check of it did not hold */
	struct kat_value *values; /* what it has read */
};

/* Begins a case, named for messages as printf would name it. */
__attribute__((format(printf, 2, 3))) void kat_begin(struct kat *k,
    const char *name, ...);

/* Ends the case and counts it. */
void kat_end(struct kat *k);

/* Ends a case that asks for something that is not implemented, and says so:
 * it is counted apart. */
void kat_not_run(struct kat *k, const char *why);

/*
 * Each is one check of the running case. A check that does not hold prints
 * what was checked. Returns whether it held.
 */
bool kat_true(struct kat *k, const char *what, bool held);
bool kat_err(struct kat *k, const char *what, enum err got, enum err want);
bool kat_bytes(struct kat *k, const char *what, struct bytes got,
    struct bytes want);

/*
 * Returns the bytes that the text in hex at name means. A missing field is
 * { NULL, 0 }, an empty one is not NULL; anything that is not hex is a check
 * that does not hold, and { NULL, 0 }. Valid until the next kat_begin.
 */
struct bytes kat_hex(struct kat *k, const json_t *object, const char *name);

/* The same of a value, which need not be in an object. */
struct bytes kat_hex_value(struct kat *k, const json_t *value);

/* Returns n zeroed bytes for a case to write to; valid as long. */
uint8_t *kat_space(struct kat *k, size_t n);

/* Returns the text at name, or "" when there is none. */
const char *kat_text(const json_t *object, const char *name);

/* Returns the number at name, or otherwise when there is none. */
uint64_t kat_number(const json_t *object, const char *name,
    uint64_t otherwise);

/*
 * The standards. Each returns false, after a message on stderr, when the
 * file is not of its format.
 */
typedef bool (*kat_fn)(struct kat *k, const json_t *file);
bool kat_hpke(struct kat *k, const json_t *file);
bool kat_mlkem(struct kat *k, const json_t *file);
bool kat_mls(struct kat *k, const json_t *file);
bool kat_noise(struct kat *k, const json_t *file);
bool kat_opaque(struct kat *k, const json_t *file);
bool kat_oprf(struct kat *k, const json_t *file);
bool kat_wycheproof_ed25519(struct kat *k, const json_t *file);
bool kat_wycheproof_x25519(struct kat *k, const json_t *file);
bool kat_xwing(struct kat *k, const json_t *file);

#endif
