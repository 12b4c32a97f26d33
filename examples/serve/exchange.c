/* SPDX-License-Identifier: BSD-2-Clause */
#include "exchange.h"

#include <string.h>
#include <strings.h>

#include "parameters.h"

/* Whether `method` is a word of "GET, HEAD, POST". */
static bool allows(const char *methods, const char *method)
{
    size_t length = strlen(method);
    for (const char *at = methods; length > 0 && (at = strstr(at, method)); at += length)
        if ((at == methods || at[-1] == ' ') && (at[length] == ',' || at[length] == '\0'))
            return true;
    return false;
}

static enum MHD_Result refuse_method(const struct exchange *exchange, const char *path,
                                     const char *methods)
{
    struct failure failure;
    refuse(&failure, MHD_HTTP_METHOD_NOT_ALLOWED, "%s takes %s, not %.16s", path, methods,
           exchange->request->method);
    return reply_failure(exchange, &failure, methods);
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

static bool read_parameters(const struct exchange *exchange, const struct endpoint *endpoint,
                            json_t *parameters, struct failure *failure)
{
    struct query_string query = {endpoint, parameters, failure, true};
    const struct request *request = exchange->request;
    MHD_get_connection_values_n(exchange->connection, MHD_GET_ARGUMENT_KIND, on_parameter, &query);
    return query.good &&
           (request->size == 0 || parameters_add_body(parameters, endpoint->parameters,
                                                      request->body, request->size, failure));
}

/* The text of the answer, or NULL with the failure filled in. */
static char *compute(const struct exchange *exchange, const struct service *service,
                     const struct endpoint *endpoint, struct failure *failure)
{
    json_t *parameters = json_object();
    struct answer answer = {.hits = 0};
    bool good = (parameters || refuse_memory(failure)) &&
                read_parameters(exchange, endpoint, parameters, failure);
    if (good) {
        struct served *model = store_retain(service->answering.store);
        good = endpoint->answer(&service->answering, model, parameters, &answer, failure);
        served_release(model);
    }
    json_decref(parameters);
    char *text = good ? json_text_take(&answer.text) : NULL;
    if (good && !text)
        refuse_memory(failure);
    json_text_end(&answer.text);
    exchange->request->hits = text ? answer.hits : 0;
    return text;
}

static enum MHD_Result answer_endpoint(const struct exchange *exchange,
                                       const struct service *service,
                                       const struct endpoint *endpoint)
{
    struct failure failure;
    struct request *request = exchange->request;
    if (!allows(endpoint->methods, request->method))
        return refuse_method(exchange, endpoint->path, endpoint->methods);
    if (endpoint->guarded && !guard_admits(service->guard, exchange->connection, &failure))
        return reply_failure(exchange, &failure, NULL);
    if (request->received > service->max_body)
        refuse(&failure, MHD_HTTP_CONTENT_TOO_LARGE, "the body exceeds %zu bytes",
               service->max_body);
    else if (request->no_memory)
        refuse_memory(&failure);
    else {
        char *text =
            request->gathered ? request->gathered : compute(exchange, service, endpoint, &failure);
        request->gathered = NULL;
        if (text)
            return reply_text(exchange, MHD_HTTP_OK, "application/json", text, NULL);
    }
    return reply_failure(exchange, &failure, NULL);
}

static enum MHD_Result answer_operation(const struct exchange *exchange,
                                        const struct service *service,
                                        const struct operation *operation)
{
    static const char methods[] = "GET, HEAD";
    if (!allows(methods, exchange->request->method))
        return refuse_method(exchange, operation->path, methods);
    struct operation_answer answer = operation->answer(&service->operations);
    return reply_text(exchange, answer.status, answer.type, answer.text, NULL);
}

/* The path of a target in absolute form (RFC 9112, 3.2.2), which only clients of proxies send. */
static const char *path_of(const char *target)
{
    if (strncasecmp(target, "http://", 7) != 0)
        return target;
    const char *path = strchr(target + 7, '/');
    return path ? path : "/";
}

const char *exchange_endpoint(const char *target)
{
    struct failure failure;
    const char *path = path_of(target);
    const struct operation *operation = find_operation(path);
    const struct endpoint *endpoint = operation ? NULL : find_endpoint(path, &failure);
    return operation ? operation->path : endpoint ? endpoint->path : "other";
}

enum MHD_Result exchange_answer(const struct exchange *exchange, const struct service *service,
                                const char *target)
{
    struct failure failure;
    const char *path = path_of(target);
    const struct operation *operation = find_operation(path);
    if (operation)
        return answer_operation(exchange, service, operation);
    const struct endpoint *endpoint = find_endpoint(path, &failure);
    if (!endpoint)
        return reply_failure(exchange, &failure, NULL);
    if (endpoint->guarded && path != target) {
        refuse(&failure, MHD_HTTP_BAD_REQUEST, "%s is not for clients of proxies", endpoint->path);
        return reply_failure(exchange, &failure, NULL);
    }
    return answer_endpoint(exchange, service, endpoint);
}
