/* SPDX-License-Identifier: BSD-2-Clause */
/* The whole objective: its parts against the oracle, and the gradient of every single parameter
 * twice: against differences of the oracle, which are exact to many digits, and against
 * differences of the library's own value, which owe nothing to the oracle. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/failure.h"
#include "support/model_world.h"

static diffmm_losses evaluate(struct model_world *world)
{
    diffmm_losses losses = {0};
    expect_success(diffmm_model_objective(world->model, MODEL_COUNT, world->user, world->positive,
                                          world->negative, &losses));
    return losses;
}

static struct oracle_losses evaluate_slowly(struct model_world *world)
{
    return oracle_objective(&world->oracle, MODEL_COUNT, world->user, world->positive,
                            world->negative);
}

static double slow_total(void *argument)
{
    return evaluate_slowly(argument).total;
}

static void expect_number(const char *what, double expected, double got)
{
    ck_assert_msg(fabs(got - expected) <= 2e-6 * (1e-3 + fabs(expected)), "%s is %.9g, not %.9g",
                  what, got, expected);
}

/* Gradient of one entry of a parameter, from the library's own value. */
static double difference(struct model_world *world, float *place)
{
    const float kept = *place, step = 4e-3F;
    volatile float above = kept + step, below = kept - step;
    *place = above;
    double upper = evaluate(world).total;
    *place = below;
    double lower = evaluate(world).total;
    *place = kept;
    return (upper - lower) / ((double)above - (double)below);
}

/* The list of terms tells the same as the struct, and what the struct has no place for. */
static void expect_listed(const struct model_world *world, const struct oracle_losses *slow)
{
    const struct {
        const char *name;
        double weight, value;
    } terms[] = {
        {"bpr", 1.0, slow->bpr},
        {"contrastive", world->oracle.contrastive ? world->oracle.ssl_reg : 0.0, slow->contrastive},
        {"regularizer", world->oracle.reg, slow->regularizer},
        {"alignment", world->oracle.alignment, slow->alignment}};
    for (size_t i = 0; i < sizeof terms / sizeof *terms; i++) {
        diffmm_loss term;
        expect_success(diffmm_model_loss(world->model, terms[i].name, &term));
        ck_assert_str_eq(term.name, terms[i].name);
        ck_assert(term.weight == terms[i].weight);
        expect_number(term.name, terms[i].value, term.value);
    }
}

static void expect_gradients(const struct model_case *wanted, double least_contrast)
{
    struct model_world world;
    model_world_begin(wanted, &world);
    struct oracle_losses slow = evaluate_slowly(&world);
    diffmm_losses fast = evaluate(&world);
    ck_assert(slow.bpr > 0.05 && slow.contrastive >= least_contrast);
    expect_number("bpr", slow.bpr, fast.bpr);
    expect_number("contrastive", slow.contrastive, fast.contrastive);
    expect_number("regularizer", slow.regularizer, fast.regularizer);
    expect_number("total", slow.total, fast.total);
    expect_listed(&world, &slow);
    ck_assert((wanted->reg > 0) == (fast.regularizer > 0));

    for (size_t p = 0; p < world.model->parameter_count; p++) {
        struct diffmm__parameter *parameter = &world.model->parameters[p];
        size_t count = parameter->rows * parameter->columns;
        double *expected = oracle_zeros(count), *places = model_world_values(&world, p), most = 0;
        float *gradient = malloc(count * sizeof *gradient);
        evaluate(&world);
        memcpy(gradient, parameter->gradient, count * sizeof *gradient);
        for (size_t i = 0; i < count; i++) {
            expected[i] = oracle_derivative(&places[i], slow_total, &world);
            if (fabs(expected[i]) > most)
                most = fabs(expected[i]);
        }
        if (most < 1e-8) { /* a single modality's weight is always 1 */
            ck_assert(p == 2 && world.oracle.modality_count == 1);
            ck_assert(fabsf(gradient[0]) < 1e-6F);
        } else {
            expect_close(parameter->name, count, expected, gradient, 1e-5);
            for (size_t i = 0; i < count; i++)
                ck_assert_msg(fabs(difference(&world, &parameter->values[i]) -
                                   (double)gradient[i]) <= 4e-3 * most,
                              "%s[%zu]", parameter->name, i);
        }
        free(expected);
        free(gradient);
    }
    model_world_end(&world);
}

START_TEST(modal_anchor)
{
    expect_gradients(&(struct model_case){.layers = 1, .linear = 2}, 0.1);
    expect_gradients(&(struct model_case){.modalities = 3, .layers = 2, .linear = 1, .reg = 0.3},
                     0.1);
    expect_gradients(&(struct model_case){.modalities = 4, .fusion_ratio = 0.5, .linear = 10}, 0.1);
}
END_TEST

START_TEST(main_anchor)
{
    expect_gradients(
        &(struct model_case){.modalities = 1, .layers = 1, .main_anchor = true, .reg = 0.3}, 0.1);
    expect_gradients(&(struct model_case){.layers = 1, .linear = 2, .main_anchor = true}, 0.1);
    expect_gradients(&(struct model_case){.modalities = 3,
                                          .layers = 3,
                                          .linear = 5,
                                          .fusion_ratio = 0.5,
                                          .main_anchor = true,
                                          .whole_graphs = true},
                     0.1);
}
END_TEST

START_TEST(drawn_nodes)
{
    expect_gradients(&(struct model_case){.layers = 1, .linear = 2, .negatives = 3}, 0.1);
    expect_gradients(&(struct model_case){.modalities = 3,
                                          .layers = 1,
                                          .main_anchor = true,
                                          .reg = 0.3,
                                          .alignment = 0.2,
                                          .negatives = MODEL_NEGATIVES},
                     0.1);
}
END_TEST

/* Until a step is taken, the same nodes; then others, which follow from the number of steps. */
START_TEST(each_step_draws_anew)
{
    struct model_world world;
    model_world_begin(&(struct model_case){.main_anchor = true, .negatives = 2}, &world);
    diffmm_losses first = evaluate(&world), again = evaluate(&world);
    ck_assert(first.contrastive == again.contrastive);
    world.model->settings.learning_rate = 0.0; /* so that parameters stay */
    for (uint64_t step = 1; step <= 3; step++) {
        expect_success(diffmm_model_step(world.model));
        diffmm_losses next = evaluate(&world);
        model_world_draw(&world, step);
        expect_number("contrastive", evaluate_slowly(&world).contrastive, next.contrastive);
        ck_assert(next.contrastive != first.contrastive && next.bpr == first.bpr);
    }
    model_world_end(&world);
}
END_TEST

START_TEST(without_contrast)
{
    expect_gradients(
        &(struct model_case){.modalities = 3, .layers = 1, .linear = 4, .no_contrast = true}, 0);
    expect_gradients(&(struct model_case){.modalities = 1, .no_contrast = true, .reg = 0.3}, 0);
}
END_TEST

/* The first term that needs views, and one beside the contrastive loss. */
START_TEST(alignment)
{
    expect_gradients(
        &(struct model_case){.layers = 1, .linear = 2, .no_contrast = true, .alignment = 0.4}, 0);
    expect_gradients(&(struct model_case){.modalities = 3,
                                          .layers = 2,
                                          .main_anchor = true,
                                          .fusion_ratio = 0.5,
                                          .reg = 0.2,
                                          .alignment = 0.3},
                     0.1);
}
END_TEST

/* With one modality there is no pair of modal views: the loss is 0, and gradients are those
 * without it. */
START_TEST(one_modality_and_modal_anchor)
{
    struct model_world with, without;
    const struct model_case off = {.modalities = 1, .layers = 1, .no_contrast = true};
    struct model_case on = off;
    on.no_contrast = false;
    model_world_begin(&on, &with);
    model_world_begin(&off, &without);
    diffmm_losses a = evaluate(&with), b = evaluate(&without);
    ck_assert(a.contrastive == 0);
    ck_assert_mem_eq(&a, &b, sizeof a);
    for (size_t p = 0; p < with.model->parameter_count; p++) {
        const struct diffmm__parameter *x = &with.model->parameters[p];
        ck_assert_mem_eq(x->gradient, without.model->parameters[p].gradient,
                         x->rows * x->columns * sizeof(float));
    }
    model_world_end(&with);
    model_world_end(&without);
    expect_gradients(&on, 0);
}
END_TEST

/* Each call starts from nothing: what was computed before does not matter. */
START_TEST(repeats_are_the_same_bits)
{
    struct model_world world;
    model_world_begin(&(struct model_case){.layers = 1, .main_anchor = true, .reg = 0.1}, &world);
    diffmm_losses first = evaluate(&world), second;
    const struct diffmm__parameter *all = diffmm__user_embedding(world.model);
    size_t size = (world.oracle.users + world.oracle.items) * world.oracle.d;
    float *kept = malloc(size * sizeof *kept), *view = malloc(size * sizeof *view);
    memcpy(kept, all->gradient, size * sizeof *kept);
    expect_success(diffmm_model_view(world.model, model_modality_names[1], view));
    expect_success(
        diffmm_model_objective(world.model, 3, world.user, world.positive, world.negative, NULL));
    ck_assert(memcmp(kept, all->gradient, size * sizeof *kept) != 0);
    second = evaluate(&world);
    ck_assert_mem_eq(&first, &second, sizeof first);
    ck_assert_mem_eq(kept, all->gradient, size * sizeof *kept);
    free(kept);
    free(view);
    model_world_end(&world);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {modal_anchor,
                                  main_anchor,
                                  drawn_nodes,
                                  each_step_draws_anew,
                                  without_contrast,
                                  alignment,
                                  one_modality_and_modal_anchor,
                                  repeats_are_the_same_bits};
    return run_tests("model/objective", tests, sizeof tests / sizeof *tests) != 0;
}
