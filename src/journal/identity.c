#include "journal/identity.h"

#include "profile/heap/prof.h"

/** The member of text @p f. */
static struct span *text_of(struct record_session *session, enum record_field f)
{
        return (struct span *)(void *)((char *)session + (record_offset(f) - RECORD_SESSION));
}

struct identity *identity_new(const struct record *r)
{
        struct record_session session = r->session;
        struct field_set texts = field_set_both(&session.fields, &fields_spans);
        size_t len = 0;
        enum record_field f;
        FIELD_SET_EACH(texts, f)
        {
                len += text_of(&session, f)->len;
        }
        struct identity *identity = prof_alloc(STAGE_JOURNAL, sizeof *identity + len);
        if (identity == NULL) {
                return NULL;
        }
        *identity = (struct identity){.session = session, .size = sizeof *identity + len};
        uint8_t *to = identity->bytes;
        FIELD_SET_EACH(texts, f)
        {
                struct span *text = text_of(&identity->session, f);
                uint8_t *end = span_copy(to, *text);
                *text = span_of(to, text->len);
                to = end;
        }
        identity->session.undecoded = field_set_both(&r->undecoded, &fields_session);
        return identity;
}

void identity_free(struct identity *identity)
{
        prof_free(identity);
}
