/* SPDX-License-Identifier: BSD-2-Clause */
/* What a process holds, as Linux tells it. */
#ifndef DIFFMM_TESTS_PROCESS_SIZE_H
#define DIFFMM_TESTS_PROCESS_SIZE_H

#include <stddef.h>
#include <sys/types.h>

struct process_size {
    size_t resident_kb;
    size_t descriptors; /* all */
    size_t sockets;     /* of these */
};

struct process_size process_measure(pid_t process);

#endif
