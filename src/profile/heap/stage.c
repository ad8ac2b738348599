#include "profile/heap/stage.h"

_Thread_local struct prof_here prof_here = {.stage = STAGE_MAIN};

static const char *const stage_names[STAGE_COUNT] = {
    [STAGE_MAIN] = "main",     [STAGE_SETTINGS] = "settings", [STAGE_LISTENER] = "listener",
    [STAGE_WORKER] = "worker", [STAGE_SESSION] = "session",   [STAGE_LINK] = "link",
    [STAGE_TLS] = "tls",       [STAGE_FRAME] = "frame",       [STAGE_DISSECT] = "dissect",
    [STAGE_DIGEST] = "digest", [STAGE_CAPTURE] = "capture",   [STAGE_JOURNAL] = "journal",
    [STAGE_SINK] = "sink",     [STAGE_ADMIN] = "admin",       [STAGE_PROFILE] = "profile",
};

const char *prof_stage_name(enum prof_stage stage)
{
        return stage < STAGE_COUNT ? stage_names[stage] : "?";
}

const char *prof_lib_name(enum prof_lib lib)
{
        static const char *const names[LIB_COUNT] = {
            [LIB_OWN] = "own",   [LIB_LIBEVENT] = "libevent", [LIB_OPENSSL] = "openssl",
            [LIB_ZLIB] = "zlib", [LIB_ZSTD] = "zstd",         [LIB_PCRE2] = "pcre2"};
        return lib < LIB_COUNT ? names[lib] : "?";
}

enum prof_stage prof_stage_find(const char *name)
{
        enum prof_stage stage = STAGE_MAIN;
        while (stage < STAGE_COUNT && strcmp(stage_names[stage], name) != 0) {
                stage++;
        }
        return stage;
}

enum prof_stage prof_enter(enum prof_stage stage)
{
        enum prof_stage before = prof_here.stage;
        prof_here.stage = stage;
        return before;
}
