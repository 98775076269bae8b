#include "peer.h"

#include "base/hex.h"
#include "crypto/crypto.h"
#include "crypto/mlkem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum err
peer_bytes(struct peer *p, size_t i, struct bytes *out)
{
	char *word = p->word[i];
	struct bytes text = bytes_str(word);

	*out = BYTES_NONE;
	if (strcmp(word, "-") == 0)
		return ERR_OK;
	*out = (struct bytes){ (uint8_t *)word, text.n / 2 };
	return hex_decode(word, text.n / 2, text);
}

enum err
peer_copy(struct peer *p, size_t i, void *out, size_t n)
{
	struct bytes b;
	enum err err;

	TRY(peer_bytes(p, i, &b));
	NEED(b.n == n, ERR_DECODE);
	memcpy(out, b.p, n);
out:
	return err;
}

enum err
peer_number(struct peer *p, size_t i, uint32_t *out)
{
	char *end;
	unsigned long v = strtoul(p->word[i], &end, 10);

	*out = (uint32_t)v;
	return *end == '\0' && v <= UINT32_MAX ? ERR_OK : ERR_DECODE;
}

void
peer_answer(struct peer *p, struct bytes b)
{
	uint8_t *at = wr_reserve(&p->answer, 1 + HEX_LEN(b.n) + 1);

	if (at == NULL)
		return;
	at[0] = ' ';
	hex_encode((char *)at + 1, b);
	p->answer.n--; /* the terminator */
}

/* mlkem-keygen SEED -> EK DK */
static enum err
mlkem_keygen(struct peer *p)
{
	uint8_t seed[MLKEM768_SEED_LEN];
	uint8_t ek[MLKEM768_EK_LEN], dk[MLKEM768_DK_LEN];
	enum err err;

	TRY(peer_copy(p, 1, seed, sizeof seed));
	TRY(mlkem768_keygen(seed, ek, dk));
	peer_answer(p, BYTES_OF(ek));
	peer_answer(p, BYTES_OF(dk));
out:
	return err;
}

/* mlkem-encaps EK M -> CT SHARED */
static enum err
mlkem_encaps(struct peer *p)
{
	uint8_t ek[MLKEM768_EK_LEN], m[MLKEM768_RANDOM_LEN];
	uint8_t ct[MLKEM768_CT_LEN], shared[MLKEM768_SHARED_LEN];
	enum err err;

	TRY(peer_copy(p, 1, ek, sizeof ek));
	TRY(peer_copy(p, 2, m, sizeof m));
	TRY(mlkem768_encaps(ek, m, ct, shared));
	peer_answer(p, BYTES_OF(ct));
	peer_answer(p, BYTES_OF(shared));
out:
	return err;
}

/* mlkem-decaps DK CT -> SHARED */
static enum err
mlkem_decaps(struct peer *p)
{
	uint8_t dk[MLKEM768_DK_LEN], ct[MLKEM768_CT_LEN];
	uint8_t shared[MLKEM768_SHARED_LEN];
	enum err err;

	TRY(peer_copy(p, 1, dk, sizeof dk));
	TRY(peer_copy(p, 2, ct, sizeof ct));
	TRY(mlkem768_decaps(dk, ct, shared));
	peer_answer(p, BYTES_OF(shared));
out:
	return err;
}

const struct peer_command peer_mlkem[] = {
	{ "mlkem-keygen", 1, mlkem_keygen },
	{ "mlkem-encaps", 2, mlkem_encaps },
	{ "mlkem-decaps", 2, mlkem_decaps },
	{ NULL, 0, NULL },
};

static const struct peer_command *
find(const char *name)
{
	static const struct peer_command *const tables[] = { peer_mlkem,
		peer_noise, peer_opaque };

	for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
		for (const struct peer_command *c = tables[i]; c->name != NULL;
		     c++)
			if (strcmp(c->name, name) == 0)
				return c;
	return NULL;
}

static enum err
run(struct peer *p, char *line)
{
	const struct peer_command *command;
	char *word, *rest = line;

	p->words = 0;
	wr_reset(&p->answer);
	while ((word = strsep(&rest, " ")) != NULL) {
		if (p->words == PEER_MAX_WORDS)
			return ERR_ARG;
		p->word[p->words++] = word;
	}
	command = find(p->word[0]);
	if (command == NULL || command->arguments + 1 != p->words)
		return ERR_ARG;
	return command->run(p);
}

int
main(void)
{
	struct peer p = { .answer = wr_new() };
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	if (crypto_init() != ERR_OK)
		return EXIT_FAILURE;
	while ((n = getline(&line, &cap, stdin)) > 0) {
		enum err err;

		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		err = run(&p, line);
		if (err == ERR_OK)
			printf("ok%.*s\n", (int)p.answer.n,
			    p.answer.n > 0 ? (const char *)p.answer.p : "");
		else
			printf("error %s\n", err_text(err));
		(void)fflush(stdout);
	}
	free(line);
	wr_free(&p.answer);
	return EXIT_SUCCESS;
}
