/* SPDX-License-Identifier: BSD-2-Clause */
/* Holding out a random share of each user's training interactions.
 *
 * Of a user's n items, v go to validation and t to test:
 *
 *     v     = floor(n valid + r)
 *     v + t = floor(n (valid + test) + r)      both at most n - 1
 *
 * with one draw r per user, uniform in [0, 1). So the shares are exact on average, for users with
 * few items too. The items held out are the first of a random order (Fisher and Yates). */
#include <math.h>

#include "base/handle.h"
#include "base/numbers.h"
#include "base/random.h"
#include "base/status.h"
#include "base/streams.h"
#include "dataset/dataset.h"
#include "dataset/draft.h"

struct division {
    double valid, test;
    uint64_t seed;
};

static diffmm_status check(const diffmm_dataset *dataset, double valid, double test)
{
    diffmm_status status = diffmm__dataset_check_open(dataset);
    if (status)
        return status;
    char text[DIFFMM__REAL_TEXT];
    bool valid_fits = diffmm__within(valid, 0, 1);
    if (!valid_fits || !diffmm__within(test, 0, 1))
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "%s is %s, not in [0, 1)",
                            valid_fits ? "test" : "valid",
                            diffmm__real_text(valid_fits ? test : valid, text));
    if (!(valid + test < 1))
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "valid and test are %s together, not below 1",
                            diffmm__real_text(valid + test, text));
    return diffmm__draft_check_undivided(dataset->draft);
}

static size_t take(double share, size_t n, double draw)
{
    size_t count = (size_t)floor((double)n * share + draw);
    return count < n ? count : n - 1;
}

/* Adds to pairs that have room. */
static void put(struct diffmm__coo *pairs, int32_t user, int32_t item)
{
    pairs->row[pairs->count] = user;
    pairs->column[pairs->count++] = item;
}

/* Shuffles the user's row, and divides it among the splits. */
static void divide_row(const struct division *division, size_t user, struct diffmm__csr *rows,
                       struct diffmm__coo splits[DIFFMM__SPLITS])
{
    size_t begin = (size_t)rows->pointers[user], n = diffmm__csr_row_entries(rows, user);
    if (n == 0)
        return;
    uint64_t seed = division->seed;
    uint64_t items = diffmm__stream_hold_out_items();
    double draw = diffmm__random_real(seed, diffmm__stream_hold_out_counts(), user);
    size_t valid = take(division->valid, n, draw);
    size_t held = take(division->valid + division->test, n, draw);
    int32_t *row = rows->indices + begin;
    for (size_t i = 0; i < n; i++) {
        if (i < held) {
            size_t j = i + (size_t)diffmm__random_below(seed, items, begin + i, n - i);
            int32_t other = row[j];
            row[j] = row[i];
            row[i] = other;
        }
        put(&splits[i < valid  ? DIFFMM_VALID
                    : i < held ? DIFFMM_TEST
                               : DIFFMM_TRAIN],
            (int32_t)user, row[i]);
    }
}

static void end_pairs(const diffmm_context *context, struct diffmm__coo splits[DIFFMM__SPLITS])
{
    for (int s = 0; s < DIFFMM__SPLITS; s++)
        diffmm__coo_end(context, &splits[s]);
}

static diffmm_status begin_pairs(const diffmm_context *context, size_t capacity,
                                 struct diffmm__coo splits[DIFFMM__SPLITS])
{
    diffmm_status status = DIFFMM_OK;
    for (int s = 0; s < DIFFMM__SPLITS && !status; s++)
        status = diffmm__coo_begin(context, capacity, &splits[s]);
    if (status)
        end_pairs(context, splits);
    return status;
}

diffmm_status diffmm_dataset_hold_out(diffmm_dataset *dataset, double valid, double test,
                                      uint64_t seed)
{
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, dataset, "dataset");
    if (!status)
        status = check(dataset, valid, test);
    if (status)
        return status;
    const struct division division = {valid, test, seed};
    const diffmm_context *context = dataset->context;
    struct diffmm__coo *pairs = dataset->draft->pairs;
    size_t users = diffmm_dataset_users(dataset), items = diffmm_dataset_items(dataset);
    struct diffmm__coo splits[DIFFMM__SPLITS] = {{0}};
    struct diffmm__csr rows;
    status = diffmm__csr_from_pairs(context, users, items, pairs[DIFFMM_TRAIN].count,
                                    pairs[DIFFMM_TRAIN].row, pairs[DIFFMM_TRAIN].column, &rows);
    if (status)
        return status;
    status = begin_pairs(context, diffmm__csr_entries(&rows), splits);
    if (!status) {
        for (size_t u = 0; u < users; u++)
            divide_row(&division, u, &rows, splits);
        dataset->draft->census.repeated += pairs[DIFFMM_TRAIN].count - diffmm__csr_entries(&rows);
        end_pairs(context, pairs);
        for (int s = 0; s < DIFFMM__SPLITS; s++)
            pairs[s] = splits[s];
    }
    diffmm__csr_end(context, &rows);
    return status;
}
