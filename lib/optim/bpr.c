/* SPDX-License-Identifier: BSD-2-Clause */
/* Bayesian personalised ranking (paper, equation 19), with x_b = s(u_b, i_b) - s(u_b, j_b):
 *
 *     L = sum_b log(1 + exp(-x_b)) / divisor,
 *     dL/dx_b = -1 / (1 + exp(x_b)) / divisor.
 */
#include "optim/bpr.h"

#include <diffmm/optim.h>
#include <math.h>
#include <string.h>

#include "base/check.h"
#include "base/pool.h"
#include "base/sizes.h"
#include "base/status.h"
#include "base/structs.h"
#include "linalg/kernels.h"

/* log(1 + exp(-x)) without overflow. */
static double softplus_of_negative(double x)
{
    return x > 0.0 ? log1p(exp(-x)) : log1p(exp(x)) - x;
}

/* Some triples, and what they add to the loss and to gradients. */
enum { block_triples = 512 };

struct block {
    const struct diffmm__vector_kernels *kernels;
    size_t d, count;
    struct diffmm__bpr_users users;
    const float *item_matrix;
    const int32_t *user, *positive, *negative;
    double divisor;
    struct diffmm__part own; /* users whose gradient is added */
    float *grad_user, *grad_item;
    double losses[block_triples];
    float slopes[block_triples]; /* dL/dx */
};

static const float *user_row(const struct block *t, size_t b)
{
    return t->users.rows ? t->users.rows + b * t->d : t->users.matrix + (size_t)t->user[b] * t->d;
}

static void compare_range(void *argument, size_t begin, size_t end)
{
    struct block *t = argument;
    size_t d = t->d;
    for (size_t b = begin; b < end; b++) {
        const float *user = user_row(t, b);
        double x = t->kernels->dot(d, user, t->item_matrix + (size_t)t->positive[b] * d) -
                   t->kernels->dot(d, user, t->item_matrix + (size_t)t->negative[b] * d);
        t->losses[b] = softplus_of_negative(x);
        t->slopes[b] = (float)(-1.0 / (1.0 + exp(fmin(x, 709.0))) / t->divisor);
    }
}

/* Triples may share rows, so a task has columns of all of them. */
static void add_columns(void *argument, size_t begin, size_t end)
{
    const struct block *t = argument;
    size_t d = t->d, width = end - begin;
    for (size_t b = 0; b < t->count; b++) {
        size_t u = (size_t)t->user[b] * d + begin, i = (size_t)t->positive[b] * d + begin,
               j = (size_t)t->negative[b] * d + begin;
        const float *user = user_row(t, b) + begin;
        float slope = t->slopes[b];
        if (t->grad_user && diffmm__part_has(t->own, (size_t)t->user[b])) {
            t->kernels->add_scaled(width, slope, t->item_matrix + i, t->grad_user + u);
            t->kernels->add_scaled(width, -slope, t->item_matrix + j, t->grad_user + u);
        }
        if (t->grad_item) {
            t->kernels->add_scaled(width, slope, user, t->grad_item + i);
            t->kernels->add_scaled(width, -slope, user, t->grad_item + j);
        }
    }
}

double diffmm__bpr(const diffmm_context *context, size_t d, struct diffmm__bpr_users users,
                   const float *item_matrix, size_t count, const int32_t *user,
                   const int32_t *positive, const int32_t *negative, double divisor,
                   struct diffmm__part own, float *grad_user, float *grad_item)
{
    struct block block = {.kernels = diffmm__kernels(),
                          .d = d,
                          .item_matrix = item_matrix,
                          .divisor = divisor,
                          .own = own,
                          .grad_user = grad_user,
                          .grad_item = grad_item};
    double loss = 0.0;
    for (size_t first = 0; first < count; first += block_triples) {
        block.count = diffmm__size_lesser(count - first, block_triples);
        block.users = users;
        if (users.rows)
            block.users.rows = users.rows + first * d;
        block.user = user + first;
        block.positive = positive + first;
        block.negative = negative + first;
        diffmm__parallel_ranges(context, block.count, 64, compare_range, &block);
        for (size_t b = 0; b < block.count; b++)
            loss += block.losses[b];
        if (grad_user || grad_item)
            diffmm__parallel_ranges(context, d, 32, add_columns, &block);
    }
    return loss / divisor;
}

diffmm_status diffmm__bpr_term(const struct diffmm__term_batch *batch, double weight, void *scratch,
                               double *value)
{
    (void)scratch;
    size_t items = batch->users * batch->d; /* where the items begin */
    const struct diffmm__bpr_users users = {.matrix = batch->final, .rows = batch->final_users};
    *value = diffmm__bpr(batch->context, batch->d, users, batch->final + items, batch->count,
                         batch->user, batch->positive, batch->negative,
                         (double)batch->settings->batch / weight, batch->share->user,
                         batch->grad_final, batch->grad_final + items);
    return DIFFMM_OK;
}

diffmm_status diffmm_bpr_with(const diffmm_bpr_arguments *arguments)
{
    diffmm_bpr_arguments a = {.struct_size = sizeof a};
    if (!arguments)
        return diffmm__null("arguments");
    diffmm_status status =
        diffmm__struct_read(&a, &diffmm__layout_bpr_arguments, arguments, "arguments");
    if (status)
        return status;
    if (!a.user_matrix || !a.item_matrix)
        return diffmm__null(!a.user_matrix ? "user_matrix" : "item_matrix");
    if (a.d == 0)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "d is 0");
    if (!isgreater(a.divisor, 0.0) || isinf(a.divisor))
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "divisor is not above 0");
    if ((status = diffmm__size_check_array("users", a.users, "d", a.d, sizeof *a.user_matrix)) ||
        (status = diffmm__size_check_array("items", a.items, "d", a.d, sizeof *a.item_matrix)) ||
        (status = diffmm__check_numbers("user", a.user, a.count, a.users)) ||
        (status = diffmm__check_numbers("positive", a.positive, a.count, a.items)) ||
        (status = diffmm__check_numbers("negative", a.negative, a.count, a.items)))
        return status;
    if (a.grad_user)
        memset(a.grad_user, 0, a.users * a.d * sizeof *a.grad_user);
    if (a.grad_item)
        memset(a.grad_item, 0, a.items * a.d * sizeof *a.grad_item);
    const struct diffmm__bpr_users users = {.matrix = a.user_matrix};
    double value =
        diffmm__bpr(NULL, a.d, users, a.item_matrix, a.count, a.user, a.positive, a.negative,
                    a.divisor, (struct diffmm__part){0, a.users}, a.grad_user, a.grad_item);
    if (a.loss)
        *a.loss = value;
    return DIFFMM_OK;
}

diffmm_status diffmm_bpr(size_t users, size_t items, size_t d, const float *user_matrix,
                         const float *item_matrix, size_t count, const int32_t *user,
                         const int32_t *positive, const int32_t *negative, double divisor,
                         double *loss, float *grad_user, float *grad_item)
{
    return diffmm_bpr_with(&(diffmm_bpr_arguments){.struct_size = sizeof(diffmm_bpr_arguments),
                                                   .users = users,
                                                   .items = items,
                                                   .d = d,
                                                   .user_matrix = user_matrix,
                                                   .item_matrix = item_matrix,
                                                   .count = count,
                                                   .user = user,
                                                   .positive = positive,
                                                   .negative = negative,
                                                   .divisor = divisor,
                                                   .loss = loss,
                                                   .grad_user = grad_user,
                                                   .grad_item = grad_item});
}
