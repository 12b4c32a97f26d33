/* SPDX-License-Identifier: BSD-2-Clause */
#include "http.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>

#include "parameters.h"

/* A connection that is idle for so long is closed. */
enum { TIMEOUT_SECONDS = 30 };

/* A body that is too large is read up to this many times the limit before the connection is closed,
 * so that the client gets the answer that says why. */
enum { PATIENCE = 16 };

struct http {
    struct answering answering;
    const struct guard *guard;
    size_t max_body;
    struct MHD_Daemon *daemon;
    int quiet_socket; /* the listening socket once no more are accepted, or -1 */
    atomic_size_t under_way;
};

/* A request whose body is coming in. */
struct incoming {
    char *body;
    size_t size, capacity;
    size_t received; /* bytes, also those that are not kept */
    bool no_memory;
};

/* {"error": reason}. A reason may quote bytes of the client that are not UTF-8: they become '?'. */
static json_t *error_json(const char *reason)
{
    json_t *text = json_string(reason);
    if (!text) {
        char plain[sizeof((struct failure *)NULL)->reason];
        size_t length = strnlen(reason, sizeof plain - 1);
        for (size_t i = 0; i < length; i++)
            plain[i] = (unsigned char)reason[i] < 0x80 ? reason[i] : '?';
        plain[length] = '\0';
        text = json_string(plain);
    }
    return json_pack("{s:o}", "error", text);
}

static enum MHD_Result send_text(struct MHD_Connection *connection, unsigned status, char *text,
                                 enum MHD_ResponseMemoryMode mode, const char *allow)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(strlen(text), text, mode);
    if (!response) {
        if (mode == MHD_RESPMEM_MUST_FREE)
            free(text);
        return MHD_NO;
    }
    enum MHD_Result result =
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
    if (result == MHD_YES && status == MHD_HTTP_UNAUTHORIZED)
        result = MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
    if (result == MHD_YES && allow)
        result = MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, allow);
    if (result == MHD_YES)
        result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

/* Takes over `text`. NULL, which means that memory is short, is answered with an error. */
static enum MHD_Result send_json(struct MHD_Connection *connection, unsigned status, char *text,
                                 const char *allow)
{
    static char no_memory[] = "{\"error\":\"no memory\"}";
    return text ? send_text(connection, status, text, MHD_RESPMEM_MUST_FREE, allow)
                : send_text(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, no_memory,
                            MHD_RESPMEM_PERSISTENT, NULL);
}

static enum MHD_Result send_failure(struct MHD_Connection *connection,
                                    const struct failure *failure, const char *allow)
{
    json_t *error = error_json(failure->reason);
    char *text = error ? json_dumps(error, JSON_COMPACT) : NULL;
    json_decref(error);
    return send_json(connection, failure->status, text, allow);
}

/* Whether `method` is a word of "GET, HEAD, POST". */
static bool allows(const char *methods, const char *method)
{
    size_t length = strlen(method);
    for (const char *at = methods; (at = strstr(at, method)); at += length)
        if ((at == methods || at[-1] == ' ') && (at[length] == ',' || at[length] == '\0'))
            return true;
    return false;
}

/* What reading the query string needs. */
struct query_string {
    const struct endpoint *endpoint;
    json_t *parameters;
    struct failure *failure;
    bool good;
};

static enum MHD_Result on_parameter(void *user_data, enum MHD_ValueKind kind, const char *name,
                                    size_t name_size, const char *value, size_t value_size)
{
    struct query_string *query = user_data;
    (void)kind;
    if (memchr(name, 0, name_size) || (value && memchr(value, 0, value_size)))
        query->good = refuse(query->failure, 400, "the query string holds a NUL");
    else
        query->good = parameters_add_text(query->parameters, query->endpoint->parameters, name,
                                          value ? value : "", query->failure);
    return query->good ? MHD_YES : MHD_NO;
}

static bool read_parameters(struct MHD_Connection *connection, const struct incoming *incoming,
                            const struct endpoint *endpoint, json_t *parameters,
                            struct failure *failure)
{
    struct query_string query = {endpoint, parameters, failure, true};
    MHD_get_connection_values_n(connection, MHD_GET_ARGUMENT_KIND, on_parameter, &query);
    return query.good &&
           (incoming->size == 0 || parameters_add_body(parameters, endpoint->parameters,
                                                       incoming->body, incoming->size, failure));
}

/* The answer, or NULL with the failure filled in. */
static char *compute(struct http *http, struct MHD_Connection *connection,
                     const struct incoming *incoming, const struct endpoint *endpoint,
                     struct failure *failure)
{
    json_t *parameters = json_object();
    struct answer answer = {.hits = 0};
    bool good = (parameters || refuse_memory(failure)) &&
                read_parameters(connection, incoming, endpoint, parameters, failure);
    if (good) {
        struct served *model = store_retain(http->answering.store);
        good = endpoint->answer(&http->answering, model, parameters, &answer, failure);
        served_release(model);
    }
    json_decref(parameters);
    char *text = good ? json_text_take(&answer.text) : NULL;
    if (good && !text)
        refuse_memory(failure);
    json_text_end(&answer.text);
    return text;
}

/* The request is complete. */
static enum MHD_Result answer(struct http *http, struct MHD_Connection *connection,
                              const char *path, const char *method, const struct incoming *incoming)
{
    struct failure failure;
    const struct endpoint *endpoint = find_endpoint(path, &failure);
    if (!endpoint)
        return send_failure(connection, &failure, NULL);
    if (!allows(endpoint->methods, method)) {
        refuse(&failure, MHD_HTTP_METHOD_NOT_ALLOWED, "%s takes %s, not %.16s", path,
               endpoint->methods, method);
        return send_failure(connection, &failure, endpoint->methods);
    }
    if (endpoint->guarded && !guard_admits(http->guard, connection, &failure))
        return send_failure(connection, &failure, NULL);
    if (incoming->received > http->max_body)
        refuse(&failure, MHD_HTTP_CONTENT_TOO_LARGE, "the body exceeds %zu bytes", http->max_body);
    else if (incoming->no_memory)
        refuse_memory(&failure);
    else {
        char *result = compute(http, connection, incoming, endpoint, &failure);
        if (result)
            return send_json(connection, MHD_HTTP_OK, result, NULL);
    }
    return send_failure(connection, &failure, NULL);
}

/* Keep a part of the body; what exceeds the limit is read but not kept. */
static void receive(const struct http *http, struct incoming *incoming, const char *data,
                    size_t size)
{
    incoming->received += size;
    if (incoming->received > http->max_body || incoming->no_memory)
        return;
    if (incoming->received > incoming->capacity) {
        size_t capacity = incoming->capacity ? incoming->capacity : 1024;
        while (capacity < incoming->received)
            capacity *= 2;
        char *grown = realloc(incoming->body, capacity);
        if (!grown) {
            incoming->no_memory = true;
            return;
        }
        incoming->body = grown;
        incoming->capacity = capacity;
    }
    memcpy(incoming->body + incoming->size, data, size);
    incoming->size += size;
}

/* Called for a request with its headers, then with each part of its body, then when it is
 * complete. */
static enum MHD_Result on_request(void *user_data, struct MHD_Connection *connection,
                                  const char *path, const char *method, const char *version,
                                  const char *data, size_t *size, void **state)
{
    struct http *http = user_data;
    (void)version;
    if (!*state) {
        *state = calloc(1, sizeof(struct incoming));
        if (*state)
            atomic_fetch_add(&http->under_way, 1);
        return *state ? MHD_YES : MHD_NO;
    }
    struct incoming *incoming = *state;
    if (*size == 0)
        return answer(http, connection, path, method, incoming);
    receive(http, incoming, data, *size);
    *size = 0;
    return incoming->received / PATIENCE <= http->max_body ? MHD_YES : MHD_NO;
}

/* The answer has been sent, or the connection is gone. */
static void on_end(void *user_data, struct MHD_Connection *connection, void **state,
                   enum MHD_RequestTerminationCode code)
{
    struct http *http = user_data;
    struct incoming *incoming = *state;
    (void)connection;
    (void)code;
    if (!incoming)
        return;
    free(incoming->body);
    free(incoming);
    *state = NULL;
    atomic_fetch_sub(&http->under_way, 1);
}

struct http *http_start(int socket, const struct serve_arguments *arguments, struct store *store,
                        const struct guard *guard)
{
    struct http *http = malloc(sizeof *http);
    if (!http)
        return NULL;
    *http = (struct http){.answering = {.store = store, .max_count = arguments->max_count},
                          .guard = guard,
                          .max_body = arguments->max_body,
                          .quiet_socket = -1};
    /* The server does not accept a pool of one thread: the option is left out then. */
    bool pool = arguments->threads > 1;
    size_t connections = arguments->max_connections > arguments->threads
                             ? arguments->max_connections
                             : arguments->threads; /* each thread has its share of them */
    http->daemon = MHD_start_daemon(
        MHD_USE_AUTO_INTERNAL_THREAD | MHD_USE_ITC, 0, NULL, NULL, on_request, http,
        MHD_OPTION_LISTEN_SOCKET, (MHD_socket)socket, MHD_OPTION_NOTIFY_COMPLETED, on_end, http,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)connections, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)TIMEOUT_SECONDS, pool ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END,
        (unsigned)arguments->threads, MHD_OPTION_END);
    if (!http->daemon) {
        free(http);
        return NULL;
    }
    return http;
}

void http_quiesce(struct http *http)
{
    http->quiet_socket = MHD_quiesce_daemon(http->daemon);
    /* A thread may still use it, so it cannot be closed yet; new clients are refused. */
    if (http->quiet_socket >= 0)
        shutdown(http->quiet_socket, SHUT_RDWR);
}

size_t http_under_way(struct http *http)
{
    return atomic_load(&http->under_way);
}

void http_stop(struct http *http)
{
    MHD_stop_daemon(http->daemon);
    if (http->quiet_socket >= 0)
        close(http->quiet_socket);
    free(http);
}
