#include "journal/sink/sink_kinds.h"

#include <string.h>

#define SINK_ROW(name) &sink_##name##_ops,
static const struct sink_ops *const kinds[] = {SINK_KINDS(SINK_ROW)};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

static bool has_path(const struct sink_ops *ops)
{
        return ops->scheme != NULL && ops->scheme[strlen(ops->scheme) - 1] == ':';
}

static bool matches(const struct sink_ops *ops, const char *file)
{
        if (ops->scheme == NULL) {
                return true;
        }
        return has_path(ops) ? strncmp(file, ops->scheme, strlen(ops->scheme)) == 0
                             : strcmp(file, ops->scheme) == 0;
}

const struct sink_ops *sink_kinds_find(const char *file)
{
        size_t i = 0;
        while (i < KINDS - 1 && !matches(kinds[i], file)) {
                i++;
        }
        return kinds[i];
}

const char *sink_kinds_path(const struct sink_ops *ops, const char *file)
{
        const char *path = has_path(ops) ? file + strlen(ops->scheme) : file;
        return *path == '\0' && ops->default_path != NULL ? ops->default_path : path;
}
