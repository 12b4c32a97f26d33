/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the peers of a training are: HOST:PORT,HOST:PORT,.. in the order of their ranks. */
#ifndef DIFFMM_EXAMPLES_TRAIN_TCP_ADDRESSES_H
#define DIFFMM_EXAMPLES_TRAIN_TCP_ADDRESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TCP_PEERS_MAX = 1024 };

struct tcp_address {
    char host[256], port[6]; /* as getaddrinfo() takes them */
};

struct tcp_addresses {
    uint32_t size;
    struct tcp_address *each; /* by rank */
    uint64_t mark;            /* a hash of the list: peers that were given different ones notice */
};

/* Read a list; an address of IPv6 stands in brackets: [::1]:5000. False, with what is wrong in
 * `message`. */
bool tcp_addresses_begin(struct tcp_addresses *addresses, const char *list, char *message,
                         size_t message_size);
void tcp_addresses_end(struct tcp_addresses *addresses);

#endif
