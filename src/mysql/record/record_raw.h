/** @file record_raw.h  A record in which passwords may still stand.
 *
 *      tap -> record_raw -> journal_put -> ring -> journal thread: enrich_raw -> record -> formats, sinks, recent records
 *
 * The search for passwords is left to the journal's thread, so that it costs the workers nothing. Until then the record is of this
 * type, which no format, sink, filter, endpoint or command takes; enrich_raw (journal/enrich/enrich.h) removes the passwords and gives
 * the record. tests/rooms.sh lists the files that may name this type. */
#ifndef MYSQL_RECORD_RECORD_RAW_H
#define MYSQL_RECORD_RECORD_RAW_H

#include "mysql/record/record.h"

struct record_raw {
        struct record with_secrets;
};

/** @p r, of which nobody has removed the passwords yet. */
static inline const struct record_raw *record_raw_of(const struct record *r)
{
        return (const struct record_raw *)(const void *)r;
}

#endif
