/*
 * options - what the program was told: by flags, else by the environment,
 * else by the configuration files, else by default.
 *
 * The configuration is $XDG_CONFIG_HOME/sotto/config, and before it, for the
 * whole machine, /etc/sotto/config. Secrets are never taken from the
 * environment or the command line.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "cli/out.h"
#include "sotto.h"

/* Stretching may be set in the configuration, but not below this. */
#define OPTIONS_STRETCH_MIB_MIN    64
#define OPTIONS_STRETCH_PASSES_MIN 1

/* Flags: F(id, name, letter, value's name or NULL, commands, help). A flag
 * goes with the commands in its mask. */
#define CMD_ALL (~0U)
#define OPTION_FLAGS(F)                                                        \
	F(HELP, "help", 'h', NULL, CMD_ALL, "show this, or a command's own")   \
	F(VERSION, "version", 0, NULL, CMD_ALL, "show the version")            \
	F(VERBOSE, "verbose", 'v', NULL, CMD_ALL, "say more; repeatable")      \
	F(QUIET, "quiet", 'q', NULL, CMD_ALL, "say less")                      \
	F(OUTPUT, "output", 'o', "plain|json", CMD_ALL, "form of the output")  \
	F(COLOR, "color", 0, "auto|always|never", CMD_ALL, "use colour")       \
	F(HOME, "home", 0, "DIR", CMD_ALL, "where accounts are kept")          \
	F(ACCOUNT, "account", 'a', "NAME[@HOST:PORT]", CMD_ALL,                \
	    "which of several accounts")                                       \
	F(PASSWORD_FILE, "password-file", 0, "FILE", CMD_ALL,                  \
	    "its first line is the password")                                  \
	F(PASSWORD_FD, "password-fd", 0, "N", CMD_ALL,                         \
	    "read the password from a descriptor")                             \
	F(EPHEMERAL, "ephemeral", 0, "NAME@HOST:PORT", CMD_ALL,                \
	    "log in without writing anything to disk")                         \
	F(LISTEN, "listen", 0, "ADDR:PORT", CMD_ALL,                           \
	    "where direct lines are accepted")                                 \
	F(DIRECT_ONLY, "direct-only", 0, NULL, CMD_ALL, "never use the relay") \
	F(RELAY_ONLY, "relay-only", 0, NULL, CMD_ALL,                          \
	    "never connect directly")                                          \
	F(HIDE_ADDRESS, "hide-address", 0, NULL, CMD_ALL,                      \
	    "never tell peers this machine's address")                         \
	F(SERVER_KEY, "server-key", 0, "KEY", CMD_ALL, "the server's key")     \
	F(POLICY, "policy", 0, "accept|ask|refuse",                            \
	    CMD_BIT(RECEIVE) | CMD_BIT(CHAT), "who may speak with you")        \
	F(COUNT, "count", 0, "N", CMD_BIT(RECEIVE), "end after N messages")    \
	F(FOR, "for", 0, "SECONDS", CMD_BIT(RECEIVE), "end after a time")      \
	F(CONFIRM, "confirm", 0, NULL, CMD_BIT(VERIFY),                        \
	    "the numbers have been compared")                                  \
	F(QR, "qr", 0, NULL, CMD_BIT(VERIFY), "draw the number as well")       \
	F(NEW_PASSWORD_FILE, "new-password-file", 0, "FILE",                   \
	    CMD_BIT(PASSWD), "its first line is the new password")             \
	F(FORGET, "forget", 0, NULL, CMD_BIT(LOGOUT),                          \
	    "remove this device, and the account from the home")

enum flag {
#define F(id, name, letter, value, commands, help) FLAG_##id,
	OPTION_FLAGS(F)
#undef F
	FLAGS
};

/* Commands: C(id, name, arguments' names, least, most, help). */
#define OPTION_COMMANDS(C)                                                     \
	C(REGISTER, "register", "LINK|-", 1, 1, "join with an invite link")    \
	C(LOGIN, "login", "NAME@HOST[:PORT]", 1, 1,                            \
	    "make this machine a device of an account")                        \
	C(WHOAMI, "whoami", "", 0, 0, "show the account")                      \
	C(LIST, "list", "", 0, 0, "show everybody and whether they are there") \
	C(STATUS, "status", "available|away|invisible", 1, 1,                  \
	    "say how you are to be shown")                                     \
	C(SEND, "send", "NAME TEXT...|-", 2, 1000000, "send one message")      \
	C(RECEIVE, "receive", "", 0, 0, "print the messages that arrive")      \
	C(CHAT, "chat", "[NAME]", 0, 1, "speak with people")                   \
	C(VERIFY, "verify", "NAME", 1, 1, "show a safety number")              \
	C(DEVICES, "devices", "[remove ID]", 0, 2, "show or remove devices")   \
	C(PASSWD, "passwd", "", 0, 0, "change the password")                   \
	C(LOGOUT, "logout", "", 0, 0, "end all sessions of this device")

enum command {
#define C(id, name, arguments, least, most, help) CMD_##id,
	OPTION_COMMANDS(C)
#undef C
	CMDS
};

#define CMD_BIT(id) (1U << CMD_##id)

struct options {
	enum command command;
	char **args; /* what follows the command, without flags */
	int n_args;
	bool is_given[FLAGS]; /* on the command line */
	struct out *out;
	const char *home;
	const char *account;
	const char *password_file;
	const char *new_password_file;
	int password_fd; /* -1: none */
	const char *password_command;
	const char *ephemeral;
	const char *server_key;
	const char *listen;
	enum sotto_paths paths;
	bool hides_address;
	bool asks_server_key;
	enum sotto_policy policy;
	unsigned long count; /* 0: no limit */
	double for_s;        /* 0: no limit */
	uint32_t stretch_mib, stretch_passes;
	struct option_text *owned; /* what options_free releases */
};

/* What came of reading the options. */
enum options_verdict {
	OPTIONS_RUN,
	OPTIONS_SHOWN, /* help or version: done */
	OPTIONS_USAGE, /* a wrong flag or argument; it has been said */
	OPTIONS_CONFIG, /* a broken configuration; it has been said */
};

/* Reads all of them. argv is kept and permuted. */
enum options_verdict options_read(struct options *o, struct out *out,
    int argc, char **argv);

/* Releases what they keep. */
void options_free(struct options *o);

/* Keeps a copy of text for as long as the options live. */
const char *options_keep(struct options *o, const char *text);

#endif
