/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_DATASET_READERS_SPARSE_PICKLE_H
#define DIFFMM_DATASET_READERS_SPARSE_PICKLE_H

#include "dataset/readers/sparse.h"

/* Read a pickled coo or csr matrix or array, from a file or from memory that messages call `name`.
 */
diffmm_status diffmm__sparse_pickle_read(const diffmm_context *context, const char *path,
                                         struct diffmm__sparse *out);
diffmm_status diffmm__sparse_pickle_parse(const diffmm_context *context, const unsigned char *bytes,
                                          size_t size, const char *name,
                                          struct diffmm__sparse *out);

#endif
