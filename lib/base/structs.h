/* SPDX-License-Identifier: BSD-2-Clause */
/* Public structs that grow: copying them in and out by the size the caller was compiled with. */
#ifndef DIFFMM_BASE_STRUCTS_H
#define DIFFMM_BASE_STRUCTS_H

#include <stddef.h>
#include <stdint.h>

#include <diffmm/status.h>

/* Copy a caller's struct into ours of `size` bytes, of which the first version had `first_size`.
 * A smaller one leaves our tail 0 (defaults); bytes beyond ours must be 0. struct_size 0 means
 * `first_size`. `name` is the argument's name, for the message. */
diffmm_status diffmm__struct_read(void *ours, size_t size, size_t first_size, const void *callers,
                                  const char *name);

/* Refuse a struct_size that no version can have had (an uninitialised struct). */
diffmm_status diffmm__struct_check(const void *callers, const char *name);

/* Refuse what a later version may give a meaning to. */
diffmm_status diffmm__struct_reserved(int32_t reserved, const char *name);

/* Copy ours out to a caller's struct, after that check, as much as it has room for, keeping its
 * struct_size. */
diffmm_status diffmm__struct_write(void *callers, const void *ours, size_t size, size_t first_size,
                                   const char *name);

#endif
