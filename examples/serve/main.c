/* SPDX-License-Identifier: BSD-2-Clause */
/* diffmm_serve: recommendations over HTTP.
 *
 *     diffmm_serve --model model.safetensors --port 8080
 *     curl 'http://127.0.0.1:8080/recommend?user=7&count=5'
 *
 * An example of a service around one scorer that all threads share. Each request holds a reference
 * to it; a reload swaps in a new model, and the old one is destroyed after its last request
 * (model.c). The service answers plain HTTP to anybody who can reach it, so it listens on loopback
 * unless told otherwise. */
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <diffmm/diffmm.h>

#include "arguments.h"
#include "clock.h"
#include "common/command_line.h"
#include "common/standard_files.h"
#include "http.h"
#include "model.h"
#include "socket.h"

const char program_name[] = "diffmm_serve";

enum {
    CHECK_SECONDS = 1, /* how often to check whether the model file has been replaced */
    LEAVE_SECONDS = 10 /* how long requests under way may take after the time of grace */
};

static int failed(const char *what, const char *reason)
{
    complain("%s: %s", what, reason);
    return EXIT_FAILED;
}

/* Serve until SIGINT or SIGTERM; reload on SIGHUP, or when the model file has been replaced. */
static void serve_until_signal(struct store *store, const sigset_t *signals)
{
    const struct timespec pause = {.tv_sec = CHECK_SECONDS};
    for (;;) {
        int signal_number = sigtimedwait(signals, NULL, &pause);
        if (signal_number == SIGINT || signal_number == SIGTERM)
            return;
        struct failure failure;
        if (signal_number == SIGHUP || store_outdated(store))
            store_reload(store, &failure);
    }
}

/* Wait while `on` holds. False if it takes longer than that, or SIGINT or SIGTERM comes (again). */
static bool wait_while(bool (*on)(struct http *), struct http *http, size_t seconds,
                       const sigset_t *signals)
{
    const struct timespec moment = {.tv_nsec = 10000000};
    int64_t end = clock_milliseconds() + (int64_t)seconds * 1000;
    while (on(http)) {
        int signal_number = sigtimedwait(signals, NULL, &moment);
        if (signal_number == SIGINT || signal_number == SIGTERM || clock_milliseconds() >= end)
            return false;
    }
    return true;
}

/* First, connections close after their answers, so that no client loses the request that it sends
 * next; /readyz tells balancers to send no more. Then no connections are taken, and requests under
 * way may finish. A second signal ends at once. */
static void leave(struct http *http, const struct serve_arguments *arguments,
                  const sigset_t *signals)
{
    int64_t end = clock_milliseconds() + (int64_t)arguments->grace_seconds * 1000;
    http_leave(http);
    if (wait_while(http_is_open, http, arguments->grace_seconds, signals) ||
        clock_milliseconds() >= end) {
        http_close(http);
        wait_while(http_is_busy, http, LEAVE_SECONDS, signals);
    }
    http_stop(http);
}

static int serve(const struct serve_arguments *arguments, struct store *store,
                 const struct guard *guard)
{
    /* Signals wait until this thread asks for them; threads that it starts inherit the mask. */
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);

    int socket = socket_listen(arguments->host, arguments->port);
    if (socket < 0)
        return EXIT_FAILED;
    struct http *http = http_start(socket, arguments, store, guard);
    if (!http) {
        close(socket);
        return failed("cannot serve", "no memory or no threads");
    }
    socket_announce(socket);
    serve_until_signal(store, &signals);
    leave(http, arguments, &signals);
    return EXIT_DONE;
}

int main(int argc, char **argv)
{
    struct serve_arguments arguments;
    struct store store;
    struct failure failure;
    struct guard guard;
    struct groups groups;
    standard_files_hold();
    if (!serve_arguments_read(argc, argv, &arguments))
        return point_to_help();
    if (arguments.help)
        return serve_arguments_help();
    if (arguments.version)
        return print_version();
    if (!guard_begin(&guard, arguments.reload_token_file, &failure) ||
        !groups_begin(&groups, arguments.groups, &failure) ||
        !store_begin(&store, arguments.model, arguments.placer, &failure))
        return failed("cannot serve", failure.reason);
    store.groups = &groups;
    int code = serve(&arguments, &store, &guard);
    store_end(&store);
    groups_end(&groups);
    return code;
}
