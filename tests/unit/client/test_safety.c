#include "client/safety.h"
#include "support/check.h"

#include <string.h>

static const uint8_t key_a[32] = { 1 }, key_b[32] = { 2 };
static const struct wire_name alice = { "alice" }, bob = { "bob" };

static void
number(const struct wire_name *one, const uint8_t *one_key,
    const struct wire_name *other, const uint8_t *other_key,
    char out[CLIENT_SAFETY_TEXT])
{
	struct client_safety_side a = { one, one_key };
	struct client_safety_side b = { other, other_key };

	client_safety_number(&a, &b, out);
}

TEST(both_sides_see_the_same)
{
	char ours[CLIENT_SAFETY_TEXT], theirs[CLIENT_SAFETY_TEXT];

	number(&alice, key_a, &bob, key_b, ours);
	number(&bob, key_b, &alice, key_a, theirs);
	CHECK_BYTES(bytes_str(ours), bytes_str(theirs));
}

TEST(it_has_its_form)
{
	char text[CLIENT_SAFETY_TEXT];

	number(&alice, key_a, &bob, key_b, text);
	CHECK_EQ(strlen(text), CLIENT_SAFETY_TEXT - 1);
	for (size_t i = 0; text[i] != '\0'; i++)
		CHECK(i % 6 == 5 ? text[i] == ' ' :
				   text[i] >= '0' && text[i] <= '9');
	CHECK(strncmp(text, text + 36, 35) <= 0);
}

TEST(every_part_counts)
{
	char text[CLIENT_SAFETY_TEXT], other[CLIENT_SAFETY_TEXT];
	static const uint8_t key_c[32] = { 2, [31] = 1 };
	static const struct wire_name carol = { "carol" };

	number(&alice, key_a, &bob, key_b, text);
	number(&alice, key_a, &bob, key_c, other);
	CHECK(strcmp(text, other) != 0);
	number(&alice, key_a, &carol, key_b, other);
	CHECK(strcmp(text, other) != 0);
	number(&alice, key_b, &bob, key_a, other);
	CHECK(strcmp(text, other) != 0);
}

/* Computed by other means, out of docs/PROTOCOL.md, section 9. */
TEST(it_is_what_the_protocol_says)
{
	static const char want[] =
	    "59069 78029 04194 70175 00381 30277"
	    " 85459 21842 68870 45871 59240 08531";
	uint8_t one[32], other[32];
	char text[CLIENT_SAFETY_TEXT];

	for (uint8_t i = 0; i < 32; i++) {
		one[i] = i;
		other[i] = (uint8_t)(100 + i);
	}
	number(&alice, one, &bob, other, text);
	CHECK_BYTES(bytes_str(text), bytes_str(want));
}

CHECK_MAIN(T(both_sides_see_the_same), T(it_has_its_form),
    T(every_part_counts), T(it_is_what_the_protocol_says))
