/* SPDX-License-Identifier: BSD-2-Clause */
/* What the splits are called in tables. */
#ifndef DIFFMM_DATASET_READERS_SPLIT_NAMES_H
#define DIFFMM_DATASET_READERS_SPLIT_NAMES_H

#include <stdbool.h>

#include <diffmm/dataset.h>

/* The split of a name: train, valid, validation, test; and, where they are numbered, 0, 1, 2. Returns
 * whether it is one. */
bool diffmm__split_names_find(const char *text, size_t length, bool numbered, diffmm_split *split);

#endif
