/* The words of the public interface, and what it says about words. */
#include "crypto/crypto.h"
#include "sotto.h"
#include "text/text.h"

#include <stdlib.h>
#include <string.h>

char *
sotto_passphrase(void)
{
	struct {
		uint8_t random[16];
	} s;
	enum { LEN = 128 };
	char *out = malloc(LEN);

	if (out == NULL || crypto_init() != ERR_OK) {
		free(out);
		return NULL;
	}
	crypto_system_random(NULL, s.random, sizeof s.random);
	text_passphrase(out, LEN, s.random);
	bytes_wipe(&s, sizeof s);
	return out;
}

enum sotto_outcome
sotto_judge_password(const char *password, size_t n, const char *name,
    const char *host, const char **why)
{
	static _Thread_local struct text_strength strength;
	struct {
		uint8_t nfc[SOTTO_PASSWORD_MAX];
	} s;
	const char *hints[] = { name, host, "sotto" };
	struct bytes typed = { (const uint8_t *)password, n };
	enum sotto_outcome outcome = SOTTO_USAGE;
	size_t n_nfc = 0;
	enum err err;

	err = memchr(password, '\0', n) != NULL ?
	    ERR_ARG :
	    text_nfc(typed, s.nfc, sizeof s.nfc, &n_nfc);
	if (err == ERR_ROOM) {
		*why = "It is longer than 1024 bytes.";
	} else if (err != ERR_OK) {
		*why = "It is not UTF-8 text.";
	} else if (n_nfc < SOTTO_PASSWORD_MIN) {
		*why = "It is shorter than 8 bytes.";
		outcome = SOTTO_WEAK_PASSWORD;
	} else {
		text_judge((struct bytes){ s.nfc, n_nfc }, hints, 3, &strength);
		*why = strength.is_enough ? "" : strength.why;
		outcome = strength.is_enough ? SOTTO_OK : SOTTO_WEAK_PASSWORD;
	}
	bytes_wipe(&s, sizeof s);
	return outcome;
}

size_t
sotto_escape(char *out, size_t cap, const char *text, size_t n)
{
	return text_escape(out, cap,
	    (struct bytes){ (const uint8_t *)text, n });
}

const char *
sotto_status_word(enum sotto_status status)
{
	switch (status) {
	case SOTTO_OFFLINE:
		return "offline";
	case SOTTO_AVAILABLE:
		return "available";
	case SOTTO_BUSY:
		return "busy";
	case SOTTO_AWAY:
		return "away";
	case SOTTO_INVISIBLE:
		return "invisible";
	}
	return "unknown";
}

const char *
sotto_pin_word(enum sotto_pin pin)
{
	switch (pin) {
	case SOTTO_PIN_NONE:
		return "none";
	case SOTTO_PIN_PINNED:
		return "pinned";
	case SOTTO_PIN_VERIFIED:
		return "verified";
	case SOTTO_PIN_CHANGED:
		return "changed";
	}
	return "unknown";
}

const char *
sotto_path_word(enum sotto_path path)
{
	switch (path) {
	case SOTTO_PATH_NONE:
		return "none";
	case SOTTO_PATH_DIRECT:
		return "direct";
	case SOTTO_PATH_RELAY:
		return "relay";
	}
	return "unknown";
}
