/** @file fields.h  Walking over a record's fields, and what all formats show of a text. */
#ifndef MYSQL_RECORD_FIELDS_H
#define MYSQL_RECORD_FIELDS_H

#include "base/utf8.h"
#include "mysql/record/record.h"

/** The fields that a record has, in the order of the table. */
static inline struct field_set fields_begin(const struct record *r)
{
        return r->present;
}

/** @return the next field, or FIELD_COUNT at the end. */
static inline enum record_field fields_next(struct field_set *walk)
{
        return field_set_take(walk);
}

/** The text of field @p f. One that was cut may end within a character: that alone makes it no binary text. */
static inline struct span fields_text(const struct record *r, enum record_field f)
{
        bool is_cut = field_set_has(&r->cut, f) || (f == FIELD_QUERY && record_has(r, FIELD_QUERY_LENGTH));
        return is_cut ? utf8_trim(record_text(r, f)) : record_text(r, f);
}

/** Its bytes are no text in its character set, though they may look like UTF-8. */
static inline bool fields_undecoded(const struct record *r, enum record_field f)
{
        return field_set_has(&r->undecoded, f);
}

#endif
