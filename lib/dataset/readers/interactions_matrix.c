/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/readers/interactions_matrix.h"

#include "dataset/readers/sparse_npz.h"
#include "dataset/readers/sparse_pickle.h"

static diffmm_status add_matrix(const diffmm_context *context, struct diffmm__sparse *sparse,
                                diffmm_split split, struct diffmm__draft *draft)
{
    size_t ratings = sparse->entries.rating ? sparse->entries.count : 0;
    diffmm_status status = diffmm__draft_decide(draft, DIFFMM__NAMING_NUMBERS);
    if (!status)
        status = diffmm__coo_take(context, &draft->pairs[split], &sparse->entries);
    if (!status)
        status = diffmm__draft_reserve(draft, sparse->rows, sparse->columns);
    if (status)
        return status;
    draft->census.zeros += sparse->zeros;
    draft->census.ratings += ratings;
    draft->census.negatives += sparse->negatives;
    return DIFFMM_OK;
}

static diffmm_status read_matrix(diffmm_status (*read)(const diffmm_context *context,
                                                       const char *path,
                                                       struct diffmm__sparse *out),
                                 const diffmm_context *context, const char *path,
                                 diffmm_split split, struct diffmm__draft *draft)
{
    struct diffmm__sparse sparse;
    diffmm_status status = read(context, path, &sparse);
    if (status)
        return status;
    status = add_matrix(context, &sparse, split, draft);
    diffmm__sparse_end(context, &sparse);
    return status;
}

diffmm_status diffmm__interactions_matrix_read_npz(const diffmm_context *context, const char *path,
                                                   diffmm_split split, struct diffmm__draft *draft)
{
    return read_matrix(diffmm__sparse_npz_read, context, path, split, draft);
}

diffmm_status diffmm__interactions_matrix_read_pickle(const diffmm_context *context,
                                                      const char *path, diffmm_split split,
                                                      struct diffmm__draft *draft)
{
    return read_matrix(diffmm__sparse_pickle_read, context, path, split, draft);
}
