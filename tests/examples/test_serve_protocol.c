/* SPDX-License-Identifier: BSD-2-Clause */
/* What diffmm_serve says to requests that HTTP does not allow, that are too large, or that are rare.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "made_model.h"
#include "program.h"
#include "service.h"

#define GET "GET /health HTTP/1.1\r\n"
#define POST "POST /recommend HTTP/1.1\r\n"
#define HOST "Host: a\r\n"
#define CLOSE "Connection: close\r\n"
#define BODY "{\"user\": \"u1\"}" /* 14 bytes */

/* A request, and its answer; `reason` NULL: the library's own, which is not JSON. */
struct exchange {
    const char *name, *request;
    int status;
    const char *reason;
};

static void expect_exchange(const struct exchange *exchange)
{
    struct response response = http_raw(port, exchange->request, strlen(exchange->request));
    ck_assert_msg(response.status == exchange->status, "%s: %d, not %d: %s", exchange->name,
                  response.status, exchange->status, response.body);
    if (exchange->reason)
        expect_error(&response, exchange->status, exchange->reason);
    response_end(&response);
}

/* RFC 9112, 3.2, 5 and 6. */
START_TEST(faulty)
{
    static const struct exchange exchanges[] = {
        {"no host", GET CLOSE "\r\n", 400, "Host is missing"},
        {"two hosts", GET HOST HOST CLOSE "\r\n", 400, "Host is given twice"},
        {"list of hosts", GET "Host: a, b\r\n" CLOSE "\r\n", 400, "not a host"},
        {"user in host", GET "Host: a@b\r\n" CLOSE "\r\n", 400, "not a host"},
        {"two lengths", POST HOST "Content-Length: 14\r\nContent-Length: 14\r\n" CLOSE "\r\n" BODY,
         400, "Content-Length is given twice"},
        {"other lengths", POST HOST "Content-Length: 14\r\nContent-Length: 2\r\n" CLOSE "\r\n" BODY,
         400, "Content-Length is given twice"},
        {"length and coding",
         POST HOST "Content-Length: 14\r\nTransfer-Encoding: chunked\r\n" CLOSE "\r\ne\r\n" BODY
                   "\r\n0\r\n\r\n",
         400, "both Content-Length and Transfer-Encoding"},
        {"coding and length",
         POST HOST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n" CLOSE "\r\ne\r\n" BODY
                   "\r\n0\r\n\r\n",
         400, "both Content-Length and Transfer-Encoding"},
        {"unknown coding", POST HOST "Transfer-Encoding: gzip\r\n" CLOSE "\r\n" BODY, 501,
         "only Transfer-Encoding here is chunked"},
        {"two codings", POST HOST "Transfer-Encoding: gzip, chunked\r\n" CLOSE "\r\n0\r\n\r\n", 501,
         "only Transfer-Encoding here is chunked"},
        {"coding twice",
         POST HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" CLOSE
                   "\r\n0\r\n\r\n",
         501, "only Transfer-Encoding here is chunked"},
        {"hidden coding", POST HOST "Transfer-Encoding: \vchunked\r\n" CLOSE "\r\n0\r\n\r\n", 400,
         "control character"},
        {"old coding", "POST /recommend HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         400, "HTTP/1.0 has no Transfer-Encoding"},
        {"space before colon", GET "Host : a\r\n" CLOSE "\r\n", 400, "name of a header"},
        {"tab before colon", GET HOST "Content-Length\t: 3\r\n" CLOSE "\r\n", 400,
         "name of a header"},
        {"name in quotes", GET HOST "\"a\": b\r\n" CLOSE "\r\n", 400, "name of a header"},
        {"bare CR", GET HOST "A: b\rContent-Length: 3\r\n" CLOSE "\r\n", 400, "control character"},
        {"control in value", GET HOST "A: b\x01\r\n" CLOSE "\r\n", 400, "control character"},
        {"space in target", "GET /health /x HTTP/1.1\r\n" HOST CLOSE "\r\n", 400, "target holds"},
        {"tab in target", "GET /health\t HTTP/1.1\r\n" HOST CLOSE "\r\n", 400, "target holds"},
        {"NUL in path", "GET /health%00 HTTP/1.1\r\n" HOST CLOSE "\r\n", 400, "target holds"},
        {"length with sign", POST HOST "Content-Length: +14\r\n" CLOSE "\r\n" BODY, 400, NULL},
        {"negative length", POST HOST "Content-Length: -1\r\n" CLOSE "\r\n" BODY, 400, NULL},
        {"list of lengths", POST HOST "Content-Length: 14, 14\r\n" CLOSE "\r\n" BODY, 400, NULL},
        {"hexadecimal length", POST HOST "Content-Length: 0xe\r\n" CLOSE "\r\n" BODY, 400, NULL},
        {"no length", POST HOST "Content-Length:\r\n" CLOSE "\r\n" BODY, 400, NULL},
        {"huge length", POST HOST "Content-Length: 99999999999999999999\r\n" CLOSE "\r\n" BODY, 413,
         NULL},
        {"no colon", GET HOST "A\r\n" CLOSE "\r\n", 400, NULL},
        {"no version", "GET /health\r\n\r\n", 400, NULL},
        {"odd version", "GET /health HTTP/1.x\r\n" HOST "\r\n", 400, NULL},
        {"small version", "GET /health http/1.1\r\n" HOST "\r\n", 400, NULL},
        {"version 0.9", "GET /health HTTP/0.9\r\n" HOST "\r\n", 505, NULL},
        {"version 2", "GET /health HTTP/2.0\r\n" HOST "\r\n", 505, NULL},
        {"preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, NULL},
        {"faulty chunk", POST HOST "Transfer-Encoding: chunked\r\n" CLOSE "\r\nxyz\r\n", 400, NULL},
        {"huge chunk", POST HOST "Transfer-Encoding: chunked\r\n" CLOSE "\r\n11111111111111111\r\n",
         413, NULL},
    };
    service_begin();
    for (size_t i = 0; i < sizeof exchanges / sizeof *exchanges; i++)
        expect_exchange(&exchanges[i]);
    json_decref(ask("GET", "/health", NULL));
    service_end();
}
END_TEST

/* What is rare, but right. */
START_TEST(rare)
{
    static const struct exchange exchanges[] = {
        {"HTTP/1.0", "GET /health HTTP/1.0\r\n\r\n", 200, NULL},
        {"empty host", GET "Host:\r\n" CLOSE "\r\n", 200, NULL},
        {"address", GET "Host: [::1]:80\r\n" CLOSE "\r\n", 200, NULL},
        {"absolute form", "GET http://a/health HTTP/1.1\r\n" HOST CLOSE "\r\n", 200, NULL},
        {"absolute, query", "GET HTTP://a:80/recommend?user=u1 HTTP/1.1\r\n" HOST CLOSE "\r\n", 200,
         NULL},
        {"no path", "GET http://a HTTP/1.1\r\n" HOST CLOSE "\r\n", 404, "there is no /"},
        {"reload", "POST http://localhost/reload HTTP/1.1\r\nHost: localhost\r\n" CLOSE "\r\n", 400,
         "not for clients of proxies"},
        {"asterisk", "OPTIONS * HTTP/1.1\r\n" HOST CLOSE "\r\n", 404, "there is no *"},
        {"connect", "CONNECT a:80 HTTP/1.1\r\n" HOST CLOSE "\r\n", 404, "there is no a:80"},
        {"unknown method", "BREW /health HTTP/1.1\r\n" HOST CLOSE "\r\n", 405, "not BREW"},
        {"empty lines before", "\r\n\r\n" GET HOST CLOSE "\r\n", 200, NULL},
        {"bare LF", "GET /health HTTP/1.1\nHost: a\nConnection: close\n\n", 200, NULL},
        {"tabs and spaces", GET "Host:\t a\r\nA: \tb c\t\r\n" CLOSE "\r\n", 200, NULL},
        {"no space", GET "Host:a\r\n" CLOSE "\r\n", 200, NULL},
        {"high bytes", GET HOST "A: \xc3\xa9\r\n" CLOSE "\r\n", 200, NULL},
        {"chunk extension",
         POST HOST "Transfer-Encoding: Chunked\r\n" CLOSE "\r\ne;a=b\r\n" BODY
                   "\r\n0\r\nTrailer: x\r\n\r\n",
         200, NULL},
        {"waits", POST HOST "Content-Length: 14\r\nExpect: 100-continue\r\n" CLOSE "\r\n" BODY, 100,
         NULL},
    };
    service_begin();
    for (size_t i = 0; i < sizeof exchanges / sizeof *exchanges; i++)
        expect_exchange(&exchanges[i]);
    service_end();
}
END_TEST

/* "GET /recommend?user=u1&count=2" with so many more parameters of `text`, in one line. */
static char *long_target(const char *text, size_t times)
{
    size_t length = strlen(text), size = 0;
    char *target = malloc(64 + times * length);
    ck_assert_ptr_nonnull(target);
    size += (size_t)sprintf(target, "/recommend?user=u1&count=2");
    for (size_t i = 0; i < times; i++) {
        memcpy(target + size, text, length);
        size += length;
    }
    target[size] = '\0';
    return target;
}

START_TEST(long_targets)
{
    static const struct {
        const char *text;
        size_t times;
        int status;
        const char *reason;
    } cases[] = {
        {"&exclude=1", 450, 200, NULL},
        {"&exclude=1001", 498, 200, NULL},
        {"&exclude=1001", 499, 414, "too long, or has too many parameters"},
        {"&a", 8000, 414, "too long, or has too many parameters"},
        {"&", 16000, 414, "too long, or has too many parameters"},
        {"x", 17000, 414, "too long, or has too many parameters"},
        {"x", 30000, 414, "too long, or has too many parameters"},
        {"x", 100000, 414, NULL}, /* the library */
    };
    service_begin();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *target = long_target(cases[i].text, cases[i].times);
        struct response response = http_request(port, "GET", target, NULL);
        if (cases[i].reason)
            expect_error(&response, cases[i].status, cases[i].reason);
        ck_assert_int_eq(response.status, cases[i].status);
        response_end(&response);
        free(target);
    }
    service_end();
}
END_TEST

#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define LONG_LINE "A: " HUNDRED HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN "\r\n" /* 285 bytes */

START_TEST(long_headers)
{
    static const struct {
        const char *line;
        size_t times;
        int status;
        const char *reason; /* NULL: the library's */
    } cases[] = {
        {"A: b\r\n", 97, 200, NULL},
        {"A: b\r\n", 98, 431, "more than 100 headers"},
        {"A: b\r\n", 300, 431, "more than 100 headers"},
        {"A: b\r\n", 20000, 431, NULL},
        {LONG_LINE, 80, 200, NULL},
        {LONG_LINE, 90, 431, "exceed 24576 bytes"},
        {LONG_LINE, 1000, 431, NULL},
        {"Cookie: a=b; c=d; e=f; g=h\r\n", 30, 200, NULL},
    };
    service_begin();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t length = strlen(cases[i].line);
        char *headers = malloc(cases[i].times * length + 20);
        ck_assert_ptr_nonnull(headers);
        strcpy(headers, "Host: a\r\n");
        for (size_t j = 0; j < cases[i].times; j++)
            memcpy(headers + 9 + j * length, cases[i].line, length + 1);
        struct response response = http_request_with(port, "GET", "/health", headers, NULL);
        ck_assert_int_eq(response.status, cases[i].status);
        if (cases[i].reason)
            expect_error(&response, cases[i].status, cases[i].reason);
        response_end(&response);
        free(headers);
    }
    service_end();
}
END_TEST

/* A request that keeps to all limits at once is answered, and so is one that has too many cookies. */
START_TEST(full_heads)
{
    static const char cookies[] = "Cookie: ";
    service_begin();
    char *target = long_target("&exclude=1001", 498), *headers = malloc(70000);
    ck_assert_ptr_nonnull(headers);
    size_t size = (size_t)sprintf(headers, "Host: a\r\n");
    for (int i = 0; i < 97; i++)
        size += (size_t)sprintf(headers + size, "A%d: %.160s\r\n", i, HUNDRED HUNDRED);
    struct response response = http_request_with(port, "GET", target, headers, NULL);
    ck_assert_int_eq(response.status, 200);
    response_end(&response);
    size = (size_t)sprintf(headers, "Host: a\r\n%s", cookies);
    for (int i = 0; i < 5000; i++)
        size += (size_t)sprintf(headers + size, "a=b;");
    sprintf(headers + size, "\r\n");
    response = http_request_with(port, "GET", "/health", headers, NULL);
    ck_assert_int_eq(response.status, 431);
    response_end(&response);
    free(headers);
    free(target);
    service_end();
}
END_TEST

/* Send `head`, then `size` bytes of body, each `step` bytes after `before` and followed by `after`;
 * the answer. What the service does not take any more is left unsent. */
static struct response send_large(const char *head, size_t size, size_t step, const char *before,
                                  const char *after)
{
    int connection = http_connect(port);
    char *part = malloc(step + 40);
    ck_assert_ptr_nonnull(part);
    size_t prefix = strlen(before), suffix = strlen(after);
    memcpy(part, before, prefix);
    memset(part + prefix, ' ', step);
    memcpy(part + prefix + step, after, suffix);
    bool taken = http_send(connection, head, strlen(head));
    for (size_t sent = 0; taken && sent < size; sent += step)
        taken = http_send(connection, part, prefix + step + suffix);
    free(part);
    return http_receive(connection);
}

/* Each gets the answer that says why, whether or not the client goes on sending. */
START_TEST(large_bodies)
{
    service_begin_with((const char *[]){"--max-body", "1000", NULL});
    struct response response =
        send_large(POST HOST "Content-Length: 5000\r\n" CLOSE "\r\n", 5000, 1000, "", "");
    expect_error(&response, 413, "the body exceeds 1000 bytes");
    response_end(&response);
    response = send_large(POST HOST "Content-Length: 8000000\r\n\r\n", 8000000, 4096, "", "");
    expect_error(&response, 413, "the body is far too large");
    response_end(&response);
    response =
        send_large(POST HOST "Transfer-Encoding: chunked\r\n\r\n", 8000000, 256, "100\r\n", "\r\n");
    expect_error(&response, 413, "the body is far too large");
    response_end(&response);
    response =
        send_large(POST HOST "Content-Length: 5000\r\nExpect: 100-continue\r\n\r\n", 0, 1, "", "");
    expect_error(&response, 413, "the body exceeds 1000 bytes");
    response_end(&response);
    /* The connection can be used again after one that is only somewhat too large. */
    char request[6000];
    int size = snprintf(request, sizeof request,
                        POST HOST "Content-Length: 2000\r\n\r\n%2000s" GET HOST CLOSE "\r\n", "");
    int connection = http_connect(port);
    ck_assert(http_send(connection, request, (size_t)size));
    response = http_receive_one(connection);
    expect_error(&response, 413, "the body exceeds 1000 bytes");
    response_end(&response);
    response = http_receive(connection);
    ck_assert_int_eq(response.status, 200);
    response_end(&response);
    service_end();
}
END_TEST

int main(int argc, char **argv)
{
    TCase *tests = tcase_create("serve_protocol");
    tcase_add_test(tests, faulty);
    tcase_add_test(tests, rare);
    tcase_add_test(tests, long_targets);
    tcase_add_test(tests, long_headers);
    tcase_add_test(tests, full_heads);
    tcase_add_test(tests, large_bodies);
    return run_programs(argc, argv, tests, "serve_protocol");
}
