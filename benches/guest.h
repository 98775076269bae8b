/*
 * guest - a client for measuring servers: the whole protocol, nothing of a
 * program. Thousands fit in one process. The password is not stretched,
 * since that is the client's cost and would hide the server's.
 *
 * Calls block and die with a message when something is not as it must be.
 */
#ifndef BENCH_GUEST_H
#define BENCH_GUEST_H

#include "noise/handshake.h"
#include "opaque/client.h"
#include "pact/channel.h"
#include "pact/keys.h"
#include "wire/messages.h"

struct guest_account {
	struct wire_name name;
	char password[40];
	uint8_t identity_seed[32];
	uint8_t device_seed[32];
	uint8_t link_secret[32];
	uint8_t device[PACT_DEVICE_ID_LEN];
};

struct guest {
	int fd;
	struct pact_channel channel;
	uint8_t h[PACT_HASH_LEN], x[64];
	struct wr pending; /* messages to be sealed */
	struct wr out;     /* records to be written */
	struct wr in;      /* bytes not yet used */
	uint32_t next_req;
	uint32_t stream;   /* of the relay */
	uint64_t received; /* STREAM_DATA messages */
	/* What is under way: a handshake, then a login. */
	union {
		struct noise_handshake hs;
		struct {
			struct opaque_login state;
			uint32_t req;
		} login;
	} under_way;
	/* What guest_wait waits for, and where it goes. */
	int awaited;
	bool has_come;
	struct wr body;
};

/* Where the server is: an IPv4 port on loopback, and its key. */
struct guest_server {
	uint16_t port;
	uint8_t key[32];
};

/* Makes up an account that can be registered. */
void guest_account_init(struct guest_account *a, const char *name);

/* Returns a connection to the server from 127.0.0.source. */
int guest_dial(const struct guest_server *server, unsigned source);

/*
 * Connects from 127.0.0.source and shakes hands. The two halves of it say
 * something and wait for what comes back; so many guests can be under way.
 */
void guest_connect_begin(struct guest *g, const struct guest_server *server,
    unsigned source);
void guest_connect_end(struct guest *g);
void guest_connect(struct guest *g, const struct guest_server *server,
    unsigned source);
void guest_close(struct guest *g);

/* Registers with an invite's code. */
void guest_register(struct guest *g, const struct guest_account *a,
    const uint8_t code[WIRE_CODE_LEN]);

/* Makes and registers the n accounts of a file: lines of a name and a code in
 * base64url. */
void guest_register_all(struct guest_account *accounts, size_t n,
    const struct guest_server *server, const char *path);

/*
 * Logs in by password: says KE1; waits for KE2 and says KE3; and waits for
 * the end. Or as the device, in one step and the end.
 */
void guest_login_begin(struct guest *g, const struct guest_account *a);
void guest_login_answer(struct guest *g, const struct guest_account *a,
    uint8_t mode);
void guest_device_login_begin(struct guest *g, const struct guest_account *a,
    uint8_t mode);
void guest_login_end(struct guest *g);
void guest_device_login(struct guest *g, const struct guest_account *a,
    uint8_t mode);

/* Makes a stream between two that are logged in and host. */
void guest_join(struct guest *caller, struct guest *callee,
    const struct guest_account *callee_account);

/* Queues a message; guest_flush seals and writes what is queued. */
void guest_say(struct guest *g, enum wire_type type, const void *message);
void guest_flush(struct guest *g);

/* Reads what there is; counts STREAM_DATA. Returns messages taken. */
size_t guest_read(struct guest *g);

/* Reads until a message of type has come, and decodes it; views live until
 * the next call. */
void guest_wait(struct guest *g, enum wire_type type, void *message);

/* Writes n bytes, waiting where need be. */
void guest_write(int fd, const uint8_t *p, size_t n);

/* Says why, and ends the program. */
_Noreturn void guest_die(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

#endif
