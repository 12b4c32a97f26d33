/* SPDX-License-Identifier: BSD-2-Clause */
/* What can be read from a model, and what its embeddings and metrics are of. */
#include "model/model.h"

#include <string.h>

#include "base/numbers.h"
#include "base/status.h"

void diffmm__model_changed(diffmm_model *model)
{
    model->evaluated.epoch = 0;
    model->stale = true;
    model->changes++;
}

void diffmm__model_embedded(diffmm_model *model)
{
    model->evaluated.epoch = 0;
    model->stale = false;
    model->blended = false;
}

diffmm_status diffmm__model_check_trainable(const diffmm_model *model)
{
    return model->workspace ? DIFFMM_OK
                            : diffmm__fail(DIFFMM_ERROR_STATE,
                                           "the model was read from a file and cannot train");
}

size_t diffmm__model_first_not_finite(const diffmm_model *model, size_t width, const float *rows)
{
    const struct diffmm__part own = model->own_users;
    size_t user = diffmm__first_not_finite((own.end - own.first) * width, rows + own.first * width),
           item = diffmm__first_not_finite(model->items * width, rows + model->users * width);
    return own.first + user / width < own.end ? own.first + user / width
                                              : model->users + item / width;
}

diffmm_status diffmm__model_check_whole(const diffmm_model *model)
{
    return !model->divided
               ? DIFFMM_OK
               : diffmm__fail(DIFFMM_ERROR_STATE,
                              "model: peers.divide has left the rows of some users only; "
                              "diffmm_trainer_save_at() writes all of them into a file");
}

diffmm_status diffmm__model_check_forward(const diffmm_model *model)
{
    return model->final
               ? diffmm__model_check_whole(model)
               : diffmm__fail(DIFFMM_ERROR_STATE,
                              "model: there are no embeddings before diffmm_model_forward()");
}

diffmm_status diffmm__model_check_embeddings(const diffmm_model *model)
{
    diffmm_status status = diffmm__model_check_forward(model);
    if (!status && !diffmm__all_finite((model->users + model->items) * model->width,
                                       diffmm__served_users(model)))
        return diffmm__fail(DIFFMM_ERROR_NUMERIC, "model: the embeddings hold NaN or infinity");
    return status;
}

struct diffmm__model_modality *diffmm__model_find_modality(const diffmm_model *model,
                                                           const char *name)
{
    for (size_t m = 0; m < model->modality_count; m++)
        if (strcmp(model->modalities[m].name, name) == 0)
            return &model->modalities[m];
    return NULL;
}

size_t diffmm_model_users(const diffmm_model *model)
{
    return model ? model->users : 0;
}

size_t diffmm_model_items(const diffmm_model *model)
{
    return model ? model->items : 0;
}

size_t diffmm_model_dimensions(const diffmm_model *model)
{
    return model ? model->d : 0;
}

size_t diffmm_model_modalities(const diffmm_model *model)
{
    return model ? model->modality_count : 0;
}

const char *diffmm_model_modality_name(const diffmm_model *model, size_t index)
{
    return model && index < model->modality_count ? model->modalities[index].name : NULL;
}

const diffmm_diffusion *diffmm_model_diffusion(const diffmm_model *model, const char *modality)
{
    const struct diffmm__model_modality *found =
        model && modality ? diffmm__model_find_modality(model, modality) : NULL;
    return found ? found->diffusion : NULL;
}

const diffmm_options *diffmm_model_options(const diffmm_model *model)
{
    return model ? model->options : NULL;
}

const float *diffmm_model_user_embeddings(const diffmm_model *model)
{
    return model ? model->final : NULL;
}

const float *diffmm_model_item_embeddings(const diffmm_model *model)
{
    return model ? model->final + model->users * model->d : NULL;
}
