/* SPDX-License-Identifier: BSD-2-Clause */
/* Measures of a generated graph (measures.h has what each means). */
#ifndef DIFFMM_EVALUATION_GRAPH_MEASURES_H
#define DIFFMM_EVALUATION_GRAPH_MEASURES_H

#include <diffmm/measures.h>

#include "evaluation/centred_features.h"
#include "evaluation/popularity.h"
#include "linalg/csr.h"

/* What the measures are of, apart from the graph. What costs is measured on a sample of users. */
struct diffmm__graph_setting {
    size_t users, items;
    size_t count;                    /* neighbours of each user */
    size_t columns;                  /* the most features of an item; 0: none */
    const struct diffmm__csr *train; /* users x items */
    const struct diffmm__csr *held;  /* held-out items; or NULL */
    const struct diffmm__popularity *popularity;
    size_t sample_count;
    const int32_t *sample; /* users, whose agreement and similarity are measured; NULL: 0, 1, .. */
};

/* A setting with the memory to measure in; all zero holds nothing. */
struct diffmm__graph_measuring {
    const diffmm_context *context;
    struct diffmm__arena arena;
    struct diffmm__graph_setting setting;
    uint32_t *edges_of;                 /* items */
    struct diffmm__graph_sums *sums;    /* per worker */
    double *own_sum;                    /* workers x columns */
    struct diffmm__similarity *similar; /* sample; NAN where there is none */
};

diffmm_status diffmm__graph_measuring_begin(const diffmm_context *context,
                                            const struct diffmm__graph_setting *setting,
                                            struct diffmm__graph_measuring *out);
void diffmm__graph_measuring_end(struct diffmm__graph_measuring *measuring);
size_t diffmm__graph_measuring_bytes(const struct diffmm__graph_setting *setting, size_t threads);

/* Measures a graph: `neighbors` is users x count, and `previous`, or NULL, has the rows of the sample
 * one after the other. Rows ascend, with -1 first where there are none. `features` may be NULL. */
void diffmm__graph_measuring_run(struct diffmm__graph_measuring *measuring,
                                 const int32_t *neighbors, const int32_t *previous,
                                 const struct diffmm__centred_features *features,
                                 diffmm_graph_measures *out);

#endif
