#include "base/status.h"

int main(void)
{
        return STATUS_OK;
}
