/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdio.h>

#include <diffmm/diffmm.h>

#include "support/arrow_tables.h"
#include "support/context.h"
#include "support/failure.h"

static diffmm_context *context;
static diffmm_dataset *dataset;

static const char *const owners[] = {"ann", "bob", "ann"}, *const items[] = {"pen", "ink", "cup"};
enum { item_count = 3, dimensions = 2 };

/* Three items; their rows come in another order, with one of an item that is not there. */
static const char *const rows[] = {"cup", "rock", "pen", "ink"};
enum { row_count = 4 };
static const float single[] = {5, 6, 7, 8, 1, 2, 3, 4}, wanted[] = {1, 2, 3, 4, 5, 6};

static void begin(void)
{
    context = new_context(1);
    expect_success(diffmm_dataset_create(context, &dataset));
    expect_success(
        diffmm_dataset_add_named_interactions(dataset, DIFFMM_TRAIN, item_count, owners, items));
}

static void end(void)
{
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
}

static diffmm_status read(struct arrow_maker *maker, const diffmm_arrow_features *columns)
{
    struct ArrowArrayStream stream = arrow_stream(maker);
    diffmm_status status = diffmm_dataset_read_modality_arrow(dataset, "text", &stream, columns);
    ck_assert_ptr_null(stream.release);
    ck_assert(arrow_all_back(maker));
    return status;
}

/* Read, seal, and compare with what is wanted. */
static void check_read(struct arrow_maker *maker, const diffmm_arrow_features *columns)
{
    float got[item_count * dimensions];
    expect_success(read(maker, columns));
    expect_success(diffmm_dataset_seal(dataset));
    ck_assert_uint_eq(diffmm_dataset_modality_dimensions(dataset, 0), dimensions);
    expect_success(diffmm_dataset_features(dataset, 0, 0, item_count, got));
    ck_assert_mem_eq(got, wanted, sizeof wanted);
    arrow_maker_end(maker);
    end();
    begin();
}

static void check_refused(struct arrow_maker *maker, const diffmm_arrow_features *columns,
                          diffmm_status status, const char *says)
{
    expect_failure(read(maker, columns), status, says);
    ck_assert_uint_eq(diffmm_dataset_modalities(dataset), 0);
    arrow_maker_end(maker);
}

static struct arrow_maker with_lists(const char *format, const int32_t *offsets,
                                     struct arrow_column values)
{
    struct arrow_maker maker = {.table_count = 1};
    arrow_add(&maker.tables[0], arrow_texts("item_id", "u", row_count, rows));
    arrow_add(&maker.tables[0], arrow_lists("vector", format, row_count, offsets, values));
    return maker;
}

static struct arrow_column singles(void)
{
    return arrow_plain("item", "f", 8, single, 4);
}

START_TEST(lists_of_every_kind)
{
    static const double real[] = {5, 6, 7, 8, 1, 2, 3, 4};
    static const uint16_t half[] = {0x4500, 0x4600, 0x4700, 0x4800, 0x3c00, 0x4000, 0x4200, 0x4400};
    static const int8_t tiny[] = {5, 6, 7, 8, 1, 2, 3, 4};
    static const int32_t offsets[] = {0, 2, 4, 6, 8};
    static const int64_t wide[] = {0, 2, 4, 6, 8};
    struct arrow_maker maker = with_lists("+w:2", NULL, singles());
    check_read(&maker, NULL);
    maker = with_lists("+w:2", NULL, arrow_plain("item", "g", 8, real, 8));
    check_read(&maker, NULL);
    maker = with_lists("+w:2", NULL, arrow_plain("item", "e", 8, half, 2));
    check_read(&maker, NULL);
    maker = with_lists("+l", offsets, arrow_plain("item", "c", 8, tiny, 1));
    check_read(&maker, NULL);
    maker = with_lists("+L", offsets, singles());
    free(maker.tables[0].columns[1].buffers[1].bytes);
    maker.tables[0].columns[1].buffers[1] = arrow_bytes(wide, sizeof wide);
    check_read(&maker, NULL);
}
END_TEST

/* Lists of an array that begins within its buffers, as do its elements. */
START_TEST(offsets_count)
{
    static const float padded[] = {9, 9, 9, 5, 6, 7, 8, 1, 2, 3, 4};
    static const char *const more_rows[] = {"x", "cup", "rock", "pen", "ink"};
    struct arrow_maker maker = {.table_count = 1};
    struct arrow_column values = arrow_plain("item", "f", 10, padded, 4);
    free(values.buffers[1].bytes);
    values.buffers[1] = arrow_bytes(padded, sizeof padded);
    values.offset = 1;
    struct arrow_column lists = arrow_lists("vector", "+w:2", row_count, NULL, values);
    lists.offset = 1;
    struct arrow_column ids = arrow_texts("id", "u", row_count + 1, more_rows);
    ids.offset = 1;
    ids.length = row_count;
    arrow_add(&maker.tables[0], ids);
    arrow_add(&maker.tables[0], lists);
    check_read(&maker, NULL);
}
END_TEST

START_TEST(a_column_for_each_dimension)
{
    static const double first[] = {5, 7, 1, 3};
    static const int32_t second[] = {6, 8, 2, 4};
    static const char *const titles[] = {"Cup", "Rock", "Pen", "Ink"};
    struct arrow_maker maker = {.table_count = 1};
    arrow_add(&maker.tables[0], arrow_plain("a", "g", row_count, first, 8));
    arrow_add(&maker.tables[0], arrow_texts("item", "vu", row_count, rows));
    arrow_add(&maker.tables[0], arrow_texts("title", "u", row_count, titles)); /* not looked at */
    arrow_add(&maker.tables[0], arrow_plain("b", "i", row_count, second, 4));
    check_read(&maker, NULL);
}
END_TEST

START_TEST(columns_by_name)
{
    static const double price[] = {1, 2, 3, 4};
    struct arrow_maker maker = with_lists("+w:2", NULL, singles());
    arrow_add(&maker.tables[0], arrow_texts("sku", "u", row_count, rows));
    arrow_add(&maker.tables[0], arrow_plain("price", "g", row_count, price, 8));
    maker.tables[0].columns[0].name = "name";
    const diffmm_arrow_features columns = {
        .struct_size = sizeof columns, .item = "sku", .features = "vector"};
    check_read(&maker, &columns);
}
END_TEST

/* The rows of several tables. */
START_TEST(several_tables)
{
    struct arrow_maker maker = {.table_count = 2};
    for (size_t t = 0; t < 2; t++) {
        arrow_add(&maker.tables[t], arrow_texts("item", "u", 2, rows + 2 * t));
        arrow_add(&maker.tables[t], arrow_lists("vector", "+w:2", 2, NULL,
                                                arrow_plain("item", "f", 4, single + 4 * t, 4)));
    }
    check_read(&maker, NULL);
}
END_TEST

START_TEST(what_is_refused)
{
    static const int32_t uneven[] = {0, 2, 4, 5, 8}, none[] = {0, 0, 0, 0, 0},
                         beyond[] = {0, 2, 4, 6, 9};
    static const float infinite[] = {5, 6, 7, 8, 1, 2, 3, NAN};
    static const double large[] = {5, 6, 7, 8, 1, 2, 3, 1e300};
    struct arrow_maker maker = with_lists("+l", uneven, singles());
    check_refused(&maker, NULL, DIFFMM_ERROR_FORMAT,
                  "row 2: column 'vector' has 1 features, but the rows before have 2");
    maker = with_lists("+l", none, singles());
    check_refused(&maker, NULL, DIFFMM_ERROR_FORMAT, "row 0: column 'vector' has 0 features");
    maker = with_lists("+l", beyond, singles());
    check_refused(&maker, NULL, DIFFMM_ERROR_FORMAT, "row 3: column 'vector' lies outside");
    maker = with_lists("+w:3", NULL, singles());
    check_refused(&maker, NULL, DIFFMM_ERROR_FORMAT, "its lists have too few elements");
    maker = with_lists("+w:2", NULL, arrow_plain("item", "f", 8, infinite, 4));
    check_refused(&maker, NULL, DIFFMM_ERROR_NUMERIC, "row 3: column 'vector' has a feature");
    maker = with_lists("+w:2", NULL, arrow_plain("item", "g", 8, large, 8));
    check_refused(&maker, NULL, DIFFMM_ERROR_NUMERIC, "row 3: column 'vector' has a feature");
    maker = with_lists("+w:2", NULL, singles());
    arrow_mark(maker.tables[0].columns[1].part, "11110111");
    check_refused(&maker, NULL, DIFFMM_ERROR_FORMAT,
                  "row 2: column 'vector' has a feature that is");
    maker = with_lists("+w:2", NULL, singles());
    arrow_mark(&maker.tables[0].columns[1], "1011");
    check_refused(&maker, NULL, DIFFMM_ERROR_FORMAT, "row 1: column 'vector' is null");
    maker = with_lists("+w:2", NULL, singles());
    arrow_mark(&maker.tables[0].columns[0], "1011");
    check_refused(&maker, NULL, DIFFMM_ERROR_FORMAT, "row 1: column 'item_id' is null");
    maker = with_lists("+w:2", NULL, singles());
    maker.tables[0].columns[0].name = "name";
    check_refused(&maker, NULL, DIFFMM_ERROR_FORMAT, "no column with the ids of items, but 'name'");
}
END_TEST

START_TEST(what_else_is_refused)
{
    static const char *const twice[] = {"cup", "ink", "pen", "ink"};
    static const double first[] = {5, 7, 1, NAN};
    struct arrow_maker maker = with_lists("+w:2", NULL, singles());
    arrow_column_end(&maker.tables[0].columns[0]);
    maker.tables[0].columns[0] = arrow_texts("item", "u", row_count, twice);
    check_refused(&maker, NULL, DIFFMM_ERROR_FORMAT, "row 3: column 'item' is 'ink', as in row 1");
    maker = with_lists("+w:2", NULL, singles());
    arrow_add(&maker.tables[0], arrow_lists("other", "+w:2", row_count, NULL, singles()));
    check_refused(&maker, NULL, DIFFMM_ERROR_FORMAT, "2 columns have lists of numbers");
    maker = (struct arrow_maker){.table_count = 1};
    arrow_add(&maker.tables[0], arrow_texts("item", "u", row_count, rows));
    arrow_add(&maker.tables[0], arrow_texts("title", "u", row_count, rows));
    check_refused(&maker, NULL, DIFFMM_ERROR_FORMAT, "no column has lists of numbers, or numbers");
    maker = (struct arrow_maker){.table_count = 1};
    arrow_add(&maker.tables[0], arrow_texts("item", "u", row_count, rows));
    arrow_add(&maker.tables[0], arrow_plain("a", "g", row_count, first, 8));
    arrow_mark(&maker.tables[0].columns[1], "0111");
    check_refused(&maker, NULL, DIFFMM_ERROR_FORMAT, "row 0: column 'a' is null");
    maker = (struct arrow_maker){.table_count = 1};
    arrow_add(&maker.tables[0], arrow_texts("item", "u", row_count, rows));
    arrow_add(&maker.tables[0], arrow_plain("a", "g", row_count, first, 8));
    check_refused(&maker, NULL, DIFFMM_ERROR_NUMERIC, "row 3: column 'a' has a feature");
    maker = (struct arrow_maker){.table_count = 1};
    arrow_add(&maker.tables[0], arrow_texts("item", "u", 0, rows));
    arrow_add(&maker.tables[0], arrow_plain("a", "g", 0, first, 8));
    check_refused(&maker, NULL, DIFFMM_ERROR_FORMAT, "there are no rows");
    maker = with_lists("+w:2", NULL, arrow_texts("item", "u", row_count, rows));
    const diffmm_arrow_features columns = {.struct_size = sizeof columns, .features = "vector"};
    check_refused(&maker, &columns, DIFFMM_ERROR_UNSUPPORTED, "must be a list of numbers");
}
END_TEST

int main(void)
{
    TCase *cases = tcase_create("features_arrow");
    with_traps(cases);
    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, lists_of_every_kind);
    tcase_add_test(cases, offsets_count);
    tcase_add_test(cases, a_column_for_each_dimension);
    tcase_add_test(cases, columns_by_name);
    tcase_add_test(cases, several_tables);
    tcase_add_test(cases, what_is_refused);
    tcase_add_test(cases, what_else_is_refused);
    return run_case("features_arrow", cases);
}
