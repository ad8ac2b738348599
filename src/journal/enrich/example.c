#include "journal/enrich/example.h"

#include "mysql/record/record_cut.h"
#include "profile/heap/prof.h"

enum { EXAMPLE_MAX = 8192 };

/** Give @p to the field @p f of @p r, if it has that. */
static void copy_field(struct record *to, const struct record *r, enum record_field f)
{
        if (!record_has(r, f)) {
                return;
        }
        if (record_is_list(f)) {
                record_set_list(to, f, record_list(r, f));
        } else if (record_is_span(f)) {
                record_set_text(to, f, record_text(r, f));
        } else {
                record_set_uint(to, f, record_uint(r, f));
        }
}

struct record_packed *example_of(const struct record *r)
{
        static const enum record_field kept[] = {FIELD_QUERY,
                                                 FIELD_QUERY_LENGTH,
                                                 FIELD_STMT_PREPARE_QUERY,
                                                 FIELD_STMT_PREPARE_QUERY_LENGTH,
                                                 FIELD_STMT_EXECUTE_VALUES,
                                                 FIELD_TAGS,
                                                 FIELD_TRACEPARENT,
                                                 FIELD_SCOPE,
                                                 FIELD_REDACTED};
        struct record example;
        char reason[RECORD_CUT_REASON];
        record_clear(&example);
        for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
                copy_field(&example, r, kept[i]);
        }
        example.cut = r->cut;
        example.undecoded = r->undecoded;
        if (record_pack_size(&example) > EXAMPLE_MAX &&
            !record_cut(&example, EXAMPLE_MAX, "the size of an example", reason)) {
                return NULL;
        }
        uint8_t *packed = prof_alloc(STAGE_JOURNAL, record_pack_size(&example));
        if (packed != NULL) {
                record_pack(&example, packed);
        }
        return (struct record_packed *)(void *)packed;
}
