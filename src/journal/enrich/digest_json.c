#include "journal/enrich/digest_json.h"

#include "base/json.h"
#include "mysql/record/record.h"
#include "mysql/sql/digest.h"

size_t digest_json_size(size_t len)
{
        const size_t keys = record_fields[FIELD_DIGEST].key_len + record_fields[FIELD_DIGEST_TEXT].key_len;
        return keys + DIGEST_HEX + len + 4; /* quotes */
}

static uint8_t *put_member(uint8_t *to, enum record_field f, struct span text)
{
        to = span_copy(to, span_of(record_fields[f].key, record_fields[f].key_len));
        *to++ = '"';
        to = span_copy(to, text);
        *to++ = '"';
        return to;
}

struct span digest_json_put(uint8_t *to, const char *hex, struct span text)
{
        uint8_t *at = put_member(to, FIELD_DIGEST, span_of(hex, DIGEST_HEX));
        if (!json_copy_plain(at, text)) {
                return (struct span){NULL, 0};
        }
        at = put_member(at, FIELD_DIGEST_TEXT, text);
        return span_of(to, (size_t)(at - to));
}
