#include "sottod/archive.h"

#include "base/hex.h"
#include "crypto/hash.h"
#include "sottod/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define BLOCK        512
#define MANIFEST_MAX 2048
#define NAMES_MAX    8
#define HASH_LEN     64
#define COPY_LEN     65536
#define FIRST_LINE   "sotto backup 1"

/* The header of an entry, as POSIX draws it. */
struct ustar {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12];
	char checksum[8], type, link[100], magic[6], version[2];
	char user[32], group[32], major[8], minor[8], prefix[155], pad[12];
};
_Static_assert(sizeof(struct ustar) == BLOCK, "a header is one block");

/* An entry of the manifest. */
struct entry {
	char name[32];
	char hash[HEX_LEN(HASH_LEN) + 1];
};

struct manifest {
	struct archive_info info;
	struct entry entries[NAMES_MAX];
	unsigned n;
};

static int
failed(struct trouble *t, const char *what, const char *path)
{
	return trouble_set(t, EXIT_FAILURE, what,
	    "see whether the disk is full and the file can be written",
	    "%s: %s", path, strerror(errno));
}

/* ---- entries ---- */

static unsigned
checksum(const struct ustar *h)
{
	struct ustar blank = *h;
	const uint8_t *p = (const uint8_t *)&blank;
	unsigned sum = 0;

	memset(blank.checksum, ' ', sizeof blank.checksum);
	for (size_t i = 0; i < sizeof blank; i++)
		sum += p[i];
	return sum;
}

static bool
put_header(FILE *out, const char *name, uint64_t size)
{
	struct ustar h = { .type = '0', .magic = "ustar",
		.version = { '0', '0' } };
	bool is_key = strncmp(name, "keys/", 5) == 0;

	(void)snprintf(h.name, sizeof h.name, "%s", name);
	(void)snprintf(h.mode, sizeof h.mode, "%07o", is_key ? 0400 : 0600);
	(void)snprintf(h.uid, sizeof h.uid, "%07o", 0);
	(void)snprintf(h.gid, sizeof h.gid, "%07o", 0);
	(void)snprintf(h.size, sizeof h.size, "%011llo",
	    (unsigned long long)size);
	(void)snprintf(h.mtime, sizeof h.mtime, "%011o", 0);
	(void)snprintf(h.checksum, sizeof h.checksum, "%06o", checksum(&h));
	h.checksum[7] = ' ';
	return size < (1ULL << 33) && fwrite(&h, sizeof h, 1, out) == 1;
}

static bool
put_padding(FILE *out, uint64_t size)
{
	static const uint8_t zeros[BLOCK];
	size_t n = (size_t)((BLOCK - size % BLOCK) % BLOCK);

	return n == 0 || fwrite(zeros, n, 1, out) == 1;
}

/* Copies n bytes and hashes them; without out it only hashes. */
static bool
copy(FILE *in, FILE *out, uint64_t n, char hex[HEX_LEN(HASH_LEN) + 1])
{
	static uint8_t buffer[COPY_LEN];
	uint8_t digest[HASH_LEN];
	struct hash h;

	hash_init(&h, HASH_BLAKE2B);
	while (n > 0) {
		size_t some = n < COPY_LEN ? (size_t)n : COPY_LEN;

		if (fread(buffer, some, 1, in) != 1 ||
		    (out != NULL && fwrite(buffer, some, 1, out) != 1))
			return false;
		hash_update(&h, (struct bytes){ buffer, some });
		n -= some;
	}
	hash_final(&h, digest);
	hex_encode(hex, BYTES_OF(digest));
	bytes_wipe(buffer, sizeof buffer);
	return true;
}

/* ---- writing ---- */

/* Returns the size of an open file. */
static uint64_t
size_of(FILE *f)
{
	struct stat st;

	return fstat(fileno(f), &st) == 0 ? (uint64_t)st.st_size : 0;
}

/* Adds a file to the list, with its hash. */
static bool
list_file(struct manifest *m, const char *name, const char *path)
{
	struct entry *e = &m->entries[m->n++];
	FILE *f = fopen(path, "re");
	bool is_good;

	(void)snprintf(e->name, sizeof e->name, "%s", name);
	if (f == NULL)
		return false;
	is_good = copy(f, NULL, size_of(f), e->hash);
	(void)fclose(f);
	return is_good;
}

static bool
add_file(FILE *out, const struct entry *e, const char *path)
{
	char hash[HEX_LEN(HASH_LEN) + 1];
	FILE *f = fopen(path, "re");
	bool is_good;

	if (f == NULL)
		return false;
	is_good = put_header(out, e->name, size_of(f)) &&
	    copy(f, out, size_of(f), hash) && put_padding(out, size_of(f)) &&
	    strcmp(hash, e->hash) == 0;
	(void)fclose(f);
	return is_good;
}

static bool
add_manifest(FILE *out, const struct manifest *m)
{
	char key[BASE64_LEN(WIRE_KEY_LEN) + 1];
	struct line l = { 0 };
	bool is_good;

	base64_encode(key, BYTES_OF(m->info.server_key));
	line_put(&l, FIRST_LINE "\ncreated %s\nserver-key %s\n",
	    m->info.created, key);
	for (unsigned i = 0; i < m->n; i++)
		line_put(&l, "%s  %s\n", m->entries[i].hash,
		    m->entries[i].name);
	is_good = put_header(out, "MANIFEST", l.n) &&
	    fwrite(l.p, l.n, 1, out) == 1 && put_padding(out, l.n);
	line_free(&l);
	return is_good;
}

/* Where an entry's file is: the database's own place, or below dir. */
static void
place(char path[DIR_PATH_MAX], const struct dir *dir, const char *db_path,
    const char *name)
{
	if (strcmp(name, "sotto.db") == 0)
		(void)snprintf(path, DIR_PATH_MAX, "%s", db_path);
	else
		dir_path(path, dir, name);
}

static bool
write_all(FILE *out, struct manifest *m, const struct dir *dir,
    const char *db_path)
{
	static const uint8_t end[2 * BLOCK];
	char path[DIR_PATH_MAX], name[32];
	bool is_good = list_file(m, "sotto.db", db_path);

	for (const char *const *k = keys_names; m->info.has_keys && is_good &&
	     *k != NULL; k++) {
		(void)snprintf(name, sizeof name, "keys/%s", *k);
		dir_path(path, dir, name);
		is_good = list_file(m, name, path);
	}
	is_good = is_good && add_manifest(out, m);
	for (unsigned i = 0; i < m->n && is_good; i++) {
		place(path, dir, db_path, m->entries[i].name);
		is_good = add_file(out, &m->entries[i], path);
	}
	return is_good && fwrite(end, sizeof end, 1, out) == 1 &&
	    fflush(out) == 0 && fsync(fileno(out)) == 0;
}

/* A new name lasts when the folder that it stands in is on the disk. */
static bool
sync_name(const char *file)
{
	char folder[DIR_PATH_MAX];
	char *slash;

	(void)snprintf(folder, sizeof folder, "%s", file);
	slash = strrchr(folder, '/');
	if (slash == NULL)
		(void)strcpy(folder, ".");
	else
		slash[slash == folder] = '\0';
	return dir_sync(folder) == ERR_OK;
}

int
archive_write(const char *file, const struct dir *dir, const char *db_path,
    const struct archive_info *info, struct trouble *t)
{
	struct manifest m = { .info = *info };
	char path[CONFIG_PATH_MAX];
	int fd, code = 0;
	FILE *out;

	if (snprintf(path, sizeof path, "%s.new", file) >= (int)sizeof path) {
		errno = ENAMETOOLONG;
		return failed(t, "backup", file);
	}
	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	out = fd < 0 ? NULL : fdopen(fd, "we");
	if (out == NULL)
		return failed(t, "backup", path);
	if (!write_all(out, &m, dir, db_path))
		code = failed(t, "backup", path);
	if (fclose(out) != 0 && code == 0)
		code = failed(t, "backup", path);
	if (code == 0 && (rename(path, file) != 0 || !sync_name(file)))
		code = failed(t, "backup", file);
	if (code != 0)
		(void)unlink(path);
	return code;
}

/* ---- reading ---- */

/* Reads the header of the next entry; false when it is not a plain file. */
static bool
get_header(FILE *in, char name[32], uint64_t *size)
{
	struct ustar h;
	uint64_t v = 0;

	if (fread(&h, sizeof h, 1, in) != 1 || h.type != '0' ||
	    memcmp(h.magic, "ustar", 6) != 0 ||
	    strtoul(h.checksum, NULL, 8) != checksum(&h) ||
	    strnlen(h.name, sizeof h.name) >= 32)
		return false;
	for (size_t i = 0; i < 11; i++) {
		if (h.size[i] < '0' || h.size[i] > '7')
			return false;
		v = v * 8 + (uint64_t)(h.size[i] - '0');
	}
	memcpy(name, h.name, 32);
	*size = v;
	return true;
}

static bool
skip_padding(FILE *in, uint64_t size)
{
	uint8_t pad[BLOCK];
	size_t n = (size_t)((BLOCK - size % BLOCK) % BLOCK);

	return n == 0 || fread(pad, n, 1, in) == 1;
}

/* Returns whether a name may be in a backup. */
static bool
is_known(const char *name)
{
	if (strcmp(name, "sotto.db") == 0)
		return true;
	for (const char *const *k = keys_names; *k != NULL; k++)
		if (strncmp(name, "keys/", 5) == 0 &&
		    strcmp(name + 5, *k) == 0)
			return true;
	return false;
}

/* Takes one line of the manifest. */
static bool
parse_line(struct manifest *m, unsigned number, char *text)
{
	struct entry *e = &m->entries[m->n];
	size_t hex = HEX_LEN(HASH_LEN);

	if (number == 0)
		return strcmp(text, FIRST_LINE) == 0;
	if (number == 1) {
		if (strncmp(text, "created ", 8) != 0 ||
		    strlen(text + 8) >= sizeof m->info.created)
			return false;
		(void)strcpy(m->info.created, text + 8);
		return true;
	}
	if (number == 2)
		return strncmp(text, "server-key ", 11) == 0 &&
		    base64_decode(m->info.server_key, WIRE_KEY_LEN,
		    bytes_str(text + 11)) == ERR_OK;
	if (m->n == NAMES_MAX || strlen(text) < hex + 2 ||
	    strlen(text + hex + 2) >= sizeof e->name)
		return false;
	memcpy(e->hash, text, hex);
	e->hash[hex] = '\0';
	(void)strcpy(e->name, text + hex + 2);
	m->n++;
	if (strncmp(e->name, "keys/", 5) == 0)
		m->info.has_keys = true;
	return text[hex] == ' ' && text[hex + 1] == ' ' && is_known(e->name);
}

/* Each name once: the database, then all keys or none. */
static bool
is_complete(const struct manifest *m)
{
	unsigned want = 1;

	if (m->n == 0 || strcmp(m->entries[0].name, "sotto.db") != 0)
		return false;
	if (!m->info.has_keys)
		return m->n == 1;
	for (const char *const *k = keys_names; *k != NULL; k++, want++)
		if (want >= m->n ||
		    strcmp(m->entries[want].name + 5, *k) != 0)
			return false;
	return m->n == want;
}

static bool
read_manifest(FILE *in, struct manifest *m)
{
	char text[MANIFEST_MAX + 1], name[32], *rest = NULL;
	uint64_t size;
	unsigned number = 0;

	if (!get_header(in, name, &size) || strcmp(name, "MANIFEST") != 0 ||
	    size == 0 || size > MANIFEST_MAX ||
	    fread(text, (size_t)size, 1, in) != 1 || !skip_padding(in, size))
		return false;
	text[size] = '\0';
	for (char *at = strtok_r(text, "\n", &rest); at != NULL;
	     at = strtok_r(NULL, "\n", &rest))
		if (!parse_line(m, number++, at))
			return false;
	return is_complete(m);
}

/* Takes out one entry; *why says what is wrong with it. */
static bool
take_out(FILE *in, const struct entry *e, const char *folder,
    const char **why)
{
	char path[DIR_PATH_MAX + 64], name[32];
	char hash[HEX_LEN(HASH_LEN) + 1];
	uint64_t size;
	int fd;
	FILE *out;
	bool is_good;

	*why = "it is not as its manifest says";
	if (!get_header(in, name, &size) || strcmp(name, e->name) != 0)
		return false;
	(void)snprintf(path, sizeof path, "%s/%s", folder, e->name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	out = fd < 0 ? NULL : fdopen(fd, "we");
	*why = "it cannot be taken apart here";
	if (out == NULL)
		return false;
	*why = "it is cut short, or the disk is full";
	is_good = copy(in, out, size, hash) && skip_padding(in, size) &&
	    fflush(out) == 0 && fsync(fileno(out)) == 0;
	if (fclose(out) != 0)
		is_good = false;
	if (!is_good)
		return false;
	*why = "it is damaged: a hash does not match";
	return strcmp(hash, e->hash) == 0;
}

int
archive_open(const char *file, struct trouble *t)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		(void)trouble_set(t, EX_NOINPUT, "restore",
		    "name a file that sottod backup made", "%s: %s", file,
		    strerror(errno));
	return fd;
}

int
archive_read(int fd, const char *folder, struct archive_info *info,
    struct trouble *t)
{
	struct manifest m = { .n = 0 };
	char path[DIR_PATH_MAX];
	const char *why = "not a backup of sottod";
	FILE *in = fdopen(fd, "re");
	bool is_good;

	if (in == NULL) {
		(void)close(fd);
		return failed(t, "restore", folder);
	}
	is_good = read_manifest(in, &m);
	(void)snprintf(path, sizeof path, "%s/keys", folder);
	if (is_good && m.info.has_keys && mkdir(path, 0700) != 0) {
		why = "it cannot be taken apart here";
		is_good = false;
	}
	for (unsigned i = 0; i < m.n && is_good; i++)
		is_good = take_out(in, &m.entries[i], folder, &why);
	(void)fclose(in);
	if (!is_good)
		return trouble_set(t, EXIT_FAILURE, "restore",
		    "use another backup", "%s", why);
	*info = m.info;
	if ((m.info.has_keys && dir_sync(path) != ERR_OK) ||
	    dir_sync(folder) != ERR_OK)
		return failed(t, "restore", folder);
	return 0;
}

void
archive_remove(const char *folder)
{
	static const char *const tails[] = { "sotto.db", "sotto.db-wal",
		"sotto.db-shm", NULL };
	char path[DIR_PATH_MAX + 32];

	for (const char *const *tail = tails; *tail != NULL; tail++) {
		(void)snprintf(path, sizeof path, "%s/%s", folder, *tail);
		(void)unlink(path);
	}
	for (const char *const *k = keys_names; *k != NULL; k++) {
		(void)snprintf(path, sizeof path, "%s/keys/%s", folder, *k);
		(void)unlink(path);
	}
	(void)snprintf(path, sizeof path, "%s/keys", folder);
	(void)rmdir(path);
	(void)rmdir(folder);
}
