/* SPDX-License-Identifier: BSD-2-Clause */
#include "model_world.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/random.h"
#include "base/streams.h"
#include "contrastive/drawn_nodes.h"
#include "failure.h"
#include "linalg/normal.h"
#include "oracle_graph.h"

enum { seed = 20240, gap = 3 };

static const size_t dimensions[ORACLE_MODALITIES] = {5, 3, 9, 4};

const char *const model_modality_names[ORACLE_MODALITIES] = {"cover", "title", "sound", "clip"};

/* Each third user-item pair or so; user 0 and item 0 have none. */
static size_t random_pairs(uint64_t stream, size_t users, size_t items, int32_t *user,
                           int32_t *item)
{
    size_t count = 0;
    for (size_t u = 1; u < users; u++)
        for (size_t i = 1; i < items; i++)
            if (diffmm__random_below(seed, stream, u * items + i, 3) == 0) {
                user[count] = (int32_t)u;
                item[count++] = (int32_t)i;
            }
    ck_assert_uint_gt(count, 0);
    return count;
}

/* A graph of random pairs, edges dropped unless `keep_rate` is 1, and the same in the oracle. */
static diffmm_graph *dropped_graph(const struct model_world *world, uint64_t stream,
                                   double keep_rate, double **dense)
{
    size_t users = world->oracle.users, items = world->oracle.items, n = users + items;
    int32_t *user = malloc(users * items * sizeof *user),
            *item = malloc(users * items * sizeof *item);
    size_t count = random_pairs(stream, users, items, user, item);
    diffmm_graph *whole, *dropped;
    expect_success(
        diffmm_graph_create_bipartite(world->context, users, items, count, user, item, &whole));
    *dense = oracle_adjacency(users, items, count, user, item);
    size_t entries = diffmm_graph_entries(whole);
    uint8_t *kept = malloc(entries);
    for (size_t e = 0; e < entries; e++)
        kept[e] = diffmm__random_real(seed, stream + 1, e) < keep_rate;
    expect_success(diffmm_graph_drop_edges(whole, keep_rate, kept, &dropped));
    oracle_drop(n, *dense, keep_rate, kept);
    diffmm_graph_destroy(whole);
    free(kept);
    free(user);
    free(item);
    return dropped;
}

static void fill_dataset(struct model_world *world)
{
    struct oracle *o = &world->oracle;
    size_t users = o->users, items = o->items;
    int32_t *user = malloc(users * items * sizeof *user),
            *item = malloc(users * items * sizeof *item);
    size_t count = random_pairs(1, users, items, user, item);
    expect_success(diffmm_dataset_create(world->context, &world->dataset));
    expect_success(diffmm_dataset_reserve(world->dataset, users, items));
    expect_success(
        diffmm_dataset_add_interactions(world->dataset, DIFFMM_TRAIN, count, user, item));
    o->adjacency = oracle_adjacency(users, items, count, user, item);
    for (size_t b = 0; b < MODEL_COUNT; b++) {
        size_t pair = diffmm__random_below(seed, 2, b, count);
        world->user[b] = user[pair];
        world->positive[b] = item[pair];
        world->negative[b] = (int32_t)diffmm__random_below(seed, 3, b, items);
    }
    free(user);
    free(item);
}

static void add_modality(struct model_world *world, size_t m, bool linear)
{
    struct oracle *o = &world->oracle;
    struct oracle_modality *modality = &o->modality[m];
    size_t inputs = dimensions[m], stride = inputs + gap;
    float *features = malloc(o->items * stride * sizeof *features);
    modality->dimensions = inputs;
    modality->linear = linear;
    modality->features = oracle_zeros(o->items * inputs);
    diffmm__normal_draws(seed, 10 + m, 0, o->items * stride, features);
    for (size_t i = 0; i < o->items; i++)
        for (size_t k = 0; k < stride; k++) {
            if (k < inputs)
                modality->features[i * inputs + k] = (double)features[i * stride + k];
            else
                features[i * stride + k] = NAN; /* between the rows, never read */
        }
    world->features[m] = features;
    expect_success(diffmm_dataset_add_modality_array(world->dataset, model_modality_names[m],
                                                     o->items, inputs, features, stride));
    char name[64];
    snprintf(name, sizeof name, "modality.%s.projection", model_modality_names[m]);
    expect_success(diffmm_options_set(world->options, name, linear ? "linear" : "leaky"));
    modality->weight = oracle_zeros(inputs * o->d);
    modality->bias = oracle_zeros(o->d);
    modality->normalized = oracle_zeros(o->items * o->d);
}

static void set_options(struct model_world *world)
{
    struct oracle *o = &world->oracle;
    const struct {
        const char *name;
        double value;
    } reals[] = {{"ris_lambda", o->ris_lambda},
                 {"ris_adj_lambda", o->ris_adj_lambda},
                 {"fusion_ratio", o->fusion_ratio},
                 {"temperature", o->tau},
                 {"ssl_reg", o->ssl_reg},
                 {"alignment", o->alignment},
                 {"reg", o->reg},
                 {"batch", o->batch},
                 {"embedding_size", (double)o->d},
                 {"layers", (double)o->layers}};
    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++)
        expect_success(diffmm_options_set_real(world->options, reals[i].name, reals[i].value));
    expect_success(
        diffmm_options_set_integer(world->options, "contrastive.enabled", o->contrastive));
    expect_success(diffmm_options_set_integer(world->options, "contrastive.negatives",
                                              (int64_t)o->negative_count));
    expect_success(diffmm_options_set(world->options, "contrastive.anchor",
                                      o->main_anchor ? "main" : "modal"));
}

/* The nodes that the model draws in a step: what the oracle's denominators run over. */
void model_world_draw(struct model_world *world, uint64_t step)
{
    struct oracle *o = &world->oracle;
    const size_t nodes[2] = {o->users, o->items};
    for (size_t side = 0; side < 2; side++)
        diffmm__drawn_nodes_fill(NULL, world->model->settings.seed,
                                 diffmm__stream_contrast(side, step), nodes[side],
                                 o->negative_count, world->drawn[side]);
    o->user_negatives = world->drawn[0];
    o->item_negatives = world->drawn[1];
}

double *model_world_values(struct model_world *world, size_t parameter)
{
    struct oracle *o = &world->oracle;
    double *const fixed[] = {o->user, o->item, o->logits};
    if (parameter < 3)
        return fixed[parameter];
    size_t at = 3;
    for (size_t m = 0; m < o->modality_count; m++) {
        if (at++ == parameter)
            return o->modality[m].weight;
        if (o->modality[m].linear && at++ == parameter)
            return o->modality[m].bias;
    }
    return NULL;
}

/* Random values for every parameter, in the model and in the oracle. */
static void set_parameters(struct model_world *world)
{
    for (size_t p = 0; p < diffmm_model_parameters(world->model); p++) {
        diffmm_parameter parameter = {.struct_size = sizeof parameter};
        expect_success(diffmm_model_parameter_at(world->model, p, &parameter));
        size_t count = parameter.rows * parameter.columns;
        float *values = malloc(count * sizeof *values);
        diffmm__normal_draws(seed, 100 + p, 0, count, values);
        double *place = model_world_values(world, p);
        ck_assert_ptr_nonnull(place);
        for (size_t i = 0; i < count; i++)
            place[i] = (double)(values[i] *= 0.7F);
        expect_success(diffmm_model_set_parameter(world->model, parameter.name, parameter.rows,
                                                  parameter.columns, values));
        free(values);
    }
}

static void set_graphs(struct model_world *world, double keep_rate)
{
    for (size_t m = 0; m < world->oracle.modality_count; m++) {
        struct oracle_modality *modality = &world->oracle.modality[m];
        diffmm_graph *graph = dropped_graph(world, 200 + 4 * m, keep_rate, &modality->generated);
        expect_success(diffmm_model_set_graph(world->model, model_modality_names[m], graph));
        diffmm_graph_destroy(graph);
        if (world->oracle.fusion_ratio > 0)
            world->model->modalities[m].observed =
                dropped_graph(world, 202 + 4 * m, 0.7, &modality->observed);
    }
}

void model_world_begin(const struct model_case *wanted, struct model_world *out)
{
    *out = (struct model_world){
        .oracle = {.users = wanted->users ? wanted->users : 6,
                   .items = wanted->items ? wanted->items : 7,
                   .d = wanted->d ? wanted->d : 4,
                   .modality_count = wanted->modalities ? wanted->modalities : 2,
                   .layers = wanted->layers,
                   .ris_lambda = 0.8,
                   .ris_adj_lambda = 0.6,
                   .fusion_ratio = wanted->fusion_ratio,
                   .tau = 0.4,
                   .ssl_reg = 0.7,
                   .reg = wanted->reg,
                   .alignment = wanted->alignment,
                   .batch = MODEL_BATCH,
                   .negative_count = wanted->negatives,
                   .contrastive = !wanted->no_contrast,
                   .main_anchor = wanted->main_anchor}};
    struct oracle *o = &out->oracle;
    const diffmm_context_settings settings = {.threads = wanted->threads ? wanted->threads : 1};
    expect_success(diffmm_context_create(&settings, &out->context));
    expect_success(diffmm_options_create(out->context, &out->options));
    o->user = oracle_zeros(o->users * o->d);
    o->item = oracle_zeros(o->items * o->d);
    o->logits = oracle_zeros(o->modality_count);
    set_options(out);
    fill_dataset(out);
    for (size_t m = 0; m < o->modality_count; m++)
        add_modality(out, m, wanted->linear >> m & 1);
    expect_success(diffmm_model_create(out->dataset, out->options, &out->model));
    set_parameters(out);
    set_graphs(out, wanted->whole_graphs ? 1.0 : 0.6);
    oracle_project_all(o);
    model_world_draw(out, 0);
}

void model_world_end(struct model_world *world)
{
    diffmm_model_destroy(world->model);
    diffmm_dataset_destroy(world->dataset);
    diffmm_options_destroy(world->options);
    diffmm_context_destroy(world->context);
    for (size_t m = 0; m < ORACLE_MODALITIES; m++)
        free(world->features[m]);
    oracle_end(&world->oracle);
}

void expect_close(const char *what, size_t count, const double *expected, const float *got,
                  double tolerance)
{
    double largest = 0.0;
    for (size_t i = 0; i < count; i++)
        if (fabs(expected[i]) > largest)
            largest = fabs(expected[i]);
    for (size_t i = 0; i < count; i++) /* assertions are slow: none where all is well */
        if (!(fabs((double)got[i] - expected[i]) <= tolerance * largest))
            ck_abort_msg("%s[%zu] is %.9g, not %.9g (largest %.3g)", what, i, (double)got[i],
                         expected[i], largest);
}

void expect_derivatives(const char *what, double (*value)(void *argument), void *argument,
                        size_t count, double *values, const float *gradient, double tolerance)
{
    double *expected = oracle_zeros(count);
    for (size_t i = 0; i < count; i++)
        expected[i] = oracle_derivative(&values[i], value, argument);
    expect_close(what, count, expected, gradient, tolerance);
    free(expected);
}
