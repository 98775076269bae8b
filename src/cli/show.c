#include "cli/show.h"

#include <inttypes.h>
#include <string.h>

static void
put_text(struct out_line *l, const char *name)
{
	out_text(l, name, strlen(name));
}

/* The name in a column of at least width. */
static void
put_column(struct out_line *l, const char *text, size_t width)
{
	size_t before = l->n;

	put_text(l, text);
	while (l->n < before + width)
		out_put(l, " ");
	out_put(l, "  ");
}

void
show_account(struct out *out, const struct sotto_event *ev)
{
	struct out_line l = out_begin(out, OUT_STDOUT);

	if (out->is_json) {
		out_json_string(&l, "type", "account");
		out_json_string(&l, "name", ev->account.name);
		out_json_string(&l, "server", ev->account.server);
		out_json_string(&l, "identity", ev->account.identity);
		out_json_string(&l, "device", ev->account.device);
		out_json_bool(&l, "verified_server",
		    ev->account.is_verified_server);
	} else {
		put_column(&l, ev->account.name, 0);
		put_column(&l, ev->account.server, 0);
		out_put(&l, "identity ");
		put_column(&l, ev->account.identity, 0);
		out_put(&l, "device ");
		put_column(&l, ev->account.device, 0);
		out_put(&l, "server %s", ev->account.is_verified_server ?
		        "verified" :
		        "unverified");
	}
	(void)out_end(&l);
}

void
show_person(struct out *out, const struct sotto_event *ev)
{
	struct out_line l = out_begin(out, OUT_STDOUT);

	if (out->is_json) {
		out_json_string(&l, "type", "person");
		out_json_string(&l, "name", ev->person.name);
		out_json_string(&l, "status",
		    sotto_status_word(ev->person.status));
		out_json_number(&l, "devices", ev->person.devices);
		out_json_string(&l, "pin", sotto_pin_word(ev->person.pin));
		out_json_bool(&l, "you", ev->person.is_you);
	} else {
		put_column(&l, ev->person.name, 12);
		put_column(&l, sotto_status_word(ev->person.status), 9);
		put_column(&l, sotto_pin_word(ev->person.pin), 8);
		out_put(&l, "%u%s", ev->person.devices,
		    ev->person.is_you ? "  you" : "");
	}
	(void)out_end(&l);
}

void
show_device(struct out *out, const struct sotto_event *ev)
{
	struct out_line l = out_begin(out, OUT_STDOUT);
	char added[32], expires[32];

	if (out->is_json) {
		out_json_string(&l, "type", "device");
		out_json_string(&l, "id", ev->device.id);
		out_json_string(&l, "name", ev->device.name);
		out_json_time(&l, "added", ev->device.added_s * 1000);
		out_json_time(&l, "expires", ev->device.expires_s * 1000);
		out_json_bool(&l, "this", ev->device.is_this);
	} else {
		out_time(added, ev->device.added_s * 1000);
		out_time(expires, ev->device.expires_s * 1000);
		put_column(&l, ev->device.id, 0);
		put_column(&l, ev->device.name, 12);
		put_column(&l, added, 0);
		put_column(&l, ev->device.expires_s == 0 ? "never" : expires,
		    0);
		out_put(&l, "%s", ev->device.is_this ? "this" : "-");
	}
	(void)out_end(&l);
}

/* A drawing of several lines, as it is: it is ours. */
static void
put_drawing(struct out *out, const char *drawing)
{
	while (*drawing != '\0') {
		size_t n = strcspn(drawing, "\n");
		struct out_line l = out_begin(out, OUT_STDOUT);

		out_put(&l, "%.*s", (int)n, drawing);
		(void)out_end(&l);
		drawing += n + (drawing[n] == '\n');
	}
}

void
show_safety(struct out *out, const struct sotto_event *ev, bool shows_qr)
{
	struct out_line l = out_begin(out, OUT_STDOUT);

	if (out->is_json) {
		out_json_string(&l, "type", "safety");
		out_json_string(&l, "name", ev->safety.name);
		out_json_string(&l, "number", ev->safety.number);
		out_json_string(&l, "pin", sotto_pin_word(ev->safety.pin));
	} else {
		put_column(&l, ev->safety.name, 0);
		put_column(&l, sotto_pin_word(ev->safety.pin), 8);
		put_text(&l, ev->safety.number);
	}
	(void)out_end(&l);
	if (shows_qr && !out->is_json)
		put_drawing(out, ev->safety.qr);
}

void
show_sent(struct out *out, const char *to, enum sotto_path path, uint32_t ms)
{
	struct out_line l = out_begin(out, OUT_STDOUT);

	if (out->is_json) {
		out_json_string(&l, "type", "sent");
		out_json_string(&l, "to", to);
		out_json_string(&l, "path", sotto_path_word(path));
		out_json_number(&l, "ms", ms);
	} else {
		out_put(&l, "sent to ");
		put_text(&l, to);
		out_put(&l, " (%s, %" PRIu32 " ms)", sotto_path_word(path), ms);
	}
	(void)out_end(&l);
}

bool
show_message(struct out *out, const struct sotto_event *ev)
{
	struct out_line l = out_begin(out, OUT_STDOUT);

	if (out->is_json) {
		out_json_string(&l, "type", "message");
		out_json_string(&l, "from", ev->session.name);
		out_json_text(&l, "text", ev->text.p, ev->text.n);
		out_json_string(&l, "path", sotto_path_word(ev->session.path));
		out_json_string(&l, "pin", sotto_pin_word(ev->session.pin));
		out_json_time(&l, "time", ev->text.time_ms);
	} else {
		put_text(&l, ev->session.name);
		out_put(&l, ": ");
		out_text(&l, ev->text.p, ev->text.n);
	}
	return out_end(&l);
}

static void
json_session(struct out_line *l, const struct sotto_event *ev,
    const char *what)
{
	out_json_string(l, "type", "session");
	out_json_string(l, "event", what);
	out_json_string(l, "name", ev->session.name);
	out_json_string(l, "path", sotto_path_word(ev->session.path));
	out_json_string(l, "pin", sotto_pin_word(ev->session.pin));
	out_json_bool(l, "caller", ev->session.is_caller);
}

void
show_session(struct out *out, const struct sotto_event *ev)
{
	bool is_up = ev->type == SOTTO_SESSION_UP;
	bool is_cut = !is_up && ev->error.outcome != SOTTO_OK;
	struct out_line l =
	    out_begin(out, out->is_json ? OUT_STDOUT : out->talk);

	if (out->is_json) {
		json_session(&l, ev, is_up ? "up" : is_cut ? "cut" : "closed");
		if (is_cut)
			out_json_string(&l, "why", ev->error.why);
		(void)out_end(&l);
		return;
	}
	/* Nothing here looks like the beginning of a message. */
	out_style(&l, "2");
	out_put(&l, is_up ? "-- speaking with " :
	        is_cut    ? "-- line cut, with " :
	                    "-- session closed, with ");
	put_text(&l, ev->session.name);
	if (is_up)
		out_put(&l, " [%s] [%s] [pq]%s",
		    sotto_path_word(ev->session.path),
		    sotto_pin_word(ev->session.pin),
		    ev->session.pin == SOTTO_PIN_VERIFIED ?
		        "" :
		        " unverified, see /verify");
	if (is_cut) {
		out_put(&l, ".");
		out_sentence(&l, ev->error.why);
	}
	out_plain(&l);
	(void)out_end(&l);
}

void
show_presence(struct out *out, const struct sotto_event *ev)
{
	struct out_line l =
	    out_begin(out, out->is_json ? OUT_STDOUT : out->talk);

	if (out->is_json) {
		out_json_string(&l, "type", "presence");
		out_json_string(&l, "name", ev->person.name);
		out_json_string(&l, "status",
		    sotto_status_word(ev->person.status));
	} else {
		out_style(&l, "2");
		out_put(&l, "-- ");
		put_text(&l, ev->person.name);
		out_put(&l, " is %s", sotto_status_word(ev->person.status));
		out_plain(&l);
	}
	(void)out_end(&l);
}

void
show_question(struct out *out, const struct sotto_event *ev)
{
	bool is_over = ev->type == SOTTO_QUESTION_OVER;
	struct out_line l =
	    out_begin(out, out->is_json ? OUT_STDOUT : out->talk);

	if (out->is_json) {
		json_session(&l, ev, is_over ? "withdrawn" : "asked");
	} else {
		out_put(&l, "-- ");
		put_text(&l, ev->session.name);
		out_put(&l, is_over ? " no longer asks" :
		        " would like to speak with you: /accept or /decline");
	}
	(void)out_end(&l);
}
