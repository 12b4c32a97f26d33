/* SPDX-License-Identifier: BSD-2-Clause */
/* Whose each row of a modality's features is, where a list of ids says so. The list is shared by a
 * data set and those extended from it. */
#ifndef DIFFMM_DATASET_ROW_IDS_H
#define DIFFMM_DATASET_ROW_IDS_H

#include <stdatomic.h>

#include "dataset/ids.h"

struct diffmm__row_ids {
    atomic_size_t references;
    struct diffmm__ids ids; /* of row 0, 1, .. */
};

/* Takes over the ids, and releases them on failure too; NULL without memory. */
struct diffmm__row_ids *diffmm__row_ids_create(const diffmm_context *context,
                                               struct diffmm__ids *ids);

/* Both accept NULL. */
void diffmm__row_ids_retain(struct diffmm__row_ids *rows);
void diffmm__row_ids_release(const diffmm_context *context, struct diffmm__row_ids *rows);

#endif
