/* SPDX-License-Identifier: BSD-2-Clause */
/* What diffmm_serve answers beside plain rankings, against the library's own results: many users at
 * once, popular items, variety and chance, explanations. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "made_model.h"
#include "service.h"

#include "program.h"

static size_t rank(int32_t user, size_t count, diffmm_hit *hits)
{
    const diffmm_query query = {.struct_size = sizeof query, .count = count};
    size_t found;
    succeed(diffmm_recommend(scorer, user, &query, hits, &found));
    return found;
}

static size_t rank_popular(size_t count, diffmm_hit *hits)
{
    const diffmm_query query = {.struct_size = sizeof query, .count = count};
    size_t found;
    succeed(diffmm_popular_items(scorer, &query, hits, &found));
    return found;
}

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

START_TEST(many_users)
{
    diffmm_hit hits[MADE_ITEMS];
    service_begin();
    json_t *answer =
        ask("POST", "/recommend?count=4",
            "{\"users\": [\"u9\", \"nobody\", \"u8\", \"u9\"], \"exclude\": [\"new\"]}");
    const json_t *users = json_object_get(answer, "users");
    ck_assert_uint_eq(json_array_size(users), 4);
    static const char *const ids[] = {"u9", "nobody", "u8", "u9"};
    static const int32_t numbers[] = {9, -1, 8, 9};
    for (size_t i = 0; i < 4; i++) {
        const json_t *one = json_array_get(users, i);
        ck_assert_str_eq(text_of(one, "user"), ids[i]);
        ck_assert(!text_of(one, "error") == (numbers[i] >= 0));
        ck_assert(!json_object_get(one, "items") == (numbers[i] < 0));
        if (numbers[i] >= 0)
            expect_hits(one, DIFFMM_ITEMS, hits, rank(numbers[i], 4, hits));
    }
    ck_assert_str_eq(json_string_value(json_array_get(json_object_get(answer, "unknown"), 0)),
                     "new");
    json_decref(answer);
    /* By a query string too; and more users than are ranked together. */
    answer = ask("GET", "/recommend?users=u8&users=u9&count=2", NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(answer, "users")), 2);
    json_decref(answer);
    service_end();
}
END_TEST

/* So many that they are ranked in several blocks. */
START_TEST(blocks_of_users)
{
    diffmm_hit hits[MADE_ITEMS];
    json_t *users = json_array();
    service_begin();
    for (int32_t u = 0; u < 3 * MADE_USERS; u++)
        json_array_append_new(users, json_string(made_user(u % MADE_USERS)));
    json_t *question = json_pack("{s:o, s:i}", "users", users, "count", 5);
    char *body = json_dumps(question, 0);
    json_t *answer = ask("POST", "/recommend", body);
    for (int32_t u = 0; u < 3 * MADE_USERS; u++) {
        const json_t *one = json_array_get(json_object_get(answer, "users"), (size_t)u);
        ck_assert_str_eq(text_of(one, "user"), made_user(u % MADE_USERS));
        expect_hits(one, DIFFMM_ITEMS, hits, rank(u % MADE_USERS, 5, hits));
    }
    json_decref(answer);
    json_decref(question);
    free(body);
    service_end();
}
END_TEST

START_TEST(too_many_users)
{
    service_begin_with((const char *[]){"--max-count", "2", NULL});
    json_t *users = json_array();
    for (size_t i = 0; i < 200; i++)
        json_array_append_new(users, json_string("u8"));
    json_t *question = json_pack("{s:O}", "users", users);
    char *body = json_dumps(question, 0);
    json_decref(ask("POST", "/recommend?count=1", body)); /* 200 hits */
    json_array_append_new(users, json_string("u8"));
    free(body);
    body = json_dumps(question, 0);
    struct response response = http_request(port, "POST", "/recommend?count=1", body);
    expect_error(&response, 400, "201 users of 1 ranked items each are too many: at most 200");
    response_end(&response);
    json_decref(question);
    json_decref(users);
    free(body);
    service_end();
}
END_TEST

START_TEST(popular_items)
{
    diffmm_hit hits[MADE_ITEMS];
    service_begin();
    json_t *answer = ask("GET", "/popular?count=7", NULL);
    expect_hits(answer, DIFFMM_ITEMS, hits, rank_popular(7, hits));
    ck_assert_ptr_null(json_object_get(answer, "fallback"));
    json_decref(answer);
    answer = ask("GET", "/recommend?user=nobody&count=7&fallback=popular", NULL);
    ck_assert_str_eq(text_of(answer, "user"), "nobody");
    ck_assert_str_eq(text_of(answer, "fallback"), "popular");
    expect_hits(answer, DIFFMM_ITEMS, hits, rank_popular(7, hits));
    json_decref(answer);
    /* A known user needs none. */
    answer = ask("GET", "/recommend?user=u8&count=7&fallback=popular", NULL);
    ck_assert_ptr_null(json_object_get(answer, "fallback"));
    expect_hits(answer, DIFFMM_ITEMS, hits, rank(8, 7, hits));
    json_decref(answer);
    answer = ask("POST", "/recommend",
                 "{\"users\": [\"u8\", \"nobody\"], \"count\": 7, \"fallback\": \"popular\","
                 " \"diversity\": 0.5}");
    const json_t *users = json_object_get(answer, "users");
    ck_assert_ptr_null(json_object_get(json_array_get(users, 0), "fallback"));
    ck_assert_str_eq(text_of(json_array_get(users, 1), "fallback"), "popular");
    expect_hits(json_array_get(users, 1), DIFFMM_ITEMS, hits, rank_popular(7, hits));
    json_decref(answer);
    service_end();
}
END_TEST

START_TEST(variety)
{
    diffmm_hit hits[MADE_ITEMS], chosen[4];
    double scratch[2 * MADE_ITEMS];
    size_t found;
    service_begin();
    size_t count = rank(8, 4 * 5, hits);
    const char *modality = diffmm_scorer_modality_name(scorer, 0);
    ck_assert_ptr_nonnull(modality);
    for (int by_modality = 0; by_modality < 2; by_modality++) {
        char target[128];
        succeed(diffmm_diversify(scorer, by_modality ? modality : NULL, 0.25, count, hits, 4,
                                 scratch, chosen, &found));
        snprintf(target, sizeof target, "/recommend?user=u8&count=4&diversity=0.75%s%s",
                 by_modality ? "&modality=" : "", by_modality ? modality : "");
        json_t *answer = ask("GET", target, NULL);
        expect_hits(answer, DIFFMM_ITEMS, chosen, found);
        json_decref(answer);
    }
    succeed(diffmm_diversify(scorer, NULL, 0.25, count, hits, 4, scratch, chosen, &found));
    json_t *answer = ask("GET", "/recommend?users=u9&users=u8&count=4&diversity=0.75", NULL);
    expect_hits(json_array_get(json_object_get(answer, "users"), 1), DIFFMM_ITEMS, chosen, found);
    json_decref(answer);
    answer = ask("GET", "/recommend?user=u8&count=4&diversity=0", NULL);
    expect_hits(answer, DIFFMM_ITEMS, hits, 4);
    json_decref(answer);
    service_end();
}
END_TEST

START_TEST(chance)
{
    diffmm_hit hits[MADE_ITEMS], drawn[4];
    double scratch[4];
    size_t found;
    service_begin();
    size_t count = rank(8, 4 * 5, hits);
    succeed(diffmm_explore(1.5, 11, 8, count, hits, 4, scratch, drawn, &found));
    json_t *answer = ask("GET", "/recommend?user=u8&count=4&temperature=1.5&seed=11", NULL);
    expect_hits(answer, DIFFMM_ITEMS, drawn, found);
    json_decref(answer);
    answer = ask("POST", "/fold-in",
                 "{\"items\": [1003], \"count\": 4, \"temperature\": 1, \"seed\": 0}");
    ck_assert_uint_eq(json_array_size(json_object_get(answer, "items")), 4);
    json_decref(answer);
    service_end();
}
END_TEST

/* Item i is of group i % 4; every seventh is of none. */
static int32_t group_of(int32_t item)
{
    return item % 7 == 0 ? -1 : item % 4;
}

static void write_groups(const char *path)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    for (int32_t i = MADE_ITEMS - 1; i >= 0; i--)
        if (group_of(i) >= 0)
            fprintf(file, "%s\tgroup %d\n", made_item(i), group_of(i));
    fprintf(file, "of another model\tgroup 9\n");
    fclose(file);
}

START_TEST(limits_per_group)
{
    diffmm_hit hits[MADE_ITEMS], chosen[MADE_ITEMS];
    int32_t groups[MADE_ITEMS];
    double scratch[2 * MADE_ITEMS];
    size_t found;
    write_groups("groups");
    service_begin_with((const char *[]){"--groups", "groups", NULL});
    for (int32_t i = 0; i < MADE_ITEMS; i++)
        groups[i] = group_of(i);
    size_t count = rank(8, 5 * 5, hits);
    succeed(diffmm_limit_groups(MADE_ITEMS, groups, 1, count, hits, 5, chosen, &found));
    json_t *answer = ask("GET", "/recommend?user=u8&count=5&per_group=1", NULL);
    expect_hits(answer, DIFFMM_ITEMS, chosen, found);
    json_decref(answer);
    /* After what makes for variety, of which all places count. */
    succeed(diffmm_diversify(scorer, NULL, 0.5, count, hits, count, scratch, chosen, &found));
    succeed(diffmm_limit_groups(MADE_ITEMS, groups, 2, found, chosen, 5, chosen, &found));
    answer = ask("POST", "/recommend",
                 "{\"users\": [\"u8\"], \"count\": 5, \"per_group\": 2, \"diversity\": 0.5}");
    expect_hits(json_array_get(json_object_get(answer, "users"), 0), DIFFMM_ITEMS, chosen, found);
    json_decref(answer);
    service_end();
}
END_TEST

static const struct wrong wrong_groups[] = {
    {{"--model", "model", "--groups", "no-such-file"}, 1, "no-such-file"},
    {{"--model", "model", "--groups", "no tab"}, 1, "no tab:1: not an item, a tab and a group"},
    {{"--model", "model", "--groups", "no name"}, 1, "no name:2: not an item, a tab and a group"},
    {{"--model", "model", "--groups", "twice"}, 1, "item 'a' has two lines"},
};

START_TEST(wrong_files_of_groups)
{
    make_model("model", 1);
    write_text("no tab", "a b\n");
    write_text("no name", "a\tb\nc\t\n");
    write_text("twice", "a\tb\nc\tb\na\tc\n");
    expect_wrong(serve_program, &wrong_groups[_i]);
}
END_TEST

static double sum_of(const json_t *parts)
{
    double sum = 0;
    const char *name;
    json_t *part;
    json_object_foreach((json_t *)parts, name, part) sum += json_number_value(part);
    return sum;
}

START_TEST(explanations)
{
    float score;
    service_begin();
    const int32_t item = 20;
    succeed(diffmm_score(scorer, 8, 1, &item, &score));
    char target[128], *id = strdup(made_item(item));
    snprintf(target, sizeof target, "/explain?user=u8&item=%s", id);
    json_t *answer = ask("GET", target, NULL);
    double whole = json_number_value(json_object_get(answer, "score"));
    ck_assert((float)whole == score);
    ck_assert_str_eq(text_of(answer, "user"), "u8");
    ck_assert_str_eq(text_of(answer, "item"), id);
    ck_assert_double_le(fabs(sum_of(json_object_get(answer, "modalities")) +
                             json_number_value(json_object_get(answer, "collaborative")) - whole),
                        1e-4);
    const json_t *items = json_object_get(answer, "items");
    ck_assert_uint_eq(json_array_size(items), MADE_TOUCHED);
    double sum = json_number_value(json_object_get(answer, "rest")), last = INFINITY;
    for (size_t i = 0; i < MADE_TOUCHED; i++) {
        double part = json_number_value(json_object_get(json_array_get(items, i), "score"));
        ck_assert_double_le(part, last);
        last = part;
        sum += part;
    }
    ck_assert_double_le(fabs(sum - whole), 1e-4);
    json_decref(answer);
    /* A newcomer, by items of which the model does not know one. */
    snprintf(target, sizeof target, "/explain?item=%s&items=1003&items=new", id);
    answer = ask("GET", target, NULL);
    ck_assert_ptr_null(json_object_get(answer, "user"));
    ck_assert_uint_eq(json_array_size(json_object_get(answer, "items")), 1);
    ck_assert_str_eq(json_string_value(json_array_get(json_object_get(answer, "unknown"), 0)),
                     "new");
    json_decref(answer);
    free(id);
    service_end();
}
END_TEST

START_TEST(bad_requests)
{
    static const struct {
        const char *method, *target, *body;
        int status;
        const char *reason;
    } bad[] = {
        {"GET", "/recommend?user=u8&users=u9", NULL, 400, "'user' and 'users' exclude each other"},
        {"POST", "/recommend", "{\"users\": []}", 400, "'users' is empty"},
        {"POST", "/recommend", "{\"users\": \"u8\"}", 400, "'users' must be a list of ids"},
        {"GET", "/recommend?users=u8&count=1001", NULL, 400, "at most 1000"},
        {"GET", "/recommend?user=nobody&fallback=best", NULL, 400,
         "'fallback' must be \"popular\""},
        {"POST", "/recommend", "{\"user\": \"u8\", \"fallback\": true}", 400, "'fallback' must be"},
        {"GET", "/recommend?user=u8&diversity=1.5", NULL, 400, "'diversity' must be from 0 to 1"},
        {"GET", "/recommend?user=u8&diversity=-1", NULL, 400, "'diversity' must be from 0 to 1"},
        {"GET", "/recommend?user=u8&diversity=nan", NULL, 400, "'diversity' must be a finite"},
        {"GET", "/recommend?user=u8&modality=image", NULL, 400, "without 'diversity'"},
        {"GET", "/recommend?user=u8&diversity=1&modality=smell", NULL, 404, "'smell'"},
        {"GET", "/recommend?user=u8&temperature=-1", NULL, 400, "'temperature' must be"},
        {"GET", "/recommend?user=u8&temperature=1e300", NULL, 400, "temperature"},
        {"GET", "/recommend?user=u8&seed=1", NULL, 400, "without 'temperature'"},
        {"GET", "/recommend?user=u8&temperature=1&seed=-1", NULL, 400, "'seed' must be"},
        {"POST", "/recommend", "{\"user\": \"u8\", \"temperature\": 1, \"seed\": -1}", 400,
         "'seed' must be"},
        {"GET", "/recommend?user=u8&temperature=1&diversity=1", NULL, 400, "exclude each other"},
        {"GET", "/recommend?user=u8&per_group=1", NULL, 400, "knows no groups"},
        {"GET", "/recommend?user=u8&per_group=0", NULL, 400, "'per_group' must be"},
        {"GET", "/similar?item=1001&diversity=1", NULL, 400, "there is no parameter 'diversity'"},
        {"GET", "/explain?user=u8", NULL, 400, "'item' is missing"},
        {"GET", "/explain?item=1003", NULL, 400, "one of 'user' and 'items'"},
        {"GET", "/explain?item=1&user=u8", NULL, 404, "there is no item '1'"},
        {"GET", "/explain?item=1003&user=nobody", NULL, 404, "there is no user 'nobody'"},
        {"GET", "/explain?item=1003&items=new", NULL, 404, "none of 'items'"},
        {"GET", "/popular?user=u8", NULL, 400, "there is no parameter 'user'"},
    };
    service_begin();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct response response = http_request(port, bad[i].method, bad[i].target, bad[i].body);
        expect_error(&response, bad[i].status, bad[i].reason);
        response_end(&response);
    }
    service_end();
}
END_TEST

int main(int argc, char **argv)
{
    TCase *tests = tcase_create("serve_answers");
    tcase_add_test(tests, many_users);
    tcase_add_test(tests, blocks_of_users);
    tcase_add_test(tests, too_many_users);
    tcase_add_test(tests, popular_items);
    tcase_add_test(tests, variety);
    tcase_add_test(tests, chance);
    tcase_add_test(tests, limits_per_group);
    tcase_add_loop_test(tests, wrong_files_of_groups, 0,
                        (int)(sizeof wrong_groups / sizeof wrong_groups[0]));
    tcase_add_test(tests, explanations);
    tcase_add_test(tests, bad_requests);
    return run_programs(argc, argv, tests, "serve_answers");
}
