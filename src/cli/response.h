/** @file response.h  Reads a response of HTTP/1.1 (RFC 9112) as it arrives: status, headers, and a body with a length, in chunks, or up to
 * the end of the connection. libevent's client can't connect to UNIX sockets, on which the admin port may listen.
 * Threads: any.   Memory: allocates nothing; the input is the caller's. */
#ifndef CLI_RESPONSE_H
#define CLI_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct evbuffer;

enum response_state {
        RESPONSE_STATUS,     /**< the status line is missing */
        RESPONSE_HEADERS,    /**< the end of the headers is missing */
        RESPONSE_LENGTH,     /**< `left` bytes of the body are missing */
        RESPONSE_CHUNK_HEAD, /**< the length of the next chunk is missing */
        RESPONSE_CHUNK,      /**< `left` bytes of a chunk and the end of its line are missing */
        RESPONSE_TRAILER,    /**< the last chunk was there; the empty line is missing */
        RESPONSE_UNTIL_END,  /**< the body ends with the connection */
        RESPONSE_COMPLETE,
        RESPONSE_WRONG, /**< it is not HTTP */
};

struct response {
        enum response_state state;
        int code;
        uint64_t left;
        bool has_length;
        bool is_chunked;
        const char *wanted; /**< the name of a header, or NULL */
        bool has_wanted;    /**< it was there */
};

struct response response_start(const char *wanted);
/** Take as much of @p in as is complete; the body goes to @p on_body. */
void response_read(struct response *r, struct evbuffer *in,
                   void (*on_body)(void *arg, const char *bytes, size_t n), void *arg);
/** The connection has ended. */
void response_end(struct response *r);
/** Have the headers arrived? */
bool response_has_begun(const struct response *r);

#endif
