/* SPDX-License-Identifier: BSD-2-Clause */
/* Declaring items: a list of ids fixes their numbers. */
#ifndef DIFFMM_DATASET_DECLARE_H
#define DIFFMM_DATASET_DECLARE_H

#include "dataset/dataset.h"

/* Declare items in an open data set that has no new items yet. After a failure *wrong is the index
 * of the id that caused it. */
diffmm_status diffmm__declare_items(diffmm_dataset *dataset, size_t count, const char *const *ids,
                                    size_t *wrong);

#endif
