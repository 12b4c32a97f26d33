/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/handle.h"
#include "base/status.h"
#include "base/structs.h"
#include "dataset/dataset.h"

diffmm_status diffmm_dataset_summary(const diffmm_dataset *dataset, diffmm_summary *out)
{
    DIFFMM__CALL call = diffmm__call_reads(dataset);
    diffmm_status status = diffmm__dataset_check_sealed(dataset);
    if (status)
        return status;
    if (!out)
        return diffmm__null("out");
    const struct diffmm__census *census = &dataset->census;
    const diffmm_summary summary = {
        .users = dataset->catalog->users,
        .items = dataset->catalog->items,
        .train = diffmm_dataset_interactions(dataset, DIFFMM_TRAIN),
        .valid = diffmm_dataset_interactions(dataset, DIFFMM_VALID),
        .test = diffmm_dataset_interactions(dataset, DIFFMM_TEST),
        .repeated = census->repeated,
        .train_valid = census->train_valid,
        .train_test = census->train_test,
        .valid_test = census->valid_test,
        .valid_cold_users = census->cold_users[0],
        .test_cold_users = census->cold_users[1],
        .valid_cold_items = census->cold_items[0],
        .test_cold_items = census->cold_items[1],
        .zeros = census->zeros,
        .negatives = census->negatives,
        .ratings = census->ratings,
        .timestamps = census->timestamps,
    };
    return diffmm__struct_write(out, &diffmm__layout_summary, &summary, "out");
}
