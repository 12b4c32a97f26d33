/* SPDX-License-Identifier: BSD-2-Clause */
/* Compiled by ages.sh against public structs without their last member (AGE -1), as they are (0),
 * and with a member of a later version (1). Every struct lies in a frame whose bytes the library
 * must neither read nor write. Prints what it comes to, which is the same at any age. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <diffmm/diffmm.h>

enum { FRAME = 64, KEPT = 0x5a5a };

/* A struct of a type in its frame. */
#define FRAMED(type, name)                                                                         \
    struct {                                                                                       \
        type it;                                                                                   \
        unsigned char after[FRAME];                                                                \
    } name;                                                                                        \
    memset(&name, 0xff, sizeof name);                                                              \
    memset(&name.it, 0, sizeof name.it);                                                           \
    name.it.struct_size = sizeof name.it

static void check(int line, bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "line %d: %s (%s)\n", line, what, diffmm_error_message());
    exit(1);
}

#define CHECK(condition) check(__LINE__, (condition) != 0, #condition)
#define DO(call) check(__LINE__, (call) == DIFFMM_OK, #call)

static bool frame_is_whole(const unsigned char after[FRAME])
{
    for (int i = 0; i < FRAME; i++)
        if (after[i] != 0xff)
            return false;
    return true;
}

/* A struct the library reads: a later member that is set is refused, as it has a meaning that is
 * not known; where it is 0 the call works. */
#if AGE > 0
#define REFUSED(framed, call)                                                                      \
    do {                                                                                           \
        framed.it.from_later = 1;                                                                  \
        CHECK((call) == DIFFMM_ERROR_INVALID_ARGUMENT);                                            \
        CHECK(strstr(diffmm_error_message(), "which this version of the library does not know"));  \
        framed.it.from_later = 0;                                                                  \
    } while (0)
#else
#define REFUSED(framed, call) (void)0
#endif

/* A struct the library fills, up to what both know. */
#if AGE > 0
#define PREPARE(framed) framed.it.from_later = KEPT
#define FILLED(framed)                                                                             \
    CHECK(framed.it.struct_size == sizeof framed.it && framed.it.from_later == KEPT &&             \
          frame_is_whole(framed.after))
#else
#define PREPARE(framed) (void)0
#define FILLED(framed)                                                                             \
    CHECK(framed.it.struct_size == sizeof framed.it && frame_is_whole(framed.after))
#endif

static diffmm_context *make_context(void)
{
    FRAMED(diffmm_context_settings, settings);
    diffmm_context *context;
    settings.it.threads = 2;
    REFUSED(settings, diffmm_context_create(&settings.it, &context));
    settings.it.reserved = 7;
    CHECK(diffmm_context_create(&settings.it, &context) == DIFFMM_ERROR_INVALID_ARGUMENT);
    settings.it.reserved = 0;
    DO(diffmm_context_create(&settings.it, &context));
    printf("%zu threads\n", diffmm_context_threads(context));
    return context;
}

static diffmm_dataset *make_dataset(diffmm_context *context)
{
    FRAMED(diffmm_synthetic, spec);
    diffmm_dataset *dataset;
    spec.it.users = 60;
    spec.it.items = 50;
    spec.it.modality_count = 1;
    REFUSED(spec, diffmm_dataset_synthesize(context, &spec.it, &dataset));
    DO(diffmm_dataset_synthesize(context, &spec.it, &dataset));
    DO(diffmm_dataset_seal(dataset));
    printf("%zu interactions\n", diffmm_dataset_interactions(dataset, DIFFMM_TRAIN));
    return dataset;
}

static diffmm_options *make_options(diffmm_context *context)
{
    FRAMED(diffmm_option_info, info);
    diffmm_options *options;
    PREPARE(info);
    DO(diffmm_option_describe(1, &info.it));
    FILLED(info);
    printf("%s = %s\n", info.it.name, info.it.default_value);
    DO(diffmm_options_create(context, &options));
    DO(diffmm_options_set(options, info.it.name, "8"));
    DO(diffmm_options_set(options, "hidden_sizes", "16"));
    return options;
}

static int on_progress(const diffmm_progress *progress, void *user_data)
{
    size_t *steps = user_data;
    CHECK(progress->struct_size >= sizeof(size_t) && progress->epoch == 1);
    ++*steps;
    return 0;
}

static diffmm_trainer *train(diffmm_dataset *dataset, const diffmm_options *options)
{
    FRAMED(diffmm_forecast, forecast);
    FRAMED(diffmm_report, report);
    diffmm_trainer *trainer;
    size_t steps = 0;
    PREPARE(forecast);
    PREPARE(report);
    DO(diffmm_trainer_forecast(dataset, options, &forecast.it));
    FILLED(forecast);
    DO(diffmm_trainer_create(dataset, options, &trainer));
    DO(diffmm_trainer_on_progress(trainer, on_progress, &steps));
    DO(diffmm_trainer_epoch(trainer, &report.it));
    FILLED(report);
    printf("forecast %zu bytes; epoch %zu in %zu steps: BPR %.17g, recall %.17g\n",
           forecast.it.peak_bytes, report.it.epoch, steps, report.it.loss.bpr,
           report.it.valid[0].recall);
    report.it.epoch = 0;
    DO(diffmm_trainer_report(trainer, &report.it));
    FILLED(report);
    CHECK(report.it.epoch == 1);
    return trainer;
}

static void read_parameters(const diffmm_model *model)
{
    FRAMED(diffmm_parameter, parameter);
    PREPARE(parameter);
    for (size_t i = 0; i < diffmm_model_parameters(model); i++) {
        DO(diffmm_model_parameter_at(model, i, &parameter.it));
        FILLED(parameter);
        printf("%s %zu x %zu\n", parameter.it.name, parameter.it.rows, parameter.it.columns);
    }
}

/* A struct that is read and filled. */
static void explain(const diffmm_scorer *scorer)
{
    FRAMED(diffmm_explanation, explanation);
    float image;
    explanation.it.modalities = &image;
    REFUSED(explanation, diffmm_explain(scorer, 7, 0, NULL, 3, &explanation.it));
    DO(diffmm_explain(scorer, 7, 0, NULL, 3, &explanation.it));
    CHECK(explanation.it.struct_size == sizeof explanation.it && frame_is_whole(explanation.after));
    printf("score %.9g, of which %.9g image, %.9g collaborative; %zu items\n",
           (double)explanation.it.score, (double)image, (double)explanation.it.collaborative,
           explanation.it.item_count);
}

static void describe_file(diffmm_context *context, const diffmm_model *model)
{
    FRAMED(diffmm_file_info, info);
    size_t size;
    diffmm_file *file;
    DO(diffmm_model_save_memory(model, NULL, 0, &size));
    void *data = malloc(size);
    CHECK(data);
    DO(diffmm_model_save_memory(model, data, size, &size));
    DO(diffmm_file_open_memory(context, data, size, &file));
    free(data);
    PREPARE(info);
    DO(diffmm_file_describe(file, &info.it));
    FILLED(info);
    printf("file of kind %d, %zu x %zu, epoch %zu, recall %.17g\n", (int)info.it.kind,
           info.it.users, info.it.items, info.it.chosen_epoch, info.it.valid[0].recall);
    diffmm_file_destroy(file);
}

static void rank(const diffmm_model *model)
{
    FRAMED(diffmm_query, query);
    diffmm_scorer *scorer;
    diffmm_hit hits[5];
    size_t found;
    int32_t exclude = 3;
    query.it.count = 5;
    query.it.exclude = &exclude;
    query.it.exclude_count = 1;
    DO(diffmm_scorer_create(model, &scorer));
    REFUSED(query, diffmm_recommend(scorer, 7, &query.it, hits, &found));
    query.it.reserved = 1;
    CHECK(diffmm_recommend(scorer, 7, &query.it, hits, &found) == DIFFMM_ERROR_INVALID_ARGUMENT);
    query.it.reserved = 0;
    DO(diffmm_recommend(scorer, 7, &query.it, hits, &found));
    CHECK(found == 5 && frame_is_whole(query.after));
    for (size_t i = 0; i < found; i++)
        printf("item %d %.9g\n", (int)hits[i].item, (double)hits[i].score);
    explain(scorer);
    diffmm_scorer_destroy(scorer);
}

static void plain_functions(void)
{
    FRAMED(diffmm_denoiser_shape, shape);
    FRAMED(diffmm_adam, adam);
    const size_t hidden[] = {4};
    float x[] = {1, 2}, m[2] = {0}, v[2] = {0};
    const float gradient[] = {0.5F, -1};
    shape.it.items = 6;
    shape.it.time_size = 2;
    shape.it.hidden_count = 1;
    shape.it.hidden_sizes = hidden;
    float parameters[500];
    CHECK(diffmm_denoiser_size(&shape.it) <= 500);
    REFUSED(shape, diffmm_denoiser_initialize(&shape.it, 1, parameters));
    DO(diffmm_denoiser_initialize(&shape.it, 1, parameters));
    adam.it.learning_rate = 0.1;
    REFUSED(adam, diffmm_adam_step(&adam.it, 1, 2, x, gradient, m, v));
    DO(diffmm_adam_step(&adam.it, 1, 2, x, gradient, m, v));
    printf("denoiser %zu %.9g; Adam %.9g %.9g\n", diffmm_denoiser_size(&shape.it),
           (double)parameters[0], (double)x[0], (double)x[1]);
}

int main(void)
{
    diffmm_context *context = make_context();
    diffmm_dataset *dataset = make_dataset(context);
    diffmm_options *options = make_options(context);
    diffmm_trainer *trainer = train(dataset, options);
    read_parameters(diffmm_trainer_model(trainer));
    rank(diffmm_trainer_model(trainer));
    describe_file(context, diffmm_trainer_model(trainer));
    plain_functions();
    diffmm_trainer_destroy(trainer);
    diffmm_options_destroy(options);
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
    return 0;
}
