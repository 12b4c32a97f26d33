/* SPDX-License-Identifier: BSD-2-Clause */
/* The authors' settings for each data set, and those with which spectral denoisers did best on
 * validation (doc/benchmarks.md). Every preset sets the same settings, some to their defaults where
 * it names no value. So applying one preset after another has the effect of the second alone. */
#include <string.h>

#include "base/handle.h"
#include "base/memory.h"
#include "base/status.h"
#include "options/option_table.h"
#include "options/options.h"

enum { preset_count = 5, setting_count = 17 };

static const char *const names[preset_count] = {"tiktok", "baby", "sports", "tiktok-spectral",
                                                "debian-spectral"};

/* A setting and its values, in the order of the names; NULL: the default. */
static const struct row {
    const char *setting;
    const char *values[preset_count];
} rows[setting_count] = {
    {"reg", {"0.0001", "1e-5", "1e-6", "0.0001", "1e-5"}},
    {"ssl_reg", {"0.01", "0.1", "0.01", "0.01", "0.02"}},
    {"temperature", {NULL, NULL, "0.1", "0.2", "0.2"}},
    {"ris_lambda", {NULL, NULL, "0.1", NULL, "2"}},
    {"e_loss", {"0.1", "0.01", "0.5", "0.1", "0.01"}},
    {"keep_rate", {"0.5", "1", "1", "0.5", "0.5"}},
    {"projection", {"linear", "leaky", "linear", "linear", "leaky"}},
    {"contrastive.anchor", {"main", "modal", "modal", "main", "main"}},
    {"epochs", {"50", "50", "50", "20", "8"}},
    {"patience", {"0", "0", "0", "0", "0"}},
    {"average", {NULL, NULL, NULL, "0.75", "0.23"}},
    {"noise_scale", {NULL, NULL, NULL, NULL, "0.001"}},
    {"denoiser.kind", {NULL, NULL, NULL, "spectral", "spectral"}},
    {"denoiser.rows", {NULL, NULL, NULL, "normalized", "normalized"}},
    {"denoiser.linear", {NULL, NULL, NULL, "true", "true"}},
    {"denoiser_learning_rate", {NULL, NULL, NULL, "0", "0"}},
    {"diffusion.blend", {NULL, NULL, NULL, "0.25", "0.5"}},
};

/* All copies are made before the first value changes, so that a failure changes none. */
static diffmm_status apply(diffmm_options *options, size_t preset)
{
    char *copies[setting_count] = {NULL};
    size_t index[setting_count];
    for (size_t i = 0; i < setting_count; i++) {
        struct diffmm__option_key key = {0};
        diffmm_status status = diffmm__option_find(rows[i].setting, &key);
        index[i] = key.index;
        const char *value = rows[i].values[preset];
        if (!status && !value)
            value = diffmm__option_at(key.index)->default_value;
        copies[i] = status ? NULL : diffmm__copy_text(options->context, value);
        if (copies[i])
            continue;
        for (size_t j = 0; j < i; j++)
            diffmm__release(options->context, copies[j]);
        return status ? status : DIFFMM_ERROR_NO_MEMORY;
    }
    for (size_t i = 0; i < setting_count; i++) {
        char *old = options->values[index[i]];
        options->values[index[i]] = copies[i];
        diffmm__release(options->context, old);
    }
    return DIFFMM_OK;
}

diffmm_status diffmm_options_preset(diffmm_options *options, const char *preset)
{
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, options, "options");
    if (status)
        return status;
    if (!preset)
        return diffmm__null("preset");
    for (size_t i = 0; i < preset_count; i++)
        if (strcmp(preset, names[i]) == 0)
            return apply(options, i);
    return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                        "no preset is called '%s'; there are tiktok, baby, sports, tiktok-spectral "
                        "and debian-spectral",
                        preset);
}
