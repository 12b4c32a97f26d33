/* SPDX-License-Identifier: BSD-2-Clause */
#include <diffmm/options.h>

#include "support/own_options.h"

enum { setting_count = 17, preset_count = 5 };

static const char *const presets[preset_count] = {"tiktok", "baby", "sports", "tiktok-spectral",
                                                  "debian-spectral"};

/* The settings of each, by name. */
static const struct {
    const char *setting, *values[preset_count];
} expected[setting_count] = {
    {"reg", {"0.0001", "1e-5", "1e-6", "0.0001", "1e-5"}},
    {"ssl_reg", {"0.01", "0.1", "0.01", "0.01", "0.02"}},
    {"tau", {"0.5", "0.5", "0.1", "0.2", "0.2"}},
    {"ris_lambda", {"0.5", "0.5", "0.1", "0.5", "2"}},
    {"e_loss", {"0.1", "0.01", "0.5", "0.1", "0.01"}},
    {"keep_rate", {"0.5", "1", "1", "0.5", "0.5"}},
    {"projection", {"linear", "leaky", "linear", "linear", "leaky"}},
    {"contrastive.anchor", {"main", "modal", "modal", "main", "main"}},
    {"epochs", {"50", "50", "50", "20", "8"}},
    {"patience", {"0", "0", "0", "0", "0"}},
    {"average", {"0", "0", "0", "0.75", "0.23"}},
    {"noise_scale", {"0.1", "0.1", "0.1", "0.1", "0.001"}},
    {"denoiser.kind", {"full", "full", "full", "spectral", "spectral"}},
    {"denoiser.rows", {"plain", "plain", "plain", "normalized", "normalized"}},
    {"denoiser.linear", {"false", "false", "false", "true", "true"}},
    {"denoiser_learning_rate", {"0.001", "0.001", "0.001", "0", "0"}},
    {"diffusion.blend", {"0", "0", "0", "0.25", "0.5"}},
};

static void expect_preset(size_t preset)
{
    for (size_t i = 0; i < setting_count; i++)
        ck_assert_str_eq(get(expected[i].setting), expected[i].values[preset]);
}

START_TEST(each_preset_after_each_other)
{
    begin();
    for (size_t a = 0; a < preset_count; a++)
        for (size_t b = 0; b < preset_count; b++) {
            expect_success(diffmm_options_preset(options, presets[a]));
            expect_preset(a);
            expect_success(diffmm_options_preset(options, presets[b]));
            expect_preset(b);
        }
    end();
}
END_TEST

START_TEST(all_else_stays)
{
    begin();
    expect_success(diffmm_options_set(options, "seed", "77"));
    expect_success(diffmm_options_set(options, "batch", "8"));
    expect_success(diffmm_options_set(options, "modality.image.projection", "leaky"));
    expect_success(diffmm_options_preset(options, "tiktok"));
    ck_assert_str_eq(get("seed"), "77");
    ck_assert_str_eq(get("batch"), "8");
    ck_assert_str_eq(get("modality.image.projection"), "leaky");
    ck_assert_str_eq(get("modality.text.projection"), "linear");
    end();
}
END_TEST

START_TEST(values_are_in_canonical_form)
{
    begin();
    for (size_t i = 0; i < setting_count; i++) {
        expect_success(diffmm_options_preset(options, "debian-spectral"));
        char kept[64];
        strcpy(kept, get(expected[i].setting));
        expect_success(diffmm_options_set(options, expected[i].setting, kept));
        ck_assert_str_eq(get(expected[i].setting), kept);
    }
    end();
}
END_TEST

START_TEST(bad_arguments_change_nothing)
{
    begin();
    expect_success(diffmm_options_preset(options, "sports"));
    expect_failure(diffmm_options_preset(options, "Baby"), DIFFMM_ERROR_INVALID_ARGUMENT, "'Baby'");
    expect_failure(diffmm_options_preset(options, ""), DIFFMM_ERROR_INVALID_ARGUMENT, "tiktok");
    expect_failure(diffmm_options_preset(NULL, "baby"), DIFFMM_ERROR_INVALID_ARGUMENT, "options");
    expect_failure(diffmm_options_preset(options, NULL), DIFFMM_ERROR_INVALID_ARGUMENT, "preset");
    expect_preset(2);
    end();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {each_preset_after_each_other, all_else_stays,
                                  values_are_in_canonical_form, bad_arguments_change_nothing};
    return run_tests("presets", tests, sizeof tests / sizeof *tests) != 0;
}
