/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests that diffmm_serve finds at the same moment are ranked together, and nobody can tell by
 * the answers. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "made_model.h"
#include "metrics_text.h"
#include "program.h"
#include "service.h"

enum { REQUESTS = 96 };

/* The targets go through these, with a user in each: plain questions, which are ranked together, in
 * three lengths, and all sorts of others. */
static const char *const forms[] = {
    "/recommend?user=u%d",
    "/recommend?user=u%d&count=5",
    "/recommend?count=100&user=u%d",
    "/recommend?user=u%d&count=5",
    "/recommend?user=u%d&count=101",
    "/recommend?user=u%d",
    "/recommend?user=u%d&count=0",
    "/recommend?user=u%d&include_seen=1",
    "/recommend?user=nobody%d&count=5",
    "/recommend?user=nobody%d&fallback=popular",
    "/recommend?user=u%d&user=u1",
    "/similar?user=u%d",
};

enum { FORMS = sizeof forms / sizeof *forms };

static void make_target(size_t request, char *target, size_t room)
{
    /* Users u4 to u39: u3 is called something else. */
    snprintf(target, room, forms[request % FORMS], 4 + (int)(request % (MADE_USERS - 4)));
}

static void send_request(int connection, size_t number)
{
    char target[64], text[256];
    make_target(number, target, sizeof target);
    int size = snprintf(text, sizeof text,
                        "GET %s HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: r%zu\r\n\r\n", target,
                        number);
    ck_assert(http_send(connection, text, (size_t)size));
}

/* The answer is that of a request alone, with its own name. */
static void expect_alike(struct response *response, size_t number)
{
    char target[64], id[64];
    make_target(number, target, sizeof target);
    snprintf(id, sizeof id, "X-Request-Id: r%zu", number);
    struct response alone = http_request(port, "GET", target, NULL);
    ck_assert_int_ne(response->status, 0);
    ck_assert_int_eq(response->status, alone.status);
    ck_assert_str_eq(response->body, alone.body);
    ck_assert(response_has(response, id));
    response_end(&alone);
    response_end(response);
}

/* Open connections that the service's threads have already taken. */
static void open_connections(int *connections, size_t count)
{
    static const char hello[] = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for (size_t i = 0; i < count; i++) {
        connections[i] = http_connect(port);
        ck_assert(http_send(connections[i], hello, strlen(hello)));
        struct response response = http_receive_one(connections[i]);
        ck_assert_int_eq(response.status, 200);
        response_end(&response);
    }
}

/* While the service is stopped, everybody asks. */
static void ask_at_once(const char *threads)
{
    int connections[REQUESTS];
    struct response responses[REQUESTS];
    service_begin_with((const char *[]){"--threads", threads, NULL});
    open_connections(connections, REQUESTS);
    ck_assert_int_eq((int)metric("diffmm_serve_ranked_together_total"), 0);
    ck_assert_int_eq(kill(service, SIGSTOP), 0);
    for (size_t i = 0; i < REQUESTS; i++)
        send_request(connections[i], i);
    ck_assert_int_eq(kill(service, SIGCONT), 0);
    for (size_t i = 0; i < REQUESTS; i++) {
        responses[i] = http_receive_one(connections[i]);
        close(connections[i]);
    }
    /* Five of twelve forms are plain and of known users. */
    int together = (int)metric("diffmm_serve_ranked_together_total");
    ck_assert_int_gt(together, REQUESTS / 12 * 5 / 2);
    ck_assert_int_le(together, REQUESTS / 12 * 5);
    for (size_t i = 0; i < REQUESTS; i++)
        expect_alike(&responses[i], i);
    service_end();
}

START_TEST(one_thread)
{
    ask_at_once("1");
}
END_TEST

START_TEST(two_threads)
{
    ask_at_once("2");
}
END_TEST

/* Those who have gone when their turn comes harm nobody. */
START_TEST(clients_that_go)
{
    int connections[REQUESTS];
    service_begin_with((const char *[]){"--threads", "1", NULL});
    open_connections(connections, REQUESTS);
    ck_assert_int_eq(kill(service, SIGSTOP), 0);
    for (size_t i = 0; i < REQUESTS; i++) {
        send_request(connections[i], i);
        if (i % 3 == 1)
            close(connections[i]);
    }
    ck_assert_int_eq(kill(service, SIGCONT), 0);
    for (size_t i = 0; i < REQUESTS; i++) {
        if (i % 3 == 1)
            continue;
        struct response response = http_receive_one(connections[i]);
        expect_alike(&response, i);
        close(connections[i]);
    }
    service_end();
}
END_TEST

/* Requests that come one after another on one connection, all at once. */
START_TEST(in_a_row)
{
    int connection;
    struct response responses[FORMS];
    service_begin_with((const char *[]){"--threads", "1", NULL});
    open_connections(&connection, 1);
    ck_assert_int_eq(kill(service, SIGSTOP), 0);
    for (size_t i = 0; i < FORMS; i++)
        send_request(connection, i);
    ck_assert_int_eq(kill(service, SIGCONT), 0);
    for (size_t i = 0; i < FORMS; i++)
        responses[i] = http_receive_one(connection);
    ck_assert_int_eq((int)metric("diffmm_serve_ranked_together_total"), 0);
    for (size_t i = 0; i < FORMS; i++)
        expect_alike(&responses[i], i);
    close(connection);
    service_end();
}
END_TEST

/* Requests that wait when the service is told twice to end do not keep it. */
START_TEST(end_at_once)
{
    int connections[REQUESTS];
    service_begin();
    open_connections(connections, REQUESTS);
    ck_assert_int_eq(kill(service, SIGSTOP), 0);
    for (size_t i = 0; i < REQUESTS; i++)
        send_request(connections[i], i);
    ck_assert_int_eq(kill(service, SIGTERM), 0);
    ck_assert_int_eq(kill(service, SIGINT), 0);
    ck_assert_int_eq(kill(service, SIGCONT), 0);
    ck_assert_int_eq(finish(service), 0);
    for (size_t i = 0; i < REQUESTS; i++)
        close(connections[i]);
    diffmm_scorer_destroy(scorer);
}
END_TEST

int main(int argc, char **argv)
{
    TCase *tests = tcase_create("serve_gather");
    tcase_add_test(tests, one_thread);
    tcase_add_test(tests, two_threads);
    tcase_add_test(tests, clients_that_go);
    tcase_add_test(tests, in_a_row);
    tcase_add_test(tests, end_at_once);
    return run_programs(argc, argv, tests, "serve_gather");
}
