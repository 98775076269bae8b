#include "sottod/keys.h"

#include "base/hex.h"
#include "crypto/crypto.h"
#include "crypto/ct.h"
#include "crypto/ristretto.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define KEY_LEN_MAX 64

static const struct key {
	const char *name;
	size_t at, len;
} files[] = {
	{ "channel", offsetof(struct server_keys, channel_secret), 32 },
	{ "opaque", offsetof(struct server_keys, opaque_secret), 32 },
	{ "oprf", offsetof(struct server_keys, oprf_seed), 64 },
	{ "fake", offsetof(struct server_keys, fake_seed), 32 },
};

#define FILES (sizeof files / sizeof files[0])

const char *const keys_names[] = { "channel", "opaque", "oprf", "fake", NULL };

enum err
keys_write_file(const char *path, const void *p, size_t n)
{
	const uint8_t *at = p;
	int fd = open(path,
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	enum err err = ERR_OK;
	ssize_t some;

	if (fd < 0)
		return ERR_IO;
	for (; n > 0; at += some, n -= (size_t)some) {
		some = write(fd, at, n);
		NEED(some > 0, ERR_IO);
	}
	NEED(fsync(fd) == 0, ERR_IO);
out:
	if (close(fd) != 0)
		err = ERR_IO;
	return err;
}

static void
draw(struct server_keys *keys)
{
	uint8_t wide[RISTRETTO_UNIFORM_LEN];

	crypto_system_random(NULL, keys, sizeof *keys);
	do {
		crypto_system_random(NULL, wide, sizeof wide);
		ristretto_scalar_reduce(wide, keys->opaque_secret);
	} while (ct_is_zero(keys->opaque_secret, RISTRETTO_LEN));
	bytes_wipe(wide, sizeof wide);
}

static enum err
write_all(const char *folder, const struct server_keys *keys)
{
	struct {
		char text[BASE64_LEN(KEY_LEN_MAX) + 2];
	} s;
	char path[DIR_PATH_MAX + 16];
	enum err err = ERR_OK;

	for (size_t i = 0; i < FILES; i++) {
		const uint8_t *p = (const uint8_t *)keys + files[i].at;

		base64_encode(s.text, (struct bytes){ p, files[i].len });
		(void)strcat(s.text, "\n");
		(void)snprintf(path, sizeof path, "%s/%s", folder,
		    files[i].name);
		/* Left over by a start that was cut short. */
		(void)unlink(path);
		TRY(keys_write_file(path, s.text, strlen(s.text)));
	}
	TRY(dir_sync(folder));
out:
	bytes_wipe(&s, sizeof s);
	return err;
}

int
keys_make(const struct dir *d, struct trouble *t)
{
	struct {
		struct server_keys keys;
	} s;
	char folder[DIR_PATH_MAX], whole[DIR_PATH_MAX];
	enum err err = ERR_OK;
	int code = 0;

	dir_path(folder, d, "keys.new");
	dir_path(whole, d, "keys");
	draw(&s.keys);
	NEED(mkdir(folder, 0700) == 0 || errno == EEXIST, ERR_IO);
	TRY(write_all(folder, &s.keys));
	NEED(rename(folder, whole) == 0, ERR_IO);
	TRY(dir_sync(d->path));
out:
	if (err != ERR_OK)
		code = trouble_set(t, EX_UNAVAILABLE, "keys",
		    "see whether the disk is full", "%s: %s", folder,
		    strerror(errno));
	bytes_wipe(&s, sizeof s);
	return code;
}

static int
read_one(const char *folder, const struct key *key, struct server_keys *keys,
    struct trouble *t)
{
	struct {
		char text[BASE64_LEN(KEY_LEN_MAX) + 3];
	} s = { "" };
	char path[DIR_PATH_MAX + 16];
	uint8_t *to = (uint8_t *)keys + key->at;
	int fd, code;
	ssize_t n = -1;

	(void)snprintf(path, sizeof path, "%s/%s", folder, key->name);
	code = dir_check_private(path, false, t);
	if (code != 0)
		return code;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0) {
		n = read(fd, s.text, sizeof s.text - 1);
		(void)close(fd);
	}
	if (n > 0 && s.text[n - 1] == '\n')
		n--;
	if (n < 0 || base64_decode(to, key->len,
	    (struct bytes){ (uint8_t *)s.text, (size_t)n }) != ERR_OK)
		code = trouble_set(t, EX_CONFIG, "keys",
		    "put it back, from a backup made with --keys",
		    "%s is damaged", path);
	bytes_wipe(&s, sizeof s);
	return code;
}

int
keys_read(const struct dir *d, struct server_keys *keys, struct trouble *t)
{
	char folder[DIR_PATH_MAX];
	int code;

	dir_path(folder, d, "keys");
	code = dir_check_private(folder, true, t);
	for (size_t i = 0; i < FILES && code == 0; i++)
		code = read_one(folder, &files[i], keys, t);
	return code;
}
