#include "base/start.h"

#include <signal.h>

int start_thread(pthread_t *thread, const char *name, void *(*run)(void *arg), void *arg)
{
        sigset_t all;
        sigset_t before;
        (void)sigfillset(&all);
        (void)pthread_sigmask(SIG_SETMASK, &all, &before);
        int error = pthread_create(thread, NULL, run, arg);
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (error == 0) {
                (void)pthread_setname_np(*thread, name);
        }
        return error;
}
