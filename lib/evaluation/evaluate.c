/* SPDX-License-Identifier: BSD-2-Clause */
/* Evaluation of a caller's embeddings. */
#include "base/handle.h"
#include "base/numbers.h"
#include "base/sizes.h"
#include "base/status.h"
#include "base/structs.h"
#include "dataset/dataset.h"
#include "evaluation/evaluation.h"
#include "evaluation/score_range.h"

static diffmm_status check_cutoffs(const diffmm_evaluate_arguments *a)
{
    if (a->cutoff_count == 0)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "cutoff_count is 0");
    for (size_t c = 0; c < a->cutoff_count; c++)
        if (a->cutoffs[c] == 0)
            return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "cutoffs[%zu] is 0", c);
    return DIFFMM_OK;
}

static diffmm_status check_embeddings(const diffmm_evaluate_arguments *a, size_t users,
                                      size_t items)
{
    if (!diffmm__all_finite(users * a->d, a->user_matrix))
        return diffmm__fail(DIFFMM_ERROR_NUMERIC, "user_matrix holds NaN or infinity");
    if (!diffmm__all_finite(items * a->d, a->item_matrix))
        return diffmm__fail(DIFFMM_ERROR_NUMERIC, "item_matrix holds NaN or infinity");
    return diffmm__score_range_check("embeddings", users, items, a->d, a->user_matrix,
                                     a->item_matrix, NULL);
}

static diffmm_status check(const diffmm_dataset *dataset, const diffmm_evaluate_arguments *a)
{
    if (!a->out)
        return diffmm__null("out");
    if (a->split != DIFFMM_VALID && a->split != DIFFMM_TEST)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "split is %d, neither DIFFMM_VALID nor DIFFMM_TEST", (int)a->split);
    if (!dataset)
        return diffmm__null("dataset");
    if (!a->user_matrix)
        return diffmm__null("user_matrix");
    if (!a->item_matrix)
        return diffmm__null("item_matrix");
    if (!a->cutoffs)
        return diffmm__null("cutoffs");
    if (a->d == 0)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "d is 0");
    if (!dataset->sealed)
        return diffmm__fail(DIFFMM_ERROR_STATE, "dataset is not sealed");
    size_t users = dataset->catalog->users, items = dataset->catalog->items;
    diffmm_status status;
    if ((status = diffmm__size_check_array("d", a->d, "users", users, sizeof(float))) ||
        (status = diffmm__size_check_array("d", a->d, "items", items, sizeof(float))) ||
        (status = diffmm__size_check_array("cutoff_count", a->cutoff_count, "users", users,
                                           diffmm__evaluation_result_bytes())) ||
        (status = check_cutoffs(a)))
        return status;
    return check_embeddings(a, users, items);
}

static diffmm_status create(diffmm_context *context, const diffmm_dataset *dataset,
                            const diffmm_evaluate_arguments *a, struct diffmm__evaluation **out)
{
    unsigned split = a->split == DIFFMM_VALID ? DIFFMM__EVALUATE_VALID : DIFFMM__EVALUATE_TEST;
    struct diffmm__evaluation_request request = {
        .d = a->d,
        .cutoff_count = a->cutoff_count,
        .cutoffs = a->cutoffs,
        .what = split | (a->known_users ? DIFFMM__EVALUATE_KNOWN : 0),
        .users = a->users,
        .seed = a->seed};
    return diffmm__evaluation_create(context, dataset, &request, out);
}

diffmm_status diffmm_evaluate_with(diffmm_context *context, const diffmm_dataset *dataset,
                                   const diffmm_evaluate_arguments *arguments)
{
    DIFFMM__CALL context_call = diffmm__call_reads(context);
    DIFFMM__CALL dataset_call = diffmm__call_reads(dataset);
    if (!arguments)
        return diffmm__null("arguments");
    diffmm_evaluate_arguments a;
    struct diffmm__evaluation *evaluation;
    diffmm_status status =
        diffmm__struct_read(&a, &diffmm__layout_evaluate_arguments, arguments, "arguments");
    if (!status)
        status = diffmm__struct_reserved(a.reserved, "arguments");
    if (!status)
        status = check(dataset, &a);
    if (!status)
        status = create(context, dataset, &a, &evaluation);
    if (status)
        return status;
    diffmm__evaluation_run(evaluation, a.user_matrix, a.item_matrix, a.out, a.out);
    diffmm__evaluation_destroy(evaluation);
    return DIFFMM_OK;
}

diffmm_status diffmm_evaluate(diffmm_context *context, const diffmm_dataset *dataset,
                              diffmm_split split, size_t d, const float *user_matrix,
                              const float *item_matrix, size_t cutoff_count, const size_t *cutoffs,
                              diffmm_metrics *out)
{
    return diffmm_evaluate_with(
        context, dataset,
        &(diffmm_evaluate_arguments){.struct_size = sizeof(diffmm_evaluate_arguments),
                                     .split = split,
                                     .d = d,
                                     .user_matrix = user_matrix,
                                     .item_matrix = item_matrix,
                                     .cutoff_count = cutoff_count,
                                     .cutoffs = cutoffs,
                                     .out = out});
}
