/* SPDX-License-Identifier: BSD-2-Clause */
/* Saving a model (files/model_write.c has the format). */
#include "base/handle.h"
#include "base/status.h"
#include "files/model_write.h"
#include "model/embeddings.h"
#include "model/fold_in_of_model.h"
#include "model/seen_of_model.h"

static diffmm_status save_parts(const diffmm_model *model, struct diffmm__model_parts *parts,
                                const struct diffmm__target *target)
{
    struct diffmm__learnt *learnt;
    struct diffmm__csr seen;
    diffmm_status status = diffmm__learnt_of_model(model, &learnt);
    if (status)
        return status;
    parts->learnt = learnt;
    parts->seen = &seen;
    status = diffmm__seen_of_model(model, &seen);
    if (!status)
        status = diffmm__model_write(parts, target);
    diffmm__csr_end(model->context, &seen);
    diffmm__learnt_destroy(learnt);
    parts->seen = NULL;
    parts->learnt = NULL;
    return status;
}

static diffmm_status save_embedded(const diffmm_model *model, const struct diffmm__target *target)
{
    struct diffmm__fold_in_state *state;
    diffmm_status status = diffmm__fold_in_of_model(model, &state);
    if (status)
        return status;
    struct diffmm__model_parts parts = {.context = model->context,
                                        .owner = "model",
                                        .catalog = model->catalog,
                                        .d = model->d,
                                        .users = model->final,
                                        .items = model->final + model->users * model->d,
                                        .fold_in = state};
    status = save_parts(model, &parts, target);
    diffmm__fold_in_state_destroy(state);
    return status;
}

static diffmm_status save(const diffmm_model *model, const struct diffmm__target *target)
{
    struct diffmm__embedded embedded;
    diffmm_status status = diffmm__model_check_forward(model);
    if (!status)
        status = diffmm__embedded_begin(model, &embedded);
    if (status)
        return status;
    status = save_embedded(embedded.model, target);
    diffmm__embedded_end(&embedded);
    return status;
}

diffmm_status diffmm_model_save(const diffmm_model *model, const char *path)
{
    DIFFMM__CALL call = diffmm__call_reads(model);
    if (!model)
        return diffmm__null("model");
    if (!path)
        return diffmm__null("path");
    return save(model, &(struct diffmm__target){.path = path});
}

diffmm_status diffmm_model_save_memory(const diffmm_model *model, void *data, size_t capacity,
                                       size_t *size)
{
    DIFFMM__CALL call = diffmm__call_reads(model);
    if (!model)
        return diffmm__null("model");
    if (!size)
        return diffmm__null("size");
    return save(model, &(struct diffmm__target){.data = data, .capacity = capacity, .size = size});
}
