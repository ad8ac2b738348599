/** @file service.h  Tell a service manager (systemd) how far the proxy is, by datagrams to the socket that NOTIFY_SOCKET names.
 * Without that variable nothing is sent. Source: the notification protocol of systemd.
 * Threads: main.   Memory: none. */
#ifndef CLI_SERVICE_H
#define CLI_SERVICE_H

#include <stdint.h>

/** Send @p state, lines such as "READY=1\nSTATUS=…". It does not wait; a failure is reported once with diag. */
void service_notify(const char *state);
/** The same for a reload that begins: with the time that systemd wants to know. */
void service_notify_reloading(void);
/** How often the manager wants to hear WATCHDOG=1, in milliseconds: half of the time after which it would kill us. 0 = never. */
uint64_t service_watchdog_ms(void);

#endif
