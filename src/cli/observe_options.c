#include "cli/observe_options.h"

#include "base/diag.h"
#include "base/writer.h"
#include "journal/sink/sink_check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
        PORT_DEFAULT = 3306,
        FLOWS_DEFAULT = 100000,
        HELD_DEFAULT = 64 << 20,
        FLOWS_LEAST = 16,
        HELD_LEAST = 1 << 16
};

/** Take the ports in @p text, separated by commas. */
static bool take_ports(struct observer_config *c, const char *text)
{
        c->n_ports = 0;
        for (;;) {
                char *end;
                errno = 0;
                long port = strtol(text, &end, 10);
                if (end == text || errno != 0 || port < 1 || port > UINT16_MAX || c->n_ports == WATCH_PORTS ||
                    (*end != '\0' && *end != ',')) {
                        return false;
                }
                c->ports[c->n_ports++] = (uint16_t)port;
                if (*end == '\0') {
                        return true;
                }
                text = end + 1;
        }
}

/** A number of at least @p least, maybe with K, M or G behind it. */
static bool take_size(size_t *into, const char *text, size_t least)
{
        char *end;
        errno = 0;
        unsigned long long n = strtoull(text, &end, 10);
        unsigned shift = *end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;
        end += shift > 0 ? 1 : 0;
        if (errno != 0 || *text < '0' || *text > '9' || *end != '\0' || n > SIZE_MAX >> (shift + 1)) {
                return false;
        }
        *into = (size_t)n << shift;
        return *into >= least;
}

/** The options that are no settings. */
enum own {
        OWN_PORT,
        OWN_FLOWS,
        OWN_HELD_BYTES,
        OWN_INTERFACE,
        OWN_FOLLOW,
        OWN_DIGESTS,
        OWN_PROMISCUOUS,
        OWN_COUNT
};

static const struct {
        const char *name;
        const char *letter; /* with its dash; NULL: there is none */
        bool has_value;
        int source; /* enum observe_source; -1: of both */
} own[] = {
    [OWN_PORT] = {"--port", "-p", true, -1},
    [OWN_FLOWS] = {"--max-flows", NULL, true, -1},
    [OWN_HELD_BYTES] = {"--max-held-bytes", NULL, true, -1},
    [OWN_INTERFACE] = {"--interface", "-i", true, OBSERVE_INTERFACE},
    [OWN_FOLLOW] = {"--follow", "-f", false, OBSERVE_FILE},
    [OWN_DIGESTS] = {"--digests", NULL, false, -1},
    [OWN_PROMISCUOUS] = {"--promiscuous", NULL, false, OBSERVE_INTERFACE},
};

static bool take_value(struct observe_options *o, enum own option, const char *value)
{
        switch (option) {
        case OWN_PORT: return take_ports(&o->observer, value);
        case OWN_FLOWS: return take_size(&o->observer.limits.flows, value, FLOWS_LEAST);
        case OWN_HELD_BYTES: return take_size(&o->observer.limits.held_bytes, value, HELD_LEAST);
        case OWN_INTERFACE: o->source = value; return *value != '\0';
        case OWN_FOLLOW: o->follow = true; return true;
        case OWN_DIGESTS: o->digests = true; return true;
        case OWN_PROMISCUOUS: o->promiscuous = true; return true;
        case OWN_COUNT: break;
        }
        return false;
}

/** Take the option at argv[i], if it is no setting. @return how many words it has; 0: it is a setting or an argument; -1: it is wrong,
 *  which is reported. */
static int take_own(struct observe_options *o, enum observe_source source, int argc, char **argv, int i)
{
        const char *word = argv[i];
        for (enum own n = OWN_PORT; n < OWN_COUNT; n++) {
                size_t len = strlen(own[n].name);
                bool is_joined = own[n].has_value && strncmp(word, own[n].name, len) == 0 && word[len] == '=';
                bool is_it = is_joined || strcmp(word, own[n].name) == 0 ||
                             (own[n].letter != NULL && strcmp(word, own[n].letter) == 0);
                if (!is_it || (own[n].source >= 0 && own[n].source != (int)source)) {
                        continue;
                }
                const char *value = is_joined                          ? word + len + 1
                                    : own[n].has_value && i + 1 < argc ? argv[i + 1]
                                                                       : "";
                if (!take_value(o, n, value)) {
                        diag(DIAG_ERROR, "%s: '%s' is not possible; 'querytap help %s' describes it",
                             own[n].name, value, argv[0]);
                        return -1;
                }
                return own[n].has_value && !is_joined ? 2 : 1;
        }
        return 0;
}

/** Take the options that are no settings. */
static bool take_all_own(struct observe_options *o, enum observe_source source, int *argc, char **argv)
{
        int kept = 1;
        for (int i = 1; i < *argc;) {
                int words = strcmp(argv[i], "--") != 0 ? take_own(o, source, *argc, argv, i) : 0;
                if (words < 0) {
                        return false;
                }
                if (words == 0 && strcmp(argv[i], "--") == 0) {
                        while (i < *argc) {
                                argv[kept++] = argv[i++];
                        }
                } else if (words == 0) {
                        argv[kept++] = argv[i++];
                } else {
                        i += words;
                }
        }
        *argc = kept;
        argv[kept] = NULL;
        return true;
}

/** The words from argv[first] on are an expression. */
static bool take_expression(struct observe_options *o, int first, int argc, char **argv)
{
        char text[OBSERVE_FILTER_MAX];
        struct writer w = writer_over(text, sizeof text - 1);
        for (int i = first; i < argc; i++) {
                writer_format(&w, "%s%s", i > first ? " " : "", argv[i]);
        }
        if (w.failed) {
                diag(DIAG_ERROR, "the expression is too long");
                return false;
        }
        text[w.at] = '\0';
        return argc <= first || settings_set(&o->settings, "log.filter", text, "the expression") == STATUS_OK;
}

bool observe_options_parse(struct observe_options *o, enum observe_source source, int *argc, char **argv)
{
        settings_defaults(&o->settings);
        o->observer = (struct observer_config){.settings = &o->settings,
                                               .ports = {PORT_DEFAULT},
                                               .n_ports = 1,
                                               .limits = {FLOWS_DEFAULT, HELD_DEFAULT}};
        o->settings.log.when_full = SETTINGS_WHEN_FULL_BLOCK;
        if (!take_all_own(o, source, argc, argv) || settings_args(&o->settings, argc, argv) != STATUS_OK) {
                return false;
        }
        int first = source == OBSERVE_FILE ? 2 : 1;
        o->source = source == OBSERVE_FILE && *argc > 1 ? argv[1] : o->source;
        if (o->source == NULL) {
                diag(DIAG_ERROR, source == OBSERVE_FILE
                                     ? "which file? 'querytap help read' describes the command"
                                     : "which interface? -i names it; -i any takes all of them");
                return false;
        }
        diag_set_level((enum diag_level)o->settings.log_level);
        return take_expression(o, first, *argc, argv) && sink_check(&o->settings) == STATUS_OK;
}
