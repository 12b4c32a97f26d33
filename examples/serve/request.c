/* SPDX-License-Identifier: BSD-2-Clause */
#include "request.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"

struct request *request_create(struct connection *connection, const char *target)
{
    struct request *request = calloc(1, sizeof *request);
    if (!request)
        return NULL;
    request->connection = connection;
    request->target = target_measure(target);
    request->endpoint = "other";
    request->began = clock_nanoseconds();
    request_id_make(request->id);
    return request;
}

void request_destroy(struct request *request)
{
    free(request->body);
    free(request->gathered);
    free(request);
}

void request_receive(struct request *request, size_t most, const char *data, size_t size)
{
    request->received += size;
    if (request->received > most || request->no_memory)
        return;
    if (request->received > request->capacity) {
        size_t capacity = request->capacity ? request->capacity : 1024;
        while (capacity < request->received)
            capacity *= 2;
        char *grown = realloc(request->body, capacity);
        if (!grown) {
            request->no_memory = true;
            return;
        }
        request->body = grown;
        request->capacity = capacity;
    }
    memcpy(request->body + request->size, data, size);
    request->size += size;
}
