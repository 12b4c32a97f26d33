// SPDX-License-Identifier: BSD-2-Clause
/* Tables of the Arrow C interface. */
#include "support.hpp"

namespace
{
/* A table of two columns of integers, from arrays that stay where they are. */
struct one_table {
    bool given = false;
    int out = 0;
    const int32_t user[3] = {1, 1, 2}, thing[3] = {7, 8, 7};
    const void *no_buffer[1] = {nullptr}, *buffers[2][2] = {{nullptr, user}, {nullptr, thing}};
    ArrowSchema columns[2], *column_list[2] = {&columns[0], &columns[1]};
    ArrowArray arrays[2], *array_list[2] = {&arrays[0], &arrays[1]};

    static void release_schema(ArrowSchema *schema)
    {
        schema->release = nullptr;
    }
    static void release_array(ArrowArray *array)
    {
        array->release = nullptr;
    }
    static one_table &of(ArrowArrayStream *stream)
    {
        return *static_cast<one_table *>(stream->private_data);
    }
    static int get_schema(ArrowArrayStream *stream, ArrowSchema *out)
    {
        one_table &it = of(stream);
        it.columns[0] = {"i", "user", nullptr, 0, 0, nullptr, nullptr, release_schema, nullptr};
        it.columns[1] = {"i", "thing", nullptr, 0, 0, nullptr, nullptr, release_schema, nullptr};
        *out = {"+s", nullptr, nullptr, 0, 2, it.column_list, nullptr, release_schema, nullptr};
        return 0;
    }
    static int get_next(ArrowArrayStream *stream, ArrowArray *out)
    {
        one_table &it = of(stream);
        *out = {};
        if (it.given)
            return 0;
        for (int c = 0; c < 2; c++)
            it.arrays[c] = {3, 0, 0, 2, 0, it.buffers[c], nullptr, nullptr, release_array, nullptr};
        *out = {3, 0, 0, 1, 2, it.no_buffer, it.array_list, nullptr, release_array, nullptr};
        it.given = true;
        return 0;
    }
    static const char *get_last_error(ArrowArrayStream *)
    {
        return nullptr;
    }
    static void release(ArrowArrayStream *stream)
    {
        of(stream).out--;
        stream->release = nullptr;
    }
    ArrowArrayStream stream()
    {
        out++;
        return {get_schema, get_next, get_last_error, release, this};
    }
};

} // namespace

START_TEST(interactions_from_arrow)
{
    const diffmm::context context(1);
    one_table table;
    ArrowArrayStream stream = table.stream();
    diffmm_arrow_columns columns = {};
    columns.item = "thing";
    diffmm::dataset data(context);
    data.read_arrow(stream, DIFFMM_TRAIN, columns).seal();
    ck_assert_int_eq(table.out, 0);
    ck_assert_uint_eq(data.interactions(DIFFMM_TRAIN), 3);
    ck_assert_str_eq(data.user_id(1), "2");
    ck_assert_str_eq(data.item_id(1), "8");
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "stream",
                 [&] { diffmm::dataset(context).read_arrow(stream); });
}
END_TEST

/* A model's vectors go out, and come in as features of the same items. */
START_TEST(there_and_back)
{
    const diffmm::context context(1);
    diffmm::dataset data = small_data(context);
    const diffmm::scorer scorer(diffmm::model(data, small_options()));
    ArrowArrayStream stream;
    diffmm::dataset again(context);
    scorer.recommend_arrow({}, 3, stream);
    diffmm_arrow_columns columns = {};
    columns.rating = "score";
    again.read_arrow(stream, DIFFMM_TRAIN, columns);
    ck_assert_uint_eq(again.interactions(DIFFMM_TRAIN), 3 * scorer.users());
    scorer.export_arrow(DIFFMM_ITEMS, stream);
    again.read_modality_arrow("vector", stream).seal();
    ck_assert_uint_eq(again.modality_dimensions(0), scorer.dimensions());
    diffmm::query filtered;
    filtered.filter = [](std::int32_t, std::int32_t) { return true; };
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "filter",
                 [&] { scorer.recommend_arrow({}, 3, stream, filtered); });
}
END_TEST

TCase *arrow_cases()
{
    TCase *cases = tcase_create("arrow");
    tcase_add_test(cases, interactions_from_arrow);
    tcase_add_test(cases, there_and_back);
    return cases;
}
