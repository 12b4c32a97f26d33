/* SPDX-License-Identifier: BSD-2-Clause */
/* Items in the order of a list of ids. */
#ifndef DIFFMM_DATASET_DECLARE_H
#define DIFFMM_DATASET_DECLARE_H

#include "dataset/dataset.h"

/* Declare items in an open data set that has none yet; *wrong is the index of the id at fault. */
diffmm_status diffmm__declare_items(diffmm_dataset *dataset, size_t count, const char *const *ids,
                                    size_t *wrong);

#endif
