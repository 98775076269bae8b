#include "guest.h"

#include "base/hex.h"
#include "crypto/crypto.h"
#include "crypto/dh.h"
#include "crypto/sig.h"
#include "pact/guard.h"
#include "pact/roster.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_LEN (64 * 1024)

_Noreturn void
guest_die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "bench: ");
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n");
	va_end(args);
	exit(1);
}

static void
must(enum err err, const char *what)
{
	if (err != ERR_OK)
		guest_die("%s: %s", what, err_text(err));
}

static void
random_bytes(void *out, size_t n)
{
	crypto_system_random(NULL, out, n);
}

void
guest_account_init(struct guest_account *a, const char *name)
{
	must(wire_name_parse(&a->name, bytes_str(name)), "name");
	(void)snprintf(a->password, sizeof a->password, "pw of %s", name);
	random_bytes(a->identity_seed, sizeof a->identity_seed);
	random_bytes(a->device_seed, sizeof a->device_seed);
	random_bytes(a->link_secret, sizeof a->link_secret);
	random_bytes(a->device, sizeof a->device);
}

/* ---- bytes ---- */

void
guest_write(int fd, const uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t done = send(fd, p, n, MSG_NOSIGNAL);

		if (done < 0 && (errno == EAGAIN || errno == EINTR)) {
			struct pollfd wait = { fd, POLLOUT, 0 };

			(void)poll(&wait, 1, 1000);
			continue;
		}
		if (done < 0)
			guest_die("send: %s", strerror(errno));
		p += done;
		n -= (size_t)done;
	}
}

static void
read_exactly(int fd, uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t done = recv(fd, p, n, 0);

		if (done <= 0)
			guest_die("the server closed during the handshake");
		p += done;
		n -= (size_t)done;
	}
}

int
guest_dial(const struct guest_server *server, unsigned source)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(server->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in from = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK + source) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0 || bind(fd, (struct sockaddr *)&from, sizeof from) != 0 ||
	    connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
		guest_die("connect: %s", strerror(errno));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	return fd;
}

/* ---- the channel ---- */

static void
send_first(struct guest *g, struct noise_handshake *hs,
    const struct guest_server *server)
{
	uint8_t message1[PACT_GUARD_MESSAGE1_LEN];
	uint8_t record[2 + PACT_GUARD_FIRST_MAX], key[PACT_GUARD_KEY_LEN];
	struct wr w1 = wr_init(message1, sizeof message1);
	struct wr w = wr_init(record, sizeof record);
	struct pact_guard_first first = { .kind = PACT_GUARD_PLAIN,
		.message1 = BYTES_OF(message1) };
	struct noise_random random;
	size_t mark;

	random_bytes(&random, sizeof random);
	must(noise_handshake_write(hs, &random, BYTES_NONE, &w1), "message 1");
	pact_guard_key(server->key, key);
	mark = wr_begin(&w, 2);
	must(pact_guard_write_first(&w, key, &first), "first record");
	wr_end(&w, mark, 2);
	guest_write(g->fd, record, w.n);
}

void
guest_connect_begin(
    struct guest *g, const struct guest_server *server, unsigned source)
{
	uint8_t prologue[PACT_CHANNEL_PROLOGUE_LEN];
	static struct noise_pattern pattern; /* the handshake refers to it */
	struct noise_keys keys = { .rs = server->key };

	memset(g, 0, sizeof *g);
	g->fd = guest_dial(server, source);
	g->pending = g->out = g->in = g->body = wr_new();
	must(noise_pattern_parse(&pattern, PACT_CHANNEL_PROTOCOL), "pattern");
	pact_keys_channel_prologue(prologue);
	must(noise_handshake_init(&g->under_way.hs, &pattern, NOISE_INITIATOR,
		 BYTES_OF(prologue), &keys),
	    "handshake");
	send_first(g, &g->under_way.hs, server);
}

void
guest_connect_end(struct guest *g)
{
	uint8_t answer[2 + 1 + PACT_GUARD_MESSAGE2_LEN];
	struct noise_split split;
	struct wr none = wr_init(NULL, 0);

	read_exactly(g->fd, answer, sizeof answer);
	if (answer[2] != PACT_GUARD_MESSAGE2)
		guest_die("the server wants a pass");
	must(noise_handshake_read(&g->under_way.hs,
		 (struct bytes){ answer + 3, PACT_GUARD_MESSAGE2_LEN }, &none),
	    "message 2");
	must(noise_handshake_split(&g->under_way.hs, &split), "split");
	g->channel = (struct pact_channel){ .out = split.send,
		.in = split.receive,
		.kind = PACT_CHANNEL_SERVER };
	memcpy(g->h, split.h, sizeof g->h);
	memcpy(g->x, split.x, sizeof g->x);
}

void
guest_connect(
    struct guest *g, const struct guest_server *server, unsigned source)
{
	guest_connect_begin(g, server, source);
	guest_connect_end(g);
}

void
guest_close(struct guest *g)
{
	(void)close(g->fd);
	pact_channel_wipe(&g->channel);
	wr_free(&g->pending);
	wr_free(&g->out);
	wr_free(&g->in);
	wr_free(&g->body);
}

void
guest_say(struct guest *g, enum wire_type type, const void *message)
{
	must(wire_encode(&g->pending, type, message), "encode");
}

void
guest_flush(struct guest *g)
{
	wr_reset(&g->out);
	must(pact_channel_seal(
		 &g->channel, wr_bytes(&g->pending), false, &g->out),
	    "seal");
	wr_reset(&g->pending);
	guest_write(g->fd, g->out.p, g->out.n);
}

static uint32_t
any_cap(uint8_t type, void *ctx)
{
	(void)ctx;
	return wire_kind_of(type) == NULL ? UINT32_MAX
					  : wire_kind_of(type)->cap;
}

static enum err
on_message(uint8_t type, struct bytes body, void *ctx)
{
	struct guest *g = ctx;
	struct wire_ERROR error;

	if (type == WIRE_ERROR &&
	    wire_decode(WIRE_ERROR, body, &error) == ERR_OK)
		guest_die("the server says error %u, wait %u ms", error.code,
		    error.wait_ms);
	if (type == WIRE_CLOSE)
		guest_die(
		    "the server closed, reason %u", body.n > 0 ? body.p[0] : 0);
	g->received += type == WIRE_STREAM_DATA;
	if (type == g->awaited && !g->has_come) {
		wr_reset(&g->body);
		wr_put(&g->body, body);
		g->has_come = true;
	}
	return ERR_OK;
}

size_t
guest_read(struct guest *g)
{
	uint64_t before = g->received;
	uint8_t *at = wr_reserve(&g->in, READ_LEN);
	ssize_t got;
	size_t used = 0, n, len;
	bool too_big;

	g->in.n -= READ_LEN;
	got = recv(g->fd, at, READ_LEN, 0);
	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
		guest_die("the server hung up");
	if (got < 0)
		return 0;
	g->in.n += (size_t)got;
	while ((n = pact_channel_cut(
		    (struct bytes){ g->in.p + used, g->in.n - used },
		    WIRE_RECORD_MAX - 2, &len, &too_big)) != 0) {
		must(pact_channel_open(&g->channel, g->in.p + used + 2, len,
			 any_cap, on_message, g),
		    "open");
		used += n;
	}
	memmove(g->in.p, g->in.p + used, g->in.n - used);
	g->in.n -= used;
	return g->received - before;
}

void
guest_wait(struct guest *g, enum wire_type type, void *message)
{
	g->awaited = (int)type;
	g->has_come = false;
	while (!g->has_come)
		(void)guest_read(g);
	g->awaited = 0;
	must(wire_decode(type, wr_bytes(&g->body), message), "decode");
}

/* ---- the account ---- */

static void
make_roster(const struct guest_account *a, struct wr *w)
{
	struct pact_roster roster = {
		.name = a->name, .version = 1, .time_s = 1, .count = 1
	};
	struct pact_roster_entry *entry = &roster.entries[0];

	ed25519_public(a->identity_seed, roster.identity);
	memcpy(entry->id, a->device, sizeof entry->id);
	ed25519_public(a->device_seed, entry->device_key);
	x25519_public(a->link_secret, entry->link_key);
	memcpy(entry->label, "bench", 5);
	entry->added_s = 1;
	must(pact_roster_sign_entry(
		 entry, &a->name, roster.identity, a->device_seed),
	    "entry");
	must(pact_roster_write(w, &roster, a->identity_seed), "roster");
}

static struct opaque_binding
binding_of(const struct guest_account *a, struct bytes context)
{
	return (struct opaque_binding){ .context = context,
		.client_identity = wire_name_bytes(&a->name) };
}

void
guest_register(struct guest *g, const struct guest_account *a,
    const uint8_t code[WIRE_CODE_LEN])
{
	uint8_t seed[OPAQUE_BLIND_SEED_LEN], nonce[OPAQUE_NONCE_LEN];
	uint8_t stretched[OPAQUE_STRETCH_LEN], key[OPAQUE_EXPORT_KEY_LEN];
	static const uint8_t box[100] = { 1 };
	struct opaque_binding binding = binding_of(a, BYTES_NONE);
	struct opaque_registration state;
	struct wire_REGISTER_START start = { .req = ++g->next_req,
		.name = a->name };
	struct wire_REGISTER_FINISH finish = { .name = a->name,
		.ksf_passes = 3,
		.ksf_memory_kib = 256 * 1024,
		.identity_box = BYTES_OF(box),
		.settings_box = BYTES_OF(box) };
	struct wire_REGISTER_REPLY reply;
	struct wire_DONE done;
	struct wr roster = wr_new();

	random_bytes(seed, sizeof seed);
	random_bytes(nonce, sizeof nonce);
	memcpy(start.code, code, WIRE_CODE_LEN);
	must(opaque_client_register(
		 &state, bytes_str(a->password), seed, start.request),
	    "registration");
	guest_say(g, WIRE_REGISTER_START, &start);
	guest_flush(g);
	guest_wait(g, WIRE_REGISTER_REPLY, &reply);
	must(opaque_client_register_unblind(
		 &state, bytes_str(a->password), reply.response, stretched),
	    "unblind");
	must(opaque_client_register_finish(
		 &state, &binding, stretched, nonce, finish.record, key),
	    "record");
	finish.req = ++g->next_req;
	memcpy(finish.code, code, WIRE_CODE_LEN);
	ed25519_public(a->identity_seed, finish.identity);
	make_roster(a, &roster);
	finish.roster = wr_bytes(&roster);
	guest_say(g, WIRE_REGISTER_FINISH, &finish);
	guest_flush(g);
	guest_wait(g, WIRE_DONE, &done);
	wr_free(&roster);
}

void
guest_register_all(struct guest_account *accounts, size_t n,
    const struct guest_server *server, const char *path)
{
	FILE *f = fopen(path, "r");
	char name[40], code[64];

	if (f == NULL)
		guest_die("%s: %s", path, strerror(errno));
	for (size_t i = 0; i < n; i++) {
		uint8_t raw[WIRE_CODE_LEN];
		struct guest g;

		if (fscanf(f, "%39s %63s", name, code) != 2 ||
		    base64_decode(raw, sizeof raw, bytes_str(code)) != ERR_OK)
			guest_die("%s: line %zu", path, i + 1);
		guest_account_init(&accounts[i], name);
		guest_connect(&g, server, 1);
		guest_register(&g, &accounts[i], raw);
		guest_close(&g);
	}
	(void)fclose(f);
}

void
guest_login_begin(struct guest *g, const struct guest_account *a)
{
	struct opaque_login_random random;
	struct wire_LOGIN_START start = { .req = ++g->next_req,
		.name = a->name };

	random_bytes(&random, sizeof random);
	must(opaque_client_login(&g->under_way.login.state,
		 bytes_str(a->password), &random, start.ke1),
	    "KE1");
	g->under_way.login.req = start.req;
	guest_say(g, WIRE_LOGIN_START, &start);
	guest_flush(g);
}

void
guest_login_answer(struct guest *g, const struct guest_account *a, uint8_t mode)
{
	struct opaque_login *state = &g->under_way.login.state;
	uint8_t context[PACT_LOGIN_CONTEXT_LEN], stretched[OPAQUE_STRETCH_LEN];
	struct opaque_binding binding = binding_of(a, BYTES_OF(context));
	struct opaque_login_result result;
	struct wire_LOGIN_FINISH finish = { .mode = mode,
		.req = g->under_way.login.req };
	struct wire_LOGIN_REPLY reply;

	guest_wait(g, WIRE_LOGIN_REPLY, &reply);
	pact_keys_login_context(g->h, context);
	must(opaque_client_login_unblind(
		 state, bytes_str(a->password), reply.ke2, stretched),
	    "KE2");
	must(opaque_client_login_finish(state, &binding, stretched, &result),
	    "KE3");
	memcpy(finish.ke3, result.ke3, sizeof finish.ke3);
	memcpy(finish.device, a->device, sizeof finish.device);
	guest_say(g, WIRE_LOGIN_FINISH, &finish);
	guest_flush(g);
}

void
guest_login_end(struct guest *g)
{
	struct wire_LOGIN_OK ok;

	guest_wait(g, WIRE_LOGIN_OK, &ok);
}

void
guest_device_login_begin(
    struct guest *g, const struct guest_account *a, uint8_t mode)
{
	struct wire_DEVICE_LOGIN login = {
		.req = ++g->next_req, .name = a->name, .mode = mode
	};
	struct wr signed_bytes = wr_new();

	memcpy(login.device, a->device, sizeof login.device);
	pact_keys_device_login(&signed_bytes, g->h, &a->name, a->device);
	ed25519_sign(a->device_seed, wr_bytes(&signed_bytes), login.signature);
	guest_say(g, WIRE_DEVICE_LOGIN, &login);
	guest_flush(g);
	wr_free(&signed_bytes);
}

void
guest_device_login(struct guest *g, const struct guest_account *a, uint8_t mode)
{
	guest_device_login_begin(g, a, mode);
	guest_login_end(g);
}

void
guest_join(struct guest *caller, struct guest *callee,
    const struct guest_account *callee_account)
{
	struct wire_WANT want = { .req = ++caller->next_req,
		.name = callee_account->name,
		.nonce = { 1 },
		.paths = WIRE_PATH_RELAY };
	struct wire_INTRODUCTION introduction;
	struct wire_ANSWER answer = { .verdict = WIRE_VERDICT_ACCEPT,
		.paths = WIRE_PATH_RELAY };
	struct wire_INTRODUCED introduced;
	struct wire_STREAM_OPEN open;
	struct wire_STREAM_OPENED opened;

	guest_say(caller, WIRE_WANT, &want);
	guest_flush(caller);
	guest_wait(callee, WIRE_INTRODUCTION, &introduction);
	memcpy(answer.id, introduction.id, sizeof answer.id);
	guest_say(callee, WIRE_ANSWER, &answer);
	guest_flush(callee);
	guest_wait(caller, WIRE_INTRODUCED, &introduced);
	memcpy(open.id, introduced.id, sizeof open.id);
	guest_say(caller, WIRE_STREAM_OPEN, &open);
	guest_flush(caller);
	guest_wait(caller, WIRE_STREAM_OPENED, &opened);
	caller->stream = opened.stream;
	guest_wait(callee, WIRE_STREAM_OPENED, &opened);
	callee->stream = opened.stream;
}
