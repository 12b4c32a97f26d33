/* SPDX-License-Identifier: BSD-2-Clause */
/* A diffusion module with a batch of users, as sparse rows and as the dense ones that the functions
 * of plain arrays take, and with draws. */
#ifndef DIFFMM_TESTS_MODULE_WORLD_H
#define DIFFMM_TESTS_MODULE_WORLD_H

#include <stdlib.h>

#include <diffmm/diffusion_module.h>

#include "draws.h"
#include "settings.h"

enum { world_users = 11, world_items = 37, world_d = 5, world_size = world_users * world_items };

struct module_world {
    diffmm_context *context;
    diffmm_options *options;
    diffmm_diffusion *module;
    diffmm_diffusion_batch batch; /* of all users, with draws and MSI */
    int64_t pointers[world_users + 1];
    int32_t row_items[world_size], t[world_users];
    float row_values[world_size];
    float x0[world_size], noise[world_size], dropout_scale[world_size];
    float features[world_items * world_d], embedding[world_items * world_d];
    size_t parameters; /* floats */
};

static const char *const module_settings[] = {
    "hidden_sizes", "9",  "time_embedding_size",    "4",    "steps", "4",
    "batch",        "11", "denoiser_learning_rate", "0.01", NULL};

/* User 2 has no item. */
static inline void world_rows(struct module_world *w, struct draws *draws)
{
    int64_t place = 0;
    for (size_t u = 0; u < world_users; u++) {
        for (int32_t i = 0; i < world_items; i++) {
            float *dense = &w->x0[u * world_items + (size_t)i];
            *dense = u == 2 || draw_real(draws) < 0.8 ? 0.0f : 1.0f + 0.25f * (float)(i % 3);
            if (*dense != 0.0f) {
                w->row_items[place] = i;
                w->row_values[place++] = *dense;
            }
        }
        w->pointers[u + 1] = place;
    }
}

static inline void module_world_on(struct module_world *w, diffmm_context *context,
                                   const char *const *list)
{
    struct draws draws = {7};
    *w = (struct module_world){.context = context};
    world_rows(w, &draws);
    draw_normals(&draws, world_size, 1.0, w->noise);
    draw_mask(&draws, world_size, 0.5, 2.0f, w->dropout_scale);
    draw_numbers(&draws, world_users, 4, w->t);
    draw_normals(&draws, world_items * world_d, 0.4, w->features);
    draw_normals(&draws, world_items * world_d, 0.4, w->embedding);
    w->batch = (diffmm_diffusion_batch){.struct_size = sizeof w->batch,
                                        .users = world_users,
                                        .row_pointers = w->pointers,
                                        .row_items = w->row_items,
                                        .row_values = w->row_values,
                                        .epoch = 1,
                                        .t = w->t,
                                        .noise = w->noise,
                                        .dropout_scale = w->dropout_scale,
                                        .d = world_d,
                                        .features = w->features,
                                        .item_embedding = w->embedding};
    w->options = settings(context, module_settings);
    set_all(w->options, list);
    expect_success(diffmm_diffusion_create(context, world_items, w->options, 21, &w->module));
    for (size_t i = 0; i < diffmm_diffusion_parameters(w->module); i++) {
        diffmm_parameter p = {.struct_size = sizeof p};
        expect_success(diffmm_diffusion_parameter_at(w->module, i, &p));
        w->parameters += p.rows * p.columns;
    }
}

/* Settings as for settings(), after module_settings. */
static inline void module_world_begin(struct module_world *w, size_t threads,
                                      const char *const *list)
{
    diffmm_context *context;
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = threads}, &context));
    module_world_on(w, context, list);
}

static inline void module_world_end(struct module_world *w)
{
    diffmm_diffusion_destroy(w->module);
    diffmm_options_destroy(w->options);
    diffmm_context_destroy(w->context);
}

/* All parameters, in place. */
static inline const float *module_values(const diffmm_diffusion *module)
{
    diffmm_parameter p = {.struct_size = sizeof p};
    expect_success(diffmm_diffusion_parameter_at(module, 0, &p));
    return p.values;
}

/* The shape that the settings say. */
static inline diffmm_denoiser_shape world_shape(size_t hidden_count, const size_t *hidden,
                                                int normalize)
{
    return (diffmm_denoiser_shape){.struct_size = sizeof(diffmm_denoiser_shape),
                                   .items = world_items,
                                   .time_size = 4,
                                   .hidden_count = hidden_count,
                                   .hidden_sizes = hidden,
                                   .normalize = normalize};
}

/* The bytes of its file: parameters, moments, steps and settings. */
struct module_state {
    unsigned char *data;
    size_t size;
};

static inline struct module_state module_state(const diffmm_diffusion *module)
{
    struct module_state state = {0};
    expect_success(diffmm_diffusion_save_memory(module, NULL, 0, &state.size));
    state.data = malloc(state.size);
    expect_success(diffmm_diffusion_save_memory(module, state.data, state.size, &state.size));
    return state;
}

static inline void expect_same_module(const diffmm_diffusion *a, const diffmm_diffusion *b)
{
    struct module_state x = module_state(a), y = module_state(b);
    ck_assert_uint_eq(x.size, y.size);
    ck_assert(memcmp(x.data, y.data, x.size) == 0);
    free(x.data);
    free(y.data);
}

#endif
