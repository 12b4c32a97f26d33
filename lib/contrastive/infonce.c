/* SPDX-License-Identifier: BSD-2-Clause */
/* InfoNCE (paper, equation 16) on row-normalised views P and Q, over a batch of nodes b:
 *     L = mean_b ( log sum_v exp(p_b . q_v / tau) - p_b . q_b / tau ).
 * With s_bv the softmax of row b, and c_b how often b stands in a batch of B:
 *     dL/dp_b = c_b / (B tau) (sum_v s_bv q_v - q_b),
 *     dL/dq_v = sum_b c_b / (B tau) s_bv p_b - (c_v / (B tau) p_v where v is in the batch).
 *
 * The weights exp((p_b . q_v - shift_b) / tau) must not overflow, nor all vanish. Since |p . q| <=
 * 1 up to rounding, a shift of 1 serves unless tau is small; then it is the row's largest product.
 * They are made for a chunk of batch rows against all nodes, tile by tile (product, then exp while
 * the tile is in cache), used for both gradients, and forgotten: three products, a chunk of memory.
 */
#include "contrastive/infonce.h"

#include <diffmm/contrastive.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/pool.h"
#include "base/status.h"
#include "linalg/gemm.h"
#include "linalg/kernels.h"
#include "linalg/rows.h"

/* A tile is chunk_rows x about tile_columns weights; sum_v s_bv q_v is added up in pieces of a tile
 * each. Tiles are even in number and equal in width, so that two, four or eight threads share them
 * well. */
enum { chunk_rows = 256, tile_columns = 1024 };

static size_t count_tiles(size_t nodes)
{
    return nodes <= tile_columns ? 1 : (nodes + 2 * tile_columns - 1) / (2 * tile_columns) * 2;
}

void diffmm__batch_nodes(size_t nodes, size_t batch_count, const int32_t *batch, int32_t *seen,
                         struct diffmm__batch_nodes *out)
{
    out->count = 0;
    out->total = batch_count;
    for (size_t b = 0; b < batch_count; b++)
        seen[batch[b]]++;
    for (size_t v = 0; v < nodes; v++)
        if (seen[v]) {
            out->nodes[out->count] = (int32_t)v;
            out->times[out->count++] = (float)seen[v];
            seen[v] = 0;
        }
}

struct chunk {
    const struct diffmm__kernels *kernels;
    size_t nodes, d, tiles;
    size_t rows;             /* of this chunk */
    const int32_t *nodes_of; /* its batch nodes */
    const float *times;
    const float *p, *q;
    float inverse_tau;
    float *p_rows;   /* rows x d: p_b, gathered */
    float *p_scaled; /* rows x d: p_b c_b weight / (B tau sum_b) */
    float *weights;  /* rows x nodes */
    float *shifts;   /* rows: what is subtracted from p_b . q_v / tau */
    double *sums;    /* rows x tiles: sums of weights */
    float *pieces;   /* tiles x rows x d: parts of sum_v exp(..) q_v */
    double scale;    /* weight / (B tau) */
    double *losses;  /* rows */
    float *grad_p, *grad_q;
};

/* Where a tile's columns begin, and how many there are. */
static size_t tile_begin(const struct chunk *c, size_t tile, size_t *width)
{
    size_t begin = c->nodes * tile / c->tiles;
    *width = c->nodes * (tile + 1) / c->tiles - begin;
    return begin;
}

/* p_b . q_v for one tile. */
static void multiply_tile(const struct chunk *c, size_t tile)
{
    size_t width, first = tile_begin(c, tile, &width);
    diffmm__gemm_serial(c->rows, width, c->d, 1.0f, diffmm__plain(c->p_rows, c->d),
                        diffmm__transposed(c->q + first * c->d, c->d), 0.0f, c->weights + first,
                        c->nodes);
}

/* The products of one tile become weights: their row sums, and their product with the tile's rows
 * of q. */
static void exponentiate_tile(void *argument, size_t tile, size_t worker)
{
    (void)worker;
    const struct chunk *c = argument;
    size_t width, first = tile_begin(c, tile, &width);
    float *weights = c->weights + first;
    for (size_t b = 0; b < c->rows; b++)
        c->sums[b * c->tiles + tile] =
            c->kernels->exp_scaled_sum(width, c->inverse_tau, c->shifts[b], weights + b * c->nodes);
    if (c->grad_q)
        diffmm__gemm_serial(c->rows, c->d, width, 1.0f, diffmm__plain(weights, c->nodes),
                            diffmm__plain(c->q + first * c->d, c->d), 0.0f,
                            c->pieces + tile * c->rows * c->d, c->d);
}

static void weigh_tile(void *argument, size_t tile, size_t worker)
{
    multiply_tile(argument, tile);
    exponentiate_tile(argument, tile, worker);
}

/* For small tau: the products of one tile and each row's largest. */
static void find_largest(void *argument, size_t tile, size_t worker)
{
    (void)worker;
    const struct chunk *c = argument;
    size_t width, first = tile_begin(c, tile, &width);
    multiply_tile(c, tile);
    for (size_t b = 0; b < c->rows; b++) {
        const float *row = c->weights + b * c->nodes + first;
        float largest = row[0];
        for (size_t v = 1; v < width; v++)
            largest = row[v] > largest ? row[v] : largest;
        c->sums[b * c->tiles + tile] = (double)largest;
    }
}

/* All weights of the chunk's rows. */
static void weigh(const diffmm_context *context, struct chunk *c)
{
    if (c->inverse_tau <= 40.0f) { /* exp(-2 / tau) is a normal number */
        for (size_t b = 0; b < c->rows; b++)
            c->shifts[b] = c->inverse_tau;
        diffmm__parallel(context, c->tiles, weigh_tile, c);
        return;
    }
    diffmm__parallel(context, c->tiles, find_largest, c);
    for (size_t b = 0; b < c->rows; b++) {
        double largest = c->sums[b * c->tiles];
        for (size_t tile = 1; tile < c->tiles; tile++)
            largest = fmax(largest, c->sums[b * c->tiles + tile]);
        c->shifts[b] = (float)(largest * (double)c->inverse_tau);
    }
    diffmm__parallel(context, c->tiles, exponentiate_tile, c);
}

/* grad_q += weights^T p_scaled, for the rows of one tile. */
static void spread_tile(void *argument, size_t tile, size_t worker)
{
    (void)worker;
    const struct chunk *c = argument;
    size_t width, first = tile_begin(c, tile, &width);
    diffmm__gemm_serial(width, c->d, c->rows, 1.0f,
                        diffmm__transposed(c->weights + first, c->nodes),
                        diffmm__plain(c->p_scaled, c->d), 1.0f, c->grad_q + first * c->d, c->d);
}

static void gather_rows(struct chunk *c)
{
    for (size_t b = 0; b < c->rows; b++)
        memcpy(c->p_rows + b * c->d, c->p + (size_t)c->nodes_of[b] * c->d,
               c->d * sizeof *c->p_rows);
}

/* Row b's loss; its gradient into grad_p, its scaled row for the gradient of q. Batch nodes are
 * distinct, so rows do not meet. */
static void finish_row(struct chunk *c, size_t b)
{
    size_t node = (size_t)c->nodes_of[b] * c->d;
    const float *p = c->p + node, *q = c->q + node;
    double sum = 0.0;
    for (size_t tile = 0; tile < c->tiles; tile++)
        sum += c->sums[b * c->tiles + tile];
    c->losses[b] = (double)c->times[b] * (log(sum) + (double)c->shifts[b] -
                                          (double)c->inverse_tau * c->kernels->dot(c->d, p, q));
    if (!c->grad_p)
        return;
    float share = (float)(c->scale * (double)c->times[b]);
    float softmax = (float)((double)share / sum);
    for (size_t tile = 0; tile < c->tiles; tile++)
        c->kernels->add_scaled(c->d, softmax, c->pieces + (tile * c->rows + b) * c->d,
                               c->grad_p + node);
    c->kernels->add_scaled(c->d, -share, q, c->grad_p + node);
    for (size_t j = 0; j < c->d; j++)
        c->p_scaled[b * c->d + j] = softmax * p[j];
    c->kernels->add_scaled(c->d, -share, p, c->grad_q + node);
}

static void finish_range(void *argument, size_t begin, size_t end)
{
    for (size_t b = begin; b < end; b++)
        finish_row(argument, b);
}

size_t diffmm__infonce_scratch(size_t nodes, size_t d, size_t batch)
{
    size_t rows = batch < chunk_rows ? batch : chunk_rows, tiles = count_tiles(nodes);
    return rows * (2 * d + nodes + 2 * tiles + tiles * d + 3);
}

double diffmm__infonce(const diffmm_context *context, size_t nodes, size_t d, const float *p,
                       const float *q, const struct diffmm__batch_nodes *batch, double tau,
                       double weight, float *grad_p, float *grad_q, float *scratch)
{
    struct chunk c = {.kernels = diffmm__kernels(),
                      .nodes = nodes,
                      .d = d,
                      .tiles = count_tiles(nodes),
                      .p = p,
                      .q = q,
                      .inverse_tau = (float)(1.0 / tau),
                      .grad_p = grad_p,
                      .grad_q = grad_q,
                      .scale = weight / ((double)batch->total * tau)};
    size_t most = batch->count < chunk_rows ? batch->count : chunk_rows;
    c.sums = (double *)(void *)scratch; /* first, where the alignment is */
    c.losses = c.sums + most * c.tiles;
    c.weights = scratch + 2 * most * (c.tiles + 1);
    c.p_rows = c.weights + most * nodes;
    c.p_scaled = c.p_rows + most * d;
    c.pieces = c.p_scaled + most * d;
    c.shifts = c.pieces + most * d * c.tiles;

    double loss = 0.0;
    for (size_t first = 0; first < batch->count; first += chunk_rows) {
        c.rows = batch->count - first < chunk_rows ? batch->count - first : chunk_rows;
        c.nodes_of = batch->nodes + first;
        c.times = batch->times + first;
        gather_rows(&c);
        weigh(context, &c);
        diffmm__parallel_ranges(context, c.rows, 32, finish_range, &c);
        for (size_t b = 0; b < c.rows; b++)
            loss += c.losses[b];
        if (grad_q)
            diffmm__parallel(context, c.tiles, spread_tile, &c);
    }
    return loss / (double)batch->total;
}

diffmm_status diffmm__check_tau(double tau)
{
    if (!(tau >= 1e-37 && tau < HUGE_VAL))
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "tau is not 1e-37 or more, and finite");
    return DIFFMM_OK;
}

static diffmm_status check(size_t nodes, size_t d, const float *p, const float *q,
                           size_t batch_count, const int32_t *batch, double tau)
{
    if (!p || !q || !batch)
        return diffmm__null(!p ? "p" : !q ? "q" : "batch");
    if (nodes == 0 || nodes > INT32_MAX || d == 0 || d > 1 << 24 || batch_count == 0)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "nodes is %zu, d %zu, batch_count %zu: each must be at least 1", nodes,
                            d, batch_count);
    diffmm_status status = diffmm__check_tau(tau);
    if (status)
        return status;
    for (size_t b = 0; b < batch_count; b++)
        if (batch[b] < 0 || (size_t)batch[b] >= nodes)
            return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                                "batch[%zu] is %d, but there are %zu nodes", b, batch[b], nodes);
    return DIFFMM_OK;
}

diffmm_status diffmm_infonce(diffmm_context *context, size_t nodes, size_t d, const float *p,
                             const float *q, size_t batch_count, const int32_t *batch, double tau,
                             double *loss, float *grad_p, float *grad_q)
{
    diffmm_status status = check(nodes, d, p, q, batch_count, batch, tau);
    if (status)
        return status;
    bool gradients = grad_p || grad_q;
    size_t size = nodes * d, most = batch_count < nodes ? batch_count : nodes;
    struct diffmm__arena arena = diffmm__arena_on(context);
    float *pn = diffmm__arena_take(&arena, size, sizeof *pn);
    float *qn = diffmm__arena_take(&arena, size, sizeof *qn);
    float *norms = diffmm__arena_take(&arena, 2 * nodes, sizeof *norms);
    float *gp = gradients ? diffmm__arena_take_zero(&arena, size, sizeof *gp) : NULL;
    float *gq = gradients ? diffmm__arena_take_zero(&arena, size, sizeof *gq) : NULL;
    int32_t *seen = diffmm__arena_take_zero(&arena, nodes, sizeof *seen);
    float *scratch =
        diffmm__arena_take(&arena, diffmm__infonce_scratch(nodes, d, most), sizeof *scratch);
    struct diffmm__batch_nodes distinct = {
        .nodes = diffmm__arena_take(&arena, most, sizeof *distinct.nodes),
        .times = diffmm__arena_take(&arena, most, sizeof *distinct.times)};
    if (arena.failed) {
        diffmm__arena_end(&arena);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    diffmm__normalize_rows(context, nodes, d, p, d, pn, d, norms);
    diffmm__normalize_rows(context, nodes, d, q, d, qn, d, norms + nodes);
    diffmm__batch_nodes(nodes, batch_count, batch, seen, &distinct);
    double value = diffmm__infonce(context, nodes, d, pn, qn, &distinct, tau, 1.0, gp, gq, scratch);
    if (grad_p)
        diffmm__normalize_rows_backward(context, nodes, d, pn, norms, gp, 1.0f, 0.0f, grad_p);
    if (grad_q)
        diffmm__normalize_rows_backward(context, nodes, d, qn, norms + nodes, gq, 1.0f, 0.0f,
                                        grad_q);
    if (loss)
        *loss = value;
    diffmm__arena_end(&arena);
    return DIFFMM_OK;
}
