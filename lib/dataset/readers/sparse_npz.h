/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_DATASET_READERS_SPARSE_NPZ_H
#define DIFFMM_DATASET_READERS_SPARSE_NPZ_H

#include "dataset/readers/sparse.h"

/* Read what scipy.sparse.save_npz wrote (coo, csr). */
diffmm_status diffmm__sparse_npz_read(const diffmm_context *context, const char *path,
                                      struct diffmm__sparse *out);

#endif
