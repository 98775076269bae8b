#include "client/greeting.h"

#include "base/plant.h"
#include "base/rd.h"
#include "client/call.h"
#include "client/core.h"
#include "client/introduction.h"
#include "client/line.h"
#include "noise/handshake.h"

#include <string.h>

static struct noise_handshake *
handshake_of(const struct client_line *line)
{
	return (struct noise_handshake *)(void *)secret_bytes(line->handshake);
}

static void
write_end(struct wr *w, const struct client_line *line, bool is_caller)
{
	const struct client_account *us = &line->client->account;
	const struct client_peer *peer = &line->peer;

	if (is_caller == line->is_caller)
		pact_keys_line_end(w, &us->name, us->identity, us->device);
	else
		pact_keys_line_end(w, &peer->name, peer->identity,
		    peer->device);
}

/* sotto/1 line || version || the caller || the callee || the ticket */
static enum err
start_handshake(struct client_line *line, struct bytes ticket)
{
	struct client *c = line->client;
	struct {
		struct noise_keypair pair;
	} s;
	struct noise_keys keys = { .s = &s.pair, .rs = line->peer.link_key };
	struct wr prologue = wr_new();
	enum err err = ERR_OK;

	line->handshake = secret_new(sizeof(struct noise_handshake));
	NEED(line->handshake != NULL, ERR_NOMEM);
	wr_put(&prologue, BYTES_LIT(PACT_LABEL_LINE));
	wr_u8(&prologue, WIRE_VERSION);
	write_end(&prologue, line, true);
	write_end(&prologue, line, false);
	wr_put(&prologue, ticket);
	TRY(wr_done(&prologue));
	noise_keypair_init(&s.pair, client_keys(c)->link_secret);
	TRY(noise_handshake_init(handshake_of(line), &c->line_pattern,
	    line->is_caller ? NOISE_INITIATOR : NOISE_RESPONDER,
	    wr_bytes(&prologue), &keys));
out:
	wr_free(&prologue);
	bytes_wipe(&s, sizeof s);
	return err;
}

/* Appends the handshake's next message. */
static enum err
write_message(struct client_line *line, struct wr *w)
{
	struct {
		struct noise_random random;
	} s;
	enum err err;

	client_random(line->client, &s.random, sizeof s.random);
	err = noise_handshake_write(handshake_of(line), &s.random, BYTES_NONE,
	    w);
	bytes_wipe(&s, sizeof s);
	return err;
}

/* vec16(vec16(ticket) | Noise message 1). */
enum err
client_greeting_say(struct client_line *line)
{
	struct bytes ticket = client_call_ticket(line->call);
	struct wr w = wr_new();
	size_t mark;
	enum err err;

	TRY(start_handshake(line, ticket));
	mark = wr_begin(&w, 2);
	wr_vec16(&w, ticket);
	TRY(write_message(line, &w));
	wr_end(&w, mark, 2);
	TRY(wr_done(&w));
	TRY(client_line_send(line, &w));
	line->state = CLIENT_LINE_MESSAGE2;
out:
	wr_free(&w);
	return err;
}

static enum err
read_message(struct client_line *line, struct bytes message)
{
	uint8_t none[1];
	struct wr payload = wr_init(none, 0);

	return noise_handshake_read(handshake_of(line), message, &payload);
}

static enum err
split(struct client_line *line)
{
	struct {
		struct noise_split split;
	} s;
	enum err err;

	TRY(noise_handshake_split(handshake_of(line), &s.split));
	line->sealed = secret_new(sizeof(struct pact_channel));
	NEED(line->sealed != NULL, ERR_NOMEM);
	pact_channel_begin(client_line_sealed(line), &s.split,
	    PACT_CHANNEL_LINE);
	secret_free(line->handshake);
	line->handshake = NULL;
out:
	noise_split_wipe(&s.split);
	return err;
}

/* The ticket first, and only with a good one any arithmetic. */
enum err
client_greeting_answer(struct client_line *line, struct bytes record)
{
	struct client *c = line->client;
	struct client_introduction *asked;
	struct rd r = rd_init(record);
	struct bytes ticket = rd_vec16(&r, WIRE_TICKET_MAX);
	struct wr w = wr_new();
	size_t mark;
	enum err err;

	TRY(r.err);
	TRY(client_introduction_admit(c, ticket, line->path, &asked));
	memcpy(line->id, asked->id, sizeof line->id);
	line->peer = asked->peer;
	line->session = asked->session;
	TRY(start_handshake(line, ticket));
	TRY(read_message(line, rd_rest(&r)));
	asked->is_spent = true;
	mark = wr_begin(&w, 2);
	TRY(write_message(line, &w));
	wr_end(&w, mark, 2);
	TRY(wr_done(&w));
	TRY(client_line_send(line, &w));
	TRY(split(line));
	line->state = CLIENT_LINE_HELLO;
	if (PLANTED(PLANT_SESSION_BEFORE_HELLO))
		client_line_show(line);
out:
	wr_free(&w);
	return err;
}

enum err
client_greeting_finish(struct client_line *line, struct bytes record)
{
	enum err err;

	TRY(read_message(line, record));
	TRY(split(line));
out:
	return err;
}
