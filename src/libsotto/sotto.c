#include "sotto.h"

#include "base/hex.h"
#include "base/secret.h"
#include "crypto/crypto.h"
#include "libsotto/shell.h"
#include "text/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STRETCH_MIB    256
#define STRETCH_PASSES 3
#define DEVICE_ID_LEN  16

struct failure {
	struct sotto_error error;
	char why[256];
};

struct sotto {
	struct shell shell;
	struct client_options options;
	char *which;             /* account that the options name, or NULL */
	struct secret *password; /* until there is a core */
	struct failure failure;
};

/* Why sotto_new failed, when there is nothing yet to ask. */
static _Thread_local struct failure new_failure;

/* ---- failures ---- */

static void
fail(struct failure *f, enum sotto_outcome outcome, const char *what,
    const char *advice)
{
	f->why[0] = '\0';
	f->error = (struct sotto_error){ .outcome = outcome, .what = what,
		.why = f->why, .advice = advice };
}

/* Fails because of an argument, which is shown. */
static void
fail_arg(struct failure *f, const char *what, const char *argument,
    const char *advice)
{
	fail(f, SOTTO_USAGE, what, advice);
	(void)snprintf(f->why, sizeof f->why, "\"%s\" is not of that form.",
	    argument);
}

/* Fails because of the home, as an error of home.h or client_new says. */
static void
fail_home(struct failure *f, enum err err)
{
	switch ((int)err) {
	case ERR_KEY:
		fail(f, SOTTO_CONFIG, "The home is open to other people.",
		    "Look who has read it, then give its folder accounts mode "
		    "0700.");
		break;
	case ERR_DECODE:
	case ERR_VERSION:
		fail(f, SOTTO_CONFIG, "A file of the account is damaged.",
		    "Move the account's folder away and use sotto login.");
		break;
	case ERR_LIMIT:
		fail(f, SOTTO_USAGE, "The server's name is too long.",
		    "Use its number.");
		break;
	default:
		fail(f, SOTTO_CONFIG, "The home can not be used.", "");
		(void)snprintf(f->why, sizeof f->why, "%s.", err_text(err));
	}
}

const struct sotto_error *
sotto_last_error(const struct sotto *s)
{
	static const struct sotto_error none = { SOTTO_OK, 0, "", "", "" };
	const struct failure *f = s == NULL ? &new_failure : &s->failure;

	return f->error.what == NULL ? &none : &f->error;
}

/* ---- beginning and ending ---- */

static void
take_options(struct sotto *s, const struct sotto_options *o)
{
	uint32_t mib = o->stretch_mib == 0 ? STRETCH_MIB : o->stretch_mib;

	s->options = (struct client_options){
		.is_ephemeral = o->ephemeral,
		.paths = o->paths,
		.hides_address = o->hide_address,
		.allows_unknown_server = o->allow_unknown_server,
		.policy = o->policy,
		.ksf = { .memory_kib = mib * 1024,
		    .passes = o->stretch_passes == 0 ? STRETCH_PASSES :
		                                       o->stretch_passes },
	};
	if (gethostname(s->options.device_label,
	        sizeof s->options.device_label - 1) != 0)
		s->options.device_label[0] = '\0';
}

static enum err
parse_listen(struct net_addr *addr, const char *text)
{
	struct wire_address at;
	enum err err;

	if (text == NULL)
		return net_addr_parse(addr, "::", 0);
	TRY(wire_address_parse(&at, bytes_str(text), true));
	TRY(net_addr_parse(addr, at.host, at.port));
out:
	return err;
}

/* What can be said about the options before anything is opened. */
static enum err
check_options(const struct sotto_options *o, struct net_addr *listen_at)
{
	if (!o->ephemeral && (o->home == NULL || o->home[0] == '\0')) {
		fail(&new_failure, SOTTO_USAGE, "No home is named.", "");
		return ERR_ARG;
	}
	if (parse_listen(listen_at, o->listen) != ERR_OK) {
		fail_arg(&new_failure, "--listen takes ADDR:PORT.", o->listen,
		    "Use a number, for example [::]:0.");
		return ERR_ARG;
	}
	if (o->stretch_mib > UINT32_MAX / 1024) {
		fail(&new_failure, SOTTO_USAGE, "That is too much memory.", "");
		return ERR_ARG;
	}
	return ERR_OK;
}

enum sotto_outcome
sotto_new(const struct sotto_options *options, struct sotto **out)
{
	struct sotto *s = NULL;
	struct net_addr listen_at;
	enum err err;

	*out = NULL;
	fail(&new_failure, SOTTO_UNAVAILABLE, "sotto could not start.", "");
	TRY(check_options(options, &listen_at));
	TRY(crypto_init());
	s = calloc(1, sizeof *s);
	NEED(s != NULL, ERR_NOMEM);
	take_options(s, options);
	TRY(shell_init(&s->shell, options->ephemeral ? NULL : options->home,
	    &listen_at));
	if (options->account != NULL) {
		s->which = strdup(options->account);
		NEED(s->which != NULL, ERR_NOMEM);
	}
	*out = s;
	s = NULL;
	memset(&new_failure, 0, sizeof new_failure);
out:
	if (new_failure.error.outcome == SOTTO_UNAVAILABLE)
		(void)snprintf(new_failure.why, sizeof new_failure.why, "%s.",
		    err_text(err));
	sotto_free(s);
	return new_failure.error.outcome;
}

void
sotto_free(struct sotto *s)
{
	if (s == NULL)
		return;
	shell_wipe(&s->shell);
	secret_free(s->password);
	free(s->which);
	free(s);
}

/* ---- the loop ---- */

int
sotto_fd(const struct sotto *s)
{
	return net_fd(s->shell.net);
}

int
sotto_timeout(const struct sotto *s)
{
	if (!queue_is_empty(&s->shell.events))
		return 0;
	return net_timeout(s->shell.net);
}

void
sotto_step(struct sotto *s, int timeout_ms)
{
	bool has_news = !queue_is_empty(&s->shell.events);

	net_step(s->shell.net, has_news ? 0 : timeout_ms);
}

bool
sotto_next(struct sotto *s, struct sotto_event *event)
{
	return queue_take(&s->shell.events, event);
}

/* ---- the account ---- */

/* Leaves of files only which they are, so that others can replace them. */
static void
forget_content(struct client_files *files)
{
	struct client_files kept = { 0 };

	memcpy(kept.generation, files->generation, sizeof kept.generation);
	home_files_wipe(files);
	*files = kept;
}

/* Makes the core of an account, with what the home holds of it; or, for an
 * account that begins anew under an old name, without. */
static enum err
open_account(struct sotto *s, const struct home_account *account,
    bool is_new)
{
	struct client_files files = { 0 };
	struct failure *f = &s->failure;
	enum err err;

	if (s->shell.core != NULL) {
		if (wire_name_equal(&s->shell.account.name, &account->name) &&
		    strcmp(s->shell.account.at.host, account->at.host) == 0 &&
		    s->shell.account.at.port == account->at.port)
			return ERR_OK;
		fail(f, SOTTO_USAGE, "Another account is open.", "");
		return ERR_STATE;
	}
	s->shell.account = *account;
	if (s->shell.root != NULL)
		TRY(home_read(s->shell.root, account, &files));
	if (is_new)
		forget_content(&files);
	TRY(shell_start(&s->shell, &s->options, &files));
	if (s->password != NULL)
		TRY(client_set_password(s->shell.core,
		    secret_view(s->password)));
	secret_free(s->password);
	s->password = NULL;
out:
	home_files_wipe(&files);
	if (err != ERR_OK)
		fail_home(f, err);
	return err;
}

/* One account as "name@host:port", after what is already at out. */
static void
add_account(char *out, size_t cap, const struct home_account *account)
{
	char at[WIRE_ADDRESS_TEXT_MAX];
	size_t n = strlen(out);

	wire_address_print(at, &account->at);
	(void)snprintf(out + n, cap - n, " %s@%s", account->name.s, at);
}

static void
fail_choice(struct sotto *s, enum err err)
{
	struct failure *f = &s->failure;
	struct home_account *all;
	size_t n = 0;

	if (err == ERR_ARG) {
		fail_arg(f, "An account is named by NAME or NAME@HOST:PORT.",
		    s->which, "");
		return;
	}
	if (err != ERR_GONE && err != ERR_CONFLICT) {
		fail_home(f, err);
		return;
	}
	fail(f, SOTTO_USAGE,
	    err == ERR_GONE && s->which == NULL ?
	        "There is no account here yet." :
	        err == ERR_GONE ? "That account is not here." :
	                          "There are several accounts here.",
	    err == ERR_GONE && s->which == NULL ?
	        "Join with sotto register LINK, or sotto login NAME@HOST." :
	        "Name one with -a NAME@HOST:PORT.");
	all = calloc(HOME_ACCOUNTS_MAX, sizeof all[0]);
	if (all != NULL && home_list(s->shell.root, all, &n) == ERR_OK && n > 0)
		(void)snprintf(f->why, sizeof f->why, "Here are:");
	for (size_t i = 0; i < n; i++)
		add_account(f->why, sizeof f->why, &all[i]);
	free(all);
}

/* Opens the account that the options name, unless one is open. */
static bool
is_open(struct sotto *s)
{
	struct home_account account;
	enum err err;

	if (s->shell.core != NULL)
		return true;
	if (s->shell.root == NULL) {
		fail(&s->failure, SOTTO_USAGE, "Nobody is logged in.",
		    "Log in first.");
		return false;
	}
	err = home_choose(s->shell.root, s->which, &account);
	if (err != ERR_OK) {
		fail_choice(s, err);
		return false;
	}
	return open_account(s, &account, false) == ERR_OK;
}

enum sotto_outcome
sotto_set_password(struct sotto *s, const char *password, size_t n)
{
	struct {
		uint8_t nfc[SOTTO_PASSWORD_MAX];
	} secret;
	struct bytes nfc = { secret.nfc, 0 };
	enum sotto_outcome outcome = SOTTO_USAGE;
	enum err err = ERR_OK;

	fail(&s->failure, SOTTO_USAGE,
	    "A password is UTF-8 text of 8 to 1024 bytes.", "");
	NEED(memchr(password, '\0', n) == NULL, ERR_ARG);
	TRY(text_nfc((struct bytes){ (const uint8_t *)password, n },
	    secret.nfc, sizeof secret.nfc, &nfc.n));
	NEED(nfc.n >= SOTTO_PASSWORD_MIN, ERR_ARG);
	fail(&s->failure, SOTTO_FAILED, "There is no memory.", "");
	outcome = SOTTO_FAILED;
	if (s->shell.core != NULL) {
		TRY(client_set_password(s->shell.core, nfc));
	} else {
		secret_free(s->password);
		s->password = secret_dup(nfc);
		NEED(s->password != NULL, ERR_NOMEM);
	}
out:
	bytes_wipe(&secret, sizeof secret);
	return err == ERR_OK ? SOTTO_OK : outcome;
}

/* ---- commands ---- */

/* Lets the next step do what a command has begun. */
static uint32_t
begun(struct sotto *s, uint32_t command)
{
	shell_wake(&s->shell);
	return command;
}

/* A host has one spelling here, since a folder is named by it. */
static void
fold_host(struct wire_address *at)
{
	for (char *c = at->host; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c + ('a' - 'A'));
}

uint32_t
sotto_register(struct sotto *s, const char *link)
{
	struct wire_link parsed;
	struct home_account account;
	uint32_t command = 0;

	if (wire_link_parse(&parsed, bytes_str(link)) != ERR_OK) {
		/* The link is not shown: its end is as good as a key. */
		fail(&s->failure, SOTTO_USAGE, "This is not an invite link.",
		    "It looks like sotto://NAME@HOST:PORT/SERVERKEY#CODE.");
		return 0;
	}
	fold_host(&parsed.at);
	account = (struct home_account){ parsed.name, parsed.at };
	if (open_account(s, &account, true) == ERR_OK)
		command = begun(s, client_register(s->shell.core, &parsed));
	bytes_wipe(&parsed, sizeof parsed);
	return command;
}

uint32_t
sotto_login(struct sotto *s, const char *address, const char *server_key)
{
	struct home_account account = { 0 };
	uint8_t key[WIRE_KEY_LEN];

	if (wire_address_parse_user(&account.name, &account.at,
	        bytes_str(address)) != ERR_OK) {
		fail_arg(&s->failure,
		    "Login takes NAME@HOST or NAME@HOST:PORT.",
		    address, "");
		return 0;
	}
	fold_host(&account.at);
	if (server_key != NULL &&
	    wire_key_parse(key, bytes_str(server_key)) != ERR_OK) {
		fail_arg(&s->failure,
		    "A server's key is 43 characters of base64url.", server_key,
		    "Ask whoever runs the server for it.");
		return 0;
	}
	if (open_account(s, &account, false) != ERR_OK)
		return 0;
	return begun(s, client_login(s->shell.core, &account.name, &account.at,
	    server_key == NULL ? NULL : key));
}

uint32_t
sotto_host(struct sotto *s)
{
	return is_open(s) ? begun(s, client_host(s->shell.core)) : 0;
}

uint32_t
sotto_whoami(struct sotto *s)
{
	return is_open(s) ? begun(s, client_whoami(s->shell.core)) : 0;
}

uint32_t
sotto_list(struct sotto *s)
{
	return is_open(s) ? begun(s, client_list(s->shell.core)) : 0;
}

uint32_t
sotto_set_status(struct sotto *s, enum sotto_status status)
{
	if (!is_open(s))
		return 0;
	if (status != SOTTO_AVAILABLE && status != SOTTO_AWAY &&
	    status != SOTTO_INVISIBLE) {
		fail(&s->failure, SOTTO_USAGE,
		    "A status is available, away or invisible.", "");
		return 0;
	}
	return begun(s, client_set_status(s->shell.core, status));
}

uint32_t
sotto_devices(struct sotto *s)
{
	return is_open(s) ? begun(s, client_devices(s->shell.core)) : 0;
}

uint32_t
sotto_remove_device(struct sotto *s, const char *id)
{
	uint8_t raw[DEVICE_ID_LEN];

	if (!is_open(s))
		return 0;
	if (hex_decode(raw, sizeof raw, bytes_str(id)) != ERR_OK) {
		fail_arg(&s->failure, "A device is named by its id.", id,
		    "See sotto devices.");
		return 0;
	}
	return begun(s, client_remove_device(s->shell.core, raw));
}

static bool
is_name(struct sotto *s, struct wire_name *out, const char *name)
{
	if (wire_name_parse(out, bytes_str(name)) == ERR_OK)
		return true;
	fail_arg(&s->failure, "A name is 1 to 32 of a-z, 0-9, \"_\", \".\" and "
	    "\"-\", and begins with a letter or a number.", name, "");
	return false;
}

uint32_t
sotto_verify(struct sotto *s, const char *name, bool confirm)
{
	struct wire_name parsed;

	if (!is_open(s) || !is_name(s, &parsed, name))
		return 0;
	return begun(s, client_verify(s->shell.core, &parsed, confirm));
}

uint32_t
sotto_passwd(struct sotto *s, const char *password, size_t n)
{
	struct {
		uint8_t nfc[SOTTO_PASSWORD_MAX];
	} secret;
	struct bytes nfc = { secret.nfc, 0 };
	uint32_t command = 0;

	if (!is_open(s))
		return 0;
	if (memchr(password, '\0', n) != NULL ||
	    text_nfc((struct bytes){ (const uint8_t *)password, n },
	        secret.nfc, sizeof secret.nfc, &nfc.n) != ERR_OK ||
	    nfc.n < SOTTO_PASSWORD_MIN)
		fail(&s->failure, SOTTO_USAGE,
		    "A password is UTF-8 text of 8 to 1024 bytes.", "");
	else
		command = begun(s, client_passwd(s->shell.core, nfc));
	bytes_wipe(&secret, sizeof secret);
	return command;
}

uint32_t
sotto_logout(struct sotto *s, enum sotto_logout scope)
{
	return is_open(s) ? begun(s, client_logout(s->shell.core, scope)) : 0;
}

/* ---- lines ---- */

uint32_t
sotto_call(struct sotto *s, const char *name)
{
	struct wire_name parsed;

	if (!is_open(s) || !is_name(s, &parsed, name))
		return 0;
	return begun(s, client_call(s->shell.core, &parsed));
}

/* What answer, say and hang_up can fail with, as an outcome. */
static enum sotto_outcome
line_failure(struct sotto *s, enum err err)
{
	struct failure *f = &s->failure;

	if (err == ERR_OK)
		return SOTTO_OK;
	if (err == ERR_GONE)
		fail(f, SOTTO_NOT_THERE, "There is no such session.", "");
	else if (err == ERR_KEY)
		fail(f, SOTTO_KEY_CHANGED, "Their identity key has changed.",
		    "Compare safety numbers, then confirm with verify.");
	else if (err == ERR_LIMIT)
		fail(f, SOTTO_FAILED, "Too much is waiting to be sent.",
		    "Wait until they have read it.");
	else if (err == ERR_ARG)
		fail(f, SOTTO_USAGE,
		    "A message is UTF-8 text of at most 16384 bytes.", "");
	else
		fail(f, SOTTO_FAILED, err_text(err), "");
	return f->error.outcome;
}

enum sotto_outcome
sotto_answer(struct sotto *s, uint32_t session, bool accept)
{
	enum err err = ERR_GONE;

	if (s->shell.core != NULL) {
		err = client_answer(s->shell.core, session, accept);
		shell_wake(&s->shell);
	}
	return line_failure(s, err);
}

uint64_t
sotto_say(struct sotto *s, uint32_t session, const char *text, size_t n)
{
	struct bytes said = { (const uint8_t *)text, n };
	enum err err = ERR_GONE;
	uint64_t id = 0;

	if (s->shell.core != NULL) {
		err = client_say(s->shell.core, session, said, &id);
		shell_wake(&s->shell);
	}
	return line_failure(s, err) == SOTTO_OK ? id : 0;
}

void
sotto_written(struct sotto *s, uint32_t session, uint64_t message)
{
	if (s->shell.core == NULL)
		return;
	client_written(s->shell.core, session, message);
	shell_wake(&s->shell);
}

enum sotto_outcome
sotto_hang_up(struct sotto *s, uint32_t session)
{
	enum err err = ERR_GONE;

	if (s->shell.core != NULL) {
		err = client_hang_up(s->shell.core, session);
		shell_wake(&s->shell);
	}
	return line_failure(s, err);
}
