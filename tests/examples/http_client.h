/* SPDX-License-Identifier: BSD-2-Clause */
/* Just enough of HTTP to talk to a service on this machine, and to say things to it that no proper
 * client would. Nothing here fails a test, so that threads may use it. */
#ifndef DIFFMM_TESTS_HTTP_CLIENT_H
#define DIFFMM_TESTS_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

struct response {
    int status; /* 0: no answer, or none in HTTP */
    char headers[1024];
    char *body; /* NUL-terminated; never NULL */
};

/* A connection to a port of loopback, or -1. */
int http_connect(int port);

/* Send all of it; false if the service does not take it. */
bool http_send(int connection, const void *bytes, size_t size);

/* Read to the end of the connection, and close it. response_end releases what came. */
struct response http_receive(int connection);
void response_end(struct response *response);

/* Read one answer, whose length its headers tell, and leave the connection open. */
struct response http_receive_one(int connection);

/* Send these bytes on a connection of their own, and read to its end. */
struct response http_raw(int port, const void *bytes, size_t size);

/* Whether a header line, without its end, is among the answer's. */
bool response_has(const struct response *response, const char *line);

/* One request and its answer. body NULL: none. */
struct response http_request(int port, const char *method, const char *target, const char *body);

/* The same with header lines of the caller's, each ended by "\r\n"; Host must be among them. */
struct response http_request_with(int port, const char *method, const char *target,
                                  const char *headers, const char *body);

#endif
