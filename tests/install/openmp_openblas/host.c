/* SPDX-License-Identifier: BSD-2-Clause */
/* The host without the library: what its own work gives. */
#include <inttypes.h>
#include <stdio.h>

#include "host_work.h"

int main(void)
{
    char settings[256];
    host_settings(settings);
    printf("%s\nhost %016" PRIx64 "\n", settings, host_work());
    return 0;
}
