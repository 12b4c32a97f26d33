/* SPDX-License-Identifier: BSD-2-Clause */
/* InfoNCE in double, each sum as it stands in the formula. */
#ifndef DIFFMM_TESTS_ORACLE_INFONCE_H
#define DIFFMM_TESTS_ORACLE_INFONCE_H

#include <math.h>
#include <stdlib.h>

#include <check.h>

/* Rows divided by max(norm, 1e-12), to be freed; and the divisors. */
static inline double *oracle_normalize(size_t nodes, size_t d, const float *x, double *norms)
{
    double *y = malloc(nodes * d * sizeof *y);
    ck_assert_ptr_nonnull(y);
    for (size_t v = 0; v < nodes; v++) {
        double square = 0.0;
        for (size_t j = 0; j < d; j++)
            square += (double)x[v * d + j] * (double)x[v * d + j];
        norms[v] = fmax(sqrt(square), 1e-12);
        for (size_t j = 0; j < d; j++)
            y[v * d + j] = (double)x[v * d + j] / norms[v];
    }
    return y;
}

/* The gradient of x = norm y, from that of y, in place. */
static inline void oracle_normalize_backward(size_t nodes, size_t d, const double *y,
                                             const double *norms, double *gradient)
{
    for (size_t v = 0; v < nodes; v++) {
        double along = 0.0;
        for (size_t j = 0; j < d; j++)
            along += y[v * d + j] * gradient[v * d + j];
        for (size_t j = 0; j < d; j++)
            gradient[v * d + j] = (gradient[v * d + j] - along * y[v * d + j]) / norms[v];
    }
}

static inline double oracle_dot(size_t d, const double *x, const double *y)
{
    double sum = 0.0;
    for (size_t j = 0; j < d; j++)
        sum += x[j] * y[j];
    return sum;
}

/* One row of the batch: its loss; gradients of the normalised rows are added unless NULL. */
static inline double oracle_infonce_row(size_t nodes, size_t d, const double *p, const double *q,
                                        size_t b, double tau, double share, double *grad_p,
                                        double *grad_q)
{
    double largest = -INFINITY, sum = 0.0, positive = oracle_dot(d, p + b * d, q + b * d) / tau;
    double *logits = malloc(nodes * sizeof *logits);
    ck_assert_ptr_nonnull(logits);
    for (size_t v = 0; v < nodes; v++) {
        logits[v] = oracle_dot(d, p + b * d, q + v * d) / tau;
        if (logits[v] > largest)
            largest = logits[v];
    }
    for (size_t v = 0; v < nodes; v++)
        sum += exp(logits[v] - largest);
    for (size_t v = 0; v < nodes && grad_p; v++) {
        double slope = (exp(logits[v] - largest) / sum - (v == b ? 1.0 : 0.0)) * share / tau;
        for (size_t j = 0; j < d; j++) {
            grad_p[b * d + j] += slope * q[v * d + j];
            grad_q[v * d + j] += slope * p[b * d + j];
        }
    }
    free(logits);
    return log(sum) + largest - positive;
}

/* The loss; gradients, nodes x d, are overwritten. */
static inline double oracle_infonce(size_t nodes, size_t d, const float *p, const float *q,
                                    size_t batch_count, const int32_t *batch, double tau,
                                    double *grad_p, double *grad_q)
{
    double *norms = malloc(2 * nodes * sizeof *norms), loss = 0.0;
    ck_assert_ptr_nonnull(norms);
    double *pn = oracle_normalize(nodes, d, p, norms);
    double *qn = oracle_normalize(nodes, d, q, norms + nodes);
    for (size_t i = 0; i < nodes * d; i++)
        grad_p[i] = grad_q[i] = 0.0;
    for (size_t b = 0; b < batch_count; b++)
        loss += oracle_infonce_row(nodes, d, pn, qn, (size_t)batch[b], tau,
                                   1.0 / (double)batch_count, grad_p, grad_q) /
                (double)batch_count;
    oracle_normalize_backward(nodes, d, pn, norms, grad_p);
    oracle_normalize_backward(nodes, d, qn, norms + nodes, grad_q);
    free(pn);
    free(qn);
    free(norms);
    return loss;
}

#endif
