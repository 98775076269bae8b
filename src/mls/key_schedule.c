#include "mls/key_schedule.h"
#include "crypto/ct.h"

#include <string.h>

/* The secrets of table 4 from epoch_secret. */
static enum mls_result
derive_all(const struct mls_suite *s, const uint8_t *epoch_secret,
    struct mls_secrets *out)
{
	const struct {
		const char *label;
		uint8_t *to;
	} rows[] = {
		{ "sender data", out->sender_data },
		{ "encryption", out->encryption },
		{ "exporter", out->exporter },
		{ "external", out->external },
		{ "confirm", out->confirmation },
		{ "membership", out->membership },
		{ "resumption", out->resumption },
		{ "authentication", out->authenticator },
		{ "init", out->init },
	};
	struct bytes secret = { epoch_secret, s->hash_len };
	enum mls_result err = MLS_OK;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		TRY(mls_suite_derive_secret(
		    s, secret, rows[i].label, rows[i].to));
out:
	return err;
}

enum mls_result
mls_schedule_create(const struct mls_suite *s, const uint8_t *epoch_secret,
    struct mls_secrets *out)
{
	*out = (struct mls_secrets){ 0 };
	return derive_all(s, epoch_secret, out);
}

enum mls_result
mls_schedule_welcome(const struct mls_suite *s, const uint8_t *joiner,
    const uint8_t *psk, uint8_t *welcome)
{
	struct {
		uint8_t member[MLS_MAX_HASH_LEN];
	} s_;
	size_t n = s->hash_len;
	enum mls_result err;

	mls_suite_extract(s, (struct bytes){ joiner, n },
	    (struct bytes){ psk, n }, s_.member);
	err = mls_suite_derive_secret(
	    s, (struct bytes){ s_.member, n }, "welcome", welcome);
	bytes_wipe(&s_, sizeof s_);
	return err;
}

enum mls_result
mls_schedule_join(const struct mls_suite *s, const uint8_t *joiner,
    const uint8_t *psk, struct bytes context, struct mls_secrets *out)
{
	struct {
		uint8_t member[MLS_MAX_HASH_LEN];
		uint8_t epoch[MLS_MAX_HASH_LEN];
	} s_;
	size_t n = s->hash_len;
	enum mls_result err;

	*out = (struct mls_secrets){ 0 };
	memcpy(out->joiner, joiner, n);
	TRY(mls_schedule_welcome(s, out->joiner, psk, out->welcome));
	mls_suite_extract(s, (struct bytes){ out->joiner, n },
	    (struct bytes){ psk, n }, s_.member);
	TRY(mls_suite_expand(s, (struct bytes){ s_.member, n },
	    (struct mls_labelled){ "epoch", context }, s_.epoch, n));
	TRY(derive_all(s, s_.epoch, out));
out:
	bytes_wipe(&s_, sizeof s_);
	if (err != MLS_OK)
		bytes_wipe(out, sizeof *out);
	return err;
}

enum mls_result
mls_schedule_next(const struct mls_suite *s,
    const struct mls_schedule_inputs *in, struct mls_secrets *out)
{
	struct {
		uint8_t before[MLS_MAX_HASH_LEN];
		uint8_t joiner[MLS_MAX_HASH_LEN];
	} s_;
	size_t n = s->hash_len;
	enum mls_result err;

	mls_suite_extract(s, (struct bytes){ in->init, n },
	    (struct bytes){ in->commit, n }, s_.before);
	TRY(mls_suite_expand(s, (struct bytes){ s_.before, n },
	    (struct mls_labelled){ "joiner", in->context }, s_.joiner, n));
	TRY(mls_schedule_join(s, s_.joiner, in->psk, in->context, out));
out:
	bytes_wipe(&s_, sizeof s_);
	return err;
}

enum mls_result
mls_schedule_export(const struct mls_suite *s, const uint8_t *exporter,
    struct mls_labelled what, uint8_t *out, size_t len)
{
	uint8_t hash[MLS_MAX_HASH_LEN];
	struct {
		uint8_t derived[MLS_MAX_HASH_LEN];
	} s_;
	size_t n = s->hash_len;
	enum mls_result err;

	TRY(mls_suite_derive_secret(
	    s, (struct bytes){ exporter, n }, what.label, s_.derived));
	mls_suite_hash(s, what.context, hash);
	TRY(mls_suite_expand(s, (struct bytes){ s_.derived, n },
	    (struct mls_labelled){ "exported", { hash, n } }, out, len));
out:
	bytes_wipe(&s_, sizeof s_);
	return err;
}

#define EXTERNAL_LABEL BYTES_LIT("MLS 1.0 external init secret")

enum mls_result
mls_schedule_external_create(const struct mls_suite *s,
    struct bytes external_pub, const struct env *env, struct wr *kem,
    uint8_t *init)
{
	struct hpke_receiver to = { .key = external_pub };
	uint8_t enc[MLS_MAX_KEM_CT];
	struct {
		uint8_t random[HPKE_MAX_RANDOM_LEN];
		struct hpke h;
	} s_;
	enum mls_result err;

	env->random(env->ctx, s_.random, hpke_random_len(s->hpke.kem));
	TRY(mls_result_of(
	    hpke_setup_sender(&s_.h, s->hpke, &to, s_.random, enc)));
	TRY(mls_result_of(
	    hpke_export(&s_.h, EXTERNAL_LABEL, init, s->hash_len)));
	ct_unpoison(enc, hpke_enc_len(s->hpke.kem));
	wr_put(kem, (struct bytes){ enc, hpke_enc_len(s->hpke.kem) });
	TRY(mls_result_of(wr_done(kem)));
out:
	bytes_wipe(&s_, sizeof s_);
	return err;
}

enum mls_result
mls_schedule_external_open(const struct mls_suite *s, const uint8_t *external,
    struct bytes kem, uint8_t *init)
{
	struct {
		struct mls_key_pair pair;
		struct hpke h;
	} s_;
	struct hpke_receiver us = { 0 };
	enum mls_result err;

	TRY(mls_suite_derive_key_pair(
	    s, (struct bytes){ external, s->hash_len }, &s_.pair));
	us.key = (struct bytes){ s_.pair.secret, s_.pair.secret_len };
	TRY(mls_result_of(hpke_setup_receiver(&s_.h, s->hpke, &us, kem)));
	TRY(mls_result_of(
	    hpke_export(&s_.h, EXTERNAL_LABEL, init, s->hash_len)));
out:
	bytes_wipe(&s_, sizeof s_);
	return err;
}
