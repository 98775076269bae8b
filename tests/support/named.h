/*
 * named - the messages that have a name in them: first of all, or after req.
 */
#ifndef SUPPORT_NAMED_H
#define SUPPORT_NAMED_H

#define WIRE_NAMED(X)                                                          \
	X(REGISTER_START)                                                      \
	X(REGISTER_FINISH)                                                     \
	X(LOGIN_START)                                                         \
	X(DEVICE_LOGIN)                                                        \
	X(PERSON_GET)                                                          \
	X(PERSON)                                                              \
	X(PRESENCE)                                                            \
	X(WANT)                                                                \
	X(INTRODUCTION)

#endif
