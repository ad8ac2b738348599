/** @file fetch.h  Gets a profile from a program's HTTP port, with libcurl.
 * Bounded: in time and size; redirects to another host are not followed; certificates are verified. Passwords and parameters of
 * an URL go to the server and nowhere else. Without libcurl at build time, fetch_open says so.
 * Threads: main. */
#ifndef CLI_FETCH_H
#define CLI_FETCH_H

#include <stdbool.h>
#include <stddef.h>

#define FETCH_NAME_MAX  512
#define FETCH_BYTES_MAX (64UL << 20)

struct fetch;

/** For the heap profile at @p url: a program's address (http://host:port), its /debug/pprof/, or the profile itself. @p collect:
 *  ask the program for a collection before each. What must not be seen goes from @p url, which argv shows.
 *  @return NULL, and said so, if it is no URL of HTTP. */
struct fetch *fetch_open(char *url, bool collect);
void fetch_close(struct fetch *f);
/** Scheme, host, port and path: for messages. */
const char *fetch_name(const struct fetch *f);
/** One profile; it lives until the next. @return false, with the reason in @p why. */
bool fetch_get(struct fetch *f, const char **bytes, size_t *len, char *why, size_t why_size);

#endif
