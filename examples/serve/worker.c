/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct worker {
    struct MHD_Daemon *daemon;
    struct connections *connections;
    void (*after)(void *data);
    void *data;
    int epoll;
    int handed[2];       /* a pipe of sockets; its end tells the thread to end */
    atomic_bool waiting; /* there may be some in the pipe */
    pthread_t thread;
};

static void add(struct worker *worker, int taken)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    if (getpeername(taken, (struct sockaddr *)&address, &size) != 0) {
        connections_forget(worker->connections, taken); /* the client is gone already */
        close(taken);
    } else if (MHD_add_connection(worker->daemon, taken, (struct sockaddr *)&address, size) !=
               MHD_YES) {
        connections_forget(worker->connections, taken); /* the library has closed it */
    }
}

/* Take what was handed over. False at the end. */
static bool take(struct worker *worker)
{
    int taken;
    ssize_t size;
    while ((size = read(worker->handed[0], &taken, sizeof taken)) == sizeof taken)
        add(worker, taken);
    return size != 0;
}

/* Wait until the library has something to do, or something is handed over. */
static void wait_for_work(struct worker *worker)
{
    struct pollfd sources[] = {{.fd = worker->epoll, .events = POLLIN},
                               {.fd = worker->handed[0], .events = POLLIN}};
    MHD_UNSIGNED_LONG_LONG left;
    int milliseconds = -1;
    if (MHD_get_timeout(worker->daemon, &left) == MHD_YES)
        milliseconds = left < INT_MAX ? (int)left : INT_MAX;
    if (milliseconds != 0 && poll(sources, 2, milliseconds) > 0 && sources[1].revents)
        atomic_store(&worker->waiting, true);
}

static void *run(void *argument)
{
    struct worker *worker = argument;
    do {
        wait_for_work(worker);
        if (atomic_exchange(&worker->waiting, false) && !take(worker))
            return NULL;
        worker->after(worker->data);
    } while (MHD_run(worker->daemon) == MHD_YES);
    return NULL;
}

struct worker *worker_start(struct MHD_Daemon *daemon, struct connections *connections,
                            void (*after)(void *data), void *data)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct worker *worker = info ? calloc(1, sizeof *worker) : NULL;
    if (!worker)
        return NULL;
    worker->daemon = daemon;
    worker->connections = connections;
    worker->after = after;
    worker->data = data;
    worker->epoll = info->epoll_fd;
    if (pipe2(worker->handed, O_CLOEXEC | O_NONBLOCK) != 0) {
        free(worker);
        return NULL;
    }
    if (pthread_create(&worker->thread, NULL, run, worker) != 0) {
        close(worker->handed[0]);
        close(worker->handed[1]);
        free(worker);
        return NULL;
    }
    return worker;
}

bool worker_hand(struct worker *worker, int socket)
{
    if (write(worker->handed[1], &socket, sizeof socket) != sizeof socket)
        return false;
    atomic_store(&worker->waiting, true);
    return true;
}

void worker_stop(struct worker *worker)
{
    close(worker->handed[1]);
    atomic_store(&worker->waiting, true);
    pthread_join(worker->thread, NULL);
    MHD_stop_daemon(worker->daemon);
    close(worker->handed[0]);
    free(worker);
}
