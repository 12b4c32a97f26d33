/* SPDX-License-Identifier: BSD-2-Clause */
#include "popularity.h"

#include <stdlib.h>

static diffmm_status count_interactions(const diffmm_dataset *dataset, float *counts)
{
    for (size_t user = 0; user < diffmm_dataset_users(dataset); user++) {
        const int32_t *items;
        size_t count;
        diffmm_status status =
            diffmm_dataset_row(dataset, DIFFMM_TRAIN, (int32_t)user, &items, &count);
        if (status != DIFFMM_OK)
            return status;
        for (size_t i = 0; i < count; i++)
            counts[items[i]] += 1;
    }
    return DIFFMM_OK;
}

diffmm_status evaluate_popularity(diffmm_context *context, const diffmm_dataset *dataset,
                                  diffmm_split split, size_t cutoff_count, const size_t *cutoffs,
                                  diffmm_metrics *out)
{
    size_t users = diffmm_dataset_users(dataset);
    float *ones = malloc(users * sizeof *ones);
    float *counts = calloc(diffmm_dataset_items(dataset), sizeof *counts);
    diffmm_status status = ones && counts ? DIFFMM_OK : DIFFMM_ERROR_NO_MEMORY;
    if (status == DIFFMM_OK)
        status = count_interactions(dataset, counts);
    if (status == DIFFMM_OK) {
        for (size_t user = 0; user < users; user++)
            ones[user] = 1;
        /* The users of a trainer's metrics. */
        const diffmm_evaluate_arguments arguments = {.struct_size = sizeof arguments,
                                                     .split = split,
                                                     .d = 1,
                                                     .user_matrix = ones,
                                                     .item_matrix = counts,
                                                     .cutoff_count = cutoff_count,
                                                     .cutoffs = cutoffs,
                                                     .out = out,
                                                     .known_users = 1};
        status = diffmm_evaluate_with(context, dataset, &arguments);
    }
    free(counts);
    free(ones);
    return status;
}
