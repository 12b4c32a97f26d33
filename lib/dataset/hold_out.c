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

/* How many of a user's `n` interactions go to validation, and how many are held out in all. */
static void count_held(const struct division *division, size_t user, size_t n, size_t *valid,
                       size_t *held)
{
    *valid = *held = 0;
    if (n == 0)
        return;
    double draw =
        diffmm__random_real(division->seed, diffmm__stream_hold_out_counts(), (uint64_t)user);
    *valid = take(division->valid, n, draw);
    *held = take(division->valid + division->test, n, draw);
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
    size_t valid, held;
    int32_t *row = rows->indices + begin;
    count_held(division, user, n, &valid, &held);
    for (size_t i = 0; i < n; i++) {
        if (i < held) {
            size_t j = i + (size_t)diffmm__random_below(
                               division->seed, diffmm__stream_hold_out_items(), begin + i, n - i);
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

/* Room for exactly what each split but training will hold. */
static diffmm_status begin_held(const diffmm_context *context, const struct division *division,
                                const struct diffmm__csr *rows,
                                struct diffmm__coo splits[DIFFMM__SPLITS])
{
    size_t valid_count = 0, held_count = 0;
    for (size_t u = 0; u < rows->rows; u++) {
        size_t valid, held;
        count_held(division, u, diffmm__csr_row_entries(rows, u), &valid, &held);
        valid_count += valid;
        held_count += held;
    }
    diffmm_status status = diffmm__coo_begin(context, valid_count, &splits[DIFFMM_VALID]);
    if (status)
        return status;
    status = diffmm__coo_begin(context, held_count - valid_count, &splits[DIFFMM_TEST]);
    if (status)
        diffmm__coo_end(context, &splits[DIFFMM_VALID]);
    return status;
}

/* Divides the rows, which are those of the training pairs. These give their memory to what stays in
 * training: with many pairs there is none to spare. */
static diffmm_status divide(const diffmm_context *context, const struct division *division,
                            struct diffmm__csr *rows, struct diffmm__coo pairs[DIFFMM__SPLITS])
{
    struct diffmm__coo splits[DIFFMM__SPLITS] = {{0}};
    diffmm_status status = begin_held(context, division, rows, splits);
    if (status)
        return status;
    diffmm__coo_clear(context, &pairs[DIFFMM_TRAIN]);
    splits[DIFFMM_TRAIN] = pairs[DIFFMM_TRAIN];
    for (size_t u = 0; u < rows->rows; u++)
        divide_row(division, u, rows, splits);
    diffmm__coo_end(context, &pairs[DIFFMM_VALID]);
    diffmm__coo_end(context, &pairs[DIFFMM_TEST]);
    for (int s = 0; s < DIFFMM__SPLITS; s++)
        pairs[s] = splits[s];
    return DIFFMM_OK;
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
    size_t before = pairs[DIFFMM_TRAIN].count;
    struct diffmm__csr rows;
    status = diffmm__csr_from_pairs(context, users, items, before, pairs[DIFFMM_TRAIN].row,
                                    pairs[DIFFMM_TRAIN].column, &rows);
    if (status)
        return status;
    status = divide(context, &division, &rows, pairs);
    if (!status)
        dataset->draft->census.repeated += before - diffmm__csr_entries(&rows);
    diffmm__csr_end(context, &rows);
    return status;
}
