/* SPDX-License-Identifier: BSD-2-Clause */
/* The terms of a model's objective, listed and found by name. */
#include <string.h>

#include "base/status.h"
#include "model/model.h"

size_t diffmm_model_losses(const diffmm_model *model)
{
    return model ? diffmm__terms_count() : 0;
}

diffmm_status diffmm_model_loss_at(const diffmm_model *model, size_t index, diffmm_loss *out)
{
    if (!model || !out)
        return diffmm__null(!model ? "model" : "out");
    if (index >= diffmm__terms_count())
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "index is %zu, but the objective has %zu terms", index,
                            diffmm__terms_count());
    /* A model that was read from a file has options, but no objective was ever computed. */
    struct diffmm__terms terms;
    diffmm_status status = diffmm__terms_read(model->options, &terms);
    if (status)
        return status;
    *out = (diffmm_loss){.name = diffmm__terms_at(index)->name,
                         .weight = terms.weight[index],
                         .value = model->losses[index]};
    return DIFFMM_OK;
}

diffmm_status diffmm_model_loss(const diffmm_model *model, const char *name, diffmm_loss *out)
{
    if (!model || !name)
        return diffmm__null(!model ? "model" : "name");
    for (size_t i = 0; i < diffmm__terms_count(); i++)
        if (strcmp(diffmm__terms_at(i)->name, name) == 0)
            return diffmm_model_loss_at(model, i, out);
    return diffmm__fail(DIFFMM_ERROR_NOT_FOUND, "the objective has no term called '%s'", name);
}
