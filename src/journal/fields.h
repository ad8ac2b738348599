/** @file fields.h  Walking over a record's fields, and what all formats show of a text. */
#ifndef JOURNAL_FIELDS_H
#define JOURNAL_FIELDS_H

#include "base/utf8.h"
#include "mysql/record.h"

/** The fields that a record has, in the order of the table. */
struct fields_walk {
        uint64_t bits;
};

static inline struct fields_walk fields_begin(const struct record *r)
{
        return (struct fields_walk){r->present};
}

/** @return the next field, or FIELD_COUNT at the end. */
static inline enum record_field fields_next(struct fields_walk *walk)
{
        if (walk->bits == 0) {
                return FIELD_COUNT;
        }
        unsigned i = (unsigned)__builtin_ctzll(walk->bits);
        walk->bits &= walk->bits - 1;
        return (enum record_field)i;
}

/** The text of field @p f. One that was cut may end within a character: that alone makes it no binary text. */
static inline struct span fields_text(const struct record *r, enum record_field f)
{
        bool is_cut = (r->cut >> f & 1) != 0 || (f == FIELD_QUERY && record_has(r, FIELD_QUERY_LENGTH));
        return is_cut ? utf8_trim(record_text(r, f)) : record_text(r, f);
}

/** Its bytes are no text in its character set, though they may look like UTF-8. */
static inline bool fields_undecoded(const struct record *r, enum record_field f)
{
        return (r->undecoded >> f & 1) != 0;
}

#endif
