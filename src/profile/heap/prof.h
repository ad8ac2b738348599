/** @file prof.h  Stages and their heaps: who holds how much memory, and where it was allocated.
 *
 * Knows: stages, libraries, allocation sites, the statement that was on the wire.
 * Does not know: the protocol, libevent, OpenSSL (hooks.h ties those to the seam).
 *
 * Every allocation belongs to a stage. Our code names its stage; what a library allocates is charged to the thread's
 * *current stage*, which a callback sets on entry:
 *
 *      PROF_SCOPE(STAGE_SESSION);          // until the end of the enclosing block
 *
 * Each block carries a 16-byte prefix (size, stage, library, record, magic), so that a free is charged where the
 * allocation was, and a foreign or double free is caught and named.
 * Counters are exact, kept per thread and summed by the reader. Records are samples: see PROFILE terms in record.h.
 * Names of counters follow performance_schema.memory_summary_* of MySQL's reference manual.
 * Threads: any thread may allocate and free; a block may be freed by another thread than it was allocated by.
 * The profiler's own memory comes from mmap and shows as stage "profile". */
#ifndef PROFILE_HEAP_PROF_H
#define PROFILE_HEAP_PROF_H

#include "base/span.h"
#include "base/status.h"

/** What a block takes besides its size. */
#define PROF_PREFIX_SIZE 16

/** The pipeline's stages, in the order of the way of a byte. prof_stage_name gives each its name. */
enum prof_stage {
        STAGE_MAIN, /**< start-up, and whatever runs in no other stage */
        STAGE_SETTINGS,
        STAGE_LISTENER,
        STAGE_WORKER, /**< event loops and mailboxes */
        STAGE_SESSION,
        STAGE_LINK, /**< sockets and their backlog */
        STAGE_TLS,
        STAGE_FRAME,   /**< held and reassembled packets */
        STAGE_DISSECT, /**< commands in flight, prepared statements */
        STAGE_DIGEST,
        STAGE_CAPTURE, /**< recorded packets */
        STAGE_JOURNAL, /**< rings, formatting, recent records */
        STAGE_SINK,    /**< output buffers of log files */
        STAGE_ADMIN,
        STAGE_PROFILE, /**< the profiler itself (mmap) */
        STAGE_COUNT
};

/** Who asked, within a stage. */
enum prof_lib { LIB_OWN, LIB_LIBEVENT, LIB_OPENSSL, LIB_ZLIB, LIB_ZSTD, LIB_PCRE2, LIB_COUNT };

const char *prof_stage_name(enum prof_stage stage);
const char *prof_lib_name(enum prof_lib lib);
/** @return the stage of that name, or STAGE_COUNT. */
enum prof_stage prof_stage_find(const char *name);

/* --- heaps ---------------------------------------------------------------------------------------------------- */

/** As malloc, calloc, realloc, strdup, memdup; NULL when memory is out or a fault was injected. A size of 0 gives a
 *  block of its own. prof_realloc keeps the block's stage; on NULL the old block stands as it was. */
void *prof_alloc(enum prof_stage stage, size_t size) __attribute__((malloc, warn_unused_result));
void *prof_calloc(enum prof_stage stage, size_t n, size_t size) __attribute__((malloc, warn_unused_result));
void *prof_realloc(enum prof_stage stage, void *block, size_t size) __attribute__((warn_unused_result));
char *prof_strdup(enum prof_stage stage, const char *text) __attribute__((warn_unused_result));
/** A copy of @p s with a NUL behind it. */
char *prof_spandup(enum prof_stage stage, struct span s) __attribute__((warn_unused_result));
/** NULL is allowed. */
void prof_free(void *block);
/** Charge @p block to @p stage from now on: one free there, one allocation here. */
void prof_move(void *block, enum prof_stage stage);

/* What library hooks call: charged to the current stage. */
void *prof_lib_alloc(enum prof_lib lib, size_t size);
void *prof_lib_calloc(enum prof_lib lib, size_t n, size_t size);
void *prof_lib_realloc(enum prof_lib lib, void *block, size_t size);

/* --- the current stage ---------------------------------------------------------------------------------------- */

/** Set the thread's current stage. @return the one before, for prof_leave. */
enum prof_stage prof_enter(enum prof_stage stage);
void prof_leave(enum prof_stage before);

/** A scope knows the frame that opened it. Libraries keep no frame pointers, so a stack that leads into one of them
 *  goes on at the innermost scope above: at the line that opened it. */
struct prof_scope {
        struct prof_scope *outer;
        const void *frame;
        uintptr_t
            place; /**< in the function that opened it, like a return address: it is the byte before that counts */
        enum prof_stage before;
};

/** The statement that the thread is working for; a record that is born meanwhile remembers it. The struct and its
 *  text are the caller's and stay valid until replaced. */
struct prof_wire {
        uint64_t session;    /**< conn_id, 0 = none */
        const char *command; /**< static, such as "COM_QUERY"; NULL = none */
        struct span text;    /**< the statement, maybe cut */
        /** NULL, or what tells command and text, so that they need not be kept up to date: called when a record is born,
         *  within an allocation of the thread's. It must not allocate. */
        struct prof_wire (*describe)(const struct prof_wire *wire);
};

/** What this thread is doing. It stands here so that a scope takes few instructions; use the functions. */
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

/* --- what is on the wire ----------------------------------------------------------------------------------------- */

/** NULL = nothing on the wire. Cheap: stores a pointer. */
static inline void prof_set_wire(const struct prof_wire *wire)
{
        prof_here.wire = wire;
}
/** Statements seen so far, all threads; a record's birth is told in this unit too. */
void prof_count_statement(void);
uint64_t prof_statements(void);

/* --- counters ---------------------------------------------------------------------------------------------------- */

/** Totals since the start. CURRENT_COUNT_USED = allocs - frees; LOW and HIGH are of the readings taken (one a
 *  second by prof_tick, and each prof_read). */
struct prof_counts {
        uint64_t count_alloc;
        uint64_t count_free;
        uint64_t bytes_alloc;
        uint64_t bytes_free;
        int64_t low_count_used;
        int64_t current_count_used;
        int64_t high_count_used;
        int64_t low_bytes_used;
        int64_t current_bytes_used;
        int64_t high_bytes_used;
};

/** Counters of a stage, all libraries together (@p lib = LIB_COUNT) or one of them (no LOW/HIGH then). */
struct prof_counts prof_read(enum prof_stage stage, enum prof_lib lib);
/** Live bytes of all stages. */
uint64_t prof_live_bytes(void);
/** Take the once-a-second reading for LOW and HIGH. Call from one thread. */
void prof_tick(void);
/** Frees of what was no block of ours, or already freed. Each was reported by diag and not carried out. */
uint64_t prof_bad_frees(void);

/* --- sampling ---------------------------------------------------------------------------------------------------- */

/** Mean bytes between samples, in all stages: 1 = every allocation, 0 = none. May change while running, by one thread.
 *  Default 524288. What was caught at another rate before stays in its records; the new rate makes records of its own. */
void prof_set_sample_bytes(uint64_t mean);
/** In one stage, until prof_set_sample_bytes sets all. */
void prof_set_stage_sample_bytes(enum prof_stage stage, uint64_t mean);
/** Sample every allocation of @p stage for a while, and then at its own rate again, which is told all the while. What was caught
 *  meanwhile has records of its own, which tell nothing of new ones (record.h). A rate of 0 stays. */
void prof_sample_boost(enum prof_stage stage, bool on);
/** That of all stages which have none of their own. */
uint64_t prof_sample_bytes(void);
uint64_t prof_stage_sample_bytes(enum prof_stage stage);
/** Statements when that of @p stage was last changed, or (STAGE_COUNT) that of any; 0 = never. */
uint64_t prof_sample_since(enum prof_stage stage);

/* --- fault injection ------------------------------------------------------------------------------------------- */

enum prof_fault_kind {
        FAULT_NONE,
        FAULT_NTH,    /**< the nth next allocation (1 = the next), once */
        FAULT_RANDOM, /**< each with a probability; the same seed and the same order give the same faults */
        FAULT_RECORD, /**< the next allocation of a record, once */
};

/** Which allocations are made to fail. */
struct prof_fault {
        enum prof_fault_kind kind;
        enum prof_stage
            stage; /**< only there; STAGE_COUNT = in all but main, settings, admin and profile. Of no
                                    meaning to a record, which has its stage */
        uint64_t nth;
        double probability; /**< from 0 to 1 */
        uint64_t seed;
        uint32_t record; /**< its id */
};

/** Make allocations fail from now on, counting all threads, instead of what was to fail before. FAULT_NONE disarms.
 *  @return false if there is no such record, or it is an overflow record, which stands for many: nothing has changed. */
bool prof_fault_arm(const struct prof_fault *fault);
/** What is armed. */
struct prof_fault prof_fault_now(void);
/** FAULT_NTH in all stages; 0 disarms. */
void prof_fail_nth(uint64_t nth);
/** Allocations counted, in the stages meant, since the last fault was armed. */
uint64_t prof_fail_seen(void);
/** Faults that were injected since the start. */
uint64_t prof_fail_fired(void);

#endif
