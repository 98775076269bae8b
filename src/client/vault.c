#include "client/vault.h"

#include "client/core.h"

enum err
client_vault_init(struct client_vault *vault,
    const struct client_files *files)
{
	*vault = (struct client_vault){ 0 };
	for (int i = 0; i < CLIENT_FILES; i++) {
		struct client_vault_file *f = &vault->files[i];

		f->content = wr_new();
		f->saving = wr_new();
		if (files == NULL)
			continue;
		wr_put(&f->content, files->content[i]);
		f->generation = files->generation[i];
		if (wr_done(&f->content) != ERR_OK)
			return ERR_NOMEM;
	}
	return ERR_OK;
}

void
client_vault_free(struct client_vault *vault)
{
	for (int i = 0; i < CLIENT_FILES; i++) {
		wr_free(&vault->files[i].content);
		wr_free(&vault->files[i].saving);
	}
}

struct bytes
client_vault_get(const struct client_vault *vault, enum client_file file)
{
	return wr_bytes(&vault->files[file].content);
}

static void
save(struct client *c, enum client_file file)
{
	struct client_vault_file *f = &c->vault.files[file];

	f->is_changed = false;
	f->is_saving = true;
	wr_free(&f->saving);
	wr_put(&f->saving, wr_bytes(&f->content));
	if (wr_done(&f->saving) != ERR_OK) {
		f->is_saving = false;
		c->vault.err = ERR_NOMEM;
		return;
	}
	c->effects.save(c->effects.ctx, file, f->generation,
	    wr_bytes(&f->saving));
}

void
client_vault_put(struct client *c, enum client_file file,
    struct bytes content)
{
	struct client_vault_file *f = &c->vault.files[file];

	if (c->options.is_ephemeral)
		return;
	wr_free(&f->content);
	wr_put(&f->content, content);
	if (wr_done(&f->content) != ERR_OK) {
		c->vault.err = ERR_NOMEM;
		return;
	}
	f->is_changed = true;
	if (!f->is_saving)
		save(c, file);
}

void
client_vault_put_seen(struct client *c)
{
	uint8_t nonce[24];
	struct wr w = wr_new();

	if (c->keys == NULL || c->options.is_ephemeral)
		return;
	client_random(c, nonce, sizeof nonce);
	if (client_seen_seal(&c->seen, &c->account,
		client_keys(c)->device_seed, nonce, &w) == ERR_OK)
		client_vault_put(c, CLIENT_FILE_STATE, wr_bytes(&w));
	else
		c->vault.err = ERR_NOMEM;
	wr_free(&w);
}

bool
client_vault_is_idle(const struct client_vault *vault)
{
	for (int i = 0; i < CLIENT_FILES; i++)
		if (vault->files[i].is_saving)
			return false;
	return true;
}

enum err
client_vault_take(struct client_vault *vault)
{
	enum err err = vault->err;

	vault->err = ERR_OK;
	return err;
}

/* Another program of this device has saved what it has seen. */
static void
merge_seen(struct client *c, struct bytes content)
{
	struct client_seen seen;

	if (c->keys == NULL ||
	    client_seen_open(content, &c->account,
		client_keys(c)->device_seed, &seen) != ERR_OK)
		return;
	client_seen_raise(&c->seen, &seen);
	client_vault_put_seen(c);
}

void
client_vault_saved(struct client *c, enum client_file file, enum err err,
    uint64_t generation, struct bytes content)
{
	struct client_vault_file *f = &c->vault.files[file];

	f->is_saving = false;
	if (err == ERR_OK || err == ERR_CONFLICT)
		f->generation = generation;
	if (err == ERR_CONFLICT) {
		f->is_changed = true;
		if (file == CLIENT_FILE_STATE && f->content.n > 0)
			merge_seen(c, content);
	} else if (err != ERR_OK) {
		c->vault.err = err;
	}
	if (f->is_changed)
		save(c, file);
	else if (!f->is_saving)
		wr_free(&f->saving);
}
