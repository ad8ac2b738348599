#include "mysql/dissect/owned_text.h"

#include "profile/heap/prof.h"

bool owned_text_set(struct owned_text *slot, struct span text)
{
        prof_free(slot->at);
        slot->at = prof_spandup(STAGE_DISSECT, text);
        slot->len = slot->at != NULL ? strnlen(slot->at, text.len) : 0; /* a NUL ends a name */
        return slot->at != NULL;
}

void owned_text_drop(struct owned_text *slot)
{
        prof_free(slot->at);
        *slot = (struct owned_text){NULL, 0};
}

void owned_text_move(struct owned_text *slot, struct owned_text *from)
{
        prof_free(slot->at);
        *slot = *from;
        *from = (struct owned_text){NULL, 0};
}
