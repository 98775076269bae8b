#include "crypto/dh.h"
#include "crypto/ct.h"
#include "crypto/openssl.h"

#include <sodium.h>
#include <string.h>

void
x25519_public(const uint8_t secret[X25519_LEN], uint8_t public[X25519_LEN])
{
	(void)crypto_scalarmult_curve25519_base(public, secret);
}

enum err
x25519(const uint8_t secret[X25519_LEN], const uint8_t public[X25519_LEN],
    uint8_t shared[X25519_LEN])
{
	if (ct_verdict(
		crypto_scalarmult_curve25519(shared, secret, public) == 0))
		return ERR_OK;
	memset(shared, 0, X25519_LEN);
	return ERR_KEY;
}

/* What every computation on P-256 needs. */
struct p256 {
	EC_GROUP *group;
	BN_CTX *ctx;
	BIGNUM *scalar, *x;
	EC_POINT *in, *out;
};

static void
p256_free(struct p256 *c)
{
	EC_POINT_clear_free(c->out);
	EC_POINT_free(c->in);
	BN_clear_free(c->x);
	BN_clear_free(c->scalar);
	BN_CTX_free(c->ctx);
	EC_GROUP_free(c->group);
}

/* Allocates, and reads a scalar from 1 to the order - 1; else KEY. */
static enum err
p256_begin(struct p256 *c, const uint8_t secret[P256_SECRET_LEN])
{
	enum err err = ERR_OK;

	*c = (struct p256){ .group = EC_GROUP_new_by_curve_name(
				NID_X9_62_prime256v1) };
	NEED(c->group != NULL, ERR_NOMEM);
	c->ctx = BN_CTX_secure_new();
	c->scalar = BN_new();
	c->x = BN_new();
	c->in = EC_POINT_new(c->group);
	c->out = EC_POINT_new(c->group);
	NEED(c->ctx != NULL && c->scalar != NULL && c->x != NULL &&
		 c->in != NULL && c->out != NULL,
	    ERR_NOMEM);
	BN_set_flags(c->scalar, BN_FLG_CONSTTIME);
	NEED(BN_bin2bn(secret, P256_SECRET_LEN, c->scalar) != NULL, ERR_NOMEM);
	NEED(!BN_is_zero(c->scalar) &&
		 BN_cmp(c->scalar, EC_GROUP_get0_order(c->group)) < 0,
	    ERR_KEY);
out:
	return err;
}

enum err
p256_public(
    const uint8_t secret[P256_SECRET_LEN], uint8_t public[P256_PUBLIC_LEN])
{
	struct p256 c;
	enum err err;

	TRY(p256_begin(&c, secret));
	NEED(EC_POINT_mul(c.group, c.out, c.scalar, NULL, NULL, c.ctx) == 1,
	    ERR_CRYPTO);
	NEED(EC_POINT_point2oct(c.group, c.out, POINT_CONVERSION_UNCOMPRESSED,
		 public, P256_PUBLIC_LEN, c.ctx) == P256_PUBLIC_LEN,
	    ERR_CRYPTO);
out:
	p256_free(&c);
	if (err != ERR_OK)
		memset(public, 0, P256_PUBLIC_LEN);
	return err;
}

enum err
p256(const uint8_t secret[P256_SECRET_LEN],
    const uint8_t public[P256_PUBLIC_LEN], uint8_t shared[P256_SHARED_LEN])
{
	struct p256 c;
	enum err err;

	TRY(p256_begin(&c, secret));
	/* The hybrid forms (6, 7) would be other spellings of a key. */
	NEED(public[0] == POINT_CONVERSION_UNCOMPRESSED, ERR_KEY);
	NEED(EC_POINT_oct2point(
		 c.group, c.in, public, P256_PUBLIC_LEN, c.ctx) == 1,
	    ERR_KEY);
	NEED(EC_POINT_mul(c.group, c.out, NULL, c.in, c.scalar, c.ctx) == 1,
	    ERR_CRYPTO);
	NEED(EC_POINT_get_affine_coordinates(
		 c.group, c.out, c.x, NULL, c.ctx) == 1,
	    ERR_KEY);
	NEED(BN_bn2binpad(c.x, shared, P256_SHARED_LEN) == P256_SHARED_LEN,
	    ERR_CRYPTO);
out:
	p256_free(&c);
	if (err != ERR_OK)
		memset(shared, 0, P256_SHARED_LEN);
	return err;
}

enum err
p256_check(const uint8_t public[P256_PUBLIC_LEN])
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	EC_POINT *point = group == NULL ? NULL : EC_POINT_new(group);
	enum err err = ERR_OK;

	NEED(point != NULL, ERR_NOMEM);
	NEED(public[0] == POINT_CONVERSION_UNCOMPRESSED, ERR_KEY);
	NEED(EC_POINT_oct2point(group, point, public, P256_PUBLIC_LEN, NULL) ==
		 1,
	    ERR_KEY);
out:
	EC_POINT_free(point);
	EC_GROUP_free(group);
	return err;
}
