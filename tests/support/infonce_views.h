/* SPDX-License-Identifier: BSD-2-Clause */
/* Two made-up views that InfoNCE contrasts, and gradients held against exact ones. */
#ifndef DIFFMM_TESTS_INFONCE_VIEWS_H
#define DIFFMM_TESTS_INFONCE_VIEWS_H

#include "differences.h"
#include "draws.h"
#include "oracle_infonce.h"

/* Two views, a batch, drawn nodes where the denominators run over these, and room for gradients. */
struct views {
    size_t nodes, d, batch_count, drawn;
    double tau;
    float *p, *q, *grad_p, *grad_q;
    double *want_p, *want_q;
    int32_t *batch, *negatives;
};

/* The views agree somewhat. Batch and draws name nodes more than once, and some of each other's, where they are long enough. */
static inline struct views views_begin(size_t nodes, size_t d, size_t batch_count, size_t drawn,
                                       double tau)
{
    struct draws draws = {nodes * 31 + d + drawn};
    size_t size = nodes * d;
    struct views v = {.nodes = nodes,
                      .d = d,
                      .batch_count = batch_count,
                      .drawn = drawn,
                      .tau = tau,
                      .p = malloc(4 * size * sizeof(float)),
                      .want_p = malloc(2 * size * sizeof(double)),
                      .batch = malloc(batch_count * sizeof(int32_t)),
                      .negatives = drawn > 0 ? malloc(drawn * sizeof(int32_t)) : NULL};
    ck_assert(v.p && v.want_p && v.batch && (v.negatives || drawn == 0));
    v.q = v.p + size;
    v.grad_p = v.q + size;
    v.grad_q = v.grad_p + size;
    v.want_q = v.want_p + size;
    draw_normals(&draws, 2 * size, 0.7, v.p);
    for (size_t i = 0; i < size; i++)
        v.q[i] += 0.5f * v.p[i];
    fill(2 * size, NAN, v.grad_p);
    draw_numbers(&draws, batch_count, nodes, v.batch);
    draw_numbers(&draws, drawn, nodes, v.negatives);
    if (batch_count > 3)
        v.batch[3] = v.batch[1];
    if (drawn > 3) {
        v.negatives[2] = v.batch[0];
        v.negatives[3] = v.negatives[1];
    }
    return v;
}

static inline void views_end(struct views *v)
{
    free(v->p);
    free(v->want_p);
    free(v->batch);
    free(v->negatives);
}

static inline double shortest_row(const struct views *v, const float *x)
{
    double *norms = malloc(v->nodes * sizeof *norms), least = INFINITY;
    ck_assert_ptr_nonnull(norms);
    free(oracle_normalize(v->nodes, v->d, x, norms));
    for (size_t b = 0; b < v->nodes; b++)
        least = fmin(least, norms[b]);
    free(norms);
    return least;
}

/* A product of two rows is right within some 1e-7, and is divided by tau before exp: so far a
 * weight may be off. Where a softmax has nearly all its weight at the positive, its gradient is a
 * small difference of two terms of about 1 / tau, over the row's length. */
static inline void expect_gradient_exact(const struct views *v, const char *what, const float *x,
                                         const float *got, const double *want)
{
    double largest = largest_of(v->nodes * v->d, want);
    double tolerance = (1e-5 + 1e-6 / v->tau) * largest + 1e-7 / v->tau / shortest_row(v, x);
    for (size_t i = 0; i < v->nodes * v->d; i++)
        expect_close(what, i, (double)got[i], want[i], tolerance);
}

#endif
