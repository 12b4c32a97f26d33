/* SPDX-License-Identifier: BSD-2-Clause */
/* What peers exchange in an epoch, phase by phase, and what their processes take: one process with one
 * thread and with as many threads as there are peers, against so many peers of one thread each. The
 * peers are processes of this machine, joined by pairs of sockets. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <diffmm/peers.h>

#include "common.h"
#include "data.h"
#include "settings.h"

enum { most_peers = 4, phases = 4, joining = phases, parts = phases + 1 };

static const char *const part_names[parts] = {"denoise", "generate", "recommend", "evaluate",
                                              "joining"};

/* How a training is run. */
struct run {
    const struct bench_shape *shape;
    const struct bench_settings *settings;
    size_t modalities, epochs, peers, threads;
    int sockets[most_peers][most_peers]; /* from whom, to whom */
};

struct traffic {
    size_t messages, sent, received; /* bytes */
    double seconds;                  /* within exchanges */
};

/* What a process tells of itself, of its last epoch. */
struct outcome {
    struct traffic traffic[parts];
    double seconds[phases];
    size_t peak, forecast;
};

/* A peer's end. */
struct end {
    const int *sockets;
    struct traffic since; /* the last step that progress told of */
    size_t part;          /* which that step belonged to */
    struct outcome *outcome;
};

static void add(struct traffic *sum, const struct traffic *more)
{
    sum->messages += more->messages;
    sum->sent += more->sent;
    sum->received += more->received;
    sum->seconds += more->seconds;
}

/* What was exchanged before a step of recommending or evaluating belongs to it; what was exchanged after
 * the last step of an earlier phase, to that phase. */
static int on_progress(const diffmm_progress *progress, void *data)
{
    struct end *end = data;
    size_t phase = (size_t)progress->phase,
           part = phase >= DIFFMM_PHASE_RECOMMEND ? phase : end->part;
    add(&end->outcome->traffic[part], &end->since);
    end->since = (struct traffic){0};
    end->part = phase;
    return 0;
}

/* What is left of one direction of an exchange. */
struct direction {
    int socket;
    char *data;
    size_t left;
};

/* Moves what can be moved now. */
static int move(struct direction *d, bool sends)
{
    ssize_t moved = sends ? send(d->socket, d->data, d->left, MSG_DONTWAIT | MSG_NOSIGNAL)
                          : recv(d->socket, d->data, d->left, MSG_DONTWAIT);
    if (moved < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (moved <= 0)
        return 1;
    d->data += moved;
    d->left -= (size_t)moved;
    return 0;
}

static int exchange(int32_t to, const void *send_data, size_t send_bytes, int32_t from,
                    void *receive, size_t receive_bytes, void *user_data)
{
    struct end *end = user_data;
    struct direction out = {to < 0 ? -1 : end->sockets[to], (char *)(uintptr_t)send_data,
                            send_bytes},
                     in = {from < 0 ? -1 : end->sockets[from], receive, receive_bytes};
    double begun = bench_now();
    int failed = 0;
    while (!failed && (out.left > 0 || in.left > 0)) {
        struct pollfd both[2] = {{out.left > 0 ? out.socket : -1, POLLOUT, 0},
                                 {in.left > 0 ? in.socket : -1, POLLIN, 0}};
        if (poll(both, 2, 60000) <= 0 && errno != EINTR)
            failed = 1;
        if (!failed && both[0].revents)
            failed = move(&out, true);
        if (!failed && both[1].revents)
            failed = move(&in, false);
    }
    end->since.messages += to >= 0;
    end->since.sent += send_bytes;
    end->since.received += receive_bytes;
    end->since.seconds += bench_now() - begun;
    return failed;
}

/* One process's training. */
static void train(const struct run *run, size_t rank, struct outcome *out)
{
    diffmm_context *context = bench_context(run->threads);
    diffmm_dataset *dataset = bench_data(context, run->shape, run->modalities);
    diffmm_options *options;
    diffmm_trainer *trainer;
    struct end end = {.sockets = run->sockets[rank], .part = joining, .outcome = out};
    const diffmm_peers peers = {.struct_size = sizeof peers,
                                .rank = (uint32_t)rank,
                                .size = (uint32_t)run->peers,
                                .exchange = exchange,
                                .user_data = &end};
    diffmm_report report = {.struct_size = sizeof report};
    diffmm_forecast forecast = {.struct_size = sizeof forecast};
    bench_check(diffmm_options_create(context, &options));
    bench_settings_apply(run->settings, run->shape->preset, options);
    bench_check(diffmm_dataset_seal(dataset));
    bench_check(diffmm_trainer_forecast_peer(dataset, options, rank, run->peers, &forecast));
    bench_check(diffmm_trainer_create(dataset, options, &trainer));
    bench_check(diffmm_trainer_on_progress(trainer, on_progress, &end));
    bench_check(diffmm_trainer_join(trainer, &peers));
    for (size_t epoch = 0; epoch < run->epochs; epoch++) {
        if (epoch > 0)
            memset(out->traffic, 0, joining * sizeof *out->traffic);
        bench_check(diffmm_trainer_epoch(trainer, &report));
    }
    const double seconds[phases] = {report.seconds.denoise, report.seconds.generate,
                                    report.seconds.recommend, report.seconds.evaluate};
    memcpy(out->seconds, seconds, sizeof seconds);
    out->peak = bench_peak_bytes();
    out->forecast = forecast.peak_bytes;
    diffmm_trainer_destroy(trainer);
    diffmm_options_destroy(options);
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
}

static void connect_peers(struct run *run)
{
    for (size_t a = 0; a < run->peers; a++)
        for (size_t b = 0; b < a; b++) {
            int pair[2];
            if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
                bench_fail("no pair of sockets: %s", strerror(errno));
            run->sockets[a][b] = pair[0];
            run->sockets[b][a] = pair[1];
        }
}

/* Trains in so many processes; what each of them tells, in memory that they share. */
static void train_together(struct run *run, struct outcome *outcomes)
{
    pid_t children[most_peers];
    connect_peers(run);
    fflush(stdout);
    for (size_t rank = 0; rank < run->peers; rank++) {
        children[rank] = fork();
        if (children[rank] < 0)
            bench_fail("there can be no further process");
        if (children[rank] == 0) {
            train(run, rank, &outcomes[rank]);
            exit(0);
        }
    }
    for (size_t rank = 0; rank < run->peers; rank++) {
        int status;
        if (waitpid(children[rank], &status, 0) != children[rank] || status != 0)
            bench_fail("peer %zu of %zu failed", rank, run->peers);
    }
    for (size_t a = 0; a < run->peers; a++)
        for (size_t b = 0; b < run->peers; b++)
            if (a != b)
                close(run->sockets[a][b]);
}

static double whole(const struct outcome *outcome)
{
    double sum = 0.0;
    for (size_t p = 0; p < phases; p++)
        sum += outcome->seconds[p];
    return sum;
}

/* The peer that takes most memory; what the first of them exchanged. */
static void print_run(const struct run *run, const struct outcome *outcomes)
{
    const struct outcome *largest = outcomes;
    for (size_t rank = 1; rank < run->peers; rank++)
        if (outcomes[rank].peak > largest->peak)
            largest = &outcomes[rank];
    printf("\n%zu x %zu threads: epoch %.2f s, %.0f MB of memory each, %.0f MB forecast\n",
           run->peers, run->threads, whole(&outcomes[0]), bench_megabytes(largest->peak),
           bench_megabytes(largest->forecast));
    for (size_t p = 0; p < parts && run->peers > 1; p++) {
        const struct traffic *t = &outcomes[0].traffic[p];
        printf(
            "  %-10s %8.2f s %8zu messages %9.1f MB sent %9.1f MB received %7.2f s in exchanges\n",
            part_names[p], p < phases ? outcomes[0].seconds[p] : 0.0, t->messages,
            bench_megabytes(t->sent), bench_megabytes(t->received), t->seconds);
    }
    for (size_t p = 0; p < phases && run->peers == 1; p++)
        printf("  %-10s %8.2f s\n", part_names[p], outcomes[0].seconds[p]);
}

int main(int argc, char **argv)
{
    static const size_t peers[] = {1, 1, 2, 4}, threads[] = {1, 2, 1, 1};
    bool quick = false, sports = false, users = false;
    size_t modalities = 3, epochs = 2;
    struct bench_settings settings;
    const struct bench_option options[] = {
        {"--quick", &quick, NULL, 0, 0, "a small shape: does the program work?"},
        {"--sports", &sports, NULL, 0, 0, "the shape of Sports, with two modalities"},
        {"--users", &users, NULL, 0, 0, "200,000 users, 5,000 items and two modalities"},
        {"--modalities", NULL, &modalities, 1, 3, "modalities (default 3)"},
        {"--epochs", NULL, &epochs, 1, 100, "epochs, of which the last is measured (default 2)"}};
    bench_settings_take(&argc, argv, &settings);
    bench_begin(argc, argv, options, sizeof options / sizeof *options);
    const struct bench_shape *shape = quick    ? &bench_quick
                                      : sports ? &bench_sports
                                      : users  ? &bench_users
                                               : &bench_tiktok;
    if (modalities > shape->modality_count)
        modalities = shape->modality_count;
    struct outcome *outcomes = mmap(NULL, most_peers * sizeof *outcomes, PROT_READ | PROT_WRITE,
                                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (outcomes == MAP_FAILED)
        bench_fail("no memory to share");
    double seconds[sizeof peers / sizeof *peers];
    printf("%s, %zu modalities, epoch %zu\n%s\n", shape->title, modalities, epochs,
           diffmm_build_info());
    bench_settings_describe(&settings, shape->preset);
    for (size_t i = 0; i < sizeof peers / sizeof *peers; i++) {
        struct run run = {.shape = shape,
                          .settings = &settings,
                          .modalities = modalities,
                          .epochs = epochs,
                          .peers = peers[i],
                          .threads = threads[i]};
        memset(outcomes, 0, most_peers * sizeof *outcomes);
        train_together(&run, outcomes);
        print_run(&run, outcomes);
        seconds[i] = whole(&outcomes[0]);
    }
    printf("\ntwo peers of one thread take %.2f times as long as one process of two threads\n",
           seconds[2] / seconds[1]);
    return 0;
}
