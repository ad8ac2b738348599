#include "proxy/net/mailbox.h"

#include "base/diag.h"

#include <errno.h>
#include <event2/event.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

void mailbox_drain(struct mailbox *m)
{
        (void)pthread_mutex_lock(&m->mutex);
        struct message *message = m->first;
        m->first = NULL;
        m->last = &m->first;
        (void)pthread_mutex_unlock(&m->mutex);
        while (message != NULL) {
                struct message *next = message->next; /* run may free it */
                message->run(message);
                message = next;
        }
}

static void on_mail(evutil_socket_t fd, short what, void *arg)
{
        uint64_t count;
        ssize_t n = read(fd, &count, sizeof count);
        (void)n;
        (void)what;
        mailbox_drain(arg);
}

enum status mailbox_init(struct mailbox *m, struct event_base *base)
{
        *m = (struct mailbox){.last = &m->first, .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
        if (m->fd < 0) {
                diag(DIAG_ERROR, "eventfd: %s", strerror(errno));
                return STATUS_IO;
        }
        m->event = event_new(base, m->fd, EV_READ | EV_PERSIST, on_mail, m);
        if (m->event == NULL || event_add(m->event, NULL) != 0) {
                diag(DIAG_ERROR, "a mailbox can't be created: out of memory");
                if (m->event != NULL) {
                        event_free(m->event);
                        m->event = NULL;
                }
                (void)close(m->fd);
                m->fd = -1;
                return STATUS_NOMEM;
        }
        (void)pthread_mutex_init(&m->mutex, NULL);
        return STATUS_OK;
}

void mailbox_fini(struct mailbox *m)
{
        if (m->event != NULL) {
                event_free(m->event);
                m->event = NULL;
                (void)close(m->fd);
                (void)pthread_mutex_destroy(&m->mutex);
        }
}

void mailbox_post(struct mailbox *m, struct message *message)
{
        uint64_t one = 1;
        message->next = NULL;
        (void)pthread_mutex_lock(&m->mutex);
        bool first = m->first == NULL;
        *m->last = message;
        m->last = &message->next;
        (void)pthread_mutex_unlock(&m->mutex);
        if (first) { /* otherwise the owner has been woken already, and will take all messages */
                ssize_t n = write(m->fd, &one, sizeof one);
                (void)n; /* fails only if the counter is full: then the owner has been woken already */
        }
}
