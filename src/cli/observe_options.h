/** @file observe_options.h  The options of read and probe: their own, all settings, and an expression of the filter language.
 * Threads: main. */
#ifndef CLI_OBSERVE_OPTIONS_H
#define CLI_OBSERVE_OPTIONS_H

#include "observe/observer.h"
#include "settings/settings.h"

enum { OBSERVE_FILTER_MAX = SETTINGS_TEXT_MAX };

struct observe_options {
        struct settings settings;
        struct observer_config observer; /**< refers to the settings */
        const char *source;              /**< a file, "-", or an interface */
        bool digests;                    /**< a table of statements at the end */
        bool follow;                     /**< the file grows */
        bool promiscuous;                /**< read what is not sent to this machine, too */
};

/** Where packets come from. */
enum observe_source { OBSERVE_FILE, OBSERVE_INTERFACE };

/** Take all options out of argv. @return false if something is wrong, which is reported. */
bool observe_options_parse(struct observe_options *o, enum observe_source source, int *argc, char **argv);

#endif
