/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers that go wrong: a right result, or an error that names epoch, phase and quantity; never
 * NaN embeddings that pass for success. */
#include <stdlib.h>

#include "support/numeric.h"
#include "support/training.h"

enum { users = 30, items = 20, dimensions = 5 };

static float features[items * dimensions];

/* Two modalities, the second with its values times `scale`. */
static void begin(struct training *t, float scale, const char *const *list)
{
    static float scaled[items * dimensions];
    diffmm_context *context;
    diffmm_dataset *dataset;
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = 1}, &context));
    expect_success(diffmm_dataset_create(context, &dataset));
    for (int32_t u = 0; u < users; u++)
        for (int32_t i = u % 3; i < items; i += 3 + u % 2)
            expect_success(diffmm_dataset_add_interactions(
                dataset, i > 15 ? DIFFMM_VALID : DIFFMM_TRAIN, 1, &u, &i));
    for (size_t i = 0; i < items * dimensions; i++) {
        features[i] = sinf(3 * (float)i);
        scaled[i] = features[i] * scale;
    }
    expect_success(diffmm_dataset_reserve(dataset, users, items));
    expect_success(diffmm_dataset_add_modality_array(dataset, "image", items, dimensions, features,
                                                     dimensions));
    expect_success(
        diffmm_dataset_add_modality_array(dataset, "text", items, dimensions, scaled, dimensions));
    training_on(t, context, dataset, list);
}

/* Train; DIFFMM_OK with everything finite, or DIFFMM_ERROR_NUMERIC, explained. */
static diffmm_status train(struct training *t, size_t epochs)
{
    diffmm_report report = {.struct_size = sizeof report};
    for (size_t e = 0; e < epochs; e++) {
        diffmm_status status = diffmm_trainer_epoch(t->trainer, &report);
        if (status) {
            expect_failure(status, DIFFMM_ERROR_NUMERIC, "epoch");
            expect_explained();
            return status;
        }
        expect_finite(t->model);
        ck_assert(isfinite(report.loss.bpr) && isfinite(report.loss.contrastive));
        ck_assert(isfinite(report.loss.regularizer) && isfinite(report.loss.total));
        ck_assert(isfinite(report.denoiser_loss[0]) && isfinite(report.denoiser_loss[1]));
    }
    return DIFFMM_OK;
}

START_TEST(learning_rates_too_large)
{
    traps_off(); /* training diverges */
    static const char *const rates[] = {"1e3", "1e6", "1e9"};
    static const char *const others[][2] = {{"contrastive.anchor", "main"},
                                            {"projection", "linear"},
                                            {"hidden_sizes", "6,7"},
                                            {"norm", "true"},
                                            {"layers", "3"},
                                            {"sampling_noise", "true"}};
    for (size_t r = 0; r < 3; r++)
        for (size_t o = 0; o < sizeof others / sizeof *others; o++) {
            struct training t;
            begin(&t, 1,
                  (const char *const[]){"learning_rate", rates[r], "epochs", "9", others[o][0],
                                        others[o][1], NULL});
            train(&t, 6);
            training_end(&t);
            begin(&t, 1,
                  (const char *const[]){"denoiser_learning_rate", rates[r], "epochs", "9",
                                        others[o][0], others[o][1], NULL});
            train(&t, 6);
            training_end(&t);
        }
}
END_TEST

/* The fit of a training that diverges goes back to the best epoch before, if there was one. */
START_TEST(a_fit_that_diverges_keeps_the_best)
{
    traps_off(); /* training diverges */
    struct training t;
    begin(&t, 1, (const char *const[]){NULL});
    expect_success(diffmm_trainer_epoch(t.trainer, NULL));
    size_t size = final_size(t.model) * sizeof(float);
    float *best = malloc(size);
    memcpy(best, diffmm_model_user_embeddings(t.model), size);
    diffmm_parameter bias = {.struct_size = sizeof bias};
    const char *name = "denoiser.text.decoder.0.weight";
    expect_success(diffmm_model_parameter(t.model, name, &bias));
    float *values = malloc(bias.rows * bias.columns * sizeof *values);
    for (size_t i = 0; i < bias.rows * bias.columns; i++)
        values[i] = i % 2 ? 3e38F : -3e38F;
    expect_success(diffmm_model_set_parameter((diffmm_model *)(uintptr_t)t.model, name, bias.rows,
                                              bias.columns, values));
    diffmm_status status = diffmm_trainer_fit(t.trainer, NULL, NULL);
    expect_failure(status, DIFFMM_ERROR_NUMERIC, "epoch 2, denoise");
    expect_failure(status, DIFFMM_ERROR_NUMERIC, "'text'");
    ck_assert_mem_eq(best, diffmm_model_user_embeddings(t.model), size);
    free(values);
    free(best);
    training_end(&t);
}
END_TEST

/* Without MSI the scale of features does not matter to a leaky projection, whose rows are
 * normalised: what is learnt is the same, up to rounding; or an error. */
START_TEST(huge_features)
{
    traps_off(); /* what is made of the largest features is no float */
    static const char *const list[] = {"diffusion.enabled", "false", NULL};
    static const float scales[] = {1e9F, 1e18F, 1e30F, 1e37F};
    struct training standard, t;
    begin(&standard, 1, list);
    expect_success(train(&standard, 2));
    for (size_t s = 0; s < 4; s++) {
        begin(&t, scales[s], list);
        diffmm_status status = train(&t, 2);
        ck_assert(status == DIFFMM_OK || scales[s] > 1e17F);
        for (size_t i = 0; i < final_size(t.model) && !status; i++)
            ck_assert_msg(fabsf(diffmm_model_user_embeddings(t.model)[i] -
                                diffmm_model_user_embeddings(standard.model)[i]) < 0.01F,
                          "scale %g", (double)scales[s]);
        training_end(&t);
        begin(&t, scales[s], (const char *const[]){"projection", "linear", NULL});
        train(&t, 2); /* with MSI, which squares them */
        training_end(&t);
    }
    training_end(&standard);
}
END_TEST

START_TEST(tiny_and_missing_features)
{
    static const float scales[] = {0, 1e-30F, 1e-38F};
    static const char *const kinds[] = {"leaky", "linear"};
    for (size_t s = 0; s < 3; s++)
        for (size_t k = 0; k < 2; k++) {
            struct training t;
            begin(&t, scales[s], (const char *const[]){"projection", kinds[k], NULL});
            expect_success(train(&t, 3));
            training_end(&t);
        }
}
END_TEST

START_TEST(weights_too_large)
{
    static const char *const weights[][2] = {{"ssl_reg", "1e6"},        {"reg", "1e6"},
                                             {"e_loss", "1e6"},         {"ris_lambda", "1e6"},
                                             {"ris_adj_lambda", "1e6"}, {"temperature", "1e-8"},
                                             {"temperature", "1e6"},    {"keep_rate", "1e-6"}};
    for (size_t w = 0; w < sizeof weights / sizeof *weights; w++) {
        struct training t;
        begin(&t, 1,
              (const char *const[]){weights[w][0], weights[w][1], "contrastive.anchor", "main",
                                    NULL});
        train(&t, 3);
        training_end(&t);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {learning_rates_too_large, a_fit_that_diverges_keeps_the_best,
                                  huge_features, tiny_and_missing_features, weights_too_large};
    return run_tests("train/numeric", tests, sizeof tests / sizeof *tests) != 0;
}
