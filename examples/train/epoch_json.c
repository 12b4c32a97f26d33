/* SPDX-License-Identifier: BSD-2-Clause */
#include "epoch_json.h"

#include <stdio.h>
#include <string.h>

/* {"recall@20": .., "precision@20": .., "ndcg@20": .., and so for each cutoff}; null where no user
 * has held-out items. */
static json_t *metrics_json(size_t cutoff_count, const diffmm_metrics *metrics)
{
    if (!metrics || cutoff_count == 0 || metrics[0].users == 0)
        return json_null();
    json_t *object = json_object();
    for (size_t i = 0; i < cutoff_count; i++) {
        char key[48];
        snprintf(key, sizeof key, "recall@%zu", metrics[i].cutoff);
        json_object_set_new(object, key, json_real(metrics[i].recall));
        snprintf(key, sizeof key, "precision@%zu", metrics[i].cutoff);
        json_object_set_new(object, key, json_real(metrics[i].precision));
        snprintf(key, sizeof key, "ndcg@%zu", metrics[i].cutoff);
        json_object_set_new(object, key, json_real(metrics[i].ndcg));
    }
    return object;
}

/* Every term of the objective by its name, and the denoisers' losses, called "denoiser.NAME", in an
 * object of their own. */
static json_t *losses_json(const diffmm_report *report)
{
    static const char denoiser[] = "denoiser.";
    const size_t length = sizeof denoiser - 1;
    json_t *object = json_object(), *denoisers = json_object();
    for (size_t i = 0; i < report->loss_count; i++) {
        const diffmm_loss *loss = &report->losses[i];
        bool of_denoiser = strncmp(loss->name, denoiser, length) == 0;
        json_object_set_new(of_denoiser ? denoisers : object,
                            of_denoiser ? loss->name + length : loss->name, json_real(loss->value));
    }
    json_object_set_new(object, "denoiser", denoisers);
    return object;
}

/* The name of modality m of the model, where it has denoisers: losses end with "denoiser.NAME" of
 * each. */
static const char *modality_name(const diffmm_report *report, size_t m)
{
    const char *name = report->losses[report->loss_count - report->modality_count + m].name;
    return strchr(name, '.') + 1;
}

/* What was not measured is null. */
static json_t *known(bool measured, double value)
{
    return measured ? json_real(value) : json_null();
}

static json_t *graph_json(const diffmm_graph_measures *g)
{
    bool similar = g->similarity_users > 0;
    return json_pack(
        "{s:I, s:I, s:f, s:f, s:f, s:o, s:o, s:o, s:o, s:o}", "edges", (json_int_t)g->edges,
        "distinct_items", (json_int_t)g->distinct_items, "top_share", g->top_share,
        "observed_share", g->observed_share, "popularity_rank", g->popularity_rank, "agreement",
        known(g->compared_edges > 0, g->agreement), "similarity", known(similar, g->similarity),
        "random_similarity", known(similar, g->random_similarity), "similarity_gain",
        known(similar, g->similarity_gain), "hit_rate", known(g->held_edges > 0, g->hit_rate));
}

static json_t *denoiser_measures_json(const diffmm_denoiser_measures *d)
{
    char recall[48], popular[64];
    snprintf(recall, sizeof recall, "recall@%zu", d->cutoff);
    snprintf(popular, sizeof popular, "popular_recall@%zu", d->cutoff);
    return json_pack("{s:o, s:o, s:o}", recall, known(d->held_users > 0, d->recall), popular,
                     known(d->held_users > 0, d->popular_recall), "degree_precision",
                     known(d->users > 0, d->degree_precision));
}

/* Measures of each modality's graph, and of its denoiser; left out where they are not taken. */
static void add_measures(const diffmm_report *report, json_t *line)
{
    if (report->graph_measures)
        json_object_set_new(line, "graph", json_object());
    if (report->denoiser_measures)
        json_object_set_new(line, "denoiser", json_object());
    for (size_t m = 0; report->graph_measures && m < report->modality_count; m++) {
        const char *name = modality_name(report, m);
        json_object_set_new(json_object_get(line, "graph"), name,
                            graph_json(report->graph_measures[m]));
        if (report->denoiser_measures)
            json_object_set_new(json_object_get(line, "denoiser"), name,
                                denoiser_measures_json(report->denoiser_measures[m]));
    }
}

json_t *epoch_json(const diffmm_report *report)
{
    const diffmm_seconds *seconds = &report->seconds;
    json_t *line = json_pack("{s:I, s:{s:f, s:f, s:f, s:f}, s:o, s:o, s:o}", "epoch",
                             (json_int_t)report->epoch, "seconds", "denoise", seconds->denoise,
                             "generate", seconds->generate, "recommend", seconds->recommend,
                             "evaluate", seconds->evaluate, "loss", losses_json(report), "valid",
                             metrics_json(report->cutoff_count, report->valid), "test",
                             metrics_json(report->cutoff_count, report->test));
    if (line && report->graph_measures)
        add_measures(report, line);
    return line;
}

json_t *result_json(const struct result *result)
{
    size_t count = result->cutoff_count;
    json_t *object =
        json_pack("{s:I, s:I, s:b, s:s, s:o, s:o, s:{s:o, s:o}}", "epoch",
                  (json_int_t)result->epoch, "epochs", (json_int_t)result->epochs, "cancelled",
                  (int)result->cancelled, "chosen_by", result->chosen_by, "valid",
                  metrics_json(count, result->valid), "test", metrics_json(count, result->test),
                  "popularity", "valid", metrics_json(count, result->popular_valid), "test",
                  metrics_json(count, result->popular_test));
    if (object && result->final_epochs > 0)
        json_object_set_new(object, "final_epochs", json_integer((json_int_t)result->final_epochs));
    return object;
}
