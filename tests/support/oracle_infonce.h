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

/* The nodes of a denominator, and the factor of each. */
struct oracle_denominator {
    size_t count;
    size_t *node;
    double *factor;
};

/* Of batch node b: all nodes; or, with drawn ones, b itself, then those that are not b. */
static inline struct oracle_denominator
oracle_infonce_denominator(size_t nodes, size_t b, size_t negative_count, const int32_t *negatives)
{
    size_t most = negative_count > 0 ? negative_count + 1 : nodes;
    struct oracle_denominator out = {.node = malloc(most * sizeof(size_t)),
                                     .factor = malloc(most * sizeof(double))};
    ck_assert(out.node && out.factor);
    for (size_t v = 0; v < nodes; v++)
        if (negative_count == 0 || v == b) {
            out.node[out.count] = v;
            out.factor[out.count++] = 1.0;
        }
    for (size_t j = 0; j < negative_count; j++)
        if ((size_t)negatives[j] != b) {
            out.node[out.count] = (size_t)negatives[j];
            out.factor[out.count++] = (double)nodes / (double)negative_count;
        }
    return out;
}

static inline void oracle_infonce_denominator_end(struct oracle_denominator *terms)
{
    free(terms->node);
    free(terms->factor);
}

/* One row of the batch: its loss; gradients of the normalised rows are added to. */
static inline double oracle_infonce_row(const struct oracle_denominator *terms, size_t d,
                                        const double *p, const double *q, size_t b, double tau,
                                        double share, double *grad_p, double *grad_q)
{
    double largest = -INFINITY, sum = 0.0, positive = oracle_dot(d, p + b * d, q + b * d) / tau;
    double *logits = malloc(terms->count * sizeof *logits);
    ck_assert_ptr_nonnull(logits);
    for (size_t i = 0; i < terms->count; i++) {
        logits[i] = oracle_dot(d, p + b * d, q + terms->node[i] * d) / tau;
        if (logits[i] > largest)
            largest = logits[i];
    }
    for (size_t i = 0; i < terms->count; i++)
        sum += terms->factor[i] * exp(logits[i] - largest);
    for (size_t i = 0; i < terms->count; i++) {
        size_t v = terms->node[i];
        double softmax = terms->factor[i] * exp(logits[i] - largest) / sum;
        double slope = (softmax - (v == b ? 1.0 : 0.0)) * share / tau;
        for (size_t j = 0; j < d; j++) {
            grad_p[b * d + j] += slope * q[v * d + j];
            grad_q[v * d + j] += slope * p[b * d + j];
        }
    }
    free(logits);
    return log(sum) + largest - positive;
}

/* The loss against all nodes, or against drawn ones (negative_count > 0); gradients, nodes x d, are
 * overwritten. */
static inline double oracle_infonce_drawn(size_t nodes, size_t d, const float *p, const float *q,
                                          size_t batch_count, const int32_t *batch,
                                          size_t negative_count, const int32_t *negatives,
                                          double tau, double *grad_p, double *grad_q)
{
    double *norms = malloc(2 * nodes * sizeof *norms), loss = 0.0;
    ck_assert_ptr_nonnull(norms);
    double *pn = oracle_normalize(nodes, d, p, norms);
    double *qn = oracle_normalize(nodes, d, q, norms + nodes);
    for (size_t i = 0; i < nodes * d; i++)
        grad_p[i] = grad_q[i] = 0.0;
    for (size_t i = 0; i < batch_count; i++) {
        size_t b = (size_t)batch[i];
        struct oracle_denominator terms =
            oracle_infonce_denominator(nodes, b, negative_count, negatives);
        loss += oracle_infonce_row(&terms, d, pn, qn, b, tau, 1.0 / (double)batch_count, grad_p,
                                   grad_q) /
                (double)batch_count;
        oracle_infonce_denominator_end(&terms);
    }
    oracle_normalize_backward(nodes, d, pn, norms, grad_p);
    oracle_normalize_backward(nodes, d, qn, norms + nodes, grad_q);
    free(pn);
    free(qn);
    free(norms);
    return loss;
}

static inline double oracle_infonce(size_t nodes, size_t d, const float *p, const float *q,
                                    size_t batch_count, const int32_t *batch, double tau,
                                    double *grad_p, double *grad_q)
{
    return oracle_infonce_drawn(nodes, d, p, q, batch_count, batch, 0, NULL, tau, grad_p, grad_q);
}

#endif
