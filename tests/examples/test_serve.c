/* SPDX-License-Identifier: BSD-2-Clause */
/* What diffmm_serve answers, over sockets. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "made_model.h"
#include "program.h"
#include "service.h"

START_TEST(health)
{
    service_begin();
    json_t *answer = ask("GET", "/health", NULL);
    json_t *expected = json_pack("{s:s, s:i, s:i, s:i, s:i}", "status", "ok", "users", MADE_USERS,
                                 "items", MADE_ITEMS, "dimensions", 8, "generation", 1);
    ck_assert(json_equal(answer, expected));
    json_decref(expected);
    json_decref(answer);
    struct response response = http_request(port, "HEAD", "/health", NULL);
    ck_assert_int_eq(response.status, 200);
    ck_assert_str_eq(response.body, "");
    response_end(&response);
    service_end();
}
END_TEST

START_TEST(recommend)
{
    diffmm_hit hits[MADE_ITEMS];
    size_t found;
    diffmm_query query = {.struct_size = sizeof query, .count = 5};
    service_begin();
    succeed(diffmm_recommend(scorer, 3, &query, hits, &found));
    json_t *answer =
        ask("GET", "/recommend?user=Zo%C3%AB+%26+%22Bob%22%20/%20100%25&count=5", NULL);
    ck_assert_str_eq(json_string_value(json_object_get(answer, "user")), made_user(3));
    expect_hits(answer, DIFFMM_ITEMS, hits, found);
    ck_assert_ptr_null(json_object_get(answer, "unknown"));
    json_decref(answer);

    /* Every restriction, in both ways; ids that are whole numbers; ids the model does not know. */
    const int32_t exclude[] = {9, 4}, candidates[] = {1, 2, 3, 4, 5, 9, 12, 20};
    query = (diffmm_query){.struct_size = sizeof query,
                           .count = 6,
                           .include_seen = 1,
                           .exclude = exclude,
                           .exclude_count = 2,
                           .candidates = candidates,
                           .candidate_count = 8,
                           .has_min_score = 1,
                           .min_score = -0.5F};
    succeed(diffmm_recommend(scorer, 8, &query, hits, &found));
    ck_assert_uint_gt(found, 0);
    json_t *by_body =
        ask("POST", "/recommend",
            "{\"user\": \"u8\", \"count\": 6, \"include_seen\": true, \"min_score\": -0.5,"
            " \"exclude\": [1009, \"\xe6\x98\xa0\xe7\x94\xbb?a=b+c\", \"new\"],"
            " \"candidates\": [1001, 1002, \"1003\", \"\xe6\x98\xa0\xe7\x94\xbb?a=b+c\", 1005,"
            " 1009, 1012, 1020]}");
    expect_hits(by_body, DIFFMM_ITEMS, hits, found);
    json_t *unknown = json_pack("[s]", "new");
    ck_assert(json_equal(json_object_get(by_body, "unknown"), unknown));
    json_t *by_query =
        ask("GET",
            "/recommend?user=u8&count=6&include_seen=1&min_score=-0.5&exclude=1009&exclude="
            "%E6%98%A0%E7%94%BB?a%3Db%2Bc&exclude=new&candidates=1001&candidates=1002&candidates="
            "1003&candidates=%E6%98%A0%E7%94%BB?a%3Db%2Bc&candidates=1005&candidates=1009&"
            "candidates=1012&candidates=1020",
            NULL);
    ck_assert(json_equal(by_query, by_body));
    json_decref(unknown);
    json_decref(by_body);
    json_decref(by_query);

    /* No candidate that the model knows: nothing to recommend. */
    answer = ask("GET", "/recommend?user=u8&candidates=new", NULL);
    expect_hits(answer, DIFFMM_ITEMS, hits, 0);
    json_decref(answer);
    service_end();
}
END_TEST

START_TEST(similar)
{
    diffmm_hit hits[MADE_USERS];
    size_t found;
    diffmm_query query = {.struct_size = sizeof query, .count = 20};
    service_begin();
    succeed(diffmm_similar_items(scorer, 5, DIFFMM_COSINE, &query, hits, &found));
    json_t *answer = ask("GET", "/similar?item=1005", NULL);
    ck_assert_str_eq(json_string_value(json_object_get(answer, "item")), "1005");
    expect_hits(answer, DIFFMM_ITEMS, hits, found);
    json_decref(answer);
    query.count = 100;
    const int32_t exclude[] = {2};
    query.exclude = exclude;
    query.exclude_count = 1;
    succeed(diffmm_similar_users(scorer, 5, DIFFMM_DOT, &query, hits, &found));
    ck_assert_uint_eq(found, MADE_USERS - 2);
    answer = ask("POST", "/similar",
                 "{\"user\": \"u5\", \"similarity\": \"dot\", \"count\": 100,"
                 " \"exclude\": [\"u2\"]}");
    ck_assert_str_eq(json_string_value(json_object_get(answer, "user")), "u5");
    expect_hits(answer, DIFFMM_USERS, hits, found);
    json_decref(answer);
    service_end();
}
END_TEST

START_TEST(fold_in)
{
    diffmm_hit hits[MADE_ITEMS];
    float embedding[8];
    size_t found, seen_count;
    const int32_t touched[] = {3, 7};
    const int32_t *seen;
    int32_t exclude[2 + MADE_TOUCHED];
    service_begin();
    diffmm_query query = {
        .struct_size = sizeof query, .count = MADE_ITEMS, .exclude = touched, .exclude_count = 2};
    succeed(diffmm_fold_in(scorer, DIFFMM_NEW_USER, 2, touched, embedding));
    succeed(diffmm_recommend_embedding(scorer, embedding, &query, hits, &found));
    ck_assert_uint_eq(found, MADE_ITEMS - 2);
    json_t *answer = ask("GET", "/fold-in?items=1003&items=1007&items=new&count=100", NULL);
    ck_assert_ptr_null(json_object_get(answer, "user"));
    ck_assert_uint_eq(json_array_size(json_object_get(answer, "unknown")), 1);
    expect_hits(answer, DIFFMM_ITEMS, hits, found);
    json_decref(answer);

    /* A known user: what training knows of is left out, too, unless it is asked for. */
    succeed(diffmm_fold_in(scorer, 9, 2, touched, embedding));
    succeed(diffmm_scorer_seen(scorer, 9, &seen, &seen_count));
    ck_assert_uint_eq(seen_count, MADE_TOUCHED);
    memcpy(exclude, touched, sizeof touched);
    memcpy(exclude + 2, seen, seen_count * sizeof *seen);
    query.exclude = exclude;
    query.exclude_count = 2 + seen_count;
    succeed(diffmm_recommend_embedding(scorer, embedding, &query, hits, &found));
    answer =
        ask("POST", "/fold-in", "{\"user\": \"u9\", \"items\": [1003, \"1007\"], \"count\": 100}");
    ck_assert_str_eq(json_string_value(json_object_get(answer, "user")), "u9");
    expect_hits(answer, DIFFMM_ITEMS, hits, found);
    json_decref(answer);
    query.exclude_count = 0;
    succeed(diffmm_recommend_embedding(scorer, embedding, &query, hits, &found));
    answer = ask("GET", "/fold-in?user=u9&items=1003&items=1007&count=100&include_seen=true", NULL);
    expect_hits(answer, DIFFMM_ITEMS, hits, MADE_ITEMS);
    json_decref(answer);
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
        {"GET", "/", NULL, 404, "there is no /, only /recommend"},
        {"GET", "/recommend/", NULL, 404, "there is no /recommend/"},
        {"GET", "/%ff", NULL, 404, "there is no /?"},
        {"DELETE", "/recommend?user=u1", NULL, 405, "takes GET, HEAD, POST, not DELETE"},
        {"POST", "/health", NULL, 405, "takes GET, HEAD, not POST"},
        {"GET", "/reload", NULL, 405, "takes POST, not GET"},
        {"GET", "/recommend", NULL, 400, "'user' is missing"},
        {"GET", "/recommend?user=nobody", NULL, 404, "there is no user 'nobody'"},
        {"GET", "/recommend?user", NULL, 404, "there is no user ''"},
        {"GET", "/recommend?user=u1&user=u2", NULL, 400, "'user' is given twice"},
        {"POST", "/recommend?user=u1", "{\"user\": \"u1\"}", 400, "'user' is given twice"},
        {"GET", "/recommend?user=u1&colour=red", NULL, 400, "there is no parameter 'colour'"},
        {"GET", "/recommend?user=u1&item=1001", NULL, 400, "there is no parameter 'item'"},
        {"GET", "/recommend?user=u1&use=1", NULL, 400, "there is no parameter 'use'"},
        {"GET", "/recommend?user=u1&count=0", NULL, 400, "'count' must be a whole number"},
        {"GET", "/recommend?user=u1&count=-1", NULL, 400, "'count' must be a whole number"},
        {"GET", "/recommend?user=u1&count=2.5", NULL, 400, "'count' must be a whole number"},
        {"GET", "/recommend?user=u1&count=1001", NULL, 400, "at most 1000"},
        {"GET", "/recommend?user=u1&count=99999999999999999999", NULL, 400, "'count' must be"},
        {"GET", "/recommend?user=u1&include_seen=perhaps", NULL, 400, "true or false"},
        {"GET", "/recommend?user=u1&min_score=high", NULL, 400, "a finite number"},
        {"GET", "/recommend?user=u1&min_score=nan", NULL, 400, "a finite number"},
        {"GET", "/recommend?user=u1&min_score=1e300", NULL, 400, "out of the range"},
        {"GET", "/recommend?user=%ff", NULL, 400, "'user' must be an id"},
        {"GET", "/recommend?user=u1&exclude=a&exclude=%ff", NULL, 400, "'exclude' must be"},
        {"GET", "/recommend?user=u%001", NULL, 400, "NUL"},
        {"POST", "/recommend", "", 400, "'user' is missing"},
        {"POST", "/recommend", "user=u1", 400, "the body is not JSON"},
        {"POST", "/recommend", "{\"user\": \"u1\"", 400, "the body is not JSON"},
        {"POST", "/recommend", "{\"user\": \"u1\"} and more", 400, "the body is not JSON"},
        {"POST", "/recommend", "{\"user\": \"\xff\"}", 400, "the body is not JSON"},
        {"POST", "/recommend", "{\"user\": \"u\\u0000\"}", 400, "the body is not JSON"},
        {"POST", "/recommend", "{\"user\": \"u1\", \"user\": \"u2\"}", 400, "duplicate"},
        {"POST", "/recommend", "[]", 400, "not a JSON object"},
        {"POST", "/recommend", "{\"user\": null}", 400, "'user' must be an id"},
        {"POST", "/recommend", "{\"user\": 1.5}", 400, "'user' must be an id"},
        {"POST", "/recommend", "{\"user\": \"u1\", \"count\": \"5\"}", 400, "'count' must be"},
        {"POST", "/recommend", "{\"user\": \"u1\", \"exclude\": \"1\"}", 400, "a list of ids"},
        {"POST", "/recommend", "{\"user\": \"u1\", \"exclude\": [[]]}", 400, "a list of ids"},
        {"POST", "/recommend", "{\"user\": \"u1\", \"include_seen\": 1}", 400, "true or false"},
        {"GET", "/similar", NULL, 400, "one of 'item' and 'user'"},
        {"GET", "/similar?item=1001&user=u1", NULL, 400, "one of 'item' and 'user'"},
        {"GET", "/similar?item=1", NULL, 404, "there is no item '1'"},
        {"GET", "/similar?item=1001&similarity=some", NULL, 400, "\"cosine\" or \"dot\""},
        {"GET", "/fold-in", NULL, 400, "'items' is missing"},
        {"POST", "/fold-in", "{\"items\": []}", 400, "'items' is missing or empty"},
        {"GET", "/fold-in?items=new", NULL, 404, "none of 'items'"},
        {"GET", "/fold-in?items=1001&user=nobody", NULL, 404, "there is no user 'nobody'"},
    };
    service_begin();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct response response = http_request(port, bad[i].method, bad[i].target, bad[i].body);
        expect_error(&response, bad[i].status, bad[i].reason);
        if (bad[i].status == 405)
            ck_assert_ptr_nonnull(strstr(response.headers, "Allow: "));
        response_end(&response);
    }
    json_decref(ask("GET", "/health", NULL));
    service_end();
}
END_TEST

/* Send these bytes as they are; the status of the answer. */
static int status_of(const void *bytes, size_t size)
{
    int connection = http_connect(port);
    http_send(connection, bytes, size);
    struct response response = http_receive(connection);
    response_end(&response);
    return response.status;
}

START_TEST(limits)
{
    service_begin_with(
        (const char *[]){"--max-body", "100", "--max-count", "3", "--threads", "1", NULL});
    struct response response = http_request(port, "GET", "/recommend?user=u1&count=4", NULL);
    expect_error(&response, 400, "at most 3");
    response_end(&response);
    json_t *answer = ask("GET", "/recommend?user=u1", NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(answer, "items")), 3);
    json_decref(answer);
    char *large = malloc(1 << 20);
    ck_assert_ptr_nonnull(large);
    memset(large, ' ', 1 << 20);
    large[1000] = '\0';
    response = http_request(port, "POST", "/recommend", large);
    expect_error(&response, 413, "exceeds 100 bytes");
    response_end(&response);
    /* Without saying how much comes, in pieces. */
    static const char chunked[] = "POST /recommend HTTP/1.1\r\nHost: localhost\r\nConnection: close"
                                  "\r\nTransfer-Encoding: chunked\r\n\r\n"
                                  "10\r\n{\"user\": \"u1\", \r\nb\r\n\"count\": 2}\r\n0\r\n\r\n";
    ck_assert_int_eq(status_of(chunked, strlen(chunked)), 200);
    /* What goes on for too long is answered all the same. */
    large[1000] = ' ';
    static const char endless[] = "POST /recommend HTTP/1.1\r\nHost: localhost\r\n"
                                  "Content-Length: 1048576\r\n\r\n";
    int connection = http_connect(port);
    ck_assert(http_send(connection, endless, strlen(endless)));
    http_send(connection, large, 1 << 20);
    response = http_receive(connection);
    expect_error(&response, 413, "far too large");
    response_end(&response);
    free(large);
    /* No HTTP at all. */
    static const char noise[] = "\x16\x03\x01 hello\r\n\r\n";
    int status = status_of(noise, sizeof noise);
    ck_assert(status == 0 || status == 400);
    json_decref(ask("GET", "/health", NULL));
    service_end();
}
END_TEST

int main(int argc, char **argv)
{
    TCase *tests = tcase_create("serve");
    tcase_add_test(tests, health);
    tcase_add_test(tests, recommend);
    tcase_add_test(tests, similar);
    tcase_add_test(tests, fold_in);
    tcase_add_test(tests, bad_requests);
    tcase_add_test(tests, limits);
    return run_programs(argc, argv, tests, "serve");
}
