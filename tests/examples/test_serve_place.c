/* SPDX-License-Identifier: BSD-2-Clause */
/* diffmm_serve places new items by their features: POST /place against the library's own results. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "made_model.h"
#include "program.h"
#include "service.h"

static const float features[2][MADE_FEATURES] = {{0.5F, -1.25F, 3, 0}, {1e-3F, 2, 0, 7.75F}};

static const char question[] = "{\"new_items\": [{\"features\": {\"image\": [0.5, -1.25, 3, 0]}},"
                               " {\"features\": {\"image\": [0.001, 2, 0, 7.75]}}]";

static void begin(void)
{
    make_model_and_placer("model", "placer", 1);
    service_begin_with((const char *[]){"--placer", "placer", NULL});
}

/* The scorer of the same model with the same new items. */
static diffmm_scorer *extend(double boost)
{
    const char *const ids[] = {"one", "two"};
    const float *const rows_of_features[] = {features[0], features[1]};
    float rows[2 * 8];
    diffmm_context *context;
    diffmm_placer *placer;
    diffmm_scorer *extended;
    succeed(diffmm_context_create(&(diffmm_context_settings){.threads = 1}, &context));
    succeed(diffmm_placer_open(context, "placer", &placer));
    succeed(diffmm_place_items(placer, 2, rows_of_features, boost, rows));
    succeed(diffmm_scorer_extend(scorer, 2, ids, rows, &extended));
    diffmm_placer_destroy(placer);
    diffmm_context_destroy(context);
    return extended;
}

static json_t *ask_with(const char *more)
{
    char body[512];
    snprintf(body, sizeof body, "%s%s}", question, more);
    return ask("POST", "/place", body);
}

/* What the answer says of the new items is what the library says, to the bit. */
static void expect_placed(const json_t *answer, double boost, diffmm_similarity similarity,
                          const diffmm_query *query, int32_t user)
{
    const int32_t numbers[] = {MADE_ITEMS, MADE_ITEMS + 1};
    diffmm_hit hits[MADE_ITEMS];
    float scores[2];
    size_t found;
    diffmm_scorer *extended = extend(boost);
    const json_t *list = json_object_get(answer, "new_items");
    ck_assert_uint_eq(json_array_size(list), 2);
    if (user >= 0)
        succeed(diffmm_score(extended, user, 2, numbers, scores));
    for (size_t i = 0; i < 2; i++) {
        const json_t *one = json_array_get(list, i), *score = json_object_get(one, "score");
        succeed(diffmm_similar_items(extended, numbers[i], similarity, query, hits, &found));
        ck_assert_uint_gt(found, 0);
        expect_hits(one, DIFFMM_ITEMS, hits, found);
        ck_assert(!score == (user < 0));
        if (user >= 0)
            ck_assert_float_eq((float)json_real_value(score), scores[i]);
    }
    diffmm_scorer_destroy(extended);
}

START_TEST(similar_items)
{
    const int32_t others[] = {MADE_ITEMS, MADE_ITEMS + 1}, more[] = {MADE_ITEMS, MADE_ITEMS + 1, 2};
    diffmm_query query = {
        .struct_size = sizeof query, .count = 20, .exclude = others, .exclude_count = 2};
    begin();
    json_t *answer = ask_with("");
    ck_assert_ptr_null(json_object_get(answer, "user"));
    expect_placed(answer, 1, DIFFMM_COSINE, &query, -1);
    json_decref(answer);
    /* All known items, and no more. */
    query.count = MADE_ITEMS;
    answer = ask_with(", \"count\": 100");
    expect_placed(answer, 1, DIFFMM_COSINE, &query, -1);
    json_decref(answer);
    query.count = 5;
    query.exclude = more;
    query.exclude_count = 3;
    answer = ask_with(", \"count\": 5, \"similarity\": \"dot\", \"boost\": 2.5,"
                      " \"exclude\": [1002, \"nothing\"], \"user\": \"u7\"");
    ck_assert_str_eq(json_string_value(json_object_get(answer, "user")), "u7");
    ck_assert_uint_eq(json_array_size(json_object_get(answer, "unknown")), 1);
    expect_placed(answer, 2.5, DIFFMM_DOT, &query, 7);
    json_decref(answer);
    /* The model that is served has not grown. */
    answer = ask("GET", "/health", NULL);
    ck_assert_int_eq(json_integer_value(json_object_get(answer, "items")), MADE_ITEMS);
    json_decref(answer);
    service_end();
}
END_TEST

/* As many as can be, one of them written in the query string; and features of no modality. */
START_TEST(many_and_none)
{
    json_t *items = json_array();
    begin();
    for (size_t i = 0; i < 100; i++)
        json_array_append_new(
            items, json_pack("{s:{s:[i, i, i, i]}}", "features", "image", (int)i, 1, 0, -(int)i));
    json_t *body = json_pack("{s:o, s:i}", "new_items", items, "count", 1);
    char *text = json_dumps(body, 0);
    json_t *answer = ask("POST", "/place", text);
    ck_assert_uint_eq(json_array_size(json_object_get(answer, "new_items")), 100);
    json_decref(answer);
    free(text);
    json_array_append_new(items,
                          json_pack("{s:{s:[i, i, i, i]}}", "features", "image", 1, 1, 1, 1));
    text = json_dumps(body, 0);
    struct response response = http_request(port, "POST", "/place", text);
    expect_error(&response, 400, "101 new items are too many: at most 100");
    response_end(&response);
    free(text);
    json_decref(body);
    answer = ask("POST",
                 "/place?count=2&new_items=%5B%7B%22features%22%3A%7B%22image%22%3A%5B1%2C2%2C3"
                 "%2C4%5D%7D%7D%5D",
                 NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(answer, "new_items")), 1);
    json_decref(answer);
    service_end();
}
END_TEST

START_TEST(bad_requests)
{
    static const struct {
        const char *body;
        int status;
        const char *reason;
    } bad[] = {
        {"", 400, "'new_items' is missing or empty"},
        {"{\"new_items\": []}", 400, "'new_items' is missing or empty"},
        {"{\"new_items\": {}}", 400, "'new_items' must be a list of objects"},
        {"{\"new_items\": [1]}", 400, "'new_items' must be a list of objects"},
        {"{\"new_items\": [{}]}", 400, "new item 0 must have 'features'"},
        {"{\"new_items\": [{\"features\": {}}]}", 400, "new item 0 must have 'features'"},
        {"{\"new_items\": [{\"features\": [1, 2, 3, 4]}]}", 400, "new item 0 must have 'features'"},
        {"{\"new_items\": [{\"features\": {\"image\": [1, 2, 3, 4]}, \"id\": 1}]}", 400,
         "and nothing else"},
        {"{\"new_items\": [{\"features\": {\"image\": [1, 2, 3, 4]}},"
         " {\"features\": {\"image\": [1, 2, 3, 4], \"smell\": [1]}}]}",
         400, "new item 1: there is no modality 'smell', only: image"},
        {"{\"new_items\": [{\"features\": {\"image\": 1}}]}", 400, "'image' are not a list"},
        {"{\"new_items\": [{\"features\": {\"image\": [1, 2, 3]}}]}", 400,
         "new item 0: 'image' has 4 features, not 3"},
        {"{\"new_items\": [{\"features\": {\"image\": [1, 2, 3, 4, 5]}}]}", 400,
         "new item 0: 'image' has 4 features, not 5"},
        {"{\"new_items\": [{\"features\": {\"image\": [1, 2, \"3\", 4]}}]}", 400,
         "new item 0: feature 2 of 'image' is not a number"},
        {"{\"new_items\": [{\"features\": {\"image\": [1, 2, null, 4]}}]}", 400, "feature 2"},
        {"{\"new_items\": [{\"features\": {\"image\": [1, 2, 3, 1e39]}}]}", 400, "feature 3"},
        {"{\"new_items\": [{\"features\": {\"image\": [1, 2, 3, 1e999]}}]}", 400, "not JSON"},
        {"{\"new_items\": [{\"features\": {\"image\": [1, 2, 3, NaN]}}]}", 400, "not JSON"},
        {"{\"new_items\": [{\"features\": {\"image\": [3e38, -3e38, 3e38, 3e38]}}],"
         " \"boost\": 1e6}",
         400, "not finite"},
        {"{\"new_items\": [{\"features\": {\"image\": [1, 2, 3, 4]}}], \"boost\": -1}", 400,
         "boost is not a number from 0"},
        {"{\"new_items\": [{\"features\": {\"image\": [1, 2, 3, 4]}}], \"boost\": \"1\"}", 400,
         "'boost' must be a finite number"},
        {"{\"new_items\": [{\"features\": {\"image\": [1, 2, 3, 4]}}], \"user\": \"nobody\"}", 404,
         "there is no user 'nobody'"},
        {"{\"new_items\": [{\"features\": {\"image\": [1, 2, 3, 4]}}], \"count\": 1001}", 400,
         "at most 1000"},
        {"{\"new_items\": [{\"features\": {\"image\": [1, 2, 3, 4]}}], \"users\": [\"u1\"]}", 400,
         "there is no parameter 'users'"},
        {"{\"new_items\": [{\"features\": {\"image\": [1, 2, 3, 4], \"image\": [1, 2, 3, 4]}}]}",
         400, "duplicate"},
    };
    begin();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct response response = http_request(port, "POST", "/place", bad[i].body);
        expect_error(&response, bad[i].status, bad[i].reason);
        response_end(&response);
    }
    struct response response = http_request(port, "GET", "/place", NULL);
    expect_error(&response, 405, "takes POST, not GET");
    response_end(&response);
    service_end();
}
END_TEST

START_TEST(no_placer)
{
    char body[512];
    service_begin();
    snprintf(body, sizeof body, "%s}", question);
    struct response response = http_request(port, "POST", "/place", body);
    expect_error(&response, 404, "no mapping that places items (--placer)");
    response_end(&response);
    service_end();
}
END_TEST

static void expect_reload(int status, const char *reason)
{
    struct response response = http_request(port, "POST", "/reload", NULL);
    if (status == 200)
        ck_assert_int_eq(response.status, 200);
    else
        expect_error(&response, status, reason);
    response_end(&response);
}

/* Model and mapping are exchanged together, or neither is. */
START_TEST(reload)
{
    const int32_t others[] = {MADE_ITEMS, MADE_ITEMS + 1};
    const diffmm_query query = {
        .struct_size = sizeof query, .count = 20, .exclude = others, .exclude_count = 2};
    begin();
    json_t *old = ask_with(", \"user\": \"u7\"");
    /* A new model, and a mapping that is none: both stay. */
    ck_assert_int_eq(rename("placer", "first"), 0);
    make_model_and_placer("other", "second", 2);
    write_text("placer", "no mapping");
    ck_assert_int_eq(rename("other", "model"), 0);
    expect_reload(500, "placer");
    json_t *answer = ask_with(", \"user\": \"u7\"");
    ck_assert(json_equal(answer, old));
    json_decref(answer);
    /* The mapping, and no model. */
    ck_assert_int_eq(rename("model", "other"), 0);
    ck_assert_int_eq(rename("second", "placer"), 0);
    write_text("model", "no model");
    expect_reload(500, "model");
    answer = ask_with(", \"user\": \"u7\"");
    ck_assert(json_equal(answer, old));
    json_decref(answer);
    /* Both. */
    ck_assert_int_eq(rename("other", "model"), 0);
    expect_reload(200, NULL);
    diffmm_scorer_destroy(scorer);
    scorer = open_made_model("model");
    answer = ask_with(", \"user\": \"u7\"");
    ck_assert(!json_equal(answer, old));
    expect_placed(answer, 1, DIFFMM_COSINE, &query, 7);
    json_decref(answer);
    json_decref(old);
    service_end();
}
END_TEST

/* A mapping that takes another's place is noticed. */
START_TEST(a_new_mapping_is_noticed)
{
    begin();
    ck_assert_int_eq(generation(), 1);
    make_model_and_placer("other", "second", 1);
    ck_assert_int_eq(rename("second", "placer"), 0);
    while (generation() == 1)
        pause_a_moment();
    json_decref(ask_with(""));
    service_end();
}
END_TEST

/* Without a mapping that fits, the service does not begin. */
START_TEST(bad_files)
{
    static const struct wrong wrong[] = {
        {{"--model", "model", "--placer", "nothing"}, 1, "nothing"},
        {{"--model", "model", "--placer", "model"}, 1, "model"},
        {{"--model", "model", "--placer"}, 2, "--placer"},
    };
    make_model("model", 1);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_wrong(serve_program, &wrong[i]);
}
END_TEST

int main(int argc, char **argv)
{
    TCase *tests = tcase_create("serve_place");
    tcase_add_test(tests, similar_items);
    tcase_add_test(tests, many_and_none);
    tcase_add_test(tests, bad_requests);
    tcase_add_test(tests, no_placer);
    tcase_add_test(tests, reload);
    tcase_add_test(tests, a_new_mapping_is_noticed);
    tcase_add_test(tests, bad_files);
    return run_programs(argc, argv, tests, "serve_place");
}
