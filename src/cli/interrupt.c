#include "cli/interrupt.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t has_come;

static void on_signal(int number)
{
        (void)number;
        has_come = 1;
}

void interrupt_catch(void)
{
        const struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
        (void)sigaction(SIGINT, &action, NULL);
        (void)sigaction(SIGTERM, &action, NULL);
}

bool interrupt_has_come(void)
{
        return has_come != 0;
}
