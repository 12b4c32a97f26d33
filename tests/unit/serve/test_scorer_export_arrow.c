/* SPDX-License-Identifier: BSD-2-Clause */
/* Streams of tables that a scorer makes: vectors and recommendations. */
#include <errno.h>
#include <stdio.h>

#include <diffmm/arrow.h>

#include "serve/index_rows.h"
#include "support/failing.h"
#include "support/failure.h"
#include "support/small_model.h"

enum { users = 7, items = 37, d = 19, count = 5 };

static struct failing failing;
static diffmm_context *context;
static diffmm_model *model;
static diffmm_scorer *scorer;

static void begin(void)
{
    failing = (struct failing){0};
    context = failing_context(&failing, 1);
    model = small_model(context, users, items, d, true);
    expect_success(diffmm_scorer_create(model, &scorer));
}

static void end(void)
{
    diffmm_scorer_destroy(scorer);
    diffmm_model_destroy(model);
    diffmm_context_destroy(context);
}

/* The text of a row of a column "u". */
static void check_text(const struct ArrowArray *column, size_t row, const char *wanted)
{
    const int32_t *offsets = column->buffers[1];
    size_t length = (size_t)(offsets[row + 1] - offsets[row]);
    ck_assert_uint_eq(length, strlen(wanted));
    ck_assert_mem_eq((const char *)column->buffers[2] + offsets[row], wanted, length);
}

START_TEST(vectors_and_their_ids)
{
    for (int side = DIFFMM_USERS; side <= DIFFMM_ITEMS; side++) {
        struct ArrowArrayStream stream;
        struct ArrowSchema schema;
        struct ArrowArray table, none;
        bool of_users = side == DIFFMM_USERS;
        size_t rows = of_users ? users : items;
        expect_success(diffmm_scorer_export_arrow(scorer, (diffmm_side)side, &stream));
        ck_assert_int_eq(stream.get_schema(&stream, &schema), 0);
        ck_assert_str_eq(schema.format, "+s");
        ck_assert_int_eq(schema.n_children, 2);
        ck_assert_str_eq(schema.children[0]->name, of_users ? "user" : "item");
        ck_assert_str_eq(schema.children[0]->format, "u");
        ck_assert_str_eq(schema.children[1]->name, "vector");
        ck_assert_str_eq(schema.children[1]->format, "+w:19");
        ck_assert_str_eq(schema.children[1]->children[0]->format, "f");
        ck_assert_int_eq(stream.get_next(&stream, &table), 0);
        ck_assert_int_eq(stream.get_next(&stream, &none), 0);
        ck_assert_ptr_null(none.release);
        stream.release(&stream);
        ck_assert_ptr_null(stream.release);
        ck_assert_int_eq(table.length, (int64_t)rows);
        const float *vectors = of_users ? scorer->users : scorer->items;
        ck_assert_mem_eq(table.children[1]->children[0]->buffers[1], vectors,
                         rows * d * sizeof *vectors);
        for (size_t row = 0; row < rows; row++)
            check_text(table.children[0], row,
                       of_users ? diffmm_scorer_user_id(scorer, (int32_t)row)
                                : diffmm_scorer_item_id(scorer, (int32_t)row));
        schema.release(&schema);
        table.release(&table);
    }
}
END_TEST

/* For an index of distances, the rows are those of the file. */
START_TEST(vectors_for_distances)
{
    for (int side = DIFFMM_USERS; side <= DIFFMM_ITEMS; side++) {
        struct ArrowArrayStream stream;
        struct ArrowSchema schema;
        struct ArrowArray table;
        struct diffmm__index_rows rows;
        float wanted[items * (d + 1)];
        size_t total = side == DIFFMM_USERS ? users : items;
        expect_success(diffmm__index_rows_begin(scorer, (diffmm_side)side, DIFFMM_INDEX_L2, &rows));
        diffmm__index_rows_copy(&rows, 0, total, wanted);
        expect_success(
            diffmm_scorer_export_arrow_for(scorer, (diffmm_side)side, DIFFMM_INDEX_L2, &stream));
        ck_assert_int_eq(stream.get_schema(&stream, &schema), 0);
        ck_assert_str_eq(schema.children[1]->format, "+w:20");
        ck_assert_int_eq(stream.get_next(&stream, &table), 0);
        ck_assert_int_eq(table.length, (int64_t)total);
        ck_assert_mem_eq(table.children[1]->children[0]->buffers[1], wanted,
                         total * (d + 1) * sizeof *wanted);
        schema.release(&schema);
        table.release(&table);
        stream.release(&stream);
    }
}
END_TEST

/* All rows of a stream against the hits of the users. */
static void check_hits(struct ArrowArrayStream *stream, size_t user_count, const int32_t *whom,
                       const diffmm_query *query)
{
    diffmm_hit hits[users * items];
    size_t found[users], b = 0, i = 0, tables = 0;
    expect_success(diffmm_recommend_users(scorer, user_count, whom, query, hits, found));
    for (struct ArrowArray table;; table.release(&table), tables++) {
        ck_assert_int_eq(stream->get_next(stream, &table), 0);
        if (!table.release)
            break;
        for (size_t row = 0; row < (size_t)table.length; row++, i++) {
            for (; i == found[b]; b++)
                i = 0;
            const diffmm_hit *hit = &hits[b * query->count + i];
            check_text(table.children[0], row,
                       diffmm_scorer_user_id(scorer, whom ? whom[b] : (int32_t)b));
            check_text(table.children[1], row, diffmm_scorer_item_id(scorer, hit->item));
            ck_assert_int_eq(((const int32_t *)table.children[2]->buffers[1])[row], (int)i + 1);
            ck_assert_mem_eq((const float *)table.children[3]->buffers[1] + row, &hit->score,
                             sizeof hit->score);
        }
    }
    ck_assert_uint_eq(i, found[b]);
    ck_assert(b + 1 == user_count || tables == 0);
    stream->release(stream);
}

START_TEST(recommendations_of_users)
{
    struct ArrowArrayStream stream;
    const diffmm_query query = {.struct_size = sizeof query, .count = count};
    const int32_t some[] = {3, 1, 3};
    expect_success(diffmm_recommend_arrow(scorer, users, NULL, &query, &stream));
    check_hits(&stream, users, NULL, &query);
    expect_success(diffmm_recommend_arrow(scorer, 3, some, &query, &stream));
    check_hits(&stream, 3, some, &query);
}
END_TEST

/* The stream has copies of what the query points at. */
START_TEST(the_query_is_copied)
{
    struct ArrowArrayStream stream;
    int32_t exclude[] = {4, 2}, candidates[] = {9, 4, 7, 11}, some[] = {2, 5};
    uint8_t allowed[5] = {0xff, 0xfb, 0xff, 0xff, 0xff};
    diffmm_query query = {.struct_size = sizeof query,
                          .count = count,
                          .exclude = exclude,
                          .exclude_count = 2,
                          .candidates = candidates,
                          .candidate_count = 4,
                          .allowed = allowed,
                          .allowed_size = sizeof allowed,
                          .include_seen = 1};
    const diffmm_query later = query;
    int32_t exclude_then[] = {4, 2}, candidates_then[] = {9, 4, 7, 11}, some_then[] = {2, 5};
    uint8_t allowed_then[sizeof allowed];
    memcpy(allowed_then, allowed, sizeof allowed);
    expect_success(diffmm_recommend_arrow(scorer, 2, some, &query, &stream));
    memset(exclude, 0, sizeof exclude);
    memset(candidates, 0, sizeof candidates);
    memset(allowed, 0, sizeof allowed);
    memset(some, 0, sizeof some);
    query = later;
    query.exclude = exclude_then;
    query.candidates = candidates_then;
    query.allowed = allowed_then;
    check_hits(&stream, 2, some_then, &query);
}
END_TEST

/* Users with nothing to recommend have no rows, and a stream of them no tables. */
START_TEST(nothing_to_recommend)
{
    struct ArrowArrayStream stream;
    struct ArrowArray table;
    const uint8_t allowed[5] = {0};
    const diffmm_query query = {.struct_size = sizeof query,
                                .count = count,
                                .allowed = allowed,
                                .allowed_size = sizeof allowed};
    expect_success(diffmm_recommend_arrow(scorer, users, NULL, &query, &stream));
    ck_assert_int_eq(stream.get_next(&stream, &table), 0);
    ck_assert_ptr_null(table.release);
    ck_assert_ptr_null(stream.get_last_error(&stream));
    stream.release(&stream);
}
END_TEST

/* A consumer may take a part out, release the whole, and the scorer may have ended before. */
START_TEST(parts_live_by_themselves)
{
    struct ArrowArrayStream stream;
    struct ArrowSchema schema, vector_type;
    struct ArrowArray table, vectors;
    float first;
    expect_success(diffmm_scorer_export_arrow(scorer, DIFFMM_ITEMS, &stream));
    memcpy(&first, scorer->items, sizeof first);
    diffmm_scorer_destroy(scorer);
    scorer = NULL;
    ck_assert_int_eq(stream.get_schema(&stream, &schema), 0);
    ck_assert_int_eq(stream.get_next(&stream, &table), 0);
    stream.release(&stream);
    vectors = *table.children[1];
    table.children[1]->release = NULL;
    table.release(&table);
    vector_type = *schema.children[1];
    schema.children[1]->release = NULL;
    schema.release(&schema);
    ck_assert_str_eq(vector_type.format, "+w:19");
    ck_assert_mem_eq(vectors.children[0]->buffers[1], &first, sizeof first);
    vector_type.release(&vector_type);
    vectors.release(&vectors);
}
END_TEST

static int stop(int32_t user, int32_t item, int32_t *keep, void *data)
{
    (void)user;
    (void)item;
    (void)keep;
    return *(int *)data;
}

/* The stream says why, as its thread does not, and goes on where the reason is gone. */
START_TEST(a_failure_can_be_tried_again)
{
    struct ArrowArrayStream stream;
    struct ArrowArray table;
    int answer = 1;
    const diffmm_query query = {
        .struct_size = sizeof query, .count = count, .filter = stop, .filter_data = &answer};
    expect_success(diffmm_recommend_arrow(scorer, users, NULL, &query, &stream));
    expect_invalid(diffmm_recommend_arrow(NULL, users, NULL, &query, &stream), "scorer");
    ck_assert_int_ne(stream.get_next(&stream, &table), 0);
    ck_assert_ptr_nonnull(strstr(stream.get_last_error(&stream), "filter"));
    ck_assert_ptr_nonnull(strstr(diffmm_error_message(), "scorer"));
    answer = 0;
    check_hits(&stream, users, NULL, &query);
}
END_TEST

/* Without memory at any place, nothing is lost and nothing is handed out. */
static diffmm_status make_and_read(void *side)
{
    const diffmm_query query = {.struct_size = sizeof query, .count = count};
    struct ArrowArrayStream stream;
    struct ArrowSchema schema = {0};
    struct ArrowArray table = {0};
    diffmm_status status =
        side ? diffmm_scorer_export_arrow(scorer, *(const diffmm_side *)side, &stream)
             : diffmm_recommend_arrow(scorer, users, NULL, &query, &stream);
    if (status)
        return status;
    int code = stream.get_schema(&stream, &schema);
    if (!code)
        code = stream.get_next(&stream, &table);
    ck_assert(code == 0 || (code == ENOMEM && strstr(stream.get_last_error(&stream), "memory")));
    if (schema.release)
        schema.release(&schema);
    if (table.release)
        table.release(&table);
    stream.release(&stream);
    return code ? DIFFMM_ERROR_NO_MEMORY : DIFFMM_OK;
}

START_TEST(without_memory)
{
    diffmm_side side = DIFFMM_ITEMS;
    ck_assert_uint_ge(fail_each_allocation(&failing, make_and_read, &side), 10);
    ck_assert_uint_ge(fail_each_allocation(&failing, make_and_read, NULL), 10);
}
END_TEST

int main(void)
{
    TCase *cases = tcase_create("scorer_export_arrow");
    with_traps(cases);
    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, vectors_and_their_ids);
    tcase_add_test(cases, vectors_for_distances);
    tcase_add_test(cases, recommendations_of_users);
    tcase_add_test(cases, the_query_is_copied);
    tcase_add_test(cases, nothing_to_recommend);
    tcase_add_test(cases, parts_live_by_themselves);
    tcase_add_test(cases, a_failure_can_be_tried_again);
    tcase_add_test(cases, without_memory);
    return run_case("scorer_export_arrow", cases);
}
