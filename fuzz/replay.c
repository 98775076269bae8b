/*
 * replay DIR: runs a fuzz target over the empty input and every file of DIR,
 * in the order of their names, and counts them. An input that breaks the
 * target ends the program, after its name.
 */
#include "fuzz.h"

#include <dirent.h>
#include <string.h>

#define MAX_LEN (1 << 20)

static size_t
read_file(const char *path, uint8_t *out)
{
	FILE *f = fopen(path, "rb");
	size_t n;

	MUST(f != NULL);
	n = fread(out, 1, MAX_LEN, f);
	MUST(ferror(f) == 0 && feof(f) != 0);
	(void)fclose(f);
	return n;
}

/* Runs one input from memory of exactly its size. */
static void
run(const uint8_t *input, size_t n)
{
	uint8_t *exact = malloc(n == 0 ? 1 : n);

	MUST(exact != NULL);
	if (n != 0)
		memcpy(exact, input, n);
	(void)LLVMFuzzerTestOneInput(exact, n);
	free(exact);
}

static int
is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int
main(int argc, char **argv)
{
	uint8_t *input = malloc(MAX_LEN);
	struct dirent **entries;
	char path[4096];
	int count;

	MUST(argc == 2 && input != NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	run(input, 0);
	count = scandir(argv[1], &entries, is_visible, alphasort);
	MUST(count > 0);
	for (int i = 0; i < count; i++) {
		(void)snprintf(
		    path, sizeof path, "%s/%s", argv[1], entries[i]->d_name);
		printf("%s\n", entries[i]->d_name);
		run(input, read_file(path, input));
		free(entries[i]);
	}
	free(entries);
	free(input);
	printf("%d passed, 0 failed, 0 skipped\n", count + 1);
	return EXIT_SUCCESS;
}
