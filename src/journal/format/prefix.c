#include "journal/format/prefix.h"

#include "profile/heap/prof.h"

void prefix_set(struct prefix *prefix, uint64_t fields, struct span text)
{
        prefix->len = 0;
        if (text.len > prefix->size) {
                prof_free(prefix->text);
                prefix->text = prof_alloc(STAGE_JOURNAL, text.len);
                prefix->size = prefix->text != NULL ? text.len : 0;
        }
        if (prefix->size >= text.len && text.len > 0) {
                memcpy(prefix->text, text.data, text.len);
                prefix->fields = fields;
                prefix->len = text.len;
        }
}

void prefix_clear(struct prefix *prefix)
{
        prefix->len = 0;
}

void prefix_fini(struct prefix *prefix)
{
        prof_free(prefix->text);
        *prefix = (struct prefix){.text = NULL};
}
