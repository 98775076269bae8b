/*
 * A configuration file of sotto: any bytes are read or refused with a line
 * number, and never let a stretching below the floor through.
 */
#include "cli/config.h"
#include "fuzz.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void
drop(void *ctx, const char *line)
{
	(void)ctx;
	MUST(strpbrk(line, "\x1b\x07\r\n") == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static int fd = -1;
	static char path[64];
	struct out out = { .talk = OUT_STDOUT, .above = drop };
	struct options o = { .out = &out };

	if (fd < 0) {
		fd = memfd_create("config", MFD_CLOEXEC);
		(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	}
	if (fd < 0 || ftruncate(fd, 0) != 0 ||
	    pwrite(fd, data, n, 0) != (ssize_t)n)
		abort();
	if (config_read(&o, path)) {
		MUST(o.stretch_mib == 0 ||
		    o.stretch_mib >= OPTIONS_STRETCH_MIB_MIN);
		MUST(o.home == NULL || strchr(o.home, '\n') == NULL);
	}
	options_free(&o);
	return 0;
}
