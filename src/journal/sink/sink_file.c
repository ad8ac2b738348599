/* A sink that is a file, a named pipe or a device. */
#include "journal/sink/logfile.h"
#include "journal/sink/sink_ops.h"

static int open_file(const char *path, bool *owns)
{
        (void)owns;
        return logfile_open(path);
}

const struct sink_ops sink_file_ops = {
    .is_file = true,
    .reopens = true,
    .open = open_file,
    .write = logfile_write,
};
