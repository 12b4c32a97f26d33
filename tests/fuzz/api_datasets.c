/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls on options and data sets. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "api.h"

enum { feature_rows = 16, feature_columns = 6, kinds = 5 };

/* Features of each kind of trouble; borrowed by data sets, so they last. */
static const float *features(size_t kind)
{
    static float values[kinds][feature_rows * feature_columns];
    static const float scale[kinds] = {1.0f, 0.0f, 1e30f, 3e38f, 1e-30f};
    for (size_t i = 0; i < feature_rows * feature_columns; i++)
        values[kind][i] = sinf(3.0f * (float)i) * scale[kind];
    return values[kind];
}

/* user_data is how the loader fails: not at all, by its result, by NaN. */
static int load(size_t first, size_t count, float *out, void *user_data)
{
    size_t how = *(const size_t *)user_data;
    for (size_t i = 0; i < count * 2; i++)
        out[i] = how == 2 ? NAN : (float)(first + i);
    return how == 1 ? 7 : 0;
}

static int look_up(size_t count, const char *const *ids, float *out, void *user_data)
{
    (void)user_data;
    for (size_t i = 0; i < count * 2; i++)
        out[i] = (float)ids[i / 2][0];
    return 0;
}

static diffmm_dataset *any(struct api *api)
{
    return api->datasets[api_below(api, api_places)];
}

static void replace(struct api *api, diffmm_dataset *dataset)
{
    size_t place = api_below(api, api_places);
    diffmm_dataset_destroy(api->datasets[place]);
    api->datasets[place] = dataset;
}

static void call_create(struct api *api)
{
    diffmm_dataset *made = NULL;
    if (!fuzz_status(diffmm_dataset_create(api_byte(api) < 250 ? api->context : NULL, &made)))
        replace(api, made);
}

/* A data set that can be trained on, so that later calls have something to work with. */
static void call_prepare(struct api *api)
{
    size_t users = 1 + api_below(api, 6), items = 1 + api_below(api, feature_rows),
           count = api_size(api, 0);
    static const char *const names[] = {"image", "text"};
    diffmm_dataset *made;
    if (fuzz_status(diffmm_dataset_create(api->context, &made)))
        return;
    for (size_t m = 0; m < 1 + api_below(api, 2); m++)
        fuzz_status(diffmm_dataset_add_modality_array(made, names[m], items, 1 + api_below(api, 4),
                                                      features(api_below(api, kinds)),
                                                      feature_columns));
    for (size_t i = 0; i < 3 + count; i++) {
        int32_t user = (int32_t)api_below(api, users), item = (int32_t)api_below(api, items);
        fuzz_status(diffmm_dataset_add_interactions(
            made, i > 4 ? (diffmm_split)(i % 3) : DIFFMM_TRAIN, 1, &user, &item));
    }
    fuzz_status(diffmm_dataset_reserve(made, users, items));
    replace(api, made);
}

static void call_add(struct api *api)
{
    size_t count = api_size(api, false);
    diffmm_split split = (diffmm_split)((int)api_below(api, 5) - 1);
    if (api_below(api, 3))
        fuzz_status(diffmm_dataset_add_interactions(
            any(api), split, count, api_numbers(api, count, 6), api_numbers(api, count, 6)));
    else
        fuzz_status(diffmm_dataset_add_named_interactions(
            any(api), split, count, api_names(api, count), api_names(api, count)));
}

/* Not counts that would take the time of millions of users. */
static void call_reserve(struct api *api)
{
    static const size_t counts[] = {0, 1, 5, 6, 9, 300, SIZE_MAX, (size_t)1 << 31};
    fuzz_status(
        diffmm_dataset_reserve(any(api), counts[api_below(api, 8)], counts[api_below(api, 8)]));
}

static void call_declare(struct api *api)
{
    size_t count = api_size(api, false);
    fuzz_status(diffmm_dataset_declare_items(any(api), count, api_names(api, count)));
}

static void call_modality(struct api *api)
{
    static size_t how[] = {0, 1, 2};
    const char *name = api_text(api);
    size_t rows = api_below(api, feature_rows + 1), columns = api_below(api, feature_columns + 1);
    size_t form = api_below(api, 4);
    if (form == 0)
        fuzz_status(diffmm_dataset_add_modality_by_id(any(api), name, 2, look_up, NULL));
    else if (form == 1)
        fuzz_status(diffmm_dataset_add_modality(any(api), name, 2, load,
                                                &how[api_byte(api) > 200 ? api_below(api, 3) : 0]));
    else
        fuzz_status(diffmm_dataset_add_modality_array(
            any(api), name, rows, columns, features(api_below(api, kinds)), feature_columns));
    fuzz_status(diffmm_dataset_add_modality_array(any(api), name, rows, SIZE_MAX, features(0),
                                                  feature_columns));
}

static void call_seal(struct api *api)
{
    diffmm_dataset *dataset = any(api);
    if (dataset)
        fuzz_visit_dataset(dataset);
    else
        fuzz_status(diffmm_dataset_seal(dataset));
}

static void call_ask(struct api *api)
{
    const diffmm_dataset *dataset = any(api);
    const char *id = api_text(api);
    int32_t number = api_number(api, 9);
    const int32_t *row;
    size_t count;
    fuzz_status(diffmm_dataset_find_user(dataset, id, &number));
    fuzz_status(diffmm_dataset_find_item(dataset, id, &number));
    fuzz_status(diffmm_dataset_row(dataset, (diffmm_split)api_below(api, 4), number, &row, &count));
    const char *texts[] = {diffmm_dataset_user_id(dataset, number),
                           diffmm_dataset_item_id(dataset, number),
                           diffmm_dataset_modality_name(dataset, api_size(api, true))};
    for (size_t i = 0; i < 3; i++)
        fuzz_check(!texts[i] || strlen(texts[i]) > 0, "a name is empty");
    fuzz_check(diffmm_dataset_modality_dimensions(dataset, SIZE_MAX) == 0, "there is no end");
    fuzz_check(diffmm_dataset_interactions(dataset, (diffmm_split)7) == 0, "there is no split");
}

static void call_evaluate(struct api *api)
{
    const diffmm_dataset *dataset = any(api);
    size_t d = api_below(api, 4), users = diffmm_dataset_users(dataset),
           items = diffmm_dataset_items(dataset);
    size_t cutoffs[2] = {api_size(api, true), api_size(api, true)};
    float *user_matrix = api_floats(api, users * d), *item_matrix = api_floats(api, items * d);
    diffmm_metrics out[2];
    size_t count = api_below(api, 3);
    if (fuzz_status(diffmm_evaluate(api->context, dataset, (diffmm_split)api_below(api, 4), d,
                                    user_matrix, item_matrix, count, cutoffs, out)))
        return;
    for (size_t c = 0; c < count; c++)
        fuzz_check(isfinite(out[c].recall) && isfinite(out[c].ndcg) && isfinite(out[c].precision),
                   "a metric is not finite");
}

static void call_synthesize(struct api *api)
{
    size_t dimensions[] = {1 + api_below(api, 4), 1 + api_below(api, 4), 2};
    const diffmm_synthetic spec = {.struct_size = sizeof spec,
                                   .users = 1 + api_size(api, false),
                                   .items = 1 + api_size(api, false),
                                   .interactions = api_size(api, false),
                                   .factors = 1 + api_below(api, 3),
                                   .modality_count = 1 + api_below(api, 3),
                                   .dimensions = dimensions,
                                   .seed = api_byte(api)};
    diffmm_dataset *made = NULL;
    if (!fuzz_status(diffmm_dataset_synthesize(api->context, &spec, &made)))
        replace(api, made);
}

/* A value within, at the end of, or out of a setting's range. */
static void value_of(struct api *api, const diffmm_option_info *info, char *text, size_t size)
{
    switch (api_below(api, 6)) {
    case 0: snprintf(text, size, "%g", info->minimum); break;
    case 1: snprintf(text, size, "%g", info->maximum); break;
    case 2: snprintf(text, size, "%g", api_real(api)); break;
    case 3: snprintf(text, size, "%s", info->default_value); break;
    case 4:
        snprintf(text, size, "%.*s", (int)strcspn(info->choices ? info->choices : "2,3", "|"),
                 info->choices ? info->choices : "2,3");
        break;
    default: snprintf(text, size, "%zu", api_size(api, true)); break;
    }
}

static void call_options(struct api *api)
{
    size_t place = api_below(api, api_places);
    if (!api->options[place] &&
        fuzz_status(diffmm_options_create(api->context, &api->options[place])))
        return;
    diffmm_options *options = api->options[place];
    diffmm_option_info info = {.struct_size = sizeof info};
    fuzz_check(diffmm_option_describe(api_below(api, diffmm_option_count()), &info) == DIFFMM_OK,
               "a setting is not described");
    const char *name = strchr(info.name, '*') ? "modality.image.projection" : info.name;
    char text[64];
    value_of(api, &info, text, sizeof text);
    fuzz_status(diffmm_options_set(options, name, text));
    const char *value;
    int64_t integer;
    double real;
    fuzz_check(diffmm_options_get(options, name, &value) == DIFFMM_OK, "a setting is not there");
    fuzz_status(diffmm_options_get_integer(options, name, &integer));
    fuzz_status(diffmm_options_get_real(options, name, &real));
    fuzz_status(diffmm_options_set_real(options, name, api_real(api)));
    if (api_byte(api) > 200)
        fuzz_status(diffmm_options_set(options, api_text(api), api_text(api)));
    if (api_byte(api) > 240)
        fuzz_status(diffmm_options_preset(options, api_text(api)));
}

/* Settings that lead to other ways of computing, or far along one. */
static void call_ways(struct api *api)
{
    static const char *const ways[][2] = {{"hidden_sizes", "1"},
                                          {"hidden_sizes", "2"},
                                          {"hidden_sizes", "3,2"},
                                          {"embedding_size", "1"},
                                          {"embedding_size", "17"},
                                          {"time_embedding_size", "2"},
                                          {"projection", "linear"},
                                          {"diffusion.enabled", "false"},
                                          {"diffusion.msi", "false"},
                                          {"contrastive.enabled", "false"},
                                          {"contrastive.anchor", "main"},
                                          {"temperature", "1e-8"},
                                          {"learning_rate", "1e6"},
                                          {"denoiser_learning_rate", "1e6"},
                                          {"norm", "true"},
                                          {"layers", "0"},
                                          {"layers", "3"},
                                          {"steps", "1"},
                                          {"sampling_steps", "2"},
                                          {"sampling_noise", "true"},
                                          {"fusion_ratio", "0.5"},
                                          {"keep_rate", "1"},
                                          {"rebuild_k", "3"},
                                          {"batch", "2"},
                                          {"dropout", "0"},
                                          {"e_loss", "1e6"},
                                          {"ssl_reg", "1e6"},
                                          {"reg", "1e6"},
                                          {"epochs", "2"},
                                          {"patience", "1"},
                                          {"cutoffs", "1,1000000"},
                                          {"select", "test"}};
    diffmm_options *options = api->options[api_below(api, api_places)];
    for (size_t i = 0; i < 4; i++) {
        const char *const *way = ways[api_below(api, sizeof ways / sizeof *ways)];
        diffmm_status status = fuzz_status(diffmm_options_set(options, way[0], way[1]));
        fuzz_check(status == DIFFMM_OK || !options, "a setting is refused");
    }
}

void api_call_datasets(struct api *api, size_t which)
{
    static void (*const calls[])(struct api *) = {
        call_create,  call_prepare, call_prepare,  call_prepare, call_add,        call_add,
        call_reserve, call_declare, call_modality, call_seal,    call_ask,        call_evaluate,
        call_ways,    call_options, call_ways,     call_ways,    call_synthesize, call_ways};
    calls[which % (sizeof calls / sizeof *calls)](api);
}
