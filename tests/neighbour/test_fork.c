/* SPDX-License-Identifier: BSD-2-Clause */
/* A process that forks while no call is running can use the library, and the handles it has, in the
 * child: with the same bits as in the parent. */
#include <sys/wait.h>
#include <unistd.h>

#include "life.h"
#include "support/failure.h"
#include "support/folder.h"

/* What a host holds when it forks. */
struct host {
    diffmm_context *context;
    diffmm_dataset *data;
    diffmm_trainer *trainer;
    diffmm_scorer *scorer;
};

/* What parent and child both come to. */
struct outcome {
    double loss;
    diffmm_hit hits[LIFE_HITS];
    diffmm_hit trained[LIFE_HITS];
    struct life_result life;
};

static void host_begin(struct host *host)
{
    const diffmm_context_settings settings = {.struct_size = sizeof settings, .threads = 3};
    diffmm_options *options;
    expect_success(diffmm_context_create(&settings, &host->context));
    expect_success(diffmm_dataset_synthesize(host->context, NULL, &host->data));
    expect_success(diffmm_options_create(host->context, &options));
    expect_success(diffmm_options_set(options, "hidden_sizes", "32"));
    expect_success(diffmm_options_set(options, "embedding_size", "16"));
    expect_success(diffmm_trainer_create(host->data, options, &host->trainer));
    expect_success(diffmm_trainer_epoch(host->trainer, NULL)); /* its threads run now */
    expect_success(diffmm_scorer_create(diffmm_trainer_model(host->trainer), &host->scorer));
    diffmm_options_destroy(options);
}

static void host_end(struct host *host)
{
    diffmm_scorer_destroy(host->scorer);
    diffmm_trainer_destroy(host->trainer);
    diffmm_dataset_destroy(host->data);
    diffmm_context_destroy(host->context);
}

/* Serve, train on, and live another life from the beginning. */
static void go_on(struct host *host, struct outcome *out)
{
    diffmm_query query = {.struct_size = sizeof query, .count = LIFE_HITS};
    diffmm_report report = {.struct_size = sizeof report};
    diffmm_scorer *trained;
    size_t found;
    struct folder folder = folder_begin();
    memset(out, 0, sizeof *out);
    expect_success(diffmm_recommend(host->scorer, 11, &query, out->hits, &found));
    expect_success(diffmm_trainer_epoch(host->trainer, &report));
    out->loss = report.loss.total;
    expect_success(diffmm_scorer_create(diffmm_trainer_model(host->trainer), &trained));
    expect_success(diffmm_recommend(trained, 11, &query, out->trained, &found));
    diffmm_scorer_destroy(trained);
    live(host->context, folder.path, NULL, NULL, &out->life);
    folder_end(&folder);
}

/* The child's outcome comes through a pipe. */
static void in_a_child(struct host *host, struct outcome *out)
{
    int ends[2], status;
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        go_on(host, out);
        host_end(host);
        _exit(write(ends[1], out, sizeof *out) != (ssize_t)sizeof *out);
    }
    close(ends[1]);
    size_t got = 0;
    for (ssize_t now; got < sizeof *out; got += (size_t)now)
        if ((now = read(ends[0], (char *)out + got, sizeof *out - got)) <= 0)
            break;
    close(ends[0]);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
    ck_assert_uint_eq(got, sizeof *out);
}

START_TEST(the_child_goes_on_as_the_parent_would)
{
    struct host host;
    struct outcome first, second, parent;
    host_begin(&host);
    in_a_child(&host, &first);
    in_a_child(&host, &second); /* the first one has changed nothing here */
    go_on(&host, &parent);
    ck_assert_mem_eq(&first, &parent, sizeof parent);
    ck_assert_mem_eq(&second, &parent, sizeof parent);
    ck_assert(parent.loss > 0 && parent.life.loss > 0);
    host_end(&host);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {the_child_goes_on_as_the_parent_would};
    return run_tests("neighbour/fork", tests, sizeof tests / sizeof *tests) != 0;
}
