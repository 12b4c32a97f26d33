/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_INSTALL_CHECKSUM_H
#define TESTS_INSTALL_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* FNV-1a of `size` bytes. */
uint64_t checksum_of(const void *bytes, size_t size);

#endif
