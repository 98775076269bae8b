/*
 * request - what each request of store.h does to the database.
 *
 * These run on the thread that owns the connection; the transaction around
 * them is the caller's.
 */
#ifndef STORE_REQUEST_H
#define STORE_REQUEST_H

#include "store/db.h"
#include "store/store.h"

/* Accounts that one step of a list reads. */
#define STORE_PAGE_ROWS 64

/* What is read for a list at a time; its owner frees it. */
struct store_page {
	size_t n;
	bool is_last;
	struct store_account rows[STORE_PAGE_ROWS];
};

/* Returns whether a kind of request writes. */
bool store_request_is_write(enum store_kind kind);

/*
 * Carries out a write and returns how it went. An error of its own comes
 * before anything is changed; errors of the database are in db, and then the
 * caller takes the whole transaction back.
 */
MUST_USE enum err store_request_write(struct store_db *db,
    struct store_request *q);

/*
 * Carries out a read. held becomes the memory behind the account's views; for
 * a list a struct store_page of what comes after account.name.
 */
MUST_USE enum err store_request_read(struct store_db *db,
    struct store_request *q);

/* Releases a page and its accounts' rosters; NULL is fine. */
void store_page_free(struct store_page *page);

#endif
