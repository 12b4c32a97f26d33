/* SPDX-License-Identifier: BSD-2-Clause */
#include "checksum.h"

uint64_t checksum_of(const void *bytes, size_t size)
{
    uint64_t sum = 14695981039346656037u;
    for (size_t i = 0; i < size; i++)
        sum = (sum ^ ((const unsigned char *)bytes)[i]) * 1099511628211u;
    return sum;
}
