/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>

#include "model/fold_in_of_model.h"
#include "support/failing.h"
#include "support/failure.h"
#include "support/model_world.h"
#include "support/oracle_fold_in.h"

/* Everything against the oracle; `size` is that of a matrix of items. */
static void expect_fold_in_state(const struct model_world *world,
                                 const struct fold_in_oracle *frozen,
                                 const struct diffmm__fold_in_state *a)
{
    const struct oracle *o = &world->oracle;
    size_t size = o->items * o->d, users = o->users * o->d;
    double weights[ORACLE_MODALITIES];
    oracle_weights(o, weights);
    ck_assert(a->modality_count == o->modality_count && a->layers == o->layers);
    expect_close("ris_lambda", 1, &o->ris_lambda, &a->ris_lambda, 1e-6);
    expect_close("weights", o->modality_count, weights, a->weights, 2e-6);
    expect_close("users", users, o->user, a->users, 1e-6);
    expect_close("items", size, o->item, a->items, 1e-6);
    for (size_t m = 0; m < a->modality_count; m++) {
        ck_assert_str_eq(a->names[m], model_modality_names[m]);
        expect_close("content", size, o->modality[m].normalized, a->content[m], 2e-6);
    }
    for (size_t l = 0; l < a->layers; l++)
        expect_close("propagated", size, frozen->propagated[l] + users, a->propagated[l], 5e-6);
}

static void expect_mean(const struct model_world *world, const struct diffmm__fold_in_state *a)
{
    const struct oracle *o = &world->oracle;
    const int64_t *pointers = world->model->catalog->train.pointers;
    for (size_t j = 0; j < o->d; j++) {
        double sum = 0.0, count = 0.0;
        for (size_t u = 0; u < o->users; u++)
            if (pointers[u + 1] > pointers[u]) {
                sum += o->user[u * o->d + j];
                count++;
            }
        ck_assert(fabs((double)a->mean[j] - sum / count) <= 1e-6);
    }
}

static float *kept(const float *values, size_t count)
{
    float *copy = malloc(count * sizeof *copy);
    memcpy(copy, values, count * sizeof *copy);
    return copy;
}

START_TEST(that_of_a_model_is_what_its_forward_pass_computed)
{
    for (size_t layers = 0; layers <= 3; layers++) {
        struct model_world world;
        struct diffmm__fold_in_state *borrowed, *copy;
        model_world_begin(&(struct model_case){.layers = layers, .modalities = 1 + layers}, &world);
        expect_success(diffmm_model_forward(world.model));
        struct fold_in_oracle frozen = fold_in_oracle_begin(&world.oracle);
        expect_success(diffmm__fold_in_of_model(world.model, &borrowed));
        expect_fold_in_state(&world, &frozen, borrowed);
        expect_mean(&world, borrowed);
        expect_success(diffmm__fold_in_state_copy(world.context, borrowed, world.oracle.items,
                                                  world.oracle.d, &copy));
        ck_assert(!copy->users && !copy->items); /* the caller's to set */
        float *users = kept(borrowed->users, world.oracle.users * world.oracle.d),
              *items = kept(borrowed->items, world.oracle.items * world.oracle.d);
        copy->users = users;
        copy->items = items;
        diffmm__fold_in_state_destroy(borrowed);
        fold_in_oracle_end(&frozen);
        frozen = fold_in_oracle_begin(&world.oracle);
        diffmm_model_destroy(world.model); /* the copy borrows nothing else */
        world.model = NULL;
        expect_fold_in_state(&world, &frozen, copy);
        diffmm__fold_in_state_destroy(copy);
        free(users);
        free(items);
        fold_in_oracle_end(&frozen);
        model_world_end(&world);
    }
    diffmm__fold_in_state_destroy(NULL);
}
END_TEST

START_TEST(before_a_forward_pass_it_is_zero_as_final_is)
{
    struct model_world world;
    struct diffmm__fold_in_state *a;
    model_world_begin(&(struct model_case){.layers = 2}, &world);
    expect_success(diffmm__fold_in_of_model(world.model, &a));
    for (size_t i = 0; i < world.oracle.items * world.oracle.d; i++)
        ck_assert(a->content[0][i] == 0 && a->propagated[0][i] == 0 && a->propagated[1][i] == 0);
    diffmm__fold_in_state_destroy(a);
    model_world_end(&world);
}
END_TEST

struct copying {
    const struct model_world *world;
    diffmm_context *context;
    const struct diffmm__fold_in_state *from;
};

static diffmm_status copy(void *argument)
{
    const struct copying *copying = argument;
    const struct oracle *o = &copying->world->oracle;
    struct diffmm__fold_in_state *out = NULL;
    diffmm_status status =
        diffmm__fold_in_state_copy(copying->context, copying->from, o->items, o->d, &out);
    ck_assert((status == DIFFMM_OK) == (out != NULL));
    diffmm__fold_in_state_destroy(out);
    return status;
}

START_TEST(any_allocation_may_fail)
{
    struct failing failing = {0};
    struct model_world world;
    struct diffmm__fold_in_state *a;
    model_world_begin(&(struct model_case){.layers = 2}, &world);
    expect_success(diffmm__fold_in_of_model(world.model, &a));
    struct copying copying = {&world, failing_context(&failing, 1), a};
    ck_assert_uint_ge(fail_each_allocation(&failing, copy, &copying), 10);
    diffmm_context_destroy(copying.context);
    diffmm__fold_in_state_destroy(a);
    model_world_end(&world);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {that_of_a_model_is_what_its_forward_pass_computed,
                                  before_a_forward_pass_it_is_zero_as_final_is,
                                  any_allocation_may_fail};
    return run_tests("fold_in_state", tests, sizeof tests / sizeof *tests) != 0;
}
