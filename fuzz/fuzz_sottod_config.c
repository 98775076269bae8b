/*
 * The server's configuration file, and lengths of time as operators write
 * them. What is refused says why.
 */
#include "fuzz.h"
#include "sottod/config.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct config config;
	struct trouble trouble = { 0 };
	char path[40], text[64];
	int fd, code;

	fd = memfd_create("config", MFD_CLOEXEC);
	MUST(fd >= 0 && write(fd, p, n) == (ssize_t)n);
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	code = config_read(&config, path, NULL, 0, &trouble);
	MUST(code == 0 || code == 78);
	MUST(config.n_listen <= CONFIG_LISTEN_MAX);
	(void)close(fd);
	if (n < sizeof text) {
		memcpy(text, p, n);
		text[n] = '\0';
		(void)config_parse_time(text);
	}
	return 0;
}
