#include "support/scratch.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDERS_MAX 64

static char folders[FOLDERS_MAX][64];
static size_t n_folders;
static pid_t owner;

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
	(void)st;
	(void)flag;
	(void)at;
	(void)remove(path);
	return 0;
}

static void
remove_all(void)
{
	/* A child of a test leaves its parent's folders alone. */
	if (getpid() != owner)
		return;
	for (size_t i = 0; i < n_folders; i++)
		(void)nftw(folders[i], remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *
scratch_new(void)
{
	char *path = folders[n_folders];

	if (n_folders == 0) {
		owner = getpid();
		(void)atexit(remove_all);
	}
	(void)snprintf(path, sizeof folders[0], "/tmp/sotto-test-XXXXXX");
	if (++n_folders == FOLDERS_MAX || mkdtemp(path) == NULL) {
		perror("scratch_new");
		exit(1);
	}
	return path;
}
