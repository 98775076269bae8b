/*
 * What a person says, and what a password was, is not left in memory that is
 * given back: free comes by here, by the linker's --wrap, and looks.
 */
#include "base/wr.h"
#include "libsotto/home.h"
#include "libsotto/queue.h"
#include "sotto.h"
#include "support/check.h"
#include "support/scratch.h"
#include "text/text.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

void __real_free(void *p);
void __wrap_free(void *p);

#define SECRET "open sesame, and nobody else"

static volatile size_t found;

void
__wrap_free(void *p)
{
	if (p != NULL)
		found = found + (memmem(p, malloc_usable_size(p), SECRET,
		    sizeof SECRET - 1) != NULL);
	__real_free(p);
}

/* The looking itself, which must be able to find something. */
TEST(what_is_not_wiped_is_found)
{
	char *volatile p = strdup("so: " SECRET);

	found = 0;
	free(p);
	CHECK_EQ(found, 1);
}

TEST(a_writer_that_grows_or_ends)
{
	struct wr w = wr_new();

	found = 0;
	for (size_t i = 0; i < 100; i++)
		wr_put(&w, BYTES_LIT(SECRET));
	CHECK_EQ(found, 0);
	wr_free(&w);
	CHECK_EQ(found, 0);
}

TEST(a_password_in_its_normal_form)
{
	uint8_t out[64];
	size_t n;

	found = 0;
	CHECK_OK(text_nfc(BYTES_LIT(SECRET), out, sizeof out, &n));
	CHECK_ERR(text_nfc(BYTES_LIT(SECRET), out, 5, &n), ERR_ROOM);
	CHECK_EQ(found, 0);
}

TEST(events_of_the_queue)
{
	struct sotto_event ev = { .type = SOTTO_MESSAGE }, got;
	struct queue q;

	found = 0;
	ev.text.p = SECRET;
	ev.text.n = sizeof SECRET - 1;
	queue_init(&q);
	queue_push(&q, &ev);
	queue_push(&q, &ev);
	queue_push(&q, &ev);
	CHECK(queue_take(&q, &got));
	CHECK(memcmp(got.text.p, SECRET, got.text.n) == 0);
	CHECK(queue_take(&q, &got));
	queue_wipe(&q);
	CHECK_EQ(found, 0);
}

/* Read, written over, in another's way, and removed. */
TEST(files_of_a_home)
{
	struct home_account al = { .name = { "al" }, .at = { "h", 1 } };
	struct home_write w = { CLIENT_FILE_KEYRING, 0, BYTES_LIT(SECRET), 0,
		NULL, 0 };
	struct client_files files;
	const char *root = scratch_new();

	found = 0;
	CHECK_OK(home_write(root, &al, &w));
	CHECK_OK(home_read(root, &al, &files));
	CHECK_BYTES(files.content[CLIENT_FILE_KEYRING], BYTES_LIT(SECRET));
	home_files_wipe(&files);
	CHECK_ERR(home_write(root, &al, &w), ERR_CONFLICT);
	CHECK_EQ(w.newer_n, sizeof SECRET - 1);
	home_write_wipe(&w);
	w.expect = w.generation;
	CHECK_OK(home_write(root, &al, &w));
	w.expect = w.generation;
	w.content = BYTES_NONE;
	CHECK_OK(home_write(root, &al, &w));
	CHECK_EQ(found, 0);
}

CHECK_MAIN(T(what_is_not_wiped_is_found), T(a_writer_that_grows_or_ends),
    T(a_password_in_its_normal_form), T(events_of_the_queue),
    T(files_of_a_home))
