/* SPDX-License-Identifier: BSD-2-Clause */
/* Interactions from files that hold a sparse matrix, users x items. */
#ifndef DIFFMM_DATASET_READERS_INTERACTIONS_MATRIX_H
#define DIFFMM_DATASET_READERS_INTERACTIONS_MATRIX_H

#include "dataset/draft.h"

/* Add a matrix's entries that are not 0, as interactions of numbers, to a split of a draft, which
 * then has at least as many users and items as the matrix rows and columns. On failure the draft
 * may hold some of them. */
diffmm_status diffmm__interactions_matrix_read_npz(const diffmm_context *context, const char *path,
                                                   diffmm_split split, struct diffmm__draft *draft);
diffmm_status diffmm__interactions_matrix_read_pickle(const diffmm_context *context,
                                                      const char *path, diffmm_split split,
                                                      struct diffmm__draft *draft);

#endif
