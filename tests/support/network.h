/* SPDX-License-Identifier: BSD-2-Clause */
/* A network in memory: the peers of a training as threads of one process, which exchange messages
 * through queues. What was sent before a peer left still arrives, and who waits for another peer waits
 * on, as on a real one. */
#ifndef DIFFMM_TESTS_NETWORK_H
#define DIFFMM_TESTS_NETWORK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <diffmm/peers.h>

enum { network_most = 9, network_failed = 7, network_late = 8, network_misfit = 9 };

struct network_message {
    struct network_message *next;
    size_t size;
    unsigned char *bytes; /* a block of their own, so that a sanitiser sees its ends */
};

/* One peer's end of it. */
struct network_end {
    struct network *network;
    uint32_t rank;
    size_t exchanges;     /* so far */
    size_t fails_at;      /* the exchange that fails, counted from 1; 0: none */
    bool failed;          /* one has */
    bool waiting;         /* for a message of another peer */
    size_t after_failure; /* exchanges that were asked for after that: there must be none */
    size_t abandoned;     /* how often the library has told that it leaves: once is for ever */
    int32_t status;       /* and with what */
};

struct network {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint32_t size;
    long milliseconds; /* how long a peer waits for another */
    struct network_message *queues[network_most][network_most]; /* from, to */
    struct network_end ends[network_most];
};

static inline void network_begin(struct network *network, uint32_t size)
{
    memset(network, 0, sizeof *network);
    pthread_mutex_init(&network->lock, NULL);
    pthread_cond_init(&network->changed, NULL);
    network->size = size;
    network->milliseconds = 120000;
    for (uint32_t rank = 0; rank < size; rank++) {
        network->ends[rank].network = network;
        network->ends[rank].rank = rank;
    }
}

static inline void network_end(struct network *network)
{
    for (size_t from = 0; from < network_most; from++)
        for (size_t to = 0; to < network_most; to++)
            while (network->queues[from][to]) {
                struct network_message *first = network->queues[from][to];
                network->queues[from][to] = first->next;
                free(first->bytes);
                free(first);
            }
    pthread_cond_destroy(&network->changed);
    pthread_mutex_destroy(&network->lock);
}

static inline void network_send(struct network *network, uint32_t from, int32_t to,
                                const void *bytes, size_t size)
{
    struct network_message **place = &network->queues[from][to];
    struct network_message *message = malloc(sizeof *message);
    *message = (struct network_message){.size = size, .bytes = malloc(size)};
    memcpy(message->bytes, bytes, size);
    while (*place)
        place = &(*place)->next;
    *place = message;
    pthread_cond_broadcast(&network->changed);
}

/* Waits for the first message from a peer; 0, or what went wrong. */
static inline int network_receive(struct network *network, int32_t from, uint32_t to, void *bytes,
                                  size_t size)
{
    struct network_message **place = &network->queues[from][to];
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += network->milliseconds / 1000;
    until.tv_nsec += network->milliseconds % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    const struct network_end *sender = &network->ends[from];
    network->ends[to].waiting = !*place;
    pthread_cond_broadcast(&network->changed);
    while (!*place && !sender->abandoned)
        if (pthread_cond_timedwait(&network->changed, &network->lock, &until))
            break;
    network->ends[to].waiting = false;
    struct network_message *first = *place;
    if (!first)
        return sender->abandoned ? network_failed : network_late;
    *place = first->next;
    int wrong = first->size == size ? 0 : network_misfit;
    if (!wrong)
        memcpy(bytes, first->bytes, size);
    free(first->bytes);
    free(first);
    return wrong;
}

/* Whether the arguments are such as the header promises. */
static inline bool network_takes(const struct network *network, int32_t peer, const void *bytes,
                                 size_t size)
{
    return peer == -1 ? !bytes && size == 0
                      : peer >= 0 && (uint32_t)peer < network->size && bytes && size > 0;
}

static inline int network_exchange(int32_t to, const void *send, size_t send_bytes, int32_t from,
                                   void *receive, size_t receive_bytes, void *user_data)
{
    struct network_end *end = user_data;
    struct network *network = end->network;
    int result = 0;
    pthread_mutex_lock(&network->lock);
    end->after_failure += end->failed;
    if (++end->exchanges == end->fails_at)
        result = network_failed;
    else if (!network_takes(network, to, send, send_bytes) ||
             !network_takes(network, from, receive, receive_bytes))
        result = network_misfit;
    if (!result && to >= 0)
        network_send(network, end->rank, to, send, send_bytes);
    if (!result && from >= 0)
        result = network_receive(network, from, end->rank, receive, receive_bytes);
    end->failed |= result != 0;
    pthread_mutex_unlock(&network->lock);
    return result;
}

static inline void network_abandon(int32_t status, void *user_data)
{
    struct network_end *end = user_data;
    pthread_mutex_lock(&end->network->lock);
    end->abandoned++;
    end->status = status;
    pthread_cond_broadcast(&end->network->changed);
    pthread_mutex_unlock(&end->network->lock);
}

static inline diffmm_peers network_peers(struct network *network, uint32_t rank)
{
    return (diffmm_peers){.struct_size = sizeof(diffmm_peers),
                          .rank = rank,
                          .size = network->size,
                          .exchange = network_exchange,
                          .abandon = network_abandon,
                          .user_data = &network->ends[rank]};
}

#endif
