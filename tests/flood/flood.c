/*
 * flood - strangers who want a server to be of no use to others.
 *
 *	sotto-flood KIND 127.0.0.1:PORT KEY [--solve] [--open N] [--count N]
 *		[--seconds N] [--sources N] [--rate N] [--pause MS]
 *
 *	silent     connections that say nothing
 *	drip       a first record, a byte each pause
 *	garbage    records of random bytes
 *	version    first records of a version that is not there
 *	mac        first records whose mac1 is wrong
 *	replay     the same captured first record, again and again; with
 *	           --solve one of each source, whose puzzle was solved once
 *	puzzle     true challenges with wrong solutions
 *	pass       made-up passes of devices
 *	handshake  handshakes, begun and left
 *	login      handshakes and KE1 for names that are not there
 *
 * With --solve puzzles are solved (on this program's only core), else a
 * challenge is the end of a connection. So many are open at a time, so many
 * in all, for so long, from so many addresses 127.x.y.z, so many new ones a
 * second; all have a limit. A target that is not on loopback is refused.
 *
 * An attacker's work is as cheap as it can be made: handshakes are begun
 * once and used again, records are sent before the connection is known to
 * stand, and every connection ends with a reset, so that no port waits.
 * Prints "name value" lines; `longest_ms` is the longest that a server let a
 * connection live, and `open` is how many it had not ended at the end.
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
#include <sys/resource.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define OPEN_MAX_N    8192
#define COUNT_MAX     10000000
#define SECONDS_MAX   60
#define SOURCES_MAX   65536
#define RATE_MAX      1000000
#define PAUSE_MAX     60000
#define POOL          64 /* handshakes that are used again and again */
#define ANSWER_MAX    2048
#define EVENTS        512

enum kind { SILENT, DRIP, GARBAGE, VERSION, MAC, REPLAY, PUZZLE, PASS,
	HANDSHAKE, LOGIN };

static const char *const kind_words[] = { "silent", "drip", "garbage",
	"version", "mac", "replay", "puzzle", "pass", "handshake", "login" };

/* A handshake that was begun once. */
struct begun {
	struct noise_handshake hs;
	uint8_t message1[PACT_GUARD_MESSAGE1_LEN];
};

/* REPLAY: what was solved for a source; n is 0 before that. */
struct captured {
	size_t n;
	uint8_t p[2 + PACT_GUARD_FIRST_MAX];
};

struct flooder {
	int fd; /* -1: none */
	uint32_t source;
	uint64_t since_ms;
	struct begun *begun;
	struct pact_guard_first first;
	struct pact_channel channel;
	bool is_logging_in;
	bool has_challenge; /* PUZZLE: one for this source */
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
	unsigned long open, count, seconds, sources, rate, pause_ms;
} asked = { .open = 64, .count = 100000, .seconds = 5, .sources = 64,
	.rate = RATE_MAX, .pause_ms = 100 };

static struct {
	uint64_t connections, answered, challenged, solved, logins, cut;
	uint64_t bytes_out, bytes_in, longest_ms;
} seen;

static struct begun pool[POOL];
static struct flooder *flooders;
static struct flooder **idle; /* those without a connection */
static size_t idle_n;
static uint64_t now; /* of this round, in ms */
static struct captured *captured; /* by source */
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

static void
look_at_the_clock(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	now = (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
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

/* What is wrong with a record is put in after its mac1, or before it when
 * that is to be right. */
static void
spoil(struct flooder *f)
{
	if (asked.kind == GARBAGE)
		crypto_system_random(NULL, f->out + 2, f->out_n - 2);
	else if (asked.kind == VERSION)
		f->out[2] ^= 0x80;
	else if (asked.kind == MAC)
		f->out[f->out_n - 1] ^= 1;
	else if (asked.kind == SILENT)
		f->out_n = 0;
}

static void
prepare(struct flooder *f)
{
	static const uint8_t made_up[PACT_GUARD_PASS_LEN] = { 1 };

	f->begun = &pool[asked.kind == REPLAY ? 0 :
						seen.connections % POOL];
	f->sent = 0;
	if (captured[f->source].n != 0) {
		f->out_n = captured[f->source].n;
		memcpy(f->out, captured[f->source].p, f->out_n);
		return;
	}
	f->first.message1 = BYTES_OF(f->begun->message1);
	f->first.pass = BYTES_OF(made_up);
	f->first.kind = asked.kind == PASS ? PACT_GUARD_DEVICE :
	    f->has_challenge ? PACT_GUARD_PUZZLE : PACT_GUARD_PLAIN;
	write_first(f);
	spoil(f);
}

/* ---- connections ---- */

static void
watch(struct flooder *f, int how, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = f };

	(void)epoll_ctl(poller, how, f->fd, &ev);
}

static void
hang_up(struct flooder *f)
{
	/* With a reset, or the ports of this machine run out. */
	struct linger none = { 1, 0 };

	(void)setsockopt(f->fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
	(void)close(f->fd);
	f->fd = -1;
	idle[idle_n++] = f;
}

/* Says up to so much; returns whether there is more that can be said. */
static bool
send_some(struct flooder *f, size_t most)
{
	size_t left = f->out_n - f->sent;
	ssize_t n;

	if (left > most)
		left = most;
	if (left == 0)
		return false;
	n = send(f->fd, f->out + f->sent, left, MSG_NOSIGNAL);
	if (n > 0) {
		f->sent += (size_t)n;
		seen.bytes_out += (uint64_t)n;
	}
	return asked.kind != DRIP && f->sent != f->out_n;
}

/* On loopback a connection mostly stands before connect has returned. */
static void
dial(struct flooder *f)
{
	struct sockaddr_in from = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(0x7f010000 + f->source) };
	int on = 1;

	f->have = 0;
	f->is_logging_in = false;
	f->since_ms = now;
	f->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0);
	if (f->fd < 0)
		die(EXIT_FAILURE, "socket: %s", strerror(errno));
	seen.connections++;
	(void)setsockopt(f->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on,
	    sizeof on);
	if (bind(f->fd, (struct sockaddr *)&from, sizeof from) != 0 ||
	    (connect(f->fd, (struct sockaddr *)&asked.target,
		 sizeof asked.target) != 0 && errno != EINPROGRESS)) {
		seen.cut++;
		hang_up(f);
		return;
	}
	watch(f, EPOLL_CTL_ADD, send_some(f, asked.kind == DRIP ? 1 :
	    SIZE_MAX) ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static void
start(struct flooder *f)
{
	/* A challenge is for one source. */
	if (!f->has_challenge)
		f->source = (uint32_t)(seen.connections % asked.sources);
	prepare(f);
	dial(f);
}

/* The server has ended it. */
static void
was_cut(struct flooder *f)
{
	uint64_t lived = now - f->since_ms;

	seen.cut++;
	if (lived > seen.longest_ms)
		seen.longest_ms = lived;
	hang_up(f);
}

/* ---- answers ---- */

/* Takes down the challenge, with the binding of our message 1. */
static struct pact_guard_puzzle
take_challenge(struct flooder *f, struct bytes record)
{
	struct rd r = rd_init(record);
	struct pact_guard_puzzle puzzle = { 0 };

	(void)rd_u8(&r);
	rd_copy(&r, puzzle.challenge, sizeof puzzle.challenge);
	puzzle.effort = rd_u32(&r);
	memcpy(f->first.challenge, puzzle.challenge,
	    sizeof f->first.challenge);
	f->first.effort = puzzle.effort;
	f->has_challenge = true;
	return puzzle;
}

/* Comes back with a solved puzzle, from the same address. */
static void
solve(struct flooder *f, struct bytes record)
{
	struct pact_guard_puzzle puzzle = take_challenge(f, record);

	f->has_challenge = false;
	pact_guard_bind(&puzzle, f->first.message1);
	crypto_system_random(NULL, &f->first.nonce, sizeof f->first.nonce);
	hang_up(f);
	if (!pact_guard_solve(&puzzle, &f->first.nonce, UINT32_MAX))
		return;
	seen.solved++;
	f->first.kind = PACT_GUARD_PUZZLE;
	write_first(f);
	if (asked.kind == REPLAY) {
		memcpy(captured[f->source].p, f->out, f->out_n);
		captured[f->source].n = f->out_n;
	}
	idle_n--;
	dial(f);
}

static void
challenged(struct flooder *f, struct bytes record)
{
	seen.challenged++;
	if (asked.kind == PUZZLE) {
		(void)take_challenge(f, record);
		hang_up(f);
	} else if (asked.solves && captured[f->source].n == 0) {
		solve(f, record);
	} else {
		hang_up(f);
	}
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
	if (send_some(f, f->out_n))
		watch(f, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
}

/* A whole record has come. */
static void
take(struct flooder *f, struct bytes record)
{
	if (f->is_logging_in) {
		seen.logins++;
		hang_up(f);
	} else if (record.p[0] == PACT_GUARD_CHALLENGE) {
		challenged(f, record);
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
		was_cut(f);
		return;
	}
	seen.bytes_in += (uint64_t)n;
	f->have += (size_t)n;
	len = f->have < 2 ? 0 : (size_t)f->in[0] << 8 | f->in[1];
	if (f->have >= 2 && f->have >= 2 + len && len > 0) {
		f->have = 0;
		take(f, (struct bytes){ f->in + 2, len });
	} else if (f->have == sizeof f->in) {
		/* Another protocol's words; what it says is of no interest. */
		f->have = 0;
	}
}

static void
on_event(struct flooder *f, uint32_t events)
{
	if ((events & EPOLLIN) != 0)
		on_bytes(f);
	else if ((events & (EPOLLERR | EPOLLHUP)) != 0)
		was_cut(f);
	else if ((events & EPOLLOUT) != 0 && !send_some(f, SIZE_MAX))
		watch(f, EPOLL_CTL_MOD, EPOLLIN);
}

/* ---- the flood ---- */

static void
drip(void)
{
	for (size_t i = 0; i < asked.open; i++)
		if (flooders[i].fd >= 0)
			(void)send_some(&flooders[i], 1);
}

/* Starts as many as may begin by now. */
static void
start_some(uint64_t begun)
{
	uint64_t may = (now - begun) * asked.rate / 1000 + 1;
	size_t most = EVENTS;

	if (may > asked.count)
		may = asked.count;
	while (idle_n > 0 && seen.connections < may && most-- > 0)
		start(idle[--idle_n]);
}

static void
flood(void)
{
	struct epoll_event ready[EVENTS];
	uint64_t begun, next_drip;
	int n;

	look_at_the_clock();
	begun = now;
	next_drip = begun + asked.pause_ms;
	while (now < begun + asked.seconds * 1000) {
		start_some(begun);
		if (idle_n == asked.open && seen.connections >= asked.count)
			break;
		if (asked.kind == DRIP && now >= next_drip) {
			next_drip += asked.pause_ms;
			drip();
		}
		n = epoll_wait(poller, ready, EVENTS,
		    idle_n > 0 && seen.connections < asked.count ? 1 : 10);
		look_at_the_clock();
		for (int i = 0; i < n; i++)
			on_event(ready[i].data.ptr, ready[i].events);
	}
	printf("seconds %.2f\nopen %zu\n", (double)(now - begun) / 1000,
	    asked.open - idle_n);
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
		{ "rate", required_argument, NULL, 'r' },
		{ "pause", required_argument, NULL, 'p' },
		{ 0 },
	};
	int c;

	if (argc < 4)
		die(EX_USAGE, "usage: sotto-flood KIND 127.0.0.1:PORT KEY");
	set_kind(argv[1]);
	set_target(argv[2]);
	if (base64_decode(asked.server, sizeof asked.server,
		bytes_str(argv[3])) != ERR_OK)
		die(EX_USAGE, "'%s' is no server's key", argv[3]);
	optind = 4; /* a key may begin with a dash */
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
		else if (c == 'r')
			asked.rate = number(optarg, RATE_MAX);
		else if (c == 'p')
			asked.pause_ms = number(optarg, PAUSE_MAX);
		else
			exit(EX_USAGE);
	}
	if (optind != argc)
		die(EX_USAGE, "'%s' is one word too many", argv[optind]);
}

/* Room for all at once, and nobody has a connection. */
static void
make_flooders(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	poller = epoll_create1(EPOLL_CLOEXEC);
	flooders = calloc(asked.open, sizeof flooders[0]);
	idle = calloc(asked.open, sizeof(struct flooder *));
	captured = calloc(asked.sources, sizeof captured[0]);
	if (poller < 0 || flooders == NULL || idle == NULL ||
	    captured == NULL)
		die(EXIT_FAILURE, "%s", strerror(errno));
	for (size_t i = asked.open; i > 0; i--) {
		flooders[i - 1].fd = -1;
		idle[idle_n++] = &flooders[i - 1];
	}
}

static void
tell(const char *name, uint64_t value)
{
	printf("%s %llu\n", name, (unsigned long long)value);
}

int
main(int argc, char **argv)
{
	struct timespec cpu;

	read_options(argc, argv);
	must(crypto_init(), "cryptography");
	fill_pool();
	make_login();
	make_flooders();
	flood();
	tell("connections", seen.connections);
	tell("answered", seen.answered);
	tell("challenged", seen.challenged);
	tell("solved", seen.solved);
	tell("logins", seen.logins);
	tell("cut", seen.cut);
	tell("longest_ms", seen.longest_ms);
	tell("bytes_out", seen.bytes_out);
	tell("bytes_in", seen.bytes_in);
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	printf("cpu_seconds %.2f\n", (double)cpu.tv_sec +
	    (double)cpu.tv_nsec / 1e9);
	free(flooders);
	free(idle);
	free(captured);
	wr_free(&login_start);
	return 0;
}
