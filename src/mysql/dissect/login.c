/* The phases before the first command: greeting, login, authentication. Also the exchange of COM_CHANGE_USER. */
#include "mysql/dissect/dissect_state.h"
#include "mysql/wire/capability.h"
#include "mysql/wire/charset.h"
#include "mysql/wire/handshake.h"
#include "mysql/wire/lenenc.h"
#include "profile/heap/prof.h"

enum { MAX_ATTRIBUTES = 256, PATH_MAX_BYTES = 256, LOGIN_SEQ = 1 };

static void set_collation(struct dissect *d, uint16_t id)
{
        const char *name = charset_name(id);
        if (name != NULL) {
                dissect_set_character_set(d, name);
        }
}

/* --- how it goes, told in one line ------------------------------------------------------------------------------ */

/** Add a step to the path. @return false when memory is out. */
static bool add_step(struct dissect *d, struct span step)
{
        static const char arrow[] = " > ";
        size_t before = d->auth_path != NULL ? strlen(d->auth_path) : 0;
        size_t room =
            before < PATH_MAX_BYTES ? PATH_MAX_BYTES - before : 0; /* a server could go on for ever */
        if (step.len == 0 || step.len + sizeof arrow > room) {
                return true;
        }
        char *longer = prof_realloc(STAGE_DISSECT, d->auth_path, before + step.len + sizeof arrow);
        if (longer == NULL) {
                return false;
        }
        d->auth_path = longer;
        struct writer w = writer_over(longer + before, step.len + sizeof arrow - 1);
        writer_text(&w, before > 0 ? arrow : "");
        writer_put(&w, step);
        longer[before + w.at] = '\0';
        return true;
}

/** What a plugin's packet from the server says, where the protocol tells: else NULL. */
static const char *step_of_data(const struct dissect *d, struct span data)
{
        bool caching = span_equal(dissect_text(&d->auth_plugin), span_str("caching_sha2_password"));
        if (caching && data.len == 1) {
                return data.data[0] == 3 ? "fast path" : data.data[0] == 4 ? "full authentication" : NULL;
        }
        static const char pem[] = "-----BEGIN PUBLIC KEY";
        return span_equal(span_head(data, sizeof pem - 1), span_str(pem)) ? "public key" : NULL;
}

static void put_capabilities(const struct dissect *d, struct record *r)
{
        if (d->server_conn_id != 0) {
                record_set_uint(r, FIELD_SERVER_CAPABILITIES, d->server_capabilities);
        }
        if (d->client_capabilities != 0) {
                record_set_uint(r, FIELD_CLIENT_CAPABILITIES, d->client_capabilities);
                record_set_uint(r, FIELD_CAPABILITIES, d->capabilities);
        }
}

/** What both sides agreed on, if they did; zlib comes first where both know both. */
static bool compression_of(const struct dissect *d, enum compress_algorithm *out)
{
        *out = (d->capabilities & CAP_COMPRESS) != 0 ? COMPRESS_ZLIB : COMPRESS_ZSTD;
        return (d->capabilities & (CAP_COMPRESS | CAP_ZSTD)) != 0;
}

static void put_attributes(struct dissect *d, struct record *r)
{
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
                record_set_list(r, FIELD_CONNECT_ATTRIBUTES, (struct value_list){values, n});
        }
}

bool login_set_plugin(struct dissect *d, struct span plugin)
{
        return dissect_set_text(&d->auth_plugin, plugin) && add_step(d, plugin);
}

void login_tell_path(struct dissect *d, struct record *r)
{
        if (d->auth_plugin.len > 0) {
                record_set_text(r, FIELD_AUTH_PLUGIN, dissect_text(&d->auth_plugin));
        }
        if (d->auth_path != NULL) {
                record_set_text(r, FIELD_AUTH_PATH, span_str(d->auth_path));
        }
}

void login_forget_path(struct dissect *d)
{
        prof_free(d->auth_path);
        d->auth_path = NULL;
}

/** The record of a login that ended: well, with @p err, or for another @p reason. */
static void emit_auth(struct dissect *d, uint64_t end_ns, const struct err *err, const char *reason)
{
        struct record r;
        dissect_record(d, EVENT_AUTH, d->login_start_ns, &r);
        r.charsets[RECORD_RESULTS] = d->charsets.results;
        put_attributes(d, &r);
        put_capabilities(d, &r);
        enum compress_algorithm algorithm;
        if (err == NULL && reason == NULL && compression_of(d, &algorithm)) {
                record_set_text(&r, FIELD_COMPRESSION, span_str(compress_name(algorithm)));
        }
        if (d->server_version.at != NULL) {
                record_set_text(&r, FIELD_SERVER_VERSION, dissect_text(&d->server_version));
        }
        login_tell_path(d, &r);
        record_set_uint(&r, FIELD_DURATION_US, (end_ns - d->login_start_ns) / 1000);
        if (err != NULL) {
                record_set_uint(&r, FIELD_ERRNO, err->errnum);
                if (err->sqlstate.len > 0) {
                        record_set_text(&r, FIELD_SQLSTATE, err->sqlstate);
                }
                record_set_text(&r, FIELD_ERROR, err->message);
        }
        if (reason != NULL) {
                record_set_text(&r, FIELD_REASON, span_str(reason));
        }
        d->sink.on_record(d->sink.arg, &r);
        prof_free(d->attributes);
        d->attributes = NULL;
        d->attributes_len = 0;
        dissect_drop_text(&d->server_version); /* told, and needed no more */
        login_forget_path(d);
}

void login_cut_off(struct dissect *d, uint64_t now_ns)
{
        if (!d->refused) {
                emit_auth(d, now_ns, NULL,
                          d->phase == PHASE_LOGIN ? "the connection ended before the login"
                                                  : "the connection ended during authentication");
        }
}

/* --- packets ------------------------------------------------------------------------------------------------------ */

/** The server refuses: before, within or after the login. */
static struct outcome refused(struct dissect *d, const struct message *m)
{
        struct err err;
        if (!err_parse(m->body, &err)) {
                return outcome_unreadable("a malformed ERR packet");
        }
        d->refused = true;
        emit_auth(d, m->end_ns, &err, NULL);
        return outcome_of(PACKET_ERR);
}

struct outcome login_on_greeting(struct dissect *d, const struct message *m)
{
        struct greeting greeting;
        d->login_start_ns = m->start_ns;
        if (m->first == REPLY_ERR) {
                return refused(d, m);
        }
        if (m->seq != 0 || !greeting_parse(m->body, &greeting)) {
                return outcome_unreadable(
                    "the server's first packet is not a greeting of protocol version 10");
        }
        d->capabilities = greeting.capabilities;
        d->server_capabilities = greeting.capabilities;
        d->server_conn_id = greeting.server_conn_id;
        d->charsets.server = charset_of_collation(greeting.collation_id);
        transaction_on_greeting(d, greeting.server_version);
        if (!dissect_set_text(&d->server_version, greeting.server_version) ||
            !dissect_set_text(&d->auth_plugin, greeting.auth_plugin)) {
                return outcome_no_memory();
        }
        d->phase = PHASE_LOGIN;
        return outcome_of(PACKET_GREETING);
}

struct outcome login_on_early_reply(struct dissect *d, const struct message *m)
{
        /* such as "connection timed out", while the login is awaited */
        return m->first == REPLY_ERR ? refused(d, m) : outcome_unreadable("a reply before the login");
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

struct outcome login_on_login(struct dissect *d, const struct message *m)
{
        struct login login;
        d->packet_secret = true;
        if (m->seq != (d->ssl_requested ? LOGIN_SEQ + 1 : LOGIN_SEQ) || !login_parse(m->body, &login) ||
            (login.ssl_request && d->ssl_requested)) {
                return outcome_unreadable("the client's first packet is not a login of protocol 4.1");
        }
        if (login.ssl_request) {
                d->packet_secret = false;
                d->ssl_requested = true;
                return outcome_of(PACKET_SSL_REQUEST);
        }
        d->next_seq = (uint8_t)(m->last + 1);
        lint_login(&d->lint, login.capabilities, d->server_capabilities);
        d->client_capabilities = login.capabilities;
        d->capabilities &= login.capabilities;
        set_collation(d, login.collation_id);
        if (!dissect_set_text(&d->username, login.username) ||
            !dissect_set_text(&d->database, login.database) ||
            !(login.auth_plugin.len > 0 ? login_set_plugin(d, login.auth_plugin)
                                        : add_step(d, dissect_text(&d->auth_plugin))) ||
            !keep_attributes(d, login.attributes)) {
                return outcome_no_memory();
        }
        d->phase = PHASE_AUTH;
        return outcome_of(PACKET_LOGIN);
}

struct outcome login_on_client(struct dissect *d, const struct message *m)
{
        if (m->seq == 0) {
                return request_on_message(d, m); /* a command that does not wait for the login's reply */
        }
        d->packet_secret = true;
        (void)dissect_in_sequence(d, m, &d->next_seq);
        return outcome_of(PACKET_AUTH_DATA);
}

static struct outcome on_switch(struct dissect *d, const struct message *m, enum packet_kind kind)
{
        struct span data;
        struct span plugin = auth_switch_plugin(m->body, &data);
        if (plugin.len > 0 && !login_set_plugin(d, plugin)) {
                return outcome_no_memory();
        }
        return outcome_of(kind);
}

struct outcome login_exchange(struct dissect *d, const struct message *m)
{
        d->packet_secret = true;
        if (m->first == REPLY_EOF) {
                if ((d->capabilities & CAP_PLUGIN_AUTH) == 0) {
                        lint_break(&d->lint, LINT_NOT_AGREED);
                }
                return on_switch(d, m, PACKET_AUTH_SWITCH);
        }
        if (m->first == REPLY_FACTOR && (d->capabilities & CAP_MULTI_FACTOR) != 0) {
                return on_switch(d, m, PACKET_AUTH_NEXT_FACTOR);
        }
        if (m->first == REPLY_MORE_DATA) {
                const char *step = step_of_data(d, span_skip(m->body, 1));
                return step == NULL || add_step(d, span_str(step)) ? outcome_of(PACKET_AUTH_MORE_DATA)
                                                                   : outcome_no_memory();
        }
        return outcome_of(
            PACKET_PLUGIN_DATA); /* a plugin's own packets may begin with anything else (dialog's questions) */
}

/** It starts behind this OK, both ways. */
static struct outcome begin_compression(struct dissect *d)
{
        enum compress_algorithm algorithm;
        if (!compression_of(d, &algorithm)) {
                return outcome_of(PACKET_OK);
        }
        if (!frame_idle(&d->streams[SIDE_CLIENT].frame) || d->head != NULL) {
                return outcome_unreadable("a client that did not wait for compression to begin");
        }
        return dissect_compress(d, algorithm) ? outcome_of(PACKET_OK) : outcome_no_memory();
}

struct outcome login_on_server(struct dissect *d, const struct message *m)
{
        struct ok ok;
        (void)dissect_in_sequence(d, m, &d->next_seq);
        if (m->first == REPLY_ERR) {
                return refused(d, m);
        }
        if (m->first != REPLY_OK || m->len == 0) {
                return login_exchange(d, m);
        }
        if (!ok_parse(m->body, d->capabilities, &ok)) {
                return outcome_unreadable("a malformed OK packet");
        }
        lint_ending(&d->lint, m->len, false, &ok, d->capabilities);
        if (ok.has_schema) {
                d->charsets.database = CHARSET_UNKNOWN; /* it is UTF-8 */
                if (!dissect_set_text(&d->database, ok.schema)) {
                        return outcome_no_memory();
                }
        }
        if (ok.character_set.len > 0) {
                d->charsets.client = charset_of_name(ok.character_set);
        }
        if (ok.has_results_set) {
                d->charsets.results = charset_of_name(ok.results_set);
        }
        emit_auth(d, m->end_ns, NULL, NULL);
        d->phase = PHASE_READY;
        return begin_compression(d);
}
