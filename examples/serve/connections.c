/* SPDX-License-Identifier: BSD-2-Clause */
#include "connections.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "clock.h"
#include "raw_answer.h"

struct connection {
    int socket;
    size_t thread;
    struct in6_addr address; /* all zero: none that counts */
    bool begun;              /* the library has it */
    enum phase phase;
    int64_t since; /* milliseconds */
    unsigned refused;
};

struct connections {
    pthread_mutex_t lock; /* held for moments */
    int64_t limits[PHASES_LIMITED];
    struct connection **by_socket; /* NULL where there is none */
    size_t capacity;
    size_t threads, *of_thread; /* connections of each */
    size_t per_address;
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

struct connections *connections_create(const size_t limits[PHASES_LIMITED], size_t threads,
                                       size_t per_address)
{
    struct connections *connections = calloc(1, sizeof *connections);
    if (!connections)
        return NULL;
    connections->of_thread = calloc(threads, sizeof *connections->of_thread);
    if (!connections->of_thread) {
        free(connections);
        return NULL;
    }
    connections->threads = threads;
    connections->per_address = per_address;
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
    free(connections->of_thread);
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

static void drop(struct connections *connections, int socket)
{
    connections->counts.open--;
    connections->of_thread[connections->by_socket[socket]->thread]--;
    free(connections->by_socket[socket]);
    connections->by_socket[socket] = NULL;
}

/* Note a socket; NULL without memory. One that is known already and that the library has not begun
 * with was closed by the library, which does not say so: its number came back. */
static struct connection *note(struct connections *connections, const struct connection *noted)
{
    if (!make_room(connections, (size_t)noted->socket))
        return NULL;
    struct connection **place = &connections->by_socket[noted->socket];
    if (*place)
        drop(connections, noted->socket);
    *place = malloc(sizeof **place);
    if (!*place)
        return NULL;
    **place = *noted;
    (*place)->since = clock_milliseconds();
    connections->counts.open++;
    connections->of_thread[noted->thread]++;
    return *place;
}

/* An address of IPv4 is written as one of IPv6. */
static struct in6_addr without_port(const struct sockaddr_storage *address)
{
    struct in6_addr plain = IN6ADDR_ANY_INIT;
    if (address->ss_family == AF_INET6) {
        plain = ((const struct sockaddr_in6 *)address)->sin6_addr;
    } else if (address->ss_family == AF_INET) {
        const struct in_addr *inner = &((const struct sockaddr_in *)address)->sin_addr;
        memset(plain.s6_addr + 10, 0xff, 2);
        memcpy(plain.s6_addr + 12, inner, sizeof *inner);
    }
    return plain;
}

static bool admits(const struct connections *connections, const struct in6_addr *address)
{
    size_t open = 0;
    if (connections->per_address == 0 || IN6_IS_ADDR_UNSPECIFIED(address))
        return true;
    for (size_t i = 0; i < connections->capacity; i++)
        open += connections->by_socket[i] &&
                memcmp(&connections->by_socket[i]->address, address, sizeof *address) == 0;
    return open < connections->per_address;
}

static size_t least_busy(const struct connections *connections)
{
    size_t least = 0;
    for (size_t i = 1; i < connections->threads; i++)
        if (connections->of_thread[i] < connections->of_thread[least])
            least = i;
    return least;
}

bool connections_expect(struct connections *connections, int socket,
                        const struct sockaddr_storage *address, size_t *thread)
{
    struct connection expected = {.socket = socket, .address = without_port(address)};
    pthread_mutex_lock(&connections->lock);
    *thread = expected.thread = least_busy(connections);
    bool good = admits(connections, &expected.address) && note(connections, &expected);
    pthread_mutex_unlock(&connections->lock);
    return good;
}

void connections_forget(struct connections *connections, int socket)
{
    pthread_mutex_lock(&connections->lock);
    if (connections->by_socket[socket] && !connections->by_socket[socket]->begun)
        drop(connections, socket);
    pthread_mutex_unlock(&connections->lock);
}

struct connection *connections_begin(struct connections *connections, int socket, size_t thread)
{
    struct connection begun = {.socket = socket, .thread = thread, .begun = true};
    pthread_mutex_lock(&connections->lock);
    if ((size_t)socket < connections->capacity && connections->by_socket[socket])
        begun.address = connections->by_socket[socket]->address;
    struct connection *connection = note(connections, &begun);
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
