/*
 * err - what can go wrong, as one list.
 *
 * Everything below the user interface that can fail returns an enum err. A
 * row says its name, whose fault it is, and a text for logs; the class
 * decides what a caller does about it: LOCAL is ours (out of memory, a
 * caller's mistake), PEER means that the other side sent something that it
 * must not send, AUTH that a proof did not hold. PEER and AUTH errors end a
 * connection without a word about which of them it was.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#define ERRS(X)                                                               \
	X(OK, LOCAL, "success")                                               \
	X(NOMEM, LOCAL, "out of memory")                                      \
	X(ARG, LOCAL, "argument out of range")                                \
	X(ROOM, LOCAL, "output buffer too small")                             \
	X(LIMIT, LOCAL, "a limit was reached")                                \
	X(CRYPTO, LOCAL, "a primitive failed")                                \
	X(IO, LOCAL, "input or output failed")                                \
	X(GONE, LOCAL, "not there (any more)")                                \
	X(CONFLICT, LOCAL, "somebody else changed it first")                  \
	X(DECODE, PEER, "malformed message")                                  \
	X(TOO_BIG, PEER, "message larger than its kind may be")               \
	X(STATE, PEER, "message not expected here")                           \
	X(VERSION, PEER, "unknown version")                                   \
	X(AUTH, AUTH, "authentication failed")                                \
	X(KEY, AUTH, "unusable key")                                          \
	X(REPLAY, AUTH, "seen before")                                        \
	X(ROLLBACK, AUTH, "older than what was seen before")                  \
	X(EXPIRED, AUTH, "no longer valid")

enum err {
#define X(name, class, text) ERR_##name,
	ERRS(X)
#undef X
};

enum err_class { ERR_CLASS_LOCAL, ERR_CLASS_PEER, ERR_CLASS_AUTH };

/* Returns a short English text, never NULL. */
const char *err_text(enum err e);

/* Returns whose fault e is; ERR_OK is LOCAL. */
enum err_class err_class_of(enum err e);

/* Marks a function whose result must be looked at. */
#define MUST_USE __attribute__((warn_unused_result))

/*
 * The one control-flow macro of the tree: runs call, and on failure leaves
 * through the function's only label. Needs a local `enum err err`, or another
 * enum of results whose zero is success.
 */
#define TRY(call)                                                             \
	do {                                                                  \
		err = (call);                                                 \
		if (err != 0)                                                 \
			goto out;                                             \
	} while (0)

/* The same for a condition: leaves with code unless cond holds. */
#define NEED(cond, code)                                                      \
	do {                                                                  \
		if (!(cond)) {                                                \
			err = (code);                                         \
			goto out;                                             \
		}                                                             \
	} while (0)

#endif
