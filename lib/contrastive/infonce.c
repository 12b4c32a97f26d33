/* SPDX-License-Identifier: BSD-2-Clause */
/* InfoNCE (paper, equation 16) on row-normalised views P and Q, over a batch of nodes b:
 *
 *     L = mean_b ( log sum_v exp(p_b . q_v / tau) - p_b . q_b / tau ).
 *
 * With s_bv the softmax of row b, and c_b how often b stands in a batch of B:
 *
 *     dL/dp_b = c_b / (B tau) (sum_v s_bv q_v - q_b),
 *     dL/dq_v = sum_b c_b / (B tau) s_bv p_b - (c_v / (B tau) p_v where v is in the batch).
 *
 * The weights exp((p_b . q_v - shift_b) / tau) must not overflow, nor may all of a row vanish.
 * Since |p . q| <= 1 up to rounding, a shift of 1 serves unless tau is small; then the shift is
 * the row's largest product. The weights are computed for a chunk of batch rows against all nodes,
 * block by block: the product, then exp while the block is in the nearest cache. Both gradients
 * use them before the next chunk: three products in all, and memory for one chunk. Nodes stand in
 * panels of 16 (linalg/panels.h): a block is some rows by a panel. */
#include "contrastive/infonce.h"

#include <diffmm/contrastive.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/handle.h"
#include "base/memory.h"
#include "base/numbers.h"
#include "base/pool.h"
#include "base/status.h"
#include "base/structs.h"
#include "linalg/kernels.h"
#include "linalg/normalize_rows.h"
#include "linalg/panels.h"

/* A tile is chunk_rows x about tile_panels panels of weights; sum_v s_bv q_v is added up
 * tile by tile, into partial sums. Tiles are even in number and equal in width, so that two, four
 * or eight threads share them well. Within a tile, a block of block_rows rows stays in the nearest
 * cache, and so does 16 columns of strip_panels panels of q. */
enum { chunk_rows = 128, tile_panels = 64, block_rows = 64, strip_panels = 16 };
enum { lanes = DIFFMM__PANEL };

static size_t count_tiles(size_t nodes)
{
    size_t panels = diffmm__panel_count(nodes);
    return panels <= tile_panels ? 1 : (panels + 2 * tile_panels - 1) / (2 * tile_panels) * 2;
}

void diffmm__infonce_batch(size_t nodes, size_t batch_count, const int32_t *batch, int32_t *seen,
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
    const struct diffmm__vector_kernels *kernels;
    size_t nodes, d, panels, tiles;
    size_t rows;             /* of this chunk */
    const int32_t *nodes_of; /* its batch nodes */
    const float *times;
    const float *p, *q;
    float inverse_tau;
    float *packed_q;     /* q in panels */
    float *q_strips;     /* strips x panels x 16 x 16: 16 columns of q each */
    float *p_rows;       /* rows x d: p_b, gathered */
    float *p_strips;     /* strips x rows x 16: 16 columns each of p_b c_b weight / (B tau sum_b) */
    float *weights;      /* panels x rows x 16 */
    float *shifts;       /* rows: what is subtracted from p_b . q_v / tau */
    float *lane_sums;    /* tiles x rows x 16: sums of weights, lane by lane */
    double *sums;        /* rows x tiles: sums of weights */
    float *partial_sums; /* tiles x rows x d: parts of sum_v exp(..) q_v */
    double scale;        /* weight / (B tau) */
    double *losses;      /* rows */
    float *grad_p, *grad_q;
};

/* A tile's panels: from `begin` up to `end`. */
struct range {
    size_t begin, end;
};

static struct range tile_range(const struct chunk *c, size_t tile)
{
    return (struct range){c->panels * tile / c->tiles, c->panels * (tile + 1) / c->tiles};
}

/* Nodes in a panel: 16, but fewer in the last. */
static size_t panel_nodes(const struct chunk *c, size_t panel)
{
    size_t left = c->nodes - panel * lanes;
    return left < lanes ? left : lanes;
}

/* p_b . q_v for `rows` rows from `first` on and the nodes of one panel; 0 beyond the last. */
static float *multiply_block(const struct chunk *c, size_t first, size_t rows, size_t panel)
{
    float *block = c->weights + (panel * c->rows + first) * lanes;
    c->kernels->panels->multiply(rows, c->d, c->p_rows + first * c->d,
                                 c->packed_q + panel * c->d * lanes, block);
    return block;
}

static size_t block_length(const struct chunk *c, size_t first)
{
    return c->rows - first < block_rows ? c->rows - first : block_rows;
}

/* A tile's sum_v exp(..) q_v. */
static void gather_tile(const struct chunk *c, size_t tile)
{
    struct range range = tile_range(c, tile);
    float *partial = c->partial_sums + tile * c->rows * c->d;
    for (size_t panel = range.begin; panel < range.end; panel += strip_panels) {
        size_t panels = range.end - panel < strip_panels ? range.end - panel : strip_panels;
        for (size_t column = 0; column < c->d; column += lanes)
            c->kernels->panels->gather(
                c->rows, panels, c->weights + panel * c->rows * lanes, c->rows * lanes,
                c->q_strips + (column * c->panels + panel * lanes) * lanes, panel > range.begin,
                partial + column, c->d - column < lanes ? c->d - column : lanes, c->d);
    }
}

/* The row sums of a tile, from those of its lanes. */
static void sum_tile(const struct chunk *c, size_t tile)
{
    const float *lane_sums = c->lane_sums + tile * c->rows * lanes;
    for (size_t b = 0; b < c->rows; b++) {
        double sum = 0.0;
        for (size_t j = 0; j < lanes; j++)
            sum += (double)lane_sums[b * lanes + j];
        c->sums[b * c->tiles + tile] = sum;
    }
}

/* The weights of one tile, their row sums, and their product with the tile's rows of q.
 * `multiplied`: the products p_b . q_v stand there already. */
static void weigh(const struct chunk *c, size_t tile, bool multiplied)
{
    struct range range = tile_range(c, tile);
    float *lane_sums = c->lane_sums + tile * c->rows * lanes;
    memset(lane_sums, 0, c->rows * lanes * sizeof *lane_sums);
    for (size_t first = 0; first < c->rows; first += block_rows)
        for (size_t panel = range.begin; panel < range.end; panel++) {
            size_t rows = block_length(c, first);
            float *block = multiplied ? c->weights + (panel * c->rows + first) * lanes
                                      : multiply_block(c, first, rows, panel);
            c->kernels->panels->exponentiate(rows, panel_nodes(c, panel), c->inverse_tau,
                                             c->shifts + first, block, lane_sums + first * lanes);
        }
    sum_tile(c, tile);
    if (c->grad_q)
        gather_tile(c, tile);
}

static void weigh_tile(void *argument, size_t tile, size_t worker)
{
    (void)worker;
    weigh(argument, tile, false);
}

static void weigh_multiplied_tile(void *argument, size_t tile, size_t worker)
{
    (void)worker;
    weigh(argument, tile, true);
}

/* For small tau: the products of one tile and each row's largest. */
static void find_largest(void *argument, size_t tile, size_t worker)
{
    (void)worker;
    const struct chunk *c = argument;
    struct range range = tile_range(c, tile);
    for (size_t b = 0; b < c->rows; b++)
        c->sums[b * c->tiles + tile] = -HUGE_VAL;
    for (size_t panel = range.begin; panel < range.end; panel++) {
        const float *block = multiply_block(c, 0, c->rows, panel);
        for (size_t b = 0; b < c->rows; b++) {
            double *largest = &c->sums[b * c->tiles + tile];
            *largest = fmax(*largest,
                            (double)c->kernels->largest(panel_nodes(c, panel), block + b * lanes));
        }
    }
}

/* All weights of the chunk's rows. */
static void weigh_all(const diffmm_context *context, struct chunk *c)
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
    diffmm__parallel(context, c->tiles, weigh_multiplied_tile, c);
}

/* grad_q += weights^T p_scaled, for the nodes of one tile. */
static void spread_tile(void *argument, size_t tile, size_t worker)
{
    (void)worker;
    const struct chunk *c = argument;
    struct range range = tile_range(c, tile);
    for (size_t panel = range.begin; panel < range.end; panel++)
        for (size_t column = 0; column < c->d; column += lanes)
            c->kernels->panels->spread(c->rows, c->weights + panel * c->rows * lanes,
                                       c->p_strips + column * c->rows, panel_nodes(c, panel),
                                       c->grad_q + panel * lanes * c->d + column,
                                       c->d - column < lanes ? c->d - column : lanes, c->d);
}

/* Columns of q, 16 at a time; zeros beyond the last column and row. */
static void cut_strips(void *argument, size_t begin, size_t end)
{
    const struct chunk *c = argument;
    for (size_t panel = begin; panel < end; panel++) {
        size_t nodes = panel_nodes(c, panel);
        for (size_t column = 0; column < c->d; column += lanes) {
            size_t width = c->d - column < lanes ? c->d - column : lanes;
            float *strip = c->q_strips + (column * c->panels + panel * lanes) * lanes;
            memset(strip, 0, lanes * lanes * sizeof *strip);
            for (size_t v = 0; v < nodes; v++)
                memcpy(strip + v * lanes, c->q + (panel * lanes + v) * c->d + column,
                       width * sizeof *strip);
        }
    }
}

static void gather_rows(struct chunk *c)
{
    for (size_t b = 0; b < c->rows; b++)
        memcpy(c->p_rows + b * c->d, c->p + (size_t)c->nodes_of[b] * c->d,
               c->d * sizeof *c->p_rows);
}

/* log(1 + sum of exp(x)) over some x, of which few or none are large: `most` is taken off them all
 * where exp would overflow. */
struct log_sum {
    double most, rest;
};

static void add_to_log(struct log_sum *sum, double x)
{
    if (x - sum->most > 600.0) {
        sum->rest *= exp(sum->most - x);
        sum->most = x;
    }
    sum->rest += exp(x - sum->most);
}

static double log_of(const struct log_sum *sum)
{
    return sum->most > 0.0 ? sum->most + log(exp(-sum->most) + sum->rest) : log1p(sum->rest);
}

/* Row b's loss, log sum_v exp(p_b . q_v / tau) - p_b . q_b / tau. Where the second term is nearly
 * all of the first, their difference is mere rounding, of about 1 / tau times float's, and may be
 * below 0; then it is added up as log(1 + sum_{v != b} exp((p_b . q_v - p_b . q_b) / tau)). */
static double row_loss(const struct chunk *c, size_t b, double sum)
{
    size_t node = (size_t)c->nodes_of[b];
    const float *p = c->p + node * c->d;
    double own = c->kernels->dot(c->d, p, c->q + node * c->d);
    double loss = log(sum) + (double)c->shifts[b] - (double)c->inverse_tau * own;
    if (loss > (double)c->inverse_tau * 0x1p-10)
        return loss;
    struct log_sum others = {0};
    for (size_t v = 0; v < c->nodes; v++)
        if (v != node)
            add_to_log(&others,
                       (double)c->inverse_tau * (c->kernels->dot(c->d, p, c->q + v * c->d) - own));
    return log_of(&others);
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
    c->losses[b] = (double)c->times[b] * row_loss(c, b, sum);
    if (!c->grad_p)
        return;
    float share = (float)(c->scale * (double)c->times[b]);
    float softmax = (float)((double)share / sum);
    for (size_t tile = 0; tile < c->tiles; tile++)
        c->kernels->add_scaled(c->d, softmax, c->partial_sums + (tile * c->rows + b) * c->d,
                               c->grad_p + node);
    c->kernels->add_scaled(c->d, -share, q, c->grad_p + node);
    for (size_t column = 0; column < c->d; column += lanes)
        for (size_t j = 0; j < lanes; j++)
            c->p_strips[column * c->rows + b * lanes + j] =
                column + j < c->d ? softmax * p[column + j] : 0.0f;
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
    size_t panels = diffmm__panel_count(nodes), strips = (d + lanes - 1) / lanes;
    return diffmm__panels_size(nodes, d) + strips * panels * lanes * lanes +
           rows * (2 * (tiles + 1) + d + strips * lanes + panels * lanes + 1 + tiles * lanes +
                   tiles * d);
}

static void divide_scratch(struct chunk *c, size_t rows, float *scratch)
{
    size_t strips = (c->d + lanes - 1) / lanes;
    c->sums = (double *)(void *)scratch; /* first, where the alignment is */
    c->losses = c->sums + rows * c->tiles;
    c->packed_q = scratch + 2 * rows * (c->tiles + 1);
    c->q_strips = c->packed_q + diffmm__panels_size(c->nodes, c->d);
    c->weights = c->q_strips + strips * c->panels * lanes * lanes;
    c->p_rows = c->weights + c->panels * rows * lanes;
    c->p_strips = c->p_rows + rows * c->d;
    c->partial_sums = c->p_strips + strips * rows * lanes;
    c->lane_sums = c->partial_sums + c->tiles * rows * c->d;
    c->shifts = c->lane_sums + c->tiles * rows * lanes;
}

double diffmm__infonce(const diffmm_context *context, size_t nodes, size_t d, const float *p,
                       const float *q, const struct diffmm__batch_nodes *batch, double tau,
                       double weight, float *grad_p, float *grad_q, float *scratch)
{
    tau = fmin(tau, 1e100); /* so that nothing overflows; all weights are equal already */
    struct chunk c = {.kernels = diffmm__kernels(),
                      .nodes = nodes,
                      .d = d,
                      .panels = diffmm__panel_count(nodes),
                      .tiles = count_tiles(nodes),
                      .p = p,
                      .q = q,
                      .inverse_tau = (float)(1.0 / tau),
                      .grad_p = grad_p,
                      .grad_q = grad_q,
                      .scale = weight / ((double)batch->total * tau)};
    divide_scratch(&c, batch->count < chunk_rows ? batch->count : chunk_rows, scratch);
    diffmm__panels_pack(context, nodes, d, q, c.packed_q);
    if (grad_q)
        diffmm__parallel_ranges(context, c.panels, 64, cut_strips, &c);

    double loss = 0.0;
    for (size_t first = 0; first < batch->count; first += chunk_rows) {
        c.rows = batch->count - first < chunk_rows ? batch->count - first : chunk_rows;
        c.nodes_of = batch->nodes + first;
        c.times = batch->times + first;
        gather_rows(&c);
        weigh_all(context, &c);
        diffmm__parallel_ranges(context, c.rows, 32, finish_range, &c);
        for (size_t b = 0; b < c.rows; b++)
            loss += c.losses[b];
        if (grad_q)
            diffmm__parallel(context, c.tiles, spread_tile, &c);
    }
    return loss / (double)batch->total;
}

diffmm_status diffmm__infonce_check_tau(double tau)
{
    if (!diffmm__within(tau, 1e-37, HUGE_VAL))
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "tau is not 1e-37 or more, and finite");
    return DIFFMM_OK;
}

static diffmm_status check(const diffmm_infonce_arguments *a)
{
    if (!a->p || !a->q || !a->batch)
        return diffmm__null(!a->p ? "p" : !a->q ? "q" : "batch");
    if (a->nodes == 0 || a->nodes > INT32_MAX || a->d == 0 || a->d > 1 << 24 || a->batch_count == 0)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "nodes is %zu, d %zu, batch_count %zu: each must be at least 1",
                            a->nodes, a->d, a->batch_count);
    diffmm_status status = diffmm__infonce_check_tau(a->tau);
    if (status)
        return status;
    for (size_t b = 0; b < a->batch_count; b++)
        if (a->batch[b] < 0 || (size_t)a->batch[b] >= a->nodes)
            return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                                "batch[%zu] is %d, but there are %zu nodes", b, a->batch[b],
                                a->nodes);
    return DIFFMM_OK;
}

/* On valid arguments: p and q are normalised here, and gradients taken back through that. */
static diffmm_status compute(diffmm_context *context, const diffmm_infonce_arguments *a)
{
    bool gradients = a->grad_p || a->grad_q;
    size_t nodes = a->nodes, d = a->d, size = nodes * d;
    size_t most = a->batch_count < nodes ? a->batch_count : nodes;
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
    diffmm__normalize_rows(context, nodes, d, a->p, d, pn, d, norms);
    diffmm__normalize_rows(context, nodes, d, a->q, d, qn, d, norms + nodes);
    diffmm__infonce_batch(nodes, a->batch_count, a->batch, seen, &distinct);
    double value =
        diffmm__infonce(context, nodes, d, pn, qn, &distinct, a->tau, 1.0, gp, gq, scratch);
    if (a->grad_p)
        diffmm__normalize_rows_backward(context, nodes, d, pn, norms, gp, 1.0f, 0.0f, a->grad_p);
    if (a->grad_q)
        diffmm__normalize_rows_backward(context, nodes, d, qn, norms + nodes, gq, 1.0f, 0.0f,
                                        a->grad_q);
    if (a->loss)
        *a->loss = value;
    diffmm__arena_end(&arena);
    return DIFFMM_OK;
}

diffmm_status diffmm_infonce_with(diffmm_context *context,
                                  const diffmm_infonce_arguments *arguments)
{
    DIFFMM__CALL call = diffmm__call_reads(context);
    diffmm_infonce_arguments a = {.struct_size = sizeof a};
    if (!arguments)
        return diffmm__null("arguments");
    diffmm_status status =
        diffmm__struct_read(&a, &diffmm__layout_infonce_arguments, arguments, "arguments");
    if (!status)
        status = check(&a);
    return status ? status : compute(context, &a);
}

diffmm_status diffmm_infonce(diffmm_context *context, size_t nodes, size_t d, const float *p,
                             const float *q, size_t batch_count, const int32_t *batch, double tau,
                             double *loss, float *grad_p, float *grad_q)
{
    return diffmm_infonce_with(
        context, &(diffmm_infonce_arguments){.struct_size = sizeof(diffmm_infonce_arguments),
                                             .nodes = nodes,
                                             .d = d,
                                             .p = p,
                                             .q = q,
                                             .batch_count = batch_count,
                                             .batch = batch,
                                             .tau = tau,
                                             .loss = loss,
                                             .grad_p = grad_p,
                                             .grad_q = grad_q});
}
