/* SPDX-License-Identifier: BSD-2-Clause */
/* One step of Adam on every parameter of the recommender. */
#include "model/model_step.h"

#include "base/handle.h"
#include "optim/adam.h"

diffmm_status diffmm_model_step(diffmm_model *model)
{
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, model, "model");
    return status ? status : diffmm__model_step(model, model->settings.learning_rate);
}

diffmm_status diffmm__model_step(diffmm_model *model, double learning_rate)
{
    diffmm_status status = diffmm__model_check_trainable(model);
    if (status)
        return status;
    model->steps++;
    diffmm__model_changed(model);
    for (size_t p = 0; p < model->parameter_count; p++) {
        struct diffmm__parameter *parameter = &model->parameters[p];
        size_t count = parameter->rows * parameter->columns;
        diffmm__adam_decay(model->context, learning_rate, model->settings.weight_decay, count,
                           parameter->values);
        diffmm__adam_step(model->context, learning_rate, model->steps, count, parameter->values,
                          parameter->gradient, parameter->first_moment, parameter->second_moment);
    }
    return DIFFMM_OK;
}
