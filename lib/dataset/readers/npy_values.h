/* SPDX-License-Identifier: BSD-2-Clause */
/* The elements of a .npy array. */
#ifndef DIFFMM_DATASET_READERS_NPY_VALUES_H
#define DIFFMM_DATASET_READERS_NPY_VALUES_H

#include "dataset/readers/npy.h"

/* All elements in C order, converted: any float, integer or boolean to float / double / int64
 * (DIFFMM_ERROR_FORMAT for other kinds, and for fractions as int64; DIFFMM_ERROR_NUMERIC for a
 * double that is beyond the range of float). `out` has array->count elements. */
diffmm_status diffmm__npy_values_as_float(const struct diffmm__npy *array, const char *name,
                                          float *out);
diffmm_status diffmm__npy_values_as_double(const struct diffmm__npy *array, const char *name,
                                           double *out);
diffmm_status diffmm__npy_values_as_int64(const struct diffmm__npy *array, const char *name,
                                          int64_t *out);

#endif
