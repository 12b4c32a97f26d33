/* SPDX-License-Identifier: BSD-2-Clause */
/* Every handle of a call, destroyed by its host in the midst of that call: the call goes on, and
 * the handle ends with it. What was used after its release, the sanitisers see; what was not
 * released, the count of blocks. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "hosted.h"
#include "support/failure.h"

#define DESTROY(kind)                                                                              \
    static void destroy_##kind(struct fault_world *world)                                          \
    {                                                                                              \
        diffmm_##kind *handle = world->kind;                                                       \
        world->kind = NULL;                                                                        \
        diffmm_##kind##_destroy(handle);                                                           \
    }

DESTROY(context)
DESTROY(dataset)
DESTROY(options)
DESTROY(graph)
DESTROY(schedule)
DESTROY(model)
DESTROY(trainer)
DESTROY(scorer)
DESTROY(placer)

static void destroy_module(struct fault_world *world)
{
    diffmm_diffusion *module = world->module;
    world->module = NULL;
    diffmm_diffusion_destroy(module);
}

static void destroy_all(struct fault_world *world)
{
    destroy_context(world);
    destroy_dataset(world);
    destroy_options(world);
    destroy_graph(world);
    destroy_schedule(world);
    destroy_model(world);
    destroy_trainer(world);
    destroy_scorer(world);
    destroy_placer(world);
    destroy_module(world);
}

/* The trainer's model is the trainer's: destroying it does nothing. */
static void destroy_lent_model(struct fault_world *world)
{
    diffmm_model_destroy(diffmm_trainer_model(world->trainer));
}

static size_t attempts;

/* Calls of several functions end with the first that finds no handle; training stops. */
static void check(struct hosted *hosted)
{
    if (hosted->status && hosted->status != DIFFMM_ERROR_INVALID_ARGUMENT &&
        hosted->status != DIFFMM_CANCELLED)
        ck_abort_msg("%s, moment %zu: %s", hosted->one->name, hosted->n, diffmm_error_message());
}

struct deed {
    size_t handle; /* where in the world */
    hosted_act act;
};

#define DEED(kind)                                                                                 \
    {                                                                                              \
        offsetof(struct fault_world, kind), destroy_##kind                                         \
    }

static const struct deed deeds[] = {DEED(context),
                                    DEED(dataset),
                                    DEED(options),
                                    DEED(graph),
                                    DEED(schedule),
                                    DEED(model),
                                    DEED(trainer),
                                    DEED(scorer),
                                    DEED(placer),
                                    DEED(module),
                                    {offsetof(struct fault_world, trainer), destroy_lent_model},
                                    {offsetof(struct fault_world, context), destroy_all}};

/* Whether the case has such a handle. */
static bool has(const struct fault_case *one, const char *folder, size_t handle)
{
    struct hosted hosted;
    void *pointer;
    hosted_begin(&hosted, one, folder);
    memcpy(&pointer, (const char *)&hosted.world + handle, sizeof pointer);
    hosted_call(&hosted, 0, NULL);
    hosted_end(&hosted);
    return pointer != NULL;
}

static void try_case(const struct fault_case *one, const char *folder)
{
    for (size_t d = 0; d < sizeof deeds / sizeof *deeds; d++)
        if (has(one, folder, deeds[d].handle))
            attempts += hosted_drive(one, folder, deeds[d].act, check);
}

START_TEST(every_handle_in_every_call)
{
    hosted_each(try_case);
    printf("%zu attempts\n", attempts);
    ck_assert_uint_gt(attempts, 4000);
}
END_TEST

static int told;

static int destroy_trainer_when_told(const diffmm_progress *progress, void *user_data)
{
    (void)progress;
    told++;
    diffmm_trainer_destroy(user_data);
    return 0;
}

/* What a trainer's host has lent it for its callbacks may end with the trainer. */
START_TEST(a_trainer_that_is_destroyed_stops)
{
    struct hosted hosted;
    hosted_begin(&hosted, fault_find("diffmm_trainer_fit"), "");
    diffmm_trainer *trainer = hosted.world.trainer;
    hosted.world.trainer = NULL;
    told = 0;
    expect_success(diffmm_trainer_on_progress(trainer, destroy_trainer_when_told, trainer));
    expect_failure(diffmm_trainer_fit(trainer, NULL, NULL), DIFFMM_CANCELLED, "cancelled");
    ck_assert_int_eq(told, 1);
    hosted_end(&hosted);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {every_handle_in_every_call, a_trainer_that_is_destroyed_stops};
    return run_tests("hosts/destroy", tests, sizeof tests / sizeof *tests) != 0;
}
