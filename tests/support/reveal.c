/*
 * The other end of base/reveal.h: a line "name hex" for each secret, at the
 * end of the file that SOTTO_REVEAL names. The file is opened before anything
 * is given up, and no copy stays behind here.
 */
#include "base/reveal.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME_MAX_LEN 32
#define BYTES_MAX    1024

static int reveal_fd = -1;

__attribute__((constructor)) static void
reveal_open(void)
{
	const char *path = getenv("SOTTO_REVEAL");

	if (path != NULL)
		reveal_fd = open(path,
		    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

void
sotto_reveal(const char *name, const void *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	struct {
		char line[NAME_MAX_LEN + 2 * BYTES_MAX + 2];
	} s;
	const uint8_t *bytes = p;
	size_t at = strlen(name);

	if (reveal_fd < 0)
		return;
	if (at > NAME_MAX_LEN || n > BYTES_MAX)
		abort();
	memcpy(s.line, name, at);
	s.line[at++] = ' ';
	for (size_t i = 0; i < n; i++) {
		s.line[at++] = digits[bytes[i] >> 4];
		s.line[at++] = digits[bytes[i] & 15];
	}
	s.line[at++] = '\n';
	if (write(reveal_fd, s.line, at) != (ssize_t)at)
		abort();
	explicit_bzero(&s, sizeof s);
}
