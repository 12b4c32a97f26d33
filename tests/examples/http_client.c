/* SPDX-License-Identifier: BSD-2-Clause */
#include "http_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int http_connect(int port)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection >= 0 &&
        connect(connection, (const struct sockaddr *)&address, sizeof address) != 0) {
        close(connection);
        connection = -1;
    }
    return connection;
}

bool http_send(int connection, const void *bytes, size_t size)
{
    const char *at = bytes;
    while (size > 0) {
        ssize_t sent = send(connection, at, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        at += sent;
        size -= (size_t)sent;
    }
    return true;
}

/* All that comes until the other side closes. */
static char *receive_all(int connection)
{
    size_t size = 0, capacity = 4096;
    char *text = malloc(capacity);
    ssize_t got = 1;
    while (text && got > 0) {
        if (capacity - size < 2) {
            char *grown = realloc(text, capacity *= 2);
            if (!grown) {
                free(text);
                return NULL;
            }
            text = grown;
        }
        got = recv(connection, text + size, capacity - size - 1, 0);
        size += got > 0 ? (size_t)got : 0;
    }
    if (text)
        text[size] = '\0';
    return text;
}

struct response http_receive(int connection)
{
    struct response response = {.status = 0};
    char *text = connection >= 0 ? receive_all(connection) : NULL;
    char *end = text ? strstr(text, "\r\n\r\n") : NULL;
    if (connection >= 0)
        close(connection);
    if (end && sscanf(text, "HTTP/1.%*d %d", &response.status) == 1) {
        snprintf(response.headers, sizeof response.headers, "%.*s\n", (int)(end - text), text);
        memmove(text, end + 4, strlen(end + 4) + 1);
        response.body = text;
    } else {
        free(text);
        response.body = calloc(1, 1);
    }
    return response;
}

/* Exactly so many bytes. */
static bool receive_exactly(int connection, char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t got = recv(connection, bytes, size, 0);
        if (got <= 0)
            return false;
        bytes += got;
        size -= (size_t)got;
    }
    return true;
}

/* Up to the empty line after the headers, which is kept. */
static bool receive_headers(int connection, char *headers, size_t room)
{
    for (size_t size = 0; size + 1 < room; size++) {
        if (!receive_exactly(connection, headers + size, 1))
            return false;
        headers[size + 1] = '\0';
        if (size >= 3 && strcmp(headers + size - 3, "\r\n\r\n") == 0)
            return true;
    }
    return false;
}

struct response http_receive_one(int connection)
{
    struct response response = {.status = 0};
    int status;
    if (connection >= 0 && receive_headers(connection, response.headers, sizeof response.headers) &&
        sscanf(response.headers, "HTTP/1.%*d %d", &status) == 1) {
        const char *length = strcasestr(response.headers, "\r\nContent-Length:");
        size_t size = length ? strtoul(length + 17, NULL, 10) : 0;
        response.body = calloc(1, size + 1);
        if (response.body && receive_exactly(connection, response.body, size))
            response.status = status;
    }
    if (!response.body)
        response.body = calloc(1, 1);
    return response;
}

struct response http_raw(int port, const void *bytes, size_t size)
{
    int connection = http_connect(port);
    if (connection >= 0)
        http_send(connection, bytes, size);
    return http_receive(connection);
}

bool response_has(const struct response *response, const char *line)
{
    size_t length = strlen(line);
    for (const char *at = response->headers; (at = strcasestr(at, line)); at += length)
        if ((at == response->headers || at[-1] == '\n') &&
            (at[length] == '\r' || at[length] == '\n' || at[length] == '\0'))
            return true;
    return false;
}

void response_end(struct response *response)
{
    free(response->body);
    response->body = NULL;
}

struct response http_request_with(int port, const char *method, const char *target,
                                  const char *headers, const char *body)
{
    size_t length = body ? strlen(body) : 0;
    size_t size = strlen(target) + strlen(headers) + length + 200;
    char *request = malloc(size);
    int connection = http_connect(port);
    if (request && connection >= 0) {
        int written = snprintf(request, size,
                               "%s %s HTTP/1.1\r\n%sConnection: close\r\n"
                               "Content-Length: %zu\r\n\r\n%s",
                               method, target, headers, length, body ? body : "");
        http_send(connection, request, (size_t)written);
    }
    free(request);
    return http_receive(connection);
}

struct response http_request(int port, const char *method, const char *target, const char *body)
{
    return http_request_with(port, method, target, "Host: localhost\r\n", body);
}
