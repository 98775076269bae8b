#include "wire/messages.h"

#include "base/rd.h"

#include <string.h>

enum field_kind { U8, U32, U64, FIXED, NAME, VEC8, VEC16, VEC24 };

struct field {
	enum field_kind kind;
	size_t at;    /* offset in the struct */
	uint32_t arg; /* length of FIXED, maximum of VEC */
};

struct fields {
	const struct field *p;
	size_t n;
};

#define ROW(kind_, name_, arg_) { kind_, offsetof(message, name_), arg_ },

/* For every message a function that knows its fields: a scope in which
 * `message` is its struct. */
#define MESSAGE(NAME_, number, where, from, when, cap, what)                  \
	static struct fields fields_##NAME_(void)                             \
	{                                                                     \
		typedef struct wire_##NAME_ message;                          \
		static const struct field f[] = { FIELDS_##NAME_(ROW) };      \
		_Static_assert(sizeof(message) <= WIRE_STRUCT_MAX, #NAME_);   \
		return (struct fields){ f, sizeof f / sizeof f[0] };          \
	}
#include "wire/messages.def"
#undef MESSAGE

static const struct row {
	struct wire_kind kind;
	struct fields (*fields)(void);
} rows[256] = {
#define MESSAGE(NAME_, number_, where_, from_, when_, cap_, what)             \
	[number_] = { { .number = (number_),                                  \
			  .where = WIRE_ON_##where_,                          \
			  .from = WIRE_FROM_##from_,                          \
			  .when = WIRE_WHEN_##when_,                          \
			  .cap = (cap_),                                      \
			  .size = sizeof(struct wire_##NAME_),                \
			  .name = #NAME_ },                                   \
		fields_##NAME_ },
#include "wire/messages.def"
#undef MESSAGE
};

const struct wire_kind *
wire_kind_of(uint8_t type)
{
	return rows[type].fields == NULL ? NULL : &rows[type].kind;
}

static uint64_t
load(const void *at, enum field_kind kind)
{
	uint32_t u32;
	uint64_t u64;

	if (kind == U8)
		return *(const uint8_t *)at;
	if (kind == U32)
		return memcpy(&u32, at, sizeof u32), u32;
	return memcpy(&u64, at, sizeof u64), u64;
}

static void
put_vec(struct wr *w, const struct field *f, const void *at, size_t width)
{
	struct bytes b;
	size_t mark;

	memcpy(&b, at, sizeof b);
	if (b.n > f->arg)
		wr_fail(w, ERR_ARG);
	mark = wr_begin(w, width);
	wr_put(w, b);
	wr_end(w, mark, width);
}

static void
put_field(struct wr *w, const struct field *f, const void *at)
{
	switch (f->kind) {
	case U8:
		wr_u8(w, (uint8_t)load(at, U8));
		break;
	case U32:
		wr_u32(w, (uint32_t)load(at, U32));
		break;
	case U64:
		wr_u64(w, load(at, U64));
		break;
	case FIXED:
		wr_put(w, (struct bytes){ at, f->arg });
		break;
	case NAME:
		wr_vec8(w, wire_name_bytes(at));
		break;
	case VEC8:
		put_vec(w, f, at, 1);
		break;
	case VEC16:
		put_vec(w, f, at, 2);
		break;
	case VEC24:
		put_vec(w, f, at, 3);
		break;
	}
}

enum err
wire_encode(struct wr *w, enum wire_type type, const void *message)
{
	struct fields fields = rows[(uint8_t)type].fields();
	size_t start = w->n, mark;

	wr_u8(w, (uint8_t)type);
	mark = wr_begin(w, 3);
	for (size_t i = 0; i < fields.n; i++)
		put_field(w, &fields.p[i],
		    (const uint8_t *)message + fields.p[i].at);
	wr_end(w, mark, 3);
	if (w->err != ERR_OK)
		w->n = start;
	return wr_done(w);
}

static void
get_number(struct rd *r, enum field_kind kind, void *at)
{
	uint8_t u8;
	uint32_t u32;
	uint64_t u64;

	if (kind == U8) {
		u8 = rd_u8(r);
		memcpy(at, &u8, sizeof u8);
	} else if (kind == U32) {
		u32 = rd_u32(r);
		memcpy(at, &u32, sizeof u32);
	} else {
		u64 = rd_u64(r);
		memcpy(at, &u64, sizeof u64);
	}
}

static void
get_field(struct rd *r, const struct field *f, void *at)
{
	struct bytes b = BYTES_NONE;

	switch (f->kind) {
	case U8:
	case U32:
	case U64:
		get_number(r, f->kind, at);
		return;
	case FIXED:
		rd_copy(r, at, f->arg);
		return;
	case NAME:
		b = rd_vec8(r, WIRE_NAME_MAX);
		if (wire_name_decode(at, b) != ERR_OK)
			rd_fail(r, ERR_DECODE);
		return;
	case VEC8:
		b = rd_vec8(r, f->arg);
		break;
	case VEC16:
		b = rd_vec16(r, f->arg);
		break;
	case VEC24:
		b = rd_vec24(r, f->arg);
		break;
	}
	memcpy(at, &b, sizeof b);
}

enum err
wire_decode(enum wire_type type, struct bytes body, void *message)
{
	struct fields fields = rows[(uint8_t)type].fields();
	struct rd r = rd_init(body);

	for (size_t i = 0; i < fields.n; i++)
		get_field(&r, &fields.p[i],
		    (uint8_t *)message + fields.p[i].at);
	return rd_end(&r);
}

void
wire_person_put(struct wr *w, const struct wire_person *person)
{
	wr_vec8(w, wire_name_bytes(&person->name));
	wr_u8(w, person->status);
	wr_u8(w, person->devices);
	wr_put(w, BYTES_OF(person->identity));
}

void
wire_person_get(struct rd *r, struct wire_person *person)
{
	if (wire_name_decode(&person->name, rd_vec8(r, WIRE_NAME_MAX)) !=
	    ERR_OK)
		rd_fail(r, ERR_DECODE);
	person->status = rd_u8(r);
	person->devices = rd_u8(r);
	rd_copy(r, person->identity, sizeof person->identity);
}

struct bytes
wire_endpoints_encode(uint8_t *buf, const struct wire_endpoint *endpoints,
    size_t n)
{
	struct wr w = wr_init(buf, 1 + n * WIRE_ENDPOINT_LEN);

	wr_u8(&w, (uint8_t)n);
	for (size_t i = 0; i < n; i++) {
		wr_put(&w, BYTES_OF(endpoints[i].ip));
		wr_u16(&w, endpoints[i].port);
	}
	return wr_bytes(&w);
}

enum err
wire_endpoints_decode(struct bytes in,
    struct wire_endpoint out[WIRE_ENDPOINTS_MAX], size_t *n)
{
	struct rd r = rd_init(in);

	*n = 0;
	if (in.n == 0)
		return ERR_OK;
	*n = rd_u8(&r);
	if (*n > WIRE_ENDPOINTS_MAX) {
		*n = 0;
		return ERR_DECODE;
	}
	for (size_t i = 0; i < *n; i++) {
		rd_copy(&r, out[i].ip, sizeof out[i].ip);
		out[i].port = rd_u16(&r);
	}
	return rd_end(&r);
}
