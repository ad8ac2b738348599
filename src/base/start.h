/** @file start.h  Starts threads that receive no signals: those are for the main thread. */
#ifndef BASE_START_H
#define BASE_START_H

#include <pthread.h>

/** Start @p run. @p name has at most 15 characters. @return 0 or an errno. */
int start_thread(pthread_t *thread, const char *name, void *(*run)(void *arg), void *arg);

#endif
