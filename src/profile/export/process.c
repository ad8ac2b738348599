#include "profile/export/process.h"

#include "base/span.h"
#include "profile/heap/counts.h"
#include "profile/heap/prof.h"

#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

/** Number of kB behind @p name in the text of /proc/self/status, as bytes. */
static uint64_t find_field(const char *text, const char *name)
{
        const char *p = strstr(text, name);
        uint64_t kb = 0;
        if (p == NULL) {
                return 0;
        }
        for (p += strlen(name); *p == ' ' || *p == '\t'; p++) {
        }
        for (; *p >= '0' && *p <= '9'; p++) {
                kb = kb * 10 + (uint64_t)(*p - '0');
        }
        return kb * 1024;
}

static void read_status(struct process_memory *m)
{
        char text[8192];
        size_t len = 0;
        int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
        if (fd < 0) {
                return;
        }
        for (ssize_t n = 1; n > 0 && len<sizeof text - 1; len += n> 0 ? (size_t)n : 0) {
                n = read(fd, text + len, sizeof text - 1 - len);
        }
        text[len] = '\0';
        (void)close(fd);
        m->rss = find_field(text, "\nVmRSS:");
        m->rss_anon = find_field(text, "\nRssAnon:");
        m->rss_file = find_field(text, "\nRssFile:");
        m->rss_shmem = find_field(text, "\nRssShmem:");
        m->threads = find_field(text, "\nThreads:") / 1024; /* no kB */
}

struct process_memory process_memory_read(void)
{
        struct mallinfo2 info = mallinfo2();
        struct process_memory m = {
            .malloc_held = info.arena + info.hblkhd,
            .malloc_in_use = info.uordblks + info.hblkhd,
            .malloc_idle = info.fordblks,
        };
        read_status(&m);
        return m;
}

int64_t process_unattributed(const struct process_memory *memory)
{
        uint64_t own = 0;
        for (enum prof_stage stage = STAGE_MAIN; stage < STAGE_COUNT; stage++) {
                if (stage != STAGE_PROFILE) { /* mapped, not from malloc */
                        struct prof_counts c = prof_read(stage, LIB_COUNT);
                        own += (uint64_t)c.current_bytes_used +
                               PROF_PREFIX_SIZE * (uint64_t)c.current_count_used;
                }
        }
        return (int64_t)(memory->malloc_in_use - own);
}

struct process_unattributed_parts process_unattributed_parts(const struct process_memory *memory)
{
        /* glibc's malloc.c: TCACHE_MAX_BINS, TCACHE_FILL_COUNT; chunks from 32 bytes on, in steps of 16 */
        enum { BINS = 64, FILL = 7, LEAST = 32, STEP = 16, HEAD = 16 };
        uint64_t blocks = 0;
        for (enum prof_stage stage = STAGE_MAIN; stage < STAGE_COUNT; stage++) {
                blocks +=
                    stage != STAGE_PROFILE ? (uint64_t)prof_read(stage, LIB_COUNT).current_count_used : 0;
        }
        return (struct process_unattributed_parts){
            .heads = HEAD * blocks,
            .caches = memory->threads * FILL * (BINS * LEAST + STEP * (BINS * (BINS - 1) / 2)),
        };
}
