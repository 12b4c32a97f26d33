/* SPDX-License-Identifier: BSD-2-Clause */
/* Graphs as dense matrices in double. */
#ifndef DIFFMM_TESTS_ORACLE_GRAPH_H
#define DIFFMM_TESTS_ORACLE_GRAPH_H

#include <math.h>
#include <stdlib.h>

#include <diffmm/graph.h>

#include "draws.h"
#include "failure.h"

/* D^-1/2 (B + I) D^-1/2 of user-item pairs; N x N, to be freed. */
static inline double *oracle_adjacency(size_t users, size_t items, size_t count,
                                       const int32_t *user, const int32_t *item)
{
    size_t nodes = users + items;
    double *a = calloc(nodes * nodes, sizeof *a), *degree = calloc(nodes, sizeof *degree);
    ck_assert(a && degree);
    for (size_t r = 0; r < nodes; r++)
        a[r * nodes + r] = 1.0;
    for (size_t e = 0; e < count; e++) {
        size_t u = (size_t)user[e], i = users + (size_t)item[e];
        a[u * nodes + i] = a[i * nodes + u] = 1.0;
    }
    for (size_t r = 0; r < nodes; r++)
        for (size_t c = 0; c < nodes; c++)
            degree[r] += a[r * nodes + c];
    for (size_t r = 0; r < nodes; r++)
        for (size_t c = 0; c < nodes; c++)
            a[r * nodes + c] /= sqrt(degree[r]) * sqrt(degree[c]);
    free(degree);
    return a;
}

/* A graph's stored entries as a dense matrix, to be freed. */
static inline double *dense_graph(const diffmm_graph *graph)
{
    size_t nodes = diffmm_graph_users(graph) + diffmm_graph_items(graph);
    const int64_t *pointers;
    const int32_t *columns;
    const float *values;
    expect_success(diffmm_graph_rows(graph, &pointers, &columns, &values));
    double *a = calloc(nodes * nodes, sizeof *a);
    ck_assert_ptr_nonnull(a);
    for (size_t r = 0; r < nodes; r++)
        for (int64_t e = pointers[r]; e < pointers[r + 1]; e++)
            a[r * nodes + (size_t)columns[e]] += (double)values[e];
    return a;
}

/* y = A x, or A^T x. */
static inline void oracle_multiply(size_t nodes, const double *a, int transposed, size_t d,
                                   const double *x, double *y)
{
    for (size_t r = 0; r < nodes; r++)
        for (size_t j = 0; j < d; j++) {
            double sum = 0.0;
            for (size_t c = 0; c < nodes; c++)
                sum += (transposed ? a[c * nodes + r] : a[r * nodes + c]) * x[c * d + j];
            y[r * d + j] = sum;
        }
}

/* h = x + A x + A A x + .. */
static inline void oracle_propagate(size_t nodes, const double *a, int transposed, size_t layers,
                                    size_t d, const double *x, double *h)
{
    size_t size = nodes * d;
    double *power = malloc(size * sizeof *power), *next = malloc(size * sizeof *next);
    ck_assert(power && next);
    for (size_t i = 0; i < size; i++)
        h[i] = power[i] = x[i];
    for (size_t l = 0; l < layers; l++) {
        oracle_multiply(nodes, a, transposed, d, power, next);
        for (size_t i = 0; i < size; i++)
            h[i] += power[i] = next[i];
    }
    free(power);
    free(next);
}

/* A random graph, some pairs repeated, the last user and the last item (of more than one) without
 * any; every stored entry kept with probability keep_rate. */
static inline diffmm_graph *random_graph(diffmm_context *context, size_t users, size_t items,
                                         size_t count, double keep_rate, uint64_t seed)
{
    struct draws draws = {seed};
    int32_t *user = calloc(count + 1, sizeof *user), *item = calloc(count + 1, sizeof *item);
    ck_assert(user && item);
    draw_numbers(&draws, count, users > 1 ? users - 1 : 1, user);
    draw_numbers(&draws, count, items > 1 ? items - 1 : 1, item);
    for (size_t e = 7; e < count; e += 7) {
        user[e] = user[e - 3];
        item[e] = item[e - 3];
    }
    diffmm_graph *whole, *graph;
    expect_success(diffmm_graph_create_bipartite(context, users, items, count, user, item, &whole));
    uint8_t *kept = malloc(diffmm_graph_entries(whole));
    ck_assert_ptr_nonnull(kept);
    for (size_t e = 0; e < diffmm_graph_entries(whole); e++)
        kept[e] = draw_real(&draws) < keep_rate;
    expect_success(diffmm_graph_drop_edges(whole, keep_rate, kept, &graph));
    diffmm_graph_destroy(whole);
    free(kept);
    free(user);
    free(item);
    return graph;
}

#endif
