/* SPDX-License-Identifier: BSD-2-Clause */
/* The weights of the modalities in the main view (paper, section 3.3), forward and backward:
 *
 *     w = softmax(kappa),
 *     dkappa_m = w_m (dw_m - sum_j w_j dw_j).
 */
#include "model/modality_weights.h"

#include <math.h>

#include "base/status.h"

void diffmm__softmax(size_t count, const float *logits, float *weights)
{
    double largest = count > 0 ? (double)logits[0] : 0.0, sum = 0.0;
    for (size_t m = 1; m < count; m++) /* (GCC 12 for AArch64 fails to compile fmax() here) */
        if ((double)logits[m] > largest)
            largest = (double)logits[m];
    for (size_t m = 0; m < count; m++)
        sum += exp((double)logits[m] - largest);
    for (size_t m = 0; m < count; m++)
        weights[m] = (float)(exp((double)logits[m] - largest) / sum);
}

void diffmm__modality_weights(const diffmm_model *model, float *weights)
{
    const struct diffmm__parameter *logits = diffmm__modality_logits(model);
    diffmm__softmax(logits->rows, logits->values, weights);
}

void diffmm__softmax_backward(size_t count, const float *weights, const double *grad_weights,
                              float *grad_logits)
{
    double mean = 0.0;
    for (size_t m = 0; m < count; m++)
        mean += (double)weights[m] * grad_weights[m];
    for (size_t m = 0; m < count; m++)
        grad_logits[m] = (float)((double)weights[m] * (grad_weights[m] - mean));
}

diffmm_status diffmm_model_modality_weights(const diffmm_model *model, float *weights)
{
    if (!model || !weights)
        return diffmm__null(!model ? "model" : "weights");
    diffmm__modality_weights(model, weights);
    return DIFFMM_OK;
}
