/** @file stage.h  Stages, and what the calling thread is doing: its current stage, its scopes, its statement.
 *
 * Knows: the names of stages and libraries. Does not know: memory, the protocol, any library.
 *
 * Every allocation belongs to a stage. Our code names its stage; what a library allocates is charged to the thread's
 * *current stage*, which a callback sets on entry:
 *
 *      PROF_SCOPE(STAGE_SESSION);          // until the end of the enclosing block
 *
 * Threads: each has a current stage of its own; nothing here is shared. Allocates nothing. */
#ifndef PROFILE_HEAP_STAGE_H
#define PROFILE_HEAP_STAGE_H

#include "base/span.h"

/** How much of a statement an allocation record keeps, bytes with the NUL. */
#define PROF_TEXT_MAX 120

/** The pipeline's stages, in the order in which a byte passes them. prof_stage_name gives each its name. */
enum prof_stage {
        STAGE_MAIN, /**< start-up, and whatever runs in no other stage */
        STAGE_SETTINGS,
        STAGE_LISTENER,
        STAGE_WORKER, /**< event loops and mailboxes */
        STAGE_SESSION,
        STAGE_LINK, /**< sockets and their backlog */
        STAGE_TLS,
        STAGE_FRAME,   /**< buffered and reassembled packets */
        STAGE_DISSECT, /**< commands in flight, prepared statements */
        STAGE_DIGEST,
        STAGE_CAPTURE, /**< recorded packets */
        STAGE_JOURNAL, /**< rings, formatting, recent records */
        STAGE_SINK,    /**< output buffers of log files */
        STAGE_ADMIN,
        STAGE_PROFILE, /**< the profiler itself (mmap) */
        STAGE_COUNT
};

/** Who allocates within a stage: our own code, or a library. */
enum prof_lib { LIB_OWN, LIB_LIBEVENT, LIB_OPENSSL, LIB_ZLIB, LIB_ZSTD, LIB_PCRE2, LIB_COUNT };

const char *prof_stage_name(enum prof_stage stage);
const char *prof_lib_name(enum prof_lib lib);
/** @return the stage of that name, or STAGE_COUNT. */
enum prof_stage prof_stage_find(const char *name);

/* --- the current stage ---------------------------------------------------------------------------------------- */

/** Set the thread's current stage for good; a new thread calls this first. @return the stage before. */
enum prof_stage prof_enter(enum prof_stage stage);

/** A scope knows the frame that opened it. Libraries keep no frame pointers, so a stack that leads into one of them
 *  continues at the innermost scope above: at the line that opened it. */
struct prof_scope {
        struct prof_scope *outer;
        const void *frame;
        uintptr_t
            place; /**< in the function that opened the scope; as for a return address, the byte before it counts */
        enum prof_stage before;
};

/** The statement that the thread is working for. An allocation record created meanwhile remembers it. The struct and its
 *  text belong to the caller and stay valid until replaced. */
struct prof_wire {
        uint64_t session;    /**< conn_id, 0 = none */
        const char *command; /**< static, such as "COM_QUERY"; NULL = none */
        struct span text;    /**< the statement, maybe cut */
        /** NULL, or a function that gives command and text, so that they need not be kept up to date. It is called when an
         *  allocation record is created, within an allocation of the thread's. It must not allocate. */
        struct prof_wire (*describe)(const struct prof_wire *wire);
};

/** What this thread is doing. The struct is public so that a scope takes few instructions; use the functions. */
struct prof_here {
        struct prof_scope *scope; /**< the innermost; NULL = none */
        const struct prof_wire *wire;
        enum prof_stage stage;
};
extern _Thread_local struct prof_here prof_here;

#ifdef __clang_analyzer__ /* it does not know that a scope is closed at its block's end */
void prof_scope_open(struct prof_scope *scope, enum prof_stage stage);
void prof_scope_close(struct prof_scope *scope);
#else
static inline void prof_scope_open(struct prof_scope *scope, enum prof_stage stage)
{
        scope->outer = prof_here.scope;
        scope->before = prof_here.stage;
        prof_here.scope = scope;
        prof_here.stage = stage;
}

static inline void prof_scope_close(struct prof_scope *scope)
{
        prof_here.scope = scope->outer;
        prof_here.stage = scope->before;
}
#endif

#define PROF_JOIN_(a, b) a##b
#define PROF_NAME_(line) PROF_JOIN_(prof_scope_, line)
#define PROF_PLACE_                                                                                          \
        __extension__({                                                                                      \
                __label__ here;                                                                              \
        here:                                                                                                \
                (uintptr_t) && here + 1;                                                                     \
        })

/** Current stage = @p stage until the end of the enclosing block. Scopes may be nested. Open one in each callback. */
#ifdef PROFILE_OFF
#define PROF_SCOPE(stage) ((void)0)
#else
#define PROF_SCOPE(stage)                                                                                    \
        __attribute__((cleanup(prof_scope_close))) struct prof_scope PROF_NAME_(__LINE__) = {                \
            .frame = __builtin_frame_address(0), .place = PROF_PLACE_};                                      \
        prof_scope_open(&PROF_NAME_(__LINE__), (stage))
#endif

/** The statement that the thread is working for from now on; NULL = none. Cheap: stores a pointer. */
static inline void prof_set_wire(const struct prof_wire *wire)
{
        prof_here.wire = wire;
}

#endif
