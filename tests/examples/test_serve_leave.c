/* SPDX-License-Identifier: BSD-2-Clause */
/* How diffmm_serve ends. */
#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "made_model.h"
#include "program.h"
#include "service.h"

/* A request under way when the service is told to end is answered; new ones are not taken. */
START_TEST(leaves_in_order)
{
    static const char first[] = "POST /recommend HTTP/1.1\r\nHost: localhost\r\n"
                                "Content-Length: 26\r\n\r\n{\"user\": ";
    static const char second[] = "\"u1\", \"count\": 2}";
    service_begin_with((const char *[]){"--threads", "1", "--grace-seconds", "1", NULL});
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

/* A client that keeps its connection, and opens another when it is told that this one closes; or,
 * with a question of its own, one that opens a connection for each request. */
struct keeper {
    const char *question;
    size_t answered, told, lost;
};

static const char question[] = "GET /recommend?user=u2&count=3 HTTP/1.1\r\nHost: a\r\n\r\n";
static const char last_question[] =
    "GET /recommend?user=u2&count=3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/* Ask on one connection until the service closes it in order. */
static void ask_on(struct keeper *keeper, int connection)
{
    for (bool goes_on = true; goes_on;) {
        http_send(connection, keeper->question, strlen(keeper->question));
        struct response response = http_receive_one(connection);
        bool good = response.status == 200;
        bool told = response_has(&response, "Connection: close");
        response_end(&response);
        keeper->answered += good;
        keeper->told += told;
        keeper->lost += !good;
        goes_on = good && !told;
    }
    close(connection);
}

static void *keep_asking(void *argument)
{
    for (int connection; (connection = http_connect(port)) >= 0;)
        ask_on(argument, connection);
    return NULL;
}

/* The service is told to end in the midst of clients that ask as fast as they can: every request
 * that could be sent is answered. */
START_TEST(loses_nothing)
{
    enum { keepers = 6 };
    struct keeper kept[keepers];
    pthread_t threads[keepers];
    service_begin_with((const char *[]){"--grace-seconds", "1", NULL});
    for (int i = 0; i < keepers; i++) {
        kept[i] = (struct keeper){.question = i % 2 ? last_question : question};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, keep_asking, &kept[i]), 0);
    }
    nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
    ck_assert_int_eq(kill(service, SIGTERM), 0);
    for (int i = 0; i < keepers; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert_uint_gt(kept[i].answered, 0);
        ck_assert_uint_gt(kept[i].told, 0);
        ck_assert_uint_eq(kept[i].lost, 0);
    }
    ck_assert_int_eq(finish(service), 0);
    diffmm_scorer_destroy(scorer);
}
END_TEST

static int ready(void)
{
    struct response response = http_request(port, "GET", "/readyz", NULL);
    response_end(&response);
    return response.status;
}

/* In the time of grace: requests are answered and connections close, /readyz says so. It ends when
 * the last connection does. */
START_TEST(grace)
{
    service_begin_with((const char *[]){"--grace-seconds", "3600", NULL});
    int kept = http_connect(port);
    ck_assert(http_send(kept, question, strlen(question)));
    struct response response = http_receive_one(kept);
    ck_assert_int_eq(response.status, 200);
    ck_assert(!response_has(&response, "Connection: close"));
    response_end(&response);
    ck_assert_int_eq(ready(), 200);
    ck_assert_int_eq(kill(service, SIGTERM), 0);
    while (ready() != 503)
        pause_a_moment();
    json_decref(ask("GET", "/healthz", NULL));
    response = http_request(port, "GET", "/recommend?user=nobody", NULL);
    expect_error(&response, 404, "no user");
    response_end(&response);
    ck_assert(http_send(kept, question, strlen(question)));
    response = http_receive_one(kept);
    ck_assert_int_eq(response.status, 200);
    ck_assert(response_has(&response, "Connection: close"));
    response_end(&response);
    ck_assert_int_eq(finish(service), 0);
    close(kept);
    diffmm_scorer_destroy(scorer);
}
END_TEST

int main(int argc, char **argv)
{
    TCase *tests = tcase_create("serve_leave");
    tcase_add_test(tests, leaves_in_order);
    tcase_add_test(tests, leaves_at_once);
    tcase_add_test(tests, loses_nothing);
    tcase_add_test(tests, grace);
    return run_programs(argc, argv, tests, "serve_leave");
}
