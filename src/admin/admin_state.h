/** @file admin_state.h  The admin port's own state; for admin.c and its test. */
#ifndef ADMIN_ADMIN_STATE_H
#define ADMIN_ADMIN_STATE_H

#include "admin/admin_context.h"
#include "base/unix_socket.h"

struct admin {
        struct admin_context context;
        char addr[128]; /**< where it listens */
        bool is_unix;   /**< it listens on a UNIX socket: */
        struct unix_socket_file socket;
        uint64_t peer_reported_ns; /**< when a request of another user was reported; 0 = never */
};

#endif
