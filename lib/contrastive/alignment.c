/* SPDX-License-Identifier: BSD-2-Clause */
/* Alignment (Wang and Isola 2020, equation 2, with exponent 2): the mean squared distance between
 * rows x_b and y_b at unit length, which is 2 - 2 cos(x_b, y_b):
 *
 *     L = 1/B sum_b ||x^_b - y^_b||^2,    x^ = x / max(||x||, 1e-12),
 *     dL/dx^_b = 2/B (x^_b - y^_b),       dL/dy^_b = -dL/dx^_b.
 *
 * As a term of the objective, x is a modality's view and y the main view, at the users of the batch
 * and, added to that, at its positives. */
#include "contrastive/alignment.h"

#include <diffmm/contrastive.h>
#include <string.h>

#include "base/handle.h"
#include "base/memory.h"
#include "base/sizes.h"
#include "base/status.h"
#include "linalg/kernels.h"
#include "linalg/normalize_rows.h"
#include "linalg/vectors.h"

/* Matrices of up to B rows of d floats. */
struct scratch {
    const diffmm_context *context;
    float *x_unit, *y_unit, *x_norms, *y_norms;
    float *gradient;        /* of x^ */
    float *x, *y;           /* rows gathered for the term, .. */
    float *grad_x, *grad_y; /* .. and their gradients */
};

/* What align() needs. */
static struct scratch take(struct diffmm__arena *arena, size_t rows, size_t d)
{
    return (struct scratch){.context = arena->context,
                            .x_unit = diffmm__arena_take(arena, rows * d, sizeof(float)),
                            .y_unit = diffmm__arena_take(arena, rows * d, sizeof(float)),
                            .gradient = diffmm__arena_take(arena, rows * d, sizeof(float)),
                            .x_norms = diffmm__arena_take(arena, rows, sizeof(float)),
                            .y_norms = diffmm__arena_take(arena, rows, sizeof(float))};
}

void *diffmm__alignment_take(struct diffmm__arena *arena, const struct diffmm__term_shape *shape)
{
    size_t size = shape->batch * shape->d;
    struct scratch *out = diffmm__arena_take(arena, 1, sizeof *out);
    struct scratch s = take(arena, shape->batch, shape->d);
    float **rows[] = {&s.x, &s.y, &s.grad_x, &s.grad_y};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        *rows[i] = diffmm__arena_take(arena, size, sizeof(float));
    if (out)
        *out = s;
    return out;
}

/* The value; gradients, times `weight`, overwrite grad_x and grad_y, either of which may be NULL.
 * */
static double align(struct scratch *s, size_t rows, size_t d, const float *x, const float *y,
                    double weight, float *grad_x, float *grad_y)
{
    size_t size = rows * d;
    diffmm__normalize_rows(s->context, rows, d, x, d, s->x_unit, d, s->x_norms);
    diffmm__normalize_rows(s->context, rows, d, y, d, s->y_unit, d, s->y_norms);
    memcpy(s->gradient, s->x_unit, size * sizeof *s->gradient);
    diffmm__vector_add_scaled(s->context, size, -1.0f, s->y_unit, s->gradient);
    double loss = diffmm__vector_dot(s->context, size, s->gradient, s->gradient) / (double)rows;
    float scale = (float)(2.0 * weight / (double)rows);
    if (grad_x)
        diffmm__normalize_rows_backward(s->context, rows, d, s->x_unit, s->x_norms, s->gradient,
                                        scale, 0.0f, grad_x);
    if (grad_y)
        diffmm__normalize_rows_backward(s->context, rows, d, s->y_unit, s->y_norms, s->gradient,
                                        -scale, 0.0f, grad_y);
    return loss;
}

static void gather_rows(size_t count, const int32_t *node, size_t d, const float *matrix,
                        float *rows)
{
    for (size_t b = 0; b < count; b++)
        memcpy(rows + b * d, matrix + (size_t)node[b] * d, d * sizeof *rows);
}

/* To the rows of `own` nodes, in the order of the batch, so that a node that comes twice has the same sum
 * on any number of threads. */
static void add_rows(size_t count, const int32_t *node, struct diffmm__part own, size_t d,
                     const float *rows, float *matrix)
{
    for (size_t b = 0; b < count; b++)
        if (diffmm__part_has(own, (size_t)node[b]))
            diffmm__kernels()->add_scaled(d, 1.0f, rows + b * d, matrix + (size_t)node[b] * d);
}

diffmm_status diffmm__alignment_term(const struct diffmm__term_batch *batch, double weight,
                                     void *scratch, double *value)
{
    struct scratch *s = scratch;
    size_t d = batch->d, count = batch->count;
    const struct diffmm__share *share = batch->share;
    const int32_t *nodes[] = {batch->user, batch->positive};
    const size_t begins[] = {0, batch->users * d};
    const struct diffmm__part owns[] = {share->user, {0, batch->items}};
    double loss = 0.0;
    for (size_t m = 0; m < batch->modalities; m++) {
        if (batch->keep_views == 0.0f)
            diffmm__share_clear(share, batch->context, batch->grad_views[m]);
        for (size_t side = 0; side < 2; side++) {
            size_t begin = begins[side];
            diffmm_status status = DIFFMM_OK;
            if (side == 0)
                status = diffmm__share_collect(share, count, nodes[side], batch->views[m], s->x,
                                               s->grad_x);
            else
                gather_rows(count, nodes[side], d, batch->views[m] + begin, s->x);
            if (status)
                return status;
            if (side == 0 && batch->final_users)
                memcpy(s->y, batch->final_users, count * d * sizeof *s->y);
            else
                gather_rows(count, nodes[side], d, batch->final + begin, s->y);
            loss += align(s, count, d, s->x, s->y, weight, s->grad_x, s->grad_y);
            add_rows(count, nodes[side], owns[side], d, s->grad_x, batch->grad_views[m] + begin);
            add_rows(count, nodes[side], owns[side], d, s->grad_y, batch->grad_final + begin);
        }
    }
    *value = weight * loss;
    return DIFFMM_OK;
}

diffmm_status diffmm_alignment(diffmm_context *context, size_t rows, size_t d, const float *x,
                               const float *y, double *loss, float *grad_x, float *grad_y)
{
    DIFFMM__CALL call = diffmm__call_reads(context);
    if (!x || !y)
        return diffmm__null(!x ? "x" : "y");
    if (rows == 0 || d == 0)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "%s is 0", rows == 0 ? "rows" : "d");
    diffmm_status status = diffmm__size_check_array("rows", rows, "d", d, sizeof *x);
    if (status)
        return status;
    struct diffmm__arena arena = diffmm__arena_on(context);
    struct scratch s = take(&arena, rows, d);
    if (arena.failed)
        status = DIFFMM_ERROR_NO_MEMORY;
    else {
        double value = align(&s, rows, d, x, y, 1.0, grad_x, grad_y);
        if (loss)
            *loss = value;
    }
    diffmm__arena_end(&arena);
    return status;
}
