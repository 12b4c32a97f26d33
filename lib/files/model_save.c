/* SPDX-License-Identifier: BSD-2-Clause */
/* Saving a model (files/model_write.c has the format). */
#include "files/model_save.h"

#include "base/handle.h"
#include "base/status.h"
#include "files/model_write.h"
#include "model/embeddings.h"
#include "model/fold_in_of_model.h"
#include "model/seen_of_model.h"

/* What is made of the model for the file: `state` may be NULL. */
static diffmm_status save_with(const diffmm_model *model, const struct diffmm__fold_in_state *state,
                               const struct diffmm__learnt *learnt,
                               const struct diffmm__byte_source *users_source,
                               const struct diffmm__target *target)
{
    struct diffmm__csr seen;
    diffmm_status status = diffmm__seen_of_model(model, &seen);
    const struct diffmm__model_parts parts = {.context = model->context,
                                              .owner = "model",
                                              .catalog = model->catalog,
                                              .seen = &seen,
                                              .d = model->d,
                                              .width = model->width,
                                              .users = diffmm__served_users(model),
                                              .items = diffmm__served_items(model),
                                              .fold_in = state,
                                              .learnt = learnt,
                                              .users_source = users_source};
    if (!status)
        status = diffmm__model_write(&parts, target);
    diffmm__csr_end(model->context, &seen);
    return status;
}

diffmm_status diffmm__model_save_embedded(const diffmm_model *model,
                                          const struct diffmm__fold_in_state *state,
                                          const struct diffmm__byte_source *users_source,
                                          const struct diffmm__target *target)
{
    struct diffmm__learnt *learnt;
    diffmm_status status = diffmm__learnt_of_model(model, &learnt);
    if (status)
        return status;
    status = save_with(model, state, learnt, users_source, target);
    diffmm__learnt_destroy(learnt);
    return status;
}

static diffmm_status save_embedded(const diffmm_model *model, const struct diffmm__target *target)
{
    struct diffmm__fold_in_state *state;
    diffmm_status status = diffmm__fold_in_of_model(model, &state);
    if (status)
        return status;
    status = diffmm__model_save_embedded(model, state, NULL, target);
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
