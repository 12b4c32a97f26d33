/* SPDX-License-Identifier: BSD-2-Clause */
/* Items hidden from training, and the rules by which they are ranked. */
#ifndef DIFFMM_BENCH_COLD_ITEMS_H
#define DIFFMM_BENCH_COLD_ITEMS_H

#include <diffmm/diffmm.h>

#include "common.h"
#include "data.h"

/* A data set without the hidden items, whose numbers would follow those of the known ones. */
struct cold_world {
    const diffmm_dataset *source;
    diffmm_dataset *known_data;
    size_t users, items, known; /* items: in all */
    int32_t *number, *original; /* of item i of the source, and back */
    size_t modalities;
    const char *name[3];
    size_t dimensions[3];
    float *features[3]; /* items x dimensions, in the new order */
};

struct cold_world cold_hide(diffmm_context *context, const diffmm_dataset *source, size_t seed);
void cold_end(struct cold_world *world);

/* Features of each modality minus the mean of the known items, with length 1, side by side; to be
 * freed. */
float *cold_unit_features(const struct cold_world *world, size_t *columns);

/* Final rows of the hidden items, to be freed: of a node that has no neighbours in the graph (the
 * model's own rule with a zero item embedding), and the mean of the rows of the nearest `k` known
 * items by projected features. */
float *cold_isolated_rows(const struct cold_world *world, const diffmm_model *model);
float *cold_nearest_rows(const struct cold_world *world, const diffmm_model *model, size_t k);

/* The same by a placer, which may be shown one modality alone (or SIZE_MAX: all). */
float *cold_placed_rows(const struct cold_world *world, const diffmm_placer *placer, double boost,
                        size_t modality);

#endif
