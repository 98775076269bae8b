/*
 * disk - a disk that loses what was not synced, and has other faults.
 *
 * An SQLite VFS over memory. What is written is seen at once, but only a
 * sync makes it last: a power cut keeps of the unsynced writes none, all,
 * some, or sectors of some, and may leave garbage in a sector that was being
 * written. A deleted file is gone at once, as if its folder were synced.
 *
 * A sync that fails is as Linux has it: what was to be written may be lost,
 * is not written by the next sync, and is still seen until the power goes.
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

/* While a disk is held it takes nothing more and forgets nothing: so a
 * process that is killed closes its files. */
void disk_hold(struct disk *d, bool is_held);

/* Operations since the disk was made: those that write or sync, which
 * disk_fail_after counts; and all, with reads and openings, too. */
uint64_t disk_writes(const struct disk *d);
uint64_t disk_operations(const struct disk *d);

/* The n'th operation of any kind from now fails with an I/O error; for good,
 * or only this one. 0: none does. */
enum disk_fault { DISK_ONCE, DISK_FOR_GOOD };
void disk_break_after(struct disk *d, uint32_t n, enum disk_fault how);

/* Returns whether such an operation has failed since it was asked for. */
bool disk_is_broken(const struct disk *d);

/* All files together may have so many bytes; SIZE_MAX: no end. */
void disk_set_room(struct disk *d, size_t bytes);
size_t disk_used(const struct disk *d);

/*
 * What a sync does: its duty; or it only says yes, and a power cut keeps
 * what was written up to some moment (a cache that writes in order), or any
 * of it. Files that are deleted under such a disk are deleted at once.
 */
enum disk_sync { DISK_HONEST, DISK_LIES_IN_ORDER, DISK_LIES };
void disk_set_sync(struct disk *d, enum disk_sync how);

/* Loses what was not synced, in one of the ways above. */
void disk_power_cut(struct disk *d);

/* Returns a copy of the disk as it lies, for an attacker to put back. */
struct disk *disk_copy(const struct disk *d);

/* Returns whether the bytes stand anywhere on the disk. */
bool disk_holds(const struct disk *d, struct bytes what);

#endif
