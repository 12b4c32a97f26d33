/* SPDX-License-Identifier: BSD-2-Clause */
/* Features from a file of some kind, whose rows have ids. */
#ifndef DIFFMM_TESTS_FUZZ_FEATURE_ROWS_H
#define DIFFMM_TESTS_FUZZ_FEATURE_ROWS_H

#include "fuzz.h"

/* Read features by a function, no allocation above `largest`, and train on nothing: of the items
 * "a", "0" and "1" some may have rows. */
static inline void fuzz_features_by(diffmm_status (*read)(diffmm_dataset *, const char *,
                                                          const char *),
                                    const char *path, size_t largest)
{
    static const char *const user[] = {"u", "u", "v"}, *const item[] = {"a", "0", "1"};
    diffmm_context *context = fuzz_begin(largest, FUZZ_REPORT);
    diffmm_dataset *dataset;
    fuzz_check(diffmm_dataset_create(context, &dataset) == DIFFMM_OK, "there is no data set");
    fuzz_check(!diffmm_dataset_add_named_interactions(dataset, DIFFMM_TRAIN, 3, user, item),
               "no interaction can be added");
    if (fuzz_status(read(dataset, "x", path)))
        fuzz_check(diffmm_dataset_modalities(dataset) == 0, "a failure left a modality");
    else
        fuzz_visit_dataset(dataset);
    diffmm_dataset_destroy(dataset);
    fuzz_end();
}

/* The same of a file, once read and once mapped. */
static inline void fuzz_features(const char *path, size_t largest)
{
    fuzz_features_by(diffmm_dataset_read_modality, path, largest);
    fuzz_features_by(diffmm_dataset_map_modality, path, largest);
}

#endif
