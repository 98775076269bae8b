/*
 * scratch - folders for tests that need a disk, removed when the test
 * program ends.
 */
#ifndef SUPPORT_SCRATCH_H
#define SUPPORT_SCRATCH_H

/* Makes a fresh, empty folder of mode 0700; its path lives as long as the
 * program. Ends the program when it cannot be made. */
const char *scratch_new(void);

#endif
