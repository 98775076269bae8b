/*
 * store - what a server keeps: requests in, completions out.
 *
 * A request names what is wanted; its completion says how it went, later,
 * from the loop. Writes are durable when their completion comes: it is only
 * made after the commit is on disk, so an answer that waits for it is a
 * promise that holds. A read submitted after a completion sees that write;
 * nothing else is ordered. A write either happens whole or not at all.
 *
 * The interface is a struct of two functions, so that the core can be driven
 * by SQLite, by the simulator, or by another database. This header knows
 * nothing of SQL; store/sqlite.h implements it.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/bytes.h"
#include "base/err.h"

#define STORE_NAME_MAX 33 /* with the terminator */

/* What rests of one account. In a completion, views live until the callback
 * returns; in a request, until the completion. */
struct store_account {
	char name[STORE_NAME_MAX];
	uint64_t version;      /* bumped by whatever ends logins */
	bool is_enabled;
	bool has_record;       /* false after reset: the name is reserved */
	uint8_t status;        /* what others are shown */
	uint8_t credential_id[16];
	uint32_t ksf_passes;
	uint32_t ksf_memory_kib;
	uint8_t record[192];
	uint8_t identity[32];
	uint64_t identity_version;
	struct bytes identity_box;
	uint64_t settings_version;
	struct bytes settings_box;
	uint64_t roster_version;
	struct bytes roster;
	uint64_t created_s;
};

enum store_kind {
	STORE_ACCOUNT_GET,    /* name -> account, or GONE */
	STORE_ACCOUNT_RECORD, /* the same without its boxes and roster, so
			       * that it takes as long for each account */
	STORE_ACCOUNT_LIST,   /* each account in turn, without its boxes (they
			       * are large), then OK with none */
	STORE_ACCOUNT_CREATE, /* account, invite_hash: uses up the invite and
			       * makes (or, after reset, remakes) the account.
			       * GONE: no such invite or expired; CONFLICT: the
			       * name has a record. A remade account's version
			       * stays above its old one: account.version */
	STORE_ACCOUNT_CHANGE, /* account, parts, expect: see below. GONE */
	STORE_ACCOUNT_REMOVE, /* name; its invites too. GONE: neither */
	STORE_INVITE_PUT,     /* invite; replaces others for the same name */
	STORE_INVITE_TRY,     /* invite_hash, name: counts one use of the OPRF.
			       * GONE, EXPIRED, or LIMIT when used up */
};

/*
 * Parts of an account to change; all or none. Each is compared first, and
 * CONFLICT changes nothing:
 *   RECORD   record, credential_id, ksf_*, has_record
 *   IDENTITY identity_box; identity_version must be one more than stored
 *   SETTINGS settings_box; settings_version must be one more than stored
 *   ROSTER   roster; roster_version must be one more than stored
 *   ENABLED  is_enabled
 *   STATUS   status
 *   RESET    clears record, boxes, roster, identity and their versions; not
 *            together with any of the first four
 *   BUMP     version becomes one more
 * With expect_version not 0 the account's version must be that one. After OK
 * account.version is the version that is stored now. Fails with ARG for
 * parts that make no sense.
 */
enum store_part { STORE_RECORD = 1, STORE_IDENTITY = 2, STORE_SETTINGS = 4,
	STORE_ROSTER = 8, STORE_ENABLED = 16, STORE_STATUS = 32,
	STORE_RESET = 64, STORE_BUMP = 128 };

struct store_invite {
	char name[STORE_NAME_MAX];
	uint8_t hash[32];  /* BLAKE2b-256 of the code */
	uint64_t expires_s;
	uint8_t tries;     /* how often the OPRF may be evaluated */
};

struct store_request;
typedef void store_done_fn(struct store_request *request, enum err err);

/*
 * One request. The caller owns it and keeps it, and all its views, until
 * done is called, once. For STORE_ACCOUNT_LIST done is called for every
 * account (in order of name) and once more with account.name empty. Any
 * request may also fail with NOMEM: it was not carried out; or with IO:
 * nobody knows.
 */
struct store_request {
	enum store_kind kind;
	struct store_account account; /* in or out */
	uint32_t parts;               /* CHANGE */
	uint64_t expect_version;      /* CHANGE */
	uint8_t invite_hash[32];      /* CREATE, TRY */
	struct store_invite invite;   /* PUT */
	uint64_t now_s;               /* CREATE, TRY: to judge expiry */
	store_done_fn *done;
	void *ctx;
	/* The store's, while it is pending. */
	struct store_request *next;
	enum err result;
	void *held;
};

struct store {
	/* Takes a request; never calls done before it returns. */
	void (*submit)(struct store *s, struct store_request *request);
};

#endif
