#include "base/err.h"

#include <stddef.h>

static const struct {
	const char *text;
	enum err_class class;
} rows[] = {
#define X(name, class, text) { text, ERR_CLASS_##class },
	ERRS(X)
#undef X
};

const char *
err_text(enum err e)
{
	if ((size_t)e >= sizeof rows / sizeof rows[0])
		return "unknown error";
	return rows[e].text;
}

enum err_class
err_class_of(enum err e)
{
	if ((size_t)e >= sizeof rows / sizeof rows[0])
		return ERR_CLASS_LOCAL;
	return rows[e].class;
}
