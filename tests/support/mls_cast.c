#include "support/mls_cast.h"

#include "support/check.h"

#include <string.h>

/* xorshift64* */
static void
stream(void *ctx, void *out, size_t n)
{
	uint64_t *seed = ctx;
	uint8_t *p = out;

	for (size_t i = 0; i < n; i++) {
		*seed ^= *seed >> 12;
		*seed ^= *seed << 25;
		*seed ^= *seed >> 27;
		p[i] = (uint8_t)(*seed * UINT64_C(2685821657736338717) >> 56);
	}
}

static uint64_t
no_time(void *ctx)
{
	(void)ctx;
	return 0;
}

struct env
cast_env(uint64_t *seed)
{
	return (struct env){ no_time, no_time, stream, seed };
}

void
cast_role(const struct mls_suite *s, uint32_t number, struct cast_role *role)
{
	memset(role, 0, sizeof *role);
	memset(role->signature_secret, 1, sizeof role->signature_secret);
	memcpy(role->signature_secret, &number, sizeof number);
	CHECK_EQ(mls_suite_signature_public(s, BYTES_OF(role->signature_secret),
		     role->signature_public, &role->signature_public_len),
	    MLS_OK);
}

struct mls_signer
cast_signer(const struct cast_role *role)
{
	return (struct mls_signer){ BYTES_OF(role->signature_secret),
		{ role->signature_public, role->signature_public_len } };
}

struct mls_leaf_content
cast_content(const struct mls_suite *s, enum mls_leaf_source source)
{
	static uint8_t suites[4] = { 0x0a, 0x0a };

	suites[2] = (uint8_t)(s->number >> 8);
	suites[3] = (uint8_t)s->number;
	return (struct mls_leaf_content){
		.credential = { MLS_CREDENTIAL_BASIC, BYTES_LIT("somebody") },
		.capabilities = { .versions = BYTES_LIT("\0\1"),
		    .cipher_suites = BYTES_OF(suites),
		    .credentials = BYTES_LIT("\0\1") },
		.source = source,
		.not_after = UINT64_MAX,
	};
}

void
cast_leaf(const struct mls_suite *s, struct cast_role *role,
    enum mls_leaf_source source, struct mls_leaf leaf, const struct env *env,
    struct wr *w)
{
	struct mls_leaf_content content = cast_content(s, source);
	struct mls_leaf_place place = { CAST_GROUP, leaf };
	struct mls_signer signer = cast_signer(role);

	CHECK_EQ(mls_suite_new_key_pair(s, env, &role->pair), MLS_OK);
	CHECK_EQ(mls_leaf_node_create(s, &content,
		     (struct bytes){ role->pair.public, role->pair.public_len },
		     &signer, &place, w),
	    MLS_OK);
}

struct mls_treekem_author
cast_author(const struct mls_suite *s, const struct cast_role *role,
    struct mls_leaf leaf)
{
	return (struct mls_treekem_author){ leaf, CAST_GROUP,
		cast_content(s, MLS_LEAF_COMMIT), cast_signer(role) };
}
