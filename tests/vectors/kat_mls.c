/* The kinds of MLS vectors, and which of them a file is. */
#include "kat_mls.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	kat_fn run;
} kinds[] = {
	{ "tree-math", kat_mls_tree_math },
	{ "tree-operations", kat_mls_tree_operations },
	{ "tree-validation", kat_mls_tree_validation },
	{ "treekem", kat_mls_treekem },
};

/* A name without the number of a set ("treekem-2") is a kind's as well; the
 * longest kind that the name contains wins. */
static kat_fn
find_kind(const char *name)
{
	kat_fn found = NULL;
	size_t longest = 0, n;

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		n = strlen(kinds[i].name);
		if (n <= longest || strstr(name, kinds[i].name) == NULL)
			continue;
		found = kinds[i].run;
		longest = n;
	}
	return found;
}

bool
kat_mls(struct kat *k, const json_t *file)
{
	kat_fn run = find_kind(k->kind);

	if (run != NULL && json_is_array(file))
		return run(k, file);
	(void)fprintf(stderr, "not a file of MLS vectors; --kind is one of:");
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		(void)fprintf(stderr, " %s", kinds[i].name);
	(void)fputc('\n', stderr);
	return false;
}
