/* SPDX-License-Identifier: BSD-2-Clause */
/* Public structs that grow: copying them in and out by the size the caller was compiled with. */
#ifndef DIFFMM_BASE_STRUCTS_H
#define DIFFMM_BASE_STRUCTS_H

#include <stdint.h>

#include <diffmm/status.h>

#include "base/layouts.h"

/* Copy a caller's struct into ours. A smaller one leaves our tail 0 (defaults); bytes beyond ours
 * must be 0. struct_size 0 means the first version's. `name` is the argument's name, for the
 * message. */
diffmm_status diffmm__struct_read(void *ours, const struct diffmm__layout *layout,
                                  const void *callers, const char *name);

/* Refuse a struct_size that no version can have had, as of an uninitialised struct: one that ends
 * neither where a member begins nor with the last, or one that is beyond reason. */
diffmm_status diffmm__struct_check(const struct diffmm__layout *layout, const void *callers,
                                   const char *name);

/* Refuse what a later version may give a meaning to. */
diffmm_status diffmm__struct_reserved(int32_t reserved, const char *name);

/* Copy ours out to a caller's struct, after that check, as much as it has room for, keeping its
 * struct_size. */
diffmm_status diffmm__struct_write(void *callers, const struct diffmm__layout *layout,
                                   const void *ours, const char *name);

#endif
