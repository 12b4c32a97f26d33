/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_DATASET_SEAL_H
#define DIFFMM_DATASET_SEAL_H

#include "dataset/dataset.h"

/* Begins a call that uses a data set (base/handle.h), and seals the data set first if it was not.
 * Sets *call in any case. */
diffmm_status diffmm__seal_call(struct diffmm__call *call, diffmm_dataset *dataset);

#endif
