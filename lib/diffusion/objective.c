/* SPDX-License-Identifier: BSD-2-Clause */
/* The denoiser's loss of a batch of users (paper, equations 8 to 11), over B users and I items:
 *     ELBO_b = w_t mean_i (x_hat - x0)^2,   U = x_hat X - x0 E,   MSI_b = mean_d U^2,
 *     L = mean_b (ELBO_b + e_loss MSI_b). */
#include "diffusion/objective.h"

#include <math.h>

#include "base/log.h"
#include "base/sizes.h"

/* Every layer below the last: forward, and the gradients of all weights and of all inputs but the
 * first layer's. */
static double head_flops(const struct diffmm__layers *layers, size_t rows)
{
    double flops = 0.0;
    for (size_t l = 0; l + 1 < layers->count; l++)
        flops += (l == 1 ? 4.0 : 6.0) * (double)rows * (double)layers->layer[l].inputs *
                 (double)layers->layer[l].outputs;
    return flops;
}

double diffmm__objective_direct_flops(const struct diffmm__objective *o, size_t rows)
{
    const struct diffmm__layers *layers = &o->pass.layers;
    double b = (double)rows, items = (double)layers->items;
    double h = (double)layers->layer[layers->count - 1].inputs;
    return head_flops(layers, rows) + 6.0 * b * items * h + 4.0 * b * items * (double)o->d;
}

/* See gram.c for the products. A symmetric product costs half. */
static double gram_flops(const struct diffmm__objective *o, size_t rows)
{
    const struct diffmm__layers *layers = &o->pass.layers;
    double b = (double)rows, items = (double)layers->items;
    double h = (double)layers->layer[layers->count - 1].inputs, d1 = (double)(o->d + 1);
    return head_flops(layers, rows) + items * h * h + b * h * h + /* S, Q */
           2.0 * b * h * h + 2.0 * items * h * h +                /* a S, W Q */
           4.0 * items * h * d1 + 6.0 * b * h * d1;               /* those with [X, b] */
}

double diffmm__objective_flops(const struct diffmm__objective *o, size_t rows)
{
    return o->gram ? gram_flops(o, rows) : diffmm__objective_direct_flops(o, rows);
}

void diffmm__objective_plan(const struct diffmm__layers *layers, size_t rows, size_t d,
                            enum diffmm__objective_way way, struct diffmm__objective *out)
{
    *out = (struct diffmm__objective){.pass.layers = *layers, .rows = rows, .d = d};
    out->gram = way == DIFFMM__OBJECTIVE_GRAM ||
                (way == DIFFMM__OBJECTIVE_CHEAPEST &&
                 gram_flops(out, rows) < diffmm__objective_direct_flops(out, rows));
}

static enum diffmm__pass_kind pass_kind(const struct diffmm__objective *o)
{
    return o->gram ? DIFFMM__PASS_HEAD : DIFFMM__PASS_TRAIN;
}

/* What both ways need. */
static void lay_out(struct diffmm__objective *o)
{
    o->elbo = diffmm__arena_take(&o->arena, o->rows, sizeof(double));
    o->msi = diffmm__arena_take(&o->arena, o->rows, sizeof(double));
    o->injected = diffmm__arena_take(&o->arena, o->rows * (o->d + 1), sizeof(float));
}

size_t diffmm__objective_bytes(const struct diffmm__objective *o, size_t entries)
{
    struct diffmm__objective measured = *o;
    measured.arena = diffmm__arena_measure();
    lay_out(&measured);
    size_t bytes = diffmm__size_sum(measured.arena.bytes,
                                    diffmm__pass_bytes(&o->pass.layers, o->rows, pass_kind(o)));
    return o->gram ? diffmm__size_sum(bytes, diffmm__gram_bytes(o, entries)) : bytes;
}

diffmm_status diffmm__objective_create(const diffmm_context *context,
                                       const struct diffmm__layers *layers, size_t rows, size_t d,
                                       size_t entries, enum diffmm__objective_way way,
                                       struct diffmm__objective *out)
{
    diffmm__objective_plan(layers, rows, d, way, out);
    out->context = context;
    out->arena = diffmm__arena_on(context);
    diffmm__log(context, DIFFMM_LOG_DEBUG,
                "denoiser objective: %s way (%.3g GFLOP a batch direct, %.3g with Gram matrices)",
                out->gram ? "Gram" : "direct", diffmm__objective_direct_flops(out, rows) * 1e-9,
                gram_flops(out, rows) * 1e-9);
    diffmm_status status = diffmm__pass_create(context, layers, rows, pass_kind(out), &out->pass);
    lay_out(out);
    if (!status && out->arena.failed)
        status = DIFFMM_ERROR_NO_MEMORY;
    if (!status && out->gram)
        status = diffmm__gram_create(out, entries);
    if (status)
        diffmm__objective_end(out);
    return status;
}

void diffmm__objective_end(struct diffmm__objective *objective)
{
    diffmm__pass_end(&objective->pass);
    diffmm__arena_end(&objective->arena);
}

bool diffmm__objective_goes_back(const struct diffmm__objective *o, size_t rows,
                                 const struct diffmm__gradient *gradient)
{
    double sum = 0.0;
    if (!gradient || !(gradient->take || gradient->if_finite))
        return gradient != NULL;
    for (size_t b = 0; b < rows; b++)
        sum += o->elbo[b] + (o->d > 0 ? o->msi[b] : 0.0);
    return isfinite(sum);
}

struct diffmm__denoiser_losses
diffmm__objective(struct diffmm__objective *o, const diffmm_schedule *schedule,
                  const float *parameters, size_t rows, const struct diffmm__batch_rows *x0,
                  const int32_t *t, const struct diffmm__draws *draws,
                  const struct diffmm__msi *msi, struct diffmm__gradient *gradient)
{
    diffmm__corrupt(&o->pass, schedule, x0, rows, t, draws);
    if (o->gram)
        diffmm__objective_gram(o, schedule, parameters, rows, x0, t, msi, gradient);
    else
        diffmm__objective_direct(o, schedule, parameters, rows, x0, t, msi, gradient);
    struct diffmm__denoiser_losses losses = {0};
    for (size_t b = 0; b < rows; b++) {
        losses.elbo += o->elbo[b] / (double)rows;
        losses.msi += o->d > 0 ? o->msi[b] / (double)rows : 0.0;
    }
    return losses;
}
