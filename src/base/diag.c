#include "base/diag.h"

#include "base/clock.h"
#include "base/shown.h"
#include "base/utf8.h"
#include "base/writer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

static _Atomic int threshold = DIAG_INFO;
static _Atomic uint64_t counts[DIAG_LEVELS];

void diag_set_level(enum diag_level level)
{
        atomic_store_explicit(&threshold, (int)level, memory_order_relaxed);
}

enum diag_level diag_level(void)
{
        return (enum diag_level)atomic_load_explicit(&threshold, memory_order_relaxed);
}

const char *diag_level_name(enum diag_level level)
{
        static const char *const names[DIAG_LEVELS] = {"error", "warning", "info", "debug"};
        return level < DIAG_LEVELS ? names[level] : "?";
}

uint64_t diag_count(enum diag_level level)
{
        return atomic_load_explicit(&counts[level], memory_order_relaxed);
}

/** Cut between characters, if it was too long. */
static struct span text_of(const char *text, int n, size_t size)
{
        return n >= (int)size ? utf8_trim(span_of(text, size - 1)) : span_str(text);
}

void diag(enum diag_level level, const char *format, ...)
{
        atomic_fetch_add_explicit(&counts[level], 1, memory_order_relaxed);
        if (level > diag_level()) {
                return;
        }
        int saved_errno = errno;
        char text[1024];
        char line[SHOWN_GROWTH * sizeof text + 256];
        char when[CLOCK_RFC3339_SIZE];
        va_list args;
        va_start(args, format);
        int n = vsnprintf(text, sizeof text, format, args);
        va_end(args);
        clock_rfc3339(clock_wall_ns(), when);
        struct writer w = writer_over(line, sizeof line);
        writer_format(&w, "%s querytap: %s: ", when, diag_level_name(level));
        shown_put(&w, text_of(text, n, sizeof text));
        writer_char(&w, '\n');
        ssize_t written = write(STDERR_FILENO, line, w.at);
        (void)written; /* there is nowhere left to complain */
        errno = saved_errno;
}
