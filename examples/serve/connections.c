/* SPDX-License-Identifier: BSD-2-Clause */
#include "connections.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "clock.h"
#include "raw_answer.h"

struct connection {
    int socket;
    bool begun; /* the library has it */
    enum phase phase;
    int64_t since; /* milliseconds */
    unsigned refused;
};

struct connections {
    pthread_mutex_t lock; /* held for moments */
    int64_t limits[PHASES_LIMITED];
    struct connection **by_socket; /* NULL where there is none */
    size_t capacity;
    struct connection_counts counts; /* but for `busy` */
};

const char *phase_name(enum phase phase)
{
    switch (phase) {
    case PHASE_NEW: return "new";
    case PHASE_RECEIVING: return "receiving";
    case PHASE_ANSWERING: return "answering";
    case PHASE_IDLE: return "idle";
    case PHASE_CUT: break;
    }
    return "cut";
}

struct connections *connections_create(const size_t limits[PHASES_LIMITED])
{
    struct connections *connections = calloc(1, sizeof *connections);
    if (!connections)
        return NULL;
    for (size_t i = 0; i < PHASES_LIMITED; i++)
        connections->limits[i] = (int64_t)limits[i] * 1000;
    pthread_mutex_init(&connections->lock, NULL);
    return connections;
}

void connections_destroy(struct connections *connections)
{
    for (size_t i = 0; i < connections->capacity; i++)
        free(connections->by_socket[i]);
    free(connections->by_socket);
    pthread_mutex_destroy(&connections->lock);
    free(connections);
}

static bool make_room(struct connections *connections, size_t socket)
{
    if (socket < connections->capacity)
        return true;
    size_t capacity = connections->capacity ? connections->capacity : 64;
    while (capacity <= socket)
        capacity *= 2;
    struct connection **grown =
        realloc(connections->by_socket, capacity * sizeof(struct connection *));
    if (!grown)
        return false;
    for (size_t i = connections->capacity; i < capacity; i++)
        grown[i] = NULL;
    connections->by_socket = grown;
    connections->capacity = capacity;
    return true;
}

/* What is known of a socket; NULL without memory. One that is known already and that the library
 * has not begun with was closed by the library, which does not say so: its number came back. */
static struct connection *find_or_add(struct connections *connections, int socket)
{
    if (!make_room(connections, (size_t)socket))
        return NULL;
    struct connection **place = &connections->by_socket[socket];
    if (!*place) {
        *place = calloc(1, sizeof **place);
        connections->counts.open += *place != NULL;
    }
    return *place;
}

static void drop(struct connections *connections, int socket)
{
    connections->counts.open--;
    free(connections->by_socket[socket]);
    connections->by_socket[socket] = NULL;
}

bool connections_expect(struct connections *connections, int socket)
{
    pthread_mutex_lock(&connections->lock);
    struct connection *connection = find_or_add(connections, socket);
    if (connection)
        *connection = (struct connection){.socket = socket, .since = clock_milliseconds()};
    pthread_mutex_unlock(&connections->lock);
    return connection != NULL;
}

void connections_forget(struct connections *connections, int socket)
{
    pthread_mutex_lock(&connections->lock);
    if (connections->by_socket[socket] && !connections->by_socket[socket]->begun)
        drop(connections, socket);
    pthread_mutex_unlock(&connections->lock);
}

struct connection *connections_begin(struct connections *connections, int socket)
{
    pthread_mutex_lock(&connections->lock);
    struct connection *connection = find_or_add(connections, socket);
    if (connection)
        *connection =
            (struct connection){.socket = socket, .begun = true, .since = clock_milliseconds()};
    pthread_mutex_unlock(&connections->lock);
    return connection;
}

void connections_end(struct connections *connections, struct connection *connection)
{
    pthread_mutex_lock(&connections->lock);
    drop(connections, connection->socket);
    pthread_mutex_unlock(&connections->lock);
}

bool connections_enter(struct connections *connections, struct connection *connection,
                       enum phase phase)
{
    pthread_mutex_lock(&connections->lock);
    bool good = connection->phase != PHASE_CUT && !connection->refused;
    if (good) {
        connection->phase = phase;
        connection->since = clock_milliseconds();
    }
    pthread_mutex_unlock(&connections->lock);
    return good;
}

void connections_refuse(struct connections *connections, struct connection *connection,
                        unsigned status, const char *reason, bool end)
{
    pthread_mutex_lock(&connections->lock);
    if (connection->phase != PHASE_CUT && !connection->refused) {
        raw_answer_send(connection->socket, status, reason);
        shutdown(connection->socket, end ? SHUT_RDWR : SHUT_WR);
        connection->refused = status;
        if (end)
            connection->phase = PHASE_CUT;
    }
    pthread_mutex_unlock(&connections->lock);
}

unsigned connections_refused(struct connections *connections, struct connection *connection)
{
    pthread_mutex_lock(&connections->lock);
    unsigned refused = connection->refused;
    pthread_mutex_unlock(&connections->lock);
    return refused;
}

/* A client that is in the midst of a request is told; one that may be about to send its next would
 * take that for the answer to it. */
static void cut(struct connections *connections, struct connection *connection)
{
    if (connection->phase == PHASE_RECEIVING && !connection->refused) {
        raw_answer_send(connection->socket, 408, "the request did not come in in time");
        connection->refused = 408;
    }
    shutdown(connection->socket, SHUT_RDWR);
    connections->counts.cut[connection->phase]++;
    connection->phase = PHASE_CUT;
}

void connections_cut_overdue(struct connections *connections)
{
    int64_t now = clock_milliseconds();
    pthread_mutex_lock(&connections->lock);
    for (size_t i = 0; i < connections->capacity; i++) {
        struct connection *connection = connections->by_socket[i];
        if (!connection || connection->phase == PHASE_CUT ||
            now - connection->since <= connections->limits[connection->phase])
            continue;
        if (connection->begun)
            cut(connections, connection);
        else /* the library has closed it, or is late with it and will begin it anew */
            drop(connections, connection->socket);
    }
    pthread_mutex_unlock(&connections->lock);
}

size_t connections_open(struct connections *connections)
{
    pthread_mutex_lock(&connections->lock);
    size_t open = connections->counts.open;
    pthread_mutex_unlock(&connections->lock);
    return open;
}

struct connection_counts connections_count(struct connections *connections)
{
    pthread_mutex_lock(&connections->lock);
    struct connection_counts counts = connections->counts;
    for (size_t i = 0; i < connections->capacity; i++)
        counts.busy += connections->by_socket[i] && connections->by_socket[i]->phase != PHASE_IDLE;
    pthread_mutex_unlock(&connections->lock);
    return counts;
}
