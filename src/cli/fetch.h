/** @file fetch.h  Fetch profiles from the HTTP port of a program, with libcurl.
 * Time and size are limited, redirects to another host are not followed, certificates are verified. Passwords and parameters of
 * a URL are sent to the server and shown nowhere. If querytap was built without libcurl, fetch_open reports that.
 * Threads: main. */
#ifndef CLI_FETCH_H
#define CLI_FETCH_H

#include <stdbool.h>
#include <stddef.h>

#define FETCH_NAME_MAX  512
#define FETCH_BYTES_MAX (64UL << 20)

struct fetch;

/** Prepare to fetch the heap profile at @p url: the address of a program (http://host:port), its /debug/pprof/, or the profile itself.
 *  @p collect: the program runs a garbage collection first. Secrets in @p url, which is in argv, are overwritten.
 *  @return NULL if it is not an HTTP URL, which is reported. */
struct fetch *fetch_open(char *url, bool collect);
void fetch_close(struct fetch *f);
/** Scheme, host, port and path, for messages. */
const char *fetch_name(const struct fetch *f);
/** Fetch a profile; *@p bytes is valid until the next call. @return false if it failed; the reason is in @p why. */
bool fetch_get(struct fetch *f, const char **bytes, size_t *len, char *why, size_t why_size);

#endif
