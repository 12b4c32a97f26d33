/* SPDX-License-Identifier: BSD-2-Clause */
#include "standard_files.h"

#include <fcntl.h>
#include <unistd.h>

void standard_files_hold(void)
{
    for (int number = STDIN_FILENO; number <= STDERR_FILENO; number++)
        if (fcntl(number, F_GETFD) < 0) /* open() takes the lowest free one */
            (void)!open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}
