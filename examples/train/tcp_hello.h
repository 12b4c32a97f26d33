/* SPDX-License-Identifier: BSD-2-Clause */
/* What two processes tell each other before they take each other for peers. */
#ifndef DIFFMM_EXAMPLES_TRAIN_TCP_HELLO_H
#define DIFFMM_EXAMPLES_TRAIN_TCP_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TCP_HELLO_BYTES = 32 };

struct tcp_hello {
    uint32_t version; /* of the library */
    uint32_t size;    /* how many peers there are */
    uint32_t rank;    /* who says this */
    uint32_t to;      /* whom it is meant for */
    uint64_t mark;    /* of the list of addresses */
};

void tcp_hello_write(const struct tcp_hello *hello, unsigned char out[TCP_HELLO_BYTES]);

/* Read what another one says. False, with what is wrong with it in `reason` ("is ..", "has .."),
 * unless it is a peer of `own` that means it. Which one it is, the caller judges. */
bool tcp_hello_read(const unsigned char in[TCP_HELLO_BYTES], const struct tcp_hello *own,
                    struct tcp_hello *out, char *reason, size_t reason_size);

#endif
