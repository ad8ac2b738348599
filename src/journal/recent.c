#include "journal/recent.h"

#include "base/clock.h"
#include "journal/gap.h"
#include "profile/prof.h"

enum status recent_init(struct recent *recent, size_t size)
{
        recent->memory = prof_alloc(STAGE_JOURNAL, size);
        if (recent->memory == NULL) {
                return STATUS_NOMEM;
        }
        keep_init(&recent->keep, recent->memory, size);
        (void)pthread_mutex_init(&recent->mutex, NULL);
        return STATUS_OK;
}

void recent_fini(struct recent *recent)
{
        if (recent->memory != NULL) {
                (void)pthread_mutex_destroy(&recent->mutex);
                prof_free(recent->memory);
                recent->memory = NULL;
        }
}

void recent_add(struct recent *recent, struct span packed)
{
        (void)pthread_mutex_lock(&recent->mutex);
        void *to = keep_add(&recent->keep, packed.len);
        if (to != NULL) {
                memcpy(to, packed.data, packed.len);
        }
        (void)pthread_mutex_unlock(&recent->mutex);
}

uint64_t recent_last(struct recent *recent)
{
        (void)pthread_mutex_lock(&recent->mutex);
        uint64_t last = recent->keep.added;
        (void)pthread_mutex_unlock(&recent->mutex);
        return last;
}

static void print(struct recent *recent, uint64_t number, enum format format, struct writer *w)
{
        struct record record;
        struct span packed = keep_get(&recent->keep, number);
        uint8_t *bytes = recent->memory + (packed.data - recent->memory);
        if (packed.data != NULL && record_unpack(bytes, packed.len, &record)) {
                format_record(w, format, &record);
        }
}

bool recent_read(struct recent *recent, uint64_t *cursor, enum format format, struct writer *w)
{
        (void)pthread_mutex_lock(&recent->mutex);
        const struct keep *k = &recent->keep;
        bool found = *cursor < k->added;
        if (found && *cursor > 0 && *cursor + 1 < k->oldest) {
                struct record gap = gap_record(k->oldest - *cursor - 1, "overwritten before they were read");
                format_record(w, format, &gap);
                *cursor = k->oldest - 1;
        }
        uint64_t number = *cursor + 1 < k->oldest ? k->oldest : *cursor + 1;
        if (found && number <= k->added) {
                print(recent, number, format, w);
                *cursor = number;
        }
        (void)pthread_mutex_unlock(&recent->mutex);
        return found;
}
