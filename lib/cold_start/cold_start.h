/* SPDX-License-Identifier: BSD-2-Clause */
/* The cold-start mapping, diffmm_placer: an item that training has not seen is placed among the
 * final embeddings by its raw features x_m, for those modalities S that it has:
 *
 *     row = mean + boost scale[S] sum over m in S of (x_m - mean_m) map_m
 *
 * map is found by least squares (cold_start/least_squares.h), scale by comparison with trained
 * items (cold_start/cold_start_scale.h). Mapping attributes to embeddings is by Gantner et al.,
 * Learning Attribute-to-Feature Mappings for Cold-Start Recommendations, ICDM 2010. */
#ifndef DIFFMM_COLD_START_COLD_START_H
#define DIFFMM_COLD_START_COLD_START_H

#include <diffmm/new_items.h>

#include "base/handle.h"
#include "base/memory.h"

enum { DIFFMM__COLD_START_MODALITIES = 8 };

struct diffmm__cold_start_modality {
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
    struct diffmm__cold_start_modality modalities[DIFFMM__COLD_START_MODALITIES];
    float *mean;  /* d: of the final item embeddings */
    float *scale; /* 2^M: entry S for an item that has the modalities of the bits of S */
};

/* A mapping with room for everything, from d and the modalities' names and dimensions; values are
 * not set. diffmm_placer_destroy() ends it. */
diffmm_status diffmm__cold_start_create(diffmm_context *context, size_t d, size_t modality_count,
                                        const struct diffmm__cold_start_modality *modalities,
                                        diffmm_placer **out);

/* What follows from the values, once they are set. */
void diffmm__cold_start_complete(diffmm_placer *placer);

/* The largest magnitude of `count` floats. */
double diffmm__cold_start_largest(size_t count, const float *x);

#endif
