/*
 * unhex - values of tests, written in hex.
 */
#ifndef SUPPORT_UNHEX_H
#define SUPPORT_UNHEX_H

#include "base/bytes.h"

/*
 * Returns the bytes that text means, up to 4096 of them; spaces are skipped.
 * They live until 16 further calls. Ends the program when text is not hex.
 */
struct bytes unhex(const char *text);

#endif
