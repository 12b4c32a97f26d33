/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include <diffmm/options.h>

#include "model/seen_of_model.h"
#include "support/failing.h"
#include "support/failure.h"

enum { users = 4, items = 5 };

/* Who touched what, in which splits: 1 train, 2 validation, 4 test. User 2 trains on nothing, user
 * 3 does nothing. */
static const int touched[users][items] = {{1, 2, 4, 0, 1}, {1, 3, 0, 6, 5}, {0, 0, 4, 2, 0}};
/* The same held out, but that training has it too. */
static const int repeated[users][items] = {{1, 3, 0, 0, 5}, {7, 0, 0, 0, 0}};
static const int trained[users][items] = {{1, 1, 0, 0, 1}, {1, 0, 0, 0, 0}};

static struct failing allocations;
static diffmm_context *context;
static diffmm_model *model;

static void begin(const int cells[users][items], const char *seen)
{
    static const float features[items] = {1, 2, 3, 4, 5};
    diffmm_dataset *dataset;
    diffmm_options *options;
    memset(&allocations, 0, sizeof allocations);
    context = failing_context(&allocations, 1);
    expect_success(diffmm_dataset_create(context, &dataset));
    expect_success(diffmm_dataset_reserve(dataset, users, items));
    for (int32_t u = 0; u < users; u++)
        for (int32_t i = 0; i < items; i++)
            for (int split = DIFFMM_TRAIN; split <= DIFFMM_TEST; split++)
                if (cells[u][i] & 1 << split)
                    expect_success(
                        diffmm_dataset_add_interactions(dataset, (diffmm_split)split, 1, &u, &i));
    expect_success(diffmm_dataset_add_modality_array(dataset, "image", items, 1, features, 1));
    expect_success(diffmm_options_create(context, &options));
    if (seen)
        expect_success(diffmm_options_set(options, "seen", seen));
    expect_success(diffmm_model_create(dataset, options, &model));
    diffmm_options_destroy(options);
    diffmm_dataset_destroy(dataset);
}

static void end(void)
{
    diffmm_model_destroy(model);
    diffmm_context_destroy(context);
}

static void expect_touched(const struct diffmm__csr *rows, int splits)
{
    ck_assert_ptr_nonnull(rows->pointers);
    ck_assert(rows->rows == users && rows->columns == items);
    for (size_t u = 0; u < users; u++)
        for (int32_t i = 0; i < items; i++)
            ck_assert_int_eq(diffmm__csr_has(rows, u, i), (touched[u][i] & splits) != 0);
}

static void expect_training_rows(const int cells[users][items], const char *seen)
{
    struct diffmm__csr out;
    begin(cells, seen);
    expect_success(diffmm__seen_of_model(model, &out));
    ck_assert_ptr_null(out.pointers);
    end();
}

START_TEST(all_splits_by_default)
{
    struct diffmm__csr out;
    for (int asked = 0; asked < 2; asked++) {
        begin(touched, asked ? "all" : NULL);
        expect_success(diffmm__seen_of_model(model, &out));
        expect_touched(&out, 7);
        expect_touched(&model->catalog->train, 1); /* they stay what they are */
        diffmm__csr_end(context, &out);
        end();
    }
}
END_TEST

START_TEST(the_training_rows_are_not_copied)
{
    expect_training_rows(touched, "train");
    expect_training_rows(trained, NULL);
    expect_training_rows(repeated, NULL);
}
END_TEST

/* A model read from a file has no data set; its own rows hold whatever its options say. */
START_TEST(what_a_file_says)
{
    const int64_t pointers[users + 1] = {0, 0, 0, 1, 1};
    const int32_t indices[] = {3};
    struct diffmm__csr out;
    begin(touched, "train");
    diffmm_dataset *dataset = model->dataset;
    model->dataset = NULL;
    model->settings.seen_is_train = false;
    expect_success(diffmm__seen_of_model(model, &out));
    ck_assert_ptr_null(out.pointers);
    model->seen = diffmm__csr_view(users, items, pointers, indices, NULL);
    model->settings.seen_is_train = true;
    expect_success(diffmm__seen_of_model(model, &out));
    ck_assert(out.pointers != model->seen.pointers && diffmm__csr_entries(&out) == 1);
    ck_assert(diffmm__csr_has(&out, 2, 3));
    diffmm__csr_end(context, &out);
    model->seen = (struct diffmm__csr){0};
    model->dataset = dataset;
    end();
}
END_TEST

static diffmm_status ask(void *argument)
{
    struct diffmm__csr out;
    (void)argument;
    diffmm_status status = diffmm__seen_of_model(model, &out);
    diffmm__csr_end(context, &out);
    return status;
}

START_TEST(any_allocation_may_fail)
{
    begin(touched, NULL);
    ck_assert_uint_eq(fail_each_allocation(&allocations, ask, NULL), 2); /* in both ways */
    end();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {all_splits_by_default, the_training_rows_are_not_copied,
                                  what_a_file_says, any_allocation_may_fail};
    return run_tests("model/seen_of_model", tests, sizeof tests / sizeof *tests) != 0;
}
