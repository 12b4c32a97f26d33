/* SPDX-License-Identifier: BSD-2-Clause */
#include "tcp_number.h"

void tcp_number_write(uint64_t value, size_t bytes, unsigned char *out)
{
    for (size_t i = 0; i < bytes; i++)
        out[i] = (unsigned char)(value >> 8 * i);
}

uint64_t tcp_number_read(const unsigned char *in, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++)
        value |= (uint64_t)in[i] << 8 * i;
    return value;
}
