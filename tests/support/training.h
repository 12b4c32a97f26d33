/* SPDX-License-Identifier: BSD-2-Clause */
/* A trainer on a small made-up data set, and models compared bit by bit. */
#ifndef DIFFMM_TESTS_TRAINING_H
#define DIFFMM_TESTS_TRAINING_H

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include <diffmm/trainer.h>

#include "settings.h"

struct training {
    diffmm_context *context;
    diffmm_dataset *dataset;
    diffmm_options *options;
    diffmm_trainer *trainer;
    const diffmm_model *model; /* the trainer's */
};

/* Small sizes, before the test's own settings. */
static const char *const training_settings[] = {"embedding_size",
                                                "8",
                                                "hidden_sizes",
                                                "16",
                                                "time_embedding_size",
                                                "4",
                                                "batch",
                                                "64",
                                                "epochs",
                                                "3",
                                                "learning_rate",
                                                "0.01",
                                                "denoiser_learning_rate",
                                                "0.01",
                                                "seed",
                                                "5",
                                                NULL};

/* 70 users, 60 items, two modalities of 12 and 7 features. The last two users and the last item
 * have no interaction. */
static inline diffmm_dataset *training_data(diffmm_context *context)
{
    static const size_t dimensions[] = {12, 7};
    const diffmm_synthetic spec = {.struct_size = sizeof spec,
                                   .users = 68,
                                   .items = 59,
                                   .interactions = 900,
                                   .modality_count = 2,
                                   .seed = 3};
    diffmm_dataset *made, *dataset;
    expect_success(diffmm_dataset_synthesize(context, &spec, &made));
    expect_success(diffmm_dataset_seal(made));
    expect_success(diffmm_dataset_create(context, &dataset));
    expect_success(diffmm_dataset_reserve(dataset, 70, 60));
    for (int32_t u = 0; u < 68; u++)
        for (int split = DIFFMM_TRAIN; split <= DIFFMM_TEST; split++) {
            const int32_t *items;
            int32_t user[60];
            size_t count;
            expect_success(diffmm_dataset_row(made, (diffmm_split)split, u, &items, &count));
            for (size_t i = 0; i < count; i++)
                user[i] = u;
            expect_success(
                diffmm_dataset_add_interactions(dataset, (diffmm_split)split, count, user, items));
        }
    diffmm_dataset_destroy(made);
    static float features[2][60 * 12];
    for (size_t m = 0; m < 2; m++) {
        for (size_t i = 0; i < 60 * dimensions[m]; i++)
            features[m][i] = sinf((float)(m + 1) * (float)i) + 0.3F;
        expect_success(diffmm_dataset_add_modality_array(
            dataset, m ? "text" : "image", 60, dimensions[m], features[m], dimensions[m]));
    }
    return dataset;
}

/* On a data set of the caller's, which it takes over. */
static inline void training_on(struct training *t, diffmm_context *context, diffmm_dataset *dataset,
                               const char *const *list)
{
    t->context = context;
    t->dataset = dataset;
    t->options = settings(context, training_settings);
    set_all(t->options, list);
    expect_success(diffmm_trainer_create(t->dataset, t->options, &t->trainer));
    t->model = diffmm_trainer_model(t->trainer);
}

static inline void training_with(struct training *t, const diffmm_context_settings *how,
                                 const char *const *list)
{
    diffmm_context *context;
    expect_success(diffmm_context_create(how, &context));
    training_on(t, context, training_data(context), list);
}

/* One thread, and settings as for settings(). */
static inline void training_begin(struct training *t, const char *const *list)
{
    training_with(t, &(diffmm_context_settings){.threads = 1}, list);
}

static inline void training_end(struct training *t)
{
    diffmm_trainer_destroy(t->trainer);
    diffmm_options_destroy(t->options);
    diffmm_dataset_destroy(t->dataset);
    diffmm_context_destroy(t->context);
}

static inline size_t final_size(const diffmm_model *model)
{
    return (diffmm_model_users(model) + diffmm_model_items(model)) * diffmm_model_dimensions(model);
}

/* The name of the first array in which two models differ, or NULL: parameters, denoisers included,
 * and final embeddings. */
static inline const char *first_difference(const diffmm_model *a, const diffmm_model *b)
{
    if (diffmm_model_parameters(a) != diffmm_model_parameters(b))
        return "the number of parameters";
    for (size_t p = 0; p < diffmm_model_parameters(a); p++) {
        diffmm_parameter x = {.struct_size = sizeof x}, y = x;
        expect_success(diffmm_model_parameter_at(a, p, &x));
        expect_success(diffmm_model_parameter_at(b, p, &y));
        if (memcmp(x.values, y.values, x.rows * x.columns * sizeof(float)) != 0)
            return x.name;
    }
    return memcmp(diffmm_model_user_embeddings(a), diffmm_model_user_embeddings(b),
                  final_size(a) * sizeof(float)) == 0
               ? NULL
               : "the final embeddings";
}

static inline void expect_same_bits(const diffmm_model *a, const diffmm_model *b)
{
    const char *difference = first_difference(a, b);
    ck_assert_msg(difference == NULL, "%s", difference);
}

static inline void expect_finite(const diffmm_model *model)
{
    const float *final = diffmm_model_user_embeddings(model);
    size_t i = 0;
    while (i < final_size(model) && isfinite(final[i]))
        i++;
    ck_assert_uint_eq(i, final_size(model)); /* assertions are slow: one, not one a value */
}

#endif
