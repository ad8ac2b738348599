/* The phases before the first command: greeting, login, authentication. Also the exchange of COM_CHANGE_USER. */
#include "mysql/capability.h"
#include "mysql/charset.h"
#include "mysql/dissect_state.h"
#include "mysql/handshake.h"
#include "mysql/lenenc.h"
#include "profile/prof.h"

enum { MAX_ATTRIBUTES = 256 };

static const char *lose(struct dissect *d, const char *reason, const struct message *m, enum side from)
{
        dissect_lose(d, reason, m, from);
        return "?";
}

static void set_collation(struct dissect *d, uint16_t id)
{
        const char *name = charset_name(id);
        if (name != NULL) {
                dissect_set_character_set(d, name);
        }
}

/** The record of a login that ended, well or with @p err. */
static void emit_auth(struct dissect *d, const struct message *m, const struct err *err)
{
        struct record r = dissect_record(d, EVENT_AUTH, d->login_start_ns);
        r.charsets[RECORD_RESULTS] = d->charsets.results;
        struct reader names = reader_over(span_of(d->attributes, d->attributes_len));
        struct value *values = d->attributes_len > 0 ? dissect_values(d, MAX_ATTRIBUTES) : NULL;
        size_t n = 0;
        while (values != NULL && n < MAX_ATTRIBUTES &&
               attribute_next(&names, &values[n].name, &values[n].bytes)) {
                values[n].type = VALUE_VAR_STRING;
                values[n].charset = d->charsets.login;
                values[n].true_len = values[n].bytes.len;
                n++;
        }
        if (n > 0) {
                record_set_list(&r, FIELD_CONNECT_ATTRIBUTES, (struct value_list){values, n});
        }
        if (d->server_version != NULL) {
                record_set_text(&r, FIELD_SERVER_VERSION, span_str(d->server_version));
        }
        if (d->auth_plugin != NULL && *d->auth_plugin != '\0') {
                record_set_text(&r, FIELD_AUTH_PLUGIN, span_str(d->auth_plugin));
        }
        record_set_uint(&r, FIELD_DURATION_US, (m->end_ns - d->login_start_ns) / 1000);
        if (err != NULL) {
                record_set_uint(&r, FIELD_ERRNO, err->errnum);
                if (err->sqlstate.len > 0) {
                        record_set_text(&r, FIELD_SQLSTATE, err->sqlstate);
                }
                record_set_text(&r, FIELD_ERROR, err->message);
        }
        d->sink.on_record(d->sink.arg, &r);
        prof_free(d->attributes);
        d->attributes = NULL;
        d->attributes_len = 0;
}

/** The server refuses: before, within or after the login. */
static const char *refused(struct dissect *d, const struct message *m)
{
        struct err err;
        if (!err_parse(m->body, &err)) {
                return lose(d, "a malformed ERR packet", m, SIDE_SERVER);
        }
        emit_auth(d, m, &err);
        return "ERR";
}

const char *login_on_greeting(struct dissect *d, const struct message *m)
{
        struct greeting greeting;
        d->login_start_ns = m->start_ns;
        if (m->first == REPLY_ERR) {
                return refused(d, m);
        }
        if (m->seq != 0 || !greeting_parse(m->body, &greeting)) {
                return lose(d, "the server's first packet is no greeting of protocol version 10", m,
                            SIDE_SERVER);
        }
        d->capabilities = greeting.capabilities;
        d->server_conn_id = greeting.server_conn_id;
        d->charsets.server = charset_of_collation(greeting.collation_id);
        if (!dissect_set_text(&d->server_version, greeting.server_version) ||
            !dissect_set_text(&d->auth_plugin, greeting.auth_plugin)) {
                return lose(d, "out of memory", NULL, SIDE_SERVER);
        }
        d->phase = PHASE_LOGIN;
        return "greeting";
}

const char *login_on_early_reply(struct dissect *d, const struct message *m)
{
        /* such as "connection timed out", while the login is awaited */
        return m->first == REPLY_ERR ? refused(d, m) : lose(d, "a reply before the login", m, SIDE_SERVER);
}

static bool keep_attributes(struct dissect *d, struct span attributes)
{
        if (attributes.len == 0) {
                return true;
        }
        d->attributes = prof_alloc(STAGE_DISSECT, attributes.len);
        if (d->attributes == NULL) {
                return false;
        }
        memcpy(d->attributes, attributes.data, attributes.len);
        d->attributes_len = attributes.len;
        return true;
}

const char *login_on_login(struct dissect *d, const struct message *m)
{
        struct login login;
        d->packet_secret = true;
        if (m->seq != 1 || !login_parse(m->body, &login)) {
                return lose(d, "the client's first packet is no login of protocol 4.1", m, SIDE_CLIENT);
        }
        d->capabilities &= login.capabilities;
        if (login.ssl_request) {
                d->packet_secret = false;
                return lose(d, "the session is encrypted (TLS)", m, SIDE_CLIENT);
        }
        set_collation(d, login.collation_id);
        if (!dissect_set_text(&d->username, login.username) ||
            !dissect_set_text(&d->database, login.database) ||
            (login.auth_plugin.len > 0 && !dissect_set_text(&d->auth_plugin, login.auth_plugin)) ||
            !keep_attributes(d, login.attributes)) {
                return lose(d, "out of memory", NULL, SIDE_CLIENT);
        }
        d->phase = PHASE_AUTH;
        return "login";
}

const char *login_on_client(struct dissect *d, const struct message *m)
{
        if (m->seq == 0) {
                return request_on_message(d, m); /* a command that does not wait for the login's reply */
        }
        d->packet_secret = true;
        return "authentication data";
}

const char *login_exchange(struct dissect *d, const struct message *m)
{
        switch (m->first) {
        case REPLY_EOF: {
                struct span plugin = auth_switch_plugin(m->body);
                d->packet_secret = true;
                if (plugin.len > 0 && !dissect_set_text(&d->auth_plugin, plugin)) {
                        return lose(d, "out of memory", NULL, SIDE_SERVER);
                }
                return "AuthSwitchRequest";
        }
        case REPLY_MORE_DATA: d->packet_secret = true; return "AuthMoreData";
        case REPLY_FACTOR: d->packet_secret = true; return "AuthNextFactor";
        default: return NULL;
        }
}

const char *login_on_server(struct dissect *d, const struct message *m)
{
        struct ok ok;
        if (m->first == REPLY_ERR) {
                return refused(d, m);
        }
        if (m->first != REPLY_OK) {
                const char *name = login_exchange(d, m);
                return name != NULL ? name
                                    : lose(d, "an unknown packet within the authentication", m, SIDE_SERVER);
        }
        if (!ok_parse(m->body, d->capabilities, &ok)) {
                return lose(d, "a malformed OK packet", m, SIDE_SERVER);
        }
        if (ok.has_schema) {
                d->charsets.database = CHARSET_UNKNOWN; /* it is UTF-8 */
                if (!dissect_set_text(&d->database, ok.schema)) {
                        return lose(d, "out of memory", NULL, SIDE_SERVER);
                }
        }
        if (ok.character_set.len > 0) {
                d->charsets.client = charset_of_name(ok.character_set);
        }
        if (ok.has_results_set) {
                d->charsets.results = charset_of_name(ok.results_set);
        }
        emit_auth(d, m, NULL);
        if ((d->capabilities & (CAP_COMPRESS | CAP_ZSTD)) != 0) {
                return lose(d, "the session is compressed", m, SIDE_SERVER);
        }
        d->phase = PHASE_READY;
        return "OK";
}
