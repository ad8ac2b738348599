#include "profile/explain/names.h"

enum { CHAIN_FRAMES = 5, PLAIN_FRAMES = 3 };

/** "net/http" of "net/http.(*conn).serve". */
static struct span package_of(struct span function)
{
        size_t begin = 0;
        for (size_t i = 0; i < function.len && function.data[i] != '[' && function.data[i] != '('; i++) {
                begin = function.data[i] == '/' ? i : begin;
        }
        const uint8_t *dot =
            function.len > begin ? memchr(function.data + begin, '.', function.len - begin) : NULL;
        return span_head(function, dot != NULL ? (size_t)(dot - function.data) : 0);
}

/** Go's own packages have no dot before the first slash, and are in the folder src/ of its installation. */
static bool is_own(const struct dump_frame *f)
{
        struct span package = package_of(f->function);
        if (package.len == 0) {
                return false;
        }
        if (span_equal(package, span_str("main"))) {
                return true;
        }
        const uint8_t *slash = memchr(package.data, '/', package.len);
        size_t first = slash != NULL ? (size_t)(slash - package.data) : package.len;
        return memchr(package.data, '.', first) != NULL;
}

size_t names_caller(const struct dump_frame *frames, size_t n)
{
        if (n < 2) {
                return 0;
        }
        for (size_t i = 0; i < n; i++) {
                if (is_own(&frames[i])) {
                        return i > 0 ? i : 1;
                }
        }
        return n > PLAIN_FRAMES ? PLAIN_FRAMES : n - 1;
}

struct span names_chain(const struct dump_frame *frames, size_t last, char to[NAMES_CHAIN_MAX])
{
        size_t at = 0;
        size_t most = NAMES_CHAIN_MAX / (CHAIN_FRAMES + 1) - 5;
        bool gap = last >= CHAIN_FRAMES;
        for (size_t i = 0; i <= last; i++) {
                if (gap && i >= CHAIN_FRAMES - 1 && i < last) {
                        continue;
                }
                const char *joint = i == 0 ? "" : gap && i == last ? " < ... < " : " < ";
                struct span name = span_head(frames[i].function, most);
                at += (size_t)((char *)span_copy((uint8_t *)to + at, span_str(joint)) - (to + at));
                at += (size_t)((char *)span_copy((uint8_t *)to + at, name) - (to + at));
        }
        return span_of(to, at);
}
