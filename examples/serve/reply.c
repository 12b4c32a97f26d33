/* SPDX-License-Identifier: BSD-2-Clause */
#include "reply.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "clock.h"

static const char type_json[] = "application/json";

static bool add_headers(struct MHD_Response *response, const struct exchange *exchange,
                        unsigned status, const char *type, const char *allow)
{
    const struct {
        const char *name, *value; /* NULL: not this time */
    } headers[] = {
        {MHD_HTTP_HEADER_CONTENT_TYPE, type},
        {"X-Request-Id", exchange->request->id},
        {MHD_HTTP_HEADER_WWW_AUTHENTICATE, status == MHD_HTTP_UNAUTHORIZED ? "Bearer" : NULL},
        {MHD_HTTP_HEADER_ALLOW, allow},
        {MHD_HTTP_HEADER_CONNECTION, atomic_load(&exchange->replying->leaving) ? "close" : NULL},
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        if (headers[i].value &&
            MHD_add_response_header(response, headers[i].name, headers[i].value) != MHD_YES)
            return false;
    return true;
}

static enum MHD_Result send_text(const struct exchange *exchange, unsigned status, const char *type,
                                 char *text, enum MHD_ResponseMemoryMode mode, const char *allow)
{
    struct request *request = exchange->request;
    size_t size = strlen(text);
    struct MHD_Response *response = MHD_create_response_from_buffer(size, text, mode);
    if (!response) {
        if (mode == MHD_RESPMEM_MUST_FREE)
            free(text);
        return MHD_NO;
    }
    bool good = add_headers(response, exchange, status, type, allow) &&
                (!request->connection || connections_enter(exchange->replying->connections,
                                                           request->connection, PHASE_ANSWERING));
    request->took = clock_nanoseconds() - request->began;
    if (good && MHD_queue_response(exchange->connection, status, response) == MHD_YES) {
        request->status = status;
        request->answered = strcmp(request->method, "HEAD") == 0 ? 0 : size;
    } else {
        good = false;
    }
    MHD_destroy_response(response);
    return good ? MHD_YES : MHD_NO;
}

enum MHD_Result reply_text(const struct exchange *exchange, unsigned status, const char *type,
                           char *text, const char *allow)
{
    static char no_memory[] = "{\"error\":\"no memory\"}";
    return text ? send_text(exchange, status, type, text, MHD_RESPMEM_MUST_FREE, allow)
                : send_text(exchange, MHD_HTTP_INTERNAL_SERVER_ERROR, type_json, no_memory,
                            MHD_RESPMEM_PERSISTENT, NULL);
}

/* A reason may quote bytes of the client that are not UTF-8: they become '?'. */
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

enum MHD_Result reply_failure(const struct exchange *exchange, const struct failure *failure,
                              const char *allow)
{
    json_t *error = error_json(failure->reason);
    char *text = error ? json_dumps(error, JSON_COMPACT) : NULL;
    json_decref(error);
    return reply_text(exchange, failure->status, type_json, text, allow);
}
