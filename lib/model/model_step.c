/* SPDX-License-Identifier: BSD-2-Clause */
/* One step of Adam on every parameter of the recommender. */
#include "model/model_step.h"

#include "base/handle.h"
#include "model/model_share.h"
#include "optim/adam.h"

diffmm_status diffmm_model_step(diffmm_model *model)
{
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, model, "model");
    if (!status)
        status = diffmm__model_check_trainable(model);
    if (!status)
        status = diffmm__model_check_whole(model);
    if (status)
        return status;
    struct diffmm__share alone = diffmm__model_share_alone(model);
    diffmm__model_step(model, &alone, model->settings.learning_rate);
    return DIFFMM_OK;
}

void diffmm__model_step(diffmm_model *model, const struct diffmm__share *share,
                        double learning_rate)
{
    model->steps++;
    diffmm__model_changed(model);
    for (size_t p = 0; p < model->parameter_count; p++) {
        const struct diffmm__parameter *parameter = &model->parameters[p];
        struct diffmm__part part = diffmm__model_share_parameter(model, share, parameter);
        size_t skip = part.first * parameter->columns, count = part.end * parameter->columns - skip;
        diffmm__adam_decay(model->context, learning_rate, model->settings.weight_decay, count,
                           parameter->values + skip);
        diffmm__adam_step(model->context, learning_rate, model->steps, count,
                          parameter->values + skip, parameter->gradient + skip,
                          parameter->first_moment + skip, parameter->second_moment + skip);
    }
}

diffmm_status diffmm__model_step_gather(diffmm_model *model, const struct diffmm__share *share)
{
    const struct diffmm__parameter *embeddings = diffmm__user_embedding(model);
    float *const arrays[] = {embeddings->values, embeddings->first_moment,
                             embeddings->second_moment};
    diffmm_status status = DIFFMM_OK;
    if (model->divided)
        return status;
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays && !status; i++)
        status =
            diffmm__share_gather_users(share, share->d * sizeof *embeddings->values, arrays[i]);
    return status;
}
