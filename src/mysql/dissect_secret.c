/* Packets of the server's that hold a password although their statement shows none. */
#include "mysql/dissect_state.h"
#include "mysql/secret.h"

enum { ERR_PARSE = 1064 };

static bool shows_packets(const struct dissect *d)
{
        return d->settings->packet_bytes > 0 && d->sink.on_packet != NULL;
}

void dissect_hide_named(struct dissect *d, struct flight *f, struct span definition)
{
        if (shows_packets(d) && !f->is_secret && secret_suspected(definition)) {
                f->is_secret = true; /* SELECT * from a table with such a column */
                d->packet_secret = true;
        }
}

void dissect_hide_error(struct dissect *d, const struct flight *f, const struct err *err)
{
        struct span text = span_skip(span_of(f->body, f->body_len), f->text_at);
        if (err->errnum == ERR_PARSE && shows_packets(d) && secret_is_in_error(err->message, text)) {
                d->packet_secret = true;
        }
}
