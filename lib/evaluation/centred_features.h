/* SPDX-License-Identifier: BSD-2-Clause */
/* How alike items are in their features: cosines between rows from which their mean is taken away.
 * A row that is all zero has no features, as everywhere in the library, and neither has one that is
 * the mean itself. */
#ifndef DIFFMM_EVALUATION_CENTRED_FEATURES_H
#define DIFFMM_EVALUATION_CENTRED_FEATURES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/memory.h"
#include "dataset/stored_rows.h"

struct diffmm__centred_features {
    struct diffmm__arena arena;
    size_t items, columns, stride;
    const float *features;
    const struct diffmm__stored_rows *stored; /* in place of features: in a mapped file; or NULL */
    size_t known;                             /* items that have features */
    double *mean;                             /* columns */
    double *total;  /* columns: the sum of all centred rows at unit length */
    double *length; /* items: of the centred row; 0 where there are no features */
};

/* Items x columns features, rows `stride` apart, or those that are stored (NULL: none), are
 * borrowed; all zero may be ended. */
diffmm_status diffmm__centred_features_begin(const diffmm_context *context, size_t items,
                                             size_t columns, size_t stride, const float *features,
                                             const struct diffmm__stored_rows *stored,
                                             struct diffmm__centred_features *out);
void diffmm__centred_features_end(struct diffmm__centred_features *features);
size_t diffmm__centred_features_bytes(size_t items, size_t columns);

/* The mean cosine between a user's items and other ones: those of a list (-1 is none), and one at
 * random of those that the user does not have. An item of the list that the user has is not
 * compared with itself. `own` ascends; `sum` is room for `columns` numbers. False, and nothing
 * written, where there is nothing to compare. */
struct diffmm__similarity {
    double listed, random;
};
bool diffmm__centred_features_compare(const struct diffmm__centred_features *features,
                                      size_t own_count, const int32_t *own, size_t list_count,
                                      const int32_t *list, double *sum,
                                      struct diffmm__similarity *out);

#endif
