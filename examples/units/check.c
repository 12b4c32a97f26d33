/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>

void check(diffmm_status status)
{
    if (status == DIFFMM_OK)
        return;
    fprintf(stderr, "%s: %s\n", diffmm_status_name(status), diffmm_error_message());
    exit(1);
}

void *take(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (!memory) {
        fprintf(stderr, "no memory\n");
        exit(1);
    }
    return memory;
}
