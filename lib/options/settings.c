/* SPDX-License-Identifier: BSD-2-Clause */
#include "options/settings.h"

#include <math.h>
#include <string.h>

#include "base/numbers.h"
#include "base/status.h"
#include "base/text.h"
#include "options/options.h"

/* A step of the published settings; the least that one chosen by the library has. */
enum { usual_batch = 1024 };

/* Reads values by name. After the first failure it reads nothing more. */
struct reader {
    const diffmm_options *options;
    diffmm_status status;
};

static const char *text(struct reader *reader, const char *name)
{
    const char *value = "";
    if (!reader->status)
        reader->status = diffmm_options_get(reader->options, name, &value);
    return value;
}

static int64_t integer(struct reader *reader, const char *name)
{
    int64_t value = 0;
    if (!reader->status)
        reader->status = diffmm_options_get_integer(reader->options, name, &value);
    return value;
}

static size_t size(struct reader *reader, const char *name)
{
    return (size_t)integer(reader, name);
}

static bool flag(struct reader *reader, const char *name)
{
    return integer(reader, name) != 0;
}

static double real(struct reader *reader, const char *name)
{
    double value = 0;
    if (!reader->status)
        reader->status = diffmm_options_get_real(reader->options, name, &value);
    return value;
}

static bool is(struct reader *reader, const char *name, const char *choice)
{
    return strcmp(text(reader, name), choice) == 0;
}

static void read_model(struct reader *reader, struct diffmm__settings *out)
{
    out->seed = (uint64_t)integer(reader, "seed");
    out->embedding_size = size(reader, "embedding_size");
    out->layers = size(reader, "layers");
    out->ris_lambda = real(reader, "ris_lambda");
    out->ris_adj_lambda = real(reader, "ris_adj_lambda");
    diffmm__projection_find(text(reader, "projection"), &out->projection);
}

static void read_diffusion(struct reader *reader, struct diffmm__settings *out)
{
    out->diffusion_enabled = flag(reader, "diffusion.enabled");
    out->msi = flag(reader, "diffusion.msi");
    out->steps = size(reader, "steps");
    out->noise_scale = real(reader, "noise_scale");
    out->noise_min = real(reader, "noise_min");
    out->noise_max = real(reader, "noise_max");
    out->beta_fixed = flag(reader, "beta_fixed");
    out->normalize = flag(reader, "norm");
    out->hidden_count = diffmm__option_value_list(text(reader, "hidden_sizes"), out->hidden_sizes);
    out->time_size = size(reader, "time_embedding_size");
    out->dropout = real(reader, "dropout");
    out->e_loss = real(reader, "e_loss");
    out->denoiser_learning_rate = real(reader, "denoiser_learning_rate");
    out->denoiser_passes = size(reader, "denoiser.passes");
    out->denoiser_warmup = size(reader, "denoiser.warmup");
    out->sampling_steps = size(reader, "sampling_steps");
    out->sampling_noise = flag(reader, "sampling_noise");
    out->spectral = is(reader, "denoiser.kind", "spectral");
    out->denoiser_rank = size(reader, "denoiser.rank");
    out->rows_normalized = is(reader, "denoiser.rows", "normalized");
    out->dropped_only = is(reader, "denoiser.target", "dropped");
    out->denoiser_linear = flag(reader, "denoiser.linear");
    out->generate_exact = flag(reader, "generate.exact");
    out->blend = real(reader, "diffusion.blend");
    out->rebuild_k = size(reader, "rebuild_k");
    out->generate_every = size(reader, "generate.every");
    out->generate_unseen = flag(reader, "generate.unseen");
    out->generate_scores = is(reader, "generate.weights", "scores");
    out->keep_rate = real(reader, "keep_rate");
}

static void read_training(struct reader *reader, struct diffmm__settings *out)
{
    out->contrastive_enabled = flag(reader, "contrastive.enabled");
    out->anchor =
        is(reader, "contrastive.anchor", "main") ? DIFFMM_ANCHOR_MAIN : DIFFMM_ANCHOR_MODAL;
    out->negatives = size(reader, "contrastive.negatives");
    out->tau = real(reader, "temperature");
    out->ssl_reg = real(reader, "ssl_reg");
    out->fusion_ratio = real(reader, "fusion_ratio");
    out->epochs = size(reader, "epochs");
    out->batch = size(reader, "batch");
    out->denoiser_batch = out->batch > 0 ? out->batch : usual_batch;
    out->learning_rate = real(reader, "learning_rate");
    out->reg = real(reader, "reg");
    out->weight_decay = real(reader, "weight_decay");
    out->learning_rate_decay = real(reader, "learning_rate_decay");
    out->denoiser_learning_rate_decay = real(reader, "denoiser_learning_rate_decay");
    out->average = real(reader, "average");
    out->patience = size(reader, "patience");
    out->memory_limit = size(reader, "memory_limit");
    out->cutoff_count = diffmm__option_value_list(text(reader, "cutoffs"), out->cutoffs);
    out->select_by_test = is(reader, "select", "test");
    out->measure = is(reader, "measure", "off")    ? DIFFMM__MEASURE_OFF
                   : is(reader, "measure", "full") ? DIFFMM__MEASURE_FULL
                                                   : DIFFMM__MEASURE_GRAPH;
    out->measure_users = size(reader, "measure.users");
    out->peers_divide = flag(reader, "peers.divide");
    out->peers_batches = out->peers_divide || flag(reader, "peers.batches");
    out->evaluate_users = size(reader, "evaluate.users");
    out->seen_is_train = is(reader, "seen", "train");
}

/* Check that variances, from noise_scale * noise_min to noise_scale * noise_max, lie within (0,
 * 1). */
static diffmm_status check_noise(const struct diffmm__settings *settings)
{
    char a[DIFFMM__REAL_TEXT];
    double first = settings->noise_scale * settings->noise_min;
    double last = settings->noise_scale * settings->noise_max;
    if (settings->noise_min > settings->noise_max) {
        char b[DIFFMM__REAL_TEXT];
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "setting 'noise_min' is %s, above 'noise_max', which is %s",
                            diffmm__real_text(settings->noise_min, a),
                            diffmm__real_text(settings->noise_max, b));
    }
    if (last >= 1)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "'noise_scale' times 'noise_max' is %s, not below 1",
                            diffmm__real_text(last, a));
    if (first < 1e-12)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "'noise_scale' times 'noise_min' is %s, below 1e-12",
                            diffmm__real_text(first, a));
    return DIFFMM_OK;
}

/* A step must not turn the sign of what it makes smaller. */
static diffmm_status check_weight_decay(const struct diffmm__settings *settings)
{
    char shown[DIFFMM__REAL_TEXT];
    double share = settings->learning_rate * settings->weight_decay;
    return share < 1.0 ? DIFFMM_OK
                       : diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                                      "'learning_rate' times 'weight_decay' is %s, not below 1",
                                      diffmm__real_text(share, shown));
}

diffmm_status diffmm__settings_read(const diffmm_options *options, struct diffmm__settings *out)
{
    struct reader reader = {.options = options};
    struct diffmm__settings settings = {0};
    read_model(&reader, &settings);
    read_diffusion(&reader, &settings);
    read_training(&reader, &settings);
    if (reader.status)
        return reader.status;
    if (!settings.diffusion_enabled)
        settings.blend = 0.0; /* as all that is of the denoisers is without effect */
    if (settings.sampling_steps > settings.steps)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "setting 'sampling_steps' is %zu, above 'steps', which is %zu",
                            settings.sampling_steps, settings.steps);
    diffmm_status status = check_noise(&settings);
    if (!status)
        status = check_weight_decay(&settings);
    if (status)
        return status;
    *out = settings;
    return DIFFMM_OK;
}

diffmm_status diffmm__settings_fit(struct diffmm__settings *settings, size_t pairs)
{
    enum { steps_of_an_epoch = 100 };
    if (settings->batch > 0)
        return DIFFMM_OK;
    settings->batch =
        pairs / steps_of_an_epoch > usual_batch ? pairs / steps_of_an_epoch : usual_batch;
    settings->learning_rate *= sqrt((double)settings->batch / usual_batch);
    return check_weight_decay(settings);
}

/* The value of "modality.*.setting" for one modality; NULL where there is no such setting. */
static const char *of_modality(const diffmm_options *options, const char *setting,
                               const char *modality)
{
    struct diffmm__option_key key;
    if (diffmm__option_find(setting, &key))
        return NULL;
    memset(key.modality, 0, sizeof key.modality);
    strncpy(key.modality, modality, sizeof key.modality - 1);
    return diffmm__options_value(options, &key);
}

enum diffmm__projection diffmm__settings_projection(const diffmm_options *options,
                                                    const char *modality)
{
    enum diffmm__projection projection = DIFFMM__PROJECTION_LEAKY;
    diffmm__projection_find(of_modality(options, "modality.*.projection", modality), &projection);
    return projection;
}

static bool flag_of_modality(const diffmm_options *options, const char *setting,
                             const char *modality)
{
    const char *value = of_modality(options, setting, modality);
    return value && strcmp(value, "true") == 0;
}

struct diffmm__feature_settings diffmm__settings_features(const diffmm_options *options,
                                                          const char *modality)
{
    return (struct diffmm__feature_settings){
        .enabled = flag_of_modality(options, "modality.*.enabled", modality),
        .standardize = flag_of_modality(options, "modality.*.standardize", modality),
        .normalize = flag_of_modality(options, "modality.*.normalize", modality)};
}

const char *diffmm__projection_text(enum diffmm__projection projection)
{
    return projection == DIFFMM__PROJECTION_LINEAR ? "linear" : "leaky";
}

bool diffmm__projection_find(const char *text, enum diffmm__projection *out)
{
    if (!text || (strcmp(text, "leaky") != 0 && strcmp(text, "linear") != 0))
        return false;
    *out = strcmp(text, "linear") == 0 ? DIFFMM__PROJECTION_LINEAR : DIFFMM__PROJECTION_LEAKY;
    return true;
}

static diffmm_status no_modality(const char *modality, size_t count, const char *const *names)
{
    const char *closest = diffmm__text_closest(modality, count, names);
    if (closest)
        return diffmm__fail(DIFFMM_ERROR_NOT_FOUND,
                            "a setting is for modality '%s', which does not exist; did you "
                            "mean '%s'?",
                            modality, closest);
    return diffmm__fail(DIFFMM_ERROR_NOT_FOUND,
                        "a setting is for modality '%s', which does not exist", modality);
}

diffmm_status diffmm__settings_check_modalities(const diffmm_options *options, size_t count,
                                                const char *const *names)
{
    struct diffmm__index index = {.context = options->context};
    diffmm_status status = DIFFMM_OK;
    for (size_t i = 0; i < count && !status; i++)
        status = diffmm__index_add(&index, names[i], i);
    for (size_t i = 0, at; i < options->override_count && !status; i++) {
        const char *modality = options->overrides[i].key.modality;
        if (!diffmm__index_find(&index, modality, &at))
            status = no_modality(modality, count, names);
    }
    diffmm__index_end(&index);
    return status;
}
