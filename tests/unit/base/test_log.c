/* log: one line is one line, whoever named himself what. */
#include "base/log.h"
#include "support/check.h"

#include <stdio.h>
#include <string.h>

static char said[600];
static unsigned lines;

static void
keep(enum log_level level, const char *line, void *ctx)
{
	(void)level;
	(void)ctx;
	(void)snprintf(said, sizeof said, "%s", line);
	lines++;
}

TEST(a_line_is_printable_ascii)
{
	char all[256], *p = all;

	for (int c = 1; c < 256; c++)
		*p++ = (char)c;
	*p = '\0';
	log_set(keep, LOG_DEBUG, NULL);
	log_say(LOG_INFO, "name %s", "a\nERROR forged\x7f\x9b\xc3\xa9");
	CHECK(strcmp(said,
		  "name a\\x0aERROR forged\\x7f\\x9b\\xc3\\xa9") == 0);
	log_say(LOG_INFO, "%s", all);
	for (const char *at = said; *at != '\0'; at++)
		CHECK(*at >= 0x20 && *at < 0x7f);
	CHECK_EQ(lines, 2);
}

TEST(a_long_line_is_cut)
{
	char text[2000];

	memset(text, '\n', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	log_set(keep, LOG_DEBUG, NULL);
	log_say(LOG_INFO, "%s", text);
	CHECK(strlen(said) > 400 && strlen(said) <= 500);
}

TEST(what_is_not_asked_for_is_not_said)
{
	lines = 0;
	log_set(keep, LOG_WARN, NULL);
	log_say(LOG_INFO, "x");
	log_say(LOG_DEBUG, "x");
	CHECK_EQ(lines, 0);
	log_say(LOG_WARN, "x");
	log_say(LOG_ERROR, "x");
	CHECK_EQ(lines, 2);
	log_set(NULL, LOG_DEBUG, NULL);
	log_say(LOG_ERROR, "x");
	CHECK_EQ(lines, 2);
}

CHECK_MAIN(T(a_line_is_printable_ascii), T(a_long_line_is_cut),
    T(what_is_not_asked_for_is_not_said))
