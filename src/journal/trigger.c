#include "journal/trigger.h"

#include "base/clock.h"
#include "base/counter.h"
#include "base/diag.h"
#include "settings/places.h"
#include "settings/settings.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* --- names ------------------------------------------------------------------------------------------------------------ */

static const char *const endings[] = {".pcapng", ".txt"};

void trigger_file_name(char out[TRIGGER_NAME_MAX], uint64_t number, uint64_t conn_id, const char *ending)
{
        time_t seconds = (time_t)(number / CLOCK_S_NS);
        struct tm tm;
        char when[sizeof "20260102T030405"];
        (void)gmtime_r(&seconds, &tm);
        (void)strftime(when, sizeof when, "%Y%m%dT%H%M%S", &tm);
        (void)snprintf(out, TRIGGER_NAME_MAX, "%s.%09" PRIu64 "Z-session-%" PRIu64 "%s", when,
                       (uint64_t)(number % CLOCK_S_NS), conn_id, ending);
}

const char *trigger_file_parse(const char *name, uint64_t *number, uint64_t *conn_id)
{
        static const char middle[] = "Z-session-";
        struct tm tm = {0};
        char again[TRIGGER_NAME_MAX];
        uint64_t ns;
        const char *rest = strlen(name) < TRIGGER_NAME_MAX ? strptime(name, "%Y%m%dT%H%M%S.", &tm) : NULL;
        char *end = NULL;
        if (rest == NULL) {
                return NULL;
        }
        ns = strtoull(rest, &end, 10);
        if (strncmp(end, middle, sizeof middle - 1) != 0) {
                return NULL;
        }
        *conn_id = strtoull(end + sizeof middle - 1, NULL, 10);
        *number = (uint64_t)timegm(&tm) * CLOCK_S_NS + ns;
        for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
                trigger_file_name(again, *number, *conn_id, endings[i]);
                if (strcmp(again, name) == 0) { /* and so it is not only similar */
                        return endings[i];
                }
        }
        return NULL;
}

/* --- settings --------------------------------------------------------------------------------------------------------- */

/** @return false if @p name requires @p other; this is reported. */
static bool require(const struct settings *s, const char *name, bool is_met, const char *other)
{
        char place[SETTINGS_PLACE_MAX];
        if (!is_met) {
                diag(DIAG_ERROR, "%ssetting '%s' requires %s", settings_place(s, name, 0, place), name,
                     other);
        }
        return is_met;
}

static enum status new_filter(const struct settings *s, struct filter **out)
{
        char error[FILTER_ERROR_MAX];
        char place[SETTINGS_PLACE_MAX];
        const struct filter_spec spec = {.text = {[FILTER_EXPRESSION] = s->triggers.filter}};
        enum status status = filter_new(&spec, out, error);
        if (status != STATUS_OK) {
                diag(DIAG_ERROR, "%striggers.filter: %s", settings_place(s, "triggers.filter", 0, place),
                     error);
        }
        return status;
}

enum status trigger_check(const struct settings *s)
{
        struct filter *filter;
        const char *name = *s->triggers.filter != '\0' ? "triggers.filter"
                           : s->triggers.trouble       ? "triggers.trouble"
                           : s->triggers.abrupt_close  ? "triggers.abrupt_close"
                                                       : "triggers.first_error";
        if (!settings_have_triggers(s)) {
                return STATUS_OK;
        }
        enum status status = new_filter(s, &filter);
        filter_free(filter);
        bool works = require(s, name, *s->triggers.directory != '\0', "'triggers.directory'");
        works = require(s, name, s->capture.bytes > 0, "the recorder: 'capture.bytes' is 0") && works;
        works = (!s->triggers.first_error ||
                 require(s, "triggers.first_error", s->log.digests > 0, "digests: 'log.digests' is 0")) &&
                works;
        return status != STATUS_OK ? status : works ? STATUS_OK : STATUS_INVALID;
}

enum status trigger_init(struct trigger *t, const struct settings *settings)
{
        t->settings = settings;
        return new_filter(settings, &t->filter);
}

void trigger_fini(struct trigger *t)
{
        filter_free(t->filter);
        t->filter = NULL;
}

void trigger_attach(struct trigger *t, const struct trigger_output *output)
{
        lock_take(&t->lock);
        t->output = output != NULL ? *output : (struct trigger_output){NULL, NULL};
        lock_give(&t->lock);
        if (output != NULL) { /* what fires later is counted as dropped */
                atomic_store_explicit(&t->is_armed, true, memory_order_relaxed);
        }
}

/* --- records ---------------------------------------------------------------------------------------------------------- */

static bool fires(const struct trigger *t, const struct record *r, bool first_error)
{
        const struct settings *s = t->settings;
        bool is_query = r->event == EVENT_QUERY;
        if (is_query || r->event == EVENT_AUTH) {
                return (is_query && s->triggers.first_error && first_error) ||
                       (t->filter != NULL && filter_pass(t->filter, r));
        }
        if (r->event == EVENT_DISCONNECT) {
                return s->triggers.abrupt_close && r->is_trouble;
        }
        return s->triggers.trouble && (r->event == EVENT_LINT || (r->event == EVENT_NOTICE && r->is_trouble));
}

/** Remember the statement of @p r. @return false if that statement has fired already. A notice belongs to the one seen last. */
static bool is_first(struct trigger_session *session, const struct record *r)
{
        if (session == NULL || r->event == EVENT_AUTH || r->event == EVENT_DISCONNECT) {
                return true;
        }
        if (record_has(r, FIELD_CONN_SEQ_NUM)) {
                session->last = r->conn_seq_num + 1;
        }
        return session->fired != session->last || session->last == 0;
}

static bool save(struct trigger *t, const struct trigger_firing *firing)
{
        lock_take(&t->lock);
        bool saved = t->output.save != NULL && t->output.save(t->output.arg, firing);
        lock_give(&t->lock);
        return saved;
}

struct record *trigger_see(struct trigger *t, struct trigger_session *session, struct record *r,
                           unsigned port, bool first_error)
{
        bool first = is_first(session, r);
        if (r->conn_id == 0 || !first || !fires(t, r, first_error)) {
                return r;
        }
        if (session != NULL && r->event != EVENT_AUTH) {
                session->fired = session->last;
        }
        uint64_t now_ns = clock_wall_ns();
        t->number = now_ns > t->number ? now_ns : t->number + 1;
        const struct trigger_firing firing = {port, r->conn_id, t->number};
        counter_add(&t->fired, 1);
        if (!save(t, &firing)) {
                counter_add(&t->dropped, 1);
                if (!t->drop_logged) {
                        t->drop_logged = true;
                        diag(DIAG_WARNING,
                             "packets of session %" PRIu64
                             " are not saved: triggers fire faster than files are "
                             "written, or the proxy is stopping (reported once; counted as triggers_dropped)",
                             r->conn_id);
                }
                return r;
        }
        trigger_file_name(t->name, firing.number, firing.conn_id, endings[0]);
        record_assign(&t->named, r);
        record_set_text(&t->named, FIELD_PACKETS_FILE, span_str(t->name));
        return &t->named;
}
