/* SPDX-License-Identifier: BSD-2-Clause */
/* Raw features as the settings modality.NAME.standardize and .normalize want them. */
#ifndef DIFFMM_MODEL_FEATURE_SCALE_H
#define DIFFMM_MODEL_FEATURE_SCALE_H

#include "base/memory.h"
#include "options/settings.h"

/* Whether the features change at all. */
bool diffmm__feature_scale_changes(const struct diffmm__feature_settings *settings);

/* Standardise each column of rows x columns features in place, then bring each row to length 1, as
 * the settings say. Rows that are all zero, as those of items without features, do not count for
 * means and deviations, and stay as they are; columns that do not vary become 0. */
diffmm_status diffmm__feature_scale(const diffmm_context *context,
                                    const struct diffmm__feature_settings *settings, size_t rows,
                                    size_t columns, float *features);

#endif
