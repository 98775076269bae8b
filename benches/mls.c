/*
 * bench-mls - what the operations of a group cost, beside the primitives that
 * they are made of.
 *
 *	bench-mls [--suite N] [--members N]
 *
 * A row is an operation in a group of a size: its CPU time, that of the
 * signatures, KEM operations and AEAD calls that RFC 9420 asks for, measured
 * in the same run, and the ratio of the two. `full` is a tree in which every
 * parent has a key, `blank` one in which almost none has: the worst case, in
 * which a path is encrypted to each member by itself.
 *
 * Two members of the group are alive here, "we" and "they"; the others are
 * leaves with keys. The first of the two joins a group that a GroupInfo of
 * our own making describes.
 */
#include "crypto/crypto.h"
#include "mls/mls.h"
#include "mls/tree_hash.h"
#include "mls/tree_path.h"
#include "mls/welcome.h"
#include "support/mls_cast.h"

#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { TEXT_LEN = 100, SHORT_LEN = 256, LONG_LEN = 65536, MANY = 400 };

/* Microseconds of the primitives of a suite; of those that take long inputs
 * also of one more byte. */
struct prices {
	double sign, verify, keygen, encap, decap, seal, open;
	double sign_byte, verify_byte, seal_byte, open_byte, hash_byte;
};

static struct {
	struct mls_suite suite;
	uint64_t seed;
	struct env env;
	struct mls_client client;
	struct prices price;
} b;

static void
must(bool held, const char *what)
{
	if (held)
		return;
	(void)fprintf(stderr, "bench-mls: %s\n", what);
	exit(EXIT_FAILURE);
}

static void
ok(enum mls_result r, const char *what)
{
	if (r == MLS_OK)
		return;
	(void)fprintf(stderr, "bench-mls: %s: %s\n", what, mls_result_name(r));
	exit(EXIT_FAILURE);
}

/* Processor time: what else runs on the machine is not measured. */
static double
now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int
by_value(const void *x, const void *y)
{
	double a = *(const double *)x, c = *(const double *)y;

	return (a > c) - (a < c);
}

static void
nothing(void *ctx)
{
	(void)ctx;
}

/* The median of what fn takes, of n runs, each after a run of before. */
static double
median_after(
    size_t n, void (*before)(void *ctx), void (*fn)(void *ctx), void *ctx)
{
	double *times = malloc(n * sizeof *times), start, result;

	must(times != NULL, "memory");
	for (size_t i = 0; i < n; i++) {
		before(ctx);
		start = now_us();
		fn(ctx);
		times[i] = now_us() - start;
	}
	qsort(times, n, sizeof *times, by_value);
	result = times[n / 2];
	free(times);
	return result;
}

static double
median_of(size_t n, void (*fn)(void *ctx), void *ctx)
{
	return median_after(n, nothing, fn, ctx);
}

/* ---- The primitives ---- */

struct tools {
	struct cast_role role;
	struct mls_key_pair pair;
	struct wr signature, plain, box;
	size_t len; /* of the text */
	uint8_t text[LONG_LEN + AEAD_TAG_LEN], out[LONG_LEN + AEAD_TAG_LEN];
	uint8_t secret[MLS_MAX_HASH_LEN];
};

static struct bytes
text_of(const struct tools *t)
{
	return (struct bytes){ t->text, t->len };
}

static void
do_sign(void *ctx)
{
	struct tools *t = ctx;
	struct mls_signer signer = cast_signer(&t->role);

	wr_reset(&t->signature);
	ok(mls_suite_sign(
	       &b.suite, &signer, "bench", text_of(t), &t->signature),
	    "sign");
}

static void
do_verify(void *ctx)
{
	struct tools *t = ctx;
	struct rd r = rd_init(wr_bytes(&t->signature));
	struct bytes signature = mls_rd_vec(&r, MLS_MAX_SIG_LEN);

	ok(mls_suite_verify(&b.suite, cast_signer(&t->role).public, "bench",
	       text_of(t), signature),
	    "verify");
}

static void
do_hash(void *ctx)
{
	struct tools *t = ctx;

	mls_suite_hash(&b.suite, text_of(t), t->secret);
}

static void
do_keygen(void *ctx)
{
	struct tools *t = ctx;

	ok(mls_suite_derive_key_pair(&b.suite, BYTES_OF(t->secret), &t->pair),
	    "derive a key pair");
}

static void
do_encap(void *ctx)
{
	struct tools *t = ctx;
	struct mls_labelled info = { "bench", BYTES_OF(t->secret) };

	wr_reset(&t->box);
	ok(mls_suite_encrypt(&b.suite,
	       (struct bytes){ t->pair.public, t->pair.public_len }, info,
	       BYTES_OF(t->secret), &b.env, &t->box),
	    "encrypt");
}

static void
do_decap(void *ctx)
{
	struct tools *t = ctx;
	struct mls_labelled info = { "bench", BYTES_OF(t->secret) };
	struct rd r = rd_init(wr_bytes(&t->box));
	struct mls_ciphertext c;

	mls_ciphertext_decode(&r, &c);
	wr_reset(&t->plain);
	ok(mls_suite_decrypt(&b.suite,
	       (struct bytes){ t->pair.secret, t->pair.secret_len }, info, &c,
	       &t->plain),
	    "decrypt");
}

static void
do_seal(void *ctx)
{
	struct tools *t = ctx;

	ok(mls_suite_seal(
	       &b.suite, t->secret, t->secret, BYTES_NONE, text_of(t), t->out),
	    "seal");
}

static void
do_open(void *ctx)
{
	struct tools *t = ctx;

	ok(mls_suite_open(&b.suite, t->secret, t->secret, BYTES_NONE,
	       (struct bytes){ t->out, t->len + AEAD_TAG_LEN }, t->text),
	    "open");
}

/*
 * What two primitives cost, the second of which undoes the first: with a
 * short text, and for each byte more.
 */
static void
price_of_pair(void (*first)(void *ctx), void (*second)(void *ctx),
    struct tools *t, double price[2], double per_byte[2])
{
	static const size_t lens[] = { LONG_LEN, SHORT_LEN };
	double took[2][2];

	for (int i = 0; i < 2; i++) {
		t->len = lens[i];
		took[0][i] = median_of(MANY, first, t);
		took[1][i] = median_of(MANY, second, t);
	}
	for (int i = 0; i < 2; i++) {
		price[i] = took[i][1];
		per_byte[i] =
		    (took[i][0] - took[i][1]) / (LONG_LEN - SHORT_LEN);
	}
}

static void
measure_primitives(void)
{
	double price[2], per_byte[2];
	static struct tools t;

	t.signature = wr_new();
	t.plain = wr_new();
	t.box = wr_new();
	cast_role(&b.suite, UINT32_MAX, &t.role);
	price_of_pair(do_sign, do_verify, &t, price, per_byte);
	b.price.sign = price[0];
	b.price.verify = price[1];
	b.price.sign_byte = per_byte[0];
	b.price.verify_byte = per_byte[1];
	b.price.keygen = median_of(MANY, do_keygen, &t);
	b.price.encap = median_of(MANY, do_encap, &t);
	b.price.decap = median_of(MANY, do_decap, &t);
	price_of_pair(do_seal, do_open, &t, price, per_byte);
	b.price.seal = price[0];
	b.price.open = price[1];
	b.price.seal_byte = per_byte[0];
	b.price.open_byte = per_byte[1];
	price_of_pair(do_hash, do_hash, &t, price, per_byte);
	b.price.hash_byte = per_byte[0];
	printf("suite 0x%04x, us: sign %.1f, verify %.1f, derive a key pair "
	       "%.1f, HPKE seal %.1f, HPKE open %.1f, AEAD of 256 bytes "
	       "%.2f\n",
	    b.suite.number, b.price.sign, b.price.verify, b.price.keygen,
	    b.price.encap, b.price.decap, b.price.seal);
	wr_free(&t.signature);
	wr_free(&t.plain);
	wr_free(&t.box);
}

/* ---- A large group ---- */

/* A tree of n leaves; with keys in every parent, if it is to be full. */
static struct mls_tree *
grown_tree(uint32_t n, bool full)
{
	struct mls_tree *t = mls_tree_new(&b.suite);
	struct mls_treekem_author author;
	struct mls_treekem_path path;
	struct cast_role role;
	struct mls_leaf at;
	struct wr leaf = wr_new();

	must(t != NULL, "memory");
	for (uint32_t i = 0; i < n; i++) {
		cast_role(&b.suite, i, &role);
		wr_reset(&leaf);
		cast_leaf(&b.suite, &role, MLS_LEAF_KEY_PACKAGE,
		    (struct mls_leaf){ i }, &b.env, &leaf);
		ok(mls_tree_add(t, wr_bytes(&leaf), &at), "a leaf");
	}
	/* Every other leaf's path covers all parents. */
	for (uint32_t i = 0; full && i < n; i += 2) {
		cast_role(&b.suite, i, &role);
		author = cast_author(&b.suite, &role, (struct mls_leaf){ i });
		ok(mls_treekem_create(t, &author, &b.env, &path), "a path");
	}
	wr_free(&leaf);
	return t;
}

/* A GroupInfo of the group with this tree, signed by its first leaf. */
static struct wr
info_of(const struct mls_tree *t)
{
	struct cast_role role;
	struct mls_signer signer;
	struct mls_key_pair external;
	struct wr info = wr_new(), tree = wr_new(), pub = wr_new();
	uint8_t hash[MLS_MAX_HASH_LEN], zeros[MLS_MAX_HASH_LEN] = { 0 };
	size_t start, list;

	ok(mls_tree_hash(t, hash), "the tree hash");
	ok(mls_suite_new_key_pair(&b.suite, &b.env, &external), "a key");
	mls_wr_vec(
	    &pub, (struct bytes){ external.public, external.public_len });
	mls_tree_encode(t, &tree);
	wr_u16(&info, MLS_VERSION_MLS10);
	wr_u16(&info, MLS_WIRE_GROUP_INFO);
	start = info.n;
	wr_u16(&info, MLS_VERSION_MLS10);
	wr_u16(&info, b.suite.number);
	mls_wr_vec(&info, CAST_GROUP);
	wr_u64(&info, 1);
	mls_wr_vec(&info, (struct bytes){ hash, b.suite.hash_len });
	mls_wr_vec(&info, (struct bytes){ zeros, b.suite.hash_len });
	mls_wr_vec(&info, BYTES_NONE);
	list = mls_wr_begin(&info);
	mls_extension_encode(
	    &info, MLS_EXTENSION_RATCHET_TREE, wr_bytes(&tree));
	mls_extension_encode(&info, MLS_EXTENSION_EXTERNAL_PUB, wr_bytes(&pub));
	mls_wr_end(&info, list);
	mls_wr_vec(&info, (struct bytes){ zeros, b.suite.hash_len });
	wr_u32(&info, 0);
	cast_role(&b.suite, 0, &role);
	signer = cast_signer(&role);
	ok(mls_suite_sign(&b.suite, &signer, "GroupInfoTBS",
	       (struct bytes){ info.p + start, info.n - start }, &info),
	    "signing a GroupInfo");
	wr_free(&tree);
	wr_free(&pub);
	return info;
}

/* Two members who are alive, in a group of n. */
struct pair {
	struct cast_role we_are, they_are;
	struct mls_group *we, *they;
	struct wr message, welcome, buf;
	struct mls_bundle *bundle;
	size_t state_len;
};

static struct mls_identity
identity_of(const struct cast_role *role)
{
	return (struct mls_identity){
		cast_content(&b.suite, MLS_LEAF_COMMIT).credential,
		cast_signer(role)
	};
}

static struct mls_group *
from_outside(struct bytes info, const struct cast_role *role, struct wr *commit)
{
	struct mls_external_join join = { .group_info = info,
		.identity = identity_of(role) };
	struct mls_group *g;

	ok(mls_group_join_external(&b.client, &join, commit, &g),
	    "joining from outside");
	ok(mls_group_merge(g), "being in");
	return g;
}

static void
process(struct mls_group *g, struct wr *buf, const struct wr *message)
{
	struct mls_event event;

	wr_reset(buf);
	ok(mls_group_process(g, wr_bytes(message), buf, &event), "process");
}

static void
pair_start(struct pair *p, uint32_t n, bool full)
{
	struct mls_group_info_options options = { 0 };
	struct mls_tree *tree;
	struct wr info;

	memset(p, 0, sizeof *p);
	p->message = wr_new();
	p->welcome = wr_new();
	p->buf = wr_new();
	cast_role(&b.suite, UINT32_MAX - 1, &p->we_are);
	cast_role(&b.suite, UINT32_MAX - 2, &p->they_are);
	if (n > 2) {
		tree = grown_tree(n - 2, full);
		info = info_of(tree);
		mls_tree_free(tree);
		p->they =
		    from_outside(wr_bytes(&info), &p->they_are, &p->message);
		wr_free(&info);
	} else {
		struct mls_group_options alone = { .suite = b.suite.number,
			.group_id = CAST_GROUP,
			.identity = identity_of(&p->they_are) };

		ok(mls_group_create(&b.client, &alone, &p->they), "creating");
	}
	info = wr_new();
	ok(mls_group_info(p->they, &options, &info), "a GroupInfo");
	wr_free(&p->message);
	p->we = from_outside(wr_bytes(&info), &p->we_are, &p->message);
	wr_free(&info);
	process(p->they, &p->buf, &p->message);
	ok(mls_group_merge(p->they), "merging");
}

static void
pair_end(struct pair *p)
{
	mls_group_free(p->we);
	mls_group_free(p->they);
	mls_bundle_free(p->bundle);
	wr_free(&p->message);
	wr_free(&p->welcome);
	wr_free(&p->buf);
}

/* ---- The operations ---- */

static void
do_protect(void *ctx)
{
	static const uint8_t text[TEXT_LEN] = { 'x' };
	struct pair *p = ctx;

	wr_reset(&p->message);
	ok(mls_group_protect(p->we, BYTES_NONE, BYTES_OF(text), &p->message),
	    "protect");
}

static void
do_unprotect(void *ctx)
{
	struct pair *p = ctx;
	struct mls_event event;

	ok(mls_group_unprotect(p->they, wr_bytes(&p->message), &p->buf, &event),
	    "unprotect");
}

static void
hear(void *ctx)
{
	struct pair *p = ctx;

	do_protect(p);
	wr_reset(&p->buf);
}

static void
do_commit(void *ctx)
{
	struct mls_commit_options options = { 0 };
	struct pair *p = ctx;

	wr_reset(&p->message);
	wr_reset(&p->welcome);
	ok(mls_group_commit(p->we, &options, &p->message, &p->welcome),
	    "commit");
	ok(mls_group_drop(p->we), "drop");
}

static void
do_process(void *ctx)
{
	struct pair *p = ctx;

	process(p->they, &p->buf, &p->message);
}

static void
commit_and_drop(void *ctx)
{
	struct pair *p = ctx;

	(void)!mls_group_drop(p->they);
	do_commit(p);
}

static void
add(struct pair *p, const struct mls_commit_options *options)
{
	wr_reset(&p->message);
	wr_reset(&p->welcome);
	ok(mls_group_add(p->we, mls_bundle_public(p->bundle)), "add");
	ok(mls_group_commit(p->we, options, &p->message, &p->welcome),
	    "commit of an add");
	ok(mls_group_drop(p->we), "drop");
	mls_group_forget_changes(p->we);
}

static void
do_add_beside(void *ctx)
{
	struct mls_commit_options options = { .omit_path = true,
		.tree_beside = true };

	add(ctx, &options);
}

static void
do_add(void *ctx)
{
	struct mls_commit_options options = { .omit_path = true };

	add(ctx, &options);
}

static void
do_join(void *ctx)
{
	struct pair *p = ctx;
	struct mls_join join = { .bundle = p->bundle,
		.welcome = wr_bytes(&p->welcome) };
	struct mls_group *g;

	ok(mls_group_join(&b.client, &join, &g), "join");
	mls_group_free(g);
}

static void
do_save(void *ctx)
{
	struct pair *p = ctx;

	wr_reset(&p->buf);
	ok(mls_group_save(p->we, &p->buf), "save");
	p->state_len = p->buf.n;
}

/* ---- The table ---- */

static void
row(const char *tree, uint32_t n, const char *what, double us,
    double primitives)
{
	printf("%6u  %-5s  %-20s %12.1f us", n, tree, what, us);
	if (primitives > 0)
		printf("  primitives %12.1f us  ratio %.2f", primitives,
		    us / primitives);
	printf("\n");
}

/* What a path of ours asks for: its depth, and how many must be told. */
static void
path_shape(const struct pair *p, size_t *depth, size_t *told)
{
	struct mls_path_step steps[MLS_MAX_DEPTH];
	struct mls_node_list list = { 0 };
	struct mls_tree *tree;
	struct wr w = wr_new();

	ok(mls_group_tree(p->we, &w), "the tree");
	ok(mls_tree_decode(&b.suite, wr_bytes(&w), &tree), "the tree");
	*depth = mls_tree_filtered_path(tree, mls_group_me(p->we), steps);
	for (size_t i = 0; i < *depth; i++)
		ok(mls_tree_resolution(tree, steps[i].copath, &list),
		    "a resolution");
	*told = list.n;
	free(list.p);
	mls_tree_free(tree);
	wr_free(&w);
}

static void
bench_size(uint32_t n, bool full)
{
	const struct prices *c = &b.price;
	const char *tree = full ? "full" : "blank";
	size_t runs = n > 1000 ? 5 : n > 100 ? 20 : 50, depth, told;
	struct mls_bundle_options options = { .suite = b.suite.number };
	struct cast_role newcomer;
	double us, length;
	struct pair p;

	pair_start(&p, n, full);
	cast_role(&b.suite, UINT32_MAX - 3, &newcomer);
	options.identity = identity_of(&newcomer);
	ok(mls_bundle_new(&b.client, &options, &p.bundle), "a key package");
	path_shape(&p, &depth, &told);
	if (full) {
		row(tree, n, "protect 100 bytes",
		    median_of(MANY, do_protect, &p), c->sign + 2 * c->seal);
		row(tree, n, "unprotect",
		    median_after(MANY, hear, do_unprotect, &p),
		    c->verify + 2 * c->open);
	}
	us = median_of(runs, do_commit, &p);
	length = (double)p.message.n;
	row(tree, n, "commit with path", us,
	    2 * c->sign + (double)(depth + 1) * c->keygen +
		(double)told * c->encap +
		length * (c->sign_byte + c->hash_byte + c->seal_byte));
	/* The two are neighbours: their common ancestor is low, so that the
	 * receiver derives all but the lowest keys of the path. */
	row(tree, n, "process it",
	    median_after(runs, commit_and_drop, do_process, &p),
	    2 * c->verify + c->decap + (double)depth * c->keygen +
		length * (c->verify_byte + c->hash_byte + c->open_byte));
	ok(mls_group_drop(p.they), "drop");
	row(tree, n, "add, tree beside", median_of(runs, do_add_beside, &p),
	    3 * c->verify + 2 * c->sign + c->encap);
	us = median_of(runs, do_add, &p);
	length = (double)p.welcome.n;
	row(tree, n, "add, tree in Welcome", us,
	    3 * c->verify + 2 * c->sign + c->encap +
		length * (c->sign_byte + c->seal_byte));
	row(tree, n, "join from Welcome", median_of(runs, do_join, &p),
	    c->decap + (double)(n + 2) * c->verify +
		length * (c->verify_byte + c->open_byte + c->hash_byte));
	row(tree, n, "serialize", median_of(runs, do_save, &p), 0);
	printf("%6u  %-5s  %-20s %12zu bytes\n", n, tree, "state", p.state_len);
	pair_end(&p);
}

static void
print_memory(uint32_t n)
{
	struct mallinfo2 before, after;
	struct rusage usage;
	struct pair p;

	before = mallinfo2();
	pair_start(&p, n, true);
	mls_group_free(p.they);
	p.they = NULL;
	wr_free(&p.message);
	wr_free(&p.buf);
	(void)malloc_trim(0);
	after = mallinfo2();
	(void)getrusage(RUSAGE_SELF, &usage);
	printf("%6u  full   one member's heap    %12.1f MiB (limit 64: ratio "
	       "%.2f); peak of this process, with two members, %.1f MiB\n",
	    n,
	    (double)(after.uordblks + after.hblkhd - before.uordblks -
		     before.hblkhd) /
		1048576,
	    (double)(after.uordblks + after.hblkhd - before.uordblks -
		     before.hblkhd) /
		1048576 / 64,
	    (double)usage.ru_maxrss / 1024);
	pair_end(&p);
}

int
main(int argc, char **argv)
{
	static const struct option names[] = {
		{ "suite", required_argument, NULL, 's' },
		{ "members", required_argument, NULL, 'm' },
		{ NULL, 0, NULL, 0 },
	};
	uint16_t number = MLS_SUITE_DEFAULT;
	uint32_t most = 10000;
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (c == 's')
			number = (uint16_t)strtoul(optarg, NULL, 0);
		else if (c == 'm')
			most = (uint32_t)strtoul(optarg, NULL, 0);
		else
			return 64;
	}
	must(crypto_init() == ERR_OK, "the libraries do not start");
	ok(mls_suite_init(&b.suite, number, 0), "the suite");
	b.seed = 1;
	b.env = cast_env(&b.seed);
	b.client.env = &b.env;
	b.client.authenticate = mls_accept_anyone;
	measure_primitives();
	for (uint32_t n = 2; n <= most; n = n == 2 ? 10 : n * 10) {
		bench_size(n, true);
		if (n > 2)
			bench_size(n, false);
	}
	print_memory(most);
	return EXIT_SUCCESS;
}
