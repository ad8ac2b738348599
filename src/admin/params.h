/** @file params.h  Checks the query of a request against the parameters of its endpoint. An unknown parameter, one that is there twice, or
 * a value that is not among its words would otherwise have no effect, and nobody would notice.
 * Threads: main.   Memory: none. */
#ifndef ADMIN_PARAMS_H
#define ADMIN_PARAMS_H

#include "admin/endpoint.h"

#include <stdbool.h>

struct call;

/** @return false if the query of @p call is wrong: then @p call was answered and freed. */
bool params_check(struct call *call, const struct endpoint *e);
/** Parameter @p i of @p e, filters and format included; NULL behind the last. */
const struct endpoint_param *params_at(const struct endpoint *e, size_t i, struct endpoint_param *filter);

/* The words of parameters. */

/** 0 and 1. */
const char *params_switch(size_t i);
/** The stages of the heap profiler. */
const char *params_stage(size_t i);

#endif
