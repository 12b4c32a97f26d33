/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers as they travel: the least significant byte first. */
#ifndef DIFFMM_EXAMPLES_TRAIN_TCP_NUMBER_H
#define DIFFMM_EXAMPLES_TRAIN_TCP_NUMBER_H

#include <stddef.h>
#include <stdint.h>

void tcp_number_write(uint64_t value, size_t bytes, unsigned char *out);
uint64_t tcp_number_read(const unsigned char *in, size_t bytes);

#endif
