/* SPDX-License-Identifier: BSD-2-Clause */
/* A block of users is generated at a time. In the hidden space, only a tile of items of its result
 * exists at a time. */
#include "diffusion/generate_neighbors.h"

#include <string.h>

#include "base/check.h"
#include "base/handle.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/sizes.h"
#include "base/status.h"
#include "base/structs.h"
#include "linalg/gemm.h"
#include "linalg/kernels.h"
#include "linalg/topk.h"

enum { hidden_block = 2048, naive_block = 512, tile_columns = 2048 };

/* A sample of users, and how many times as many of its items as are wanted of each are candidates.
 * It pays where there are several times as many users. */
enum { sample_users = 1024, sample_depth = 8, sample_pays = 4 };

struct diffmm__generator {
    const diffmm_context *context;
    struct diffmm__arena arena;
    struct diffmm__generation plan;
    const diffmm_schedule *schedule;
    struct diffmm__hidden_chain chain;
    struct diffmm__denoiser_pass pass;
    const float *parameters;
    float *x;        /* naive: block x items; otherwise: block x tile_columns */
    int32_t *row_of; /* block */
    const struct diffmm__batch_rows *left_out; /* each row's items are not ranked; NULL: all are */
    struct diffmm__ranked *ranked;             /* block x count, or sample x depth */
    /* With a basis: */
    float *z;    /* block x rank: what the reverse chain gives */
    float *kept; /* where it is kept for the whole batch, rows kept_stride apart; NULL: nowhere */
    size_t kept_stride;
    struct diffmm__candidates candidates;
    struct diffmm__topk *top; /* block */
};

/* The number of items that are ranked. */
static size_t all_items(const struct diffmm__layers *layers)
{
    return layers->basis_items > 0 ? layers->basis_items : layers->items;
}

/* How many items of each user of the sample are candidates. */
static size_t depth(const struct diffmm__generation *plan)
{
    size_t items = all_items(&plan->layers);
    return plan->count < items / sample_depth ? plan->count * sample_depth : items;
}

static size_t most_candidates(const struct diffmm__generation *plan)
{
    size_t items = all_items(&plan->layers), most = plan->sample * depth(plan);
    return most < items ? most : items;
}

/* With a basis: of the scores of `users` users for `items` items. */
static double score_flops(const struct diffmm__generation *plan, size_t users, size_t items)
{
    return 2.0 * (double)users * (double)items * (double)plan->layers.items;
}

double diffmm__generation_naive_flops(const struct diffmm__generation *plan)
{
    double chain = (double)plan->steps * diffmm__denoiser_flops(&plan->layers, plan->users);
    return plan->layers.basis_items > 0
               ? chain + score_flops(plan, plan->users, plan->layers.basis_items)
               : chain;
}

double diffmm__generation_flops(const struct diffmm__generation *plan)
{
    if (plan->hidden)
        return diffmm__hidden_chain_flops(&plan->layers, plan->steps, plan->users) -
               (plan->shared ? diffmm__hidden_chain_prepare_flops(&plan->layers) : 0.0);
    double naive = diffmm__generation_naive_flops(plan);
    if (plan->sample == 0)
        return naive;
    size_t all = plan->layers.basis_items;
    return naive - score_flops(plan, plan->users, all) + score_flops(plan, plan->sample, all) +
           score_flops(plan, plan->users, most_candidates(plan)) +
           (double)plan->steps * diffmm__denoiser_flops(&plan->layers, plan->sample);
}

void diffmm__generation_plan(const struct diffmm__layers *layers, size_t steps,
                             const struct diffmm__sampling *sampling, size_t users, size_t count,
                             struct diffmm__generation *out)
{
    *out = (struct diffmm__generation){
        .layers = *layers, .sampling = *sampling, .steps = steps, .users = users, .count = count};
    bool basis = layers->basis_items > 0;
    out->hidden =
        !basis && diffmm__hidden_chain_possible(layers, sampling) &&
        diffmm__hidden_chain_flops(layers, steps, users) < diffmm__generation_naive_flops(out);
    out->block = out->hidden || basis ? hidden_block : naive_block;
    if (out->block > users)
        out->block = users;
}

void diffmm__generation_plan_share(struct diffmm__generation *plan,
                                   const struct diffmm__generation *of)
{
    plan->hidden = plan->shared = of->hidden;
}

void diffmm__generation_plan_candidates(struct diffmm__generation *plan)
{
    if (plan->layers.basis_items > 0 && plan->users / sample_pays >= sample_users)
        plan->sample = sample_users;
}

/* Columns of x that exist at a time. */
static size_t columns(const struct diffmm__generation *plan)
{
    size_t items = all_items(&plan->layers);
    bool tiles = plan->hidden || plan->layers.basis_items > 0;
    return tiles && items > tile_columns ? tile_columns : items;
}

static void lay_out(struct diffmm__generator *g)
{
    const struct diffmm__generation *plan = &g->plan;
    if (plan->shared)
        diffmm__hidden_chain_take_rows(&g->arena, &plan->layers, plan->block, &g->chain);
    else if (plan->hidden)
        diffmm__hidden_chain_take(&g->arena, &plan->layers, plan->steps, plan->block, &g->chain);
    else
        diffmm__denoiser_pass_take(&g->arena, &plan->layers, plan->block, DIFFMM__PASS_FORWARD,
                                   &g->pass);
    g->x = diffmm__arena_take(&g->arena, plan->block * columns(plan), sizeof(float));
    g->row_of = diffmm__arena_take(&g->arena, plan->block, sizeof *g->row_of);
    size_t ranked = plan->block * plan->count, sampled = plan->sample * depth(plan);
    g->ranked =
        diffmm__arena_take(&g->arena, ranked > sampled ? ranked : sampled, sizeof *g->ranked);
    g->top = diffmm__arena_take(&g->arena, plan->block, sizeof *g->top);
    if (plan->layers.basis_items > 0)
        g->z = diffmm__arena_take(&g->arena, plan->block * plan->layers.items, sizeof *g->z);
    if (plan->sample > 0)
        diffmm__candidates_take(&g->arena, plan->layers.basis_items, plan->layers.items,
                                most_candidates(plan), &g->candidates);
}

size_t diffmm__generator_bytes(const struct diffmm__generation *plan)
{
    struct diffmm__generator measured = {.arena = diffmm__arena_measure(), .plan = *plan};
    lay_out(&measured);
    return measured.arena.bytes;
}

static void log_plan(const diffmm_context *context, const struct diffmm__generation *plan)
{
    if (plan->layers.basis_items > 0) {
        diffmm__log(context, DIFFMM_LOG_DEBUG, "generation: in a basis of rank %zu, over %s",
                    plan->layers.items, plan->sample > 0 ? "candidates" : "all items");
        return;
    }
    bool possible = diffmm__hidden_chain_possible(&plan->layers, &plan->sampling);
    diffmm__log(context, DIFFMM_LOG_DEBUG,
                "generation: %s strategy (GFLOP: naive %.3g, in the hidden space %.3g%s)",
                plan->hidden ? "hidden" : "naive", diffmm__generation_naive_flops(plan) * 1e-9,
                diffmm__hidden_chain_flops(&plan->layers, plan->steps, plan->users) * 1e-9,
                possible ? "" : ", which this shape or sampling rules out");
}

diffmm_status diffmm__generator_create(const diffmm_context *context,
                                       const struct diffmm__generation *plan,
                                       struct diffmm__generator **out)
{
    struct diffmm__generator *g = diffmm__allocate_zero(context, 1, sizeof *g);
    if (!g)
        return DIFFMM_ERROR_NO_MEMORY;
    g->context = context;
    g->arena = diffmm__arena_on(context);
    g->plan = *plan;
    log_plan(context, plan);
    lay_out(g);
    if (g->arena.failed) {
        diffmm__generator_destroy(g);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    *out = g;
    return DIFFMM_OK;
}

void diffmm__generator_destroy(struct diffmm__generator *generator)
{
    if (!generator)
        return;
    diffmm__arena_end(&generator->arena);
    diffmm__release(generator->context, generator);
}

/* A tile of the final x, to be ranked: items first .. first + width - 1 of each row. */
struct tile {
    struct diffmm__generator *generator;
    const struct diffmm__batch_rows *x0; /* NULL where x is complete */
    const float *weights;                /* by which entries are divided, of all items; or NULL */
    size_t first, width;
};

/* Adds what is no part of the product: the bias, and x0 where it has a factor. */
static void complete_row(const struct tile *t, size_t b, float *x)
{
    const struct diffmm__generator *g = t->generator;
    const float *bias = g->parameters + g->plan.layers.layer[2].bias + t->first;
    diffmm__kernels()->add_scaled(t->width, g->chain.bias_factor, bias, x);
    if (g->chain.x0_factor == 0.0f)
        return;
    const struct diffmm__csr *x0 = &t->x0->matrix;
    size_t row = diffmm__batch_rows_row(t->x0, b);
    /* Where items ascend, the tile's first entry is searched for. */
    int64_t e =
        t->x0->ascending ? diffmm__csr_lower_bound(x0, row, (int32_t)t->first) : x0->pointers[row];
    for (; e < x0->pointers[row + 1]; e++) {
        size_t item = (size_t)x0->indices[e];
        if (item >= t->first && item < t->first + t->width)
            x[item - t->first] +=
                x0->values ? g->chain.x0_factor * x0->values[e] : g->chain.x0_factor;
        else if (t->x0->ascending && item >= t->first)
            break;
    }
}

static void rank_range(void *argument, size_t begin, size_t end)
{
    const struct tile *t = argument;
    for (size_t b = begin; b < end; b++) {
        float *x = t->generator->x + b * t->width;
        if (t->x0)
            complete_row(t, b, x);
        for (size_t i = 0; i < t->width && t->weights; i++)
            x[i] /= t->weights[t->first + i];
        if (t->generator->left_out)
            diffmm__batch_rows_mask(t->generator->left_out, b, t->first, t->width, x);
        diffmm__topk_push(&t->generator->top[b], t->first, t->width, x);
    }
}

/* Ranks `rows` users over all items, by x = left right^T, in tiles of items; `x0` is for what
 * complete_row adds. Columns of x are divided by the weights, unless these are NULL. */
static void rank_tiles(struct diffmm__generator *g, size_t rows, size_t inner, const float *left,
                       const float *right, const struct diffmm__batch_rows *x0,
                       const float *weights)
{
    size_t items = all_items(&g->plan.layers);
    for (size_t first = 0; first < items; first += tile_columns) {
        struct tile t = {.generator = g,
                         .x0 = x0,
                         .weights = weights,
                         .first = first,
                         .width = items - first < tile_columns ? items - first : tile_columns};
        diffmm__gemm(g->context, rows, t.width, inner, 1.0f, diffmm__plain(left, inner),
                     diffmm__transposed(right + first * inner, inner), 0.0f, g->x, t.width);
        diffmm__parallel_ranges(g->context, rows, 16, rank_range, &t);
    }
}

static void rank_hidden(struct diffmm__generator *g, size_t rows,
                        const struct diffmm__batch_rows *x0)
{
    const struct diffmm__layer *out = &g->plan.layers.layer[2];
    diffmm__hidden_chain_run(&g->chain, rows, x0);
    rank_tiles(g, rows, out->inputs, g->chain.sum, g->parameters + out->weight, x0, NULL);
}

/* Runs the chains of a spectral denoiser: z of the block's users, of which a copy is left at `kept`,
 * unless that is NULL. */
static void run_chains(struct diffmm__generator *g, const struct diffmm__denoiser_batch *block,
                       float *kept)
{
    size_t rank = block->basis->rank;
    diffmm__reverse_chain_run(&g->pass, g->schedule, g->parameters, &g->plan.sampling, block, g->z);
    for (size_t b = 0; b < block->rows; b++) {
        float *z = g->z + b * rank;
        if (kept)
            memcpy(kept + b * g->kept_stride, z, rank * sizeof *z);
        diffmm__basis_unweight_row(block->basis, &block->x0, b, z);
    }
}

static void rank_candidates(struct diffmm__generator *g, const struct diffmm__denoiser_batch *block)
{
    const struct diffmm__candidate_ranking ranking = {.context = g->context,
                                                      .candidates = &g->candidates,
                                                      .users = block,
                                                      .z = g->z,
                                                      .unseen = g->plan.unseen,
                                                      .x = g->x,
                                                      .tile = columns(&g->plan),
                                                      .top = g->top};
    diffmm__candidates_rank(&ranking);
}

static void rank_all(struct diffmm__generator *g, const struct diffmm__denoiser_batch *block)
{
    rank_tiles(g, block->rows, block->basis->rank, g->z, block->basis->values, NULL,
               block->basis->weights);
}

/* `rows` users of a batch, every `step`-th from batch row `first` on, as a batch of their own. */
static struct diffmm__denoiser_batch block_of(struct diffmm__generator *g,
                                              const struct diffmm__denoiser_batch *batch,
                                              size_t first, size_t rows, size_t step)
{
    struct diffmm__denoiser_batch block = *batch;
    for (size_t b = 0; b < rows; b++)
        g->row_of[b] = (int32_t)diffmm__batch_rows_row(&batch->x0, first + b * step);
    block.rows = rows;
    block.x0.row_of = g->row_of;
    if (batch->draws.noise) {
        block.draws.noise = batch->draws.noise + first * g->plan.layers.items; /* step is 1 */
        block.draws.noise_rows = batch->rows;
    }
    return block;
}

/* Chooses the candidates, by what ranks first for the users of the sample. */
static void choose_candidates(struct diffmm__generator *g,
                              const struct diffmm__denoiser_batch *batch)
{
    size_t sample = g->plan.sample, each = depth(&g->plan), found = 0;
    struct diffmm__denoiser_batch block = block_of(g, batch, 0, sample, batch->rows / sample);
    g->left_out = g->plan.unseen ? &block.x0 : NULL;
    for (size_t b = 0; b < sample; b++)
        g->top[b] = diffmm__topk_begin(g->ranked + b * each, each);
    run_chains(g, &block, NULL);
    rank_all(g, &block);
    g->left_out = NULL;
    for (size_t b = 0; b < sample; b++) {
        memmove(g->ranked + found, g->top[b].entries, g->top[b].count * sizeof *g->ranked);
        found += g->top[b].count;
    }
    diffmm__candidates_choose(&g->candidates, batch->basis, g->ranked, found);
}

void diffmm__generator_prepare(struct diffmm__generator *generator, const diffmm_schedule *schedule,
                               const float *parameters, const struct diffmm__denoiser_batch *batch)
{
    generator->schedule = schedule;
    generator->parameters = parameters;
    if (generator->plan.hidden)
        diffmm__hidden_chain_prepare(&generator->chain, schedule, parameters);
    if (generator->plan.sample > 0)
        choose_candidates(generator, batch);
}

void diffmm__generator_prepare_from(struct diffmm__generator *generator,
                                    const struct diffmm__generator *prepared)
{
    generator->schedule = prepared->schedule;
    generator->parameters = prepared->parameters;
    if (generator->plan.shared)
        diffmm__hidden_chain_share(&generator->chain, &prepared->chain);
}

void diffmm__generator_keep(struct diffmm__generator *generator, float *z, size_t stride)
{
    generator->kept = z;
    generator->kept_stride = stride;
}

void diffmm__generator_run(struct diffmm__generator *g, const struct diffmm__denoiser_batch *batch,
                           size_t first, size_t rows, int32_t *items, float *scores)
{
    struct diffmm__denoiser_batch block = block_of(g, batch, first, rows, 1);
    g->left_out = g->plan.unseen ? &block.x0 : NULL;
    for (size_t b = 0; b < rows; b++)
        g->top[b] = diffmm__topk_begin(g->ranked + b * g->plan.count, g->plan.count);
    if (g->plan.hidden) {
        rank_hidden(g, rows, &block.x0);
    } else if (block.basis) {
        run_chains(g, &block, g->kept ? g->kept + first * g->kept_stride : NULL);
        if (g->plan.sample > 0)
            rank_candidates(g, &block);
        else
            rank_all(g, &block);
    } else {
        diffmm__reverse_chain_run(&g->pass, g->schedule, g->parameters, &g->plan.sampling, &block,
                                  g->x);
        struct tile whole = {.generator = g, .width = g->plan.layers.items};
        diffmm__parallel_ranges(g->context, rows, 16, rank_range, &whole);
    }
    g->left_out = NULL;
    for (size_t b = 0; b < rows; b++) {
        size_t found = diffmm__topk_finish(&g->top[b]);
        for (size_t r = b * g->plan.count, end = r + found; r < (b + 1) * g->plan.count; r++) {
            items[r] = r < end ? g->ranked[r].index : -1;
            if (scores)
                scores[r] = r < end ? g->ranked[r].score : NAN;
        }
    }
}

diffmm_status diffmm__generator_run_all(const diffmm_context *context,
                                        const struct diffmm__generation *plan,
                                        const diffmm_schedule *schedule, const float *parameters,
                                        const struct diffmm__denoiser_batch *batch, int32_t *items,
                                        float *scores)
{
    struct diffmm__generator *generator;
    diffmm_status status = diffmm__generator_create(context, plan, &generator);
    if (status)
        return status;
    diffmm__generator_prepare(generator, schedule, parameters, batch);
    for (size_t first = 0; first < batch->rows; first += plan->block) {
        size_t rows = batch->rows - first < plan->block ? batch->rows - first : plan->block;
        diffmm__generator_run(generator, batch, first, rows, items + first * plan->count,
                              scores ? scores + first * plan->count : NULL);
    }
    diffmm__generator_destroy(generator);
    return DIFFMM_OK;
}

static diffmm_status check(const diffmm_generate_neighbors_arguments *a,
                           const diffmm_schedule *schedule, size_t items)
{
    const struct diffmm__csr_expected expected = {.pointers = "row_pointers",
                                                  .indices = "row_items",
                                                  .columns = "items",
                                                  .status = DIFFMM_ERROR_INVALID_ARGUMENT};
    if (!schedule || !a->parameters || !a->row_pointers || !a->row_items || !a->items_out)
        return diffmm__null(!schedule          ? "schedule"
                            : !a->parameters   ? "parameters"
                            : !a->row_pointers ? "row_pointers"
                            : !a->row_items    ? "row_items"
                                               : "items_out");
    diffmm_status status = diffmm__check_size("rows", a->rows, 0, INT32_MAX);
    if (a->count == 0 || a->count > items)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "count is %zu, not 1 to %zu items",
                            a->count, items);
    if (status || a->rows == 0 ||
        (status =
             diffmm__size_check_array("rows", a->rows, "count", a->count, sizeof *a->items_out)))
        return status;
    struct diffmm__csr matrix =
        diffmm__csr_view(a->rows, items, a->row_pointers, a->row_items, NULL);
    return diffmm__csr_check(&matrix, &expected);
}

diffmm_status diffmm_generate_neighbors_with(diffmm_context *context,
                                             const diffmm_schedule *schedule,
                                             const diffmm_generate_neighbors_arguments *arguments)
{
    DIFFMM__CALL context_call = diffmm__call_reads(context);
    DIFFMM__CALL schedule_call = diffmm__call_reads(schedule);
    if (!arguments)
        return diffmm__null("arguments");
    struct diffmm__layers layers;
    diffmm_generate_neighbors_arguments a;
    diffmm_status status = diffmm__struct_read(&a, &diffmm__layout_generate_neighbors_arguments,
                                               arguments, "arguments");
    if (status || (status = diffmm__layers_read(a.shape, &layers)) ||
        (status = check(&a, schedule, layers.items)) || a.rows == 0)
        return status;
    struct diffmm__generation plan;
    struct diffmm__sampling sampling = {0};
    diffmm__generation_plan(&layers, schedule->steps, &sampling, a.rows, a.count, &plan);
    struct diffmm__csr matrix =
        diffmm__csr_view(a.rows, layers.items, a.row_pointers, a.row_items, NULL);
    struct diffmm__denoiser_batch batch = {
        .rows = a.rows, .x0 = {.matrix = matrix, .ascending = diffmm__csr_ascends(&matrix)}};
    return diffmm__generator_run_all(context, &plan, schedule, a.parameters, &batch, a.items_out,
                                     NULL);
}

diffmm_status diffmm_generate_neighbors(diffmm_context *context, const diffmm_denoiser_shape *shape,
                                        const diffmm_schedule *schedule, const float *parameters,
                                        size_t rows, const int64_t *row_pointers,
                                        const int32_t *row_items, size_t count, int32_t *items_out)
{
    const diffmm_generate_neighbors_arguments arguments = {.struct_size = sizeof arguments,
                                                           .shape = shape,
                                                           .parameters = parameters,
                                                           .rows = rows,
                                                           .row_pointers = row_pointers,
                                                           .row_items = row_items,
                                                           .count = count,
                                                           .items_out = items_out};
    return diffmm_generate_neighbors_with(context, schedule, &arguments);
}
