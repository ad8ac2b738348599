#include "mysql/dissect/auth_path.h"

#include "mysql/wire/capability.h"
#include "mysql/wire/handshake.h"
#include "profile/heap/prof.h"

enum { PATH_MAX_BYTES = 256 };

/** @return false when memory is out. */
static bool add_step(struct auth_path *path, struct span step)
{
        static const char arrow[] = " > ";
        size_t before = path->text != NULL ? strlen(path->text) : 0;
        size_t left =
            before < PATH_MAX_BYTES ? PATH_MAX_BYTES - before : 0; /* a server could go on forever */
        if (step.len == 0 || step.len + sizeof arrow > left) {
                return true;
        }
        char *longer = prof_realloc(STAGE_DISSECT, path->text, before + step.len + sizeof arrow);
        if (longer == NULL) {
                return false;
        }
        path->text = longer;
        struct writer w = writer_over(longer + before, step.len + sizeof arrow - 1);
        writer_text(&w, before > 0 ? arrow : "");
        writer_put(&w, step);
        longer[before + w.at] = '\0';
        return true;
}

bool auth_path_propose(struct auth_path *path, struct span plugin)
{
        return owned_text_set(&path->plugin, plugin);
}

bool auth_path_add_plugin(struct auth_path *path, struct span plugin)
{
        if (plugin.len == 0) {
                return add_step(path, owned_text_span(&path->plugin));
        }
        return owned_text_set(&path->plugin, plugin) && add_step(path, plugin);
}

/** What a plugin's packet from the server means, where its protocol defines that; else NULL. */
static const char *step_of_data(const struct auth_path *path, struct span data)
{
        bool caching = span_equal(owned_text_span(&path->plugin), span_str("caching_sha2_password"));
        if (caching && data.len == 1) {
                return data.data[0] == 3 ? "fast path" : data.data[0] == 4 ? "full authentication" : NULL;
        }
        static const char pem[] = "-----BEGIN PUBLIC KEY";
        return span_equal(span_head(data, sizeof pem - 1), span_str(pem)) ? "public key" : NULL;
}

static struct outcome on_switch(struct auth_path *path, const struct message *m, enum packet_kind kind)
{
        struct span data;
        struct span plugin = auth_switch_plugin(m->body, &data);
        bool ok = plugin.len == 0 || auth_path_add_plugin(path, plugin);
        return ok ? outcome_of(kind) : outcome_no_memory();
}

struct outcome auth_path_on_server(struct auth_path *path, struct lint *lint, uint64_t capabilities,
                                   bool in_login, const struct message *m)
{
        if (m->first == REPLY_EOF) {
                /* The old request is a single byte, for clients without PLUGIN_AUTH. MariaDB sends them one with a name, too, in
                 * reply to COM_CHANGE_USER. */
                if ((capabilities & CAP_PLUGIN_AUTH) == 0 && m->len > 1 && in_login) {
                        lint_break(lint, LINT_NOT_AGREED);
                }
                return on_switch(path, m, PACKET_AUTH_SWITCH);
        }
        if (m->first == REPLY_FACTOR && (capabilities & CAP_MULTI_FACTOR) != 0) {
                return on_switch(path, m, PACKET_AUTH_NEXT_FACTOR);
        }
        if (m->first == REPLY_MORE_DATA) {
                const char *step = step_of_data(path, span_skip(m->body, 1));
                bool ok = step == NULL || add_step(path, span_str(step));
                return ok ? outcome_of(PACKET_AUTH_MORE_DATA) : outcome_no_memory();
        }
        return outcome_of(PACKET_PLUGIN_DATA); /* which may begin with anything else (dialog's questions) */
}

void auth_path_put(const struct auth_path *path, struct record *r)
{
        if (path->plugin.len > 0) {
                record_set_text(r, FIELD_AUTH_PLUGIN, owned_text_span(&path->plugin));
        }
        if (path->text != NULL) {
                record_set_text(r, FIELD_AUTH_PATH, span_str(path->text));
        }
}

void auth_path_forget(struct auth_path *path)
{
        prof_free(path->text);
        path->text = NULL;
}

void auth_path_fini(struct auth_path *path)
{
        auth_path_forget(path);
        owned_text_drop(&path->plugin);
}
