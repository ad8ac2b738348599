#include "mysql/wire/handshake.h"

#include "mysql/wire/capability.h"
#include "mysql/wire/lenenc.h"

enum { SCRAMBLE_HEAD = 8, RESERVED_MYSQL = 6, RESERVED_LOGIN = 19 };

FIELD_READER bool read_greeting(struct span payload, struct greeting *out, struct field_trace *f)
{
        struct reader r = reader_over(payload);
        *out = (struct greeting){0};
        uint8_t version = reader_u8(&r);
        field_number(f, &r, "protocol version", version);
        if (version != HANDSHAKE_VERSION) {
                return false;
        }
        out->server_version = reader_nul(&r);
        field_string(f, &r, "server version", out->server_version);
        out->server_conn_id = reader_u32(&r);
        field_number(f, &r, "connection ID", out->server_conn_id);
        out->scramble[0] = reader_take(&r, SCRAMBLE_HEAD);
        field_bytes(f, &r, "scramble, first part");
        (void)reader_u8(&r);
        field_bytes(f, &r, "filler");
        out->low_at = r.at;
        out->capabilities = reader_u16(&r);
        field_form(f, &r, "capabilities 0-15", AS_CAPABILITIES, out->capabilities);
        if (r.failed || reader_done(&r)) {
                return !r.failed; /* servers before 4.1 end here */
        }
        out->collation_id = reader_u8(&r);
        field_number(f, &r, "collation", out->collation_id);
        uint16_t status = reader_u16(&r);
        field_form(f, &r, "status", AS_STATUS, status);
        out->high_at = r.at;
        uint64_t high = (uint64_t)reader_u16(&r) << 16;
        field_form(f, &r, "capabilities 16-31", AS_CAPABILITIES, high);
        out->capabilities |= high;
        uint8_t scramble_len = reader_u8(&r);
        field_number(f, &r, "length of both parts of the scramble", scramble_len);
        (void)reader_take(&r, RESERVED_MYSQL);
        field_bytes(f, &r, "reserved");
        uint64_t extended = (uint64_t)reader_u32(&r) << 32;
        field_form(f, &r, "capabilities of MariaDB", AS_CAPABILITIES, extended);
        if ((out->capabilities & CAP_MYSQL) == 0) {
                out->capabilities |= extended;
        }
        if (r.failed) {
                return false;
        }
        /* the second part of the scramble: at least 13 bytes, whatever the length says */
        size_t second = scramble_len > SCRAMBLE_HEAD + 13 ? (size_t)scramble_len - SCRAMBLE_HEAD : 13;
        out->scramble[1] = reader_take(&r, second < reader_left(&r) ? second : reader_left(&r));
        field_bytes(f, &r, "scramble, second part");
        out->auth_plugin = reader_rest(&r);
        const uint8_t *nul =
            out->auth_plugin.len > 0 ? memchr(out->auth_plugin.data, 0, out->auth_plugin.len) : NULL;
        if (nul != NULL) {
                out->auth_plugin.len = (size_t)(nul - out->auth_plugin.data);
        }
        field_string(f, &r, "authentication plugin", out->auth_plugin);
        return true;
}

bool greeting_parse(struct span payload, struct greeting *out)
{
        return read_greeting(payload, out, NULL);
}

void greeting_fields(struct field_trace *f)
{
        struct greeting greeting;
        (void)read_greeting(f->payload, &greeting, f);
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
FIELD_READER void read_tail(struct reader *r, struct login *out, struct field_trace *f)
{
        if ((out->capabilities & CAP_PLUGIN_AUTH) != 0 && reader_left(r) > 0) {
                out->auth_plugin = take_text(r);
                field_string(f, r, "authentication plugin", out->auth_plugin);
        }
        if ((out->capabilities & CAP_CONNECT_ATTRS) != 0 && reader_left(r) > 0) {
                out->attributes = lenenc_span(r);
                field_length(f, r, "attributes", out->attributes.len);
        }
}

FIELD_READER bool next_attribute(struct reader *attributes, struct span *name, struct span *value,
                                 struct field_trace *f)
{
        if (reader_left(attributes) == 0) {
                return false;
        }
        *name = lenenc_span(attributes);
        field_text(f, attributes, "attribute", *name);
        *value = lenenc_span(attributes);
        field_text(f, attributes, "value of attribute", *value);
        return !attributes->failed;
}

FIELD_READER bool has_odd_attribute(struct span attributes, struct field_trace *f)
{
        struct reader r = reader_over(attributes);
        struct span name;
        struct span value;
        while (next_attribute(&r, &name, &value, f) && (f != NULL || !r.odd_length)) {
        }
        return r.odd_length;
}

FIELD_READER bool read_login(struct span payload, struct login *out, struct field_trace *f)
{
        struct reader r = reader_over(payload);
        *out = (struct login){0};
        out->capabilities = reader_u32(&r);
        field_form(f, &r, "capabilities", AS_CAPABILITIES, out->capabilities);
        uint32_t largest = reader_u32(&r);
        field_number(f, &r, "largest packet", largest);
        out->collation_id = reader_u8(&r);
        field_number(f, &r, "collation", out->collation_id);
        (void)reader_take(&r, RESERVED_LOGIN);
        field_bytes(f, &r, "reserved");
        uint64_t extended = reader_u32(&r);
        field_form(f, &r, "capabilities of MariaDB", AS_CAPABILITIES, extended << 32);
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
        field_string(f, &r, "user", out->username);
        out->auth_at = r.at;
        if ((out->capabilities & CAP_AUTH_LENENC) != 0) {
                out->auth = lenenc_span(&r);
        } else if ((out->capabilities & CAP_SECURE_CONNECTION) != 0) {
                out->auth = reader_take(&r, reader_u8(&r));
        } else {
                out->auth = take_text(&r);
        }
        field_bytes(f, &r, "authentication data");
        out->auth_end = r.at;
        if ((out->capabilities & CAP_CONNECT_WITH_DB) != 0 && reader_left(&r) > 0) {
                out->database = take_text(&r);
                field_string(f, &r, "database", out->database);
        }
        read_tail(&r, out, f);
        out->odd_length = r.odd_length || has_odd_attribute(out->attributes, f);
        return !r.failed;
}

bool login_parse(struct span payload, struct login *out)
{
        return read_login(payload, out, NULL);
}

void login_fields(struct field_trace *f)
{
        struct login login;
        (void)read_login(f->payload, &login, f);
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
        read_tail(&r, out, NULL);
        out->odd_length = r.odd_length || has_odd_attribute(out->attributes, NULL);
        return !r.failed;
}

bool attribute_next(struct reader *attributes, struct span *name, struct span *value)
{
        return next_attribute(attributes, name, value, NULL);
}

FIELD_READER struct span read_auth_switch(struct span payload, struct span *data, struct field_trace *f)
{
        struct reader r = reader_over(payload);
        field_form(f, &r, "header", AS_HEX, reader_u8(&r));
        struct span plugin = reader_left(&r) > 0 ? take_text(&r) : (struct span){NULL, 0};
        field_string(f, &r, "authentication plugin", plugin);
        *data = reader_rest(&r);
        field_bytes(f, &r, "data of the plugin");
        return plugin;
}

struct span auth_switch_plugin(struct span payload, struct span *data)
{
        return read_auth_switch(payload, data, NULL);
}

void auth_switch_fields(struct field_trace *f)
{
        struct span data;
        (void)read_auth_switch(f->payload, &data, f);
}
