/** @file mailbox.h  Messages from any thread to the one that runs an event loop.
 * A message is part of whatever it is about, so posting never allocates and never fails. Messages run in the order in
 * which they were posted, on the loop of the mailbox's owner.
 * Threads: mailbox_post from any; the rest from the owner's.   Memory: the owner's and the senders'. */
#ifndef PROXY_NET_MAILBOX_H
#define PROXY_NET_MAILBOX_H

#include "base/status.h"

#include <pthread.h>

struct event;
struct event_base;

struct message {
        struct message *next;
        void (*run)(struct message *message); /**< may free or post the message again */
};

struct mailbox {
        pthread_mutex_t mutex;
        struct message *first;
        struct message **last;
        int fd;
        struct event *event;
};

/** Errors are reported with diag. */
enum status mailbox_init(struct mailbox *m, struct event_base *base);
/** Messages that have not run are dropped: call mailbox_drain first. */
void mailbox_fini(struct mailbox *m);
void mailbox_post(struct mailbox *m, struct message *message);
/** Run the messages that are there now. */
void mailbox_drain(struct mailbox *m);

#endif
