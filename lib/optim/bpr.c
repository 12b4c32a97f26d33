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
#include "base/sizes.h"
#include "base/status.h"
#include "base/structs.h"
#include "linalg/kernels.h"

/* log(1 + exp(-x)) without overflow. */
static double softplus_of_negative(double x)
{
    return x > 0.0 ? log1p(exp(-x)) : log1p(exp(x)) - x;
}

double diffmm__bpr(size_t d, const float *user_matrix, const float *item_matrix, size_t count,
                   const int32_t *user, const int32_t *positive, const int32_t *negative,
                   double divisor, float *grad_user, float *grad_item)
{
    const struct diffmm__vector_kernels *kernels = diffmm__kernels();
    double loss = 0.0;
    for (size_t b = 0; b < count; b++) {
        size_t u = (size_t)user[b] * d, i = (size_t)positive[b] * d, j = (size_t)negative[b] * d;
        double x = kernels->dot(d, user_matrix + u, item_matrix + i) -
                   kernels->dot(d, user_matrix + u, item_matrix + j);
        loss += softplus_of_negative(x);
        float slope = (float)(-1.0 / (1.0 + exp(fmin(x, 709.0))) / divisor);
        if (grad_user) {
            kernels->add_scaled(d, slope, item_matrix + i, grad_user + u);
            kernels->add_scaled(d, -slope, item_matrix + j, grad_user + u);
        }
        if (grad_item) {
            kernels->add_scaled(d, slope, user_matrix + u, grad_item + i);
            kernels->add_scaled(d, -slope, user_matrix + u, grad_item + j);
        }
    }
    return loss / divisor;
}

diffmm_status diffmm__bpr_term(const struct diffmm__term_batch *batch, double weight, void *scratch,
                               double *value)
{
    (void)scratch;
    size_t items = batch->users * batch->d; /* where the items begin */
    *value = diffmm__bpr(batch->d, batch->final, batch->final + items, batch->count, batch->user,
                         batch->positive, batch->negative, (double)batch->settings->batch / weight,
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
    double value = diffmm__bpr(a.d, a.user_matrix, a.item_matrix, a.count, a.user, a.positive,
                               a.negative, a.divisor, a.grad_user, a.grad_item);
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
