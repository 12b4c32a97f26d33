/* SPDX-License-Identifier: BSD-2-Clause */
/* The elements of a .npy array as ids. */
#ifndef DIFFMM_DATASET_READERS_NPY_TEXTS_H
#define DIFFMM_DATASET_READERS_NPY_TEXTS_H

#include "dataset/ids.h"
#include "dataset/readers/npy.h"

/* Whether an array can be the ids of `rows` rows: of one dimension, as long, integers or text. */
diffmm_status diffmm__npy_texts_check(const struct diffmm__npy *array, size_t rows,
                                      const char *name);

/* Add all elements as ids: integers in decimal, bytes as UTF-8, text in UTF-8; NULs at the end of a
 * text fill its width. The ids there are must be those of the array->first elements before.
 * DIFFMM_ERROR_FORMAT, with `name` and the element's number, for one that is no id or comes
 * twice. */
diffmm_status diffmm__npy_texts_add(const diffmm_context *context, const struct diffmm__npy *array,
                                    const char *name, struct diffmm__ids *ids);

#endif
