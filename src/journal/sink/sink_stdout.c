/* A sink that is standard output, whatever that is. */
#include "journal/sink/logfile.h"
#include "journal/sink/sink_ops.h"

static int open_stdout(const char *path, bool *owns)
{
        (void)path;
        return logfile_stdout(owns);
}

const struct sink_ops sink_stdout_ops = {
    .scheme = "-",
    .label = "standard output",
    .open = open_stdout,
    .write = logfile_write,
};
