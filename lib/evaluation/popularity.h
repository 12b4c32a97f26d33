/* SPDX-License-Identifier: BSD-2-Clause */
/* Items by the number of their interactions. */
#ifndef DIFFMM_EVALUATION_POPULARITY_H
#define DIFFMM_EVALUATION_POPULARITY_H

#include "linalg/csr.h"

struct diffmm__popularity {
    struct diffmm__arena arena;
    int32_t *order; /* items, the most popular first, ties by lower item */
    /* Twice the rank of each item, from 1 for the most popular. Items of equal popularity share the
     * mean of their ranks, which may be half a number. */
    uint32_t *twice_rank;
};

/* Counts the entries of each column; all zero may be ended. */
diffmm_status diffmm__popularity_begin(const diffmm_context *context,
                                       const struct diffmm__csr *rows,
                                       struct diffmm__popularity *out);
void diffmm__popularity_end(struct diffmm__popularity *popularity);

/* The bytes that it keeps. */
size_t diffmm__popularity_bytes(size_t items);

#endif
