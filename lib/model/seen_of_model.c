/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/seen_of_model.h"

/* Held-out pairs may all be training pairs too. */
static diffmm_status unite_splits(const diffmm_model *model, struct diffmm__csr *out)
{
    const struct diffmm__csr *train = &model->catalog->train, *held = model->dataset->held;
    const struct diffmm__csr *const splits[] = {train, &held[0], &held[1]};
    struct diffmm__csr all;
    if (diffmm__csr_entries(&held[0]) == 0 && diffmm__csr_entries(&held[1]) == 0)
        return DIFFMM_OK;
    diffmm_status status = diffmm__csr_unite(model->context, 3, splits, &all);
    if (status)
        return status;
    if (diffmm__csr_entries(&all) == diffmm__csr_entries(train))
        diffmm__csr_end(model->context, &all);
    *out = all;
    return DIFFMM_OK;
}

diffmm_status diffmm__seen_of_model(const diffmm_model *model, struct diffmm__csr *out)
{
    const struct diffmm__csr *const read[] = {&model->seen};
    *out = (struct diffmm__csr){0};
    if (model->seen.pointers)
        return diffmm__csr_unite(model->context, 1, read, out);
    if (!model->dataset || model->settings.seen_is_train)
        return DIFFMM_OK;
    return unite_splits(model, out);
}
