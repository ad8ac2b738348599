#include "mysql/definitions.h"

#include "mysql/capability.h"
#include "mysql/dissect_state.h"

static bool look(struct span definition, uint64_t agreed)
{
        return lint_is_plain_definition(definition, agreed) && !dissect_names_secret(definition);
}

/** Where @p definition is kept if it is: by its column's names, which stand before the fixed fields, and its table's. */
static struct definition *place_of(struct definitions *d, struct span definition)
{
        enum { FIXED = 13, NAMES = 8, TABLES = 12 };
        uint64_t names;
        uint64_t tables;
        memcpy(&names, definition.data + definition.len - FIXED - NAMES, sizeof names);
        memcpy(&tables, definition.data + TABLES, sizeof tables);
        uint64_t hash =
            (names ^ (tables << 1 | tables >> 63)) * 0x9e3779b97f4a7c15U; /* 2^64 by the golden ratio */
        return &d->known[hash >> 59];
}

bool definitions_are_plain(struct definitions *d, struct span definition, uint64_t agreed)
{
        enum { SHORT = 24 }; /* no real one is */
        _Static_assert(DEFINITIONS_KNOWN == 1 << (64 - 59), "a place for each hash");
        if (definition.len < SHORT || definition.len > DEFINITION_MAX) {
                return look(definition, agreed);
        }
        struct definition *known = place_of(d, definition);
        bool extended = (agreed & CAP_MARIADB_EXTENDED_META) != 0;
        if (known->extended == extended && span_equal(span_of(known->bytes, known->len), definition)) {
                return true;
        }
        if (!look(definition, agreed)) {
                return false;
        }
        known->len = (uint8_t)definition.len;
        known->extended = extended;
        memcpy(known->bytes, definition.data, definition.len);
        return true;
}
