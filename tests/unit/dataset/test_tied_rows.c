/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows of features that have ids reach the items of these ids, whatever the order. */
#include "dataset/tied_rows.h"

#include <math.h>
#include <string.h>

#include <diffmm/diffmm.h>

#include "support/bytes.h"
#include "support/failure.h"
#include "support/folder.h"

static struct {
    size_t warnings;
    char text[4096]; /* all messages, one after the other */
} heard;

static void hear(diffmm_log_level level, const char *message, void *user_data)
{
    (void)user_data;
    heard.warnings += level == DIFFMM_LOG_WARNING;
    strncat(heard.text, message, sizeof heard.text - strlen(heard.text) - 1);
}

static diffmm_context *listening(void)
{
    const diffmm_context_settings settings = {
        .struct_size = sizeof settings, .log = hear, .log_level = DIFFMM_LOG_INFO};
    diffmm_context *context;
    memset(&heard, 0, sizeof heard);
    expect_success(diffmm_context_create(&settings, &context));
    return context;
}

static void expect_heard(size_t warnings, const char *part)
{
    ck_assert_msg(heard.warnings == warnings, "%zu warnings instead of %zu: %s", heard.warnings,
                  warnings, heard.text);
    ck_assert_msg(strstr(heard.text, part) != NULL, "no '%s' in '%s'", part, heard.text);
}

/* Items "c", "a", "b" in the order of appearance. */
static diffmm_dataset *begin(void)
{
    static const char *const user[] = {"u", "u", "v"}, *const item[] = {"c", "a", "b"};
    diffmm_context *context = listening();
    diffmm_dataset *dataset;
    expect_success(diffmm_dataset_create(context, &dataset));
    expect_success(diffmm_dataset_add_named_interactions(dataset, DIFFMM_TRAIN, 3, user, item));
    diffmm_context_destroy(context);
    return dataset;
}

/* The feature of each item, of modalities with one. */
static void expect_features(diffmm_dataset *dataset, size_t modality, size_t count,
                            const float *wanted)
{
    float got[16];
    ck_assert_uint_eq(diffmm_dataset_items(dataset), count);
    expect_success(diffmm_dataset_features(dataset, modality, 0, count, got));
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(got[i] == wanted[i], "item %zu has %g, not %g", i, (double)got[i],
                      (double)wanted[i]);
}

static const float abc[] = {1, 2, 3};
static const char *const ids_abc[] = {"a", "b", "c"};

START_TEST(rows_in_another_order)
{
    diffmm_dataset *dataset = begin();
    expect_success(diffmm_dataset_add_modality_array(dataset, "m", 3, 1, abc, 1));
    expect_success(diffmm_dataset_name_rows(dataset, "m", 3, ids_abc));
    expect_success(diffmm_dataset_seal(dataset));
    expect_features(dataset, 0, 3, (float[]){3, 1, 2});
    expect_heard(0, "");
    ck_assert_str_eq(heard.text, "");
    diffmm_dataset_destroy(dataset);
}
END_TEST

/* Rows that are in the items' order stay where they are: nothing is copied. */
START_TEST(rows_in_the_same_order)
{
    static const char *const ids[] = {"c", "a", "b"};
    diffmm_dataset *dataset = begin();
    expect_success(diffmm_dataset_add_modality_array(dataset, "m", 3, 1, abc, 1));
    expect_success(diffmm_dataset_name_rows(dataset, "m", 3, ids));
    expect_success(diffmm_dataset_seal(dataset));
    expect_features(dataset, 0, 3, abc);
    ck_assert_ptr_eq(dataset->modalities[0].features, abc);
    diffmm_dataset_destroy(dataset);
}
END_TEST

START_TEST(items_without_rows_and_rows_without_items)
{
    static const char *const ids[] = {"x", "b", "y", "c"};
    static const float values[] = {7, NAN, 8, NAN, 1, 2, 3, 4}; /* NaN between the rows only */
    diffmm_dataset *dataset = begin();
    expect_success(diffmm_dataset_add_modality_array(dataset, "m", 4, 1, values, 2));
    expect_success(diffmm_dataset_name_rows(dataset, "m", 4, ids));
    expect_success(diffmm_dataset_seal(dataset));
    expect_features(dataset, 0, 3, (float[]){3, 0, 8});
    expect_heard(1, "modality 'm': 1 of 3 items have no row and get zeros; the first is 'a'");
    expect_heard(1, "modality 'm': 2 rows belong to no item");
    diffmm_dataset_destroy(dataset);
}
END_TEST

START_TEST(rows_of_none_of_the_items)
{
    static const char *const ids[] = {"item_a", "item_b", "item_c"};
    diffmm_dataset *dataset = begin();
    expect_success(diffmm_dataset_add_modality_array(dataset, "m", 3, 1, abc, 1));
    expect_success(diffmm_dataset_name_rows(dataset, "m", 3, ids));
    expect_failure(diffmm_dataset_seal(dataset), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "modality 'm': none of the ids of its 3 rows is that of an item; the first row "
                   "is 'item_a', the first item 'c'");
    diffmm_dataset_destroy(dataset);
}
END_TEST

/* Sealing fails for a feature that is not finite, and succeeds when it is mended; what is wrong in
 * rows that are not used does not matter. */
START_TEST(features_that_are_not_finite)
{
    static const char *const ids[] = {"a", "b", "c", "d"};
    float values[] = {1, INFINITY, 3, NAN};
    diffmm_dataset *dataset = begin();
    expect_success(diffmm_dataset_add_modality_array(dataset, "m", 4, 1, values, 1));
    expect_success(diffmm_dataset_name_rows(dataset, "m", 4, ids));
    expect_failure(diffmm_dataset_seal(dataset), DIFFMM_ERROR_NUMERIC,
                   "modality 'm': feature 0 of item 2 is not finite");
    values[1] = 2;
    expect_success(diffmm_dataset_seal(dataset));
    expect_features(dataset, 0, 3, (float[]){3, 1, 2});
    diffmm_dataset_destroy(dataset);
}
END_TEST

/* One modality's rows have ids, the other's are those of declared items. */
START_TEST(beside_rows_by_number)
{
    static const char *const user[] = {"u", "u"}, *const item[] = {"c", "a"};
    static const float rows[] = {10, 20, 30};
    diffmm_context *context = listening();
    diffmm_dataset *dataset;
    expect_success(diffmm_dataset_create(context, &dataset));
    expect_success(diffmm_dataset_declare_items(dataset, 3, (const char *[]){"b", "a", "c"}));
    expect_success(diffmm_dataset_add_named_interactions(dataset, DIFFMM_TRAIN, 2, user, item));
    expect_success(diffmm_dataset_add_modality_array(dataset, "ids", 3, 1, abc, 1));
    expect_success(diffmm_dataset_add_modality_array(dataset, "numbers", 3, 1, rows, 1));
    expect_success(diffmm_dataset_name_rows(dataset, "ids", 3, ids_abc));
    expect_success(diffmm_dataset_seal(dataset));
    expect_features(dataset, 0, 3, (float[]){2, 1, 3});
    expect_features(dataset, 1, 3, rows);
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
}
END_TEST

/* Rows by number still need a list, even if another modality has its own. */
START_TEST(rows_by_number_are_not_tied_by_another_modality)
{
    diffmm_dataset *dataset = begin();
    expect_success(diffmm_dataset_add_modality_array(dataset, "ids", 3, 1, abc, 1));
    expect_success(diffmm_dataset_name_rows(dataset, "ids", 3, ids_abc));
    expect_success(diffmm_dataset_add_modality_array(dataset, "numbers", 3, 1, abc, 1));
    expect_failure(diffmm_dataset_seal(dataset), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "modality 'numbers': nothing says which of its 3 rows is item 'c'");
    diffmm_dataset_destroy(dataset);
}
END_TEST

/* Items with numbers have them as ids. */
START_TEST(items_by_number)
{
    static const char *const ids[] = {"2", "0", "1"};
    diffmm_context *context = listening();
    diffmm_dataset *dataset;
    expect_success(diffmm_dataset_create(context, &dataset));
    expect_success(
        diffmm_dataset_add_interactions(dataset, DIFFMM_TRAIN, 1, (int32_t[]){0}, (int32_t[]){2}));
    expect_success(diffmm_dataset_add_modality_array(dataset, "m", 3, 1, abc, 1));
    expect_success(diffmm_dataset_name_rows(dataset, "m", 3, ids));
    expect_success(diffmm_dataset_seal(dataset));
    expect_features(dataset, 0, 3, (float[]){2, 3, 1});
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
}
END_TEST

/* Items without a row are left out instead of getting zeros; what goes by the order of the items
 * that were there before still reaches them. */
START_TEST(items_without_rows_are_left_out)
{
    static const char *const user[] = {"u", "u", "v"}, *const item[] = {"c", "a", "b"};
    static const char *const ids[] = {"b", "x", "c"};
    static const float rows[] = {10, 20, 30};
    diffmm_context *context = listening();
    diffmm_dataset *dataset;
    int32_t number;
    expect_success(diffmm_dataset_create(context, &dataset));
    expect_success(diffmm_dataset_declare_items(dataset, 3, ids_abc));
    expect_success(diffmm_dataset_add_named_interactions(dataset, DIFFMM_TRAIN, 3, user, item));
    expect_success(diffmm_dataset_add_modality_array(dataset, "ids", 3, 1, abc, 1));
    expect_success(diffmm_dataset_add_modality_array(dataset, "numbers", 3, 1, rows, 1));
    expect_success(diffmm_dataset_name_rows(dataset, "ids", 3, ids));
    expect_success(diffmm_dataset_filter_features(dataset));
    expect_heard(1, "modality 'ids': 1 of 3 items have no row and are left out");
    expect_success(diffmm_dataset_seal(dataset));
    expect_features(dataset, 0, 2, (float[]){1, 3});
    expect_features(dataset, 1, 2, (float[]){20, 30});
    ck_assert_uint_eq(diffmm_dataset_interactions(dataset, DIFFMM_TRAIN), 2);
    expect_failure(diffmm_dataset_find_item(dataset, "a", &number), DIFFMM_ERROR_NOT_FOUND, "'a'");
    expect_heard(1, "");
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
}
END_TEST

/* Of two modalities with rows of their own items, one decides who stays. */
START_TEST(items_without_rows_in_one_modality_are_left_out)
{
    static const char *const one[] = {"b", "c", "x"}, *const other[] = {"a", "b", "y"};
    diffmm_dataset *dataset = begin();
    expect_success(diffmm_dataset_add_modality_array(dataset, "one", 3, 1, abc, 1));
    expect_success(diffmm_dataset_add_modality_array(dataset, "other", 3, 1, abc, 1));
    expect_success(diffmm_dataset_name_rows(dataset, "one", 3, one));
    expect_failure(diffmm_dataset_filter_features_of(dataset, "other"), DIFFMM_ERROR_STATE,
                   "modality 'other': its rows have no ids");
    expect_success(diffmm_dataset_name_rows(dataset, "other", 3, other));
    expect_success(diffmm_dataset_filter_features_of(dataset, "one"));
    expect_success(diffmm_dataset_seal(dataset));
    ck_assert_uint_eq(diffmm_dataset_items(dataset), 2);
    int32_t c;
    float got;
    expect_success(diffmm_dataset_find_item(dataset, "c", &c));
    expect_success(diffmm_dataset_features(dataset, 0, (size_t)c, 1, &got));
    ck_assert_float_eq(got, abc[1]);
    expect_success(diffmm_dataset_features(dataset, 1, (size_t)c, 1, &got));
    ck_assert_float_eq(got, 0);
    diffmm_dataset_destroy(dataset);
}
END_TEST

START_TEST(what_cannot_be_left_out)
{
    static const char *const others[] = {"x", "y", "z"}, *const left[] = {"a", "y", "z"};
    diffmm_dataset *dataset = begin();
    expect_success(diffmm_dataset_add_modality_array(dataset, "m", 3, 1, abc, 1));
    expect_failure(diffmm_dataset_filter_features(dataset), DIFFMM_ERROR_STATE,
                   "no modality has rows with ids");
    expect_success(diffmm_dataset_name_rows(dataset, "m", 3, others));
    expect_invalid(diffmm_dataset_filter_features(dataset),
                   "none of the 3 items has a row in each modality");
    ck_assert_uint_eq(diffmm_dataset_items(dataset), 3);
    diffmm_dataset_destroy(dataset);

    dataset = begin();
    expect_success(diffmm_dataset_add_modality_array(dataset, "m", 3, 1, abc, 1));
    expect_success(diffmm_dataset_name_rows(dataset, "m", 3, left));
    expect_success(diffmm_dataset_seal(dataset));
    diffmm_dataset *more;
    expect_failure(diffmm_dataset_filter_features(dataset), DIFFMM_ERROR_STATE, "sealed");
    expect_success(diffmm_dataset_extend(dataset, &more));
    expect_failure(diffmm_dataset_filter_features(more), DIFFMM_ERROR_STATE, "extended");
    diffmm_dataset_destroy(more);
    diffmm_dataset_destroy(dataset);
}
END_TEST

struct asked {
    size_t calls, rows;
};

static int load(size_t first, size_t count, float *out, void *user_data)
{
    struct asked *asked = user_data;
    asked->calls++;
    asked->rows += count;
    for (size_t i = 0; i < count; i++)
        out[i] = (float)(100 + first + i);
    return 0;
}

START_TEST(loaders_are_asked_for_rows)
{
    static const char *const ids[] = {"x", "c", "a"};
    struct asked asked = {0};
    diffmm_dataset *dataset = begin(), *more;
    expect_success(diffmm_dataset_add_modality(dataset, "m", 1, load, &asked));
    expect_success(diffmm_dataset_name_rows(dataset, "m", 3, ids));
    expect_success(diffmm_dataset_seal(dataset));
    expect_heard(1, "1 of 3 items have no row and get zeros; the first is 'b'");
    expect_features(dataset, 0, 3, (float[]){101, 102, 0});
    ck_assert_uint_eq(asked.calls, 1); /* both rows at once */
    ck_assert_uint_eq(asked.rows, 2);

    /* A new item whose id was among the rows has its row. */
    expect_success(diffmm_dataset_extend(dataset, &more));
    diffmm_dataset_destroy(dataset);
    expect_success(diffmm_dataset_add_named_interactions(
        more, DIFFMM_TRAIN, 1, (const char *[]){"v"}, (const char *[]){"x"}));
    expect_success(diffmm_dataset_seal(more));
    expect_features(more, 0, 4, (float[]){101, 102, 0, 100});
    diffmm_dataset_destroy(more);
}
END_TEST

/* Of an extended data set the rows are those of the items: those of new ones are appended. */
START_TEST(extended)
{
    diffmm_dataset *dataset = begin(), *more;
    expect_success(diffmm_dataset_add_modality_copy(dataset, "m", 3, 1, abc, 1));
    expect_success(diffmm_dataset_name_rows(dataset, "m", 3, ids_abc));
    expect_failure(diffmm_dataset_append_features(dataset, "m", 1, abc, 1), DIFFMM_ERROR_STATE,
                   "modality 'm': its rows have ids");
    expect_success(diffmm_dataset_seal(dataset));
    expect_success(diffmm_dataset_extend(dataset, &more));
    diffmm_dataset_destroy(dataset);
    expect_success(diffmm_dataset_declare_items(more, 1, (const char *[]){"d"}));
    expect_success(diffmm_dataset_append_features(more, "m", 1, (float[]){9}, 1));
    expect_success(diffmm_dataset_seal(more));
    expect_features(more, 0, 4, (float[]){3, 1, 2, 9});
    diffmm_dataset_destroy(more);
}
END_TEST

START_TEST(copies_may_change)
{
    float values[] = {1, -1, 2, -1, 3};
    diffmm_dataset *dataset = begin();
    expect_success(diffmm_dataset_add_modality_copy(dataset, "m", 3, 1, values, 2));
    memset(values, 0, sizeof values);
    expect_success(diffmm_dataset_name_rows(dataset, "m", 3, ids_abc));
    expect_success(diffmm_dataset_seal(dataset));
    expect_features(dataset, 0, 3, (float[]){3, 1, 2});
    diffmm_dataset_destroy(dataset);
}
END_TEST

START_TEST(refused_names)
{
    static const char *const twice[] = {"a", "b", "a"};
    diffmm_dataset *dataset = begin();
    expect_success(diffmm_dataset_add_modality_array(dataset, "m", 3, 1, abc, 1));
    expect_invalid(diffmm_dataset_name_rows(dataset, "m", 2, ids_abc), "2 ids for 3 rows");
    expect_invalid(diffmm_dataset_name_rows(dataset, "m", 3, twice),
                   "modality 'm': ids[2] is 'a', as is ids[0]");
    expect_invalid(diffmm_dataset_name_rows(dataset, "m", 3, (const char *[]){"a", "", "c"}),
                   "ids[1]");
    expect_failure(diffmm_dataset_name_rows(dataset, "n", 3, ids_abc), DIFFMM_ERROR_NOT_FOUND,
                   "no modality 'n'");
    expect_success(diffmm_dataset_name_rows(dataset, "m", 3, ids_abc));
    expect_failure(diffmm_dataset_name_rows(dataset, "m", 3, ids_abc), DIFFMM_ERROR_STATE,
                   "its rows have ids already");
    expect_success(diffmm_dataset_seal(dataset));
    expect_features(dataset, 0, 3, (float[]){3, 1, 2});
    diffmm_dataset_destroy(dataset);
}
END_TEST

static diffmm_dataset *begin_with(size_t count, const char *const *items)
{
    static const char *const users[] = {"u", "v", "u", "v"};
    diffmm_dataset *dataset;
    diffmm_context *context = listening();
    expect_success(diffmm_dataset_create(context, &dataset));
    diffmm_context_destroy(context);
    expect_success(
        diffmm_dataset_add_named_interactions(dataset, DIFFMM_TRAIN, count, users, items));
    return dataset;
}

/* A loader that is asked by number cannot know which item that is, unless the items were listed, or
 * the ids are the numbers. */
START_TEST(numbered_loaders_of_unlisted_items)
{
    static const char *const untied[][4] = {
        {"1", "2", "3", "1"}, {"0", "1", "3", "0"}, {"0", "01", "2", "0"}, {"0", "-1", "2", "0"}};
    struct asked asked = {0};
    diffmm_dataset *dataset = begin();
    expect_success(diffmm_dataset_add_modality(dataset, "m", 1, load, &asked));
    expect_invalid(diffmm_dataset_seal(dataset),
                   "modality 'm': nothing says which number its loader knows item 'c' by, for the "
                   "item ids are not exactly 0 to 2; let the loader be asked by id "
                   "(diffmm_dataset_add_modality_by_id()), name its rows "
                   "(diffmm_dataset_name_rows()), or fix the order of the items "
                   "(diffmm_dataset_declare_items() before interactions)");
    /* Another modality that goes by id does not change that; a list does. */
    expect_success(diffmm_dataset_name_rows(dataset, "m", 3, ids_abc));
    expect_success(diffmm_dataset_seal(dataset));
    diffmm_dataset_destroy(dataset);

    for (size_t i = 0; i < sizeof untied / sizeof *untied; i++) {
        dataset = begin_with(4, untied[i]);
        expect_success(diffmm_dataset_add_modality(dataset, "m", 1, load, &asked));
        expect_invalid(diffmm_dataset_seal(dataset), "nothing says which number its loader");
        diffmm_dataset_destroy(dataset);
    }
    dataset = begin_with(4, (const char *const[]){"2", "0", "1", "2"});
    expect_success(diffmm_dataset_add_modality(dataset, "m", 1, load, &asked));
    expect_success(diffmm_dataset_seal(dataset));
    int32_t item;
    expect_success(diffmm_dataset_find_item(dataset, "2", &item));
    ck_assert_int_eq(item, 2);
    expect_features(dataset, 0, 3, (float[]){100, 101, 102});
    diffmm_dataset_destroy(dataset);

    diffmm_context *context = listening();
    expect_success(diffmm_dataset_create(context, &dataset));
    expect_success(diffmm_dataset_declare_items(dataset, 3, ids_abc));
    expect_success(diffmm_dataset_add_named_interactions(
        dataset, DIFFMM_TRAIN, 1, (const char *[]){"u"}, (const char *[]){"b"}));
    expect_success(diffmm_dataset_add_modality(dataset, "m", 1, load, &asked));
    expect_success(diffmm_dataset_seal(dataset));
    ck_assert_str_eq(heard.text, "");
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
}
END_TEST

/* The letter of an id is its feature. */
static int look_up(size_t count, const char *const *ids, float *out, void *user_data)
{
    struct asked *asked = user_data;
    asked->calls++;
    asked->rows += count;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(ids[i], "unknown") == 0)
            return 5;
        out[i] = (float)(ids[i][0] - 'a');
    }
    return 0;
}

/* Items may come in any order, go and be added: a loader by id gives each its own. */
START_TEST(loaders_by_id)
{
    struct asked asked = {0};
    diffmm_dataset *dataset = begin_with(4, (const char *const[]){"d", "b", "d", "c"}), *more;
    expect_success(diffmm_dataset_add_modality_by_id(dataset, "m", 1, look_up, &asked));
    expect_failure(diffmm_dataset_name_rows(dataset, "m", 3, ids_abc), DIFFMM_ERROR_STATE,
                   "modality 'm': its loader is asked by id");
    expect_failure(diffmm_dataset_append_features(dataset, "m", 1, abc, 1), DIFFMM_ERROR_STATE,
                   "modality 'm': its loader gives the features of all items");
    expect_success(diffmm_dataset_filter_core(dataset, 1, 1));
    expect_success(diffmm_dataset_seal(dataset));
    ck_assert_ptr_null(strstr(heard.text, "modality"));
    ck_assert_uint_eq(asked.calls, 0);
    expect_features(dataset, 0, 3, (float[]){3, 1, 2});
    ck_assert_uint_eq(asked.calls, 1);
    ck_assert_uint_eq(asked.rows, 3);

    expect_success(diffmm_dataset_extend(dataset, &more));
    diffmm_dataset_destroy(dataset);
    expect_success(diffmm_dataset_add_named_interactions(
        more, DIFFMM_TRAIN, 2, (const char *[]){"v", "w"}, (const char *[]){"z", "unknown"}));
    expect_success(diffmm_dataset_seal(more));
    float got[5];
    expect_success(diffmm_dataset_features(more, 0, 0, 4, got));
    ck_assert_mem_eq(got, ((float[]){3, 1, 2, 25}), 4 * sizeof *got);
    expect_failure(diffmm_dataset_features(more, 0, 0, 5, got), DIFFMM_ERROR_CALLBACK,
                   "modality 'm': its loader returned 5 for the ids of items 0 to 4");
    diffmm_dataset_destroy(more);
}
END_TEST

START_TEST(loaders_by_id_after_a_filter)
{
    struct asked asked = {0};
    diffmm_dataset *dataset = begin_with(4, (const char *const[]){"d", "b", "c", "d"});
    expect_success(diffmm_dataset_add_modality_by_id(dataset, "m", 1, look_up, &asked));
    expect_success(diffmm_dataset_filter_core(dataset, 1, 2));
    expect_success(diffmm_dataset_seal(dataset));
    expect_features(dataset, 0, 1, (float[]){3});
    diffmm_dataset_destroy(dataset);
}
END_TEST

/* Items by number have their numbers as ids. */
START_TEST(loaders_by_id_of_numbered_items)
{
    struct asked asked = {0};
    diffmm_dataset *dataset;
    diffmm_context *context = listening();
    expect_success(diffmm_dataset_create(context, &dataset));
    diffmm_context_destroy(context);
    expect_success(diffmm_dataset_add_interactions(dataset, DIFFMM_TRAIN, 1, (int32_t[]){0},
                                                   (int32_t[]){699}));
    expect_success(diffmm_dataset_add_modality_by_id(dataset, "m", 1, look_up, &asked));
    expect_success(diffmm_dataset_seal(dataset));
    float got[700];
    expect_success(diffmm_dataset_features(dataset, 0, 0, 700, got));
    ck_assert_float_eq(got[7], (float)('7' - 'a'));
    ck_assert_float_eq(got[699], (float)('6' - 'a'));
    ck_assert_uint_eq(asked.calls, 3);
    ck_assert_uint_eq(asked.rows, 700);
    diffmm_dataset_destroy(dataset);
}
END_TEST

/* A new item of a data set whose loader is asked by number must be declared. */
START_TEST(numbered_loaders_of_new_items)
{
    struct asked asked = {0};
    diffmm_dataset *dataset = begin_with(3, (const char *const[]){"0", "2", "1"}), *more;
    expect_success(diffmm_dataset_add_modality(dataset, "m", 1, load, &asked));
    expect_success(diffmm_dataset_seal(dataset));
    expect_success(diffmm_dataset_extend(dataset, &more));
    expect_success(diffmm_dataset_add_named_interactions(
        more, DIFFMM_TRAIN, 1, (const char *[]){"v"}, (const char *[]){"3"}));
    expect_success(diffmm_dataset_seal(more));
    expect_features(more, 0, 4, (float[]){100, 101, 102, 103});
    diffmm_dataset_destroy(more);

    expect_success(diffmm_dataset_extend(dataset, &more));
    diffmm_dataset_destroy(dataset);
    expect_success(diffmm_dataset_add_named_interactions(
        more, DIFFMM_TRAIN, 1, (const char *[]){"v"}, (const char *[]){"new"}));
    expect_invalid(diffmm_dataset_seal(more), "its loader knows item 'new' by");
    diffmm_dataset_destroy(more);
}
END_TEST

static struct path write_features(const struct folder *folder, const char *name)
{
    static const float rows[] = {1, 2, 3, 4};
    struct bytes file = {.size = 0};
    bytes_add_npy(&file, "<f4", "(4, 1)", 0, rows, sizeof rows);
    return folder_write(folder, name, file.data, file.size);
}

/* What `list` beside x_feat.npy leads to when the folder's table is opened. */
static diffmm_status open_with(const struct folder *folder, const char *list,
                               diffmm_context *context, diffmm_dataset **out)
{
    struct path table = folder_write_text(folder, "t.csv", "user,item\nu,20\nu,10\nv,30\n");
    write_features(folder, "x_feat.npy");
    folder_write_text(folder, "x_feat.ids.txt", list);
    return diffmm_dataset_open(context, table.text, out);
}

START_TEST(lists_beside_files)
{
    struct folder folder = folder_begin();
    diffmm_context *context = listening();
    diffmm_dataset *dataset;
    expect_success(open_with(&folder, "10\n\xc3\xa9\r\n30\n20\n", context, &dataset));
    expect_success(diffmm_dataset_seal(dataset));
    ck_assert_str_eq(diffmm_dataset_modality_name(dataset, 0), "x");
    expect_features(dataset, 0, 3, (float[]){4, 1, 3});
    expect_heard(0, "modality 'x': 1 rows belong to no item");
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
    folder_end(&folder);
}
END_TEST

START_TEST(lists_of_files_by_path)
{
    static const char *const paths[] = {"x.npy", "y", ".npy"};
    static const char *const lists[] = {"x.ids.txt", "y.ids.txt", ".npy.ids.txt"};
    struct folder folder = folder_begin();
    for (int i = 0; i < 3; i++) {
        diffmm_dataset *dataset = begin();
        struct path path = write_features(&folder, paths[i]);
        folder_write_text(&folder, lists[i], "a\nb\nc\nd");
        expect_success(diffmm_dataset_read_modality(dataset, "m", path.text));
        expect_success(diffmm_dataset_seal(dataset));
        expect_features(dataset, 0, 3, (float[]){3, 1, 2});
        diffmm_dataset_destroy(dataset);
    }
    folder_end(&folder);
}
END_TEST

START_TEST(wrong_lists)
{
    static const struct {
        const char *list, *message;
    } cases[] = {
        {"a\nb\nc\n", "x_feat.ids.txt: it lists 3 ids, but "},
        {"a\nb\nc\nd\ne\n", "x_feat.ids.txt: it lists 5 ids, but "},
        {"a\nb\nc\nb\n", "x_feat.ids.txt:4: 'b' is in line 2 already"},
        {"a\n\nb\nc\n", "x_feat.ids.txt:2: the line is empty"},
        {"a\nb\n\xff\nc\n", "x_feat.ids.txt:3: the line is not UTF-8"},
        {"", "x_feat.ids.txt: it lists 0 ids, but "},
    };
    struct folder folder = folder_begin();
    diffmm_context *context = listening();
    diffmm_dataset *dataset = NULL;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_failure(open_with(&folder, cases[i].list, context, &dataset), DIFFMM_ERROR_FORMAT,
                       cases[i].message);
    ck_assert_ptr_null(dataset);
    diffmm_context_destroy(context);
    folder_end(&folder);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {rows_in_another_order,
                                  rows_in_the_same_order,
                                  items_without_rows_and_rows_without_items,
                                  rows_of_none_of_the_items,
                                  features_that_are_not_finite,
                                  beside_rows_by_number,
                                  rows_by_number_are_not_tied_by_another_modality,
                                  items_by_number,
                                  items_without_rows_are_left_out,
                                  items_without_rows_in_one_modality_are_left_out,
                                  what_cannot_be_left_out,
                                  loaders_are_asked_for_rows,
                                  extended,
                                  copies_may_change,
                                  refused_names,
                                  numbered_loaders_of_unlisted_items,
                                  loaders_by_id,
                                  loaders_by_id_after_a_filter,
                                  loaders_by_id_of_numbered_items,
                                  numbered_loaders_of_new_items,
                                  lists_beside_files,
                                  lists_of_files_by_path,
                                  wrong_lists};
    return run_tests("tied rows", tests, sizeof tests / sizeof *tests);
}
