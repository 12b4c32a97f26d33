/* SPDX-License-Identifier: BSD-2-Clause */
/* spectral_*: both loss terms and every gradient of one batch of a spectral denoiser, the reverse
 * chain, and the best items of its result (spectral.py). */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include <diffmm/diffusion_module.h>

#include "cases.h"
#include "layers.h"

struct shapes {
    size_t rows, items, rank, d;
};

static void expect_loss(struct reference *reference, const struct layers *layers,
                        const struct shapes *s)
{
    double loss, elbo, msi;
    float *gradient = reference_room(reference, layers->size);
    diffmm_schedule *schedule = schedule_read(reference);
    const diffmm_spectral_loss_arguments arguments = {
        .struct_size = sizeof arguments,
        .shape = &layers->shape,
        .parameters = layers->parameters,
        .items = s->items,
        .basis = as_floats(reference, reference_array(reference, "basis")),
        .rows = s->rows,
        .x0 = as_floats(reference, reference_array(reference, "x0")),
        .t = as_integers(reference, reference_array(reference, "t")),
        .noise = as_floats(reference, reference_array(reference, "noise")),
        .dropout_scale = as_floats(reference, reference_array(reference, "dropout_scale")),
        .dropout = reference_number(reference, "dropout"),
        .d = s->d,
        .features = as_floats(reference, reference_array(reference, "modal_features")),
        .item_embedding = as_floats(reference, reference_array(reference, "item_embedding")),
        .e_loss = reference_number(reference, "msi_weight"),
        .loss = &loss,
        .elbo = &elbo,
        .msi = &msi,
        .grad_parameters = gradient};
    must(diffmm_spectral_loss_with(NULL, schedule, &arguments), "diffmm_spectral_loss_with");
    expect_number(reference, "elbo", elbo);
    expect_number(reference, "msi", msi);
    expect_number(reference, "loss", loss);
    layers_expect(reference, layers, "grad_", gradient);
    diffmm_schedule_destroy(schedule);
}

/* A module of these layers. */
static diffmm_diffusion *module_of(struct reference *reference, const struct layers *layers,
                                   const struct shapes *s, diffmm_context *context)
{
    diffmm_diffusion *module;
    diffmm_options *options;
    char hidden[64] = "";
    must(diffmm_options_create(context, &options), "diffmm_options_create");
    for (size_t i = 0; i < layers->shape.hidden_count; i++)
        snprintf(hidden + strlen(hidden), sizeof hidden - strlen(hidden), "%s%zu", i ? "," : "",
                 layers->hidden[i]);
    must(diffmm_options_set(options, "hidden_sizes", hidden), "hidden_sizes");
    must(diffmm_options_set_integer(options, "norm", layers->shape.normalize), "norm");
    must(diffmm_options_set_integer(options, "time_embedding_size",
                                    (int64_t)layers->shape.time_size),
         "time_embedding_size");
    must(diffmm_diffusion_create_spectral(context, s->items, s->rank,
                                          as_floats(reference, reference_array(reference, "basis")),
                                          options, 1, &module),
         "diffmm_diffusion_create_spectral");
    diffmm_options_destroy(options);
    for (size_t i = 0; i < diffmm_diffusion_parameters(module); i++) {
        diffmm_parameter p = {.struct_size = sizeof p};
        char name[64];
        size_t rows, columns, offset;
        must(diffmm_diffusion_parameter_at(module, i, &p), "diffmm_diffusion_parameter_at");
        must(diffmm_denoiser_parameter(&layers->shape, i, name, &rows, &columns, &offset),
             "diffmm_denoiser_parameter");
        must(diffmm_diffusion_set_parameter(module, p.name, rows, columns,
                                            layers->parameters + offset),
             "diffmm_diffusion_set_parameter");
    }
    return module;
}

static void expect_generated(struct reference *reference, const struct layers *layers,
                             const struct shapes *s)
{
    struct array *top = reference_array(reference, "top_items");
    const float *x0 = as_floats(reference, reference_array(reference, "x0"));
    size_t count = top->shape[1], found = 0;
    int64_t *pointers = diffmm__arena_take_zero(&reference->arena, s->rows + 1, sizeof *pointers);
    int32_t *row_items =
        diffmm__arena_take(&reference->arena, s->rows * s->items, sizeof *row_items);
    int32_t *neighbors = diffmm__arena_take(&reference->arena, s->rows * count, sizeof *neighbors);
    float *x = reference_room(reference, s->rows * s->items);
    ck_assert(!reference->arena.failed);
    for (size_t row = 0; row < s->rows; row++) {
        for (size_t item = 0; item < s->items; item++)
            if (x0[row * s->items + item] == 1)
                row_items[found++] = (int32_t)item;
        pointers[row + 1] = (int64_t)found;
    }
    const diffmm_diffusion_batch batch = {.struct_size = sizeof batch,
                                          .users = s->rows,
                                          .row_pointers = pointers,
                                          .row_items = row_items};
    diffmm_context *context;
    must(diffmm_context_create(NULL, &context), "diffmm_context_create");
    diffmm_diffusion *module = module_of(reference, layers, s, context);
    must(diffmm_diffusion_reverse(module, &batch, x), "diffmm_diffusion_reverse");
    expect_floats(reference, reference_array(reference, "x"), s->rows, s->items, x);
    must(diffmm_diffusion_generate(module, &batch, count, neighbors, NULL),
         "diffmm_diffusion_generate");
    expect_integers(reference, top, s->rows, count, neighbors);
    diffmm_diffusion_destroy(module);
    diffmm_context_destroy(context);
}

void case_spectral(struct reference *reference)
{
    const struct array *basis = reference_array(reference, "basis");
    struct shapes s = {.rows = reference_array(reference, "x0")->shape[0],
                       .items = basis->shape[0],
                       .rank = basis->shape[1],
                       .d = reference_array(reference, "modal_features")->shape[1]};
    struct layers layers;
    layers_read(reference, s.rank, &layers);
    expect_loss(reference, &layers, &s);
    expect_generated(reference, &layers, &s);
}
