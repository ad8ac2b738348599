/** @file web.h  The files of the page, which are part of the program: the folder web/, embedded by script/embed-web.
 * Threads: any.   Memory: none; they are constant. */
#ifndef ADMIN_WEB_H
#define ADMIN_WEB_H

#include <stdbool.h>
#include <stddef.h>

struct call;

struct web_file {
        const char *name; /**< within web/ */
        const char *type; /**< its media type */
        const char *
            tag; /**< its ETag, with quotes; another one if the contents are others; weak if there are two forms */
        bool is_gzip; /**< the data is compressed; it is sent so to clients that accept it */
        const unsigned char *data;
        size_t size; /**< bytes */
};

/** Defined in the file that script/embed-web makes. */
extern const struct web_file web_files[];
extern const size_t web_files_n;

/** Answer @p call with the file called @p name. */
void web_send(struct call *call, const char *name);

#endif
