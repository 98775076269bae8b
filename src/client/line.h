/*
 * line - the sealed way between two clients (docs/PROTOCOL.md,
 * section 8).
 *
 *   caller   CONNECTING -> MESSAGE2 -> UP
 *   callee   MESSAGE1 -> HELLO -> UP
 *
 * Each state is named for what is due. The same bytes go over a connection
 * of its own or through the server, as a stream; the line does not care. The
 * callee computes nothing for a caller without a ticket, and neither counts
 * a session nor tells its person before the caller's HELLO has opened.
 */
#ifndef CLIENT_LINE_H
#define CLIENT_LINE_H

#include "base/list.h"
#include "base/secret.h"
#include "base/wheel.h"
#include "client/conn.h"
#include "client/relay.h"
#include "client/report.h"
#include "pact/channel.h"
#include "pact/keys.h"

enum client_line_state {
	CLIENT_LINE_CONNECTING,
	CLIENT_LINE_MESSAGE1,
	CLIENT_LINE_MESSAGE2,
	CLIENT_LINE_HELLO,
	CLIENT_LINE_UP,
	CLIENT_LINE_OVER,
};

/* Who is at the other end, as the rosters say. */
struct client_peer {
	struct wire_name name;
	uint8_t identity[32];
	uint8_t device[PACT_DEVICE_ID_LEN];
	uint8_t link_key[32];
	uint64_t roster_version;
};

/* A text that was said, and not yet written out at the other end. Its number
 * for the person is unique in this client; the one on the line counts the
 * line's own texts, and tells the other end nothing else. */
struct client_said {
	uint64_t id, line_id, at_ms;
};

struct client_command;

struct client_line {
	struct link link;
	struct client *client;
	enum client_line_state state;
	enum sotto_path path;
	bool is_caller;
	bool is_shown;     /* the person knows of it, by this number: */
	uint32_t session;
	struct client_command *call; /* caller, until it is shown */
	uint8_t id[16];    /* of the ticket */
	struct client_peer peer;

	struct client_conn *conn;     /* path DIRECT */
	struct client_stream stream;  /* path RELAY */
	struct client_inbox inbox;
	struct wr pending; /* messages to be sealed; grows */
	struct secret *handshake; /* struct noise_handshake */
	struct secret *sealed;    /* struct pact_channel */

	struct timer timer;
	uint64_t since_ms, heard_ms;
	bool is_asked;     /* a PING is out */
	uint64_t text_out, text_in; /* the last ids */
	struct client_said *said;
	size_t said_n, said_cap;
	struct client_report why; /* OVER */
};

/* The keys of a line that stands. */
static inline struct pact_channel *
client_line_sealed(const struct client_line *line)
{
	return (struct pact_channel *)(void *)secret_bytes(line->sealed);
}

/* A caller's line, along a path; the connection or stream is its own to ask
 * for. NULL: no memory. */
struct client_line *client_line_call(struct client *c,
    struct client_command *call, enum sotto_path path);

/* Asks for the connection, or for the stream, of a caller's line. */
void client_line_dial(struct client_line *line,
    const struct wire_endpoint *to);
void client_line_stream(struct client_line *line);

/* A callee's line, over a connection or a stream. NULL: no memory, or too
 * many. */
struct client_line *client_line_answer(struct client *c,
    enum sotto_path path);

extern const struct client_conn_owner client_line_owner;

/* The stream is there: the caller begins to speak. */
void client_line_begin(struct client_line *line);

/* Bytes have come, through whatever path. */
void client_line_bytes(struct client_line *line, struct bytes in);

/* Tells the person that the line stands; the caller says HELLO now. */
void client_line_show(struct client_line *line);

/* Ends a line: with CLOSE, or without a word. */
void client_line_close(struct client_line *line, enum wire_close reason);
void client_line_end(struct client_line *line,
    const struct client_report *report);
void client_line_cut(struct client_line *line, const char *why);

/* Returns the shown line of a number, or NULL. */
struct client_line *client_line_find(struct client *c, uint32_t session);

/* Returns how many lines stand. */
size_t client_line_count(const struct client *c);

/* Puts a message where it waits to be sealed; a peer that asks and does not
 * listen loses the line. */
void client_line_put(struct client_line *line, enum wire_type type,
    const void *message);

/* Whether a text may be put: not too much waits already. */
bool client_line_has_room(const struct client_line *line);

/* Sends bytes that are whole records, along the path. */
MUST_USE enum err client_line_send(struct client_line *line, struct wr *w);

void client_line_close_all(struct client *c);

/* The server is gone: what went through it is cut. */
void client_line_lost_server(struct client *c);

/* Seals and sends; buries the dead. */
void client_line_settle(struct client *c);
void client_line_free_all(struct client *c);

#endif
