/* SPDX-License-Identifier: BSD-2-Clause */
#include "contrastive/infonce_rows.h"

#include <string.h>

#include "base/check.h"
#include "base/pool.h"
#include "base/sizes.h"
#include "base/status.h"
#include "linalg/kernels.h"
#include "linalg/normalize_rows.h"
#include "linalg/vectors.h"

enum { grain = 128 };

size_t diffmm__infonce_rows_candidates(const struct diffmm__infonce_shape *shape)
{
    return shape->negatives > 0 ? diffmm__size_lesser(shape->negatives, shape->nodes)
                                : shape->nodes;
}

size_t diffmm__infonce_rows_most(const struct diffmm__infonce_shape *shape)
{
    size_t candidates = diffmm__infonce_rows_candidates(shape);
    return candidates + diffmm__size_lesser(shape->batch, shape->nodes - candidates);
}

diffmm_status diffmm__infonce_rows_check(const char *name, size_t count, const int32_t *negatives,
                                         size_t nodes)
{
    if (count > INT32_MAX)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "negative_count is %zu, above %d", count,
                            (int)INT32_MAX);
    return diffmm__check_numbers(name, negatives, count, nodes);
}

struct diffmm__infonce_rows diffmm__infonce_rows_take(struct diffmm__arena *arena,
                                                      const struct diffmm__infonce_shape *shape)
{
    size_t distinct = diffmm__size_lesser(shape->batch, shape->nodes);
    struct diffmm__infonce_rows rows = {
        .batch = {.rows = diffmm__arena_take(arena, distinct, sizeof(int32_t)),
                  .times = diffmm__arena_take(arena, distinct, sizeof(float))},
        .seen = diffmm__arena_take_zero(arena, shape->nodes, sizeof(int32_t))};
    if (shape->negatives > 0) {
        size_t candidates = diffmm__infonce_rows_candidates(shape);
        rows.nodes = diffmm__arena_take(arena, diffmm__infonce_rows_most(shape), sizeof(int32_t));
        rows.factors = diffmm__arena_take(arena, candidates, sizeof(float));
        rows.counts = diffmm__arena_take(arena, candidates > distinct ? candidates : distinct,
                                         sizeof(int32_t));
    }
    return rows;
}

void diffmm__infonce_rows_all(struct diffmm__infonce_rows *rows, size_t nodes, size_t batch_count,
                              const int32_t *batch)
{
    struct diffmm__batch_nodes *out = &rows->batch;
    rows->count = rows->candidates = nodes;
    out->count = 0;
    out->total = batch_count;
    for (size_t b = 0; b < batch_count; b++)
        rows->seen[batch[b]]++;
    for (size_t v = 0; v < nodes; v++)
        if (rows->seen[v]) {
            out->rows[out->count] = (int32_t)v;
            out->times[out->count++] = (float)rows->seen[v];
            rows->seen[v] = 0;
        }
}

/* The row of a node, from 0; a new one where it has none. `seen` holds a row's number plus 1. */
static size_t row_of(struct diffmm__infonce_rows *rows, int32_t node)
{
    if (rows->seen[node] == 0) {
        rows->nodes[rows->count++] = node;
        rows->seen[node] = (int32_t)rows->count;
    }
    return (size_t)rows->seen[node] - 1;
}

/* Rows of the distinct drawn nodes, in the order in which they come first; their factors. */
static void add_drawn(struct diffmm__infonce_rows *rows, size_t nodes, size_t negative_count,
                      const int32_t *negatives)
{
    double each = (double)nodes / (double)negative_count;
    rows->count = 0;
    for (size_t j = 0; j < negative_count; j++) {
        size_t before = rows->count, row = row_of(rows, negatives[j]);
        if (rows->count > before)
            rows->counts[row] = 0;
        rows->counts[row]++;
    }
    rows->candidates = rows->count;
    for (size_t v = 0; v < rows->candidates; v++)
        rows->factors[v] = (float)(each * (double)rows->counts[v]);
}

/* Rows of the batch's distinct nodes, where they have none yet, and how often each comes. From its
 * first time on, `seen` holds a node's place in the batch, negative and less 1. */
static void add_batch(struct diffmm__infonce_rows *rows, size_t batch_count, const int32_t *batch)
{
    struct diffmm__batch_nodes *out = &rows->batch;
    out->count = 0;
    out->total = batch_count;
    for (size_t b = 0; b < batch_count; b++) {
        int32_t node = batch[b];
        if (rows->seen[node] >= 0) {
            out->rows[out->count] = (int32_t)row_of(rows, node);
            rows->counts[out->count++] = 0;
            rows->seen[node] = -(int32_t)out->count;
        }
        rows->counts[-rows->seen[node] - 1]++;
    }
    for (size_t i = 0; i < out->count; i++)
        out->times[i] = (float)rows->counts[i];
}

void diffmm__infonce_rows_drawn(struct diffmm__infonce_rows *rows, size_t nodes, size_t batch_count,
                                const int32_t *batch, size_t negative_count,
                                const int32_t *negatives)
{
    add_drawn(rows, nodes, negative_count, negatives);
    add_batch(rows, batch_count, batch);
    for (size_t r = 0; r < rows->count; r++)
        rows->seen[rows->nodes[r]] = 0;
}

/* Rows of a view, gathered; or their gradients, added to the view's. */
struct move {
    const struct diffmm__vector_kernels *kernels;
    const struct diffmm__infonce_rows *rows;
    struct diffmm__part own; /* scatter_range() alone: nodes that are added to */
    size_t d;
    const float *from;
    float *to;
};

static void gather_range(void *argument, size_t begin, size_t end)
{
    const struct move *m = argument;
    for (size_t r = begin; r < end; r++)
        memcpy(m->to + r * m->d, m->from + (size_t)m->rows->nodes[r] * m->d, m->d * sizeof *m->to);
}

static void scatter_range(void *argument, size_t begin, size_t end)
{
    const struct move *m = argument;
    for (size_t r = begin; r < end; r++) {
        size_t node = (size_t)m->rows->nodes[r];
        if (diffmm__part_has(m->own, node))
            m->kernels->add_scaled(m->d, 1.0f, m->from + r * m->d, m->to + node * m->d);
    }
}

void diffmm__infonce_rows_normalize(const diffmm_context *context,
                                    const struct diffmm__infonce_rows *rows, size_t d,
                                    const float *view, float *normalized, float *norms)
{
    if (rows->nodes) {
        struct move move = {.rows = rows, .d = d, .from = view, .to = normalized};
        diffmm__parallel_ranges(context, rows->count, grain, gather_range, &move);
        view = normalized;
    }
    diffmm__normalize_rows(context, rows->count, d, view, d, normalized, d, norms);
}

void diffmm__infonce_rows_backward(const diffmm_context *context,
                                   const struct diffmm__infonce_rows *rows, struct diffmm__part own,
                                   size_t d, const float *normalized, const float *norms,
                                   float *gradient, float keep, float *grad)
{
    size_t skip = own.first * d;
    if (!rows->nodes) {
        diffmm__normalize_rows_backward(context, own.end - own.first, d, normalized + skip,
                                        norms + own.first, gradient + skip, 1.0f, keep,
                                        grad + skip);
        return;
    }
    if (keep == 0.0f)
        diffmm__vector_clear(context, (own.end - own.first) * d, grad + skip);
    diffmm__normalize_rows_backward(context, rows->count, d, normalized, norms, gradient, 1.0f,
                                    0.0f, gradient);
    struct move move = {.kernels = diffmm__kernels(),
                        .rows = rows,
                        .own = own,
                        .d = d,
                        .from = gradient,
                        .to = grad};
    diffmm__parallel_ranges(context, rows->count, grain, scatter_range, &move);
}
