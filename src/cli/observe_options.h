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
        const char *source;              /**< a file, or "-" */
        bool follow;                     /**< the file grows */
};

/** Take all options out of argv. @return false if something is wrong, which is reported. */
bool observe_options_parse(struct observe_options *o, int *argc, char **argv);

#endif
