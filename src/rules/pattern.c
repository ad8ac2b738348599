#include "rules/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8

#include "base/diag.h"
#include "profile/heap/prof.h"

#include <pcre2.h>
#include <stdio.h>

enum {
        /* steps for each start in the text, and bytes of text that are searched: their product bounds the time */
        MATCH_LIMIT = 10000,
        HEAP_LIMIT_KIB = 1024,
        SEARCHED = 16 * 1024,
};

struct pattern {
        pcre2_general_context *general;
        pcre2_code *code;
        pcre2_match_data *match;
        pcre2_match_context *context;
        bool limit_logged;
};

static void *take_memory(size_t size, void *unused)
{
        (void)unused;
        return prof_lib_alloc(LIB_PCRE2, size);
}

static void give_memory(void *block, void *unused)
{
        (void)unused;
        prof_free(block);
}

static enum status compile(struct pattern *p, const char *text, char *error, size_t size)
{
        int number = 0;
        PCRE2_SIZE at = 0;
        pcre2_compile_context *compile_context = pcre2_compile_context_create(p->general);
        if (compile_context == NULL) {
                return STATUS_NOMEM;
        }
        p->code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, PCRE2_UTF | PCRE2_MATCH_INVALID_UTF,
                                &number, &at, compile_context);
        pcre2_compile_context_free(compile_context);
        if (p->code == NULL) {
                PCRE2_UCHAR message[128] = "";
                (void)pcre2_get_error_message(number, message, sizeof message);
                (void)snprintf(error, size, "%s at offset %zu", (const char *)message, (size_t)at);
                return number == PCRE2_ERROR_HEAP_FAILED ? STATUS_NOMEM : STATUS_INVALID;
        }
        (void)pcre2_jit_compile(p->code,
                                PCRE2_JIT_COMPLETE); /* without a JIT compiler pcre2_match interprets */
        return STATUS_OK;
}

enum status pattern_new(const char *text, struct pattern **out, char *error, size_t size)
{
        PROF_SCOPE(STAGE_JOURNAL);
        enum status status = STATUS_NOMEM;
        struct pattern *p = prof_calloc(STAGE_JOURNAL, 1, sizeof *p);
        *out = NULL;
        if (p == NULL) {
                return STATUS_NOMEM;
        }
        p->general = pcre2_general_context_create(take_memory, give_memory, NULL);
        if (p->general != NULL) {
                status = compile(p, text, error, size);
        }
        if (status == STATUS_OK) {
                p->match = pcre2_match_data_create_from_pattern(p->code, p->general);
                p->context = pcre2_match_context_create(p->general);
                status = p->match != NULL && p->context != NULL ? STATUS_OK : STATUS_NOMEM;
        }
        if (status != STATUS_OK) {
                pattern_free(p);
                return status;
        }
        (void)pcre2_set_match_limit(p->context, MATCH_LIMIT);
        (void)pcre2_set_depth_limit(p->context, MATCH_LIMIT);
        (void)pcre2_set_heap_limit(p->context, HEAP_LIMIT_KIB);
        *out = p;
        return STATUS_OK;
}

void pattern_free(struct pattern *p)
{
        if (p != NULL) {
                pcre2_match_context_free(p->context);
                pcre2_match_data_free(p->match);
                pcre2_code_free(p->code);
                pcre2_general_context_free(p->general);
                prof_free(p);
        }
}

enum pattern_result pattern_search(struct pattern *p, struct span text)
{
        PROF_SCOPE(STAGE_JOURNAL);
        struct span head = span_head(text, SEARCHED);
        uint32_t options =
            text.len > head.len ? PCRE2_NOTEOL : 0; /* the text continues, so $ must not match here */
        int n = pcre2_match(p->code, head.data != NULL ? head.data : (PCRE2_SPTR) "", head.len, 0, options,
                            p->match, p->context);
        if (n >= 0) {
                return PATTERN_FOUND;
        }
        if (n != PCRE2_ERROR_NOMATCH && !p->limit_logged) {
                p->limit_logged = true;
                diag(DIAG_WARNING, "a pattern takes too long to evaluate on some statements: these match "
                                   "neither it nor its negation");
        }
        return n == PCRE2_ERROR_NOMATCH && text.len == head.len ? PATTERN_ABSENT : PATTERN_UNDECIDED;
}
