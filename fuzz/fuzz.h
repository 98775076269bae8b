/*
 * fuzz - what a fuzz target is: one function that libFuzzer, or replay.c,
 * calls with one input after another.
 *
 * A target keeps nothing from one input to the next, and dies when what it
 * looks at does not hold. Whatever needs preparing once, like the libraries,
 * is done in a constructor. Its corpus is corpus/NAME: a small file for each
 * thing worth reaching, and one for each input that ever broke it.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Dies, saying where, unless cond holds. */
#define MUST(cond)                                                             \
	do {                                                                   \
		if (!(cond)) {                                                 \
			(void)fprintf(                                         \
			    stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
			abort();                                               \
		}                                                              \
	} while (0)

#endif
