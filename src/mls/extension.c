#include "mls/extension.h"

static struct mls_extension
read_one(struct rd *r)
{
	struct mls_extension e;

	e.type = rd_u16(r);
	e.data = mls_rd_vec(r, MLS_MAX_VEC);
	return e;
}

struct bytes
mls_extensions_decode(struct rd *r)
{
	struct bytes list = mls_rd_vec(r, MLS_MAX_VEC);
	struct rd walk = rd_init(list);
	uint16_t seen[MLS_MAX_EXTENSIONS];
	size_t n = 0;

	while (walk.n > 0 && n < MLS_MAX_EXTENSIONS) {
		seen[n] = read_one(&walk).type;
		for (size_t i = 0; i < n; i++)
			if (seen[i] == seen[n])
				rd_fail(&walk, ERR_DECODE);
		n++;
	}
	if (rd_end(&walk) != ERR_OK) {
		rd_fail(r, ERR_DECODE);
		return BYTES_NONE;
	}
	return list;
}

bool
mls_extensions_next(struct rd *walk, struct mls_extension *out)
{
	if (walk->n == 0)
		return false;
	*out = read_one(walk);
	return walk->err == ERR_OK;
}

bool
mls_extensions_find(struct bytes list, uint16_t type, struct bytes *data)
{
	struct rd walk = rd_init(list);
	struct mls_extension e;

	while (mls_extensions_next(&walk, &e)) {
		if (e.type == type) {
			*data = e.data;
			return true;
		}
	}
	return false;
}

void
mls_extension_encode(struct wr *w, uint16_t type, struct bytes data)
{
	wr_u16(w, type);
	mls_wr_vec(w, data);
}

bool
mls_extension_is_default(uint16_t type)
{
	return type >= MLS_EXTENSION_APPLICATION_ID &&
	       type <= MLS_EXTENSION_EXTERNAL_SENDERS;
}
