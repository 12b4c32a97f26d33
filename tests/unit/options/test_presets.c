/* SPDX-License-Identifier: BSD-2-Clause */
#include <diffmm/options.h>

#include "support/own_options.h"

enum { setting_count = 10 };

/* The published settings, by name. */
static const struct {
    const char *setting, *tiktok, *baby, *sports;
} published[setting_count] = {
    {"reg", "0.0001", "1e-5", "1e-6"},
    {"ssl_reg", "0.01", "0.1", "0.01"},
    {"tau", "0.5", "0.5", "0.1"},
    {"ris_lambda", "0.5", "0.5", "0.1"},
    {"e_loss", "0.1", "0.01", "0.5"},
    {"keep_rate", "0.5", "1", "1"},
    {"projection", "linear", "leaky", "linear"},
    {"contrastive.anchor", "main", "modal", "modal"},
    {"epochs", "50", "50", "50"},
    {"patience", "0", "0", "0"},
};

static void expect_preset(const char *preset)
{
    for (size_t i = 0; i < setting_count; i++)
        ck_assert_str_eq(get(published[i].setting),
                         strcmp(preset, "tiktok") == 0 ? published[i].tiktok
                         : strcmp(preset, "baby") == 0 ? published[i].baby
                                                       : published[i].sports);
}

START_TEST(each_preset_after_each_other)
{
    static const char *const presets[] = {"tiktok", "baby", "sports"};
    begin();
    for (size_t a = 0; a < 3; a++)
        for (size_t b = 0; b < 3; b++) {
            expect_success(diffmm_options_preset(options, presets[a]));
            expect_preset(presets[a]);
            expect_success(diffmm_options_preset(options, presets[b]));
            expect_preset(presets[b]);
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
        expect_success(diffmm_options_preset(options, "baby"));
        char kept[64];
        strcpy(kept, get(published[i].setting));
        expect_success(diffmm_options_set(options, published[i].setting, kept));
        ck_assert_str_eq(get(published[i].setting), kept);
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
    expect_preset("sports");
    end();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {each_preset_after_each_other, all_else_stays,
                                  values_are_in_canonical_form, bad_arguments_change_nothing};
    return run_tests("presets", tests, sizeof tests / sizeof *tests) != 0;
}
