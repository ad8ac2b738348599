/** @file start.h  Start a thread that gets no signals: those are the main thread's. */
#ifndef BASE_START_H
#define BASE_START_H

#include <pthread.h>

/** @p name: at most 15 characters. @return 0 or errno. */
int start_thread(pthread_t *thread, const char *name, void *(*run)(void *arg), void *arg);

#endif
