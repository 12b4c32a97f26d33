/* SPDX-License-Identifier: BSD-2-Clause */
/* The units on plain arrays: graph, diffusion, contrastive, metrics. */
#include "faults.h"
#include "support/failure.h"

enum { users = 5, items = 6, nodes = users + items, d = 4, rows = 3, steps = 3 };

static const int32_t user[] = {0, 0, 1, 2, 3, 4}, item[] = {0, 5, 1, 2, 3, 4}, t[] = {0, 2, 1};
static const size_t hidden[] = {7};
static const diffmm_denoiser_shape shape = {.struct_size = sizeof shape,
                                            .items = items,
                                            .time_size = 4,
                                            .hidden_count = 1,
                                            .hidden_sizes = hidden};

/* Some numbers; read only, and as many as anything here needs. */
static const float *numbers(void)
{
    static float values[512];
    for (int i = 0; i < 512; i++)
        values[i] = (float)(i * 7 % 19) / 19.0f - 0.4f;
    return values;
}

static diffmm_status create_bipartite(struct fault_world *world)
{
    return diffmm_graph_create_bipartite(world->context, users, items, 6, user, item,
                                         &world->out.graph);
}

static diffmm_status create_weighted(struct fault_world *world)
{
    static const float weight[6] = {1, 2, 0, 0.5f, 3, 1};
    return diffmm_graph_create_weighted(world->context, users, items, 6, user, item, weight,
                                        &world->out.graph);
}

static void make_graph(struct fault_world *world)
{
    expect_success(
        diffmm_graph_create_bipartite(world->context, users, items, 6, user, item, &world->graph));
}

static diffmm_status drop_edges(struct fault_world *world)
{
    static const uint8_t kept[23] = {1, 0, 1, 1, 1, 0, 1, 0, 1, 1, 0, 1, 1};
    return diffmm_graph_drop_edges(world->graph, 0.5, kept, &world->out.graph);
}

static void graph_bits(struct fault_world *world)
{
    fault_hash_graph(world->out.graph);
}

static void end_graph(struct fault_world *world)
{
    diffmm_graph_destroy(world->out.graph);
}

static diffmm_status propagate(struct fault_world *world)
{
    return diffmm_propagate(world->graph, 3, d, numbers(), world->out.values);
}

static diffmm_status propagate_backward(struct fault_world *world)
{
    return diffmm_propagate_backward(world->graph, 2, d, numbers(), world->out.values);
}

static void make_schedule(struct fault_world *world)
{
    expect_success(
        diffmm_schedule_create(world->context, steps, 0.1, 1e-4, 0.02, 1, &world->schedule));
}

static diffmm_status create_schedule(struct fault_world *world)
{
    return diffmm_schedule_create(world->context, steps, 0.1, 1e-4, 0.02, 1, &world->out.schedule);
}

static void schedule_bits(struct fault_world *world)
{
    fault_hash(diffmm_schedule_values(world->out.schedule, DIFFMM_SCHEDULE_ELBO_WEIGHT),
               steps * sizeof(double));
}

static void end_schedule(struct fault_world *world)
{
    diffmm_schedule_destroy(world->out.schedule);
}

static diffmm_status forward(struct fault_world *world)
{
    return diffmm_denoiser_forward(world->context, &shape, numbers(), rows, numbers(), t, NULL,
                                   world->out.values);
}

static diffmm_status backward(struct fault_world *world)
{
    return diffmm_denoiser_backward(world->context, &shape, numbers(), rows, numbers(), t,
                                    numbers(), numbers() + 9, world->out.values);
}

/* A row's residual is what it takes without a gradient. */
static diffmm_status msi(struct fault_world *world)
{
    return diffmm_msi(world->context, rows, items, d, numbers(), numbers() + 5, numbers(),
                      numbers() + 3, NULL, &world->out.loss.loss, world->out.loss.gradient);
}

static diffmm_status denoiser_loss(struct fault_world *world)
{
    return diffmm_denoiser_loss(world->context, &shape, world->schedule, numbers(), rows, numbers(),
                                t, numbers() + 1, NULL, d, numbers(), numbers() + 2, 0.1,
                                &world->out.loss.loss, NULL, NULL, world->out.loss.gradient);
}

static diffmm_status reverse_chain(struct fault_world *world)
{
    return diffmm_reverse_chain(world->context, &shape, world->schedule, numbers(), rows, numbers(),
                                2, 1, numbers(), world->out.values);
}

static diffmm_status generate(struct fault_world *world)
{
    static const int64_t pointers[] = {0, 2, 3, 5};
    return diffmm_generate_neighbors(world->context, &shape, world->schedule, numbers(), rows,
                                     pointers, item, 2, world->out.numbers);
}

/* The same with their arguments in a struct: what the old entries call. */
static diffmm_status backward_with(struct fault_world *world)
{
    return diffmm_denoiser_backward_with(
        world->context, &(diffmm_denoiser_backward_arguments){
                            .struct_size = sizeof(diffmm_denoiser_backward_arguments),
                            .shape = &shape,
                            .parameters = numbers(),
                            .rows = rows,
                            .x = numbers(),
                            .t = t,
                            .grad_x_hat = numbers() + 9,
                            .grad_parameters = world->out.values});
}

static diffmm_status msi_with(struct fault_world *world)
{
    return diffmm_msi_with(world->context,
                           &(diffmm_msi_arguments){.struct_size = sizeof(diffmm_msi_arguments),
                                                   .rows = rows,
                                                   .items = items,
                                                   .d = d,
                                                   .x0 = numbers(),
                                                   .x_hat = numbers() + 5,
                                                   .features = numbers(),
                                                   .item_embedding = numbers() + 3,
                                                   .grad_x_hat = world->out.loss.gradient});
}

static diffmm_status spectral_loss_with(struct fault_world *world)
{
    static const float basis[items * items] = {1, 0, 0, 0, 0, 0, 0, 1};
    return diffmm_spectral_loss_with(
        world->context, world->schedule,
        &(diffmm_spectral_loss_arguments){.struct_size = sizeof(diffmm_spectral_loss_arguments),
                                          .shape = &shape,
                                          .parameters = numbers(),
                                          .items = items,
                                          .basis = basis,
                                          .rows = rows,
                                          .x0 = numbers(),
                                          .t = t,
                                          .noise = numbers() + 1,
                                          .d = d,
                                          .features = numbers(),
                                          .item_embedding = numbers() + 3,
                                          .e_loss = 0.2,
                                          .loss = &world->out.loss.loss});
}

static diffmm_status denoiser_loss_with(struct fault_world *world)
{
    return diffmm_denoiser_loss_with(
        world->context, world->schedule,
        &(diffmm_denoiser_loss_arguments){.struct_size = sizeof(diffmm_denoiser_loss_arguments),
                                          .shape = &shape,
                                          .parameters = numbers(),
                                          .rows = rows,
                                          .x0 = numbers(),
                                          .t = t,
                                          .noise = numbers() + 1,
                                          .loss = &world->out.loss.loss});
}

static diffmm_status reverse_chain_with(struct fault_world *world)
{
    return diffmm_reverse_chain_with(
        world->context, world->schedule,
        &(diffmm_reverse_chain_arguments){.struct_size = sizeof(diffmm_reverse_chain_arguments),
                                          .shape = &shape,
                                          .parameters = numbers(),
                                          .rows = rows,
                                          .x0 = numbers(),
                                          .x = world->out.values});
}

static diffmm_status generate_with(struct fault_world *world)
{
    static const int64_t pointers[] = {0, 2, 3, 5};
    return diffmm_generate_neighbors_with(
        world->context, world->schedule,
        &(diffmm_generate_neighbors_arguments){.struct_size =
                                                   sizeof(diffmm_generate_neighbors_arguments),
                                               .shape = &shape,
                                               .parameters = numbers(),
                                               .rows = rows,
                                               .row_pointers = pointers,
                                               .row_items = item,
                                               .count = 2,
                                               .items_out = world->out.numbers});
}

static diffmm_status spectral_basis(struct fault_world *world)
{
    static const int64_t pointers[] = {0, 2, 3, 3};
    static const int32_t row_items[] = {0, 3, 1};
    return diffmm_spectral_basis_with(
        world->context,
        &(diffmm_spectral_basis_arguments){.struct_size = sizeof(diffmm_spectral_basis_arguments),
                                           .users = 3,
                                           .items = 4,
                                           .row_pointers = pointers,
                                           .row_items = row_items,
                                           .feature_columns = 2,
                                           .features = numbers(),
                                           .rank = 4,
                                           .basis = world->out.values});
}

static diffmm_status spectral_basis_place(struct fault_world *world)
{
    return diffmm_spectral_basis_place_with(
        world->context, &(diffmm_spectral_basis_place_arguments){
                            .struct_size = sizeof(diffmm_spectral_basis_place_arguments),
                            .items = 4,
                            .feature_columns = 2,
                            .features = numbers(),
                            .rank = 3,
                            .basis = numbers() + 2,
                            .new_items = 2,
                            .new_features = numbers() + 5,
                            .placed = world->out.values});
}

static diffmm_status infonce(struct fault_world *world)
{
    return diffmm_infonce(world->context, users, d, numbers(), numbers() + 4, 3, t, 0.5,
                          &world->out.loss.loss, world->out.loss.gradient,
                          world->out.loss.gradient + users * d);
}

static diffmm_status contrastive(struct fault_world *world)
{
    const float *views[] = {numbers(), numbers() + 50};
    float *gradients[] = {world->out.loss.gradient, world->out.loss.gradient + nodes * d};
    return diffmm_contrastive_loss(world->context, DIFFMM_ANCHOR_MAIN, users, items, d, 2, views,
                                   numbers() + 30, 3, t, t, 0.5, &world->out.loss.loss, gradients,
                                   world->out.loss.gradient + 2 * nodes * d);
}

static diffmm_status alignment(struct fault_world *world)
{
    return diffmm_alignment(world->context, users, d, numbers(), numbers() + 4,
                            &world->out.loss.loss, world->out.loss.gradient, NULL);
}

static diffmm_status infonce_with(struct fault_world *world)
{
    const diffmm_infonce_arguments arguments = {.nodes = users,
                                                .d = d,
                                                .p = numbers(),
                                                .q = numbers() + 4,
                                                .batch_count = 3,
                                                .batch = t,
                                                .tau = 0.5,
                                                .loss = &world->out.loss.loss,
                                                .grad_p = world->out.loss.gradient};
    return diffmm_infonce_with(world->context, &arguments);
}

static diffmm_status infonce_drawn(struct fault_world *world)
{
    const diffmm_infonce_arguments arguments = {.struct_size = sizeof arguments,
                                                .nodes = users,
                                                .d = d,
                                                .p = numbers(),
                                                .q = numbers() + 4,
                                                .batch_count = 3,
                                                .batch = t,
                                                .tau = 0.5,
                                                .loss = &world->out.loss.loss,
                                                .grad_q = world->out.loss.gradient,
                                                .negative_count = 2,
                                                .negatives = t + 1};
    return diffmm_infonce_with(world->context, &arguments);
}

static diffmm_status contrastive_drawn(struct fault_world *world)
{
    const float *views[] = {numbers(), numbers() + 50};
    float *gradients[] = {world->out.loss.gradient, world->out.loss.gradient + nodes * d};
    const diffmm_contrastive_loss_arguments arguments = {.struct_size = sizeof arguments,
                                                         .users = users,
                                                         .items = items,
                                                         .d = d,
                                                         .view_count = 2,
                                                         .views = views,
                                                         .count = 3,
                                                         .batch_users = t,
                                                         .batch_items = t,
                                                         .tau = 0.5,
                                                         .loss = &world->out.loss.loss,
                                                         .grad_views = gradients,
                                                         .negative_count = 2,
                                                         .user_negatives = t + 1,
                                                         .item_negatives = t};
    return diffmm_contrastive_loss_with(world->context, &arguments);
}

static diffmm_status contrastive_with(struct fault_world *world)
{
    const float *views[] = {numbers(), numbers() + 50};
    const diffmm_contrastive_loss_arguments arguments = {.users = users,
                                                         .items = items,
                                                         .d = d,
                                                         .view_count = 2,
                                                         .views = views,
                                                         .count = 3,
                                                         .batch_users = t,
                                                         .batch_items = t,
                                                         .tau = 0.5,
                                                         .loss = &world->out.loss.loss};
    return diffmm_contrastive_loss_with(world->context, &arguments);
}

static diffmm_status evaluate(struct fault_world *world)
{
    static const size_t cutoffs[] = {1, 3};
    return diffmm_evaluate(world->context, world->dataset, DIFFMM_TEST, d, numbers(),
                           numbers() + 40, 2, cutoffs, world->out.metrics);
}

static diffmm_status evaluate_with(struct fault_world *world)
{
    static const size_t cutoffs[] = {1, 3};
    const diffmm_evaluate_arguments arguments = {.struct_size = sizeof arguments,
                                                 .split = DIFFMM_TEST,
                                                 .d = d,
                                                 .user_matrix = numbers(),
                                                 .item_matrix = numbers() + 40,
                                                 .cutoff_count = 2,
                                                 .cutoffs = cutoffs,
                                                 .out = world->out.metrics};
    return diffmm_evaluate_with(world->context, world->dataset, &arguments);
}

static diffmm_status measure_graph(struct fault_world *world)
{
    static const int64_t pointers[] = {0, 2, 3, 3};
    static const int32_t row_items[] = {0, 3, 1}, neighbors[] = {3, 1, 0, -1, 2, 3};
    const diffmm_measure_graph_arguments arguments = {.struct_size = sizeof arguments,
                                                      .users = 3,
                                                      .items = 4,
                                                      .count = 2,
                                                      .neighbors = neighbors,
                                                      .row_pointers = pointers,
                                                      .row_items = row_items,
                                                      .held_pointers = pointers,
                                                      .held_items = row_items,
                                                      .previous = neighbors,
                                                      .columns = 3,
                                                      .features = numbers()};
    diffmm_graph_measures measures = {.struct_size = sizeof measures};
    diffmm_status status = diffmm_measure_graph_with(world->context, &arguments, &measures);
    if (!status)
        world->out.graph_measures = measures;
    return status;
}

static diffmm_status top_k(struct fault_world *world)
{
    return diffmm_top_k(512, numbers(), 0, NULL, 200, world->out.numbers, NULL,
                        (size_t *)(void *)&world->out.numbers[400]);
}

static diffmm_status ranking_metrics(struct fault_world *world)
{
    return diffmm_ranking_metrics(5, item, 3, item + 2, 5, world->out.metrics);
}

const struct fault_case fault_unit_cases[] = {
    {"diffmm_graph_create_bipartite", NULL, create_bipartite, graph_bits, end_graph},
    {"diffmm_graph_create_weighted", NULL, create_weighted, graph_bits, end_graph},
    {"diffmm_graph_drop_edges", make_graph, drop_edges, graph_bits, end_graph},
    {"diffmm_propagate", make_graph, propagate, fault_hash_output, NULL},
    {"diffmm_propagate_backward", make_graph, propagate_backward, fault_hash_output, NULL},
    {"diffmm_schedule_create", NULL, create_schedule, schedule_bits, end_schedule},
    {"diffmm_denoiser_forward", NULL, forward, fault_hash_output, NULL},
    {"diffmm_denoiser_backward", NULL, backward, fault_hash_output, NULL},
    {"diffmm_denoiser_backward_with", NULL, backward_with, fault_hash_output, NULL},
    {"diffmm_msi", NULL, msi, fault_hash_output, NULL},
    {"diffmm_msi_with", NULL, msi_with, fault_hash_output, NULL},
    {"diffmm_denoiser_loss", make_schedule, denoiser_loss, fault_hash_output, NULL},
    {"diffmm_denoiser_loss_with", make_schedule, denoiser_loss_with, fault_hash_output, NULL},
    {"diffmm_spectral_loss_with", make_schedule, spectral_loss_with, fault_hash_output, NULL},
    {"diffmm_reverse_chain", make_schedule, reverse_chain, fault_hash_output, NULL},
    {"diffmm_reverse_chain_with", make_schedule, reverse_chain_with, fault_hash_output, NULL},
    {"diffmm_generate_neighbors", make_schedule, generate, fault_hash_output, NULL},
    {"diffmm_generate_neighbors_with", make_schedule, generate_with, fault_hash_output, NULL},
    {"diffmm_spectral_basis_with", NULL, spectral_basis, fault_hash_output, NULL},
    {"diffmm_spectral_basis_place_with", NULL, spectral_basis_place, fault_hash_output, NULL},
    {"diffmm_infonce", NULL, infonce, fault_hash_output, NULL},
    {"diffmm_alignment", NULL, alignment, fault_hash_output, NULL},
    {"diffmm_infonce_with", NULL, infonce_with, fault_hash_output, NULL},
    {"diffmm_contrastive_loss", NULL, contrastive, fault_hash_output, NULL},
    {"diffmm_contrastive_loss_with", NULL, contrastive_with, fault_hash_output, NULL},
    {"diffmm_infonce_with drawn nodes", NULL, infonce_drawn, fault_hash_output, NULL},
    {"diffmm_contrastive_loss_with drawn nodes", NULL, contrastive_drawn, fault_hash_output, NULL},
    {"diffmm_top_k", NULL, top_k, fault_hash_output, NULL},
    {"diffmm_ranking_metrics", NULL, ranking_metrics, fault_hash_output, NULL},
    {"diffmm_evaluate", fault_make_dataset, evaluate, fault_hash_output, NULL},
    {"diffmm_evaluate_with", fault_make_dataset, evaluate_with, fault_hash_output, NULL},
    {"diffmm_measure_graph_with", NULL, measure_graph, fault_hash_output, NULL},
    {.name = NULL}};
