/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_DATASET_JOIN_SPLITS_H
#define DIFFMM_DATASET_JOIN_SPLITS_H

#include "dataset/dataset.h"

/* Make a sealed data set in which the interactions of all splits of a sealed one are training, each
 * once. Users and items keep numbers and ids, and both data sets share the features. */
diffmm_status diffmm__join_splits(const diffmm_dataset *source, diffmm_dataset **out);

#endif
