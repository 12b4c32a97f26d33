/* SPDX-License-Identifier: BSD-2-Clause */
/* Float matrices of a file. */
#ifndef DIFFMM_FILES_MATRIX_H
#define DIFFMM_FILES_MATRIX_H

#include <stdbool.h>

#include "files/safetensors.h"

/* A float tensor that must be rows x columns (1 column: a vector is fine), in the file's memory.
 * Its values are not read, so that opening a large file stays cheap: whoever computes with them
 * checks them, or the result. `out` may be NULL, where only the shape is to be checked. */
diffmm_status diffmm__matrix_find(const struct diffmm__safetensors *file, const char *name,
                                  size_t rows, size_t columns, const float **out);

/* The same; the values must be finite. */
diffmm_status diffmm__matrix_find_finite(const struct diffmm__safetensors *file, const char *name,
                                         size_t rows, size_t columns, const float **out);

/* The same, copied into `out`, in which the values are checked: the file may change. */
diffmm_status diffmm__matrix_read(const struct diffmm__safetensors *file, const char *name,
                                  size_t rows, size_t columns, float *out);

/* The same, of squares: second moments, which are never negative. */
diffmm_status diffmm__matrix_read_squares(const struct diffmm__safetensors *file, const char *name,
                                          size_t rows, size_t columns, float *out);

/* The same of rows `first` up to `end` alone; `out` has room for all. */
diffmm_status diffmm__matrix_read_rows(const struct diffmm__safetensors *file, const char *name,
                                       size_t rows, size_t columns, bool squares, size_t first,
                                       size_t end, float *out);

/* Whether the file is large enough for so many parameters, each with both moments, and for `others`,
 * numbers without: checked before memory for so many is asked for. */
diffmm_status diffmm__matrix_check_sizes(const struct diffmm__safetensors *file, double parameters,
                                         double others);

#endif
