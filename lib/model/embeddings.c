/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/embeddings.h"

#include "base/log.h"
#include "model/blend.h"
#include "model/forward.h"
#include "model/workspace.h"

/* The parameters are the model's; only what a forward pass writes is the view's own. */
static diffmm_status compute(struct diffmm__embedded *embedded)
{
    diffmm_model *view = &embedded->view;
    view->workspace = NULL;
    view->blend = NULL;
    view->served = NULL;
    view->width = view->d;
    view->terms = (struct diffmm__terms){{0}}; /* a forward pass does not need their scratch */
    view->final =
        diffmm__allocate(view->context, (view->users + view->items) * view->d, sizeof *view->final);
    diffmm_status status = view->final ? diffmm__workspace_create(view) : DIFFMM_ERROR_NO_MEMORY;
    if (!status)
        status = diffmm__blend_create(view);
    return status ? status : diffmm__model_forward(view);
}

diffmm_status diffmm__embedded_begin(const diffmm_model *model, struct diffmm__embedded *out)
{
    out->model = model;
    out->viewed = false;
    if (!model->stale && (model->blended || !model->served))
        return DIFFMM_OK;
    if (!model->workspace) {
        diffmm__log(model->context, DIFFMM_LOG_WARNING,
                    "model: its parameters were set after it was read from a file, its embeddings "
                    "are still the file's");
        return DIFFMM_OK;
    }
    out->view = *model;
    out->viewed = true;
    out->model = &out->view;
    diffmm_status status = compute(out);
    if (status)
        diffmm__embedded_end(out);
    return status;
}

void diffmm__embedded_end(struct diffmm__embedded *embedded)
{
    if (!embedded->viewed)
        return;
    diffmm__blend_destroy(&embedded->view);
    diffmm__workspace_destroy(&embedded->view);
    diffmm__release(embedded->view.context, embedded->view.final);
    embedded->viewed = false;
}
