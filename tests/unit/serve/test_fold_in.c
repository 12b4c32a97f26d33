/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>

#include "files/safetensors.h"
#include "files/safetensors_write.h"
#include "fold_in_world.h"
#include "serve/fold_in.h"
#include "support/failure.h"
#include "support/folder.h"

enum { users = fold_in_users, items = fold_in_items, d = fold_in_d };

static struct fold_in_world world;

/* Item i where bit i of `set` is 1; returns how many. */
static size_t items_of(unsigned set, int32_t *list, bool wanted[items])
{
    size_t count = 0;
    for (int32_t i = 0; i < items; i++) {
        wanted[i] = set >> i & 1;
        if (wanted[i])
            list[count++] = i;
    }
    return count;
}

static void expect_as_folded_in(int32_t user, unsigned set)
{
    int32_t list[items];
    bool wanted[items];
    double expected[d];
    float got[d];
    size_t count = items_of(set, list, wanted);
    struct fold_in_user folded = fold_in_user_with(&world, user, wanted);
    fold_in_final(&world.frozen, &folded, fold_in_everything, 0.0, expected);
    expect_success(diffmm_fold_in(world.scorer, user, count, list, got));
    expect_close("embedding", d, expected, got, 2e-5);
}

START_TEST(a_new_user_is_folded_in_by_the_rule_of_propagation)
{
    for (size_t layers = 0; layers <= 3; layers++) {
        fold_in_begin(&world, layers, 1 + layers);
        for (unsigned set = 0; set < 1u << items; set += 1 + set % 5)
            expect_as_folded_in(DIFFMM_NEW_USER, set);
        fold_in_end(&world);
    }
}
END_TEST

START_TEST(a_known_user_with_further_items_keeps_what_is_its_own)
{
    for (size_t layers = 0; layers <= 3; layers++) {
        fold_in_begin(&world, layers, 2);
        for (int32_t user = 0; user < users; user++)
            for (unsigned set = 0; set < 1u << items; set += 1 + set % 7)
                expect_as_folded_in(user, set);
        fold_in_end(&world);
    }
}
END_TEST

START_TEST(a_known_user_without_further_items_is_as_trained)
{
    float got[d];
    fold_in_begin(&world, 1, 2);
    for (int32_t user = 0; user < users; user++) {
        const float *final = diffmm_model_user_embeddings(world.model.model) + user * d;
        const int32_t *row;
        size_t count;
        expect_success(diffmm_fold_in(world.scorer, user, 0, NULL, got));
        ck_assert_mem_eq(got, final, sizeof got);
        expect_success(diffmm_scorer_seen(world.scorer, user, &row, &count));
        expect_success(diffmm_fold_in(world.scorer, user, count, row, got));
        ck_assert_mem_eq(got, final, sizeof got);
        /* And what is taken apart and put together again is the same up to rounding. */
        struct diffmm__ascending list;
        struct diffmm__folded folded;
        double exact[d];
        expect_success(diffmm__fold_in_prepare(world.scorer, user, 0, NULL, &list, &folded));
        diffmm__fold_in_own(&folded, got);
        double k = diffmm__fold_in_gather(&folded, got);
        diffmm__fold_in_propagate(&folded, k, got);
        expect_success(diffmm__fold_in_check(&folded, got));
        for (size_t j = 0; j < d; j++)
            exact[j] = (double) final[j];
        expect_close("embedding", d, exact, got, 1e-5);
        diffmm__ascending_end(NULL, &list);
    }
    fold_in_end(&world);
}
END_TEST

START_TEST(order_and_repetition_of_items_do_not_matter)
{
    const int32_t ascending[] = {1, 2, 5}, mixed[] = {5, 1, 5, 2, 1};
    int32_t many[1000];
    float a[d], b[d];
    fold_in_begin(&world, 1, 2);
    for (size_t i = 0; i < 1000; i++)
        many[i] = mixed[i % 5];
    for (int32_t user = -1; user < users; user++) {
        expect_success(diffmm_fold_in(world.scorer, user, 3, ascending, a));
        expect_success(diffmm_fold_in(world.scorer, user, 5, mixed, b));
        ck_assert_mem_eq(a, b, sizeof a);
        expect_success(diffmm_fold_in(world.scorer, user, 1000, many, b));
        ck_assert_mem_eq(a, b, sizeof a);
    }
    fold_in_end(&world);
}
END_TEST

START_TEST(an_embedding_is_scored_and_ranked_like_a_user)
{
    float embedding[d], scores[items], one[items];
    diffmm_hit hits[items], expected[items];
    size_t found, wanted;
    const diffmm_query query = {.struct_size = sizeof query, .count = 5, .include_seen = 1};
    fold_in_begin(&world, 1, 2);
    for (int32_t user = 0; user < users; user++) {
        expect_success(diffmm_fold_in(world.scorer, user, 0, NULL, embedding));
        expect_success(diffmm_score(world.scorer, user, items, NULL, scores));
        expect_success(diffmm_score_embedding(world.scorer, embedding, items, NULL, one));
        ck_assert_mem_eq(scores, one, sizeof one);
        expect_success(diffmm_recommend(world.scorer, user, &query, expected, &wanted));
        expect_success(diffmm_recommend_embedding(world.scorer, embedding, &query, hits, &found));
        ck_assert(found == wanted && memcmp(hits, expected, found * sizeof *hits) == 0);
    }
    fold_in_end(&world);
}
END_TEST

/* The saved model's file taken apart. */
struct parts {
    struct diffmm__safetensors *file;
    struct diffmm__metadata metadata[8];
    struct diffmm__tensor tensors[40];
    size_t count;
};

static struct parts take_apart(const char *path)
{
    static const char *const keys[] = {"format", "version", "library",    "users",
                                       "items",  "d",       "modalities", "options"};
    struct parts parts;
    expect_success(diffmm_model_save(world.model.model, path));
    expect_success(diffmm__safetensors_open(world.model.context, path, &parts.file));
    parts.count = diffmm__safetensors_count(parts.file);
    ck_assert_uint_le(parts.count, 40);
    for (size_t i = 0; i < 8; i++)
        parts.metadata[i] =
            (struct diffmm__metadata){keys[i], diffmm__safetensors_metadata(parts.file, keys[i])};
    for (size_t i = 0; i < parts.count; i++)
        diffmm__safetensors_at(parts.file, i, &parts.tensors[i]);
    return parts;
}

static void write_parts(struct parts *parts, const char *path)
{
    expect_success(diffmm__safetensors_write(world.model.context, path, parts->metadata, 8,
                                             parts->tensors, parts->count));
    diffmm__safetensors_close(parts->file);
}

/* Save the model, then write it to `other` with each tensor whose name starts with `word` renamed,
 * or, where there are values, with these in its place. */
static void save_changed(const char *path, const char *other, const char *word, const float *values)
{
    static const char *const names[] = {"gone0", "gone1", "gone2", "gone3"};
    struct parts parts = take_apart(path);
    size_t changed = 0;
    for (size_t i = 0; i < parts.count; i++) {
        struct diffmm__tensor *tensor = &parts.tensors[i];
        if (strncmp(tensor->name, word, strlen(word)) != 0)
            continue;
        tensor->data = values ? values : tensor->data;
        tensor->name = values ? tensor->name : names[changed];
        changed++;
    }
    ck_assert(changed > 0 && changed <= 4);
    write_parts(&parts, other);
}

/* The same with a part of the options' text replaced. */
static void save_with_options(const char *path, const char *other, const char *old, const char *new)
{
    struct parts parts = take_apart(path);
    const char *text = parts.metadata[7].value, *at = strstr(text, old);
    char options[4096];
    ck_assert_ptr_nonnull(at);
    snprintf(options, sizeof options, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
    parts.metadata[7].value = options;
    write_parts(&parts, other);
}

START_TEST(a_file_gives_the_same_bits)
{
    struct folder folder = folder_begin();
    char path[128], again[128];
    const int32_t list[] = {2, 4};
    diffmm_model *loaded;
    fold_in_begin(&world, 2, 3);
    folder_file(&folder, "model", path);
    folder_file(&folder, "again", again);
    expect_success(diffmm_model_save(world.model.model, path));
    expect_success(diffmm_model_load(world.model.context, path, &loaded));
    expect_success(diffmm_model_save(loaded, again));
    diffmm_scorer *others[3];
    expect_success(diffmm_scorer_open(world.model.context, path, &others[0]));
    expect_success(diffmm_scorer_create(loaded, &others[1]));
    expect_success(diffmm_scorer_open(world.model.context, again, &others[2]));
    diffmm_model_destroy(loaded);
    for (size_t s = 0; s < 3; s++) {
        float a[d], b[d], weights[3], wanted[3];
        for (int32_t user = -1; user < users; user++) {
            expect_success(diffmm_fold_in(world.scorer, user, 2, list, a));
            expect_success(diffmm_fold_in(others[s], user, 2, list, b));
            ck_assert_mem_eq(a, b, sizeof a);
        }
        ck_assert_uint_eq(diffmm_scorer_modalities(others[s]), 3);
        ck_assert_str_eq(diffmm_scorer_modality_name(others[s], 1), "title");
        ck_assert_ptr_null(diffmm_scorer_modality_name(others[s], 3));
        expect_success(diffmm_model_modality_weights(world.model.model, wanted));
        expect_success(diffmm_scorer_modality_weights(others[s], weights));
        ck_assert_mem_eq(weights, wanted, sizeof weights);
        diffmm_scorer_destroy(others[s]);
    }
    folder_end(&folder);
    fold_in_end(&world);
}
END_TEST

START_TEST(an_older_file_scores_but_folds_nobody_in)
{
    struct folder folder = folder_begin();
    char path[128], older[128];
    diffmm_scorer *scorer;
    diffmm_model *loaded;
    float a[items], b[items], out[d] = {77};
    fold_in_begin(&world, 1, 2);
    folder_file(&folder, "model", path);
    folder_file(&folder, "older", older);
    save_changed(path, older, "content.", NULL);
    expect_success(diffmm_scorer_open(world.model.context, older, &scorer));
    expect_success(diffmm_score(world.scorer, 3, items, NULL, a));
    expect_success(diffmm_score(scorer, 3, items, NULL, b));
    ck_assert_mem_eq(a, b, sizeof a);
    expect_failure(diffmm_fold_in(scorer, 3, 0, NULL, out), DIFFMM_ERROR_STATE,
                   "without a fold-in state");
    expect_failure(diffmm_scorer_modality_weights(scorer, out), DIFFMM_ERROR_STATE,
                   "fold-in state");
    ck_assert_uint_eq(diffmm_scorer_modalities(scorer), 0);
    diffmm_scorer_destroy(scorer);
    expect_success(diffmm_model_load(world.model.context, older, &loaded));
    expect_success(diffmm_model_save(loaded, path)); /* as it came */
    expect_success(diffmm_scorer_create(loaded, &scorer));
    expect_failure(diffmm_fold_in(scorer, 3, 0, NULL, out), DIFFMM_ERROR_STATE,
                   "without a fold-in state");
    diffmm_scorer_destroy(scorer);
    diffmm_model_destroy(loaded);
    ck_assert(out[0] == 77);
    folder_end(&folder);
    fold_in_end(&world);
}
END_TEST

START_TEST(absent_tensors_are_refused)
{
    static const char *const names[] = {"content.title", "propagated.1", "user_embedding.mean"};
    struct folder folder = folder_begin();
    char path[128], spoilt[128];
    diffmm_scorer *scorer = NULL;
    fold_in_begin(&world, 2, 2);
    folder_file(&folder, "model", path);
    folder_file(&folder, "spoilt", spoilt);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        save_changed(path, spoilt, names[i], NULL);
        expect_failure(diffmm_scorer_open(world.model.context, spoilt, &scorer),
                       DIFFMM_ERROR_FORMAT, names[i]);
        ck_assert_ptr_null(scorer);
    }
    folder_end(&folder);
    fold_in_end(&world);
}
END_TEST

/* Settings are text in the file, and are read as what they are: an integer, a real within its
 * range. */
START_TEST(settings_out_of_range_are_refused)
{
    static const struct {
        const char *old, *new;
    } cases[] = {
        {"\"layers\":\"2\"", "\"layers\":\"1e300\""},
        {"\"layers\":\"2\"", "\"layers\":\"-1\""},
        {"\"layers\":\"2\"", "\"layers\":\"1.5\""},
        {"\"layers\":\"2\"", "\"layers\":\"2.0\""},
        {"\"layers\":\"2\"", "\"layers\":\"65\""},
        {"\"layers\":\"2\"", "\"layers\":\"18446744073709551618\""},
        {"\"layers\":\"2\"", "\"layers\":\"nan\""},
        {"\"layers\":\"2\"", "\"layers\":\"\""},
        {"\"layers\":\"2\"", "\"layers\":2"},
        {"\"layers\":\"2\",", ""},
        {"\"ris_lambda\":\"0.8\"", "\"ris_lambda\":\"1e300\""},
        {"\"ris_lambda\":\"0.8\"", "\"ris_lambda\":\"inf\""},
        {"\"ris_lambda\":\"0.8\"", "\"ris_lambda\":\"-0.5\""},
        {"\"ris_lambda\":\"0.8\"", "\"ris_lambda\":\"nan\""},
    };
    struct folder folder = folder_begin();
    char path[128], spoilt[128];
    diffmm_scorer *scorer = NULL;
    fold_in_begin(&world, 2, 2);
    folder_file(&folder, "model", path);
    folder_file(&folder, "spoilt", spoilt);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        save_with_options(path, spoilt, cases[i].old, cases[i].new);
        expect_failure(diffmm_scorer_open(world.model.context, spoilt, &scorer),
                       DIFFMM_ERROR_FORMAT, i < 10 ? "layers" : "ris_lambda");
        ck_assert_ptr_null(scorer);
    }
    save_with_options(path, spoilt, "\"epochs\":", "\"of_tomorrow\":");
    expect_success(diffmm_scorer_open(world.model.context, spoilt, &scorer));
    diffmm_scorer_destroy(scorer);
    folder_end(&folder);
    fold_in_end(&world);
}
END_TEST

START_TEST(spoilt_rows_are_found_out_when_they_are_used)
{
    static const char *const names[] = {"content.title", "propagated.0", "item_embedding"};
    struct folder folder = folder_begin();
    char path[128], spoilt[128];
    diffmm_scorer *scorer;
    float values[items * d] = {0}, scores[items], out[d] = {77};
    const int32_t sound[] = {1}, list[] = {1, 3};
    fold_in_begin(&world, 2, 2);
    folder_file(&folder, "model", path);
    folder_file(&folder, "spoilt", spoilt);
    for (size_t i = 0; i < 2 * sizeof names / sizeof *names; i++) {
        diffmm_explanation explanation = {.struct_size = sizeof explanation, .score = 77};
        values[3 * d + 2] = i % 2 ? NAN : INFINITY;
        save_changed(path, spoilt, names[i / 2], values);
        expect_success(diffmm_scorer_open(world.model.context, spoilt, &scorer));
        expect_success(diffmm_score(scorer, 0, items, NULL, scores));
        expect_success(diffmm_fold_in(scorer, DIFFMM_NEW_USER, 1, sound, out));
        out[0] = 77;
        expect_failure(diffmm_fold_in(scorer, DIFFMM_NEW_USER, 2, list, out), DIFFMM_ERROR_NUMERIC,
                       "NaN");
        expect_failure(diffmm_explain(scorer, DIFFMM_NEW_USER, 2, list, 0, &explanation),
                       DIFFMM_ERROR_NUMERIC, "NaN");
        ck_assert(out[0] == 77 && explanation.score == 77);
        diffmm_scorer_destroy(scorer);
    }
    folder_end(&folder);
    fold_in_end(&world);
}
END_TEST

START_TEST(bad_arguments_are_named)
{
    const diffmm_status bad = DIFFMM_ERROR_INVALID_ARGUMENT;
    const int32_t outside[] = {0, items}, negative[] = {-1};
    const diffmm_query query = {.struct_size = sizeof query, .count = 1};
    diffmm_hit hit = {-7, -7};
    size_t found = 77;
    float out[d] = {77}, nan[d] = {0, NAN};
    fold_in_begin(&world, 1, 2);
    diffmm_scorer *s = world.scorer;
    expect_failure(diffmm_fold_in(NULL, 0, 0, NULL, out), bad, "scorer");
    expect_failure(diffmm_fold_in(s, 0, 0, NULL, NULL), bad, "out");
    expect_failure(diffmm_fold_in(s, users, 0, NULL, out), bad, "user is 6");
    expect_failure(diffmm_fold_in(s, -2, 0, NULL, out), bad, "user is -2");
    expect_failure(diffmm_fold_in(s, 0, 1, NULL, out), bad, "items");
    expect_failure(diffmm_fold_in(s, 0, 2, outside, out), bad, "items[1] is 7");
    expect_failure(diffmm_fold_in(s, 0, 1, negative, out), bad, "items[0] is -1");
    expect_failure(diffmm_score_embedding(NULL, out, 1, NULL, out), bad, "scorer");
    expect_failure(diffmm_score_embedding(s, NULL, 1, NULL, out), bad, "embedding");
    expect_failure(diffmm_score_embedding(s, nan, 1, NULL, out), DIFFMM_ERROR_NUMERIC, "embedding");
    expect_failure(diffmm_score_embedding(s, out, 1, NULL, NULL), bad, "out");
    expect_failure(diffmm_score_embedding(s, out, 2, outside, out), bad, "items[1] is 7");
    expect_failure(diffmm_score_embedding(s, out, items + 1, NULL, out), bad, "count is 8");
    expect_failure(diffmm_recommend_embedding(NULL, out, &query, &hit, &found), bad, "scorer");
    expect_failure(diffmm_recommend_embedding(s, NULL, &query, &hit, &found), bad, "embedding");
    expect_failure(diffmm_recommend_embedding(s, nan, &query, &hit, &found), DIFFMM_ERROR_NUMERIC,
                   "embedding");
    expect_failure(diffmm_recommend_embedding(s, out, NULL, &hit, &found), bad, "query");
    expect_failure(diffmm_recommend_embedding(s, out, &query, NULL, &found), bad, "hits");
    expect_failure(diffmm_recommend_embedding(s, out, &query, &hit, NULL), bad, "found");
    expect_failure(diffmm_scorer_modality_weights(NULL, out), bad, "scorer");
    expect_failure(diffmm_scorer_modality_weights(s, NULL), bad, "weights");
    ck_assert(out[0] == 77 && hit.item == -7 && found == 77);
    ck_assert_uint_eq(diffmm_scorer_modalities(NULL), 0);
    ck_assert_ptr_null(diffmm_scorer_modality_name(NULL, 0));
    fold_in_end(&world);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_new_user_is_folded_in_by_the_rule_of_propagation,
                                  a_known_user_with_further_items_keeps_what_is_its_own,
                                  a_known_user_without_further_items_is_as_trained,
                                  order_and_repetition_of_items_do_not_matter,
                                  an_embedding_is_scored_and_ranked_like_a_user,
                                  a_file_gives_the_same_bits,
                                  an_older_file_scores_but_folds_nobody_in,
                                  absent_tensors_are_refused,
                                  settings_out_of_range_are_refused,
                                  spoilt_rows_are_found_out_when_they_are_used,
                                  bad_arguments_are_named};
    return run_tests("fold_in", tests, sizeof tests / sizeof *tests) != 0;
}
