/* SPDX-License-Identifier: BSD-2-Clause */
/* Public structs that grow: copied in and out by the size that the caller was compiled with. */
#ifndef DIFFMM_BASE_STRUCTS_H
#define DIFFMM_BASE_STRUCTS_H

#include <stdint.h>

#include <diffmm/status.h>

#include "base/layouts.h"

/* Copy a caller's struct into ours. If it is smaller, our tail is 0, which means the defaults; if
 * it is larger, the bytes beyond ours must be 0. A struct_size of 0 means the size of the first
 * version. `name` is the argument's name, for the message. */
diffmm_status diffmm__struct_read(void *ours, const struct diffmm__layout *layout,
                                  const void *callers, const char *name);

/* Refuse a struct_size that no version can have, such as that of an uninitialised struct: one that
 * ends within a member, or is unreasonably large. */
diffmm_status diffmm__struct_check(const struct diffmm__layout *layout, const void *callers,
                                   const char *name);

/* Refuse a reserved member that is not 0: a later version may give it a meaning. */
diffmm_status diffmm__struct_reserved(int32_t reserved, const char *name);

/* Copy ours to a caller's struct, after the same check of struct_size: as much as it has room for,
 * and all but its struct_size. */
diffmm_status diffmm__struct_write(void *callers, const struct diffmm__layout *layout,
                                   const void *ours, const char *name);

#endif
