/* SPDX-License-Identifier: BSD-2-Clause */
/* The text of one external id. */
#ifndef DIFFMM_DATASET_ID_H
#define DIFFMM_DATASET_ID_H

#include <stddef.h>
#include <stdint.h>

#include <diffmm/status.h>

/* DIFFMM_ERROR_INVALID_ARGUMENT for an id of a caller's array that is NULL, empty or not UTF-8; the
 * message calls it `array`[index]. */
diffmm_status diffmm__id_check(const char *id, const char *array, size_t index);

/* The number that an id is in canonical decimal form (no sign, no leading zeros); -1 where it is
 * none below `bound`. */
int32_t diffmm__id_number(const char *id, size_t length, size_t bound);

#endif
