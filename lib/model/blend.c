/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/blend.h"

#include <string.h>

#include "base/pool.h"
#include "base/sizes.h"
#include "base/status.h"
#include "linalg/gemm.h"
#include "model/score_spread.h"

enum { most_block = 2048, tile = 2048 };

size_t diffmm__blend_width(const struct diffmm__blend_shape *shape)
{
    return shape->d + shape->modalities * shape->layers->items;
}

static void lay_out(struct diffmm__blend *b, const struct diffmm__blend_shape *shape)
{
    size_t rank = shape->layers->items, widest = rank > shape->d ? rank : shape->d;
    b->block = shape->users < most_block ? shape->users : most_block;
    diffmm__denoiser_pass_take(&b->arena, shape->layers, b->block, DIFFMM__PASS_FORWARD, &b->pass);
    b->z = diffmm__arena_take(&b->arena, b->block * rank, sizeof(float));
    b->product = diffmm__arena_take(&b->arena, b->block * widest, sizeof(float));
    b->covariances = diffmm__arena_take(
        &b->arena, shape->d * shape->d + shape->modalities * rank * rank, sizeof(float));
    b->centred = diffmm__arena_take(&b->arena, tile * widest, sizeof(float));
    b->mean = diffmm__arena_take(&b->arena, widest, sizeof(double));
    b->spread = diffmm__arena_take(&b->arena, shape->users, sizeof(double));
    b->row_of = diffmm__arena_take(&b->arena, b->block, sizeof *b->row_of);
    b->received = diffmm__arena_take_zero(&b->arena, shape->modalities, sizeof *b->received);
}

size_t diffmm__blend_bytes(const struct diffmm__blend_shape *shape)
{
    struct diffmm__blend measured = {.arena = diffmm__arena_measure()};
    lay_out(&measured, shape);
    size_t rows = diffmm__allocation_bytes(
        diffmm__size_product(shape->users + shape->items, diffmm__blend_width(shape)),
        sizeof(float));
    return diffmm__size_sum(diffmm__size_sum(rows, measured.arena.bytes),
                            diffmm__allocation_bytes(1, sizeof measured));
}

double diffmm__blend_flops(const struct diffmm__blend_shape *shape, size_t steps, double chains)
{
    double users = (double)shape->users, d = (double)shape->d, rank = (double)shape->layers->items;
    double of_modality =
        chains * (double)steps * diffmm__denoiser_flops(shape->layers, shape->users) +
        2.0 * users * rank * rank;
    return 2.0 * (users + (double)shape->items) * d * d + (double)shape->modalities * of_modality;
}

diffmm_status diffmm__blend_create(diffmm_model *model)
{
    const diffmm_diffusion *first =
        model->modality_count > 0 ? model->modalities[0].diffusion : NULL;
    if (model->settings.blend == 0.0 || !first || !diffmm__module_basis(first))
        return DIFFMM_OK;
    const struct diffmm__blend_shape shape = {.users = model->users,
                                              .items = model->items,
                                              .d = model->d,
                                              .modalities = model->modality_count,
                                              .layers = &first->layers};
    model->blend = diffmm__allocate_zero(model->context, 1, sizeof *model->blend);
    if (!model->blend)
        return DIFFMM_ERROR_NO_MEMORY;
    model->width = diffmm__blend_width(&shape);
    model->blend->arena = diffmm__arena_on(model->context);
    lay_out(model->blend, &shape);
    /* Readable before it is filled, as `final` is. */
    model->served = diffmm__allocate_zero(model->context, model->users + model->items,
                                          model->width * sizeof *model->served);
    return model->served && !model->blend->arena.failed ? DIFFMM_OK : DIFFMM_ERROR_NO_MEMORY;
}

void diffmm__blend_destroy(diffmm_model *model)
{
    if (model->blend)
        diffmm__arena_end(&model->blend->arena);
    diffmm__release(model->context, model->blend);
    diffmm__release(model->context, model->served);
    model->blend = NULL;
    model->served = NULL;
}

/* H of users or items, counted from those of `rows`. */
struct copied {
    diffmm_model *model;
    struct diffmm__part rows;
};

static void copy_range(void *argument, size_t begin, size_t end)
{
    const struct copied *copied = argument;
    const diffmm_model *model = copied->model;
    size_t d = model->d, first = copied->rows.first;
    for (size_t n = first + begin; n < first + end; n++)
        memcpy(model->served + n * model->width, model->final + n * d, d * sizeof *model->final);
}

static void copy(diffmm_model *model, size_t first, size_t end)
{
    struct copied copied = {model, {first, end}};
    diffmm__parallel_ranges(model->context, end - first, 256, copy_range, &copied);
}

/* B of items. */
static void copy_bases_range(void *argument, size_t begin, size_t end)
{
    const diffmm_model *model = argument;
    for (size_t i = begin; i < end; i++) {
        float *row = model->served + (model->users + i) * model->width + model->d;
        for (size_t m = 0; m < model->modality_count; m++) {
            const struct diffmm__basis *basis =
                diffmm__module_basis(model->modalities[m].diffusion);
            diffmm__basis_score_row(basis, i, row + m * basis->rank);
        }
    }
}

/* Scores of all users by some columns of the served rows. */
struct part {
    diffmm_model *model;
    size_t modality; /* M: the recommender's */
    size_t first, columns;
    float *covariance;
    double trace;
    /* Of a block: */
    size_t begin;
    const float *rows; /* h, `stride` apart */
    size_t stride;
};

static float *covariance_of(const diffmm_model *model, size_t modality)
{
    float *all = model->blend->covariances;
    size_t d = model->d, rank = model->blend->pass.layers.items;
    return modality == model->modality_count ? all : all + d * d + modality * rank * rank;
}

const float *diffmm__blend_covariance(const diffmm_model *model, size_t modality)
{
    return covariance_of(model, modality);
}

static struct part part_of(diffmm_model *model, size_t modality)
{
    size_t rank = model->blend->pass.layers.items;
    struct part p = {.model = model,
                     .modality = modality,
                     .columns = model->d,
                     .covariance = covariance_of(model, modality)};
    if (modality < model->modality_count) {
        p.first = model->d + modality * rank;
        p.columns = rank;
    }
    return p;
}

static const float *item_row(const struct part *p, size_t item)
{
    const diffmm_model *model = p->model;
    return model->served + (model->users + item) * model->width + p->first;
}

static void centre_range(void *argument, size_t begin, size_t end)
{
    const struct part *p = argument;
    const struct diffmm__blend *b = p->model->blend;
    for (size_t i = begin; i < end; i++) {
        const float *row = item_row(p, p->begin + i);
        for (size_t c = 0; c < p->columns; c++)
            b->centred[i * p->columns + c] = (float)((double)row[c] - b->mean[c]);
    }
}

/* C = 1/I sum_i (row_i - mean) (row_i - mean)^T. */
static void take_covariance(struct part *p)
{
    struct diffmm__blend *b = p->model->blend;
    size_t items = p->model->items, n = p->columns;
    memset(b->mean, 0, n * sizeof *b->mean);
    for (size_t i = 0; i < items; i++)
        for (size_t c = 0; c < n; c++)
            b->mean[c] += (double)item_row(p, i)[c] / (double)items;
    p->begin = 0;
    for (size_t rows; p->begin < items; p->begin += rows) {
        rows = items - p->begin < tile ? items - p->begin : tile;
        diffmm__parallel_ranges(p->model->context, rows, 64, centre_range, p);
        diffmm__gemm(p->model->context, n, n, rows, 1.0f / (float)items,
                     diffmm__transposed(b->centred, n), diffmm__plain(b->centred, n),
                     p->begin > 0 ? 1.0f : 0.0f, p->covariance, n);
    }
}

/* What no training changes: the items' columns of the denoisers, and their covariances. */
static void fill_bases(diffmm_model *model)
{
    diffmm__parallel_ranges(model->context, model->items, 256, copy_bases_range, model);
    for (size_t m = 0; m < model->modality_count; m++) {
        struct part p = part_of(model, m);
        take_covariance(&p);
    }
    model->blend->bases_filled = true;
}

void diffmm__blend_restored(diffmm_model *model)
{
    if (!model->blend)
        return;
    if (!model->blend->bases_filled)
        fill_bases(model);
    copy(model, model->own_users.first, model->own_users.end);
    copy(model, model->users, model->users + model->items);
    struct part own = part_of(model, model->modality_count);
    take_covariance(&own);
    model->blended = true;
}

static double deviation(const struct part *p, size_t row)
{
    return diffmm__score_spread(p->columns, p->rows + row * p->stride,
                                p->model->blend->product + row * p->columns, p->trace);
}

static void recommender_range(void *argument, size_t begin, size_t end)
{
    const struct part *p = argument;
    for (size_t row = begin; row < end; row++)
        p->model->blend->spread[p->begin + row] = deviation(p, row);
}

/* c z, into the users' served rows, where z may stand already. */
static void denoiser_range(void *argument, size_t begin, size_t end)
{
    const struct part *p = argument;
    const diffmm_model *model = p->model;
    for (size_t row = begin; row < end; row++) {
        float *out = model->served + (p->begin + row) * model->width + p->first;
        float factor =
            diffmm__score_spread_factor(model->settings.blend, model->modality_count,
                                        model->blend->spread[p->begin + row], deviation(p, row));
        for (size_t c = 0; c < p->columns; c++)
            out[c] = factor == 0.0f ? 0.0f : factor * p->rows[row * p->stride + c];
    }
}

/* The chains of users `begin` and after it. */
static void run_chains(const struct part *p, size_t rows)
{
    const diffmm_model *model = p->model;
    const diffmm_diffusion *module = model->modalities[p->modality].diffusion;
    struct diffmm__blend *b = model->blend;
    struct diffmm__sampling sampling = diffmm__module_sampling(&module->settings);
    for (size_t row = 0; row < rows; row++)
        b->row_of[row] = (int32_t)(p->begin + row);
    const struct diffmm__denoiser_batch batch = {
        .rows = rows,
        .x0 = {.matrix = model->catalog->train, .row_of = b->row_of, .ascending = true},
        .draws = diffmm__module_reverse_draws(module, 0),
        .basis = diffmm__module_basis(module)};
    diffmm__reverse_chain_run(&b->pass, module->schedule, module->values, &sampling, &batch, b->z);
}

float *diffmm__blend_coordinates(const diffmm_model *model, size_t m)
{
    if (!model->blend || model->divided || model->settings.sampling_steps > 0 ||
        model->settings.sampling_noise)
        return NULL;
    return model->served + model->d + m * model->blend->pass.layers.items;
}

void diffmm__blend_receive(diffmm_model *model, size_t m)
{
    model->blend->received[m] = true;
}

void diffmm__blend_forget(diffmm_model *model)
{
    if (!model->blend)
        return;
    memset(model->blend->received, 0, model->modality_count * sizeof *model->blend->received);
    const struct diffmm__part own = model->own_users;
    if (model->stale)
        memset(model->served + own.first * model->width, 0,
               (own.end - own.first) * model->width * sizeof *model->served);
}

/* Finds the rows h of the users of a block. */
static void find_rows(struct part *p, size_t rows)
{
    const diffmm_model *model = p->model;
    struct diffmm__blend *b = model->blend;
    p->stride = p->columns;
    if (p->modality == model->modality_count) {
        p->rows = model->final + p->begin * model->d;
    } else if (b->received[p->modality]) {
        p->rows = model->served + p->begin * model->width + p->first;
        p->stride = model->width;
    } else {
        run_chains(p, rows);
        p->rows = b->z;
    }
}

static void take_part(struct part *p)
{
    const diffmm_model *model = p->model;
    struct diffmm__blend *b = model->blend;
    bool denoiser = p->modality < model->modality_count;
    p->trace = diffmm__score_spread_trace(p->columns, p->covariance);
    const struct diffmm__part users = model->own_users;
    for (size_t first = users.first, rows; first < users.end; first += rows) {
        rows = users.end - first < b->block ? users.end - first : b->block;
        p->begin = first;
        find_rows(p, rows);
        diffmm__gemm(model->context, rows, p->columns, p->columns, 1.0f,
                     diffmm__plain(p->rows, p->stride), diffmm__plain(p->covariance, p->columns),
                     0.0f, b->product, p->columns);
        diffmm__parallel_ranges(model->context, rows, 16,
                                denoiser ? denoiser_range : recommender_range, p);
    }
}

diffmm_status diffmm__blend_fill(diffmm_model *model)
{
    if (!model->blend)
        return DIFFMM_OK;
    diffmm__blend_restored(model);
    struct part own = part_of(model, model->modality_count);
    take_part(&own);
    for (size_t m = 0; m < model->modality_count; m++) {
        struct part p = part_of(model, m);
        take_part(&p);
    }
    memset(model->blend->received, 0, model->modality_count * sizeof *model->blend->received);
    size_t bad = diffmm__model_first_not_finite(model, model->width, model->served);
    if (bad == model->users + model->items)
        return DIFFMM_OK;
    bool of_user = bad < model->users;
    return diffmm__fail(DIFFMM_ERROR_NUMERIC,
                        "the row of %s %zu, blended by diffusion.blend, is not finite",
                        of_user ? "user" : "item", bad - (of_user ? 0 : model->users));
}
