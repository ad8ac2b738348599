#include "mysql/wire/handshake.h"

#include "mysql/wire/capability.h"
#include "mysql/wire/lenenc.h"

enum { SCRAMBLE_HEAD = 8, RESERVED_MYSQL = 6, RESERVED_LOGIN = 19 };

bool greeting_parse(struct span payload, struct greeting *out)
{
        struct reader r = reader_over(payload);
        *out = (struct greeting){0};
        if (reader_u8(&r) != HANDSHAKE_VERSION) {
                return false;
        }
        out->server_version = reader_nul(&r);
        out->server_conn_id = reader_u32(&r);
        out->scramble[0] = reader_take(&r, SCRAMBLE_HEAD);
        (void)reader_u8(&r);
        out->low_at = r.at;
        out->capabilities = reader_u16(&r);
        if (r.failed || reader_done(&r)) {
                return !r.failed; /* servers before 4.1 end here */
        }
        out->collation_id = reader_u8(&r);
        (void)reader_u16(&r); /* status */
        out->high_at = r.at;
        out->capabilities |= (uint64_t)reader_u16(&r) << 16;
        uint8_t scramble_len = reader_u8(&r);
        (void)reader_take(&r, RESERVED_MYSQL);
        uint64_t extended = reader_u32(&r);
        if ((out->capabilities & CAP_MYSQL) == 0) {
                out->capabilities |= extended << 32;
        }
        if (r.failed) {
                return false;
        }
        /* the second part of the scramble: at least 13 bytes, whatever the length says */
        size_t second = scramble_len > SCRAMBLE_HEAD + 13 ? (size_t)scramble_len - SCRAMBLE_HEAD : 13;
        out->scramble[1] = reader_take(&r, second < reader_left(&r) ? second : reader_left(&r));
        out->auth_plugin = reader_rest(&r);
        const uint8_t *nul =
            out->auth_plugin.len > 0 ? memchr(out->auth_plugin.data, 0, out->auth_plugin.len) : NULL;
        if (nul != NULL) {
                out->auth_plugin.len = (size_t)(nul - out->auth_plugin.data);
        }
        return true;
}

/** Read a text up to a NUL or, if a client left that out, up to the end. */
static struct span take_text(struct reader *r)
{
        size_t left = reader_left(r);
        if (left > 0 && memchr(r->data + r->at, 0, left) == NULL) {
                return reader_rest(r);
        }
        return reader_nul(r);
}

/** Read what follows the authentication data, in a login and in COM_CHANGE_USER alike. */
static void parse_tail(struct reader *r, struct login *out)
{
        if ((out->capabilities & CAP_PLUGIN_AUTH) != 0 && reader_left(r) > 0) {
                out->auth_plugin = take_text(r);
        }
        if ((out->capabilities & CAP_CONNECT_ATTRS) != 0 && reader_left(r) > 0) {
                out->attributes = lenenc_span(r);
        }
}

static bool has_odd_attribute(struct span attributes)
{
        struct reader r = reader_over(attributes);
        struct span name;
        struct span value;
        while (attribute_next(&r, &name, &value) && !r.odd_length) {
        }
        return r.odd_length;
}

bool login_parse(struct span payload, struct login *out)
{
        struct reader r = reader_over(payload);
        *out = (struct login){0};
        out->capabilities = reader_u32(&r);
        (void)reader_u32(&r); /* largest packet */
        out->collation_id = reader_u8(&r);
        (void)reader_take(&r, RESERVED_LOGIN);
        uint64_t extended = reader_u32(&r);
        if (r.failed || (out->capabilities & CAP_PROTOCOL_41) == 0) {
                return false;
        }
        if ((out->capabilities & CAP_MYSQL) == 0) {
                out->capabilities |= extended << 32;
        }
        out->ssl_request = payload.len == SSL_REQUEST_LENGTH && (out->capabilities & CAP_SSL) != 0;
        if (out->ssl_request) {
                return true;
        }
        out->username = reader_nul(&r);
        out->auth_at = r.at;
        if ((out->capabilities & CAP_AUTH_LENENC) != 0) {
                out->auth = lenenc_span(&r);
        } else if ((out->capabilities & CAP_SECURE_CONNECTION) != 0) {
                out->auth = reader_take(&r, reader_u8(&r));
        } else {
                out->auth = take_text(&r);
        }
        out->auth_end = r.at;
        if ((out->capabilities & CAP_CONNECT_WITH_DB) != 0 && reader_left(&r) > 0) {
                out->database = take_text(&r);
        }
        parse_tail(&r, out);
        out->odd_length = r.odd_length || has_odd_attribute(out->attributes);
        return !r.failed;
}

void login_with_auth(struct span payload, const struct login *login, struct span auth, struct writer *out)
{
        writer_put(out, span_head(payload, login->auth_at));
        if ((login->capabilities & CAP_AUTH_LENENC) != 0 && auth.len > 250) {
                writer_uint(out, 0xfc, 1);
                writer_uint(out, auth.len, 2);
        } else if ((login->capabilities & (CAP_AUTH_LENENC | CAP_SECURE_CONNECTION)) != 0) {
                writer_uint(out, auth.len, 1);
        }
        writer_put(out, auth);
        if ((login->capabilities & (CAP_AUTH_LENENC | CAP_SECURE_CONNECTION)) == 0) {
                writer_uint(out, 0, 1);
        }
        writer_put(out, span_skip(payload, login->auth_end));
}

bool change_user_parse(struct span payload, uint64_t capabilities, struct login *out)
{
        struct reader r = reader_over(payload);
        *out = (struct login){.capabilities = capabilities};
        (void)reader_u8(&r);
        out->username = reader_nul(&r);
        if ((capabilities & CAP_SECURE_CONNECTION) != 0) {
                (void)reader_take(&r, reader_u8(&r));
        } else {
                (void)reader_nul(&r);
        }
        out->database = take_text(&r);
        if (reader_left(&r) > 0) {
                out->collation_id = reader_u16(&r);
        }
        parse_tail(&r, out);
        out->odd_length = r.odd_length || has_odd_attribute(out->attributes);
        return !r.failed;
}

bool attribute_next(struct reader *attributes, struct span *name, struct span *value)
{
        if (reader_left(attributes) == 0) {
                return false;
        }
        *name = lenenc_span(attributes);
        *value = lenenc_span(attributes);
        return !attributes->failed;
}

struct span auth_switch_plugin(struct span payload, struct span *data)
{
        struct reader r = reader_over(span_skip(payload, 1));
        struct span plugin = reader_left(&r) > 0 ? take_text(&r) : (struct span){NULL, 0};
        *data = reader_rest(&r);
        return plugin;
}
