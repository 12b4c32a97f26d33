/* SPDX-License-Identifier: BSD-2-Clause */
#include "tcp_hello.h"

#include <stdio.h>
#include <string.h>

#include "tcp_number.h"

/* At the beginning; the last digit is the version of what is said in which order. */
static const char magic[8] = {'d', 'i', 'f', 'f', 'm', 'm', 'P', '1'};

void tcp_hello_write(const struct tcp_hello *hello, unsigned char out[TCP_HELLO_BYTES])
{
    memcpy(out, magic, sizeof magic);
    tcp_number_write(hello->version, 4, out + 8);
    tcp_number_write(hello->size, 4, out + 12);
    tcp_number_write(hello->rank, 4, out + 16);
    tcp_number_write(hello->to, 4, out + 20);
    tcp_number_write(hello->mark, 8, out + 24);
}

bool tcp_hello_read(const unsigned char in[TCP_HELLO_BYTES], const struct tcp_hello *own,
                    struct tcp_hello *out, char *reason, size_t reason_size)
{
    if (memcmp(in, magic, sizeof magic) != 0) {
        snprintf(reason, reason_size, "is no peer of a training");
        return false;
    }
    *out = (struct tcp_hello){.version = (uint32_t)tcp_number_read(in + 8, 4),
                              .size = (uint32_t)tcp_number_read(in + 12, 4),
                              .rank = (uint32_t)tcp_number_read(in + 16, 4),
                              .to = (uint32_t)tcp_number_read(in + 20, 4),
                              .mark = tcp_number_read(in + 24, 8)};
    if (out->version != own->version)
        snprintf(reason, reason_size, "has version %u of the library, this process %u",
                 out->version, own->version);
    else if (out->size != own->size)
        snprintf(reason, reason_size, "is one of %u peers, this process one of %u", out->size,
                 own->size);
    else if (out->mark != own->mark)
        snprintf(reason, reason_size, "was given another list of peers than this process");
    else if (out->to != own->rank)
        snprintf(reason, reason_size, "looks for peer %u, this process is peer %u", out->to,
                 own->rank);
    else if (out->rank >= out->size || out->rank == own->rank)
        snprintf(reason, reason_size, "says that it is peer %u", out->rank);
    else
        return true;
    return false;
}
