/** @file admin.h  The admin port: an HTTP server that shows the state of the running proxy.
 * Its endpoints are one table (endpoints.c). It listens on the loopback interface only and checks the headers Host and Origin of
 * each request, so that a web page in a browser on the same machine cannot use it. Requests that change something are POST.
 * Threads: main.   Memory: STAGE_ADMIN. */
#ifndef ADMIN_ADMIN_H
#define ADMIN_ADMIN_H

#include "admin/control.h"
#include "journal/journal.h"
#include "proxy/proxy.h"
#include "settings/settings.h"

struct admin;
struct event_base;

/** May settings->admin be listened on? @return STATUS_INVALID (reported). */
enum status admin_check(const struct settings *settings);
/** Listen on settings->admin; *@p out is NULL if that is "off". Reports its errors. The arguments must outlive *@p out. */
enum status admin_new(const struct settings *settings, struct event_base *base, struct proxy *proxy,
                      struct journal *journal, struct admin **out);
/** Let requests use @p control, which must outlive @p a. @p a may be NULL. */
void admin_set_control(struct admin *a, const struct control *control);
/** End the streams of packets. Before the proxy is freed; NULL is allowed. */
void admin_end_captures(struct admin *a);
/** Send the last records and replies, for at most 300 ms, and close all connections. Call it after proxy_free, which completes the
 *  requests that wait for a worker, and after journal_stop, which makes the last records. */
void admin_free(struct admin *a);
/** The number of requests so far; 0 if @p a is NULL. */
uint64_t admin_requests(const struct admin *a);
/** The address it listens on, as host:port; "off" if @p a is NULL. */
const char *admin_addr(const struct admin *a);

#endif
