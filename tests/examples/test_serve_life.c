/* SPDX-License-Identifier: BSD-2-Clause */
/* How diffmm_serve begins, and whom it lets reload. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "made_model.h"
#include "program.h"
#include "service.h"

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
    expect_reload("Host: localhost@evil:1\r\n", 400, "Host is not a host");
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
    tcase_add_test(tests, no_page_reloads);
    tcase_add_test(tests, the_token_reloads);
    tcase_add_test(tests, says_what_is_wrong);
    return run_programs(argc, argv, tests, "serve_life");
}
