/* SPDX-License-Identifier: BSD-2-Clause */
#include "acceptor.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "socket.h"

enum {
    TICK = 100,     /* milliseconds between two looks for overdue connections */
    FULL_TICK = 10, /* the same while no connection can be taken */
    AT_ONCE = 32,   /* connections between two looks at the time */
    HANDSHAKE = 100 /* milliseconds for clients that are connecting when no more are taken */
};

struct acceptor {
    int listening; /* -1: closed */
    bool (*hand)(void *data, int socket, size_t thread);
    void *data;
    struct connections *connections;
    size_t most;
    pthread_t thread;
    atomic_bool closing, closed, ending;
};

static void pause_milliseconds(long milliseconds)
{
    nanosleep(&(struct timespec){.tv_nsec = milliseconds * 1000000}, NULL);
}

static bool is_full(const struct acceptor *acceptor)
{
    return connections_open(acceptor->connections) >= acceptor->most;
}

/* Hand on one that has connected; false if there is none, or no descriptor for it. */
static bool take(struct acceptor *acceptor)
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t size = sizeof address;
    size_t thread;
    int taken = accept4(acceptor->listening, (struct sockaddr *)&address, &size,
                        SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (taken < 0)
        return false;
    if (!connections_expect(acceptor->connections, taken, &address, &thread)) {
        close(taken);
    } else if (!acceptor->hand(acceptor->data, taken, thread)) {
        connections_forget(acceptor->connections, taken);
        close(taken);
    }
    return true;
}

/* New handshakes are put off first, so that whoever is in the midst of one is taken. */
static void close_listening(struct acceptor *acceptor)
{
    int64_t end = clock_milliseconds() + HANDSHAKE;
    socket_put_off(acceptor->listening);
    while (clock_milliseconds() < end)
        if (!take(acceptor))
            pause_milliseconds(1);
    for (int i = 0; i < SOMAXCONN && take(acceptor); i++)
        ;
    close(acceptor->listening);
    acceptor->listening = -1;
    atomic_store(&acceptor->closed, true);
}

/* Take what connects within a tick. */
static void accept_for_a_tick(struct acceptor *acceptor)
{
    bool full = acceptor->listening < 0 || is_full(acceptor);
    struct pollfd waiting = {.fd = full ? -1 : acceptor->listening, .events = POLLIN};
    if (poll(&waiting, 1, full ? FULL_TICK : TICK) <= 0)
        return;
    if (!take(acceptor))
        pause_milliseconds(1);
    for (int i = 1; i < AT_ONCE && !is_full(acceptor) && take(acceptor); i++)
        ;
}

static void *run(void *argument)
{
    struct acceptor *acceptor = argument;
    int64_t next = clock_milliseconds() + TICK;
    while (!atomic_load(&acceptor->ending)) {
        if (acceptor->listening >= 0 && atomic_load(&acceptor->closing))
            close_listening(acceptor);
        accept_for_a_tick(acceptor);
        if (clock_milliseconds() >= next) {
            connections_cut_overdue(acceptor->connections);
            next = clock_milliseconds() + TICK;
        }
    }
    return NULL;
}

struct acceptor *acceptor_start(int listening, bool (*hand)(void *data, int socket, size_t thread),
                                void *data, struct connections *connections, size_t most)
{
    struct acceptor *acceptor = calloc(1, sizeof *acceptor);
    if (!acceptor)
        return NULL;
    acceptor->listening = listening;
    acceptor->hand = hand;
    acceptor->data = data;
    acceptor->connections = connections;
    acceptor->most = most;
    if (pthread_create(&acceptor->thread, NULL, run, acceptor) != 0) {
        free(acceptor);
        return NULL;
    }
    return acceptor;
}

void acceptor_close(struct acceptor *acceptor)
{
    atomic_store(&acceptor->closing, true);
    while (!atomic_load(&acceptor->closed))
        pause_milliseconds(1);
}

void acceptor_stop(struct acceptor *acceptor)
{
    atomic_store(&acceptor->ending, true);
    pthread_join(acceptor->thread, NULL);
    if (acceptor->listening >= 0)
        close(acceptor->listening);
    free(acceptor);
}
