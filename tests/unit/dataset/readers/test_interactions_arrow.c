/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdio.h>

#include <diffmm/diffmm.h>

#include "dataset/dataset.h"
#include "dataset/draft.h"
#include "support/arrow_tables.h"
#include "support/context.h"
#include "support/failure.h"
#include "support/folder.h"

static diffmm_context *context;

static diffmm_dataset *new_dataset(void)
{
    diffmm_dataset *dataset;
    expect_success(diffmm_dataset_create(context, &dataset));
    return dataset;
}

static void begin(void)
{
    context = new_context(1);
}

static void end(void)
{
    diffmm_context_destroy(context);
}

/* Read the maker's tables; everything must come back. */
static diffmm_status read_into(diffmm_dataset *dataset, struct arrow_maker *maker,
                               const diffmm_arrow_columns *columns)
{
    struct ArrowArrayStream stream = arrow_stream(maker);
    diffmm_status status = diffmm_dataset_read_arrow(dataset, DIFFMM_TRAIN, &stream, columns);
    ck_assert_ptr_null(stream.release);
    ck_assert(arrow_all_back(maker));
    return status;
}

/* Everything that a data set has been given, as text: "user>item@rating/time ..", splits by '|'. */
static void tell(const diffmm_dataset *dataset, char *out, size_t size)
{
    size_t used = 0;
    for (int s = 0; s < DIFFMM__SPLITS; s++) {
        const struct diffmm__coo *pairs = &dataset->draft->pairs[s];
        used += (size_t)snprintf(out + used, size - used, "%s", s ? "|" : "");
        for (size_t i = 0; i < pairs->count; i++) {
            struct diffmm__coo_entry entry = diffmm__coo_entry_at(pairs, i);
            used += (size_t)snprintf(out + used, size - used, "%s%s>%s", i ? " " : "",
                                     diffmm__ids_text(&dataset->draft->user_ids, entry.row),
                                     diffmm__ids_text(&dataset->draft->item_ids, entry.column));
            if (!isnan(entry.rating))
                used += (size_t)snprintf(out + used, size - used, "@%g", entry.rating);
            if (entry.time != INT64_MIN)
                used += (size_t)snprintf(out + used, size - used, "/%lld", (long long)entry.time);
            ck_assert_uint_lt(used, size);
        }
    }
}

static void check_read(struct arrow_maker *maker, const diffmm_arrow_columns *columns,
                       const char *wanted)
{
    char text[800];
    diffmm_dataset *dataset = new_dataset();
    expect_success(read_into(dataset, maker, columns));
    tell(dataset, text, sizeof text);
    ck_assert_str_eq(text, wanted);
    diffmm_dataset_destroy(dataset);
    arrow_maker_end(maker);
}

static void check_refused(struct arrow_maker *maker, const diffmm_arrow_columns *columns,
                          diffmm_status status, const char *says)
{
    char text[800];
    static const char *const ann[] = {"ann"}, *const pen[] = {"pen"};
    diffmm_dataset *dataset = new_dataset();
    expect_success(diffmm_dataset_add_named_interactions(dataset, DIFFMM_TEST, 1, ann, pen));
    expect_failure(read_into(dataset, maker, columns), status, says);
    tell(dataset, text, sizeof text);
    ck_assert_str_eq(text, "||ann>pen");
    ck_assert_uint_eq(diffmm_dataset_users(dataset), 1);
    ck_assert_uint_eq(diffmm_dataset_items(dataset), 1);
    diffmm_dataset_destroy(dataset);
    arrow_maker_end(maker);
}

static const char *const users[] = {"ann", "bob", "ann", "a person with a long id"},
                         *const items[] = {"pen", "ink", "an item with a long id", "pen"};
enum { rows = 4 };
#define PAIRS "ann>pen bob>ink ann>an item with a long id a person with a long id>pen"

static struct arrow_maker two_columns(struct arrow_column user, struct arrow_column item)
{
    struct arrow_maker maker = {.table_count = 1};
    arrow_add(&maker.tables[0], user);
    arrow_add(&maker.tables[0], item);
    return maker;
}

/* Users and items in strings, and a column of a type. */
static struct arrow_maker with_column(struct arrow_column column)
{
    struct arrow_maker maker = two_columns(arrow_texts("user", "u", (size_t)column.length, users),
                                           arrow_texts("item", "u", (size_t)column.length, items));
    arrow_add(&maker.tables[0], column);
    return maker;
}

START_TEST(strings_of_every_kind)
{
    static const char *const formats[] = {"u", "U", "vu", "z", "Z"};
    for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
        struct arrow_maker maker = two_columns(arrow_texts("userId", formats[f], rows, users),
                                               arrow_texts("movieId", formats[f], rows, items));
        check_read(&maker, NULL, PAIRS "||");
    }
}
END_TEST

START_TEST(dictionaries_of_every_kind)
{
    static const signed char codes[] = {2, 0, 2, 1};
    static const char *const known[] = {"bob", "a person with a long id", "ann", "never used", ""};
    static const char *const formats[] = {"u", "U", "vu"};
    for (size_t f = 0; f < 3; f++) {
        struct arrow_maker maker = two_columns(
            arrow_coded("user", f ? "C" : "c", rows, codes, arrow_texts("", formats[f], 5, known)),
            arrow_texts("item", "u", rows, items));
        check_read(&maker, NULL, PAIRS "||");
    }
}
END_TEST

/* Each table has another dictionary, or the same codes with other meanings. */
START_TEST(a_dictionary_of_each_table)
{
    static const signed char first[] = {0, 1}, second[] = {0, 1, 2};
    static const char *const one[] = {"ann", "bob"}, *const other[] = {"bob", "ann", "cid"};
    struct arrow_maker maker = {.table_count = 4};
    for (size_t t = 0; t < 4; t++) {
        bool longer = t % 2;
        size_t count = longer ? 3 : 2;
        arrow_add(&maker.tables[t], arrow_coded("user", "c", count, longer ? second : first,
                                                arrow_texts("", "u", count, longer ? other : one)));
        arrow_add(&maker.tables[t], arrow_texts("item", "u", count, items));
    }
    check_read(&maker, NULL,
               "ann>pen bob>ink bob>pen ann>ink cid>an item with a long id "
               "ann>pen bob>ink bob>pen ann>ink cid>an item with a long id||");
}
END_TEST

START_TEST(integers_are_their_digits)
{
    static const int64_t far[] = {7, INT64_MIN, 7, INT64_MAX};
    static const uint64_t hashes[] = {UINT64_MAX, 0, 1 << 20, UINT64_MAX};
    static const int16_t small[] = {-1, 300, 0, 300};
    static const uint8_t tiny[] = {0, 255, 7, 0};
    struct arrow_maker maker = two_columns(arrow_plain("user", "l", rows, far, 8),
                                           arrow_plain("item", "L", rows, hashes, 8));
    check_read(&maker, NULL,
               "7>18446744073709551615 -9223372036854775808>0 7>1048576 "
               "9223372036854775807>18446744073709551615||");
    maker = two_columns(arrow_plain("user", "s", rows, small, 2),
                        arrow_plain("item", "C", rows, tiny, 1));
    check_read(&maker, NULL, "-1>0 300>255 0>7 300>0||");
    maker = two_columns(arrow_coded("user", "c", rows, (const signed char[]){1, 0, 1, 1},
                                    arrow_plain("", "s", 2, small, 2)),
                        arrow_texts("item", "u", rows, items));
    check_read(&maker, NULL, "300>pen -1>ink 300>an item with a long id 300>pen||");
}
END_TEST

/* Ids that are numbers from 0 on are not taken as row numbers: they are ids, as in a file. */
START_TEST(the_same_as_from_a_file)
{
    static const int32_t user[] = {3, 1, 3}, item[] = {20, 10, 10};
    struct arrow_maker maker =
        two_columns(arrow_plain("user", "i", 3, user, 4), arrow_plain("item", "i", 3, item, 4));
    struct folder folder = folder_begin();
    struct path path = folder_write_text(&folder, "x.tsv", "user\titem\n3\t20\n1\t10\n3\t10\n");
    diffmm_dataset *file = new_dataset();
    char text[200];
    expect_success(diffmm_dataset_read_interactions(file, DIFFMM_TRAIN, path.text));
    tell(file, text, sizeof text);
    check_read(&maker, NULL, text);
    diffmm_dataset_destroy(file);
    folder_end(&folder);
}
END_TEST

START_TEST(ratings_of_every_kind)
{
    static const double real[] = {4.5, NAN, -1};
    static const float single[] = {4.5f, NAN, -1};
    static const uint16_t half[] = {0x4480, 0x7e00, 0xbc00};
    static const int8_t tiny[] = {5, 0, -1};
    static const int64_t decimal[] = {450, 0, 0, 0, -100, -1};
    static const int32_t decimal32[] = {45, 0, -10};
    static const char *const text[] = {"4.5", "", "-1"};
    static const unsigned char bits[3] = {5};
#define PEN_INK(a, b, c) "ann>pen" a " bob>ink" b " ann>an item with a long id" c "||"
    struct arrow_maker maker = with_column(arrow_plain("rating", "g", 3, real, 8));
    check_read(&maker, NULL, PEN_INK("@4.5", "", "@-1"));
    maker = with_column(arrow_plain("Rating", "f", 3, single, 4));
    check_read(&maker, NULL, PEN_INK("@4.5", "", "@-1"));
    maker = with_column(arrow_plain("stars", "e", 3, half, 2));
    check_read(&maker, NULL, PEN_INK("@4.5", "", "@-1"));
    maker = with_column(arrow_plain("overall", "c", 3, tiny, 1));
    check_read(&maker, NULL, PEN_INK("@5", "@0", "@-1"));
    maker = with_column(arrow_plain("rating", "d:5,2", 3, decimal, 16));
    check_read(&maker, NULL, PEN_INK("@4.5", "@0", "@-1"));
    maker = with_column(arrow_plain("rating", "d:3,1,32", 3, decimal32, 4));
    check_read(&maker, NULL, PEN_INK("@4.5", "@0", "@-1"));
    maker = with_column(arrow_plain("rating", "d:30,28", 3, decimal, 16));
    check_read(&maker, NULL, PEN_INK("@4.5e-26", "@0", "@-1e-26"));
    maker = with_column(arrow_plain("rating", "b", 3, bits, 1));
    check_read(&maker, NULL, PEN_INK("@1", "@0", "@1"));
    maker = with_column(arrow_texts("rating", "u", 3, text));
    check_read(&maker, NULL, PEN_INK("@4.5", "", "@-1"));
    maker = with_column((struct arrow_column){.name = "rating", .format = "n", .length = 3});
    check_read(&maker, NULL, PEN_INK("", "", ""));
}
END_TEST

START_TEST(times_of_every_kind)
{
    static const int64_t seconds[] = {978300760, 0, -1}, milliseconds[] = {978300760123, 0, -1},
                         nanoseconds[] = {978300760000001000, 0, -1000};
    static const int32_t days[] = {1, 0, -1};
    static const double real[] = {1.5, NAN, -1};
    static const char *const text[] = {"2000-12-31T22:12:40", "", "1970-01-01"};
    struct arrow_maker maker = with_column(arrow_plain("timestamp", "tss:", 3, seconds, 8));
    check_read(&maker, NULL, PEN_INK("/978300760000000", "/0", "/-1000000"));
    maker = with_column(arrow_plain("time", "tsm:Europe/Berlin", 3, milliseconds, 8));
    check_read(&maker, NULL, PEN_INK("/978300760123000", "/0", "/-1000"));
    maker = with_column(arrow_plain("ts", "tsu:UTC", 3, milliseconds, 8));
    check_read(&maker, NULL, PEN_INK("/978300760123", "/0", "/-1"));
    maker = with_column(arrow_plain("ts", "tsn:", 3, nanoseconds, 8));
    check_read(&maker, NULL, PEN_INK("/978300760000001", "/0", "/-1"));
    maker = with_column(arrow_plain("date", "tdD", 3, days, 4));
    check_read(&maker, NULL, PEN_INK("/86400000000", "/0", "/-86400000000"));
    maker = with_column(arrow_plain("date", "tdm", 3, milliseconds, 8));
    check_read(&maker, NULL, PEN_INK("/978300760123000", "/0", "/-1000"));
    maker = with_column(arrow_plain("ts", "l", 3, seconds, 8));
    check_read(&maker, NULL, PEN_INK("/978300760000000", "/0", "/-1000000"));
    maker = with_column(arrow_plain("ts", "g", 3, real, 8));
    check_read(&maker, NULL, PEN_INK("/1500000", "", "/-1000000"));
    maker = with_column(arrow_texts("ts", "u", 3, text));
    check_read(&maker, NULL, PEN_INK("/978300760000000", "", "/0"));
}
END_TEST

START_TEST(splits_of_every_kind)
{
    static const char *const named[] = {"test", NULL, "valid", ""}, *const numbered[] = {"2", "0",
                                                                                         "1", ""};
    static const int32_t numbers[] = {2, 0, 1, 0};
#define SPLIT "bob>ink a person with a long id>pen|ann>an item with a long id|ann>pen"
    struct arrow_maker maker = with_column(arrow_texts("split", "u", rows, named));
    check_read(&maker, NULL, SPLIT);
    maker = with_column(arrow_texts("x_label", "u", rows, numbered));
    check_read(&maker, NULL, SPLIT);
    maker = with_column(arrow_plain("split", "i", rows, numbers, 4));
    check_read(&maker, NULL, SPLIT);
}
END_TEST

/* Columns and tables that begin within their buffers. */
START_TEST(offsets_count)
{
    static const int64_t times[] = {9, 9, 1, 2, 9};
    static const char *const user[] = {"x", "y", "ann", "bob", "z"}, *const item[] = {"pen", "ink",
                                                                                      "x"};
    struct arrow_maker maker = {.table_count = 1};
    struct arrow_table *table = &maker.tables[0];
    struct arrow_column *column = arrow_add(table, arrow_texts("user", "u", 5, user));
    column->offset = 2;
    column->length = 3;
    arrow_mark(column, "00110");
    arrow_add(table, arrow_texts("item", "vu", 3, item));
    column = arrow_add(table, arrow_plain("time", "tsu:", 5, times, 8));
    column->offset = 1;
    column->length = 4;
    table->offset = 1;
    table->length = 1;
    check_read(&maker, NULL, "bob>ink/1||");
}
END_TEST

START_TEST(what_may_be_missing)
{
    static const double ratings[] = {1, 2, 3, 4};
    static const int64_t times[] = {1, 2, 3, 4};
    struct arrow_maker maker = with_column(arrow_plain("rating", "g", rows, ratings, 8));
    arrow_mark(&maker.tables[0].columns[2], "0111");
    maker.tables[0].columns[2].null_count = -1;
    arrow_mark(arrow_add(&maker.tables[0], arrow_plain("time", "l", rows, times, 8)), "1110");
    check_read(&maker, NULL,
               "ann>pen/1000000 bob>ink@2/2000000 ann>an item with a long id@3/3000000 "
               "a person with a long id>pen@4||");
}
END_TEST

START_TEST(tables_without_rows)
{
    struct arrow_maker maker = {.table_count = 3};
    for (size_t t = 0; t < 3; t++) {
        struct arrow_column user = arrow_texts("user", "u", t == 1 ? 2 : 0, users),
                            item = arrow_texts("item", "u", t == 1 ? 2 : 0, items);
        if (t == 0) {
            free(user.buffers[1].bytes);
            user.buffers[1] = (struct arrow_buffer){0};
        }
        arrow_add(&maker.tables[t], user);
        arrow_add(&maker.tables[t], item);
    }
    check_read(&maker, NULL, "ann>pen bob>ink||");
    struct arrow_maker none = {.table_count = 1};
    arrow_add(&none.tables[0], arrow_texts("user", "u", 0, users));
    arrow_add(&none.tables[0], arrow_texts("item", "u", 0, items));
    check_read(&none, NULL, "||");
}
END_TEST

START_TEST(columns_by_name)
{
    static const int64_t bought[] = {1, 2};
    struct arrow_maker maker = {.table_count = 1};
    arrow_add(&maker.tables[0], arrow_texts("item", "u", 2, users));
    arrow_add(&maker.tables[0], arrow_texts("product", "u", 2, items));
    arrow_add(&maker.tables[0], arrow_plain("bought", "tss:", 2, bought, 8));
    arrow_add(&maker.tables[0], arrow_plain("rating", "+r", 2, bought, 8)); /* not looked at */
    const diffmm_arrow_columns columns = {.struct_size = sizeof columns,
                                          .user = "item",
                                          .item = "product",
                                          .timestamp = "bought",
                                          .rating = ""};
    check_read(&maker, &columns, "ann>pen/1000000 bob>ink/2000000||");
}
END_TEST

/* Of several columns with usual names, the more usual. */
START_TEST(columns_by_their_usual_names)
{
    struct arrow_maker maker = {.table_count = 1};
    arrow_add(&maker.tables[0], arrow_texts("asin", "u", 2, users));
    arrow_add(&maker.tables[0], arrow_texts("item_id", "u", 2, items));
    arrow_add(&maker.tables[0], arrow_texts("reviewerID", "u", 2, users));
    check_read(&maker, NULL, "ann>pen bob>ink||");
}
END_TEST

START_TEST(columns_that_are_not_there)
{
    struct arrow_maker maker =
        two_columns(arrow_texts("who", "u", 2, users), arrow_texts("item", "u", 2, items));
    check_refused(&maker, NULL, DIFFMM_ERROR_FORMAT,
                  "there is no column 'user', but 'who', 'item'; name it");
    maker = two_columns(arrow_texts("user", "u", 2, users), arrow_texts("item", "u", 2, items));
    const diffmm_arrow_columns wrong = {.struct_size = sizeof wrong, .timestamp = "when"};
    check_refused(&maker, &wrong, DIFFMM_ERROR_NOT_FOUND,
                  "there is no column 'when', but 'user', 'item'");
    maker = two_columns(arrow_texts("user", "u", 2, users), arrow_texts("item", "u", 2, items));
    arrow_add(&maker.tables[0], arrow_texts("user", "u", 2, users));
    check_refused(&maker, NULL, DIFFMM_ERROR_FORMAT, "column 'user' occurs twice");
}
END_TEST

START_TEST(missing_ids)
{
    static const char *const gap[] = {"ann", NULL}, *const empty[] = {"ann", ""},
                             *const bytes[] = {"ann", "\xff"};
    static const signed char codes[] = {0, 1};
    struct arrow_maker maker = {.table_count = 2};
    arrow_add(&maker.tables[0], arrow_texts("user", "u", 2, users));
    arrow_add(&maker.tables[0], arrow_texts("item", "u", 2, items));
    arrow_add(&maker.tables[1], arrow_texts("user", "u", 2, users));
    arrow_add(&maker.tables[1], arrow_texts("item", "u", 2, gap));
    check_refused(&maker, NULL, DIFFMM_ERROR_FORMAT, "row 3: column 'item' is null");
    maker = two_columns(arrow_coded("user", "c", 2, codes, arrow_texts("", "u", 2, gap)),
                        arrow_texts("item", "u", 2, items));
    check_refused(&maker, NULL, DIFFMM_ERROR_FORMAT, "row 1: column 'user' is null");
    maker = two_columns(arrow_coded("user", "c", 2, codes, arrow_texts("", "u", 2, users)),
                        arrow_texts("item", "u", 2, items));
    arrow_mark(&maker.tables[0].columns[0], "01");
    check_refused(&maker, NULL, DIFFMM_ERROR_FORMAT, "row 0: column 'user' is null");
    maker = two_columns(arrow_texts("user", "u", 2, users), arrow_texts("item", "u", 2, empty));
    check_refused(&maker, NULL, DIFFMM_ERROR_FORMAT, "row 1: column 'item' is empty");
    maker = two_columns(arrow_texts("user", "vu", 2, users), arrow_texts("item", "vu", 2, bytes));
    check_refused(&maker, NULL, DIFFMM_ERROR_FORMAT, "row 1: column 'item' is not UTF-8");
    maker = two_columns(arrow_texts("user", "u", 2, users), arrow_texts("item", "u", 2, items));
    maker.tables[0].null_count = 1;
    maker.tables[0].validity = malloc(1);
    *maker.tables[0].validity = 1;
    maker.tables[0].validity_size = 1;
    check_refused(&maker, NULL, DIFFMM_ERROR_FORMAT, "row 1: column 'user' is null");
    maker = two_columns((struct arrow_column){.name = "user", .format = "n", .length = 2},
                        arrow_texts("item", "u", 2, items));
    check_refused(&maker, NULL, DIFFMM_ERROR_FORMAT, "row 0: column 'user' is null");
}
END_TEST

START_TEST(types_that_are_not_read)
{
    static const double real[] = {1, 2};
    static const int64_t integers[] = {1, 2};
    struct arrow_maker maker =
        two_columns(arrow_plain("user", "g", 2, real, 8), arrow_texts("item", "u", 2, items));
    check_refused(&maker, NULL, DIFFMM_ERROR_UNSUPPORTED,
                  "column 'user' has the type 'g'; it must be strings or integers");
    maker = two_columns(arrow_plain("user", "+r", 2, real, 8), arrow_texts("item", "u", 2, items));
    check_refused(&maker, NULL, DIFFMM_ERROR_UNSUPPORTED, "(run-end encoded)");
    maker = with_column(arrow_plain("rating", "tdD", 2, integers, 4));
    check_refused(&maker, NULL, DIFFMM_ERROR_UNSUPPORTED, "it must be numbers");
    maker = with_column(arrow_plain("ts", "ttu", 2, integers, 8));
    check_refused(&maker, NULL, DIFFMM_ERROR_UNSUPPORTED, "it must be timestamps");
    maker = with_column(arrow_plain("split", "g", 2, real, 8));
    check_refused(&maker, NULL, DIFFMM_ERROR_UNSUPPORTED, "it must be strings or integers");
    maker = two_columns(arrow_texts("user", "u", 2, users), arrow_texts("item", "u", 2, items));
    maker.format = "u";
    check_refused(&maker, NULL, DIFFMM_ERROR_FORMAT, "a stream of tables");
}
END_TEST

START_TEST(values_that_cannot_be_meant)
{
    static const double infinite[] = {1, INFINITY}, far[] = {1, 1e30};
    static const int64_t late[] = {0, INT64_MAX};
    static const uint64_t great[] = {0, UINT64_MAX};
    static const int32_t splits[] = {0, 3};
    static const char *const text[] = {"1", "many"};
    struct arrow_maker maker = with_column(arrow_plain("rating", "g", 2, infinite, 8));
    check_refused(&maker, NULL, DIFFMM_ERROR_NUMERIC, "row 1: column 'rating' is infinite");
    maker = with_column(arrow_texts("rating", "u", 2, text));
    check_refused(&maker, NULL, DIFFMM_ERROR_FORMAT,
                  "row 1: column 'rating' is not a number: 'many'");
    maker = with_column(arrow_plain("ts", "tss:", 2, late, 8));
    check_refused(&maker, NULL, DIFFMM_ERROR_FORMAT, "row 1: column 'ts' is more than");
    maker = with_column(arrow_plain("ts", "g", 2, far, 8));
    check_refused(&maker, NULL, DIFFMM_ERROR_FORMAT, "row 1: column 'ts' is more than");
    maker = with_column(arrow_plain("ts", "L", 2, great, 8));
    check_refused(&maker, NULL, DIFFMM_ERROR_FORMAT, "row 1: column 'ts' is 9223372036854775808");
    maker = with_column(arrow_texts("ts", "u", 2, text));
    check_refused(&maker, NULL, DIFFMM_ERROR_FORMAT, "row 1: column 'ts' is not a number and no");
    maker = with_column(arrow_plain("split", "i", 2, splits, 4));
    check_refused(&maker, NULL, DIFFMM_ERROR_FORMAT, "row 1: column 'split' is 3, not one of");
    maker = with_column(arrow_texts("split", "u", 2, text));
    check_refused(&maker, NULL, DIFFMM_ERROR_FORMAT, "row 0: column 'split' is not one of train");
}
END_TEST

START_TEST(a_stream_that_fails)
{
    struct arrow_maker maker =
        two_columns(arrow_texts("user", "u", 2, users), arrow_texts("item", "u", 2, items));
    maker.schema_fails = 5;
    maker.why = "the tape is torn";
    check_refused(&maker, NULL, DIFFMM_ERROR_CALLBACK,
                  "get_schema (table 0) returned 5: the tape is torn");
    maker = two_columns(arrow_texts("user", "u", 2, users), arrow_texts("item", "u", 2, items));
    maker.next_fails = 12;
    check_refused(&maker, NULL, DIFFMM_ERROR_CALLBACK,
                  "get_next (table 2) returned 12: it does not say why");
}
END_TEST

/* Whatever is wrong with the other arguments, the stream comes back. */
START_TEST(the_stream_is_released_in_any_case)
{
    struct arrow_maker maker =
        two_columns(arrow_texts("user", "u", 2, users), arrow_texts("item", "u", 2, items));
    diffmm_dataset *dataset = new_dataset();
    struct ArrowArrayStream stream = arrow_stream(&maker);
    expect_invalid(diffmm_dataset_read_arrow(NULL, DIFFMM_TRAIN, &stream, NULL), "dataset");
    ck_assert(arrow_all_back(&maker) && !stream.release);
    expect_invalid(diffmm_dataset_read_arrow(dataset, DIFFMM_TRAIN, &stream, NULL), "stream");
    expect_invalid(diffmm_dataset_read_arrow(dataset, DIFFMM_TRAIN, NULL, NULL), "stream");
    stream = arrow_stream(&maker);
    expect_invalid(diffmm_dataset_read_arrow(dataset, (diffmm_split)3, &stream, NULL), "split");
    ck_assert(arrow_all_back(&maker) && !stream.release);
    const diffmm_arrow_columns columns = {.struct_size = 3};
    stream = arrow_stream(&maker);
    expect_invalid(diffmm_dataset_read_arrow(dataset, DIFFMM_TRAIN, &stream, &columns), "columns");
    ck_assert(arrow_all_back(&maker) && !stream.release);
    expect_success(read_into(dataset, &maker, NULL));
    expect_success(diffmm_dataset_seal(dataset));
    expect_failure(read_into(dataset, &maker, NULL), DIFFMM_ERROR_STATE, "sealed");
    diffmm_dataset_destroy(dataset);
    arrow_maker_end(&maker);
}
END_TEST

START_TEST(ids_do_not_join_numbers)
{
    static const int32_t number[] = {0};
    diffmm_dataset *dataset = new_dataset();
    struct arrow_maker maker =
        two_columns(arrow_plain("user", "i", 1, number, 4), arrow_plain("item", "i", 1, number, 4));
    expect_success(diffmm_dataset_add_interactions(dataset, DIFFMM_TRAIN, 1, number, number));
    expect_failure(read_into(dataset, &maker, NULL), DIFFMM_ERROR_STATE, "by number");
    diffmm_dataset_destroy(dataset);
    arrow_maker_end(&maker);
}
END_TEST

START_TEST(declared_items_alone)
{
    static const char *const declared[] = {"ink", "pen"};
    diffmm_dataset *dataset = new_dataset();
    struct arrow_maker maker =
        two_columns(arrow_texts("user", "u", rows, users), arrow_texts("item", "u", rows, items));
    expect_success(diffmm_dataset_declare_items(dataset, 2, declared));
    expect_failure(read_into(dataset, &maker, NULL), DIFFMM_ERROR_FORMAT,
                   "row 2: column 'item' is refused: item 'an item with a long id' is not among");
    diffmm_dataset_destroy(dataset);
    arrow_maker_end(&maker);
}
END_TEST

/* What a maker may do wrong that can be seen. */
static void spoil_and_refuse(void (*spoil)(struct arrow_table *table), const char *says)
{
    static const signed char codes[] = {0, 1};
    struct arrow_maker maker = {.table_count = 1};
    arrow_add(&maker.tables[0], arrow_texts("user", "u", 2, users));
    arrow_add(&maker.tables[0], arrow_texts("item", "vu", 2, items + 2));
    arrow_add(&maker.tables[0],
              arrow_coded("split", "c", 2, codes,
                          arrow_texts("", "u", 2, (const char *const[]){"train", "test"})));
    spoil(&maker.tables[0]);
    check_refused(&maker, NULL, DIFFMM_ERROR_FORMAT, says);
}

static void set_offset(struct arrow_table *table, size_t index, int32_t offset)
{
    memcpy((char *)table->columns[0].buffers[1].bytes + 4 * index, &offset, 4);
}

static void set_view(struct arrow_table *table, size_t member, int32_t value)
{
    memcpy((char *)table->columns[1].buffers[1].bytes + 4 * member, &value, 4);
}

static void negative_offset(struct arrow_table *table)
{
    set_offset(table, 0, -1);
}

static void falling_offset(struct arrow_table *table)
{
    set_offset(table, 1, 7);
}

static void offset_beyond_the_last(struct arrow_table *table)
{
    set_offset(table, 0, 100);
    set_offset(table, 1, 100);
}

static void long_view(struct arrow_table *table)
{
    set_view(table, 0, INT32_MAX);
}

static void negative_view(struct arrow_table *table)
{
    set_view(table, 0, -1);
}

static void view_of_no_buffer(struct arrow_table *table)
{
    set_view(table, 2, 1);
}

static void view_before_its_buffer(struct arrow_table *table)
{
    set_view(table, 3, -1);
}

static void view_behind_its_buffer(struct arrow_table *table)
{
    set_view(table, 3, 1);
}

static void no_sizes(struct arrow_table *table)
{
    free(table->columns[1].buffers[3].bytes);
    table->columns[1].buffers[3].bytes = NULL;
}

static void too_few_buffers(struct arrow_table *table)
{
    table->columns[0].buffer_count = 2;
}

static void no_offsets(struct arrow_table *table)
{
    free(table->columns[0].buffers[1].bytes);
    table->columns[0].buffers[1].bytes = NULL;
}

static void no_characters(struct arrow_table *table)
{
    free(table->columns[0].buffers[2].bytes);
    table->columns[0].buffers[2].bytes = NULL;
}

static void nulls_nowhere(struct arrow_table *table)
{
    table->columns[0].null_count = 1;
}

static void negative_length(struct arrow_table *table)
{
    table->length = -1;
}

static void too_long(struct arrow_table *table)
{
    table->length = 3;
}

static void huge_offset(struct arrow_table *table)
{
    table->columns[0].offset = INT64_MAX;
}

static void huge_table(struct arrow_table *table)
{
    table->offset = INT64_MAX;
}

static void code_beyond(struct arrow_table *table)
{
    *(signed char *)table->columns[2].buffers[1].bytes = 2;
}

static void code_below(struct arrow_table *table)
{
    *(signed char *)table->columns[2].buffers[1].bytes = -1;
}

START_TEST(malformed_arrays)
{
    spoil_and_refuse(negative_offset, "row 0: column 'user' lies outside");
    spoil_and_refuse(falling_offset, "row 0: column 'user' lies outside");
    spoil_and_refuse(offset_beyond_the_last, "row 0: column 'user' lies outside");
    spoil_and_refuse(long_view, "row 0: column 'item' lies outside");
    spoil_and_refuse(negative_view, "row 0: column 'item' lies outside");
    spoil_and_refuse(view_of_no_buffer, "row 0: column 'item' lies outside");
    spoil_and_refuse(view_before_its_buffer, "row 0: column 'item' lies outside");
    spoil_and_refuse(view_behind_its_buffer, "row 0: column 'item' lies outside");
    spoil_and_refuse(no_sizes, "column 'item' of table 1: the sizes");
    spoil_and_refuse(too_few_buffers, "column 'user' of table 1: it has not the buffers");
    spoil_and_refuse(no_offsets, "column 'user' of table 1: a buffer is missing");
    spoil_and_refuse(no_characters, "row 0: column 'user' lies outside");
    spoil_and_refuse(nulls_nowhere, "column 'user' of table 1: it has nulls");
    spoil_and_refuse(negative_length, "table 1 has -1 rows");
    spoil_and_refuse(too_long, "column 'user' of table 1 has 2 values for 3 rows");
    spoil_and_refuse(huge_offset, "column 'user' of table 1: its length or offset");
    spoil_and_refuse(huge_table, "table 1 has 2 rows from offset 9223372036854775807");
    spoil_and_refuse(code_beyond, "row 0: column 'split' has a code");
    spoil_and_refuse(code_below, "row 0: column 'split' has a code");
}
END_TEST

/* The stream's functions may call the library: reading is answered, changing is refused, and a data
 * set that they destroy ends when the call ends. */
struct inside {
    diffmm_dataset *dataset;
    size_t users;
    diffmm_status change;
};

static void call_inside(void *data)
{
    static const int32_t one[] = {1};
    struct inside *inside = data;
    inside->users = diffmm_dataset_users(inside->dataset);
    inside->change = diffmm_dataset_add_interactions(inside->dataset, DIFFMM_TRAIN, 1, one, one);
    if (inside->users == 2)
        diffmm_dataset_destroy(inside->dataset);
}

START_TEST(calls_from_the_stream)
{
    struct arrow_maker maker =
        two_columns(arrow_texts("user", "u", 2, users), arrow_texts("item", "u", 2, items));
    struct inside inside = {.dataset = new_dataset()};
    maker.called = call_inside;
    maker.called_data = &inside;
    expect_success(read_into(inside.dataset, &maker, NULL));
    ck_assert_uint_eq(inside.users, 2);
    ck_assert_int_eq(inside.change, DIFFMM_ERROR_STATE);
    arrow_maker_end(&maker);
}
END_TEST

int main(void)
{
    TCase *cases = tcase_create("interactions_arrow");
    with_traps(cases);
    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, strings_of_every_kind);
    tcase_add_test(cases, dictionaries_of_every_kind);
    tcase_add_test(cases, a_dictionary_of_each_table);
    tcase_add_test(cases, integers_are_their_digits);
    tcase_add_test(cases, the_same_as_from_a_file);
    tcase_add_test(cases, ratings_of_every_kind);
    tcase_add_test(cases, times_of_every_kind);
    tcase_add_test(cases, splits_of_every_kind);
    tcase_add_test(cases, offsets_count);
    tcase_add_test(cases, what_may_be_missing);
    tcase_add_test(cases, tables_without_rows);
    tcase_add_test(cases, columns_by_name);
    tcase_add_test(cases, columns_by_their_usual_names);
    tcase_add_test(cases, columns_that_are_not_there);
    tcase_add_test(cases, missing_ids);
    tcase_add_test(cases, types_that_are_not_read);
    tcase_add_test(cases, values_that_cannot_be_meant);
    tcase_add_test(cases, a_stream_that_fails);
    tcase_add_test(cases, the_stream_is_released_in_any_case);
    tcase_add_test(cases, ids_do_not_join_numbers);
    tcase_add_test(cases, declared_items_alone);
    tcase_add_test(cases, malformed_arrays);
    tcase_add_test(cases, calls_from_the_stream);
    return run_case("interactions_arrow", cases);
}
