/*
 * notify - tells the service manager how things stand, by sd_notify(3)'s
 * protocol: a datagram to $NOTIFY_SOCKET. Without one it does nothing.
 */
#ifndef SOTTOD_NOTIFY_H
#define SOTTOD_NOTIFY_H

#include <stdint.h>

void notify_ready(void);
void notify_stopping(void);
void notify_reloading(void);
void notify_watchdog(void);

/* How often notify_watchdog is wanted, in ms; 0: never. */
uint64_t notify_watchdog_ms(void);

/* Sockets handed over by the manager (sd_listen_fds(3)): how many, the first
 * being descriptor 3. */
int notify_sockets(void);

#endif
