/* SPDX-License-Identifier: BSD-2-Clause */
#include "hostile.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "http_client.h"

#define HOST "Host: a\r\n"
#define CLOSE "Connection: close\r\n"

/* Whole requests with something wrong, and beginnings of requests. */
static const char *const faulty[] = {
    "GET /health HTTP/1.1\r\n" CLOSE "\r\n",
    "GET /health HTTP/1.1\r\n" HOST HOST CLOSE "\r\n",
    "GET /health HTTP/2.0\r\n" HOST "\r\n",
    "GET /health\r\n\r\n",
    "POST /recommend HTTP/1.1\r\n" HOST "Content-Length: x\r\n\r\n",
    "POST /recommend HTTP/1.1\r\n" HOST
    "Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
    "POST /recommend HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "POST /recommend HTTP/1.1\r\n" HOST "Content-Length: 5\r\n" CLOSE "\r\n{\"use",
    "POST /recommend HTTP/1.1\r\n" HOST "Content-Length: 999999\r\nExpect: 100-continue\r\n\r\n",
    "POST /fold-in HTTP/1.1\r\n" HOST "Content-Length: 13\r\n" CLOSE "\r\n{\"items\": [1]",
    "GET /recommend?user=%00 HTTP/1.1\r\n" HOST CLOSE "\r\n",
    "GET /nowhere HTTP/1.1\r\n" HOST CLOSE "\r\n",
    "POST /reload HTTP/1.1\r\n" HOST "Origin: http://evil.example\r\n" CLOSE "\r\n",
    "GET /metrics HTTP/1.1\r\n" HOST CLOSE "\r\n",
    "\x16\x03\x01\x02 no HTTP\r\n\r\n",
    "GET /health HTTP/1.1\r\n" HOST "A : b\r\n c\r\n" CLOSE "\r\n",
};

static unsigned below(unsigned *seed, unsigned limit)
{
    return (unsigned)rand_r(seed) % limit;
}

/* Read what comes, for a second at most, and close. */
static void read_away(int connection)
{
    char bytes[4096];
    const struct timeval second = {.tv_sec = 1};
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
    while (recv(connection, bytes, sizeof bytes, 0) > 0)
        ;
    close(connection);
}

static void say_faulty(int connection, unsigned *seed)
{
    const char *text = faulty[below(seed, sizeof faulty / sizeof *faulty)];
    http_send(connection, text, strlen(text));
    read_away(connection);
}

/* A part of a request, perhaps reset in place of closed. */
static void break_off(int connection, unsigned *seed)
{
    const char *text = faulty[below(seed, sizeof faulty / sizeof *faulty)];
    const struct linger reset = {.l_onoff = 1};
    http_send(connection, text, below(seed, (unsigned)strlen(text)));
    if (below(seed, 2))
        setsockopt(connection, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(connection);
}

static void say_noise(int connection, unsigned *seed)
{
    char bytes[300];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)below(seed, 256);
    http_send(connection, bytes, sizeof bytes);
    read_away(connection);
}

/* A long first line, many headers, or a body without end. */
static void say_much(int connection, unsigned *seed)
{
    static const char *const beginnings[] = {
        "GET /recommend?a=1", "GET /health HTTP/1.1\r\n" HOST "A: b",
        "POST /recommend HTTP/1.1\r\n" HOST "Content-Length: 9000000\r\n\r\n",
        "POST /recommend HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n5\r\n     "};
    static const char *const parts[] = {"&a=1", "\r\nA: b", " ", "\r\n5\r\n     "};
    unsigned which = below(seed, 4);
    char bytes[8000];
    size_t size = 0, length = strlen(parts[which]);
    while (size + length <= sizeof bytes) {
        memcpy(bytes + size, parts[which], length);
        size += length;
    }
    bool taken = http_send(connection, beginnings[which], strlen(beginnings[which]));
    for (unsigned i = below(seed, 100); taken && i > 0; i--)
        taken = http_send(connection, bytes, size);
    http_send(connection, " HTTP/1.1\r\n" HOST CLOSE "\r\n", 40);
    read_away(connection);
}

/* A byte now and then. */
static void say_slowly(int connection, unsigned *seed)
{
    static const char text[] = "GET /health HTTP/1.1\r\nHost: a\r\nA: bbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    size_t begun = below(seed, 30);
    http_send(connection, text, begun);
    for (size_t i = begun; i < begun + 10; i++) {
        http_send(connection, text + i, 1);
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    }
    close(connection);
}

/* Many requests, no answer read. */
static void read_nothing(int connection, unsigned *seed)
{
    static const char question[] = "GET /recommend?user=u2&count=30 HTTP/1.1\r\n" HOST "\r\n";
    fcntl(connection, F_SETFL, O_NONBLOCK);
    for (unsigned i = below(seed, 2000); i > 0; i--)
        (void)!send(connection, question, strlen(question), MSG_NOSIGNAL);
    close(connection);
}

void hostile_act(int port, unsigned *seed)
{
    static void (*const acts[])(int, unsigned *) = {say_faulty, break_off,  say_noise,
                                                    say_much,   say_slowly, read_nothing};
    int connection = http_connect(port);
    if (connection >= 0)
        acts[below(seed, sizeof acts / sizeof *acts)](connection, seed);
}
