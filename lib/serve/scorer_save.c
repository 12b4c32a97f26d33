/* SPDX-License-Identifier: BSD-2-Clause */
/* Saving a scorer as a model file (files/model_write.c has the format). */
#include "serve/scorer_save.h"

#include "base/handle.h"
#include "base/status.h"
#include "files/model_write.h"

diffmm_status diffmm__scorer_learnt_begin(const diffmm_scorer *scorer, struct diffmm__learnt **out)
{
    *out = scorer->learnt;
    return scorer->learnt ? DIFFMM_OK
                          : diffmm__learnt_of_file(scorer->file, scorer->catalog, scorer->d, out);
}

void diffmm__scorer_learnt_end(const diffmm_scorer *scorer, struct diffmm__learnt *learnt)
{
    if (learnt != scorer->learnt)
        diffmm__learnt_destroy(learnt);
}

static diffmm_status save(const diffmm_scorer *scorer, const struct diffmm__target *target)
{
    struct diffmm__learnt *learnt;
    diffmm_status status = diffmm__scorer_learnt_begin(scorer, &learnt);
    if (status)
        return status;
    status = diffmm__model_write(&(struct diffmm__model_parts){.context = scorer->context,
                                                               .owner = "scorer",
                                                               .catalog = scorer->catalog,
                                                               .seen = &scorer->seen,
                                                               .d = scorer->d,
                                                               .width = scorer->width,
                                                               .users = scorer->users,
                                                               .items = scorer->items,
                                                               .fold_in = scorer->fold_in,
                                                               .learnt = learnt},
                                 target);
    diffmm__scorer_learnt_end(scorer, learnt);
    return status;
}

diffmm_status diffmm_scorer_save(const diffmm_scorer *scorer, const char *path)
{
    DIFFMM__CALL call = diffmm__call_reads(scorer);
    if (!scorer)
        return diffmm__null("scorer");
    if (!path)
        return diffmm__null("path");
    return save(scorer, &(struct diffmm__target){.path = path});
}

diffmm_status diffmm_scorer_save_memory(const diffmm_scorer *scorer, void *data, size_t capacity,
                                        size_t *size)
{
    DIFFMM__CALL call = diffmm__call_reads(scorer);
    if (!scorer)
        return diffmm__null("scorer");
    if (!size)
        return diffmm__null("size");
    return save(scorer, &(struct diffmm__target){.data = data, .capacity = capacity, .size = size});
}
