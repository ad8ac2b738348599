/** @file endpoint.h  One endpoint of the admin port: a row of the table in endpoints.c.
 * Threads: main.   Memory: none; rows are constant. */
#ifndef ADMIN_ENDPOINT_H
#define ADMIN_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct admin_context;
struct column_table;
struct call;

/** What stands in a path where the path of its endpoint has a '*'. */
struct endpoint_place {
        uint64_t number;  /**< 0 if it is a text */
        const char *text; /**< "" if it is a number; valid as long as the request */
};

/** A parameter of a query. */
struct endpoint_param {
        const char *name;
        /** Word @p i of those that its value may be, NULL behind the last; NULL: the handler checks the value. */
        const char *(*word)(size_t i);
        const char *help;  /**< a sentence */
        const char *right; /**< a value that is accepted; NULL: any of the words */
        const char
            *wrong;     /**< one that is rejected; NULL: there is none, or all that are not among the words */
        bool is_number; /**< from 0 to max */
        bool is_required;
        uint64_t max;
};

struct endpoint {
        const char *method; /**< "GET" or "POST" */
        const char *
            path; /**< it may have one '*', which stands for a number, as in "/sessions/N/hex" for N, or for the rest of the path */
        const char *help;
        void (*handle)(struct call *call); /**< ends in call_reply or call_fail (call.h) */
        const char *count_name;            /**< its name on the index of profiles; NULL = it is not there */
        uint64_t (*count)(const struct admin_context *a);
        bool is_open;   /**< its '*', which is at the end, stands for any text */
        bool any_query; /**< its query need not be a list of name=value */
        bool filters;   /**< it also has the parameters filter_keys */
        /** Its parameters, ending with a name that is NULL; NULL = none. Each endpoint also has format=text|json, unless its own
         *  parameters include another "format". */
        const struct endpoint_param *params;
        const char *const *
            types; /**< media types of the reply, ending with NULL; NULL = text and, with format=json, JSON */
        const struct column_table
            *table; /**< its rows are the items of the JSON array `list`; NULL = it has none */
        const char *list;
};

#endif
