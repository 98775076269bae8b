#include "client/pins.h"

#include "base/rd.h"

#include <stdlib.h>
#include <string.h>

#define PINS_VERSION  1
#define FLAG_VERIFIED 1

void
client_pins_free(struct client_pins *pins)
{
	free(pins->p);
	*pins = (struct client_pins){ 0 };
}

/* Returns the place of name, or the place where it belongs. */
static size_t
place_of(const struct client_pins *pins, const struct wire_name *name)
{
	size_t low = 0, high = pins->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(pins->p[middle].name.s, name->s) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct client_pin *
client_pins_get(const struct client_pins *pins, const struct wire_name *name)
{
	size_t i = place_of(pins, name);

	if (i < pins->n && wire_name_equal(&pins->p[i].name, name))
		return &pins->p[i];
	return NULL;
}

enum sotto_pin
client_pins_judge(const struct client_pins *pins,
    const struct wire_name *name, const uint8_t *identity)
{
	const struct client_pin *pin = client_pins_get(pins, name);

	if (pin == NULL)
		return SOTTO_PIN_NONE;
	if (identity != NULL &&
	    memcmp(pin->identity, identity, sizeof pin->identity) != 0)
		return SOTTO_PIN_CHANGED;
	return pin->is_verified ? SOTTO_PIN_VERIFIED : SOTTO_PIN_PINNED;
}

static enum err
put(struct client_pins *pins, const struct client_pin *pin)
{
	size_t i = place_of(pins, &pin->name);

	if (i < pins->n && wire_name_equal(&pins->p[i].name, &pin->name)) {
		pins->p[i] = *pin;
		return ERR_OK;
	}
	if (pins->n == CLIENT_PINS_MAX)
		return ERR_LIMIT;
	if (pins->n == pins->cap) {
		size_t cap = pins->cap == 0 ? 16 : 2 * pins->cap;
		struct client_pin *p = realloc(pins->p, cap * sizeof *p);

		if (p == NULL)
			return ERR_NOMEM;
		pins->p = p;
		pins->cap = cap;
	}
	memmove(&pins->p[i + 1], &pins->p[i],
	    (pins->n - i) * sizeof *pins->p);
	pins->p[i] = *pin;
	pins->n++;
	return ERR_OK;
}

enum err
client_pins_set(struct client_pins *pins, const struct client_pin *pin)
{
	struct client_pin ours = *pin;

	ours.is_ours = true;
	ours.is_sent = false;
	return put(pins, &ours);
}

bool
client_pins_are_changed(const struct client_pins *pins)
{
	for (size_t i = 0; i < pins->n; i++)
		if (pins->p[i].is_ours)
			return true;
	return false;
}

bool
client_pins_are_written(const struct client_pins *pins)
{
	for (size_t i = 0; i < pins->n; i++)
		if (pins->p[i].is_ours || pins->p[i].is_sent)
			return false;
	return true;
}

void
client_pins_begin(struct client_pins *pins)
{
	for (size_t i = 0; i < pins->n; i++) {
		pins->p[i].is_sent |= pins->p[i].is_ours;
		pins->p[i].is_ours = false;
	}
}

void
client_pins_end(struct client_pins *pins, bool is_written)
{
	for (size_t i = 0; i < pins->n; i++) {
		pins->p[i].is_ours |= pins->p[i].is_sent && !is_written;
		pins->p[i].is_sent = false;
	}
}

void
client_pins_write(const struct client_pins *pins, struct wr *w)
{
	wr_u8(w, PINS_VERSION);
	wr_u16(w, (uint16_t)pins->n);
	for (size_t i = 0; i < pins->n; i++) {
		const struct client_pin *pin = &pins->p[i];

		wr_vec8(w, wire_name_bytes(&pin->name));
		wr_put(w, BYTES_OF(pin->identity));
		wr_u8(w, pin->is_verified ? FLAG_VERIFIED : 0);
		wr_u64(w, pin->roster_version);
	}
}

static enum err
read_pin(struct rd *r, struct client_pin *pin)
{
	uint8_t flags;
	enum err err;

	*pin = (struct client_pin){ 0 };
	TRY(wire_name_decode(&pin->name, rd_vec8(r, WIRE_NAME_MAX)));
	rd_copy(r, pin->identity, sizeof pin->identity);
	flags = rd_u8(r);
	pin->is_verified = flags == FLAG_VERIFIED;
	pin->roster_version = rd_u64(r);
	TRY(r->err);
	NEED(flags <= FLAG_VERIFIED, ERR_DECODE);
out:
	return err;
}

enum err
client_pins_read(struct client_pins *pins, struct bytes in)
{
	struct client_pins read = { 0 };
	struct rd r = rd_init(in);
	uint8_t version = rd_u8(&r);
	uint16_t n = rd_u16(&r);
	enum err err = ERR_OK;

	NEED(version != 0 && n <= CLIENT_PINS_MAX, ERR_DECODE);
	NEED(version == PINS_VERSION, ERR_VERSION);
	for (uint16_t i = 0; i < n; i++) {
		struct client_pin pin;

		TRY(read_pin(&r, &pin));
		NEED(i == 0 || strcmp(read.p[i - 1].name.s, pin.name.s) < 0,
		    ERR_DECODE);
		TRY(put(&read, &pin));
	}
	TRY(rd_end(&r));
	client_pins_free(pins);
	*pins = read;
	read = (struct client_pins){ 0 };
out:
	client_pins_free(&read);
	return err;
}

enum err
client_pins_merge(struct client_pins *pins, const struct client_pins *theirs)
{
	enum err err = ERR_OK;

	for (size_t i = 0; i < theirs->n; i++) {
		struct client_pin pin = theirs->p[i];
		struct client_pin *ours = client_pins_get(pins, &pin.name);

		if (ours == NULL || !(ours->is_ours || ours->is_sent)) {
			TRY(put(pins, &pin));
		} else if (memcmp(ours->identity, pin.identity,
			       sizeof pin.identity) == 0) {
			ours->is_verified |= pin.is_verified;
			if (pin.roster_version > ours->roster_version)
				ours->roster_version = pin.roster_version;
		}
	}
out:
	return err;
}
