/* SPDX-License-Identifier: BSD-2-Clause */
#include "http.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <microhttpd.h>

#include "acceptor.h"
#include "access_log.h"
#include "clock.h"
#include "exchange.h"
#include "metrics.h"
#include "operations.h"
#include "reply.h"

/* A connection that is idle for so long is closed. */
enum { IDLE_SECONDS = 30 };

/* A body that is too large is read up to this many times the limit before it is answered, and once
 * more as much after that, so that the client gets the answer that says why. */
enum { PATIENCE = 16 };

struct http {
    struct replying replying;
    struct service service;
    struct metrics *metrics;
    struct connections *connections;
    struct MHD_Daemon *daemon;
    struct acceptor *acceptor;
    size_t max_body;
    bool log_requests;
    atomic_size_t under_way;
};

static struct connection *connection_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/* The library begins with a connection, or is about to close it. */
static void on_connection(void *user_data, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct http *http = user_data;
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        *context = connections_begin(
            http->connections,
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd);
    else if (*context)
        connections_end(http->connections, *context);
}

/* A request's first line has come in. A target that could fill the library's memory is refused
 * here: later it is too late. */
static void *on_target(void *user_data, const char *target, struct MHD_Connection *connection)
{
    struct http *http = user_data;
    struct connection *own = connection_of(connection);
    struct request *request = request_create(own, target);
    if (!request)
        return NULL;
    atomic_fetch_add(&http->under_way, 1);
    if (own)
        connections_enter(http->connections, own, PHASE_RECEIVING);
    if (own && !target_fits(&request->target))
        connections_refuse(http->connections, own, MHD_HTTP_URI_TOO_LONG,
                           "the target is too long, or has too many parameters: POST takes more",
                           true);
    return request;
}

/* The headers have come in: what is wrong with them is answered before the body. A body that the
 * client has not begun with is refused before it does. */
static enum MHD_Result begin(struct http *http, const struct exchange *exchange,
                             const char *version)
{
    struct head head;
    struct failure failure;
    struct request *request = exchange->request;
    request->begun = true;
    request->began = clock_nanoseconds();
    request_id_take(
        MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, "X-Request-Id"),
        request->id);
    if (!head_check(exchange->connection, &request->target, version, &head, &failure))
        return reply_failure(exchange, &failure, NULL);
    if (head.waits && head.sized && head.size > http->max_body) {
        refuse(&failure, MHD_HTTP_CONTENT_TOO_LARGE, "the body exceeds %zu bytes", http->max_body);
        return reply_failure(exchange, &failure, NULL);
    }
    return MHD_YES;
}

/* A part of the body has come in. While it does, the library takes no answer. */
static enum MHD_Result receive(struct http *http, struct request *request, const char *data,
                               size_t size)
{
    request_receive(request, http->max_body, data, size);
    size_t times = request->received / PATIENCE;
    if (times > http->max_body && request->connection)
        connections_refuse(http->connections, request->connection, MHD_HTTP_CONTENT_TOO_LARGE,
                           "the body is far too large", false);
    return times / 2 <= http->max_body ? MHD_YES : MHD_NO;
}

/* The request is complete. */
static enum MHD_Result finish(struct http *http, const struct exchange *exchange, const char *path)
{
    struct request *request = exchange->request;
    if (request->connection &&
        !connections_enter(http->connections, request->connection, PHASE_ANSWERING))
        return MHD_NO;
    request->began = clock_nanoseconds();
    return exchange_answer(exchange, &http->service, path);
}

/* Called for a request with its headers, then with each part of its body, then when it is
 * complete. */
static enum MHD_Result on_request(void *user_data, struct MHD_Connection *connection,
                                  const char *path, const char *method, const char *version,
                                  const char *data, size_t *size, void **state)
{
    struct http *http = user_data;
    struct request *request = *state;
    const struct exchange exchange = {&http->replying, connection, request};
    if (!request)
        return MHD_NO; /* there was no memory for it */
    if (!request->begun) {
        snprintf(request->method, sizeof request->method, "%s", method);
        request->endpoint = exchange_endpoint(path);
        return begin(http, &exchange, version);
    }
    if (*size == 0)
        return finish(http, &exchange, path);
    size_t received = *size;
    *size = 0;
    return receive(http, request, data, received);
}

/* Fill in the status of an answer that was not sent by this service's own hand. */
static void find_status(struct http *http, struct MHD_Connection *connection,
                        struct request *request)
{
    const union MHD_ConnectionInfo *of_library =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_HTTP_STATUS);
    unsigned refused =
        request->connection ? connections_refused(http->connections, request->connection) : 0;
    if (refused)
        request->status = refused;
    else if (!request->status)
        request->status = of_library ? of_library->http_status : 499;
}

/* The answer has been sent, or the connection is gone. */
static void on_end(void *user_data, struct MHD_Connection *connection, void **state,
                   enum MHD_RequestTerminationCode code)
{
    struct http *http = user_data;
    struct request *request = *state;
    (void)code;
    if (!request)
        return;
    *state = NULL;
    find_status(http, connection, request);
    metrics_add(http->metrics, request->endpoint, request->status, request->took, request->hits);
    if (http->log_requests)
        access_log_write(request);
    if (request->connection)
        connections_enter(http->connections, request->connection, PHASE_IDLE);
    request_destroy(request);
    atomic_fetch_sub(&http->under_way, 1);
}

static size_t greater(size_t a, size_t b)
{
    return a > b ? a : b;
}

static struct MHD_Daemon *start_daemon(struct http *http, const struct serve_arguments *arguments)
{
    /* The server does not accept a pool of one thread: the option is left out then. */
    bool pool = arguments->threads > 1;
    /* Each thread has its share of the connections; how many there are in all is the acceptor's
     * concern, so that each may have them all. */
    size_t connections = arguments->max_connections * arguments->threads;
    size_t seconds =
        greater(IDLE_SECONDS, greater(arguments->receive_seconds, arguments->send_seconds));
    return MHD_start_daemon(
        MHD_USE_AUTO_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL,
        on_request, http, MHD_OPTION_NOTIFY_COMPLETED, on_end, http, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, http, MHD_OPTION_URI_LOG_CALLBACK, on_target, http,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEAD_MEMORY, MHD_OPTION_CONNECTION_LIMIT,
        connections < UINT_MAX ? (unsigned)connections : UINT_MAX,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)arguments->max_per_address,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)seconds,
        pool ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, (unsigned)arguments->threads,
        MHD_OPTION_END);
}

/* All parts but the acceptor, which takes the socket. */
static bool start_parts(struct http *http, const struct serve_arguments *arguments)
{
    const size_t limits[PHASES_LIMITED] = {
        [PHASE_NEW] = arguments->receive_seconds,
        [PHASE_RECEIVING] = arguments->receive_seconds,
        [PHASE_ANSWERING] = arguments->send_seconds,
        [PHASE_IDLE] = IDLE_SECONDS + arguments->receive_seconds,
    };
    http->connections = connections_create(limits);
    http->metrics = metrics_create();
    if (!http->connections || !http->metrics)
        return false;
    http->replying.connections = http->connections;
    http->service.operations.connections = http->connections;
    http->service.operations.metrics = http->metrics;
    http->daemon = start_daemon(http, arguments);
    return http->daemon != NULL;
}

static void end_parts(struct http *http)
{
    if (http->daemon)
        MHD_stop_daemon(http->daemon);
    if (http->metrics)
        metrics_destroy(http->metrics);
    if (http->connections)
        connections_destroy(http->connections);
    free(http);
}

struct http *http_start(int socket, const struct serve_arguments *arguments, struct store *store,
                        const struct guard *guard)
{
    struct http *http = calloc(1, sizeof *http);
    if (!http)
        return NULL;
    http->service =
        (struct service){.answering = {.store = store, .max_count = arguments->max_count},
                         .operations = {.store = store,
                                        .under_way = &http->under_way,
                                        .leaving = &http->replying.leaving},
                         .guard = guard,
                         .max_body = arguments->max_body};
    http->max_body = arguments->max_body;
    http->log_requests = arguments->log_requests;
    if (start_parts(http, arguments))
        http->acceptor =
            acceptor_start(socket, http->daemon, http->connections, arguments->max_connections);
    if (!http->acceptor) {
        end_parts(http);
        return NULL;
    }
    return http;
}

void http_leave(struct http *http)
{
    atomic_store(&http->replying.leaving, true);
}

void http_close(struct http *http)
{
    acceptor_close(http->acceptor);
}

bool http_is_open(struct http *http)
{
    return connections_open(http->connections) > 0;
}

bool http_is_busy(struct http *http)
{
    return connections_count(http->connections).busy > 0;
}

void http_stop(struct http *http)
{
    acceptor_stop(http->acceptor);
    end_parts(http);
}
