#include "cli/cli.h"

#include <fcntl.h>
#include <unistd.h>

/** A closed standard stream would give its number to the next socket or file: keep all three taken. */
static void keep_standard_streams(void)
{
        int fd;
        do {
                fd = open("/dev/null", O_RDWR);
        } while (fd >= 0 && fd <= STDERR_FILENO);
        if (fd > STDERR_FILENO) {
                (void)close(fd);
        }
}

int main(int argc, char **argv)
{
        keep_standard_streams();
        return cli_main(argc, argv);
}
