/* SPDX-License-Identifier: BSD-2-Clause */
/* Training on several threads, and two trainers at the same time: the bits of one alone on one
 * thread. */
#include "support/together.h"
#include "support/training.h"

/* Large enough that every loop is cut into several tasks. */
static diffmm_dataset *data_of(diffmm_context *context)
{
    static const size_t dimensions[] = {40, 33};
    const diffmm_synthetic spec = {.struct_size = sizeof spec,
                                   .users = 200,
                                   .items = 180,
                                   .modality_count = 2,
                                   .dimensions = dimensions,
                                   .seed = 4};
    diffmm_dataset *dataset;
    expect_success(diffmm_dataset_synthesize(context, &spec, &dataset));
    expect_success(diffmm_dataset_seal(dataset));
    return dataset;
}

static diffmm_context *context_of(size_t threads)
{
    diffmm_context *context;
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = threads}, &context));
    return context;
}

/* What differs from side to side. */
static const char *const settings_of[2][9] = {
    {"epochs", "2", "batch", "512", "seed", "11", NULL},
    {"epochs", "2", "batch", "512", "seed", "12", "contrastive.anchor", "main", NULL}};

static struct training alone[2];

static void train_alone(void)
{
    for (size_t side = 0; side < 2; side++) {
        diffmm_context *context = context_of(1);
        training_on(&alone[side], context, data_of(context), settings_of[side]);
        expect_success(diffmm_trainer_fit(alone[side].trainer, NULL, NULL));
    }
    ck_assert_ptr_nonnull(first_difference(alone[0].model, alone[1].model));
}

static void end_alone(void)
{
    for (size_t side = 0; side < 2; side++)
        training_end(&alone[side]);
}

START_TEST(parallel_training)
{
    train_alone();
    for (size_t threads = 2; threads <= 4; threads *= 2) {
        struct training t;
        diffmm_context *context = context_of(threads);
        training_on(&t, context, data_of(context), settings_of[0]);
        expect_success(diffmm_trainer_fit(t.trainer, NULL, NULL));
        expect_same_bits(alone[0].model, t.model);
        training_end(&t);
    }
    end_alone();
}
END_TEST

/* A side makes its trainer, trains, saves, and is compared after all. */
struct side {
    diffmm_dataset *dataset;
    diffmm_options *options;
    diffmm_trainer *trainer;
};

static size_t train_side(void *argument, size_t thread)
{
    struct side *side = (struct side *)argument + thread;
    size_t size;
    return diffmm_trainer_create(side->dataset, side->options, &side->trainer) ||
           diffmm_trainer_fit(side->trainer, NULL, NULL) ||
           diffmm_trainer_checkpoint_memory(side->trainer, NULL, 0, &size);
}

static void train_both(diffmm_dataset *const datasets[2], diffmm_context *const contexts[2])
{
    struct side sides[2];
    for (size_t s = 0; s < 2; s++) {
        sides[s] = (struct side){.dataset = datasets[s],
                                 .options = settings(contexts[s], training_settings)};
        set_all(sides[s].options, settings_of[s]);
    }
    ck_assert_uint_eq(together(2, train_side, sides), 0);
    for (size_t s = 0; s < 2; s++) {
        expect_same_bits(alone[s].model, diffmm_trainer_model(sides[s].trainer));
        diffmm_trainer_destroy(sides[s].trainer);
        diffmm_options_destroy(sides[s].options);
    }
}

START_TEST(two_trainers_with_contexts_of_their_own)
{
    train_alone();
    diffmm_context *contexts[2] = {context_of(2), context_of(3)};
    diffmm_dataset *datasets[2] = {data_of(contexts[0]), data_of(contexts[1])};
    train_both(datasets, contexts);
    for (size_t s = 0; s < 2; s++) {
        diffmm_dataset_destroy(datasets[s]);
        diffmm_context_destroy(contexts[s]);
    }
    end_alone();
}
END_TEST

START_TEST(two_trainers_share_a_context)
{
    train_alone();
    diffmm_context *contexts[2];
    contexts[0] = contexts[1] = context_of(3);
    diffmm_dataset *datasets[2] = {data_of(contexts[0]), data_of(contexts[0])};
    train_both(datasets, contexts);
    diffmm_dataset_destroy(datasets[0]);
    diffmm_dataset_destroy(datasets[1]);
    diffmm_context_destroy(contexts[0]);
    end_alone();
}
END_TEST

START_TEST(two_trainers_share_a_sealed_data_set)
{
    train_alone();
    diffmm_context *contexts[2];
    contexts[0] = contexts[1] = context_of(2);
    diffmm_dataset *datasets[2];
    datasets[0] = datasets[1] = data_of(contexts[0]);
    train_both(datasets, contexts);
    diffmm_dataset_destroy(datasets[0]);
    diffmm_context_destroy(contexts[0]);
    end_alone();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {parallel_training, two_trainers_with_contexts_of_their_own,
                                  two_trainers_share_a_context,
                                  two_trainers_share_a_sealed_data_set};
    return run_tests("threads/training", tests, sizeof tests / sizeof *tests) != 0;
}
