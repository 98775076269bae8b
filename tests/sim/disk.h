/*
 * disk - a disk that loses what was not synced.
 *
 * An SQLite VFS over memory. What is written is seen at once, but only a
 * sync makes it last: a power cut keeps of the unsynced writes none, all,
 * some, or sectors of some, and may leave garbage in a sector that was being
 * written. A deleted file is gone when its folder would have been synced; to
 * be unkind that is at the power cut too.
 */
#ifndef SIM_DISK_H
#define SIM_DISK_H

#include "base/bytes.h"
#include "sim/rng.h"

#define DISK_VFS "sim"

struct disk;

/* Makes an empty disk. Its faults come from the stream. */
struct disk *disk_new(struct rng rng);
void disk_free(struct disk *d);

/* The disk that the VFS works on from now; one at a time. */
void disk_use(struct disk *d);

/* The n'th operation from now that writes or syncs is the last before the
 * power goes: it and all later ones fail, until disk_power_cut. 0: never. */
void disk_fail_after(struct disk *d, uint32_t n);

/* Returns whether that has happened. */
bool disk_has_failed(const struct disk *d);

/* Loses what was not synced, in one of the ways above. */
void disk_power_cut(struct disk *d);

/* Returns a copy of the disk as it lies, for an attacker to put back. */
struct disk *disk_copy(const struct disk *d);

/* Returns whether the bytes stand anywhere on the disk. */
bool disk_holds(const struct disk *d, struct bytes what);

#endif
