/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls on models, trainers and scorers. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api.h"

static size_t place(struct api *api)
{
    return api_below(api, api_places);
}

/* A model of its own or a trainer's. */
static diffmm_model *any_model(struct api *api)
{
    return api_below(api, 2) ? api->models[place(api)]
                             : diffmm_trainer_model(api->trainers[place(api)]);
}

static void check_embeddings(const diffmm_model *model)
{
    const float *values = diffmm_model_user_embeddings(model);
    size_t count =
        (diffmm_model_users(model) + diffmm_model_items(model)) * diffmm_model_dimensions(model);
    for (size_t i = 0; i < count; i++)
        fuzz_check(isfinite(values[i]), "an embedding is not finite");
}

static void call_model_create(struct api *api)
{
    diffmm_model *made = NULL;
    size_t where = place(api);
    if (fuzz_status(
            diffmm_model_create(api->datasets[place(api)], api->options[place(api)], &made)))
        return;
    diffmm_model_destroy(api->models[where]);
    api->models[where] = made;
}

static void call_forward(struct api *api)
{
    diffmm_model *model = any_model(api);
    if (!fuzz_status(diffmm_model_forward(model)))
        check_embeddings(model);
}

static void call_objective(struct api *api)
{
    diffmm_model *model = any_model(api);
    size_t count = api_size(api, false), items = diffmm_model_items(model);
    diffmm_losses losses;
    int32_t *user = api_numbers(api, count, diffmm_model_users(model));
    int32_t *positive = api_numbers(api, count, items), *negative = api_numbers(api, count, items);
    if (fuzz_status(diffmm_model_objective(model, count, user, positive, negative, &losses)))
        return;
    fuzz_check(isfinite(losses.total), "a loss is not finite");
    fuzz_check(diffmm_model_step(model) == DIFFMM_OK, "a step fails");
}

static void call_parameters(struct api *api)
{
    diffmm_model *model = any_model(api);
    diffmm_parameter parameter = {.struct_size = sizeof parameter};
    if (fuzz_status(diffmm_model_parameter_at(
            model, api_below(api, diffmm_model_parameters(model) + 1), &parameter)))
        return;
    size_t size = parameter.rows * parameter.columns;
    fuzz_check(diffmm_model_parameter(model, parameter.name, &parameter) == DIFFMM_OK,
               "a parameter is not found by its name");
    if (size < 4096)
        fuzz_status(diffmm_model_set_parameter(model, parameter.name, parameter.rows,
                                               parameter.columns, api_floats(api, size)));
    fuzz_status(diffmm_model_set_parameter(model, api_text(api), api_size(api, true),
                                           api_size(api, true), NULL));
}

static void call_model_graph(struct api *api)
{
    diffmm_model *model = any_model(api);
    const char *modality = api_text(api);
    if (modality)
        fuzz_status(diffmm_model_set_graph(model, modality, api->graphs[place(api)]));
    diffmm_graph_entries(diffmm_model_graph(model, modality));
    size_t size =
        (diffmm_model_users(model) + diffmm_model_items(model)) * diffmm_model_dimensions(model);
    if (size < 4096)
        fuzz_status(diffmm_model_view(model, modality, api_floats(api, size)));
    float weights[64];
    fuzz_status(diffmm_model_modality_weights(model, weights));
}

static void call_model_ask(struct api *api)
{
    const diffmm_model *model = any_model(api);
    size_t index = api_size(api, true);
    const char *name = diffmm_model_modality_name(model, index), *value;
    fuzz_check(!name == (index >= diffmm_model_modalities(model)), "a modality has no name");
    const diffmm_options *options = diffmm_model_options(model);
    if (options)
        fuzz_check(diffmm_options_get(options, "tau", &value) == DIFFMM_OK, "there is no setting");
    const float *items = diffmm_model_item_embeddings(model);
    fuzz_check(!items == !model, "a model has no embeddings");
}

static void call_trainer_create(struct api *api)
{
    diffmm_trainer *made = NULL;
    size_t where = place(api);
    diffmm_dataset *dataset = api->datasets[place(api)];
    diffmm_options *options = api->options[place(api)];
    diffmm_forecast forecast = {.struct_size = sizeof forecast};
    if (!fuzz_status(diffmm_trainer_forecast(dataset, options, &forecast)))
        fuzz_check(forecast.peak_bytes > 0 && forecast.straight_flops >= 0, "a forecast is none");
    if (fuzz_status(diffmm_trainer_create(dataset, options, &made)))
        return;
    diffmm_trainer_destroy(api->trainers[where]);
    api->trainers[where] = made;
}

static void call_epoch(struct api *api)
{
    diffmm_trainer *trainer = api->trainers[place(api)];
    diffmm_report report = {.struct_size = sizeof report};
    if (fuzz_status(diffmm_trainer_epoch(trainer, &report)))
        return;
    check_embeddings(diffmm_trainer_model(trainer));
    fuzz_check(isfinite(report.loss.total), "a loss is not finite");
    for (size_t m = 0; m < report.modality_count; m++)
        fuzz_check(isfinite(report.denoiser_loss[m]), "a denoiser's loss is not finite");
    for (size_t c = 0; c < report.cutoff_count; c++)
        fuzz_check(isfinite(report.valid[c].recall) && isfinite(report.test[c].ndcg),
                   "a metric is not finite");
}

/* Go on from a trainer's checkpoint, perhaps with other settings or on another data set. */
static void call_resume(struct api *api)
{
    const diffmm_trainer *trainer = api->trainers[place(api)];
    diffmm_trainer *made = NULL;
    diffmm_report report = {.struct_size = sizeof report};
    size_t where = place(api), size = 0;
    fuzz_status(diffmm_trainer_report(trainer, &report));
    if (fuzz_status(diffmm_trainer_checkpoint_memory(trainer, NULL, 0, &size)))
        return;
    uint8_t *data = malloc(size);
    fuzz_check(data && diffmm_trainer_checkpoint_memory(trainer, data, size, &size) == DIFFMM_OK,
               "a checkpoint is not written");
    const diffmm_options *options = api_below(api, 3) ? NULL : api->options[place(api)];
    diffmm_status status =
        diffmm_trainer_resume_memory(api->datasets[place(api)], data, size, options, &made);
    free(data);
    if (fuzz_status(status))
        return;
    diffmm_trainer_destroy(api->trainers[where]);
    api->trainers[where] = made;
}

static int stop_after_two(const diffmm_report *report, void *user_data)
{
    (void)user_data;
    return report->epoch >= 2;
}

static int stop_at(const diffmm_progress *progress, void *user_data)
{
    return progress->done > (size_t)(uintptr_t)user_data;
}

static void call_fit(struct api *api)
{
    diffmm_trainer *trainer = api->trainers[place(api)];
    if (!fuzz_status(diffmm_trainer_fit(trainer, stop_after_two, NULL)))
        check_embeddings(diffmm_trainer_model(trainer));
}

static void call_trainer_rest(struct api *api)
{
    diffmm_trainer *trainer = api->trainers[place(api)];
    size_t epoch;
    const diffmm_metrics *valid, *test;
    switch (api_below(api, 4)) {
    case 0:
        fuzz_status(diffmm_trainer_on_progress(trainer, api_below(api, 2) ? stop_at : NULL,
                                               (void *)(uintptr_t)api_below(api, 6)));
        break;
    case 1: diffmm_trainer_cancel(trainer); break;
    case 2: fuzz_status(diffmm_trainer_restore_best(trainer)); break;
    default: fuzz_status(diffmm_trainer_best(trainer, &epoch, &valid, &test)); break;
    }
}

static void call_scorer_create(struct api *api)
{
    diffmm_scorer *made = NULL;
    size_t where = place(api);
    if (fuzz_status(diffmm_scorer_create(any_model(api), &made)))
        return;
    diffmm_scorer_destroy(api->scorers[where]);
    api->scorers[where] = made;
    fuzz_visit_scorer(made);
}

/* What may become of hits. */
static void rerank(struct api *api, const diffmm_scorer *scorer, size_t count,
                   const diffmm_hit *hits)
{
    enum { most = 9 };
    diffmm_hit out[2 * most];
    double scratch[2 * most];
    size_t found = 0, wanted = api_size(api, false), items = diffmm_scorer_items(scorer);
    const char *modality = api_below(api, 2) ? api_text(api) : NULL;
    if (!fuzz_status(diffmm_diversify(scorer, modality, api_real(api), count, hits, wanted, scratch,
                                      out, &found)))
        fuzz_check(found == (count < wanted ? count : wanted), "hits are lost");
    if (!fuzz_status(diffmm_explore(api_real(api), api_byte(api), api_byte(api), count, hits,
                                    wanted, scratch, out, &found)))
        fuzz_check(found == (count < wanted ? count : wanted), "hits are lost");
    if (!fuzz_status(
            diffmm_merge_hits(api_real(api), count, hits, found, out, wanted, out + most, &found)))
        fuzz_check(found == (count < wanted ? count : wanted), "hits are lost");
    fuzz_status(diffmm_limit_groups(items, api_numbers(api, items, 3), api_size(api, false), count,
                                    hits, wanted, out, &found));
}

static void call_recommend(struct api *api)
{
    enum { most = 9 };
    const diffmm_scorer *scorer = api->scorers[place(api)];
    size_t items = diffmm_scorer_items(scorer), users = diffmm_scorer_users(scorer);
    diffmm_query query = {.struct_size = sizeof query,
                          .count = api_size(api, false),
                          .include_seen = (int32_t)api_below(api, 2),
                          .exclude_count = api_size(api, false),
                          .candidate_count = api_size(api, false)};
    query.exclude = api_numbers(api, query.exclude_count, items);
    query.candidates = api_below(api, 2) ? api_numbers(api, query.candidate_count, items) : NULL;
    diffmm_hit hits[most * most];
    size_t found[most], count = api_size(api, false);
    if (!fuzz_status(diffmm_recommend(scorer, api_number(api, users), &query, hits, found)))
        fuzz_check_hits(scorer, hits, found[0], query.count);
    if (!fuzz_status(diffmm_popular_items(scorer, &query, hits, found))) {
        fuzz_check_hits(scorer, hits, found[0], query.count);
        rerank(api, scorer, found[0], hits);
    }
    int32_t *chosen = api_numbers(api, count, users);
    if (fuzz_status(diffmm_recommend_users(scorer, count, chosen, &query, hits, found)))
        return;
    for (size_t u = 0; u < count; u++)
        fuzz_check_hits(scorer, hits + u * query.count, found[u], query.count);
}

static void call_score(struct api *api)
{
    const diffmm_scorer *scorer = api->scorers[place(api)];
    size_t count = api_size(api, false);
    const int32_t *seen;
    size_t seen_count;
    int32_t user = api_number(api, diffmm_scorer_users(scorer)), found;
    float *out = api_floats(api, count);
    if (!fuzz_status(diffmm_score(scorer, user, count,
                                  api_numbers(api, count, diffmm_scorer_items(scorer)), out)))
        for (size_t i = 0; i < count; i++)
            fuzz_check(isfinite(out[i]), "a score is not finite");
    fuzz_status(diffmm_score(scorer, user, SIZE_MAX, NULL, out));
    fuzz_status(diffmm_scorer_seen(scorer, user, &seen, &seen_count));
    fuzz_status(diffmm_scorer_find_item(scorer, api_text(api), &found));
}

/* Through a file; rarely, since it is written to disk. */
static void call_save(struct api *api)
{
    const diffmm_model *model = any_model(api);
    diffmm_model *loaded = NULL;
    char path[128];
    if (api_byte(api) < 200)
        return;
    strncpy(path, fuzz_path("saved.safetensors"), sizeof path - 1);
    path[sizeof path - 1] = 0;
    if (fuzz_status(diffmm_model_save(model, path)))
        return;
    if (!fuzz_status(diffmm_model_load(api->context, path, &loaded)))
        check_embeddings(loaded);
    else
        fuzz_check(false, "a saved model cannot be read");
    size_t where = place(api);
    diffmm_model_destroy(api->models[where]);
    api->models[where] = loaded;
    unlink(path);
}

void api_call_models(struct api *api, size_t which)
{
    static void (*const calls[])(struct api *) = {
        call_model_create,   call_forward,        call_objective, call_parameters, call_model_graph,
        call_trainer_create, call_trainer_create, call_epoch,     call_epoch,      call_fit,
        call_trainer_rest,   call_scorer_create,  call_recommend, call_score,      call_save,
        call_model_ask,      call_resume};
    calls[which % (sizeof calls / sizeof *calls)](api);
}
