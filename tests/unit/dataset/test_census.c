/* SPDX-License-Identifier: BSD-2-Clause */
/* Nothing odd about a data set passes in silence: it is refused, or told once in the log. */
#include "dataset/census.h"

#include <math.h>
#include <string.h>

#include <diffmm/diffmm.h>

#include "support/failure.h"
#include "support/folder.h"
#include "support/pickle_writer.h"

static struct {
    size_t count;
    char text[4096]; /* all messages, one after the other */
} heard;

static void hear(diffmm_log_level level, const char *message, void *user_data)
{
    (void)user_data;
    ck_assert_int_eq(level, DIFFMM_LOG_WARNING);
    heard.count++;
    strncat(heard.text, message, sizeof heard.text - strlen(heard.text) - 1);
}

static diffmm_dataset *begin(void)
{
    const diffmm_context_settings settings = {
        .struct_size = sizeof settings, .log = hear, .log_level = DIFFMM_LOG_WARNING};
    diffmm_context *context;
    diffmm_dataset *dataset;
    memset(&heard, 0, sizeof heard);
    expect_success(diffmm_context_create(&settings, &context));
    expect_success(diffmm_dataset_create(context, &dataset));
    diffmm_context_destroy(context);
    return dataset;
}

static void add(diffmm_dataset *dataset, diffmm_split split, const char *user, const char *item)
{
    expect_success(diffmm_dataset_add_named_interactions(dataset, split, 1, &user, &item));
}

/* Seal it; what is heard must be so many messages, with this part. */
static void expect_heard(diffmm_dataset *dataset, size_t count, const char *part)
{
    expect_success(diffmm_dataset_seal(dataset));
    expect_success(diffmm_dataset_seal(dataset)); /* says nothing again */
    ck_assert_msg(heard.count == count, "%zu messages instead of %zu: %s", heard.count, count,
                  heard.text);
    ck_assert_msg(strstr(heard.text, part) != NULL, "no '%s' in '%s'", part, heard.text);
    diffmm_dataset_destroy(dataset);
}

/* Two users who had all items of the tests below, but for "a" and "b" of user "u". */
static diffmm_dataset *begin_known(void)
{
    diffmm_dataset *dataset = begin();
    add(dataset, DIFFMM_TRAIN, "u", "c");
    add(dataset, DIFFMM_TRAIN, "v", "b");
    add(dataset, DIFFMM_TRAIN, "w", "a");
    return dataset;
}

START_TEST(nothing_odd)
{
    diffmm_dataset *dataset = begin_known();
    add(dataset, DIFFMM_VALID, "u", "b");
    add(dataset, DIFFMM_TEST, "u", "a");
    add(dataset, DIFFMM_TEST, "v", "a");
    expect_heard(dataset, 0, "");
}
END_TEST

START_TEST(pairs_in_two_splits)
{
    diffmm_dataset *dataset = begin_known();
    add(dataset, DIFFMM_TRAIN, "u", "a");
    add(dataset, DIFFMM_VALID, "u", "c");
    add(dataset, DIFFMM_TEST, "u", "a");
    add(dataset, DIFFMM_TEST, "v", "b");
    add(dataset, DIFFMM_TEST, "v", "a");
    expect_heard(dataset, 1, "1 interactions of validation and 2 of test are in training too");
    dataset = begin_known();
    add(dataset, DIFFMM_VALID, "u", "b");
    add(dataset, DIFFMM_TEST, "u", "b");
    expect_heard(dataset, 1, "1 interactions are in validation and in test");
}
END_TEST

START_TEST(repeated_pairs)
{
    diffmm_dataset *dataset = begin_known();
    for (int i = 0; i < 3; i++)
        add(dataset, DIFFMM_TRAIN, "u", "a");
    expect_heard(dataset, 1, "2 interactions repeat");
    dataset = begin(); /* also where a share was held out meanwhile */
    for (int i = 0; i < 3; i++)
        add(dataset, DIFFMM_TRAIN, "u", "a");
    add(dataset, DIFFMM_TRAIN, "u", "b");
    add(dataset, DIFFMM_TRAIN, "v", "a");
    add(dataset, DIFFMM_TRAIN, "w", "b");
    expect_success(diffmm_dataset_hold_out(dataset, 0, 0.5, 1));
    expect_heard(dataset, 1, "2 interactions repeat");
}
END_TEST

START_TEST(cold_users_and_items)
{
    diffmm_dataset *dataset = begin_known();
    add(dataset, DIFFMM_VALID, "x", "a");
    add(dataset, DIFFMM_VALID, "x", "b");
    add(dataset, DIFFMM_TEST, "x", "b");
    add(dataset, DIFFMM_TEST, "y", "b");
    expect_heard(dataset, 2, "1 users of validation and 2 of test have no training interaction");
    dataset = begin_known();
    add(dataset, DIFFMM_VALID, "u", "d");
    add(dataset, DIFFMM_VALID, "u", "e");
    add(dataset, DIFFMM_VALID, "v", "e");
    add(dataset, DIFFMM_TEST, "v", "d");
    expect_heard(dataset, 1, "2 items of validation and 1 of test have no training interaction");
}
END_TEST

/* One interaction of a user with a rating and a time. */
static diffmm_dataset *with_rating(double rating, int64_t time)
{
    static const char *const user = "u", *const items[] = {"a", "b", "c"};
    const double ratings[] = {rating, rating, rating - 1};
    const int64_t times[] = {time, time, time};
    diffmm_dataset *dataset = begin();
    for (size_t i = 0; i < 3; i++) {
        const diffmm_interactions given = {.struct_size = sizeof given,
                                           .count = 1,
                                           .user_ids = &user,
                                           .item_ids = &items[i],
                                           .rating = &ratings[i],
                                           .time = &times[i]};
        expect_success(diffmm_dataset_add_interactions_with(dataset, DIFFMM_TRAIN, &given));
    }
    return dataset;
}

START_TEST(ratings_and_times_that_nothing_used)
{
    expect_heard(with_rating(NAN, INT64_MIN), 0, "");
    expect_heard(with_rating(4, INT64_MIN), 1, "3 interactions have a rating, and all count alike");
    expect_heard(with_rating(NAN, 1000), 1, "3 interactions have a timestamp, and nothing used");
    diffmm_dataset *dataset = with_rating(4, 1000);
    expect_success(diffmm_dataset_filter_ratings(dataset, 4));
    expect_success(diffmm_dataset_deduplicate(dataset, DIFFMM_KEEP_LAST));
    expect_heard(dataset, 0, "");
}
END_TEST

START_TEST(entries_of_matrices)
{
    static const int32_t row[] = {0, 0, 1, 1}, column[] = {0, 1, 2, 0};
    static const double values[] = {1, 0, -1, -2.5};
    struct folder folder = folder_begin();
    struct pickle_writer w = {.protocol = 3};
    pickle_begin(&w, false);
    pickle_shape(&w, 2, 3);
    pickle_field(&w, "row", "i4", "<", 4, row, 16);
    pickle_field(&w, "col", "i4", "<", 4, column, 16);
    pickle_field(&w, "data", "f8", "<", 4, values, 32);
    pickle_op(&w, "ub.");
    struct path path = folder_write(&folder, "m.pkl", w.bytes.data, w.bytes.size);
    diffmm_dataset *dataset = begin();
    expect_success(diffmm_dataset_read_interactions(dataset, DIFFMM_TRAIN, path.text));
    ck_assert_uint_eq(heard.count, 0);
    ck_assert_uint_eq(diffmm_dataset_interactions(dataset, DIFFMM_TRAIN), 3);
    expect_heard(dataset, 3, "1 entries of matrices are 0 and do not count");
    ck_assert_ptr_nonnull(strstr(heard.text, "2 entries of matrices are negative"));
    ck_assert_ptr_nonnull(strstr(heard.text, "3 interactions have a rating"));
    folder_end(&folder);
}
END_TEST

static const float features[8] = {0};

/* Items with these ids (NULL: no more), beside so many rows of features. */
static diffmm_dataset *with_rows(const char *const *ids, size_t rows)
{
    diffmm_dataset *dataset = begin();
    for (; *ids; ids++)
        add(dataset, DIFFMM_TRAIN, "u", *ids);
    expect_success(diffmm_dataset_add_modality_array(dataset, "m", rows, 1, features, 1));
    return dataset;
}

static void expect_untied(diffmm_dataset *dataset, const char *part)
{
    expect_failure(diffmm_dataset_seal(dataset), DIFFMM_ERROR_INVALID_ARGUMENT, part);
    ck_assert_ptr_nonnull(strstr(diffmm_error_message(), "item_ids.txt"));
    ck_assert_uint_eq(heard.count, 0);
    diffmm_dataset_destroy(dataset);
}

/* Ids that are not exactly the numbers of the rows: features would go to other items. */
START_TEST(ids_that_are_not_the_rows)
{
    static const char *const wrong[][5] = {{"1", "2", "3", NULL},
                                           {"3", "1", "2", NULL},
                                           {"0", "1", "3", NULL},
                                           {"01", "02", "03", NULL},
                                           {"1.0", "2.0", "3.0", NULL},
                                           {"0.0", "1.0", "2.0", NULL},
                                           {"00", "01", "02", NULL},
                                           {"+0", "+1", "+2", NULL},
                                           {"-1", "0", "1", NULL},
                                           {"101", "102", "103", NULL},
                                           {"0", "1", "4294967296", NULL},
                                           {"99999999999999999999", "1", "2", NULL},
                                           {"0", "1", NULL},
                                           {"1", "2", NULL},
                                           {"1", "2", "x", NULL},
                                           {"x", "y", "z", NULL}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_untied(with_rows(wrong[i], 3),
                      "modality 'm': nothing says which of its 3 rows is item '");
}
END_TEST

START_TEST(ids_that_are_the_rows)
{
    static const char *const all[] = {"2", "0", "1", NULL}, *const some[] = {"2", "1", NULL};
    expect_heard(with_rows(all, 3), 0, "");
    diffmm_dataset *dataset = with_rows(some, 4); /* the others are reserved */
    expect_success(diffmm_dataset_reserve(dataset, 0, 4));
    expect_heard(dataset, 0, "");
    dataset = with_rows(some, 4);
    expect_success(diffmm_dataset_reserve(dataset, 0, 3));
    expect_untied(dataset, "its 4 rows");
}
END_TEST

START_TEST(declared_ids_are_the_rows_in_their_order)
{
    static const char *const ids[][3] = {{"1", "2", "x"}, {"1", "2", "3"}};
    for (size_t i = 0; i < 2; i++) {
        diffmm_dataset *dataset = begin();
        expect_success(diffmm_dataset_declare_items(dataset, 3, ids[i]));
        add(dataset, DIFFMM_TRAIN, "u", ids[i][2]);
        expect_success(diffmm_dataset_add_modality_array(dataset, "m", 3, 1, features, 1));
        expect_heard(dataset, 0, "");
    }
}
END_TEST

/* New items of an extended data set have the rows that follow where they are declared, or where
 * they are the numbers of those rows. */
START_TEST(extended)
{
    static const char *const ids[] = {"0", "1", "2", NULL}, *const further[] = {"3", "77", "77"};
    for (size_t i = 0; i < 3; i++) {
        diffmm_dataset *old = with_rows(ids, 3), *dataset;
        int32_t item;
        expect_success(diffmm_dataset_seal(old));
        expect_success(diffmm_dataset_extend(old, &dataset));
        diffmm_dataset_destroy(old);
        if (i == 2)
            expect_success(diffmm_dataset_declare_items(dataset, 1, &further[i]));
        add(dataset, DIFFMM_TRAIN, "u", further[i]);
        expect_success(diffmm_dataset_append_features(dataset, "m", 1, features, 1));
        if (i == 1) {
            expect_untied(dataset, "item '77'");
            continue;
        }
        expect_success(diffmm_dataset_seal(dataset));
        expect_success(diffmm_dataset_find_item(dataset, further[i], &item));
        ck_assert_int_eq(item, 3);
        expect_heard(dataset, 0, "");
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {nothing_odd,
                                  pairs_in_two_splits,
                                  repeated_pairs,
                                  cold_users_and_items,
                                  ratings_and_times_that_nothing_used,
                                  entries_of_matrices,
                                  ids_that_are_not_the_rows,
                                  ids_that_are_the_rows,
                                  declared_ids_are_the_rows_in_their_order,
                                  extended};
    return run_tests("census", tests, sizeof tests / sizeof *tests);
}
