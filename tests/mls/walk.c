/*
 * walk - a long random history of a group, in which all must always agree.
 *
 *	walk [--suite N] [--steps N] [--members N] [--seed N] [--public]
 *
 * Up to N people are in a group. In every step one of them says something,
 * proposes a change, is handed something that was said, is saved and read
 * again, or commits. What is said and proposed arrives in any order, late,
 * twice and damaged; what is said may also arrive an epoch late. Two may
 * commit at once: the delivery service takes one. After every commit all
 * members, and whoever joined with it, must have the same authenticator.
 * Everything follows from the seed. Prints a line of counts; exit code 1 and
 * the step when something does not hold.
 */
#include "crypto/crypto.h"
#include "mls/mls.h"
#include "support/mls_cast.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PEOPLE = 64, INBOX = 128, TEXT_LEN = 24 };

/* What was said or proposed, on its way to many. */
struct letter {
	size_t readers;
	bool is_proposal;
	uint64_t epoch;
	struct wr message;
	uint8_t text[TEXT_LEN];
};

struct person {
	struct mls_group *group; /* NULL: not a member */
	uint8_t secret[MLS_MAX_SIG_SECRET];
	uint8_t public[MLS_MAX_SIG_PUBLIC];
	size_t public_len;
	struct letter *inbox[INBOX];
	size_t waiting;
};

static struct {
	uint16_t suite;
	uint32_t steps, people;
	uint64_t seed;
	struct env env;
	struct mls_client client;
	struct person person[MAX_PEOPLE];
	uint32_t step;
	struct {
		unsigned long said, read, late, proposed, commits, rivals,
		    joins, leaves, outside, damaged, replayed, reloaded;
	} count;
} w;

static void
fail(const char *what, const char *why)
{
	printf("step %u: %s: %s\n", w.step, what, why);
	exit(EXIT_FAILURE);
}

static void
must_be(enum mls_result got, enum mls_result want, const char *what)
{
	if (got != want)
		fail(what, mls_result_name(got));
}

static void
must(bool held, const char *what)
{
	if (!held)
		fail(what, "does not hold");
}

static uint32_t
dice(uint32_t below)
{
	uint32_t v;

	w.env.random(w.env.ctx, &v, sizeof v);
	return v % below;
}

static bool
is_public(void)
{
	return w.client.handshakes == MLS_WIRE_PUBLIC_MESSAGE;
}

static uint32_t
members(void)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < w.people; i++)
		n += w.person[i].group != NULL;
	return n;
}

static struct person *
anyone(bool is_member)
{
	uint32_t i = dice(w.people);

	while ((w.person[i].group != NULL) != is_member)
		i = (i + 1) % w.people;
	return &w.person[i];
}

static struct mls_identity
identity_of(struct person *p)
{
	must_be(mls_signature_key_new(
		    &w.client, w.suite, p->secret, p->public, &p->public_len),
	    MLS_OK, "a signature key");
	return (struct mls_identity){
		{ MLS_CREDENTIAL_BASIC, BYTES_LIT("walker") },
		{ BYTES_OF(p->secret), { p->public, p->public_len } },
	};
}

/* A state as bytes, to see whether it has changed. */
static struct wr
saved(const struct person *p)
{
	struct wr state = wr_new();

	must_be(mls_group_save(p->group, &state), MLS_OK, "saving");
	return state;
}

/* A message with one bit changed must be refused and leave no trace. */
static void
damage(struct person *p, struct bytes message)
{
	uint8_t *copy = malloc(message.n);
	struct wr before = saved(p), buf = wr_new(), after;
	struct mls_event event;
	enum mls_result res;

	must(copy != NULL, "memory");
	memcpy(copy, message.p, message.n);
	copy[dice((uint32_t)message.n)] ^= (uint8_t)(1u << dice(8));
	res = mls_group_process(
	    p->group, (struct bytes){ copy, message.n }, &buf, &event);
	must(res != MLS_OK, "a damaged message was refused");
	after = saved(p);
	must(bytes_equal(wr_bytes(&before), wr_bytes(&after)),
	    "a refused message left no trace");
	wr_free(&before);
	wr_free(&after);
	wr_free(&buf);
	free(copy);
	w.count.damaged++;
}

static void
free_letter(struct letter *l)
{
	wr_free(&l->message);
	free(l);
}

static void
drop_letter(struct letter *l)
{
	if (--l->readers == 0)
		free_letter(l);
}

static void
replay(struct person *p, const struct letter *l)
{
	struct mls_event event;
	struct wr buf = wr_new();

	must_be(
	    mls_group_process(p->group, wr_bytes(&l->message), &buf, &event),
	    MLS_GENERATION_WAS_USED_BEFORE, "a replay");
	wr_free(&buf);
	w.count.replayed++;
}

/* Hands a member the i-th letter of its inbox. */
static void
deliver(struct person *p, size_t i)
{
	struct letter *l = p->inbox[i];
	struct wr buf = wr_new();
	struct mls_event event;
	enum mls_result res;
	bool is_late = l->epoch != mls_group_epoch(p->group);

	p->inbox[i] = p->inbox[--p->waiting];
	if (l->is_proposal && is_late) {
		drop_letter(l);
		return;
	}
	if (dice(16) == 0)
		damage(p, wr_bytes(&l->message));
	if (l->is_proposal) {
		res = mls_group_process(
		    p->group, wr_bytes(&l->message), &buf, &event);
		/* In the clear, the same proposal is the same message. */
		if (!is_public() || res != MLS_PROPOSAL_WAS_SEEN_BEFORE) {
			must_be(res, MLS_OK, "a proposal");
			must(event.kind == MLS_EVENT_PROPOSAL,
			    "it is a proposal");
		}
	} else {
		must_be(mls_group_unprotect(
			    p->group, wr_bytes(&l->message), &buf, &event),
		    MLS_OK, "what was said");
		must(bytes_equal(event.data, BYTES_OF(l->text)),
		    "it was said like that");
		w.count.read++;
		w.count.late += is_late;
		if (dice(16) == 0)
			replay(p, l);
	}
	wr_free(&buf);
	drop_letter(l);
}

static void
send_letter(const struct person *from, struct letter *l)
{
	struct person *to;

	l->readers = 1;
	for (uint32_t i = 0; i < w.people; i++) {
		to = &w.person[i];
		if (to == from || to->group == NULL)
			continue;
		if (to->waiting == INBOX)
			deliver(to, 0);
		to->inbox[to->waiting++] = l;
		l->readers++;
	}
	drop_letter(l);
}

static struct letter *
new_letter(const struct person *from)
{
	struct letter *l = calloc(1, sizeof *l);

	must(l != NULL, "memory");
	l->epoch = mls_group_epoch(from->group);
	l->message = wr_new();
	return l;
}

static void
say(struct person *p)
{
	struct letter *l = new_letter(p);
	enum mls_result res;

	w.env.random(w.env.ctx, l->text, sizeof l->text);
	res = mls_group_protect(
	    p->group, BYTES_NONE, BYTES_OF(l->text), &l->message);
	if (res == MLS_PROPOSALS_ARE_WAITING) {
		free_letter(l);
		return;
	}
	must_be(res, MLS_OK, "saying something");
	send_letter(p, l);
	w.count.said++;
}

/* Asks for the removal of somebody else; false if that is not to be. */
static bool
ask_remove(struct person *p)
{
	struct person *other = anyone(true);

	if (other == p || members() <= 2)
		return false;
	return mls_group_remove(p->group, mls_group_me(other->group)) == MLS_OK;
}

/* Newcomers of one commit, with what they wait with. */
struct newcomers {
	struct person *p[4];
	struct mls_bundle *bundle[4];
	size_t n;
};

static struct mls_bundle *
ask_add(struct person *p, struct person *who)
{
	struct mls_bundle_options options = { .suite = w.suite,
		.identity = identity_of(who) };
	struct mls_bundle *bundle;

	must_be(mls_bundle_new(&w.client, &options, &bundle), MLS_OK,
	    "a key package");
	must_be(mls_group_add(p->group, mls_bundle_public(bundle)), MLS_OK,
	    "asking to add");
	return bundle;
}

/* Asks for new keys of a member, now and then with a new signature key. */
static bool
ask_update(struct person *p)
{
	struct mls_identity who;

	if (dice(2) == 0)
		return mls_group_update(p->group, NULL) == MLS_OK;
	who = identity_of(p);
	return mls_group_update(p->group, &who) == MLS_OK;
}

/* A key that all have from elsewhere, whose value follows from its id. */
static bool
find_psk(void *ctx, const struct mls_psk_id *id, struct wr *out)
{
	(void)ctx;
	if (id->type != MLS_PSK_EXTERNAL)
		return false;
	wr_put(out, BYTES_LIT("the key of "));
	wr_put(out, id->id);
	return true;
}

/* Asks for what a commit may do besides moving people. */
static void
ask_for_more(struct person *p)
{
	/* required_capabilities: basic credentials. */
	static const uint8_t required[] = { 0, 3, 5, 0, 0, 2, 0, 1 };
	struct mls_psk_id id = { .type = MLS_PSK_EXTERNAL,
		.id = BYTES_LIT("walk") };

	if (dice(4) == 0)
		must(ask_update(p), "asking for new keys");
	if (dice(4) == 0)
		must_be(mls_group_use_psk(p->group, &id), MLS_OK,
		    "asking for a key");
	if (dice(4) == 0) {
		id = (struct mls_psk_id){ .type = MLS_PSK_RESUMPTION,
			.usage = MLS_PSK_APPLICATION,
			.group_id = mls_group_id(p->group),
			.epoch = mls_group_epoch(p->group) };
		must_be(mls_group_use_psk(p->group, &id), MLS_OK,
		    "asking for a resumption");
	}
	if (dice(4) == 0)
		must_be(mls_group_set_extensions(p->group,
			    dice(2) == 0 ? BYTES_NONE : BYTES_OF(required)),
		    MLS_OK, "asking for extensions");
}

/* Proposes an update or a removal, for others to commit. */
static void
propose(struct person *p)
{
	enum mls_result res;
	struct letter *l;
	bool asked;

	if (dice(2) == 0)
		asked = ask_update(p);
	else
		asked = ask_remove(p);
	if (!asked)
		return;
	l = new_letter(p);
	l->is_proposal = true;
	res = mls_group_propose(p->group, &l->message);
	if (res == MLS_PROPOSAL_WAS_SEEN_BEFORE && is_public()) {
		mls_group_forget_changes(p->group);
		free_letter(l);
		return;
	}
	must_be(res, MLS_OK, "proposing");
	send_letter(p, l);
	w.count.proposed++;
}

static void
deliver_proposals(struct person *p)
{
	for (size_t i = p->waiting; i > 0; i--)
		if (p->inbox[i - 1]->is_proposal)
			deliver(p, i - 1);
}

/* A commit that loses against another of the same epoch. */
static void
rival(struct person *p)
{
	struct mls_commit_options options = { 0 };
	struct wr commit = wr_new(), welcome = wr_new(), before, after;

	deliver_proposals(p);
	before = saved(p);
	must_be(mls_group_commit(p->group, &options, &commit, &welcome), MLS_OK,
	    "a commit that will lose");
	must_be(mls_group_drop(p->group), MLS_OK, "dropping it");
	after = saved(p);
	/* With private handshakes the ratchet has moved on, and must have. */
	if (is_public())
		must(bytes_equal(wr_bytes(&before), wr_bytes(&after)),
		    "a dropped commit left no trace");
	wr_free(&before);
	wr_free(&after);
	wr_free(&commit);
	wr_free(&welcome);
	w.count.rivals++;
}

static void
goodbye(struct person *p)
{
	mls_group_free(p->group);
	p->group = NULL;
	while (p->waiting > 0)
		drop_letter(p->inbox[--p->waiting]);
	w.count.leaves++;
}

/* Hands a commit to a member, who may hesitate before merging it. */
static void
take_commit(struct person *p, struct bytes commit)
{
	struct mls_event event;
	struct wr buf = wr_new();

	/* What is left of the epoch before comes too late from now on. */
	for (size_t i = p->waiting; i > 0; i--)
		if (p->inbox[i - 1]->epoch != mls_group_epoch(p->group))
			deliver(p, i - 1);
	deliver_proposals(p);
	if (dice(8) == 0)
		damage(p, commit);
	/* A commit that was encrypted can be opened once. */
	for (uint32_t tries = is_public() ? 1 + dice(2) : 1; tries > 0;
	     tries--) {
		wr_reset(&buf);
		must_be(mls_group_process(p->group, commit, &buf, &event),
		    MLS_OK, "a commit");
		must(event.kind == MLS_EVENT_COMMIT, "it is a commit");
		if (tries > 1)
			must_be(mls_group_drop(p->group), MLS_OK, "hesitating");
	}
	must_be(mls_group_merge(p->group), MLS_OK, "merging");
	if (event.removes_us)
		goodbye(p);
	wr_free(&buf);
}

static void
welcome_all(struct newcomers *new, struct bytes welcome, struct bytes tree)
{
	struct mls_join join = { .welcome = welcome, .tree = tree };

	for (size_t i = 0; i < new->n; i++) {
		join.bundle = new->bundle[i];
		must_be(mls_group_join(&w.client, &join, &new->p[i]->group),
		    MLS_OK, "joining");
		w.count.joins++;
	}
}

static void
all_agree(void)
{
	struct person *first = anyone(true), *p;
	uint8_t secret[2][32];

	must_be(mls_group_export(first->group, "walk", BYTES_NONE, secret[0],
		    sizeof secret[0]),
	    MLS_OK, "exporting");
	for (uint32_t i = 0; i < w.people; i++) {
		p = &w.person[i];
		if (p->group == NULL)
			continue;
		must(bytes_equal(mls_group_authenticator(p->group),
			 mls_group_authenticator(first->group)),
		    "all have the same authenticator");
		must(mls_group_epoch(p->group) == mls_group_epoch(first->group),
		    "all are in one epoch");
		must(mls_group_members(p->group) == members(),
		    "all know who is there");
		must_be(mls_group_export(p->group, "walk", BYTES_NONE,
			    secret[1], sizeof secret[1]),
		    MLS_OK, "exporting");
		must(memcmp(secret[0], secret[1], sizeof secret[0]) == 0,
		    "all export the same");
	}
}

static void
commit(struct person *p)
{
	struct mls_commit_options options = { .tree_beside = dice(3) == 0,
		.omit_path = dice(3) == 0 };
	struct wr message = wr_new(), welcome = wr_new(), tree = wr_new();
	struct newcomers new = { 0 };
	struct person *other = anyone(true);
	uint32_t adds = dice(4);

	deliver_proposals(p);
	if (other != p && dice(4) == 0)
		rival(other);
	while (new.n < adds && members() + new.n < w.people) {
		struct person *who = anyone(false);
		bool is_new = true;

		for (size_t i = 0; i < new.n; i++)
			is_new = is_new && new.p[i] != who;
		if (!is_new)
			break;
		new.p[new.n] = who;
		new.bundle[new.n++] = ask_add(p, who);
	}
	if (dice(3) == 0)
		(void)ask_remove(p);
	if (new.n == 0)
		ask_for_more(p);
	must_be(mls_group_commit(p->group, &options, &message, &welcome),
	    MLS_OK, "a commit");
	for (uint32_t i = 0; i < w.people; i++)
		if (w.person[i].group != NULL && &w.person[i] != p)
			take_commit(&w.person[i], wr_bytes(&message));
	must_be(mls_group_merge(p->group), MLS_OK, "merging one's own");
	must_be(mls_group_tree(p->group, &tree), MLS_OK, "a tree");
	welcome_all(&new, wr_bytes(&welcome),
	    options.tree_beside ? wr_bytes(&tree) : BYTES_NONE);
	for (size_t i = 0; i < new.n; i++)
		mls_bundle_free(new.bundle[i]);
	all_agree();
	wr_free(&message);
	wr_free(&welcome);
	wr_free(&tree);
	w.count.commits++;
}

/* Somebody joins from outside, perhaps in place of an old self. */
static void
come_from_outside(struct person *inside)
{
	struct mls_group_info_options info_options = { 0 };
	struct wr info = wr_new(), message = wr_new();
	struct mls_external_join join = { 0 };
	struct mls_group *joined;
	struct person *p;

	if (members() == w.people)
		return;
	p = anyone(false);
	join.identity = identity_of(p);
	must_be(mls_group_info(inside->group, &info_options, &info), MLS_OK,
	    "a group info");
	join.group_info = wr_bytes(&info);
	must_be(mls_group_join_external(&w.client, &join, &message, &joined),
	    MLS_OK, "joining from outside");
	for (uint32_t i = 0; i < w.people; i++)
		if (w.person[i].group != NULL)
			take_commit(&w.person[i], wr_bytes(&message));
	must_be(mls_group_merge(joined), MLS_OK, "being in");
	p->group = joined;
	all_agree();
	wr_free(&info);
	wr_free(&message);
	w.count.outside++;
}

static void
reload(struct person *p)
{
	struct wr state = saved(p), again;

	mls_group_free(p->group);
	must_be(mls_group_load(&w.client, wr_bytes(&state), &p->group), MLS_OK,
	    "loading");
	again = saved(p);
	must(bytes_equal(wr_bytes(&state), wr_bytes(&again)),
	    "what was loaded saves the same");
	wr_free(&state);
	wr_free(&again);
	w.count.reloaded++;
}

static void
step(void)
{
	struct person *p = anyone(true);
	uint32_t what = dice(100);

	if (what < 20)
		say(p);
	else if (what < 75)
		for (uint32_t n = dice(8); n > 0 && p->waiting > 0; n--)
			deliver(p, dice((uint32_t)p->waiting));
	else if (what < 83)
		propose(p);
	else if (what < 88)
		reload(p);
	else if (what < 98)
		commit(p);
	else if (what < 99)
		come_from_outside(p);
}

static bool
read_options(int argc, char **argv)
{
	static const struct option names[] = {
		{ "suite", required_argument, NULL, 's' },
		{ "steps", required_argument, NULL, 'n' },
		{ "members", required_argument, NULL, 'm' },
		{ "seed", required_argument, NULL, 'r' },
		{ "public", no_argument, NULL, 'p' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (c == 's')
			w.suite = (uint16_t)strtoul(optarg, NULL, 0);
		else if (c == 'n')
			w.steps = (uint32_t)strtoul(optarg, NULL, 0);
		else if (c == 'm')
			w.people = (uint32_t)strtoul(optarg, NULL, 0);
		else if (c == 'r')
			w.seed = strtoull(optarg, NULL, 0);
		else if (c == 'p')
			w.client.handshakes = MLS_WIRE_PUBLIC_MESSAGE;
		else
			return false;
	}
	return optind == argc && w.people >= 2 && w.people <= MAX_PEOPLE &&
	       w.seed != 0;
}

int
main(int argc, char **argv)
{
	struct mls_group_options options = { 0 };

	w.suite = MLS_SUITE_X25519_CHACHA;
	w.steps = 1500;
	w.people = MAX_PEOPLE;
	w.seed = 1;
	if (!read_options(argc, argv)) {
		(void)fputs("usage: walk [--suite N] [--steps N] "
			    "[--members 2..64] [--seed N] [--public]\n",
		    stderr);
		return 64;
	}
	must(crypto_init() == ERR_OK, "the libraries start");
	w.env = cast_env(&w.seed);
	w.client.env = &w.env;
	w.client.authenticate = mls_accept_anyone;
	w.client.find_psk = find_psk;
	options.suite = w.suite;
	options.identity = identity_of(&w.person[0]);
	must_be(mls_group_create(&w.client, &options, &w.person[0].group),
	    MLS_OK, "creating a group");
	for (w.step = 0; w.step < w.steps; w.step++)
		step();
	for (uint32_t i = 0; i < w.people; i++)
		if (w.person[i].group != NULL)
			goodbye(&w.person[i]);
	printf("%u steps: %lu said, %lu read (%lu late), %lu proposed, "
	       "%lu commits, %lu rivals, %lu joined, %lu from outside, "
	       "%lu left, %lu damaged, %lu replayed, %lu reloaded\n",
	    w.steps, w.count.said, w.count.read, w.count.late, w.count.proposed,
	    w.count.commits, w.count.rivals, w.count.joins, w.count.outside,
	    w.count.leaves, w.count.damaged, w.count.replayed,
	    w.count.reloaded);
	return EXIT_SUCCESS;
}
