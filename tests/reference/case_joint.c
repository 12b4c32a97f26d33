/* SPDX-License-Identifier: BSD-2-Clause */
/* joint_*: the recommender's forward pass, objective, gradients and one Adam step.
 *
 * A file of this kind holds neither training nor generated pairs: they are those of graph.npz and
 * generated_0.npz, generated_1.npz, .. in the same folder, in the order of the modalities. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include <diffmm/model.h>

#include "cases.h"
#include "graphs.h"

enum { MAX_MODALITIES = 16 };

struct world {
    struct reference *reference;
    size_t users, items, d, modalities;
    const char *names[MAX_MODALITIES]; /* as the features_NAME arrays are called */
    diffmm_context *context;
    diffmm_dataset *dataset;
    diffmm_model *model;
};

/* Modalities and sizes, from the names and shapes of the arrays. */
static void read_sizes(struct world *world)
{
    struct reference *reference = world->reference;
    struct array *users = reference_array(reference, "param_uEmbeds");
    world->users = users->shape[0];
    world->d = users->shape[1];
    world->items = reference_array(reference, "param_iEmbeds")->shape[0];
    for (size_t i = 0; i < reference->count; i++) {
        if (strncmp(reference->arrays[i].name, "features_", 9) != 0)
            continue;
        ck_assert_uint_lt(world->modalities, MAX_MODALITIES);
        world->names[world->modalities++] = reference->arrays[i].name + 9;
    }
    ck_assert_uint_eq(world->modalities, reference_size(reference, "n_modalities"));
}

static void make_dataset(struct world *world)
{
    struct reference *reference = world->reference, pairs;
    must(diffmm_context_create(NULL, &world->context), "diffmm_context_create");
    must(diffmm_dataset_create(world->context, &world->dataset), "diffmm_dataset_create");
    must(diffmm_dataset_reserve(world->dataset, world->users, world->items),
         "diffmm_dataset_reserve");

    reference_open(&pairs, reference->folder, "graph.npz");
    struct array *user = reference_array(&pairs, "train_user");
    struct array *item = reference_array(&pairs, "train_item");
    must(diffmm_dataset_add_interactions(world->dataset, DIFFMM_TRAIN, user->count,
                                         as_integers(&pairs, user), as_integers(&pairs, item)),
         "diffmm_dataset_add_interactions");
    reference_close(&pairs);

    for (size_t m = 0; m < world->modalities; m++) {
        struct array *features = reference_array(reference, "features_%s", world->names[m]);
        ck_assert_uint_eq(features->shape[0], world->items);
        size_t dimensions = features->shape[1];
        must(diffmm_dataset_add_modality_array(world->dataset, world->names[m], world->items,
                                               dimensions, as_floats(reference, features),
                                               dimensions),
             "diffmm_dataset_add_modality_array");
    }
}

static bool is_linear(const struct reference *reference, const char *modality)
{
    char name[128];
    snprintf(name, sizeof name, "param_%s_trans.weight", modality);
    return reference_has(reference, name);
}

/* The kind of each modality's projection shows in its arrays; `trans` must agree. */
static void set_projections(struct world *world, diffmm_options *options)
{
    double trans = reference_number(world->reference, "trans");
    for (size_t m = 0; m < world->modalities; m++) {
        bool linear = is_linear(world->reference, world->names[m]);
        if (trans == 0 || trans == 1)
            ck_assert_int_eq(linear, trans == 1);
        else if (strcmp(world->names[m], "image") == 0 || strcmp(world->names[m], "text") == 0)
            ck_assert_int_eq(linear, strcmp(world->names[m], "text") == 0);
        char name[128];
        snprintf(name, sizeof name, "modality.%s.projection", world->names[m]);
        must(diffmm_options_set(options, name, linear ? "linear" : "leaky"), name);
    }
}

static void set_size(diffmm_options *options, const char *name, double value)
{
    must(diffmm_options_set_integer(options, name, (int64_t)value), name);
}

static void make_model(struct world *world)
{
    static const struct {
        const char *array, *option;
    } settings[] = {
        {"temperature", "temperature"},
        {"ssl_reg", "ssl_reg"},
        {"reg", "reg"},
        {"ris_lambda", "ris_lambda"},
        {"ris_adj_lambda", "ris_adj_lambda"},
        {"lr", "learning_rate"},
    };
    struct reference *reference = world->reference;
    diffmm_options *options;
    must(diffmm_options_create(world->context, &options), "diffmm_options_create");
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        struct array *array = reference_array(reference, "%s", settings[i].array);
        must(diffmm_options_set_real(options, settings[i].option, array->values[0]),
             settings[i].option);
    }
    double batch = reference_number_or(reference, "batch",
                                       (double)reference_array(reference, "anchor")->count);
    set_size(options, "embedding_size", (double)world->d);
    set_size(options, "layers", reference_number(reference, "n_layers"));
    set_size(options, "batch", batch);
    must(diffmm_options_set(options, "contrastive.anchor",
                            reference_number(reference, "cl_method") != 0 ? "main" : "modal"),
         "contrastive.anchor");
    set_projections(world, options);
    must(diffmm_model_create(world->dataset, options, &world->model), "diffmm_model_create");
    diffmm_options_destroy(options);
}

/* A_m from generated_m.npz, with the edges dropped that the file says. */
static void set_graphs(struct world *world)
{
    struct reference *reference = world->reference, pairs;
    bool dropped = reference_number(reference, "edges_dropped") != 0;
    double keep_rate = reference_number_or(reference, "keep_rate", 0.5);
    for (size_t m = 0; m < world->modalities; m++) {
        char file[64];
        snprintf(file, sizeof file, "generated_%zu.npz", m);
        reference_open(&pairs, reference->folder, file);
        diffmm_graph *graph = graph_read(&pairs, world->users, world->items, "user", "item");
        reference_close(&pairs);

        struct array *array = reference_array(reference, "edge_kept_%zu", m);
        if (dropped) {
            diffmm_graph *whole = graph;
            uint8_t *kept = diffmm__arena_take(&reference->arena, array->count, 1);
            ck_assert(kept != NULL);
            ck_assert_uint_eq(array->count, diffmm_graph_entries(whole));
            for (size_t i = 0; i < array->count; i++)
                kept[i] = array->values[i] != 0;
            must(diffmm_graph_drop_edges(whole, keep_rate, kept, &graph),
                 "diffmm_graph_drop_edges");
            diffmm_graph_destroy(whole);
        }
        must(diffmm_model_set_graph(world->model, world->names[m], graph),
             "diffmm_model_set_graph");
        diffmm_graph_destroy(graph);
    }
}

/* The file's name for a parameter: user_embedding is uEmbeds,
 * modality.image.projection.weight is image_trans.weight, or image_trans without a bias. */
static void parameter_name(const struct world *world, const char *name, char out[96])
{
    static const char *const fixed[][2] = {{"user_embedding", "uEmbeds"},
                                           {"item_embedding", "iEmbeds"},
                                           {"modality_logits", "modal_weight"}};
    for (size_t i = 0; i < 3; i++)
        if (strcmp(name, fixed[i][0]) == 0) {
            snprintf(out, 96, "%s", fixed[i][1]);
            return;
        }
    char modality[64], part[16];
    ck_assert_msg(sscanf(name, "modality.%63[^.].projection.%15s", modality, part) == 2,
                  "no array for the parameter '%s'", name);
    if (is_linear(world->reference, modality))
        snprintf(out, 96, "%s_trans.%s", modality, part);
    else
        snprintf(out, 96, "%s_trans", modality);
}

/* Call `visit` with each recommender parameter and the array PREFIX_.. that belongs to it. */
static void each_parameter(struct world *world, const char *prefix,
                           void (*visit)(struct world *, const diffmm_parameter *, struct array *))
{
    for (size_t i = 0; i < diffmm_model_parameters(world->model); i++) {
        diffmm_parameter parameter = {.struct_size = sizeof parameter};
        must(diffmm_model_parameter_at(world->model, i, &parameter), "diffmm_model_parameter_at");
        if (strncmp(parameter.name, "denoiser.", 9) == 0)
            continue;
        char name[96];
        parameter_name(world, parameter.name, name);
        visit(world, &parameter, reference_array(world->reference, "%s_%s", prefix, name));
    }
}

static void set_value(struct world *world, const diffmm_parameter *parameter, struct array *array)
{
    ck_assert_uint_eq(array->count, parameter->rows * parameter->columns);
    must(diffmm_model_set_parameter(world->model, parameter->name, parameter->rows,
                                    parameter->columns, as_floats(world->reference, array)),
         parameter->name);
}

static void expect_value(struct world *world, const diffmm_parameter *parameter,
                         struct array *array)
{
    expect_floats(world->reference, array, parameter->rows, parameter->columns, parameter->values);
}

static void expect_gradient(struct world *world, const diffmm_parameter *parameter,
                            struct array *array)
{
    ck_assert_msg(parameter->gradient != NULL, "%s has no gradient", parameter->name);
    expect_floats(world->reference, array, parameter->rows, parameter->columns,
                  parameter->gradient);
}

/* Final embeddings; views; and both kinds of contrastive loss between them. */
static void expect_forward(struct world *world)
{
    struct reference *reference = world->reference;
    size_t users = world->users, items = world->items, d = world->d;
    must(diffmm_model_forward(world->model), "diffmm_model_forward");
    const float *user_final = diffmm_model_user_embeddings(world->model);
    const float *item_final = diffmm_model_item_embeddings(world->model);
    expect_floats(reference, reference_array(reference, "user_final"), users, d, user_final);
    expect_floats(reference, reference_array(reference, "item_final"), items, d, item_final);

    const float *views[MAX_MODALITIES];
    for (size_t m = 0; m < world->modalities; m++) {
        float *view = reference_room(reference, (users + items) * d);
        must(diffmm_model_view(world->model, world->names[m], view), "diffmm_model_view");
        expect_floats(reference, reference_array(reference, "view_user_%zu", m), users, d, view);
        expect_floats(reference, reference_array(reference, "view_item_%zu", m), items, d,
                      view + users * d);
        views[m] = view;
    }

    float *main_view = reference_room(reference, (users + items) * d);
    memcpy(main_view, user_final, users * d * sizeof *main_view);
    memcpy(main_view + users * d, item_final, items * d * sizeof *main_view);
    struct array *anchor = reference_array(reference, "anchor");
    const int32_t *batch_users = as_integers(reference, anchor);
    const int32_t *batch_items = as_integers(reference, reference_array(reference, "positive"));
    double tau = reference_number(reference, "temperature"), loss;
    must(diffmm_contrastive_loss(world->context, DIFFMM_ANCHOR_MODAL, users, items, d,
                                 world->modalities, views, NULL, anchor->count, batch_users,
                                 batch_items, tau, &loss, NULL, NULL),
         "diffmm_contrastive_loss");
    expect_number(reference, "cl_modal_unweighted", loss);
    must(diffmm_contrastive_loss(world->context, DIFFMM_ANCHOR_MAIN, users, items, d,
                                 world->modalities, views, main_view, anchor->count, batch_users,
                                 batch_items, tau, &loss, NULL, NULL),
         "diffmm_contrastive_loss");
    expect_number(reference, "cl_main_unweighted", loss);
}

static void expect_objective(struct world *world)
{
    struct reference *reference = world->reference;
    struct array *anchor = reference_array(reference, "anchor");
    diffmm_losses losses;
    must(diffmm_model_objective(world->model, anchor->count, as_integers(reference, anchor),
                                as_integers(reference, reference_array(reference, "positive")),
                                as_integers(reference, reference_array(reference, "negative")),
                                &losses),
         "diffmm_model_objective");
    expect_number(reference, "bpr_loss", losses.bpr);
    expect_number(reference, "reg_loss", losses.regularizer);
    expect_number(reference, "cl_loss", losses.contrastive);
    expect_number(reference, "loss", losses.total);
    each_parameter(world, "grad", expect_gradient);
    must(diffmm_model_step(world->model), "diffmm_model_step");
    each_parameter(world, "adam1", expect_value);
}

void case_joint(struct reference *reference)
{
    struct world world = {.reference = reference};
    read_sizes(&world);
    make_dataset(&world);
    make_model(&world);
    set_graphs(&world);
    each_parameter(&world, "param", set_value);
    expect_forward(&world);
    expect_objective(&world);
    diffmm_model_destroy(world.model);
    diffmm_dataset_destroy(world.dataset);
    diffmm_context_destroy(world.context);
}
