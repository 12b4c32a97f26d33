/* SPDX-License-Identifier: BSD-2-Clause */
/* A block of users is generated at a time. In the hidden space, only a tile of items of its result
 * exists at a time. */
#include "diffusion/generate_neighbors.h"

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

struct diffmm__generator {
    const diffmm_context *context;
    struct diffmm__arena arena;
    struct diffmm__generation plan;
    const diffmm_schedule *schedule;
    struct diffmm__hidden_chain chain;
    struct diffmm__denoiser_pass pass;
    const float *parameters;
    float *x;                      /* naive: block x items; hidden: block x tile_columns */
    int32_t *row_of;               /* block */
    struct diffmm__ranked *ranked; /* block x count */
    struct diffmm__topk *top;      /* block */
};

double diffmm__generation_naive_flops(const struct diffmm__generation *plan)
{
    return (double)plan->steps * diffmm__denoiser_flops(&plan->layers, plan->users);
}

double diffmm__generation_flops(const struct diffmm__generation *plan)
{
    return plan->hidden ? diffmm__hidden_chain_flops(&plan->layers, plan->steps, plan->users)
                        : diffmm__generation_naive_flops(plan);
}

void diffmm__generation_plan(const struct diffmm__layers *layers, size_t steps,
                             const struct diffmm__sampling *sampling, size_t users, size_t count,
                             struct diffmm__generation *out)
{
    *out = (struct diffmm__generation){
        .layers = *layers, .sampling = *sampling, .steps = steps, .users = users, .count = count};
    out->hidden =
        diffmm__hidden_chain_possible(layers, sampling) &&
        diffmm__hidden_chain_flops(layers, steps, users) < diffmm__generation_naive_flops(out);
    out->block = out->hidden ? hidden_block : naive_block;
    if (out->block > users)
        out->block = users;
}

/* Columns of x that exist at a time. */
static size_t columns(const struct diffmm__generation *plan)
{
    size_t items = plan->layers.items;
    return plan->hidden && items > tile_columns ? tile_columns : items;
}

static void lay_out(struct diffmm__generator *g)
{
    const struct diffmm__generation *plan = &g->plan;
    if (plan->hidden)
        diffmm__hidden_chain_take(&g->arena, &plan->layers, plan->steps, plan->block, &g->chain);
    else
        diffmm__denoiser_pass_take(&g->arena, &plan->layers, plan->block, DIFFMM__PASS_FORWARD,
                                   &g->pass);
    g->x = diffmm__arena_take(&g->arena, plan->block * columns(plan), sizeof(float));
    g->row_of = diffmm__arena_take(&g->arena, plan->block, sizeof *g->row_of);
    g->ranked = diffmm__arena_take(&g->arena, plan->block * plan->count, sizeof *g->ranked);
    g->top = diffmm__arena_take(&g->arena, plan->block, sizeof *g->top);
}

size_t diffmm__generator_bytes(const struct diffmm__generation *plan)
{
    struct diffmm__generator measured = {.arena = diffmm__arena_measure(), .plan = *plan};
    lay_out(&measured);
    return measured.arena.bytes;
}

static void log_plan(const diffmm_context *context, const struct diffmm__generation *plan)
{
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

void diffmm__generator_prepare(struct diffmm__generator *generator, const diffmm_schedule *schedule,
                               const float *parameters)
{
    generator->schedule = schedule;
    generator->parameters = parameters;
    if (generator->plan.hidden)
        diffmm__hidden_chain_prepare(&generator->chain, schedule, parameters);
}

/* A tile of the final x, to be ranked: items first .. first + width - 1 of each row. */
struct tile {
    struct diffmm__generator *generator;
    const struct diffmm__batch_rows *x0; /* NULL where x is complete */
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
        diffmm__topk_push(&t->generator->top[b], t->first, t->width, x);
    }
}

static void rank_hidden(struct diffmm__generator *g, size_t rows,
                        const struct diffmm__batch_rows *x0)
{
    const struct diffmm__layer *out = &g->plan.layers.layer[2];
    size_t h = out->inputs, items = out->outputs;
    diffmm__hidden_chain_run(&g->chain, rows, x0);
    for (size_t first = 0; first < items; first += tile_columns) {
        struct tile t = {.generator = g,
                         .x0 = x0,
                         .first = first,
                         .width = items - first < tile_columns ? items - first : tile_columns};
        diffmm__gemm(g->context, rows, t.width, h, 1.0f, diffmm__plain(g->chain.sum, h),
                     diffmm__transposed(g->parameters + out->weight + first * h, h), 0.0f, g->x,
                     t.width);
        diffmm__parallel_ranges(g->context, rows, 16, rank_range, &t);
    }
}

/* `rows` users of a batch from batch row `first` on, as a batch of their own. */
static struct diffmm__denoiser_batch block_of(struct diffmm__generator *g,
                                              const struct diffmm__denoiser_batch *batch,
                                              size_t first, size_t rows)
{
    struct diffmm__denoiser_batch block = *batch;
    for (size_t b = 0; b < rows; b++)
        g->row_of[b] = (int32_t)diffmm__batch_rows_row(&batch->x0, first + b);
    block.rows = rows;
    block.x0.row_of = g->row_of;
    if (batch->draws.noise) {
        block.draws.noise = batch->draws.noise + first * g->plan.layers.items;
        block.draws.noise_rows = batch->rows;
    }
    return block;
}

void diffmm__generator_run(struct diffmm__generator *g, const struct diffmm__denoiser_batch *batch,
                           size_t first, size_t rows, int32_t *items, float *scores)
{
    struct diffmm__denoiser_batch block = block_of(g, batch, first, rows);
    for (size_t b = 0; b < rows; b++)
        g->top[b] = diffmm__topk_begin(g->ranked + b * g->plan.count, g->plan.count);
    if (g->plan.hidden) {
        rank_hidden(g, rows, &block.x0);
    } else {
        diffmm__reverse_chain_run(&g->pass, g->schedule, g->parameters, &g->plan.sampling, &block,
                                  g->x);
        struct tile whole = {.generator = g, .width = g->plan.layers.items};
        diffmm__parallel_ranges(g->context, rows, 16, rank_range, &whole);
    }
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
    diffmm__generator_prepare(generator, schedule, parameters);
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
