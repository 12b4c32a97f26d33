/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes of a file that are not in this process's memory when it is written. */
#ifndef DIFFMM_BASE_BYTE_SOURCE_H
#define DIFFMM_BASE_BYTE_SOURCE_H

#include <stddef.h>

#include <diffmm/status.h>

/* The most bytes that are asked for at once. */
enum { diffmm__byte_block = 1 << 20 };

struct diffmm__byte_source {
    /* Gives the next bytes: of each array diffmm__byte_block in every call, and in the last one the
     * rest. Called on the thread that writes the file, in the order of the file. */
    diffmm_status (*read)(void *state, size_t bytes, void *to);
    void *state;
};

#endif
