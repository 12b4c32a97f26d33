/* SPDX-License-Identifier: BSD-2-Clause */
#include "process_size.h"

#include <check.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "program.h"

struct process_size process_measure(pid_t process)
{
    struct process_size size = {0};
    char path[PATH_MAX], target[64];
    snprintf(path, sizeof path, "/proc/%d/status", (int)process);
    char *status = read_text(path);
    const char *line = strstr(status, "\nVmRSS:");
    ck_assert_ptr_nonnull(line);
    size.resident_kb = strtoul(line + 7, NULL, 10);
    free(status);
    snprintf(path, sizeof path, "/proc/%d/fd", (int)process);
    DIR *folder = opendir(path);
    ck_assert_ptr_nonnull(folder);
    struct dirent *entry;
    while ((entry = readdir(folder))) {
        if (entry->d_name[0] == '.')
            continue;
        size.descriptors++;
        ssize_t length = readlinkat(dirfd(folder), entry->d_name, target, sizeof target);
        size.sockets += length > 7 && memcmp(target, "socket:", 7) == 0;
    }
    closedir(folder);
    return size;
}
