/* SPDX-License-Identifier: BSD-2-Clause */
/* A connection between each two of the peers of a training. */
#ifndef DIFFMM_EXAMPLES_TRAIN_TCP_MESH_H
#define DIFFMM_EXAMPLES_TRAIN_TCP_MESH_H

#include "tcp_addresses.h"

/* Connect this process, which is peer `rank`, with all others: it listens at its own address for
 * those of higher ranks, and connects to those of lower ranks, again and again until they are there.
 * Others than peers are refused.
 *   deadline      in seconds
 *   sockets       of `size` elements: non-blocking, by rank; -1 at the own one
 *   message       what is wrong, where it returns false; then all sockets are -1 */
bool tcp_mesh_connect(const struct tcp_addresses *addresses, uint32_t rank, double deadline,
                      int *sockets, char *message, size_t message_size);

/* Seconds of a clock that is never set. */
double tcp_clock(void);

#endif
