/* Names, addresses and links, as people type them. */
#include "support/check.h"
#include "wire/address.h"

#include <string.h>

static bool
is_name(const char *text, const char *want)
{
	struct wire_name name;

	if (wire_name_parse(&name, bytes_str(text)) != ERR_OK)
		return want == NULL;
	return want != NULL && strcmp(name.s, want) == 0;
}

TEST(names)
{
	CHECK(is_name("alice", "alice"));
	CHECK(is_name("Alice", "alice"));
	CHECK(is_name("0", "0"));
	CHECK(is_name("a_b.c-d", "a_b.c-d"));
	CHECK(is_name("abcdefghijklmnopqrstuvwxyz012345",
	    "abcdefghijklmnopqrstuvwxyz012345"));
	CHECK(is_name("abcdefghijklmnopqrstuvwxyz0123456", NULL));
	CHECK(is_name("", NULL));
	CHECK(is_name(".a", NULL));
	CHECK(is_name("-a", NULL));
	CHECK(is_name("a b", NULL));
	CHECK(is_name("a\x1b", NULL));
	CHECK(is_name("\xc3\xa4", NULL));
	CHECK(is_name("a/b", NULL));
	CHECK(is_name("a{b", NULL));
}

/* What comes from the wire is not folded, and no longer than a name. */
TEST(names_on_the_wire)
{
	static const char text[] = "abcdefghijklmnopqrstuvwxyz0123456";
	struct wire_name name;

	CHECK_OK(wire_name_decode(&name, (struct bytes){
	    (const uint8_t *)text, WIRE_NAME_MAX }));
	CHECK_ERR(wire_name_decode(&name, (struct bytes){
	    (const uint8_t *)text, WIRE_NAME_MAX + 1 }), ERR_DECODE);
	CHECK_ERR(wire_name_decode(&name, BYTES_LIT("Alice")), ERR_DECODE);
	CHECK_ERR(wire_name_decode(&name, BYTES_NONE), ERR_DECODE);
}

static bool
is_address(const char *text, const char *host, unsigned port)
{
	struct wire_address at;

	if (wire_address_parse(&at, bytes_str(text), false) != ERR_OK)
		return host == NULL;
	return host != NULL && strcmp(at.host, host) == 0 && at.port == port;
}

TEST(addresses)
{
	CHECK(is_address("example.org", "example.org", 7368));
	CHECK(is_address("example.org:1", "example.org", 1));
	CHECK(is_address("1.2.3.4:65535", "1.2.3.4", 65535));
	CHECK(is_address("[::1]", "::1", 7368));
	CHECK(is_address("[::1]:5", "::1", 5));
	CHECK(is_address("[fe80::1%eth0]:5", "fe80::1%eth0", 5));
	CHECK(is_address("a_b-C.org", "a_b-C.org", 7368));
	CHECK(is_address("[FE80::A]", "FE80::A", 7368));
	CHECK(is_address("", NULL, 0));
	CHECK(is_address(":5", NULL, 0));
	CHECK(is_address("a:", NULL, 0));
	CHECK(is_address("a:0", NULL, 0));
	CHECK(is_address("a:65536", NULL, 0));
	CHECK(is_address("a:12x", NULL, 0));
	CHECK(is_address("a b", NULL, 0));
	CHECK(is_address("[::1", NULL, 0));
	CHECK(is_address("[::1]5", NULL, 0));
	CHECK(is_address("-x", NULL, 0));
	CHECK(is_address("[name]", NULL, 0));
	CHECK(is_address("::1", NULL, 0));
	CHECK(is_address("a:1/5", NULL, 0));
	CHECK(is_address("a:123456", NULL, 0));
	CHECK(is_address("a{b", NULL, 0));
	CHECK(is_address("a[b", NULL, 0));
	CHECK(is_address("[::!]", NULL, 0));
	CHECK(is_address("[::_]", NULL, 0));
	CHECK(is_address("[::{]", NULL, 0));
}

TEST(hosts_have_a_length)
{
	char text[WIRE_HOST_MAX + 2];

	memset(text, 'a', sizeof text);
	text[WIRE_HOST_MAX] = '\0';
	CHECK(is_address(text, text, 7368));
	text[WIRE_HOST_MAX] = 'a';
	text[WIRE_HOST_MAX + 1] = '\0';
	CHECK(is_address(text, NULL, 0));
}

TEST(addresses_print_as_they_are_read)
{
	static const char *const texts[] = { "example.org:1", "[::1]:5",
		"1.2.3.4:7368" };

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct wire_address at;
		char out[WIRE_ADDRESS_TEXT_MAX];

		CHECK_OK(wire_address_parse(&at, bytes_str(texts[i]), false));
		wire_address_print(out, &at);
		CHECK(strcmp(out, texts[i]) == 0);
	}
}

TEST(links)
{
	struct wire_link link, again;
	char text[WIRE_LINK_TEXT_MAX], cut[WIRE_LINK_TEXT_MAX];

	memset(&link, 0, sizeof link);
	CHECK_OK(wire_address_parse_user(&link.name, &link.at,
	    bytes_str("Alice@[2001:db8::1]:99")));
	memset(link.server_key, 0xab, sizeof link.server_key);
	memset(link.code, 0x31, sizeof link.code);
	wire_link_print(text, &link);
	CHECK(strncmp(text, "sotto://alice@[2001:db8::1]:99/", 31) == 0);
	CHECK_OK(wire_link_parse(&again, bytes_str(text)));
	CHECK(memcmp(again.server_key, link.server_key, WIRE_KEY_LEN) == 0);
	CHECK(memcmp(again.code, link.code, WIRE_CODE_LEN) == 0);
	CHECK(wire_name_equal(&again.name, &link.name));
	CHECK_EQ(again.at.port, 99);
	for (size_t n = 0; n < strlen(text); n++) {
		memcpy(cut, text, n);
		CHECK_ERR(wire_link_parse(&again, (struct bytes){
		    (uint8_t *)cut, n }), ERR_ARG);
	}
	/* Another letter in the name, the host, and in front of the key. */
	for (size_t at = 8; at < 32; at += at == 8 ? 7 : 16) {
		memcpy(cut, text, sizeof cut);
		cut[at] = '!';
		CHECK_ERR(wire_link_parse(&again, bytes_str(cut)), ERR_ARG);
	}
	/* Zeros would mean that the server is to be asked for its key. */
	memset(link.server_key, 0, sizeof link.server_key);
	wire_link_print(text, &link);
	CHECK_ERR(wire_link_parse(&again, bytes_str(text)), ERR_ARG);
	CHECK_ERR(wire_key_parse(link.server_key, bytes_str(
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")), ERR_ARG);
	CHECK_OK(wire_key_parse(link.server_key, bytes_str(
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE")));
}

CHECK_MAIN(T(names), T(names_on_the_wire), T(addresses),
    T(hosts_have_a_length), T(addresses_print_as_they_are_read), T(links))
