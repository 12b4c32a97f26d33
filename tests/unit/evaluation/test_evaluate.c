/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/streams.h"
#include "dataset/dataset.h"
#include "evaluation/evaluation.h"
#include "support/failing.h"
#include "support/failure.h"
#include "support/small_model.h"

/* More than one block of users and one tile of items. */
enum { users = 300, items = 1500, d = 6, cutoff_count = 3 };

static const size_t cutoffs[cutoff_count] = {20, 5, 4000};

static diffmm_context *context;
static diffmm_dataset dataset;
static float *user_matrix, *item_matrix;

/* Whole numbers, so that scores are exact whatever the order of summation, and tie. */
static float *whole_numbers(size_t count, uint64_t seed)
{
    float *values = malloc(count * sizeof *values);
    for (size_t i = 0; i < count; i++)
        values[i] = (float)diffmm__random_below(seed, 1, i, 9) - 4;
    return values;
}

static void begin(size_t threads)
{
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = threads}, &context));
    dataset = (diffmm_dataset){.handle = {.references = 1}, .context = context, .sealed = true};
    dataset.catalog = small_catalog(context, users, items, false, 3);
    dataset.held[0] = small_rows(context, users, items, 21, 700);
    dataset.held[1] = small_rows(context, users, items, 22, 900);
    user_matrix = whole_numbers(users * d, 31);
    item_matrix = whole_numbers(items * d, 32);
}

static void end(void)
{
    diffmm__catalog_release(dataset.catalog);
    for (size_t s = 0; s < 2; s++)
        diffmm__csr_end(context, &dataset.held[s]);
    free(user_matrix);
    free(item_matrix);
    diffmm_context_destroy(context);
}

static diffmm_status evaluate(diffmm_split split, diffmm_metrics *out)
{
    return diffmm_evaluate(context, &dataset, split, d, user_matrix, item_matrix, cutoff_count,
                           cutoffs, out);
}

/* Naively: every score, then the public functions for one user. */
static void evaluate_naively_users(size_t split, size_t cutoff, bool known, const bool *chosen,
                                   diffmm_metrics *out)
{
    static float scores[items];
    static int32_t ranked[items];
    const struct diffmm__csr *held = &dataset.held[split], *seen = &dataset.catalog->train;
    *out = (diffmm_metrics){.cutoff = cutoff};
    for (size_t u = 0; u < users; u++) {
        size_t held_count = (size_t)(held->pointers[u + 1] - held->pointers[u]), found;
        if (held_count == 0 || (known && seen->pointers[u + 1] == seen->pointers[u]) ||
            (chosen && !chosen[u]))
            continue;
        for (size_t i = 0; i < items; i++) {
            scores[i] = 0;
            for (size_t j = 0; j < d; j++)
                scores[i] += user_matrix[u * d + j] * item_matrix[i * d + j];
        }
        diffmm_metrics one;
        expect_success(
            diffmm_top_k(items, scores, (size_t)(seen->pointers[u + 1] - seen->pointers[u]),
                         seen->indices + seen->pointers[u], cutoff, ranked, NULL, &found));
        expect_success(diffmm_ranking_metrics(found, ranked, held_count,
                                              held->indices + held->pointers[u], cutoff, &one));
        out->users++;
        out->recall += one.recall;
        out->precision += one.precision;
        out->ndcg += one.ndcg;
    }
    out->recall /= (double)out->users;
    out->precision /= (double)out->users;
    out->ndcg /= (double)out->users;
}

static void evaluate_naively(size_t split, size_t cutoff, bool known, diffmm_metrics *out)
{
    evaluate_naively_users(split, cutoff, known, NULL, out);
}

static void expect_same(const diffmm_metrics *a, const diffmm_metrics *b)
{
    ck_assert_uint_eq(a->cutoff, b->cutoff);
    ck_assert_uint_eq(a->users, b->users);
    ck_assert_msg(a->recall == b->recall && a->precision == b->precision && a->ndcg == b->ndcg,
                  "%.17g %.17g %.17g, not %.17g %.17g %.17g", a->recall, a->precision, a->ndcg,
                  b->recall, b->precision, b->ndcg);
}

START_TEST(equals_user_by_user)
{
    diffmm_metrics fast[cutoff_count], slow;
    begin(1);
    for (size_t s = 0; s < 2; s++) {
        expect_success(evaluate(s ? DIFFMM_TEST : DIFFMM_VALID, fast));
        for (size_t c = 0; c < cutoff_count; c++) {
            evaluate_naively(s, cutoffs[c], false, &slow);
            ck_assert(slow.users > users / 2 && slow.users < users);
            ck_assert(slow.recall > 0 || cutoffs[c] == 5); /* so few may all miss */
            expect_same(&fast[c], &slow);
        }
    }
    end();
}
END_TEST

/* Twice: an evaluation can be run again. Of `sample` users, or all. */
static diffmm_status evaluate_both(diffmm_context *own, size_t sample, diffmm_metrics *valid,
                                   diffmm_metrics *test)
{
    struct diffmm__evaluation *evaluation;
    struct diffmm__evaluation_request request = {.d = d,
                                                 .cutoff_count = cutoff_count,
                                                 .cutoffs = cutoffs,
                                                 .what =
                                                     DIFFMM__EVALUATE_VALID | DIFFMM__EVALUATE_TEST,
                                                 .users = sample};
    diffmm_status status = diffmm__evaluation_create(own, &dataset, &request, &evaluation);
    if (status)
        return status;
    diffmm__evaluation_run(evaluation, item_matrix, item_matrix, valid, test);
    diffmm__evaluation_run(evaluation, user_matrix, item_matrix, valid, test);
    diffmm__evaluation_destroy(evaluation);
    return DIFFMM_OK;
}

START_TEST(both_splits_at_once_and_any_number_of_threads)
{
    diffmm_metrics valid[cutoff_count], test[cutoff_count], one[cutoff_count];
    begin(3);
    expect_success(evaluate_both(context, 0, valid, test));
    for (size_t s = 0; s < 2; s++) {
        diffmm_split split = s ? DIFFMM_TEST : DIFFMM_VALID;
        expect_success(evaluate(split, one));
        for (size_t c = 0; c < cutoff_count; c++)
            expect_same(&one[c], s ? &test[c] : &valid[c]);
        expect_success(diffmm_evaluate(NULL, &dataset, split, d, user_matrix, item_matrix,
                                       cutoff_count, cutoffs, one));
        for (size_t c = 0; c < cutoff_count; c++)
            expect_same(&one[c], s ? &test[c] : &valid[c]);
    }
    end();
}
END_TEST

START_TEST(arguments_in_a_struct_give_the_same_bits)
{
    diffmm_metrics one[cutoff_count], other[cutoff_count];
    begin(2);
    const diffmm_evaluate_arguments arguments = {.struct_size = sizeof arguments,
                                                 .split = DIFFMM_TEST,
                                                 .d = d,
                                                 .user_matrix = user_matrix,
                                                 .item_matrix = item_matrix,
                                                 .cutoff_count = cutoff_count,
                                                 .cutoffs = cutoffs,
                                                 .out = other};
    expect_success(evaluate(DIFFMM_TEST, one));
    expect_success(diffmm_evaluate_with(context, &dataset, &arguments));
    for (size_t c = 0; c < cutoff_count; c++)
        expect_same(&one[c], &other[c]);
    expect_failure(diffmm_evaluate_with(context, &dataset, NULL), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "arguments");
    end();
}
END_TEST

/* Keep the training rows of the first users only. */
static void forget_training(size_t first)
{
    struct diffmm__csr *train = &dataset.catalog->train;
    for (size_t u = first; u < users; u++)
        train->pointers[u + 1] = train->pointers[first];
}

START_TEST(cold_users_are_left_out)
{
    diffmm_metrics all[cutoff_count], known[cutoff_count], slow;
    begin(1);
    forget_training(users / 2);
    diffmm_evaluate_arguments arguments = {.struct_size = sizeof arguments,
                                           .split = DIFFMM_TEST,
                                           .d = d,
                                           .user_matrix = user_matrix,
                                           .item_matrix = item_matrix,
                                           .cutoff_count = cutoff_count,
                                           .cutoffs = cutoffs,
                                           .out = all};
    for (int only = 0; only < 2; only++) {
        arguments.known_users = only;
        arguments.out = only ? known : all;
        expect_success(diffmm_evaluate_with(context, &dataset, &arguments));
        evaluate_naively(1, cutoffs[0], only, &slow);
        expect_same(&arguments.out[0], &slow);
    }
    ck_assert(known[0].users > 0 && known[0].users <= users / 2);
    ck_assert(all[0].users > known[0].users);
    forget_training(0);
    expect_success(diffmm_evaluate_with(context, &dataset, &arguments));
    for (size_t c = 0; c < cutoff_count; c++)
        expect_same(&known[c], &(diffmm_metrics){.cutoff = cutoffs[c]});
    arguments.reserved = 1;
    expect_failure(diffmm_evaluate_with(context, &dataset, &arguments),
                   DIFFMM_ERROR_INVALID_ARGUMENT, "reserved");
    end();
}
END_TEST

/* The sample by its definition: the first users in the order of a shuffle of those who count. */
static void sample_naively(size_t split, size_t wanted, uint64_t seed, bool *chosen)
{
    const struct diffmm__csr *held = &dataset.held[split];
    int32_t counted[users], order[users];
    size_t count = 0;
    for (size_t u = 0; u < users; u++)
        if (held->pointers[u + 1] > held->pointers[u])
            counted[count++] = (int32_t)u;
    diffmm__random_shuffle(seed, diffmm__stream_evaluated_users(), count, order);
    memset(chosen, 0, users * sizeof *chosen);
    for (size_t i = 0; i < wanted && i < count; i++)
        chosen[counted[order[i]]] = true;
}

START_TEST(a_sample_of_users_is_drawn_by_the_seed)
{
    static const size_t sizes[] = {1, 7, 129, 200, 100000};
    diffmm_metrics all[cutoff_count], some[cutoff_count], slow, before = {0};
    begin(2);
    expect_success(evaluate(DIFFMM_TEST, all));
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (uint64_t seed = 1; seed < 3; seed++) {
            bool chosen[users];
            const diffmm_evaluate_arguments arguments = {.struct_size = sizeof arguments,
                                                         .split = DIFFMM_TEST,
                                                         .d = d,
                                                         .user_matrix = user_matrix,
                                                         .item_matrix = item_matrix,
                                                         .cutoff_count = cutoff_count,
                                                         .cutoffs = cutoffs,
                                                         .out = some,
                                                         .users = sizes[i],
                                                         .seed = seed};
            expect_success(diffmm_evaluate_with(context, &dataset, &arguments));
            sample_naively(1, sizes[i], seed, chosen);
            for (size_t c = 0; c < cutoff_count; c++) {
                evaluate_naively_users(1, cutoffs[c], false, chosen, &slow);
                expect_same(&some[c], &slow);
            }
            ck_assert_uint_eq(some[0].users, sizes[i] < users ? sizes[i] : all[0].users);
            ck_assert(sizes[i] != 200 || seed == 1 || some[0].recall != before.recall);
            before = some[0];
        }
    end();
}
END_TEST

START_TEST(a_split_without_items_has_no_users)
{
    diffmm_metrics out[cutoff_count];
    begin(1);
    for (size_t u = 0; u <= users; u++)
        dataset.held[0].pointers[u] = 0;
    expect_success(evaluate(DIFFMM_VALID, out));
    for (size_t c = 0; c < cutoff_count; c++)
        expect_same(&out[c], &(diffmm_metrics){.cutoff = cutoffs[c]});
    end();
}
END_TEST

START_TEST(bad_arguments_are_refused)
{
    const diffmm_status bad = DIFFMM_ERROR_INVALID_ARGUMENT;
    const size_t zero[] = {5, 0};
    diffmm_metrics out[cutoff_count] = {{.cutoff = 77}};
    begin(1);
    expect_failure(evaluate(DIFFMM_TRAIN, out), bad, "split is 0");
    expect_failure(evaluate((diffmm_split)3, out), bad, "split is 3");
    expect_failure(evaluate(DIFFMM_TEST, NULL), bad, "out");
    expect_failure(
        diffmm_evaluate(context, NULL, DIFFMM_TEST, d, user_matrix, item_matrix, 1, cutoffs, out),
        bad, "dataset");
    expect_failure(
        diffmm_evaluate(context, &dataset, DIFFMM_TEST, d, NULL, item_matrix, 1, cutoffs, out), bad,
        "user_matrix");
    expect_failure(
        diffmm_evaluate(context, &dataset, DIFFMM_TEST, d, user_matrix, NULL, 1, cutoffs, out), bad,
        "item_matrix");
    expect_failure(diffmm_evaluate(context, &dataset, DIFFMM_TEST, 0, user_matrix, item_matrix, 1,
                                   cutoffs, out),
                   bad, "d is 0");
    expect_failure(diffmm_evaluate(context, &dataset, DIFFMM_TEST, d, user_matrix, item_matrix, 0,
                                   cutoffs, out),
                   bad, "cutoff_count");
    expect_failure(
        diffmm_evaluate(context, &dataset, DIFFMM_TEST, d, user_matrix, item_matrix, 1, NULL, out),
        bad, "cutoffs");
    expect_failure(
        diffmm_evaluate(context, &dataset, DIFFMM_TEST, d, user_matrix, item_matrix, 2, zero, out),
        bad, "cutoffs[1] is 0");
    user_matrix[7] = NAN;
    expect_failure(evaluate(DIFFMM_TEST, out), DIFFMM_ERROR_NUMERIC, "user_matrix");
    user_matrix[7] = 0;
    item_matrix[items * d - 1] = -INFINITY;
    expect_failure(evaluate(DIFFMM_TEST, out), DIFFMM_ERROR_NUMERIC, "item_matrix");
    item_matrix[items * d - 1] = 0;
    dataset.sealed = false;
    expect_failure(evaluate(DIFFMM_TEST, out), DIFFMM_ERROR_STATE, "sealed");
    ck_assert_uint_eq(out[0].cutoff, 77);
    end();
}
END_TEST

static diffmm_status evaluate_once(void *argument)
{
    diffmm_metrics valid[cutoff_count], test[cutoff_count];
    return evaluate_both(argument, 100, valid, test);
}

START_TEST(any_allocation_may_fail)
{
    struct failing failing = {0};
    begin(1);
    diffmm_context *own = failing_context(&failing, 2);
    ck_assert_uint_gt(fail_each_allocation(&failing, evaluate_once, own), 15);
    diffmm_context_destroy(own);
    end();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {equals_user_by_user,
                                  both_splits_at_once_and_any_number_of_threads,
                                  arguments_in_a_struct_give_the_same_bits,
                                  cold_users_are_left_out,
                                  a_sample_of_users_is_drawn_by_the_seed,
                                  a_split_without_items_has_no_users,
                                  bad_arguments_are_refused,
                                  any_allocation_may_fail};
    return run_tests("evaluate", tests, sizeof tests / sizeof *tests) != 0;
}
