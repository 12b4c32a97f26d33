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
 * panels of 16 (linalg/panels.h): a block is some rows by a panel.
 *
 * With drawn nodes c_1 .. c_n of N, each denominator is estimated without bias, the positive apart:
 *
 *     exp(p_b . q_b / tau) + (N / n) sum_{j <= n, c_j != b} exp(p_b . q_{c_j} / tau),
 *
 * which is a sum over the distinct drawn nodes v != b, each with the factor N / n times how often it
 * was drawn. s_bv then has this denominator; the term of q_b, s_bb - 1, is minus the share of all
 * others in it.
 *
 * Peers compute some tiles each, and receive the sums and partial sums of the others', so that every
 * one of them has the loss of all rows of the batch; of the gradients a peer has the rows of its tiles'
 * nodes. */
#include "contrastive/infonce.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/numbers.h"
#include "base/pool.h"
#include "base/sizes.h"
#include "base/status.h"
#include "contrastive/infonce_tiles.h"
#include "contrastive/log_sum.h"
#include "linalg/kernels.h"
#include "linalg/panels.h"

/* sum_v s_bv q_v is added up tile by tile (infonce_tiles.h), into partial sums. Within a tile, a block of block_rows rows and block_panels panels
 * stays in the nearest cache, and so do 16 or 32 columns of strip_panels panels of q. A task spreads
 * spread_panels panels. */
enum { chunk_rows = 128, block_rows = 64, block_panels = 2, strip_panels = 16, spread_panels = 8 };
enum { lanes = DIFFMM__PANEL };

struct chunk {
    const struct diffmm__vector_kernels *kernels;
    size_t candidates, d, panels, tiles;
    struct diffmm__part own;       /* the tiles of this peer, .. */
    struct diffmm__part own_nodes; /* .. and the candidates in them */
    size_t rows;                   /* of this chunk */
    const int32_t *rows_of;        /* where its batch nodes stand in p and q */
    const float *times;
    const float *p, *q;   /* rows; of q, the first are the candidates */
    const float *factors; /* of drawn candidates in the denominators; NULL: all nodes, 1 each */
    float inverse_tau;
    float *packed_q;     /* q in panels */
    float *q_strips;     /* strips x panels x 16 x 16: 16 columns of q each */
    float *p_rows;       /* rows x d: p_b, gathered */
    float *p_strips;     /* strips x rows x 16: 16 columns each of p_b c_b weight / (B tau sum_b) */
    float *weights;      /* panels x rows x 16 */
    float *shifts;       /* rows: what is subtracted from p_b . q_v / tau */
    float *lane_sums;    /* tiles x rows x 16: sums of weights, lane by lane */
    double *sums;        /* tiles x rows: sums of weights */
    float *partial_sums; /* tiles x rows x d: parts of sum_v exp(..) q_v */
    double scale;        /* weight / (B tau) */
    double *losses;      /* rows */
    float *grad_p, *grad_q;
};

/* A tile's panels. */
static struct diffmm__part tile_panels(const struct chunk *c, size_t tile)
{
    return diffmm__infonce_tile(c->candidates, c->tiles, tile);
}

/* Nodes in a panel: 16, but fewer in the last. */
static size_t panel_nodes(const struct chunk *c, size_t panel)
{
    return diffmm__size_lesser(c->candidates - panel * lanes, lanes);
}

/* p_b . q_v for `rows` rows from `first` on and the nodes of some panels; 0 beyond the last. */
static void multiply_blocks(const struct chunk *c, size_t first, size_t rows, size_t panel,
                            size_t panels)
{
    c->kernels->panels->multiply(rows, c->d, c->p_rows + first * c->d, panels,
                                 c->packed_q + panel * c->d * lanes,
                                 c->weights + (panel * c->rows + first) * lanes, c->rows * lanes);
}

static size_t block_length(const struct chunk *c, size_t first)
{
    return diffmm__size_lesser(c->rows - first, block_rows);
}

/* sum_v exp(..) q_v over some panels; added to the sum of those before where there are any. */
static void gather_panels(const struct chunk *c, struct diffmm__part range, int add, float *sum)
{
    c->kernels->panels->gather(c->rows, range.end - range.first,
                               c->weights + range.first * c->rows * lanes, c->rows * lanes,
                               c->q_strips + range.first * lanes * lanes, c->panels * lanes * lanes,
                               add, sum, c->d, c->d);
}

/* exponentiate() of a block of drawn candidates: their factors, and 0 for a row's own node. */
static void exponentiate_drawn(const struct chunk *c, size_t first, size_t rows, size_t panel,
                               float *block, float *lane_sums)
{
    float plain_sums[block_rows * lanes] = {0};
    const float *factors = c->factors + panel * lanes;
    size_t nodes = panel_nodes(c, panel);
    c->kernels->panels->exponentiate(rows, nodes, c->inverse_tau, c->shifts + first, block,
                                     plain_sums);
    for (size_t b = 0; b < rows; b++) {
        size_t own = (size_t)c->rows_of[first + b];
        float *row = block + b * lanes;
        for (size_t j = 0; j < nodes; j++)
            row[j] *= factors[j];
        if (own / lanes == panel)
            row[own % lanes] = 0.0f;
        for (size_t j = 0; j < nodes; j++)
            lane_sums[b * lanes + j] += row[j];
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
        c->sums[tile * c->rows + b] = sum;
    }
}

/* The weights of a block of rows and the nodes of one panel, from the products. */
static void weigh_block(const struct chunk *c, size_t first, size_t panel, float *lane_sums)
{
    size_t rows = block_length(c, first);
    float *block = c->weights + (panel * c->rows + first) * lanes;
    if (c->factors)
        exponentiate_drawn(c, first, rows, panel, block, lane_sums + first * lanes);
    else
        c->kernels->panels->exponentiate(rows, panel_nodes(c, panel), c->inverse_tau,
                                         c->shifts + first, block, lane_sums + first * lanes);
}

/* The weights of some panels. `multiplied`: the products p_b . q_v stand there already. */
static void weigh_panels(const struct chunk *c, struct diffmm__part range, bool multiplied,
                         float *lane_sums)
{
    for (size_t first = 0; first < c->rows; first += block_rows)
        for (size_t panel = range.first; panel < range.end; panel += block_panels) {
            size_t end = diffmm__size_lesser(panel + block_panels, range.end);
            if (!multiplied)
                multiply_blocks(c, first, block_length(c, first), panel, end - panel);
            for (size_t each = panel; each < end; each++)
                weigh_block(c, first, each, lane_sums);
        }
}

/* The weights of one tile, their row sums, and their product with the tile's rows of q, while the weights
 * are in a near cache. */
static void weigh(const struct chunk *c, size_t tile, bool multiplied)
{
    struct diffmm__part range = tile_panels(c, tile), some = {range.first, range.first};
    float *lane_sums = c->lane_sums + tile * c->rows * lanes;
    memset(lane_sums, 0, c->rows * lanes * sizeof *lane_sums);
    for (; some.first < range.end; some.first = some.end) {
        some.end = diffmm__size_lesser(some.first + strip_panels, range.end);
        weigh_panels(c, some, multiplied, lane_sums);
        if (c->grad_q)
            gather_panels(c, some, some.first > range.first,
                          c->partial_sums + tile * c->rows * c->d);
    }
    sum_tile(c, tile);
}

static void weigh_tile(void *argument, size_t index, size_t worker)
{
    (void)worker;
    const struct chunk *c = argument;
    weigh(c, c->own.first + index, false);
}

static void weigh_multiplied_tile(void *argument, size_t index, size_t worker)
{
    (void)worker;
    const struct chunk *c = argument;
    weigh(c, c->own.first + index, true);
}

/* For small tau: the products of one tile and each row's largest. */
static void find_largest(void *argument, size_t index, size_t worker)
{
    (void)worker;
    const struct chunk *c = argument;
    size_t tile = c->own.first + index;
    struct diffmm__part range = tile_panels(c, tile);
    for (size_t b = 0; b < c->rows; b++)
        c->sums[tile * c->rows + b] = -HUGE_VAL;
    for (size_t panel = range.first; panel < range.end; panel++) {
        const float *block = c->weights + panel * c->rows * lanes;
        multiply_blocks(c, 0, c->rows, panel, 1);
        for (size_t b = 0; b < c->rows; b++) {
            double *largest = &c->sums[tile * c->rows + b];
            *largest = fmax(*largest,
                            (double)c->kernels->largest(panel_nodes(c, panel), block + b * lanes));
        }
    }
}

/* p_b . q_b of a batch row, as a product with a panel gives it. */
static float own_product(const struct chunk *c, size_t b)
{
    size_t row = (size_t)c->rows_of[b] * c->d;
    return diffmm__panel_score(c->d, c->p + row, c->q + row);
}

static void run_tiles(const diffmm_context *context, struct chunk *c, diffmm__indexed_task task)
{
    diffmm__parallel(context, c->own.end - c->own.first, task, c);
}

/* What each peer has of its tiles, of `bytes` each, to all. */
static diffmm_status gather_tiles(const struct diffmm__infonce_setting *setting,
                                  const struct chunk *c, void *array, size_t bytes)
{
    return diffmm__peers_gather(setting->peers, array, bytes, c->tiles * bytes);
}

static diffmm_status gather_sums(const struct diffmm__infonce_setting *setting,
                                 const struct chunk *c)
{
    return gather_tiles(setting, c, c->sums, c->rows * sizeof *c->sums);
}

/* Each row's largest product, as its shift. */
static diffmm_status find_shifts(const struct diffmm__infonce_setting *setting, struct chunk *c)
{
    run_tiles(setting->context, c, find_largest);
    diffmm_status status = gather_sums(setting, c);
    for (size_t b = 0; b < c->rows && !status; b++) {
        double largest = c->sums[b];
        if (c->factors)
            largest = fmax(largest, (double)own_product(c, b));
        for (size_t tile = 1; tile < c->tiles; tile++)
            largest = fmax(largest, c->sums[tile * c->rows + b]);
        c->shifts[b] = (float)(largest * (double)c->inverse_tau);
    }
    return status;
}

/* All weights of the chunk's rows and this peer's tiles; their sums, of all tiles. */
static diffmm_status weigh_all(const struct diffmm__infonce_setting *setting, struct chunk *c)
{
    diffmm_status status = DIFFMM_OK;
    bool small_tau = c->inverse_tau > 40.0f; /* otherwise exp(-2 / tau) is a normal number */
    for (size_t b = 0; b < c->rows; b++)
        c->shifts[b] = c->inverse_tau;
    if (small_tau && (status = find_shifts(setting, c)))
        return status;
    run_tiles(setting->context, c, small_tau ? weigh_multiplied_tile : weigh_tile);
    status = gather_sums(setting, c);
    return !status && c->grad_q
               ? gather_tiles(setting, c, c->partial_sums, c->rows * c->d * sizeof *c->partial_sums)
               : status;
}

/* grad_q += weights^T p_scaled, for the nodes of some panels. Here and below, panels are counted from
 * this peer's first on. */
static void spread_range(void *argument, size_t begin, size_t end)
{
    const struct chunk *c = argument;
    size_t first = c->own_nodes.first / lanes;
    for (size_t panel = first + begin; panel < first + end; panel++)
        c->kernels->panels->spread(c->rows, c->weights + panel * c->rows * lanes, c->p_strips,
                                   c->rows * lanes, panel_nodes(c, panel),
                                   c->grad_q + panel * lanes * c->d, c->d, c->d);
}

/* Columns of q, 16 at a time; zeros beyond the last column and row. */
static void cut_strips(void *argument, size_t begin, size_t end)
{
    const struct chunk *c = argument;
    size_t first = c->own_nodes.first / lanes;
    for (size_t panel = first + begin; panel < first + end; panel++) {
        size_t nodes = panel_nodes(c, panel);
        for (size_t column = 0; column < c->d; column += lanes) {
            size_t width = diffmm__size_lesser(c->d - column, lanes);
            float *strip = c->q_strips + (column * c->panels + panel * lanes) * lanes;
            memset(strip, 0, lanes * lanes * sizeof *strip);
            for (size_t v = 0; v < nodes; v++)
                memcpy(strip + v * lanes, c->q + (panel * lanes + v) * c->d + column,
                       width * sizeof *strip);
        }
    }
}

/* q, of this peer's tiles, in panels; and in strips where there are gradients. */
static void pack(const diffmm_context *context, struct chunk *c)
{
    size_t first = c->own_nodes.first, nodes = c->own_nodes.end - first;
    diffmm__panels_pack(context, nodes, c->d, c->q + first * c->d, c->packed_q + first * c->d);
    if (c->grad_q)
        diffmm__parallel_ranges(context, diffmm__panel_count(nodes), 64, cut_strips, c);
}

static void gather_rows(struct chunk *c)
{
    for (size_t b = 0; b < c->rows; b++)
        memcpy(c->p_rows + b * c->d, c->p + (size_t)c->rows_of[b] * c->d, c->d * sizeof *c->p_rows);
}

/* Row b's loss, log sum_v exp(p_b . q_v / tau) - p_b . q_b / tau. Where the second term is nearly
 * all of the first, their difference is mere rounding, of about 1 / tau times float's, and may be
 * below 0; then it is added up as log(1 + sum_{v != b} exp((p_b . q_v - p_b . q_b) / tau)). */
static double row_loss(const struct chunk *c, size_t b, double sum)
{
    size_t row = (size_t)c->rows_of[b];
    const float *p = c->p + row * c->d;
    double own = c->kernels->dot(c->d, p, c->q + row * c->d);
    double loss = log(sum) + (double)c->shifts[b] - (double)c->inverse_tau * own;
    if (loss > (double)c->inverse_tau * 0x1p-10)
        return loss;
    struct diffmm__log_sum others = {0};
    for (size_t v = 0; v < c->candidates; v++)
        if (v != row)
            diffmm__log_sum_add(&others, c->factors ? (double)c->factors[v] : 1.0,
                                (double)c->inverse_tau *
                                    (c->kernels->dot(c->d, p, c->q + v * c->d) - own));
    return diffmm__log_sum_value(&others);
}

/* The weight of row b's positive, where it is none of the candidates. */
static double own_weight(const struct chunk *c, size_t b)
{
    return exp((double)(own_product(c, b) * c->inverse_tau) - (double)c->shifts[b]);
}

/* Whether this peer adds to a row of the gradients. */
static bool adds_to(const struct chunk *c, size_t row)
{
    return row >= c->candidates || diffmm__part_has(c->own_nodes, row);
}

/* Row b's loss; its gradient into grad_p, its scaled row for the gradient of q. Batch nodes are
 * distinct, so rows do not meet. */
static void finish_row(struct chunk *c, size_t b)
{
    size_t row = (size_t)c->rows_of[b] * c->d;
    const float *p = c->p + row, *q = c->q + row;
    double candidates = 0.0;
    for (size_t tile = 0; tile < c->tiles; tile++)
        candidates += c->sums[tile * c->rows + b];
    double sum = c->factors ? candidates + own_weight(c, b) : candidates;
    c->losses[b] = (double)c->times[b] * row_loss(c, b, sum);
    if (!c->grad_p)
        return;
    float share = (float)(c->scale * (double)c->times[b]);
    float softmax = (float)((double)share / sum);
    float positive = c->factors ? (float)((double)share * (candidates / sum)) : share;
    for (size_t column = 0; column < c->d; column += lanes)
        for (size_t j = 0; j < lanes; j++)
            c->p_strips[column * c->rows + b * lanes + j] =
                column + j < c->d ? softmax * p[column + j] : 0.0f;
    if (!adds_to(c, (size_t)c->rows_of[b]))
        return;
    for (size_t tile = 0; tile < c->tiles; tile++)
        c->kernels->add_scaled(c->d, softmax, c->partial_sums + (tile * c->rows + b) * c->d,
                               c->grad_p + row);
    c->kernels->add_scaled(c->d, -positive, q, c->grad_p + row);
    c->kernels->add_scaled(c->d, -positive, p, c->grad_q + row);
}

static void finish_range(void *argument, size_t begin, size_t end)
{
    for (size_t b = begin; b < end; b++)
        finish_row(argument, b);
}

size_t diffmm__infonce_scratch(size_t candidates, bool drawn, size_t d, size_t batch)
{
    size_t rows = diffmm__size_lesser(batch, chunk_rows),
           tiles = diffmm__infonce_tiles(candidates, drawn);
    size_t panels = diffmm__panel_count(candidates), strips = (d + lanes - 1) / lanes;
    return diffmm__panels_size(candidates, d) + strips * panels * lanes * lanes +
           rows * (2 * (tiles + 1) + d + strips * lanes + panels * lanes + 1 + tiles * lanes +
                   tiles * d);
}

static void divide_scratch(struct chunk *c, size_t rows, float *scratch)
{
    size_t strips = (c->d + lanes - 1) / lanes;
    c->sums = (double *)(void *)scratch; /* first, where the alignment is */
    c->losses = c->sums + rows * c->tiles;
    c->packed_q = scratch + 2 * rows * (c->tiles + 1);
    c->q_strips = c->packed_q + diffmm__panels_size(c->candidates, c->d);
    c->weights = c->q_strips + strips * c->panels * lanes * lanes;
    c->p_rows = c->weights + c->panels * rows * lanes;
    c->p_strips = c->p_rows + rows * c->d;
    c->partial_sums = c->p_strips + strips * rows * lanes;
    c->lane_sums = c->partial_sums + c->tiles * rows * c->d;
    c->shifts = c->lane_sums + c->tiles * rows * lanes;
}

/* The chunk's rows: their part of the loss, and of the gradients. */
static diffmm_status run_chunk(const struct diffmm__infonce_setting *setting, struct chunk *c,
                               double *loss)
{
    gather_rows(c);
    diffmm_status status = weigh_all(setting, c);
    if (status)
        return status;
    diffmm__parallel_ranges(setting->context, c->rows, 32, finish_range, c);
    for (size_t b = 0; b < c->rows; b++)
        *loss += c->losses[b];
    if (c->grad_q)
        diffmm__parallel_ranges(setting->context,
                                diffmm__panel_count(c->own_nodes.end - c->own_nodes.first),
                                spread_panels, spread_range, c);
    return DIFFMM_OK;
}

diffmm_status diffmm__infonce(const struct diffmm__infonce_setting *setting,
                              const struct diffmm__infonce_rows *rows, const float *p,
                              const float *q, float *grad_p, float *grad_q, double *loss)
{
    const struct diffmm__batch_nodes *batch = &rows->batch;
    /* So that nothing overflows; all weights are equal already. */
    double tau = fmin(setting->tau, 1e100), sum = 0.0;
    size_t d = setting->d, tiles = diffmm__infonce_tiles(rows->candidates, rows->factors);
    struct chunk c = {.kernels = diffmm__kernels(),
                      .candidates = rows->candidates,
                      .d = d,
                      .panels = diffmm__panel_count(rows->candidates),
                      .tiles = tiles,
                      .own = diffmm__peers_part(setting->peers, tiles),
                      .own_nodes = diffmm__infonce_part(setting->peers, rows),
                      .p = p,
                      .q = q,
                      .factors = rows->factors,
                      .inverse_tau = (float)(1.0 / tau),
                      .grad_p = grad_p,
                      .grad_q = grad_q,
                      .scale = setting->weight / ((double)batch->total * tau)};
    divide_scratch(&c, diffmm__size_lesser(batch->count, chunk_rows), setting->scratch);
    pack(setting->context, &c);
    for (size_t first = 0; first < batch->count; first += chunk_rows) {
        c.rows = diffmm__size_lesser(batch->count - first, chunk_rows);
        c.rows_of = batch->rows + first;
        c.times = batch->times + first;
        diffmm_status status = run_chunk(setting, &c, &sum);
        if (status)
            return status;
    }
    *loss = sum / (double)batch->total;
    return DIFFMM_OK;
}

diffmm_status diffmm__infonce_check_tau(double tau)
{
    if (!diffmm__within(tau, 1e-37, HUGE_VAL))
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "tau is not 1e-37 or more, and finite");
    return DIFFMM_OK;
}
