/* SPDX-License-Identifier: BSD-2-Clause */
/* A training process is killed at random points while it trains and writes checkpoints. After every
 * kill the checkpoint on disk loads, holds the very state that an uninterrupted training has after
 * that epoch, and the training resumed from it ends as the uninterrupted one does, bit by bit.
 *
 * DIFFMM_CRASH_KILLS is how many kills there are (50). */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

#include "files/safetensors.h"
#include "support/failure.h"
#include "support/folder.h"
#include "trainee.h"

/* What a training has in its checkpoint. */
struct snapshot {
    void *data;
    size_t size;
};

static struct snapshot whole[TRAINEE_EPOCHS + 1]; /* of the uninterrupted training, by epoch */
static double write_seconds, epoch_seconds;       /* how long its parts took, to aim by */
static struct folder folder;
static char path[128], scratch[128];
static int pipe_ends[2];

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static struct snapshot take(const diffmm_trainer *trainer)
{
    struct snapshot s;
    expect_success(diffmm_trainer_checkpoint_memory(trainer, NULL, 0, &s.size));
    s.data = malloc(s.size);
    expect_success(diffmm_trainer_checkpoint_memory(trainer, s.data, s.size, &s.size));
    return s;
}

static struct diffmm__safetensors *open_snapshot(diffmm_context *context, const struct snapshot *s)
{
    struct diffmm__safetensors *file;
    expect_success(diffmm__safetensors_open_source(
        context, &(struct diffmm__source){.data = s->data, .size = s->size}, &file));
    return file;
}

/* Every tensor, and all metadata but how long the epoch took. */
static void expect_same(const struct snapshot *a, const struct snapshot *b)
{
    static const char *const keys[] = {"format", "version",    "users",   "items",
                                       "d",      "modalities", "options", "evaluated",
                                       "last",   "best",       "data"};
    diffmm_context *context;
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = 1}, &context));
    struct diffmm__safetensors *x = open_snapshot(context, a), *y = open_snapshot(context, b);
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        const char *p = diffmm__safetensors_metadata(x, keys[k]);
        const char *q = diffmm__safetensors_metadata(y, keys[k]);
        ck_assert_str_eq(p ? p : "", q ? q : "");
    }
    ck_assert_uint_eq(diffmm__safetensors_count(x), diffmm__safetensors_count(y));
    for (size_t i = 0; i < diffmm__safetensors_count(x); i++) {
        struct diffmm__tensor p, q;
        diffmm__safetensors_at(x, i, &p);
        expect_success(diffmm__safetensors_find(y, p.name, p.dtype, &q));
        ck_assert(p.rows == q.rows && p.columns == q.columns);
        size_t count = p.rows * (p.columns ? p.columns : 1);
        ck_assert_msg(memcmp(p.data, q.data, count * diffmm__dtype_size(p.dtype)) == 0,
                      "tensor '%s' differs", p.name);
    }
    diffmm__safetensors_close(x);
    diffmm__safetensors_close(y);
    diffmm_context_destroy(context);
}

/* The training as it is when nobody kills it. */
static void train_whole(void)
{
    diffmm_trainer *trainer;
    diffmm_report report = {.struct_size = sizeof report};
    expect_success(trainee_begin(path, &trainer));
    whole[0] = take(trainer);
    double start = now();
    for (size_t e = 1; e <= TRAINEE_EPOCHS; e++) {
        expect_success(diffmm_trainer_epoch(trainer, &report));
        whole[e] = take(trainer);
    }
    epoch_seconds = (now() - start) / TRAINEE_EPOCHS;
    start = now();
    for (size_t i = 0; i < 8; i++)
        expect_success(diffmm_trainer_checkpoint(trainer, scratch));
    write_seconds = (now() - start) / 8;
    ck_assert_int_ne(report.finished, 0);
    diffmm_trainer_destroy(trainer);
}

static void tell_writing(void)
{
    if (write(pipe_ends[1], "w", 1) != 1)
        _exit(3);
}

/* A process that trains from where the checkpoint stands. */
static pid_t start_training(void)
{
    ck_assert_int_eq(pipe(pipe_ends), 0);
    pid_t process = fork();
    ck_assert_int_ge(process, 0);
    if (process == 0) {
        diffmm_trainer *trainer;
        close(pipe_ends[0]);
        diffmm_status status = trainee_begin(path, &trainer);
        if (!status)
            status = trainee_run(trainer, path, tell_writing);
        if (status)
            fprintf(stderr, "trainee: %s\n", diffmm_error_message());
        _exit(status ? 2 : 0);
    }
    close(pipe_ends[1]);
    return process;
}

/* Sleep is coarser than what is to be hit. */
static void wait_for(double seconds)
{
    double end = now() + seconds;
    while (now() < end)
        ;
}

static double random_real(uint64_t *state)
{
    *state = *state * 6364136223846793005U + 1442695040888963407U;
    return (double)(*state >> 11) * 0x1p-53;
}

/* Let it live until a random moment: of the whole, or of the writing of one of the next
 * checkpoints.
 */
static void wait_random(uint64_t *state)
{
    double where = random_real(state), how_far = random_real(state);
    if (random_real(state) < 0.3) {
        wait_for(where * 3.0 * (epoch_seconds + write_seconds));
        return;
    }
    char byte;
    for (int left = 1 + (int)(where * 3.0); left > 0; left--)
        if (read(pipe_ends[0], &byte, 1) != 1)
            return; /* it has come to its end */
    wait_for(how_far * 1.2 * write_seconds);
}

/* Whether it was killed; otherwise it had done its work. */
static bool kill_training(pid_t process)
{
    int status;
    kill(process, SIGKILL);
    while (waitpid(process, &status, 0) < 0)
        ck_assert_int_eq(errno, EINTR);
    close(pipe_ends[0]);
    ck_assert_msg(WIFSIGNALED(status) || WEXITSTATUS(status) == 0,
                  "the training failed with exit status %d", WEXITSTATUS(status));
    return WIFSIGNALED(status);
}

/* Remove what a process killed while writing left beside the checkpoint. */
static size_t remove_leftovers(void)
{
    size_t count = 0;
    DIR *files = opendir(folder.path);
    ck_assert_ptr_nonnull(files);
    for (struct dirent *file; (file = readdir(files));) {
        char name[400];
        snprintf(name, sizeof name, "%s/%s", folder.path, file->d_name);
        if (strstr(file->d_name, ".tmp-")) {
            unlink(name);
            count++;
        }
    }
    closedir(files);
    return count;
}

/* Load, compare, and train to the end; the epoch it stood at. */
static size_t expect_sound(void)
{
    diffmm_trainer *trainer;
    diffmm_report report = {.struct_size = sizeof report};
    expect_success(trainee_begin(path, &trainer));
    expect_success(diffmm_trainer_report(trainer, &report));
    ck_assert_uint_le(report.epoch, TRAINEE_EPOCHS);
    struct snapshot s = take(trainer);
    expect_same(&whole[report.epoch], &s);
    free(s.data);
    expect_success(trainee_run(trainer, scratch, NULL));
    s = take(trainer);
    expect_same(&whole[TRAINEE_EPOCHS], &s);
    free(s.data);
    diffmm_trainer_destroy(trainer);
    return report.epoch;
}

START_TEST(killed_at_random)
{
    const char *given = getenv("DIFFMM_CRASH_KILLS");
    size_t wanted = given ? (size_t)strtoul(given, NULL, 10) : 50, killed = 0, writing = 0;
    size_t finished = 0, at[TRAINEE_EPOCHS + 1] = {0};
    uint64_t state = (uint64_t)time(NULL);
    folder = folder_begin();
    folder_file(&folder, "run.ckpt", path);
    folder_file(&folder, "scratch.ckpt", scratch);
    train_whole();
    printf("an epoch takes %.1f ms, writing a checkpoint of %zu bytes %.2f ms\n",
           1e3 * epoch_seconds, whole[TRAINEE_EPOCHS].size, 1e3 * write_seconds);
    while (killed < wanted) {
        pid_t process = start_training();
        wait_random(&state);
        bool was_killed = kill_training(process);
        killed += was_killed;
        finished += !was_killed;
        writing += remove_leftovers();
        size_t epoch = expect_sound();
        at[epoch] += was_killed;
        if (epoch == TRAINEE_EPOCHS)
            unlink(path); /* begin anew */
    }
    printf("%zu kills, %zu of them in the middle of a file; %zu trainings came to their end\n",
           killed, writing, finished);
    printf("resumed after epoch");
    for (size_t e = 0; e <= TRAINEE_EPOCHS; e++)
        printf(" %zu: %zu%s", e, at[e], e < TRAINEE_EPOCHS ? "," : " times\n");
    for (size_t e = 0; e <= TRAINEE_EPOCHS; e++)
        free(whole[e].data);
    folder_end(&folder);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {killed_at_random};
    return run_tests("crash/checkpoint", tests, sizeof tests / sizeof *tests) != 0;
}
