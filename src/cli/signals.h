/*
 * signals - SIGINT, SIGTERM and SIGHUP ask the program to end; it does so
 * when it has said goodbye. A second one ends it at once.
 *
 * Whoever changes the terminal gives the function that puts it back, and it
 * is called before the process goes, also from a signal's handler.
 */
#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H

/* Installs the handlers, once. SIGPIPE is ignored. */
void signals_init(void);

/* The first signal that asked to end, or 0. */
int signals_caught(void);

/* A descriptor that is readable once there was one, or when the window has
 * changed its size or the program was continued. */
int signals_fd(void);

/* Whether the window has changed, or the program was stopped and continued,
 * since the last call; empties the descriptor of that news. */
int signals_take_redraw(void);

/* What puts the terminal back, or NULL; it must be safe in a handler. */
void signals_on_end(void (*restore)(void));

#endif
