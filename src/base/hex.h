/*
 * hex - bytes as text: hexadecimal, and base64url without padding
 * (RFC 4648 section 5). For keys, codes and names of files; decoding is
 * strict, so that a value has exactly one spelling.
 */
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include "base/bytes.h"
#include "base/err.h"

/* Characters that n bytes take, without the terminator. */
#define HEX_LEN(n)    ((n)*2)
#define BASE64_LEN(n) (((n)*8 + 5) / 6)

/* Writes b in lower case and a NUL to out, which holds HEX_LEN(b.n) + 1. */
void hex_encode(char *out, struct bytes b);

/* Fills the n bytes at out from exactly HEX_LEN(n) digits, or DECODE. */
MUST_USE enum err hex_decode(void *out, size_t n, struct bytes text);

/* Writes b and a NUL to out, which holds BASE64_LEN(b.n) + 1. */
void base64_encode(char *out, struct bytes b);

/*
 * Fills the n bytes at out from exactly BASE64_LEN(n) characters of the
 * url-safe alphabet; stray bits in the last one are an error. DECODE.
 */
MUST_USE enum err base64_decode(void *out, size_t n, struct bytes text);

#endif
