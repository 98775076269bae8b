/* Vectors with variable-size lengths, lists of extensions, proposals: one
 * spelling each. */
#include "mls/proposal.h"
#include "support/check.h"

#include <string.h>

TEST(lengths_have_one_spelling)
{
	static const uint32_t lengths[] = { 0, 1, 63, 64, 16383, 16384,
		MLS_MAX_VEC };
	uint8_t buf[4];

	for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		struct wr w = wr_init(buf, sizeof buf);
		struct rd r;

		mls_wr_varint(&w, lengths[i]);
		CHECK_OK(wr_done(&w));
		CHECK_EQ(w.n, mls_varint_len(lengths[i]));
		r = rd_init(wr_bytes(&w));
		CHECK_EQ(mls_rd_varint(&r), lengths[i]);
		CHECK_OK(rd_end(&r));
	}
}

TEST(longer_spellings_are_refused)
{
	const struct bytes wrong[] = {
		BYTES_LIT("\x40\x3f"),	       /* 63 in two bytes */
		BYTES_LIT("\x80\x00\x00\x01"), /* 1 in four */
		BYTES_LIT("\x80\x00\x3f\xff"), /* 16383 in four */
		BYTES_LIT("\xc0"),	       /* no such form */
		BYTES_LIT("\x40"),	       /* cut off */
		BYTES_LIT(""),
	};

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct rd r = rd_init(wrong[i]);

		(void)mls_rd_varint(&r);
		CHECK_ERR(rd_end(&r), ERR_DECODE);
	}
}

TEST(a_length_over_the_most_is_not_written)
{
	struct wr w = wr_new();

	mls_wr_varint(&w, (size_t)MLS_MAX_VEC + 1);
	CHECK_ERR(wr_done(&w), ERR_ARG);
	wr_free(&w);
}

TEST(vectors_have_caps)
{
	struct rd r = rd_init(BYTES_LIT("\3abc"));

	CHECK_BYTES(mls_rd_vec(&r, 3), BYTES_LIT("abc"));
	CHECK_OK(rd_end(&r));
	r = rd_init(BYTES_LIT("\3abc"));
	(void)mls_rd_vec(&r, 2);
	CHECK_ERR(rd_end(&r), ERR_DECODE);
}

/* Brackets move their contents when the length turns out to be long. */
TEST(brackets_nest_at_every_length)
{
	static const size_t lengths[] = { 0, 62, 63, 64, 65, 16380, 16384 };

	for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		struct wr w = wr_new();
		size_t outer = mls_wr_begin(&w), inner = mls_wr_begin(&w);
		struct bytes got;
		struct rd r;

		wr_zero(&w, lengths[i]);
		mls_wr_end(&w, inner);
		wr_u8(&w, 7);
		mls_wr_end(&w, outer);
		r = rd_init(wr_bytes(&w));
		got = mls_rd_vec(&r, 20000);
		CHECK_OK(rd_end(&r));
		CHECK_EQ(got.n, mls_vec_len(lengths[i]) + 1);
		r = rd_init(got);
		CHECK_EQ(mls_rd_vec(&r, 20000).n, lengths[i]);
		CHECK_EQ(rd_u8(&r), 7);
		CHECK_OK(rd_end(&r));
		wr_free(&w);
	}
}

TEST(presence_is_zero_or_one)
{
	struct rd r = rd_init(BYTES_LIT("\0\1"));

	CHECK(!mls_rd_optional(&r));
	CHECK(mls_rd_optional(&r));
	CHECK_OK(rd_end(&r));
	r = rd_init(BYTES_LIT("\2"));
	CHECK(!mls_rd_optional(&r));
	CHECK_ERR(rd_end(&r), ERR_DECODE);
}

TEST(an_extension_stands_once)
{
	struct rd r = rd_init(BYTES_LIT("\x07\x0a\x0a\x01x\x00\x01\x00"));
	struct bytes list = mls_extensions_decode(&r), data;

	CHECK_OK(rd_end(&r));
	CHECK(mls_extensions_find(list, 0x0a0a, &data));
	CHECK_BYTES(data, BYTES_LIT("x"));
	CHECK(mls_extensions_find(list, 1, &data));
	CHECK(!mls_extensions_find(list, 2, &data));
	r = rd_init(BYTES_LIT("\x06\x00\x01\x00\x00\x01\x00"));
	(void)mls_extensions_decode(&r);
	CHECK_ERR(rd_end(&r), ERR_DECODE);
}

TEST(a_proposal_of_an_unknown_type_has_its_own_error)
{
	struct rd r = rd_init(BYTES_LIT("\x0a\x0a what could it be"));
	struct mls_proposal p;

	mls_proposal_decode(&r, &p);
	CHECK_ERR(rd_end(&r), ERR_VERSION);
	r = rd_init(BYTES_LIT("\0\3\0\0"));
	mls_proposal_decode(&r, &p);
	CHECK_ERR(rd_end(&r), ERR_DECODE);
}

TEST(results_have_names_and_texts)
{
	CHECK(strcmp(mls_result_name(MLS_OK), "OK") == 0);
	CHECK(strcmp(mls_result_text(MLS_SIGNATURE_IS_WRONG),
		  "wrong signature") == 0);
	CHECK(mls_result_class(MLS_SIGNATURE_IS_WRONG) == ERR_CLASS_AUTH);
	CHECK(mls_result_class(MLS_OUT_OF_MEMORY) == ERR_CLASS_LOCAL);
	CHECK(strcmp(mls_result_name((enum mls_result)9999), "UNKNOWN") == 0);
	for (enum err e = ERR_NOMEM; e <= ERR_EXPIRED; e++)
		CHECK(mls_result_of(e) != MLS_OK);
}

CHECK_MAIN(T(lengths_have_one_spelling), T(longer_spellings_are_refused),
    T(a_length_over_the_most_is_not_written), T(vectors_have_caps),
    T(brackets_nest_at_every_length), T(presence_is_zero_or_one),
    T(an_extension_stands_once),
    T(a_proposal_of_an_unknown_type_has_its_own_error),
    T(results_have_names_and_texts))
