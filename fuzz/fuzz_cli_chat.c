/*
 * A line typed in a chat: any bytes mean something, and what is said is a
 * part of the line.
 */
#include "cli/chat_parse.h"
#include "fuzz.h"

#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *line = (const char *)data;
	struct chat_line got;

	chat_parse(line, n, &got);
	MUST(memchr(got.name, '\0', sizeof got.name) != NULL);
	if (got.verb == CHAT_SAY || got.verb == CHAT_MSG)
		MUST(got.n > 0 && got.text >= line &&
		    got.text + got.n == line + n);
	if (got.verb == CHAT_DISCONNECT_PAIR)
		MUST(got.text >= line && got.text + got.n <= line + n);
	return 0;
}
