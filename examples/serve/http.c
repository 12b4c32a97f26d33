/* SPDX-License-Identifier: BSD-2-Clause */
#include "http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <microhttpd.h>

#include "acceptor.h"
#include "access_log.h"
#include "clock.h"
#include "exchange.h"
#include "gather.h"
#include "metrics.h"
#include "operations.h"
#include "reply.h"
#include "worker.h"

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
    struct acceptor *acceptor;
    size_t max_body;
    bool log_requests;
    atomic_size_t under_way;
    size_t lane_count; /* that have been started */
    struct lane *lanes;
};

/* What a thread has of its own. */
struct lane {
    struct http *http;
    size_t number;
    struct gather *gather;
    struct worker *worker;
};

static struct connection *connection_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/* The library begins with a connection, or is about to close it. */
static void on_connection(void *user_data, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    const struct lane *lane = user_data;
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        *context = connections_begin(
            lane->http->connections,
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd,
            lane->number);
    else if (*context)
        connections_end(lane->http->connections, *context);
}

/* A request's first line has come in. A target that could fill the library's memory is refused
 * here: later it is too late. */
static void *on_target(void *user_data, const char *target, struct MHD_Connection *connection)
{
    struct http *http = ((const struct lane *)user_data)->http;
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

/* The request is complete; while it has no answer, the library asks again for one. */
static enum MHD_Result finish(const struct lane *lane, const struct exchange *exchange,
                              const char *path)
{
    struct http *http = lane->http;
    struct request *request = exchange->request;
    if (!request->complete) {
        request->complete = true;
        if (request->connection &&
            !connections_enter(http->connections, request->connection, PHASE_ANSWERING))
            return MHD_NO;
        request->began = clock_nanoseconds();
        gather_take(lane->gather, exchange->connection, request);
    }
    return request->waits ? MHD_YES : exchange_answer(exchange, &http->service, path);
}

/* Called for a request with its headers, then with each part of its body, then when it is
 * complete. */
static enum MHD_Result on_request(void *user_data, struct MHD_Connection *connection,
                                  const char *path, const char *method, const char *version,
                                  const char *data, size_t *size, void **state)
{
    const struct lane *lane = user_data;
    struct http *http = lane->http;
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
        return finish(lane, &exchange, path);
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
    const struct lane *lane = user_data;
    struct http *http = lane->http;
    struct request *request = *state;
    (void)code;
    if (!request)
        return;
    *state = NULL;
    gather_forget(lane->gather, request);
    find_status(http, connection, request);
    metrics_add(http->metrics, request);
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

/* A daemon without a thread. It may have all connections: how many there are is the acceptor's
 * concern. */
static struct MHD_Daemon *start_daemon(struct lane *lane, const struct serve_arguments *arguments)
{
    size_t seconds =
        greater(IDLE_SECONDS, greater(arguments->receive_seconds, arguments->send_seconds));
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL, on_request, lane,
        MHD_OPTION_NOTIFY_COMPLETED, on_end, lane, MHD_OPTION_NOTIFY_CONNECTION, on_connection,
        lane, MHD_OPTION_URI_LOG_CALLBACK, on_target, lane, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)HEAD_MEMORY, MHD_OPTION_CONNECTION_LIMIT, (unsigned)arguments->max_connections,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)seconds, MHD_OPTION_END);
}

static void rank_together(void *user_data)
{
    const struct lane *lane = user_data;
    gather_rank(lane->gather);
}

static bool start_lane(struct lane *lane, const struct serve_arguments *arguments)
{
    struct MHD_Daemon *daemon = NULL;
    lane->gather = gather_create(&lane->http->service.answering);
    if (lane->gather)
        daemon = start_daemon(lane, arguments);
    if (daemon)
        lane->worker = worker_start(daemon, lane->http->connections, rank_together, lane);
    if (daemon && !lane->worker)
        MHD_stop_daemon(daemon);
    if (!lane->worker)
        gather_destroy(lane->gather);
    return lane->worker != NULL;
}

static void end_lane(struct lane *lane)
{
    worker_stop(lane->worker);
    gather_destroy(lane->gather);
}

static bool start_lanes(struct http *http, const struct serve_arguments *arguments)
{
    http->lanes = calloc(arguments->threads, sizeof *http->lanes);
    if (!http->lanes)
        return false;
    for (size_t i = 0; i < arguments->threads; i++) {
        http->lanes[i] = (struct lane){.http = http, .number = i};
        if (!start_lane(&http->lanes[i], arguments))
            return false;
        http->lane_count++;
    }
    return true;
}

/* A connection has been accepted: to the thread that has the fewest. */
static bool hand(void *user_data, int socket, size_t number)
{
    const struct http *http = user_data;
    return worker_hand(http->lanes[number].worker, socket);
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
    http->connections = connections_create(limits, arguments->threads, arguments->max_per_address);
    http->metrics = metrics_create();
    if (!http->connections || !http->metrics)
        return false;
    http->replying.connections = http->connections;
    http->service.operations.connections = http->connections;
    http->service.operations.metrics = http->metrics;
    return start_lanes(http, arguments);
}

static void end_parts(struct http *http)
{
    for (size_t i = 0; i < http->lane_count; i++)
        end_lane(&http->lanes[i]);
    free(http->lanes);
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
            acceptor_start(socket, hand, http, http->connections, arguments->max_connections);
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
