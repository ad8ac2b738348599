#include "rules/expr_state.h"

#include <stdarg.h>
#include <stdio.h>

bool expr_fail(struct value_reader *r, size_t at, const char *format, ...)
{
        va_list arguments;
        if (r->status == STATUS_OK) {
                r->status = STATUS_INVALID;
                r->error_at = at;
                va_start(arguments, format);
                (void)vsnprintf(r->error, EXPR_ERROR_MAX, format, arguments);
                va_end(arguments);
        }
        return false;
}

bool expr_out_of_memory(struct value_reader *r)
{
        (void)expr_fail(r, r->at, "out of memory");
        r->status = STATUS_NOMEM;
        return false;
}
