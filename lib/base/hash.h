/* SPDX-License-Identifier: BSD-2-Clause */
/* A hash of bytes under a secret key, so that whoever chooses the bytes cannot make them
 * collide. */
#ifndef DIFFMM_BASE_HASH_H
#define DIFFMM_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct diffmm__hash_key {
    uint64_t low, high;
};

/* Draw a new key that nobody can foresee. Nothing that a caller sees may depend on it. */
struct diffmm__hash_key diffmm__hash_key_draw(void);

/* SipHash-2-4 (Aumasson and Bernstein 2012). */
uint64_t diffmm__hash(struct diffmm__hash_key key, const void *bytes, size_t length);

#endif
