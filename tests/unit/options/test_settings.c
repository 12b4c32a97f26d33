/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>

#include "options/settings.h"
#include "support/own_options.h"

START_TEST(defaults_are_read_out)
{
    struct diffmm__settings s;
    begin();
    expect_success(diffmm__settings_read(options, &s));
    ck_assert(s.seed == 1 && s.embedding_size == 64 && s.layers == 1);
    ck_assert(s.ris_lambda == 0.5 && s.ris_adj_lambda == 0.2);
    ck_assert(s.projection == DIFFMM__PROJECTION_LEAKY);
    ck_assert(s.diffusion_enabled && s.msi && s.beta_fixed && !s.normalize && !s.sampling_noise);
    ck_assert(s.steps == 5 && s.noise_scale == 0.1 && s.noise_min == 1e-4 && s.noise_max == 0.02);
    ck_assert(s.hidden_count == 1 && s.hidden_sizes[0] == 1000 && s.time_size == 10);
    ck_assert(s.dropout == 0.5 && s.e_loss == 0.1 && s.denoiser_learning_rate == 1e-3);
    ck_assert(s.denoiser_passes == 1 && s.denoiser_warmup == 0 && s.generate_every == 1 &&
              !s.generate_scores && !s.generate_unseen);
    ck_assert(s.measure == DIFFMM__MEASURE_GRAPH && s.measure_users == 1024);
    ck_assert(s.evaluate_users == 0);
    ck_assert(s.sampling_steps == 0 && s.rebuild_k == 1 && s.keep_rate == 0.5);
    ck_assert(s.contrastive_enabled && s.anchor == DIFFMM_ANCHOR_MODAL);
    ck_assert(s.tau == 0.5 && s.ssl_reg == 0.01 && s.fusion_ratio == 0 && s.negatives == 0);
    ck_assert(s.epochs == 50 && s.batch == 1024 && s.patience == 10);
    ck_assert(s.learning_rate == 1e-3 && s.reg == 1e-5);
    ck_assert(s.weight_decay == 0 && s.learning_rate_decay == 1 && s.average == 0 &&
              s.denoiser_learning_rate_decay == 1);
    ck_assert(s.cutoff_count == 1 && s.cutoffs[0] == 20 && !s.select_by_test);
    end();
}
END_TEST

START_TEST(every_value_arrives_in_its_place)
{
    struct diffmm__settings s;
    static const char *const values[][2] = {
        {"seed", "9"},
        {"d", "16"},
        {"L", "3"},
        {"ris_lambda", "0.3"},
        {"ris_adj_lambda", "0.4"},
        {"projection", "linear"},
        {"diffusion.enabled", "off"},
        {"diffusion.msi", "off"},
        {"T", "7"},
        {"noise_scale", "0.2"},
        {"noise_min", "0.003"},
        {"noise_max", "0.03"},
        {"beta_fixed", "off"},
        {"norm", "on"},
        {"dims", "20,30,40"},
        {"e", "11"},
        {"dropout", "0.25"},
        {"e_loss", "0.6"},
        {"denoiser_learning_rate", "0.007"},
        {"sampling_steps", "6"},
        {"sampling_noise", "on"},
        {"rebuild_k", "4"},
        {"keep_rate", "0.75"},
        {"contrastive.enabled", "off"},
        {"contrastive.anchor", "main"},
        {"tau", "0.9"},
        {"ssl_reg", "0.8"},
        {"rho", "0.7"},
        {"epochs", "12"},
        {"batch", "13"},
        {"lr", "0.014"},
        {"reg", "0.015"},
        {"patience", "16"},
        {"K", "5,10"},
        {"select", "test"},
        {"denoiser.passes", "17"},
        {"denoiser.warmup", "18"},
        {"generate.every", "19"},
        {"weight_decay", "0.2"},
        {"learning_rate_decay", "0.21"},
        {"denoiser_learning_rate_decay", "0.23"},
        {"average", "0.22"},
        {"generate.weights", "scores"},
        {"measure", "full"},
        {"measure.users", "22"},
        {"generate.unseen", "yes"},
        {"contrastive.negatives", "23"},
        {"evaluate.users", "23"},
    };
    begin();
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        set(values[i][0], values[i][1]);
    expect_success(diffmm__settings_read(options, &s));
    ck_assert(s.seed == 9 && s.embedding_size == 16 && s.layers == 3);
    ck_assert(s.ris_lambda == 0.3 && s.ris_adj_lambda == 0.4);
    ck_assert(s.projection == DIFFMM__PROJECTION_LINEAR);
    ck_assert(!s.diffusion_enabled && !s.msi && !s.beta_fixed && s.normalize && s.sampling_noise);
    ck_assert(s.steps == 7 && s.noise_scale == 0.2 && s.noise_min == 0.003 && s.noise_max == 0.03);
    ck_assert(s.hidden_count == 3 && s.hidden_sizes[0] == 20 && s.hidden_sizes[1] == 30 &&
              s.hidden_sizes[2] == 40);
    ck_assert(s.time_size == 11 && s.dropout == 0.25 && s.e_loss == 0.6);
    ck_assert(s.denoiser_learning_rate == 0.007 && s.sampling_steps == 6);
    ck_assert(s.denoiser_passes == 17 && s.denoiser_warmup == 18 && s.generate_every == 19 &&
              s.generate_scores && s.generate_unseen);
    ck_assert(s.rebuild_k == 4 && s.keep_rate == 0.75);
    ck_assert(!s.contrastive_enabled && s.anchor == DIFFMM_ANCHOR_MAIN);
    ck_assert(s.tau == 0.9 && s.ssl_reg == 0.8 && s.fusion_ratio == 0.7 && s.negatives == 23);
    ck_assert(s.epochs == 12 && s.batch == 13 && s.denoiser_batch == 13 && s.patience == 16);
    ck_assert(s.learning_rate == 0.014 && s.reg == 0.015);
    ck_assert(s.weight_decay == 0.2 && s.learning_rate_decay == 0.21 && s.average == 0.22 &&
              s.denoiser_learning_rate_decay == 0.23);
    ck_assert(s.measure == DIFFMM__MEASURE_FULL && s.measure_users == 22);
    ck_assert(s.evaluate_users == 23);
    ck_assert(s.cutoff_count == 2 && s.cutoffs[0] == 5 && s.cutoffs[1] == 10 && s.select_by_test);
    end();
}
END_TEST

START_TEST(a_batch_fits_the_pairs)
{
    static const struct {
        const char *asked;
        size_t pairs, batch, denoiser_batch;
        double rate; /* times learning_rate */
    } cases[] = {
        {"auto", 500, 1024, 1024, 1.0},         {"0", 102499, 1024, 1024, 1.0},
        {"auto", 409699, 4096, 1024, 2.0},      {"auto", 10000000000, 100000000, 1024, 312.5},
        {"1024", 10000000000, 1024, 1024, 1.0}, {"7", 10000, 7, 7, 1.0},
    };
    begin();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct diffmm__settings s;
        set("batch", cases[i].asked);
        expect_success(diffmm__settings_read(options, &s));
        expect_success(diffmm__settings_fit(&s, cases[i].pairs));
        ck_assert_uint_eq(s.batch, cases[i].batch);
        ck_assert_uint_eq(s.denoiser_batch, cases[i].denoiser_batch);
        ck_assert_double_eq_tol(s.learning_rate, 1e-3 * cases[i].rate, 1e-12);
    }
    end();
}
END_TEST

START_TEST(a_fitted_learning_rate_keeps_the_decay_of_weights_below_one)
{
    struct diffmm__settings s;
    begin();
    set("batch", "auto");
    set("weight_decay", "600");
    expect_success(diffmm__settings_read(options, &s));
    expect_success(diffmm__settings_fit(&s, 102400));
    expect_success(diffmm__settings_read(options, &s));
    expect_failure(diffmm__settings_fit(&s, 409600), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "'learning_rate' times 'weight_decay' is 1.2, not below 1");
    end();
}
END_TEST

static void expect_refused(const char *part)
{
    struct diffmm__settings s = {.epochs = 123};
    expect_failure(diffmm__settings_read(options, &s), DIFFMM_ERROR_INVALID_ARGUMENT, part);
    ck_assert_uint_eq(s.epochs, 123);
}

START_TEST(settings_that_contradict_are_refused)
{
    struct diffmm__settings s;
    begin();
    set("sampling_steps", "6");
    expect_refused("'sampling_steps' is 6, above 'steps', which is 5");
    set("steps", "6");
    expect_success(diffmm__settings_read(options, &s));
    set("noise_min", "0.05");
    expect_refused("'noise_min' is 0.05, above 'noise_max', which is 0.02");
    set("noise_min", "0.02");
    expect_success(diffmm__settings_read(options, &s));
    set("noise_scale", "50");
    expect_refused("'noise_scale' times 'noise_max'");
    set("noise_scale", "1e-8");
    set("noise_min", "1e-8");
    expect_refused("'noise_scale' times 'noise_min'");
    set("noise_scale", "0.1");
    set("learning_rate", "0.01");
    set("weight_decay", "100");
    expect_refused("'learning_rate' times 'weight_decay' is 1, not below 1");
    set("weight_decay", "99");
    expect_success(diffmm__settings_read(options, &s));
    end();
}
END_TEST

START_TEST(projections_per_modality)
{
    static const char *const names[] = {"image", "text"};
    begin();
    ck_assert_int_eq(diffmm__settings_projection(options, "image"), DIFFMM__PROJECTION_LEAKY);
    set("modality.image.projection", "linear");
    ck_assert_int_eq(diffmm__settings_projection(options, "image"), DIFFMM__PROJECTION_LINEAR);
    ck_assert_int_eq(diffmm__settings_projection(options, "text"), DIFFMM__PROJECTION_LEAKY);
    expect_success(diffmm__settings_check_modalities(options, 2, names));
    set("modality.imge.projection", "linear");
    expect_failure(diffmm__settings_check_modalities(options, 2, names), DIFFMM_ERROR_NOT_FOUND,
                   "'imge', which does not exist; did you mean 'image'?");
    expect_failure(diffmm__settings_check_modalities(options, 0, NULL), DIFFMM_ERROR_NOT_FOUND,
                   "'image'");
    end();
}
END_TEST

START_TEST(projections_as_text)
{
    for (int i = 0; i < 2; i++) {
        enum diffmm__projection projection = (enum diffmm__projection)i, found = 1 - projection;
        ck_assert(diffmm__projection_find(diffmm__projection_text(projection), &found));
        ck_assert_int_eq(found, projection);
    }
    enum diffmm__projection kept = DIFFMM__PROJECTION_LINEAR;
    ck_assert(!diffmm__projection_find("leaking", &kept) && !diffmm__projection_find(NULL, &kept));
    ck_assert_int_eq(kept, DIFFMM__PROJECTION_LINEAR);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {defaults_are_read_out,
                                  every_value_arrives_in_its_place,
                                  settings_that_contradict_are_refused,
                                  a_batch_fits_the_pairs,
                                  a_fitted_learning_rate_keeps_the_decay_of_weights_below_one,
                                  projections_per_modality,
                                  projections_as_text};
    return run_tests("settings", tests, sizeof tests / sizeof *tests) != 0;
}
