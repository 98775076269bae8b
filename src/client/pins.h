/*
 * pins - the identity keys of other people, as this account knows them.
 *
 * A pin is made at the first use of a name, says whether a person has
 * compared the safety number, and which version of the other's roster was
 * the highest. The table is what the settings box holds; all devices of the
 * account share it, and merge when two write at once:
 *
 *	version u8 (1) | count u16 | count times: name vec8 | identity 32 |
 *	flags u8 | roster version u64
 *
 * in ascending order of names.
 */
#ifndef CLIENT_PINS_H
#define CLIENT_PINS_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/wr.h"
#include "sotto.h"
#include "wire/name.h"

#define CLIENT_PINS_MAX 3000 /* of the longest fit a settings box */

struct client_pin {
	struct wire_name name;
	uint8_t identity[32];
	bool is_verified;
	uint64_t roster_version;
	bool is_ours; /* decided here, and not yet told to the server */
	bool is_sent; /* told, and not yet known to be written */
};

struct client_pins {
	struct client_pin *p; /* sorted by name */
	size_t n, cap;
};

/* Releases the table; it is empty again. */
void client_pins_free(struct client_pins *pins);

/* Returns the pin of a name, or NULL. Valid until the next change. */
struct client_pin *client_pins_get(const struct client_pins *pins,
    const struct wire_name *name);

/* Returns what is to be said of a name that has this identity key now, or
 * whose key is not known (NULL). */
enum sotto_pin client_pins_judge(const struct client_pins *pins,
    const struct wire_name *name, const uint8_t *identity);

/* Adds or replaces a pin, and marks it as ours. Fails with NOMEM, or LIMIT
 * when there are too many. */
MUST_USE enum err client_pins_set(struct client_pins *pins,
    const struct client_pin *pin);

/* Returns whether a pin waits to be written to the server; and whether none
 * does, nor is on its way there. */
bool client_pins_are_changed(const struct client_pins *pins);
bool client_pins_are_written(const struct client_pins *pins);

/* The table is being written: what was ours is sent. Then, how it went: it
 * is stored, or ours again. */
void client_pins_begin(struct client_pins *pins);
void client_pins_end(struct client_pins *pins, bool is_written);

void client_pins_write(const struct client_pins *pins, struct wr *w);

/* Replaces the table by what in says. Fails with DECODE, VERSION or NOMEM,
 * the table then as it was. */
MUST_USE enum err client_pins_read(struct client_pins *pins, struct bytes in);

/*
 * Takes over what another device has written meanwhile: its pins, but for
 * those that are ours or sent, where the same identity key keeps the higher
 * roster version and stays verified if either says so. Fails with NOMEM or
 * LIMIT.
 */
MUST_USE enum err client_pins_merge(struct client_pins *pins,
    const struct client_pins *theirs);

#endif
