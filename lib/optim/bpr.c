/* SPDX-License-Identifier: BSD-2-Clause */
/* Bayesian personalised ranking (paper, equation 19), with x_b = s(u_b, i_b) - s(u_b, j_b):
 *     L = sum_b log(1 + exp(-x_b)) / divisor,   dL/dx_b = -1 / (1 + exp(x_b)) / divisor. */
#include "optim/bpr.h"

#include <diffmm/optim.h>
#include <math.h>
#include <string.h>

#include "base/check.h"
#include "base/sizes.h"
#include "base/status.h"
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

diffmm_status diffmm_bpr(size_t users, size_t items, size_t d, const float *user_matrix,
                         const float *item_matrix, size_t count, const int32_t *user,
                         const int32_t *positive, const int32_t *negative, double divisor,
                         double *loss, float *grad_user, float *grad_item)
{
    if (!user_matrix || !item_matrix)
        return diffmm__null(!user_matrix ? "user_matrix" : "item_matrix");
    if (d == 0)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "d is 0");
    if (!isgreater(divisor, 0.0) || isinf(divisor))
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "divisor is not above 0");
    diffmm_status status;
    if ((status = diffmm__size_check_array("users", users, "d", d, sizeof *user_matrix)) ||
        (status = diffmm__size_check_array("items", items, "d", d, sizeof *item_matrix)) ||
        (status = diffmm__check_numbers("user", user, count, users)) ||
        (status = diffmm__check_numbers("positive", positive, count, items)) ||
        (status = diffmm__check_numbers("negative", negative, count, items)))
        return status;
    if (grad_user)
        memset(grad_user, 0, users * d * sizeof *grad_user);
    if (grad_item)
        memset(grad_item, 0, items * d * sizeof *grad_item);
    double value = diffmm__bpr(d, user_matrix, item_matrix, count, user, positive, negative,
                               divisor, grad_user, grad_item);
    if (loss)
        *loss = value;
    return DIFFMM_OK;
}
