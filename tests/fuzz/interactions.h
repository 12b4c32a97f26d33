/* SPDX-License-Identifier: BSD-2-Clause */
/* Interactions from a file of some kind. */
#ifndef DIFFMM_TESTS_FUZZ_INTERACTIONS_H
#define DIFFMM_TESTS_FUZZ_INTERACTIONS_H

#include "fuzz.h"

/* Read a file into a data set and look at what came of it, no allocation above `largest`. */
static inline void fuzz_interactions(const char *name, const uint8_t *data, size_t size,
                                     size_t largest)
{
    diffmm_context *context = fuzz_begin(largest, FUZZ_REPORT);
    diffmm_dataset *dataset;
    fuzz_check(diffmm_dataset_create(context, &dataset) == DIFFMM_OK, "there is no data set");
    diffmm_status status =
        diffmm_dataset_read_interactions(dataset, DIFFMM_TRAIN, fuzz_file(name, data, size));
    if (fuzz_status(status))
        for (int split = DIFFMM_TRAIN; split <= DIFFMM_TEST; split++)
            fuzz_check(diffmm_dataset_interactions(dataset, (diffmm_split)split) == 0 &&
                           diffmm_dataset_users(dataset) == 0 && diffmm_dataset_items(dataset) == 0,
                       "a failure left something in the data set");
    else
        fuzz_visit_dataset(dataset);
    diffmm_dataset_destroy(dataset);
    fuzz_end();
}

#endif
