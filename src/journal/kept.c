#include "journal/kept.h"

#include "profile/heap/prof.h"

struct kept_text {
        struct kept_text *next;
        uint8_t text[];
};

struct span kept_add(struct kept_text **list, struct span text)
{
        struct kept_text *kept = prof_alloc(STAGE_JOURNAL, sizeof *kept + text.len);
        if (kept == NULL || text.len == 0) {
                prof_free(kept);
                return (struct span){NULL, 0};
        }
        memcpy(kept->text, text.data, text.len);
        kept->next = *list;
        *list = kept;
        return span_of(kept->text, text.len);
}

void kept_free(struct kept_text **list)
{
        while (*list != NULL) {
                struct kept_text *next = (*list)->next;
                prof_free(*list);
                *list = next;
        }
}
