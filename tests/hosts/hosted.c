/* SPDX-License-Identifier: BSD-2-Clause */
#include "hosted.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "faults/system.h"
#include "support/failure.h"
#include "support/folder.h"
#include "support/sanitizers.h"

enum { pattern = 0xa5 };

static struct {
    struct hosted *call; /* under way; NULL: none */
    pthread_t thread;
    bool inside; /* something is being done: what it calls is no moment */
    atomic_size_t live;
} host;

void hosted_moment(void)
{
    struct hosted *call = host.call;
    if (!call || host.inside || !pthread_equal(host.thread, pthread_self()))
        return;
    host.inside = true;
    call->moments++;
    if (call->always)
        call->always(&call->world);
    if (call->moments == call->n) {
        call->acted = true;
        call->act(&call->world);
    }
    host.inside = false;
}

static void *allocate(size_t size, void *user_data)
{
    (void)user_data;
    hosted_moment();
    void *block = malloc(size);
    ck_assert_ptr_nonnull(block);
    atomic_fetch_add(&host.live, 1);
    return block;
}

static void release(void *pointer, void *user_data)
{
    (void)user_data;
    atomic_fetch_sub(&host.live, 1);
    free(pointer);
    hosted_moment();
}

static void take_message(diffmm_log_level level, const char *message, void *user_data)
{
    (void)level;
    (void)message;
    (void)user_data;
    hosted_moment();
}

static size_t pool_size(void *user_data)
{
    (void)user_data;
    return 2;
}

static void pool_run(size_t count, diffmm_task task, void *argument, void *user_data)
{
    (void)user_data;
    hosted_moment();
    for (size_t i = 0; i < count; i++)
        task(argument, i);
    hosted_moment();
}

void hosted_begin(struct hosted *hosted, const struct fault_case *one, const char *folder)
{
    *hosted = (struct hosted){.one = one,
                              .world = {.settings = {.allocate = allocate,
                                                     .release = release,
                                                     .log = take_message,
                                                     .log_level = DIFFMM_LOG_DEBUG,
                                                     .pool_size = pool_size,
                                                     .pool_run = pool_run},
                                        .folder = folder}};
    host.live = 0;
    fault_system.watch = hosted_moment;
    expect_success(diffmm_context_create(&hosted->world.settings, &hosted->world.context));
    memset(&hosted->world.out, pattern, sizeof hosted->world.out);
    if (one->begin)
        one->begin(&hosted->world);
}

void hosted_call(struct hosted *hosted, size_t n, hosted_act act)
{
    hosted->moments = 0;
    hosted->n = n;
    hosted->act = act;
    hosted->acted = false;
    host.thread = pthread_self();
    host.inside = false;
    host.call = hosted;
    hosted->status = hosted->one->call(&hosted->world);
    host.call = NULL;
}

bool hosted_has_output(const struct hosted *hosted)
{
    const unsigned char *bytes = (const unsigned char *)&hosted->world.out;
    return bytes[0] != pattern || memcmp(bytes, bytes + 1, sizeof hosted->world.out - 1) != 0;
}

void hosted_end_output(struct hosted *hosted)
{
    host.call = NULL;
    if (!hosted_has_output(hosted))
        return;
    if (hosted->one->end)
        hosted->one->end(&hosted->world);
    memset(&hosted->world.out, pattern, sizeof hosted->world.out);
}

void hosted_end(struct hosted *hosted)
{
    struct fault_world *world = &hosted->world;
    host.call = NULL;
    if (!hosted_has_output(hosted)) /* only the folder is to be put right */
        memset(&world->out, 0, sizeof world->out);
    if (hosted->one->end)
        hosted->one->end(world);
    fault_release_inputs(world);
    diffmm_context_destroy(world->context);
    if (host.live)
        ck_abort_msg("%s, moment %zu of %zu: %zu blocks are left", hosted->one->name, hosted->n,
                     hosted->moments, (size_t)host.live);
}

size_t hosted_next(size_t n)
{
#ifdef TESTS_ADDRESS_SANITIZER /* fewer moments, which take longer */
    return n + 1 + n / 2;
#else
    return n + 1 + n / 6;
#endif
}

size_t hosted_drive(const struct fault_case *one, const char *folder, hosted_act act,
                    void (*check)(struct hosted *hosted))
{
    size_t attempts = 0;
    bool acted = true;
    for (size_t n = 1; acted; n = hosted_next(n)) {
        struct hosted hosted;
        hosted_begin(&hosted, one, folder);
        hosted_call(&hosted, n, act);
        acted = hosted.acted;
        attempts += acted;
        check(&hosted);
        hosted_end(&hosted);
    }
    return attempts;
}

void hosted_each(void (*function)(const struct fault_case *one, const char *folder))
{
    struct folder folder = folder_begin();
    fault_files_begin(folder.path);
    for (const struct fault_case *const *list = fault_lists; *list; list++)
        for (const struct fault_case *one = *list; one->name; one++)
            function(one, folder.path);
    for (const struct fault_case *one = hosted_callback_cases; one->name; one++)
        function(one, folder.path);
    folder_end(&folder);
}
