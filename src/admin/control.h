/** @file control.h  What the admin port asks of the program around it. Whoever runs the program provides the functions (admin.h).
 * Threads: main.   Memory: none. */
#ifndef ADMIN_CONTROL_H
#define ADMIN_CONTROL_H

#include "settings/changes.h"

struct control_reloaded {
        const char *errors; /**< why nothing has changed, in lines; NULL = it was reloaded */
        const struct settings_changes *changes; /**< NULL if there are errors */
};

/** Called once, at once or later. What @p result points at is valid during the call. */
typedef void control_on_reloaded(void *arg, const struct control_reloaded *result);

struct control {
        void *arg; /**< for the functions */
        /** Read the settings again, and let new sessions have them. @p done is called also when the program stops. */
        void (*reload)(void *arg, control_on_reloaded *done, void *done_arg);
};

#endif
