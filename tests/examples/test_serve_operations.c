/* SPDX-License-Identifier: BSD-2-Clause */
/* What operators see of diffmm_serve: metrics, probes, request ids and the log. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "made_model.h"
#include "metrics_text.h"
#include "program.h"
#include "service.h"

#define REQUESTS(endpoint, code)                                                                   \
    "diffmm_serve_requests_total{endpoint=\"" endpoint "\",code=\"" code "\"}"
#define SECONDS(what) "diffmm_serve_request_duration_seconds_" what

static void make_requests(void)
{
    static const char *const targets[] = {"/recommend?user=u1&count=4",
                                          "/recommend?user=u2&count=3",
                                          "/recommend?user=nobody",
                                          "/recommend?count=3",
                                          "/similar?item=1001&count=2",
                                          "/nowhere",
                                          "/nowhere/either",
                                          "/healthz"};
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        struct response response = http_request(port, "GET", targets[i], NULL);
        response_end(&response);
    }
}

/* A request is counted when its connection is done with it, which its client does not wait for. */
static void await_metric(const char *name, double value)
{
    while (metric(name) < value)
        pause_a_moment();
    ck_assert_double_eq(metric(name), value);
}

START_TEST(counts)
{
    double before = (double)time(NULL);
    service_begin();
    make_requests();
    await_metric(REQUESTS("/healthz", "200"), 1);
    await_metric(REQUESTS("other", "404"), 2);
    await_metric(REQUESTS("/recommend", "200"), 2);
    await_metric(REQUESTS("/recommend", "404"), 1);
    await_metric(REQUESTS("/recommend", "400"), 1);
    await_metric(REQUESTS("/similar", "200"), 1);
    char *text = metrics_now();
    expect_metrics_format(text);
    ck_assert_double_eq(metric_in(text, "diffmm_serve_hits_total"), 4 + 3 + 2);
    ck_assert_double_eq(metric_in(text, SECONDS("count{endpoint=\"/recommend\"}")), 4);
    ck_assert_double_eq(metric_in(text, SECONDS("bucket{endpoint=\"/recommend\",le=\"+Inf\"}")), 4);
    ck_assert_double_gt(metric_in(text, SECONDS("sum{endpoint=\"/recommend\"}")), 0);
    ck_assert_double_ge(metric_in(text, "diffmm_serve_requests_in_progress"), 1);
    ck_assert_double_ge(metric_in(text, "diffmm_serve_connections"), 1);
    ck_assert_double_eq(metric_in(text, "diffmm_serve_model_generation"), 1);
    ck_assert_double_ge(metric_in(text, "process_start_time_seconds"), before - 1);
    ck_assert_double_ge(metric_in(text, "diffmm_serve_model_loaded_timestamp_seconds"), before - 1);
    ck_assert_double_gt(metric_in(text, "diffmm_serve_model_size_bytes"), 1000);
    ck_assert_double_eq(metric_in(text, "diffmm_serve_reloads_total{result=\"done\"}"), 0);
    free(text);

    make_model("model", 2);
    json_decref(ask("POST", "/reload", NULL));
    write_text("model", "no model");
    struct response response = http_request(port, "POST", "/reload", NULL);
    ck_assert_int_eq(response.status, 500);
    response_end(&response);
    ck_assert_double_ge(metric("diffmm_serve_reloads_total{result=\"done\"}"), 1);
    ck_assert_double_ge(metric("diffmm_serve_reloads_total{result=\"refused\"}"), 1);
    ck_assert_double_eq(metric("diffmm_serve_model_generation"),
                        1 + metric("diffmm_serve_reloads_total{result=\"done\"}"));
    service_end();
}
END_TEST

/* What the library itself refuses is counted too. */
START_TEST(counts_faults)
{
    static const char faulty[] = "GET /health HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n";
    static const char cut_off[] =
        "POST /recommend HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n";
    service_begin();
    struct response response = http_raw(port, faulty, strlen(faulty));
    ck_assert_int_eq(response.status, 400);
    response_end(&response);
    await_metric(REQUESTS("other", "400"), 1);
    int connection = http_connect(port);
    ck_assert(http_send(connection, cut_off, strlen(cut_off)));
    await_metric("diffmm_serve_requests_in_progress", 2);
    close(connection);
    await_metric(REQUESTS("/recommend", "499"), 1);
    service_end();
}
END_TEST

START_TEST(promtool)
{
    if (system("command -v promtool >tools 2>&1") != 0)
        return; /* it is not installed; the format is checked above */
    service_begin();
    make_requests();
    char *text = metrics_now();
    write_text("metrics", text);
    free(text);
    int status = system("promtool check metrics <metrics >said 2>&1");
    char *said = read_text("said");
    ck_assert_msg(status == 0, "%s", said);
    free(said);
    service_end();
}
END_TEST

START_TEST(probes)
{
    service_begin();
    json_decref(ask("GET", "/healthz", NULL));
    json_decref(ask("GET", "/readyz", NULL));
    struct response response = http_request(port, "HEAD", "/readyz", NULL);
    ck_assert_int_eq(response.status, 200);
    ck_assert_str_eq(response.body, "");
    response_end(&response);
    response = http_request(port, "POST", "/metrics", "{}");
    expect_error(&response, 405, "/metrics takes GET, HEAD, not POST");
    ck_assert(response_has(&response, "Allow: GET, HEAD"));
    response_end(&response);
    service_end();
}
END_TEST

/* The id in the answer to a request with that header line. */
static char *id_with(const char *line)
{
    char headers[300];
    snprintf(headers, sizeof headers, "Host: a\r\n%s", line);
    struct response response = http_request_with(port, "GET", "/recommend?user=u1", headers, NULL);
    ck_assert_int_eq(response.status, 200);
    const char *at = strstr(response.headers, "X-Request-Id: ");
    ck_assert_ptr_nonnull(at);
    char *id = strndup(at + 14, strcspn(at + 14, "\r\n"));
    ck_assert_ptr_nonnull(id);
    response_end(&response);
    return id;
}

START_TEST(ids)
{
    static const char *const good[] = {"a", "3f1c8a52-0000-4000-8000-123456789abc",
                                       "Root=1-67891233-abcdef012345678912345678/@:+~_."};
    static const char *const bad[] = {
        "X-Request-Id:\r\n",
        "X-Request-Id: a b\r\n",
        "X-Request-Id: \"a\"\r\n",
        "X-Request-Id: \xc3\xa9\r\n",
        "",
        "X-Request-Id: 01234567890123456789012345678901234567890123456789012345678901234\r\n"};
    char line[200];
    service_begin();
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        snprintf(line, sizeof line, "x-request-id: %s\r\n", good[i]);
        char *id = id_with(line);
        ck_assert_str_eq(id, good[i]);
        free(id);
    }
    char *before = strdup("");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char *id = id_with(bad[i]);
        ck_assert_uint_ge(strlen(id), 18);
        ck_assert(!*bad[i] || !strstr(bad[i], id));
        ck_assert_str_ne(id, before);
        free(before);
        before = id;
    }
    free(before);
    struct response response = http_request(port, "GET", "/nowhere", NULL);
    ck_assert_ptr_nonnull(strstr(response.headers, "X-Request-Id: "));
    response_end(&response);
    service_end();
}
END_TEST

/* Wait for so many lines on stderr; all of them. */
static char *await_lines(size_t wanted)
{
    for (;; pause_a_moment()) {
        char *said = read_text("err");
        size_t lines = 0;
        for (const char *at = said; (at = strchr(at, '\n')); at++)
            lines++;
        if (lines >= wanted)
            return said;
        free(said);
    }
}

START_TEST(log_lines)
{
    service_begin_with((const char *[]){"--log-requests", NULL});
    char *id = id_with("X-Request-Id: first\r\n");
    struct response response = http_request(port, "POST", "/fold-in", "{\"items\": [\"secret\"]}");
    size_t bytes = strlen(response.body);
    response_end(&response);
    response = http_request(port, "BREW", "/secret/path\"\\?user=secret", NULL);
    response_end(&response);
    response = http_raw(port, "GET /recommend?user=secret HTTP/1.1\r\n\r\n", 39);
    response_end(&response);
    char *said = await_lines(4), *rest = said;
    ck_assert_ptr_null(strstr(said, "secret"));
    ck_assert_ptr_null(strstr(said, "u1"));
    static const struct {
        const char *method, *path;
        int status;
    } expected[] = {{"GET", "/recommend", 200},
                    {"POST", "/fold-in", 404},
                    {"BREW", "other", 404},
                    {"GET", "/recommend", 400}};
    for (size_t i = 0; i < 4; i++) {
        json_error_t error;
        json_t *line = json_loads(strsep(&rest, "\n"), 0, &error);
        ck_assert_msg(line != NULL, "%s", error.text);
        const char *method, *path, *time_text, *line_id;
        int status, size;
        double milliseconds;
        ck_assert_int_eq(json_unpack(line, "{s:s, s:s, s:s, s:s, s:i, s:i, s:F !}", "time",
                                     &time_text, "id", &line_id, "method", &method, "path", &path,
                                     "status", &status, "bytes", &size, "ms", &milliseconds),
                         0);
        ck_assert_str_eq(method, expected[i].method);
        ck_assert_str_eq(path, expected[i].path);
        ck_assert_int_eq(status, expected[i].status);
        ck_assert_double_ge(milliseconds, 0);
        ck_assert_uint_eq(strlen(time_text), 24);
        ck_assert(i != 0 || strcmp(line_id, id) == 0);
        ck_assert(i != 1 || (size_t)size == bytes);
        json_decref(line);
    }
    free(said);
    free(id);
    service_end();
}
END_TEST

/* Without the option nothing is said of a request. */
START_TEST(no_log)
{
    service_begin();
    json_decref(ask("GET", "/recommend?user=u1", NULL));
    service_end();
    char *said = read_text("err");
    ck_assert_str_eq(said, "");
    free(said);
}
END_TEST

int main(int argc, char **argv)
{
    TCase *tests = tcase_create("serve_operations");
    tcase_add_test(tests, counts);
    tcase_add_test(tests, counts_faults);
    tcase_add_test(tests, promtool);
    tcase_add_test(tests, probes);
    tcase_add_test(tests, ids);
    tcase_add_test(tests, log_lines);
    tcase_add_test(tests, no_log);
    return run_programs(argc, argv, tests, "serve_operations");
}
