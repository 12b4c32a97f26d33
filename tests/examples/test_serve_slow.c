/* SPDX-License-Identifier: BSD-2-Clause */
/* Clients of diffmm_serve that send or read too slowly, and too many of one. */
#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "metrics_text.h"
#include "program.h"
#include "service.h"

enum { PLACES = 4 };

/* What each slow client begins with, and then goes on with a byte at a time, for ever. */
static const char *const beginnings[PLACES] = {
    "", "GET /health HTTP/1.1\r\nHost: a\r\nA: ",
    "POST /recommend HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n",
    "POST /recommend HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n"};

static void *ask_once(void *argument)
{
    struct response response = http_request(port, "GET", "/health", NULL);
    atomic_store((atomic_int *)argument, response.status);
    response_end(&response);
    return NULL;
}

/* All places are taken by slow clients: another client gets its turn all the same, and those who
 * were in the midst of a request are told. */
START_TEST(slow_senders)
{
    int slow[PLACES];
    atomic_int status = 0;
    pthread_t thread;
    service_begin_with((const char *[]){"--max-connections", "4", "--receive-seconds", "2", NULL});
    for (int i = 0; i < PLACES; i++) {
        slow[i] = http_connect(port);
        ck_assert(http_send(slow[i], beginnings[i], strlen(beginnings[i])));
    }
    pause_a_moment();
    ck_assert_int_eq(pthread_create(&thread, NULL, ask_once, &status), 0);
    while (atomic_load(&status) == 0) {
        for (int i = 0; i < PLACES; i++)
            http_send(slow[i], "a", 1);
        pause_a_moment();
    }
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(status, 200);
    for (int i = 0; i < PLACES; i++) {
        struct response response = http_receive(slow[i]);
        if (i > 0)
            expect_error(&response, 408, "did not come in in time");
        else
            ck_assert_int_eq(response.status, 0);
        response_end(&response);
    }
    service_end();
}
END_TEST

/* A client that never reads is cut when nobody can take its answers; it holds one place at most. */
START_TEST(slow_readers)
{
    static const char question[] = "GET /recommend?user=u2&count=30 HTTP/1.1\r\nHost: a\r\n\r\n";
    service_begin_with((const char *[]){"--send-seconds", "1", NULL});
    int connection = http_connect(port), small = 4096;
    ck_assert_int_eq(setsockopt(connection, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
    ck_assert_int_eq(fcntl(connection, F_SETFL, O_NONBLOCK), 0);
    while (metric("diffmm_serve_connections_cut_total{phase=\"answering\"}") < 1)
        for (int i = 0; i < 200; i++)
            (void)!send(connection, question, strlen(question), MSG_NOSIGNAL);
    close(connection);
    service_end();
}
END_TEST

/* A connection that says nothing is cut as well. */
START_TEST(silent)
{
    service_begin_with((const char *[]){"--receive-seconds", "1", NULL});
    struct response response = http_receive(http_connect(port));
    ck_assert_int_eq(response.status, 0);
    response_end(&response);
    ck_assert_double_ge(metric("diffmm_serve_connections_cut_total{phase=\"new\"}"), 1);
    service_end();
}
END_TEST

START_TEST(many_of_one)
{
    /* Only a refusal ends the third: there is no limit on time that it could exceed. */
    service_begin_with(
        (const char *[]){"--max-per-address", "2", "--receive-seconds", "3600", NULL});
    int first = http_connect(port), second = http_connect(port);
    struct response response = http_receive(http_connect(port));
    ck_assert_int_eq(response.status, 0);
    response_end(&response);
    close(first);
    close(second);
    do {
        response = http_request(port, "GET", "/health", NULL);
        response_end(&response);
    } while (response.status != 200);
    service_end();
}
END_TEST

int main(int argc, char **argv)
{
    TCase *tests = tcase_create("serve_slow");
    tcase_add_test(tests, slow_senders);
    tcase_add_test(tests, slow_readers);
    tcase_add_test(tests, silent);
    tcase_add_test(tests, many_of_one);
    return run_programs(argc, argv, tests, "serve_slow");
}
