/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables from DuckDB and back into it: what it writes as Parquet and as text gives the same data set,
 * and what is recommended ends up in a Parquet file. Skipped where DuckDB is not. */
#include <math.h>
#include <stdio.h>

#include <diffmm/diffmm.h>

#include "database.h"
#include "dataset/dataset.h"
#include "dataset/draft.h"
#include "support/context.h"
#include "support/failure.h"
#include "support/folder.h"
#include "support/settings.h"

static diffmm_context *context;
static struct folder folder;
static char text[128], parquet[128], enums[128];

/* More rows than a table of DuckDB has (2,048), from which some values are missing. */
static const char made[] =
    "SELECT 'user ' || (17 * i % 1009)::VARCHAR AS user_id, (31 * i + i // 700) % 577 AS movieId, "
    "CASE WHEN i % 11 = 0 THEN NULL ELSE (i % 10 / 2)::DECIMAL(3, 1) END AS rating, "
    "TIMESTAMP '2024-01-01' + INTERVAL (13 * i) SECOND AS timestamp, "
    "CASE WHEN i % 5 = 0 THEN 'test' WHEN i % 7 = 0 THEN NULL ELSE 'train' END AS split "
    "FROM range(9000) AS rows(i)";

static void begin(void)
{
    context = new_context(1);
    folder = folder_begin();
    folder_file(&folder, "x.tsv", text);
    folder_file(&folder, "x.parquet", parquet);
    folder_file(&folder, "enums.parquet", enums);
    database_open();
    char statement[1000];
    snprintf(statement, sizeof statement, "CREATE TABLE made AS %s", made);
    database_run("%s", statement);
    database_run("COPY made TO '%s' (DELIMITER '\t', HEADER)", text);
    database_run("COPY made TO '%s'", parquet);
}

static void end(void)
{
    database_close();
    folder_end(&folder);
    diffmm_context_destroy(context);
}

static diffmm_dataset *new_dataset(void)
{
    diffmm_dataset *dataset;
    expect_success(diffmm_dataset_create(context, &dataset));
    return dataset;
}

static diffmm_dataset *read_query(const char *format, const char *path)
{
    char query[400];
    snprintf(query, sizeof query, format, path);
    struct ArrowArrayStream stream = database_query(query);
    diffmm_dataset *dataset = new_dataset();
    expect_success(diffmm_dataset_read_arrow(dataset, DIFFMM_TRAIN, &stream, NULL));
    ck_assert_ptr_null(stream.release);
    return dataset;
}

static void check_same_ids(const struct diffmm__ids *got, const struct diffmm__ids *wanted)
{
    ck_assert_uint_eq(got->count, wanted->count);
    ck_assert_mem_eq(got->text, wanted->text, (size_t)wanted->offsets[wanted->count]);
}

/* Two data sets hold the same bits, in the same order. */
static void check_same(const diffmm_dataset *got, const diffmm_dataset *wanted)
{
    check_same_ids(&got->draft->user_ids, &wanted->draft->user_ids);
    check_same_ids(&got->draft->item_ids, &wanted->draft->item_ids);
    for (int s = 0; s < DIFFMM__SPLITS; s++) {
        const struct diffmm__coo *a = &got->draft->pairs[s], *b = &wanted->draft->pairs[s];
        ck_assert_uint_eq(a->count, b->count);
        ck_assert(s == DIFFMM_VALID || b->count > 1000);
        for (size_t i = 0; i < b->count; i++) {
            struct diffmm__coo_entry x = diffmm__coo_entry_at(a, i), y = diffmm__coo_entry_at(b, i);
            if (x.row != y.row || x.column != y.column || x.time != y.time ||
                isnan(x.rating) != isnan(y.rating) || (!isnan(x.rating) && x.rating != y.rating))
                ck_abort_msg("split %d: entry %zu differs", s, i);
        }
    }
}

START_TEST(parquet_is_the_same_as_text)
{
    diffmm_dataset *wanted = new_dataset();
    expect_success(diffmm_dataset_read_interactions(wanted, DIFFMM_TRAIN, text));
    diffmm_dataset *got = read_query("SELECT * FROM '%s'", parquet);
    check_same(got, wanted);
    diffmm_dataset_destroy(got);
    got = read_query("SELECT movieId, split::VARCHAR AS split, rating::FLOAT AS rating, user_id, "
                     "timestamp::TIMESTAMP_NS AS timestamp FROM '%s'",
                     parquet);
    check_same(got, wanted);
    diffmm_dataset_destroy(got);
    diffmm_dataset_destroy(wanted);
}
END_TEST

/* A whole dictionary comes with each table. */
START_TEST(enums_are_the_same_as_text)
{
    diffmm_dataset *wanted = new_dataset();
    expect_success(diffmm_dataset_read_interactions(wanted, DIFFMM_TRAIN, text));
    database_run("CREATE TYPE users AS ENUM (SELECT DISTINCT user_id FROM made ORDER BY user_id)");
    database_run("CREATE TYPE splits AS ENUM ('test', 'train', 'valid')");
    diffmm_dataset *got =
        read_query("SELECT user_id::users AS user_id, movieId::VARCHAR AS movieId, rating, "
                   "timestamp, split::splits AS split FROM '%s'",
                   parquet);
    check_same(got, wanted);
    diffmm_dataset_destroy(got);
    diffmm_dataset_destroy(wanted);
}
END_TEST

/* Write a stream as Parquet. */
static void write_parquet(struct ArrowArrayStream *stream, const char *name, const char *path)
{
    database_view(name, stream);
    database_run("COPY (SELECT * FROM %s) TO '%s'", name, path);
    if (stream->release)
        stream->release(stream);
}

static diffmm_scorer *train(diffmm_dataset *dataset)
{
    static const char *const small[] = {"embedding_size",
                                        "8",
                                        "hidden_sizes",
                                        "16",
                                        "time_embedding_size",
                                        "4",
                                        "epochs",
                                        "1",
                                        "patience",
                                        "0",
                                        NULL};
    diffmm_options *options = settings(context, small);
    diffmm_trainer *trainer;
    diffmm_scorer *scorer;
    expect_success(diffmm_trainer_create(dataset, options, &trainer));
    expect_success(diffmm_trainer_fit(trainer, NULL, NULL));
    expect_success(diffmm_scorer_create(diffmm_trainer_model(trainer), &scorer));
    diffmm_trainer_destroy(trainer);
    diffmm_options_destroy(options);
    return scorer;
}

/* Arrow in, train, Arrow out. */
START_TEST(there_and_back)
{
    char hits[128], vectors[128];
    diffmm_dataset *dataset = read_query("SELECT user_id, movieId FROM '%s'", parquet);
    struct ArrowArrayStream stream =
        database_query("SELECT movieId AS item, [sin(movieId), cos(movieId), 1]::FLOAT[3] AS "
                       "vector FROM (SELECT DISTINCT movieId FROM made)");
    expect_success(diffmm_dataset_read_modality_arrow(dataset, "wave", &stream, NULL));
    diffmm_scorer *scorer = train(dataset);
    float wave[3];
    expect_success(diffmm_dataset_features(dataset, 0, 0, 1, wave));
    ck_assert_float_eq_tol(wave[0], sinf(strtof(diffmm_dataset_item_id(dataset, 0), NULL)), 1e-5f);

    enum { best = 10 };
    const diffmm_query query = {.struct_size = sizeof query, .count = best};
    size_t users = diffmm_scorer_users(scorer), items = diffmm_scorer_items(scorer);
    folder_file(&folder, "hits.parquet", hits);
    folder_file(&folder, "vectors.parquet", vectors);
    expect_success(diffmm_recommend_arrow(scorer, users, NULL, &query, &stream));
    write_parquet(&stream, "hits", hits);
    expect_success(diffmm_scorer_export_arrow(scorer, DIFFMM_ITEMS, &stream));
    write_parquet(&stream, "vectors", vectors);

    /* What the files hold is what the scorer says. */
    diffmm_dataset *got = new_dataset();
    char select[300];
    snprintf(select, sizeof select, "SELECT * FROM '%s'", hits);
    stream = database_query(select);
    const diffmm_arrow_columns columns = {.struct_size = sizeof columns, .rating = "score"};
    expect_success(diffmm_dataset_read_arrow(got, DIFFMM_TRAIN, &stream, &columns));
    const struct diffmm__coo *pairs = &got->draft->pairs[DIFFMM_TRAIN];
    ck_assert_uint_eq(pairs->count, best * users);
    for (size_t u = 0; u < users; u++) {
        diffmm_hit ranked[best];
        size_t found;
        expect_success(diffmm_recommend(scorer, (int32_t)u, &query, ranked, &found));
        for (size_t i = 0; i < found; i++) {
            struct diffmm__coo_entry entry = diffmm__coo_entry_at(pairs, u * best + i);
            ck_assert_str_eq(diffmm__ids_text(&got->draft->user_ids, entry.row),
                             diffmm_scorer_user_id(scorer, (int32_t)u));
            ck_assert_str_eq(diffmm__ids_text(&got->draft->item_ids, entry.column),
                             diffmm_scorer_item_id(scorer, ranked[i].item));
            ck_assert((float)entry.rating == ranked[i].score);
        }
    }
    snprintf(select, sizeof select, "SELECT * FROM '%s'", vectors);
    stream = database_query(select);
    expect_success(diffmm_dataset_read_modality_arrow(got, "vector", &stream, NULL));
    ck_assert_uint_eq(diffmm_dataset_modality_dimensions(got, 0), diffmm_scorer_dimensions(scorer));
    snprintf(select, sizeof select, "SELECT item AS user, item FROM '%s'", vectors);
    stream = database_query(select);
    expect_success(diffmm_dataset_read_arrow(got, DIFFMM_TEST, &stream, NULL));
    ck_assert_uint_eq(diffmm_dataset_interactions(got, DIFFMM_TEST), items);
    diffmm_dataset_destroy(got);
    diffmm_scorer_destroy(scorer);
    diffmm_dataset_destroy(dataset);
}
END_TEST

int main(void)
{
    if (!database_load()) {
        puts(
            "skipped: no libduckdb.so (of npm's @duckdb/node-bindings-linux-x64; DIFFMM_DUCKDB can "
            "name it)");
        return 77;
    }
    TCase *cases = tcase_create("duckdb");
    tcase_set_timeout(cases, 300);
    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, parquet_is_the_same_as_text);
    tcase_add_test(cases, enums_are_the_same_as_text);
    tcase_add_test(cases, there_and_back);
    return run_case("duckdb", cases);
}
