/*
 * flood - strangers who want a server to be of no use to others.
 *
 *	sotto-flood KIND 127.0.0.1:PORT KEY [--solve] [--open N] [--count N]
 *		[--seconds N] [--sources N]
 *
 *	silent     connections that say nothing
 *	drip       a first record, a byte at a time, ten a second
 *	garbage    records of random bytes
 *	replay     the same captured first record, again and again
 *	handshake  handshakes, begun and left
 *	login      handshakes and KE1 for names that are not there
 *
 * With --solve puzzles are solved (on this program's only core), else a
 * challenge is the end of a connection. So many are open at a time, so many
 * in all, for so long, from so many addresses 127.x.y.z; all have a limit.
 * A target that is not on loopback is refused. Prints "name value" lines.
 */
#include "base/hex.h"
#include "base/rd.h"
#include "crypto/crypto.h"
#include "noise/handshake.h"
#include "opaque/client.h"
#include "pact/channel.h"
#include "pact/guard.h"
#include "pact/keys.h"
#include "wire/messages.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define OPEN_MAX_N    8192
#define COUNT_MAX     10000000
#define SECONDS_MAX   60
#define SOURCES_MAX   65536
#define POOL          64 /* handshakes that are used again and again */
#define ANSWER_MAX    2048
#define DRIP_MS       100

enum kind { SILENT, DRIP, GARBAGE, REPLAY, HANDSHAKE, LOGIN };

static const char *const kind_words[] = { "silent", "drip", "garbage",
	"replay", "handshake", "login" };

/* A handshake that was begun once. */
struct begun {
	struct noise_handshake hs;
	uint8_t message1[PACT_GUARD_MESSAGE1_LEN];
};

struct flooder {
	int fd; /* -1: none */
	uint32_t source;
	struct begun *begun;
	struct pact_guard_first first;
	struct pact_channel channel;
	bool is_connected, is_logging_in;
	uint8_t out[2 + PACT_GUARD_FIRST_MAX];
	size_t out_n, sent;
	uint8_t in[ANSWER_MAX];
	size_t have;
};

static struct {
	enum kind kind;
	struct sockaddr_in target;
	uint8_t server[32], guard_key[PACT_GUARD_KEY_LEN];
	bool solves;
	unsigned long open, count, seconds, sources;
} asked = { .open = 64, .count = 100000, .seconds = 5, .sources = 64 };

static struct {
	uint64_t connections, answered, challenged, solved, logins, cut;
	uint64_t bytes_out, bytes_in;
} seen;

static struct begun pool[POOL];
static struct flooder *flooders;
static struct wr login_start;
static int poller;

__attribute__((format(printf, 2, 3))) static _Noreturn void
die(int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "sotto-flood: ");
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n");
	va_end(args);
	exit(code);
}

static void
must(enum err err, const char *what)
{
	if (err != ERR_OK)
		die(EXIT_FAILURE, "%s: %s", what, err_text(err));
}

static uint64_t
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- what is said ---- */

static void
fill_pool(void)
{
	static struct noise_pattern pattern;
	struct noise_keys keys = { .rs = asked.server };
	uint8_t prologue[PACT_CHANNEL_PROLOGUE_LEN];
	struct noise_random random;

	must(noise_pattern_parse(&pattern, PACT_CHANNEL_PROTOCOL), "pattern");
	pact_keys_channel_prologue(prologue);
	pact_guard_key(asked.server, asked.guard_key);
	for (size_t i = 0; i < POOL; i++) {
		struct wr w = wr_init(pool[i].message1,
		    sizeof pool[i].message1);

		crypto_system_random(NULL, &random, sizeof random);
		must(noise_handshake_init(&pool[i].hs, &pattern,
		    NOISE_INITIATOR, BYTES_OF(prologue), &keys), "handshake");
		must(noise_handshake_write(&pool[i].hs, &random, BYTES_NONE,
		    &w), "message 1");
	}
}

static void
make_login(void)
{
	struct wire_LOGIN_START m = { .req = 1 };
	struct opaque_login_random random;
	struct opaque_login state;

	crypto_system_random(NULL, &random, sizeof random);
	must(wire_name_parse(&m.name, BYTES_LIT("nobody-is-there")), "name");
	must(opaque_client_login(&state, BYTES_LIT("a password"), &random,
	    m.ke1), "KE1");
	login_start = wr_new();
	must(wire_encode(&login_start, WIRE_LOGIN_START, &m), "LOGIN_START");
}

static void
write_first(struct flooder *f)
{
	struct wr w = wr_init(f->out, sizeof f->out);
	size_t mark = wr_begin(&w, 2);

	must(pact_guard_write_first(&w, asked.guard_key, &f->first),
	    "first record");
	wr_end(&w, mark, 2);
	f->out_n = w.n;
	f->sent = 0;
}

static void
prepare(struct flooder *f)
{
	f->begun = &pool[asked.kind == REPLAY ? 0 :
						seen.connections % POOL];
	f->first = (struct pact_guard_first){ .kind = PACT_GUARD_PLAIN,
		.message1 = BYTES_OF(f->begun->message1) };
	write_first(f);
	if (asked.kind == GARBAGE)
		crypto_system_random(NULL, f->out + 2, f->out_n - 2);
	if (asked.kind == SILENT)
		f->out_n = 0;
}

/* ---- connections ---- */

static void
watch(struct flooder *f, int how, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = f };

	(void)epoll_ctl(poller, how, f->fd, &ev);
}

static void
dial(struct flooder *f)
{
	struct sockaddr_in from = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(0x7f010000 + f->source) };
	int on = 1;

	f->have = 0;
	f->is_connected = f->is_logging_in = false;
	f->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0);
	if (f->fd < 0)
		return;
	(void)setsockopt(f->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on,
	    sizeof on);
	(void)setsockopt(f->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (bind(f->fd, (struct sockaddr *)&from, sizeof from) != 0 ||
	    (connect(f->fd, (struct sockaddr *)&asked.target,
		 sizeof asked.target) != 0 && errno != EINPROGRESS)) {
		(void)close(f->fd);
		f->fd = -1;
		return;
	}
	seen.connections++;
	watch(f, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
}

static void
hang_up(struct flooder *f)
{
	/* With a reset, or the ports of this machine run out. */
	struct linger none = { 1, 0 };

	(void)setsockopt(f->fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
	(void)close(f->fd);
	f->fd = -1;
}

static void
start(struct flooder *f)
{
	f->source = (uint32_t)(seen.connections % asked.sources);
	prepare(f);
	dial(f);
}

static void
send_some(struct flooder *f, size_t most)
{
	size_t left = f->out_n - f->sent;
	ssize_t n;

	if (left > most)
		left = most;
	n = left == 0 ? 0 :
			send(f->fd, f->out + f->sent, left, MSG_NOSIGNAL);
	if (n > 0) {
		f->sent += (size_t)n;
		seen.bytes_out += (uint64_t)n;
	}
	if (asked.kind == DRIP || f->sent == f->out_n)
		watch(f, EPOLL_CTL_MOD, EPOLLIN);
}

/* ---- answers ---- */

/* Comes back with a solved puzzle, from the same address. */
static void
solve(struct flooder *f, struct bytes record)
{
	struct rd r = rd_init(record);
	struct pact_guard_puzzle puzzle;

	(void)rd_u8(&r);
	rd_copy(&r, puzzle.challenge, sizeof puzzle.challenge);
	puzzle.effort = rd_u32(&r);
	pact_guard_bind(&puzzle, f->first.message1);
	crypto_system_random(NULL, &f->first.nonce, sizeof f->first.nonce);
	if (!pact_guard_solve(&puzzle, &f->first.nonce, UINT32_MAX))
		return;
	seen.solved++;
	f->first.kind = PACT_GUARD_PUZZLE;
	memcpy(f->first.challenge, puzzle.challenge,
	    sizeof f->first.challenge);
	f->first.effort = puzzle.effort;
	write_first(f);
	hang_up(f);
	dial(f);
}

static void
log_in(struct flooder *f, struct bytes message2)
{
	struct noise_handshake hs = f->begun->hs;
	struct wr nothing = wr_init(NULL, 0);
	struct wr w = wr_init(f->out, sizeof f->out);
	struct noise_split split;

	if (noise_handshake_read(&hs, message2, &nothing) != ERR_OK ||
	    noise_handshake_split(&hs, &split) != ERR_OK) {
		hang_up(f);
		return;
	}
	f->channel = (struct pact_channel){ .out = split.send,
		.in = split.receive, .kind = PACT_CHANNEL_SERVER };
	must(pact_channel_seal(&f->channel, wr_bytes(&login_start), false,
	    &w), "seal");
	f->out_n = w.n;
	f->sent = 0;
	f->is_logging_in = true;
	send_some(f, f->out_n);
}

/* A whole record has come. */
static void
take(struct flooder *f, struct bytes record)
{
	if (f->is_logging_in) {
		seen.logins++;
		hang_up(f);
	} else if (record.p[0] == PACT_GUARD_CHALLENGE) {
		seen.challenged++;
		if (asked.solves)
			solve(f, record);
		else
			hang_up(f);
	} else {
		seen.answered++;
		if (asked.kind == LOGIN)
			log_in(f, (struct bytes){ record.p + 1,
			    record.n - 1 });
		else
			hang_up(f);
	}
}

static void
on_bytes(struct flooder *f)
{
	ssize_t n = recv(f->fd, f->in + f->have, sizeof f->in - f->have, 0);
	size_t len;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		seen.cut++;
		hang_up(f);
		return;
	}
	seen.bytes_in += (uint64_t)n;
	f->have += (size_t)n;
	len = f->have < 2 ? 0 : (size_t)f->in[0] << 8 | f->in[1];
	if (f->have >= 2 && f->have >= 2 + len && len > 0) {
		f->have = 0;
		take(f, (struct bytes){ f->in + 2, len });
	} else if (f->have == sizeof f->in) {
		hang_up(f);
	}
}

static void
on_event(struct flooder *f, uint32_t events)
{
	if ((events & (EPOLLERR | EPOLLHUP)) != 0 &&
	    (events & EPOLLIN) == 0) {
		seen.cut++;
		hang_up(f);
		return;
	}
	if ((events & EPOLLOUT) != 0) {
		f->is_connected = true;
		send_some(f, asked.kind == DRIP ? 1 : SIZE_MAX);
	}
	if ((events & EPOLLIN) != 0)
		on_bytes(f);
}

/* ---- the flood ---- */

static void
drip(void)
{
	for (size_t i = 0; i < asked.open; i++)
		if (flooders[i].fd >= 0 && flooders[i].is_connected)
			send_some(&flooders[i], 1);
}

static void
flood(void)
{
	uint64_t begun = now_ms(), until = begun + asked.seconds * 1000;
	uint64_t next_drip = begun;
	struct epoll_event ready[256];

	while (now_ms() < until) {
		size_t open = 0;
		int n;

		for (size_t i = 0; i < asked.open; i++) {
			if (flooders[i].fd < 0 &&
			    seen.connections < asked.count)
				start(&flooders[i]);
			open += flooders[i].fd >= 0;
		}
		if (open == 0 && seen.connections >= asked.count)
			break;
		if (asked.kind == DRIP && now_ms() >= next_drip) {
			next_drip += DRIP_MS;
			drip();
		}
		n = epoll_wait(poller, ready, 256, 10);
		for (int i = 0; i < n; i++)
			on_event(ready[i].data.ptr, ready[i].events);
	}
	printf("seconds %.2f\n", (double)(now_ms() - begun) / 1000);
}

/* ---- options ---- */

static unsigned long
number(const char *text, unsigned long most)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || n == 0 || n > most)
		die(EX_USAGE, "'%s' is no number from 1 to %lu", text, most);
	return n;
}

static void
set_target(const char *text)
{
	const char *colon = strrchr(text, ':');
	char host[32] = "";

	if (colon != NULL && (size_t)(colon - text) < sizeof host)
		memcpy(host, text, (size_t)(colon - text));
	asked.target.sin_family = AF_INET;
	if (inet_pton(AF_INET, host, &asked.target.sin_addr) != 1 ||
	    ntohl(asked.target.sin_addr.s_addr) >> 24 != 127)
		die(EX_USAGE, "%s is not on this machine's loopback", text);
	asked.target.sin_port = htons((uint16_t)number(colon + 1, 65535));
}

static void
set_kind(const char *text)
{
	for (size_t i = 0; i < sizeof kind_words / sizeof kind_words[0];
	     i++) {
		if (strcmp(kind_words[i], text) == 0) {
			asked.kind = (enum kind)i;
			return;
		}
	}
	die(EX_USAGE, "there is no flood of the kind '%s'", text);
}

static void
read_options(int argc, char **argv)
{
	static const struct option options[] = {
		{ "solve", no_argument, NULL, 's' },
		{ "open", required_argument, NULL, 'o' },
		{ "count", required_argument, NULL, 'c' },
		{ "seconds", required_argument, NULL, 't' },
		{ "sources", required_argument, NULL, 'a' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 's')
			asked.solves = true;
		else if (c == 'o')
			asked.open = number(optarg, OPEN_MAX_N);
		else if (c == 'c')
			asked.count = number(optarg, COUNT_MAX);
		else if (c == 't')
			asked.seconds = number(optarg, SECONDS_MAX);
		else if (c == 'a')
			asked.sources = number(optarg, SOURCES_MAX);
		else
			exit(EX_USAGE);
	}
	if (argc - optind != 3)
		die(EX_USAGE, "usage: sotto-flood KIND 127.0.0.1:PORT KEY");
	set_kind(argv[optind]);
	set_target(argv[optind + 1]);
	if (base64_decode(asked.server, sizeof asked.server,
		bytes_str(argv[optind + 2])) != ERR_OK)
		die(EX_USAGE, "'%s' is no server's key", argv[optind + 2]);
}

int
main(int argc, char **argv)
{
	read_options(argc, argv);
	must(crypto_init(), "cryptography");
	fill_pool();
	make_login();
	poller = epoll_create1(EPOLL_CLOEXEC);
	flooders = calloc(asked.open, sizeof flooders[0]);
	if (poller < 0 || flooders == NULL)
		die(EXIT_FAILURE, "%s", strerror(errno));
	for (size_t i = 0; i < asked.open; i++)
		flooders[i].fd = -1;
	flood();
	printf("connections %llu\nanswered %llu\nchallenged %llu\n"
	       "solved %llu\nlogins %llu\ncut %llu\nbytes_out %llu\n"
	       "bytes_in %llu\n", (unsigned long long)seen.connections,
	    (unsigned long long)seen.answered,
	    (unsigned long long)seen.challenged,
	    (unsigned long long)seen.solved, (unsigned long long)seen.logins,
	    (unsigned long long)seen.cut, (unsigned long long)seen.bytes_out,
	    (unsigned long long)seen.bytes_in);
	free(flooders);
	wr_free(&login_start);
	return 0;
}
