/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads that cannot be had: fewer compute, and the bits are the same. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "faults.h"
#include "linalg/blis.h"
#include "support/failure.h"
#include "system.h"

enum { threads = 4 };

/* Make a context, train in it, and hash the model. */
static void train(size_t count)
{
    struct fault_world world = {.folder = NULL};
    expect_success(
        diffmm_context_create(&(diffmm_context_settings){.threads = count}, &world.context));
    ck_assert_uint_eq(diffmm_context_threads(world.context), count);
    const diffmm_synthetic spec = {.struct_size = sizeof spec, .users = 700, .items = 500};
    expect_success(diffmm_dataset_synthesize(world.context, &spec, &world.dataset));
    fault_make_options(&world);
    expect_success(diffmm_options_set(world.options, "batch", "1000"));
    expect_success(diffmm_options_set(world.options, "hidden_sizes", "20"));
    expect_success(diffmm_trainer_create(world.dataset, world.options, &world.trainer));
    expect_success(diffmm_trainer_fit(world.trainer, NULL, NULL));
    fault_hash_model(diffmm_trainer_model(world.trainer));
    diffmm_trainer_destroy(world.trainer);
    diffmm_options_destroy(world.options);
    diffmm_dataset_destroy(world.dataset);
    diffmm_context_destroy(world.context);
}

static uint64_t bits(size_t count)
{
    fault_hash_begin();
    train(count);
    return fault_hash_end();
}

static uint64_t bits_without(size_t n, bool onwards, size_t count)
{
    struct fault_system *s = &fault_system;
    s->threads = s->threads_failed = 0;
    s->fail_thread = n;
    s->threads_onwards = onwards;
    uint64_t result = bits(count);
    s->fail_thread = 0;
    ck_assert_uint_ge(s->threads_failed, 1);
    return result;
}

/* Where BLIS multiplies, the first context of a process wants a thread to prepare it; without it, the next one does. */
START_TEST(any_thread_may_be_refused)
{
    struct fault_system *s = &fault_system;
    size_t prepare = diffmm__blis_knows_processor() ? 1 : 0;
    uint64_t alone = bits_without(1, true, threads);
    ck_assert_uint_eq(s->threads_failed,
                      prepare + 1); /* the first that computes is the last tried */
    s->threads = 0;
    ck_assert_uint_eq(bits(threads), alone);
    ck_assert_uint_eq(s->threads, prepare + threads - 1); /* all but the caller compute */
    for (int onwards = 0; onwards < 2; onwards++)
        for (size_t n = 1; n < threads; n++)
            ck_assert_uint_eq(bits_without(n, onwards, threads), alone);
    ck_assert_uint_eq(s->threads, threads - 1); /* what is prepared stays so */
    /* More threads want more prepared: refused that alone, all of them compute. */
    if (prepare) {
        ck_assert_uint_eq(bits_without(1, false, 2 * threads), alone);
        ck_assert_uint_eq(s->threads, 2 * threads);
    }
}
END_TEST

/* What is written through a pipe is written by a thread of its own: without it, nothing is. */
START_TEST(a_pipe_without_a_thread)
{
    diffmm_context *context;
    diffmm_dataset *dataset;
    diffmm_options *options;
    diffmm_model *model;
    int ends[2];
    char path[32];
    const diffmm_synthetic spec = {.struct_size = sizeof spec, .users = 20, .items = 10};
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = 1}, &context));
    expect_success(diffmm_dataset_synthesize(context, &spec, &dataset));
    expect_success(diffmm_options_create(context, &options));
    expect_success(diffmm_options_set(options, "embedding_size", "2"));
    expect_success(diffmm_options_set(options, "hidden_sizes", "2"));
    expect_success(diffmm_model_create(dataset, options, &model));
    ck_assert_int_eq(pipe(ends), 0);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[1]);
    fault_system = (struct fault_system){.fail_thread = 1};
    expect_failure(diffmm_model_save(model, path), DIFFMM_ERROR_IO, "Resource temporarily");
    ck_assert_ptr_nonnull(strstr(diffmm_error_message(), path));
    expect_success(diffmm_model_save(model, path));
    close(ends[0]);
    close(ends[1]);
    diffmm_model_destroy(model);
    diffmm_options_destroy(options);
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {any_thread_may_be_refused, a_pipe_without_a_thread};
    return run_tests("faults/threads", tests, sizeof tests / sizeof *tests) != 0;
}
