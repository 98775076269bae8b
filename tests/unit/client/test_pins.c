#include "client/pins.h"
#include "support/check.h"

#include <stdio.h>

static struct client_pin
pin_of(const char *name, uint8_t key, uint64_t version)
{
	struct client_pin pin = { .roster_version = version };

	(void)snprintf(pin.name.s, sizeof pin.name.s, "%s", name);
	pin.identity[0] = key;
	return pin;
}

static void
set(struct client_pins *pins, const char *name, uint8_t key, uint64_t version)
{
	struct client_pin pin = pin_of(name, key, version);

	CHECK_OK(client_pins_set(pins, &pin));
}

static struct client_pin *
get(struct client_pins *pins, const char *name)
{
	struct client_pin pin = pin_of(name, 0, 0);

	return client_pins_get(pins, &pin.name);
}

static void
copy(struct client_pins *to, const struct client_pins *from)
{
	struct wr w = wr_new();

	client_pins_write(from, &w);
	CHECK_OK(client_pins_read(to, wr_bytes(&w)));
	wr_free(&w);
}

TEST(they_are_found_and_kept_sorted)
{
	struct client_pins pins = { 0 }, read = { 0 };
	char name[16];

	for (int i = 0; i < 200; i++) {
		(void)snprintf(name, sizeof name, "p%d", i * 37 % 200);
		set(&pins, name, (uint8_t)i, 1);
	}
	CHECK_EQ(pins.n, 200);
	copy(&read, &pins);
	CHECK_EQ(read.n, 200);
	for (int i = 0; i < 200; i++) {
		(void)snprintf(name, sizeof name, "p%d", i);
		CHECK(get(&read, name) != NULL);
	}
	CHECK(get(&read, "q") == NULL);
	CHECK(!client_pins_are_changed(&read));
	client_pins_free(&pins);
	client_pins_free(&read);
}

TEST(a_key_is_judged)
{
	struct client_pins pins = { 0 };
	struct client_pin bob = pin_of("bob", 7, 1);
	uint8_t other[32] = { 8 };

	CHECK_EQ(client_pins_judge(&pins, &bob.name, bob.identity),
	    SOTTO_PIN_NONE);
	CHECK_OK(client_pins_set(&pins, &bob));
	CHECK_EQ(client_pins_judge(&pins, &bob.name, bob.identity),
	    SOTTO_PIN_PINNED);
	CHECK_EQ(client_pins_judge(&pins, &bob.name, other),
	    SOTTO_PIN_CHANGED);
	bob.is_verified = true;
	CHECK_OK(client_pins_set(&pins, &bob));
	CHECK_EQ(client_pins_judge(&pins, &bob.name, NULL),
	    SOTTO_PIN_VERIFIED);
	CHECK_EQ(client_pins_judge(&pins, &bob.name, other),
	    SOTTO_PIN_CHANGED);
	client_pins_free(&pins);
}

TEST(two_writers_merge)
{
	struct client_pins ours = { 0 }, theirs = { 0 };

	set(&ours, "old", 1, 1);
	set(&ours, "both", 2, 5);
	client_pins_begin(&ours);
	client_pins_end(&ours, true);
	copy(&theirs, &ours);

	set(&ours, "both", 2, 6);
	set(&ours, "clash", 3, 1);
	set(&theirs, "both", 2, 4);
	get(&theirs, "both")->is_verified = true;
	set(&theirs, "clash", 9, 1);
	set(&theirs, "old", 8, 2);
	set(&theirs, "new", 4, 1);

	client_pins_begin(&theirs);
	client_pins_end(&theirs, true);
	CHECK_OK(client_pins_merge(&ours, &theirs));
	CHECK_EQ(ours.n, 4);
	CHECK(get(&ours, "both")->is_verified);
	CHECK_EQ(get(&ours, "both")->roster_version, 6);
	CHECK_EQ(get(&ours, "clash")->identity[0], 3);
	CHECK_EQ(get(&ours, "old")->identity[0], 8);
	CHECK_EQ(get(&ours, "new")->identity[0], 4);
	CHECK(client_pins_are_changed(&ours));
	client_pins_free(&ours);
	client_pins_free(&theirs);
}

TEST(what_was_not_written_is_ours_again)
{
	struct client_pins pins = { 0 };

	set(&pins, "bob", 1, 1);
	client_pins_begin(&pins);
	CHECK(!client_pins_are_changed(&pins));
	set(&pins, "carol", 1, 1);
	client_pins_end(&pins, true);
	CHECK(client_pins_are_changed(&pins));
	CHECK(!get(&pins, "bob")->is_ours);
	client_pins_begin(&pins);
	client_pins_end(&pins, false);
	CHECK(get(&pins, "carol")->is_ours);
	client_pins_free(&pins);
}

TEST(damaged_tables_are_refused)
{
	struct client_pins pins = { 0 }, read = { 0 };
	struct wr w = wr_new();
	uint8_t twice[] = { 1, 0, 2 };

	set(&pins, "bob", 7, 1);
	client_pins_write(&pins, &w);
	for (size_t n = 0; n < w.n; n++)
		CHECK_ERR(client_pins_read(&read, (struct bytes){ w.p, n }),
		    ERR_DECODE);
	wr_u8(&w, 0);
	CHECK_ERR(client_pins_read(&read, wr_bytes(&w)), ERR_DECODE);
	/* The same name twice, and a later version. */
	wr_reset(&w);
	client_pins_write(&pins, &w);
	wr_put(&w, (struct bytes){ w.p + 3, w.n - 3 });
	for (size_t i = 0; i < sizeof twice; i++)
		w.p[i] = twice[i];
	CHECK_ERR(client_pins_read(&read, wr_bytes(&w)), ERR_DECODE);
	w.p[0] = 2;
	CHECK_ERR(client_pins_read(&read, wr_bytes(&w)), ERR_VERSION);
	CHECK_EQ(read.n, 0);
	wr_free(&w);
	client_pins_free(&pins);
}

CHECK_MAIN(T(they_are_found_and_kept_sorted), T(a_key_is_judged),
    T(two_writers_merge), T(what_was_not_written_is_ours_again),
    T(damaged_tables_are_refused))
