/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_RECOMMEND_PLACER_H
#define DIFFMM_RECOMMEND_PLACER_H

#include <diffmm/new_items.h>

#include "base/handle.h"
#include "base/memory.h"

enum { DIFFMM__PLACER_MODALITIES = 8 };

struct diffmm__placer_modality {
    char name[64];
    size_t dimensions;
    float *mean;     /* D: of the raw features */
    float *map;      /* D x d, for features minus mean */
    double map_most; /* the largest magnitude of the map */
};

struct diffmm_placer {
    struct diffmm__handle handle;
    diffmm_context *context;
    struct diffmm__arena arena;
    size_t d, modality_count;
    struct diffmm__placer_modality modalities[DIFFMM__PLACER_MODALITIES];
    float *mean;  /* d: of the final item embeddings */
    float *scale; /* 2^M: entry S for an item that has the modalities of the bits of S */
};

/* A placer with room for everything, from d and the modalities' names and dimensions; values are
 * not set. */
diffmm_status diffmm__placer_allocate(diffmm_context *context, size_t d, size_t modality_count,
                                      const struct diffmm__placer_modality *modalities,
                                      diffmm_placer **out);

/* What follows from the values, once they are set. */
void diffmm__placer_measure(diffmm_placer *placer);

/* Trained items by their raw features. Rows are in an order of its own, those held out last. */
struct diffmm__placer_fit {
    diffmm_context *context;
    size_t items, held; /* in all, and of them held out */
    size_t features, d; /* D of all modalities together */
    const float *z;     /* items x features, standardised */
    const float *y;     /* items x d: final embeddings minus their mean */
};

/* placer_fit.c: `map` (features x d) from all items; and from those not held out, `held_map`. */
diffmm_status diffmm__placer_fit(const struct diffmm__placer_fit *fit, float *map, float *held_map);

/* placer_scale.c: placer->scale from the held-out items' `predictions`, one for each modality
 * (held x d), and the model's final embeddings. */
diffmm_status diffmm__placer_scale(diffmm_placer *placer, const diffmm_model *model, size_t held,
                                   const float *const *predictions);

#endif
