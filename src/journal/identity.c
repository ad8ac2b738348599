#include "journal/identity.h"

/** The member of text @p f. */
static struct span *text_of(struct record_session *session, enum record_field f)
{
        return (struct span *)(void *)((char *)session + (record_offset(f) - RECORD_CARRIED));
}

size_t identity_size(const struct record *r)
{
        struct record_session session = r->carried;
        struct field_set texts = field_set_both(&session.fields, &fields_spans);
        size_t size = sizeof(struct identity);
        enum record_field f;
        FIELD_SET_EACH(texts, f)
        {
                size += text_of(&session, f)->len;
        }
        return size;
}

void identity_init(struct identity *identity, size_t size, const struct record *r)
{
        *identity = (struct identity){.session = r->carried, .size = size};
        struct field_set texts = field_set_both(&identity->session.fields, &fields_spans);
        uint8_t *to = identity->bytes;
        enum record_field f;
        FIELD_SET_EACH(texts, f)
        {
                struct span *text = text_of(&identity->session, f);
                uint8_t *end = span_copy(to, *text);
                *text = span_of(to, text->len);
                to = end;
        }
        identity->session.undecoded = field_set_both(&r->undecoded, &fields_session);
}
