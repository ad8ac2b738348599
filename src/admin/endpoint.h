/** @file endpoint.h  What the admin port answers at one path: a row of the table in endpoints.c.
 * Threads: main.   Memory: none; rows are constant. */
#ifndef ADMIN_ENDPOINT_H
#define ADMIN_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

struct admin_context;
struct call;

struct endpoint {
        const char *method; /**< "GET" or "POST" */
        const char *path;   /**< with one '*' that stands for a number, such as "/sessions/N/hex" */
        const char *help;
        void (*handle)(struct call *call); /**< ends in call_reply or call_fail (call.h) */
        const char *count_name;            /**< row on the index of profiles; NULL = none */
        uint64_t (*count)(const struct admin_context *a);
        bool any_query; /**< its query need not be a name=value list */
};

#endif
