#include "mls/types.h"

static const struct {
	const char *name;
	const char *text;
	enum err_class class;
} rows[] = {
#define X(name, class, text) { #name, text, ERR_CLASS_##class },
	MLS_RESULTS(X)
#undef X
};

#define ROWS (sizeof rows / sizeof rows[0])

const char *
mls_result_text(enum mls_result r)
{
	return (size_t)r < ROWS ? rows[r].text : "unknown result";
}

const char *
mls_result_name(enum mls_result r)
{
	return (size_t)r < ROWS ? rows[r].name : "UNKNOWN";
}

enum err_class
mls_result_class(enum mls_result r)
{
	return (size_t)r < ROWS ? rows[r].class : ERR_CLASS_LOCAL;
}

enum mls_result
mls_result_of(enum err e)
{
	switch (e) {
	case ERR_OK:
		return MLS_OK;
	case ERR_NOMEM:
		return MLS_OUT_OF_MEMORY;
	case ERR_ARG:
		return MLS_ARGUMENT_IS_OUT_OF_RANGE;
	case ERR_ROOM:
		return MLS_BUFFER_IS_TOO_SMALL;
	case ERR_LIMIT:
		return MLS_A_LIMIT_WAS_REACHED;
	case ERR_DECODE:
	case ERR_TOO_BIG:
		return MLS_MESSAGE_IS_MALFORMED;
	case ERR_VERSION:
		return MLS_VERSION_IS_UNKNOWN;
	case ERR_KEY:
		return MLS_KEY_IS_UNUSABLE;
	case ERR_AUTH:
		return MLS_CONTENT_DOES_NOT_OPEN;
	case ERR_CRYPTO:
	case ERR_IO:
	case ERR_GONE:
	case ERR_CONFLICT:
	case ERR_STATE:
	case ERR_REPLAY:
	case ERR_ROLLBACK:
	case ERR_EXPIRED:
		break;
	}
	return MLS_A_PRIMITIVE_FAILED;
}
