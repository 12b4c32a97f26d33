/* SPDX-License-Identifier: BSD-2-Clause */
/* How diffmm_serve begins, changes its model and ends. */
#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "made_model.h"
#include "program.h"
#include "service.h"

static void await_generation(int64_t wanted)
{
    while (generation() != wanted)
        pause_a_moment();
}

/* A file that is replaced, a signal and a request reload; a spoilt file leaves the old model. */
START_TEST(reloads)
{
    service_begin();
    make_model("model", 2);
    await_generation(2);
    ck_assert_int_eq(kill(service, SIGHUP), 0);
    await_generation(3);
    json_t *answer = ask("POST", "/reload", NULL);
    ck_assert_int_eq(json_integer_value(json_object_get(answer, "generation")), 4);
    json_decref(answer);

    diffmm_scorer_destroy(scorer);
    scorer = open_made_model("model");
    diffmm_query query = {.struct_size = sizeof query, .count = 20};
    diffmm_hit hits[20];
    size_t found;
    succeed(diffmm_recommend(scorer, 0, &query, hits, &found));
    write_text("spoilt", "no model");
    ck_assert_int_eq(rename("spoilt", "model"), 0);
    struct response response = http_request(port, "POST", "/reload", NULL);
    expect_error(&response, 500, "model: the header's length");
    response_end(&response);
    answer = ask("GET", "/recommend?user=u0", NULL);
    expect_hits(answer, DIFFMM_ITEMS, hits, found);
    json_decref(answer);
    ck_assert_int_eq(generation(), 4);
    ck_assert_int_eq(unlink("model"), 0);
    ck_assert_int_eq(kill(service, SIGHUP), 0);
    ck_assert_int_eq(generation(), 4);
    service_end();
}
END_TEST

/* What a thread that asks again and again has seen. */
struct asker {
    char *expected[2]; /* the answers of both models */
    size_t asked, answered, from[2];
};

enum { askers = 4, questions = 60, swaps = 20 };

static atomic_bool swapped_enough;

static void *ask_often(void *argument)
{
    struct asker *asker = argument;
    for (; asker->asked < questions || !swapped_enough; asker->asked++) {
        struct response response = http_request(port, "GET", "/recommend?user=u6&count=9", NULL);
        asker->answered += response.status == 200;
        for (int m = 0; m < 2; m++)
            asker->from[m] += strcmp(response.body, asker->expected[m]) == 0;
        response_end(&response);
    }
    return NULL;
}

static char *answer_now(void)
{
    struct response response = http_request(port, "GET", "/recommend?user=u6&count=9", NULL);
    ck_assert_int_eq(response.status, 200);
    return response.body;
}

/* Models are swapped under requests: each is answered, by the one model or by the other. */
START_TEST(reloads_drop_nothing)
{
    struct asker asked[askers];
    pthread_t threads[askers];
    char *expected[2];
    service_begin();
    expected[0] = answer_now();
    make_model("model", 2);
    json_decref(ask("POST", "/reload", NULL));
    expected[1] = answer_now();
    ck_assert_str_ne(expected[0], expected[1]);
    for (int i = 0; i < askers; i++) {
        asked[i] = (struct asker){.expected = {expected[0], expected[1]}};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, ask_often, &asked[i]), 0);
    }
    for (unsigned i = 0; i < swaps; i++) {
        make_model("model", 1 + i % 2);
        if (i % 4 == 3)
            kill(service, SIGHUP);
        else
            json_decref(ask("POST", "/reload", NULL));
    }
    swapped_enough = true;
    size_t from[2] = {0, 0};
    for (int i = 0; i < askers; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert_uint_eq(asked[i].answered, asked[i].asked);
        ck_assert_uint_eq(asked[i].from[0] + asked[i].from[1], asked[i].asked);
        from[0] += asked[i].from[0];
        from[1] += asked[i].from[1];
    }
    ck_assert(from[0] > 0 && from[1] > 0);
    ck_assert_int_gt(generation(), swaps / 4 * 3);
    free(expected[0]);
    free(expected[1]);
    service_end();
}
END_TEST

/* A request under way when the service is told to end is answered; new ones are not taken. */
START_TEST(leaves_in_order)
{
    static const char first[] = "POST /recommend HTTP/1.1\r\nHost: localhost\r\n"
                                "Content-Length: 26\r\n\r\n{\"user\": ";
    static const char second[] = "\"u1\", \"count\": 2}";
    service_begin_with((const char *[]){"--threads", "1", NULL});
    int connection = http_connect(port);
    ck_assert(http_send(connection, first, strlen(first)));
    /* The one thread has come round to it when it has answered what came later. */
    json_decref(ask("GET", "/health", NULL));
    json_decref(ask("GET", "/health", NULL));
    ck_assert_int_eq(kill(service, SIGTERM), 0);
    for (int late; (late = http_connect(port)) >= 0; pause_a_moment())
        close(late);
    ck_assert(http_send(connection, second, strlen(second)));
    struct response response = http_receive(connection);
    ck_assert_int_eq(response.status, 200);
    response_end(&response);
    ck_assert_int_eq(finish(service), 0);
    diffmm_scorer_destroy(scorer);
}
END_TEST

/* A request that never ends does not keep the service: a second signal cuts it off. */
START_TEST(leaves_at_once)
{
    static const char begun[] = "POST /recommend HTTP/1.1\r\nHost: localhost\r\n"
                                "Content-Length: 26\r\n\r\n{";
    service_begin();
    int connection = http_connect(port), idle = http_connect(port);
    ck_assert(http_send(connection, begun, strlen(begun)));
    json_decref(ask("GET", "/health", NULL));
    ck_assert_int_eq(kill(service, SIGINT), 0);
    nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    kill(service, SIGINT);
    ck_assert_int_eq(finish(service), 0);
    close(connection);
    close(idle);
    diffmm_scorer_destroy(scorer);
}
END_TEST

static void expect_reload(const char *headers, int status, const char *reason)
{
    int64_t before = generation();
    struct response response = http_request_with(port, "POST", "/reload", headers, NULL);
    if (status == 200)
        ck_assert_msg(response.status == 200, "%s: %d %s", headers, response.status, response.body);
    else
        expect_error(&response, status, reason);
    ck_assert_msg(status != 401 || strstr(response.headers, "WWW-Authenticate: Bearer"), "%s",
                  response.headers);
    response_end(&response);
    ck_assert_int_eq(generation(), before + (status == 200));
}

/* A page can send a POST to loopback, and give loopback a name of its own. */
START_TEST(no_page_reloads)
{
    static const char *const fine[] = {"Host: localhost\r\n",    "Host: LocalHost:8080\r\n",
                                       "Host: 127.0.0.1:80\r\n", "Host: 127.1.2.3\r\n",
                                       "Host: [::1]:8080\r\n",   "Host: [::1]\r\n"};
    static const char *const names[] = {"evil.example",
                                        "evil.example:8080",
                                        "127.0.0.1.evil.example",
                                        "localhost.evil.example",
                                        "localhost:evil",
                                        "192.0.2.1",
                                        "[::2]",
                                        "[::1]x",
                                        "localhost@evil:1",
                                        "",
                                        "[",
                                        "127.0.0.1:80:80"};
    static const char *const of_pages[] = {"Origin: http://evil.example",
                                           "Origin: null",
                                           "Origin: http://localhost:8080",
                                           "Referer: http://evil.example/",
                                           "Sec-Fetch-Site: cross-site",
                                           "sec-fetch-site: same-site",
                                           "X-Forwarded-For: 192.0.2.1",
                                           "Forwarded: for=192.0.2.1",
                                           "Via: 1.1 proxy",
                                           "X-Real-IP: 192.0.2.1"};
    char headers[200];
    service_begin();
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
        expect_reload(fine[i], 200, NULL);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(headers, sizeof headers, "Host: %s\r\n", names[i]);
        expect_reload(headers, 403, "Host must name loopback");
    }
    for (size_t i = 0; i < sizeof of_pages / sizeof *of_pages; i++) {
        snprintf(headers, sizeof headers, "Host: localhost\r\n%s\r\n", of_pages[i]);
        expect_reload(headers, 403, "requests of web pages and through proxies");
    }
    service_end();
}
END_TEST

/* Where there is a token, it decides alone. */
START_TEST(the_token_reloads)
{
    static const char *const wrong[] = {
        "",
        "Authorization: Bearer\r\n",
        "Authorization: Bearer \r\n",
        "Authorization: Bearer 0123456789abcde\r\n",
        "Authorization: Bearer 0123456789abcdef0\r\n",
        "Authorization: Bearer 0123456789abcdeg\r\n",
        "Authorization: Bearer 0123456789abcdef0123456789abcdef\r\n",
        "Authorization: Basic 0123456789abcdef\r\n",
        "Authorization: 0123456789abcdef\r\n"};
    char headers[200];
    write_text("token", "0123456789abcdef\nnot this line\n");
    service_begin_with((const char *[]){"--reload-token-file", "token", NULL});
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        snprintf(headers, sizeof headers, "Host: localhost\r\n%s", wrong[i]);
        expect_reload(headers, 401, "needs the service's token");
    }
    expect_reload("Host: localhost\r\nAuthorization: Bearer 0123456789abcdef\r\n", 200, NULL);
    expect_reload("Host: a.example\r\nVia: 1.1 proxy\r\nauthorization: bearer 0123456789abcdef\r\n",
                  200, NULL);
    json_decref(ask("GET", "/recommend?user=u0", NULL)); /* for everyone */
    service_end();
}
END_TEST

START_TEST(says_what_is_wrong)
{
    static const struct wrong wrong[] = {
        {{NULL}, 2, "--model is missing"},
        {{"--nonsense"}, 2, "nonsense"},
        {{"--model", "model", "left over"}, 2, "left over"},
        {{"--model", "model", "--port", "65536"}, 2, "--port takes a number from 0 to 65535"},
        {{"--model", "model", "--port", "http"}, 2, "not http"},
        {{"--model", "model", "--threads", "0"}, 2, "--threads takes"},
        {{"--model", "model", "--max-count", "0"}, 2, "--max-count takes"},
        {{"--model", "model", "--max-body", "x"}, 2, "--max-body takes"},
        {{"--model", "model", "--reload-token-file", "no-such-token"}, 1, "no-such-token: No such"},
        {{"--model", "model", "--reload-token-file", "empty"}, 1, "its first line is not a token"},
        {{"--model", "model", "--reload-token-file", "short"}, 1, "its first line is not a token"},
        {{"--model", "no-such-model"}, 1, "no-such-model"},
        {{"--model", "empty"}, 1, "empty"},
        {{"--model", "model", "--host", "no.such.host.invalid"}, 1, "no.such.host.invalid"},
        {{"--model", "model", "--host", "192.0.2.1"}, 1, "cannot listen"},
    };
    make_model("model", 1);
    write_text("empty", "");
    write_text("short", "0123456789abcde\n");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_wrong(serve_program, &wrong[i]);
    ck_assert_int_eq(run(serve_program, (const char *[]){"--help", NULL}), 0);
    expect_text("out", "usage: diffmm_serve");
}
END_TEST

int main(int argc, char **argv)
{
    TCase *tests = tcase_create("serve_life");
    tcase_add_test(tests, reloads);
    tcase_add_test(tests, reloads_drop_nothing);
    tcase_add_test(tests, leaves_in_order);
    tcase_add_test(tests, leaves_at_once);
    tcase_add_test(tests, no_page_reloads);
    tcase_add_test(tests, the_token_reloads);
    tcase_add_test(tests, says_what_is_wrong);
    return run_programs(argc, argv, tests, "serve_life");
}
