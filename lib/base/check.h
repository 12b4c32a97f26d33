/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_BASE_CHECK_H
#define DIFFMM_BASE_CHECK_H

#include <stddef.h>
#include <stdint.h>

#include <diffmm/status.h>

/* Users or items given by a caller: not NULL, and each at least 0 and below `limit`. */
diffmm_status diffmm__check_numbers(const char *name, const int32_t *numbers, size_t count,
                                    size_t limit);

#endif
