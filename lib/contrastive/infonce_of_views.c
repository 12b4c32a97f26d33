/* SPDX-License-Identifier: BSD-2-Clause */
/* InfoNCE as a function of two views as they come, on plain arrays: their rows are normalised, and
 * gradients taken back through that. */
#include <stdbool.h>

#include <diffmm/contrastive.h>

#include "base/handle.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/structs.h"
#include "contrastive/infonce.h"

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
    return a->negative_count > 0
               ? diffmm__infonce_rows_check("negatives", a->negative_count, a->negatives, a->nodes)
               : DIFFMM_OK;
}

/* Rows of p or of q, at length 1, and gradients of those. */
struct view {
    float *normalized, *norms, *gradient;
};

static struct view take(struct diffmm__arena *arena, size_t rows, size_t d, bool gradients)
{
    return (struct view){
        .normalized = diffmm__arena_take(arena, rows * d, sizeof(float)),
        .norms = diffmm__arena_take(arena, rows, sizeof(float)),
        .gradient = gradients ? diffmm__arena_take_zero(arena, rows * d, sizeof(float)) : NULL};
}

/* On valid arguments: p and q are normalised here, and gradients taken back through that. */
static diffmm_status compute(diffmm_context *context, const diffmm_infonce_arguments *a)
{
    const struct diffmm__infonce_shape shape = {
        .nodes = a->nodes, .batch = a->batch_count, .negatives = a->negative_count};
    bool gradients = a->grad_p || a->grad_q;
    size_t d = a->d, most = diffmm__infonce_rows_most(&shape);
    size_t floats = diffmm__infonce_scratch(diffmm__infonce_rows_candidates(&shape),
                                            a->negative_count > 0, d, a->batch_count);
    struct diffmm__arena arena = diffmm__arena_on(context);
    struct view p = take(&arena, most, d, gradients), q = take(&arena, most, d, gradients);
    struct diffmm__infonce_rows rows = diffmm__infonce_rows_take(&arena, &shape);
    float *scratch = diffmm__arena_take(&arena, floats, sizeof *scratch);
    if (arena.failed) {
        diffmm__arena_end(&arena);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    if (a->negative_count > 0)
        diffmm__infonce_rows_drawn(&rows, a->nodes, a->batch_count, a->batch, a->negative_count,
                                   a->negatives);
    else
        diffmm__infonce_rows_all(&rows, a->nodes, a->batch_count, a->batch);
    diffmm__infonce_rows_normalize(context, &rows, d, a->p, p.normalized, p.norms);
    diffmm__infonce_rows_normalize(context, &rows, d, a->q, q.normalized, q.norms);
    const struct diffmm__peers alone = diffmm__peers_alone();
    const struct diffmm__part all = {0, a->nodes};
    const struct diffmm__infonce_setting setting = {.context = context,
                                                    .peers = &alone,
                                                    .d = d,
                                                    .tau = a->tau,
                                                    .weight = 1.0,
                                                    .scratch = scratch};
    double value;
    diffmm_status status = diffmm__infonce(&setting, &rows, p.normalized, q.normalized, p.gradient,
                                           q.gradient, &value);
    if (a->grad_p)
        diffmm__infonce_rows_backward(context, &rows, all, d, p.normalized, p.norms, p.gradient,
                                      0.0f, a->grad_p);
    if (a->grad_q)
        diffmm__infonce_rows_backward(context, &rows, all, d, q.normalized, q.norms, q.gradient,
                                      0.0f, a->grad_q);
    if (a->loss && !status)
        *a->loss = value;
    diffmm__arena_end(&arena);
    return status;
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
