/* SPDX-License-Identifier: BSD-2-Clause */
/* The handle: create, copy, destroy, and what it gives. */
#include "module/module.h"

#include <math.h>
#include <string.h>

#include "base/check.h"
#include "base/context.h"
#include "base/handle.h"
#include "base/numbers.h"
#include "base/sizes.h"
#include "base/status.h"
#include "base/streams.h"
#include "linalg/gemm.h"
#include "options/options.h"

diffmm_status diffmm__module_layers(size_t items, const struct diffmm__settings *settings,
                                    struct diffmm__layers *out)
{
    size_t rank = settings->denoiser_rank < items ? settings->denoiser_rank : items;
    diffmm_denoiser_shape shape = {.items = settings->spectral ? rank : items,
                                   .time_size = settings->time_size,
                                   .hidden_count = settings->hidden_count,
                                   .hidden_sizes = settings->hidden_sizes,
                                   .normalize = settings->normalize};
    diffmm_status status = diffmm__layers_read(&shape, out);
    if (!status && settings->spectral)
        diffmm__layers_set_basis(out, items);
    return status;
}

size_t diffmm__module_constants_count(void)
{
    return 3;
}

struct diffmm__module_constant diffmm__module_constant_at(const diffmm_diffusion *module,
                                                          size_t index)
{
    size_t items = module->items, rank = module->basis.rank;
    const struct diffmm__module_constant all[] = {{"basis", items, rank, module->basis_values},
                                                  {"weights", items + 1, 1, module->weights},
                                                  {"linear", rank, rank, module->linear}};
    return all[index];
}

const struct diffmm__basis *diffmm__module_basis(const diffmm_diffusion *module)
{
    return module->basis_values ? &module->basis : NULL;
}

struct diffmm__sampling diffmm__module_sampling(const struct diffmm__settings *settings)
{
    return (struct diffmm__sampling){.sampling_steps = settings->sampling_steps,
                                     .sampling_noise = settings->sampling_noise};
}

struct diffmm__draws diffmm__module_draws(const diffmm_diffusion *module, uint64_t epoch)
{
    return (struct diffmm__draws){.seed = module->settings.seed,
                                  .time_stream = diffmm__stream_time(module->modality, epoch),
                                  .noise_stream = diffmm__stream_noise(module->modality, epoch),
                                  .dropout_stream = diffmm__stream_dropout(module->modality, epoch),
                                  .dropout = module->settings.dropout};
}

struct diffmm__draws diffmm__module_pass_draws(const diffmm_diffusion *module, uint64_t epoch,
                                               size_t pass)
{
    struct diffmm__draws draws = diffmm__module_draws(module, epoch);
    draws.time_stream = diffmm__stream_pass(draws.time_stream, pass);
    draws.noise_stream = diffmm__stream_pass(draws.noise_stream, pass);
    draws.dropout_stream = diffmm__stream_pass(draws.dropout_stream, pass);
    return draws;
}

struct diffmm__draws diffmm__module_reverse_draws(const diffmm_diffusion *module, uint64_t epoch)
{
    return (struct diffmm__draws){.seed = module->settings.seed,
                                  .noise_stream =
                                      diffmm__stream_reverse_noise(module->modality, epoch)};
}

static void lay_out(diffmm_diffusion *module)
{
    struct diffmm__arena *arena = &module->arena;
    size_t size = module->layers.size;
    module->names = diffmm__arena_take(arena, 2 * module->layers.count, sizeof *module->names);
    module->values = diffmm__arena_take(arena, size, sizeof(float));
    module->first_moment = diffmm__arena_take_zero(arena, size, sizeof(float));
    module->second_moment = diffmm__arena_take_zero(arena, size, sizeof(float));
    size_t items = module->layers.basis_items, rank = module->layers.items;
    if (items == 0)
        return;
    module->basis_values = diffmm__arena_take_zero(arena, items * rank, sizeof(float));
    if (module->settings.rows_normalized)
        module->weights = diffmm__arena_take_zero(arena, items + 1, sizeof(float));
    if (module->settings.denoiser_linear)
        module->linear = diffmm__arena_take_zero(arena, rank * rank, sizeof(float));
}

size_t diffmm__module_bytes(const struct diffmm__layers *layers,
                            const struct diffmm__settings *settings)
{
    enum { small_blocks = 8 << 10 }; /* options and handles */
    diffmm_diffusion measured = {
        .settings = *settings, .layers = *layers, .arena = diffmm__arena_measure()};
    lay_out(&measured);
    size_t arrays = diffmm__size_sum(measured.arena.bytes, diffmm__schedule_bytes(settings->steps));
    return diffmm__size_sum(arrays, diffmm__allocation_bytes(1, sizeof measured) + small_blocks);
}

/* Everything but the values of parameters. */
static diffmm_status assemble(diffmm_diffusion *module, size_t items, const diffmm_options *options)
{
    const struct diffmm__settings *s = &module->settings;
    diffmm_status status;
    if ((status = diffmm__options_copy(module->context, options, &module->options)) ||
        (status = diffmm__settings_read(module->options, &module->settings)) ||
        (status = diffmm__module_layers(items, s, &module->layers)) ||
        (status = diffmm_schedule_create(module->context, s->steps, s->noise_scale, s->noise_min,
                                         s->noise_max, s->beta_fixed, &module->schedule)))
        return status;
    module->arena = diffmm__arena_on(module->context);
    lay_out(module);
    if (module->arena.failed)
        return DIFFMM_ERROR_NO_MEMORY;
    module->items = items;
    if (module->basis_values)
        module->basis = (struct diffmm__basis){.items = items,
                                               .rank = module->layers.items,
                                               .values = module->basis_values,
                                               .weights = module->weights,
                                               .linear = module->linear};
    for (size_t i = 0; i < 2 * module->layers.count; i++) {
        struct diffmm__layer_tensor tensor = diffmm__layers_tensor(&module->layers, i);
        memcpy(module->names[i], tensor.name, sizeof module->names[i]);
    }
    return DIFFMM_OK;
}

static void end_module(void *object)
{
    diffmm_diffusion *module = object;
    diffmm_context *context = module->context;
    diffmm__module_workspace_end(&module->workspace);
    diffmm__arena_end(&module->arena);
    diffmm_schedule_destroy(module->schedule);
    diffmm_options_destroy(module->options);
    diffmm__release(context, module);
    diffmm__context_release(context);
}

diffmm_status diffmm__module_allocate(diffmm_context *context, size_t items,
                                      const diffmm_options *options, size_t modality,
                                      diffmm_diffusion **out)
{
    diffmm_diffusion *module = diffmm__allocate_zero(context, 1, sizeof *module);
    if (!module)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm__handle_begin(module, end_module);
    module->context = diffmm__context_retain(context);
    module->modality = modality;
    diffmm_status status = assemble(module, items, options);
    if (status) {
        diffmm_diffusion_destroy(module);
        return status;
    }
    *out = module;
    return DIFFMM_OK;
}

/* What the layers add to a linear prediction is nothing before they have learnt. */
static void clear_last_layer(const diffmm_diffusion *module)
{
    const struct diffmm__layer *last = &module->layers.layer[module->layers.count - 1];
    memset(module->values + last->weight, 0,
           (last->inputs + 1) * last->outputs * sizeof *module->values);
}

diffmm_status diffmm__module_create(diffmm_context *context, size_t items,
                                    const diffmm_options *options, size_t modality,
                                    diffmm_diffusion **out)
{
    diffmm_diffusion *module;
    diffmm_status status = diffmm__module_allocate(context, items, options, modality, &module);
    if (status)
        return status;
    diffmm__layers_initialize(&module->layers, module->settings.seed,
                              diffmm__stream_denoiser(modality), module->values);
    if (module->linear)
        clear_last_layer(module);
    *out = module;
    return DIFFMM_OK;
}

/* The caller's options with the caller's seed. */
static diffmm_status seed_options(diffmm_context *context, const diffmm_options *options,
                                  uint64_t seed, diffmm_options **out)
{
    if (seed > INT64_MAX)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "seed is %llu, not below 2^63",
                            (unsigned long long)seed);
    diffmm_options *seeded;
    diffmm_status status = diffmm__options_copy(context, options, &seeded);
    if (status)
        return status;
    status = diffmm_options_set_integer(seeded, "seed", (int64_t)seed);
    if (status)
        diffmm_options_destroy(seeded);
    else
        *out = seeded;
    return status;
}

static diffmm_status check_full(const diffmm_options *options)
{
    const char *kind;
    diffmm_status status = diffmm_options_get(options, "denoiser.kind", &kind);
    if (!status && strcmp(kind, "spectral") == 0)
        status = diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                              "denoiser.kind is spectral, which takes a basis: create the module "
                              "by diffmm_diffusion_create_spectral()");
    return status;
}

diffmm_status diffmm_diffusion_create(diffmm_context *context, size_t items,
                                      const diffmm_options *options, uint64_t seed,
                                      diffmm_diffusion **out)
{
    DIFFMM__CALL context_call = diffmm__call_reads(context);
    DIFFMM__CALL options_call = diffmm__call_reads(options);
    if (!context || !out)
        return diffmm__null(!context ? "context" : "out");
    diffmm_options *seeded = NULL;
    diffmm_status status = diffmm__check_size("items", items, 1, INT32_MAX);
    if (!status)
        status = seed_options(context, options, seed, &seeded);
    if (!status)
        status = check_full(seeded);
    if (!status)
        status = diffmm__module_create(context, items, seeded, DIFFMM__NO_MODALITY, out);
    diffmm_options_destroy(seeded);
    return status;
}

/* The columns of a basis must be finite, of length 1, and orthogonal. */
static diffmm_status check_basis(const diffmm_context *context, size_t items, size_t rank,
                                 const float *basis)
{
    const double tolerance = 1e-3;
    size_t bad = diffmm__first_not_finite(items * rank, basis);
    if (bad < items * rank)
        return diffmm__fail(DIFFMM_ERROR_NUMERIC, "basis: value %zu is not finite", bad);
    float *gram = diffmm__allocate(context, rank * rank, sizeof *gram);
    if (!gram)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm_status status = DIFFMM_OK;
    diffmm__gemm(context, rank, rank, items, 1.0f, diffmm__transposed(basis, rank),
                 diffmm__plain(basis, rank), 0.0f, gram, rank);
    for (size_t j = 0; j < rank && !status; j++)
        for (size_t k = 0; k <= j && !status; k++) {
            double product = (double)gram[j * rank + k];
            if (!(fabs(product - (j == k)) <= tolerance))
                status = diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                                      "basis: the product of columns %zu and %zu is %g, not %d", k,
                                      j, product, j == k);
        }
    diffmm__release(context, gram);
    return status;
}

/* Weights of rows, and the linear part, come from all training rows, which a module does not have. */
static diffmm_status check_plain(const diffmm_options *options)
{
    struct diffmm__settings settings;
    diffmm_status status = diffmm__settings_read(options, &settings);
    if (!status && (settings.rows_normalized || settings.denoiser_linear))
        status = diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                              "options: %s is for the modules of a trainer's model, which compute "
                              "it from all training rows; weight row_values instead",
                              settings.rows_normalized ? "denoiser.rows = normalized"
                                                       : "denoiser.linear");
    return status;
}

/* A module in a basis that has been checked. */
static diffmm_status create_spectral(diffmm_context *context, size_t items, size_t rank,
                                     const float *basis, diffmm_options *options,
                                     diffmm_diffusion **out)
{
    diffmm_diffusion *module;
    diffmm_status status = check_plain(options);
    if (!status)
        status = diffmm_options_set(options, "denoiser.kind", "spectral");
    if (!status)
        status = diffmm_options_set_integer(options, "denoiser.rank", (int64_t)rank);
    if (!status)
        status = diffmm__module_create(context, items, options, DIFFMM__NO_MODALITY, &module);
    if (status)
        return status;
    memcpy(module->basis_values, basis, items * rank * sizeof *basis);
    *out = module;
    return DIFFMM_OK;
}

diffmm_status diffmm_diffusion_create_spectral(diffmm_context *context, size_t items, size_t rank,
                                               const float *basis, const diffmm_options *options,
                                               uint64_t seed, diffmm_diffusion **out)
{
    DIFFMM__CALL context_call = diffmm__call_reads(context);
    DIFFMM__CALL options_call = diffmm__call_reads(options);
    if (!context || !basis || !out)
        return diffmm__null(!context ? "context" : !basis ? "basis" : "out");
    diffmm_options *seeded = NULL;
    diffmm_status status = diffmm__check_size("items", items, 1, INT32_MAX);
    if (!status)
        status = diffmm__check_size("rank", rank, 1,
                                    items < diffmm__most_columns ? items : diffmm__most_columns);
    if (!status)
        status = check_basis(context, items, rank, basis);
    if (!status)
        status = seed_options(context, options, seed, &seeded);
    if (!status)
        status = create_spectral(context, items, rank, basis, seeded, out);
    diffmm_options_destroy(seeded);
    return status;
}

/* Copies what is learnt into a module of the same layers. */
static void copy_learnt(const diffmm_diffusion *module, diffmm_diffusion *copy)
{
    size_t bytes = module->layers.size * sizeof(float);
    memcpy(copy->values, module->values, bytes);
    memcpy(copy->first_moment, module->first_moment, bytes);
    memcpy(copy->second_moment, module->second_moment, bytes);
    size_t items = module->items, rank = module->basis.rank;
    if (module->basis_values)
        memcpy(copy->basis_values, module->basis_values, items * rank * sizeof(float));
    if (module->weights) {
        memcpy(copy->weights, module->weights, items * sizeof(float));
        copy->weights[copy->items] = module->weights[items];
    }
    if (module->linear)
        memcpy(copy->linear, module->linear, rank * rank * sizeof(float));
    copy->steps = module->steps;
}

diffmm_status diffmm_diffusion_copy(const diffmm_diffusion *module, diffmm_diffusion **out)
{
    DIFFMM__CALL call = diffmm__call_reads(module);
    if (!module || !out)
        return diffmm__null(!module ? "module" : "out");
    diffmm_diffusion *copy;
    diffmm_status status = diffmm__module_allocate(module->context, module->items, module->options,
                                                   module->modality, &copy);
    if (status)
        return status;
    copy_learnt(module, copy);
    *out = copy;
    return DIFFMM_OK;
}

/* The weight of an item that nobody has touched: that of the rarest ones. */
static float largest_weight(const diffmm_diffusion *module)
{
    float largest = 0.0f;
    for (size_t i = 0; i < module->items; i++)
        largest = module->weights[i] > largest ? module->weights[i] : largest;
    return largest;
}

static diffmm_status check_extension(const diffmm_diffusion *module, size_t count,
                                     const float *rows)
{
    if (!module->basis_values)
        return diffmm__fail(DIFFMM_ERROR_STATE,
                            "module: its denoiser is a full one, whose items are fixed");
    size_t rank = module->basis.rank;
    diffmm_status status = diffmm__check_size("count", count, 1, INT32_MAX - module->items);
    if (status)
        return status;
    size_t bad = diffmm__first_not_finite(count * rank, rows);
    return bad < count * rank
               ? diffmm__fail(DIFFMM_ERROR_NUMERIC, "rows: value %zu of new item %zu is not finite",
                              bad % rank, bad / rank)
               : DIFFMM_OK;
}

diffmm_status diffmm_diffusion_extend(const diffmm_diffusion *module, size_t count,
                                      const float *rows, diffmm_diffusion **out)
{
    DIFFMM__CALL call = diffmm__call_reads(module);
    if (!module || !rows || !out)
        return diffmm__null(!module ? "module" : !rows ? "rows" : "out");
    diffmm_diffusion *extended;
    diffmm_options *options = NULL;
    size_t rank = module->basis.rank;
    diffmm_status status = check_extension(module, count, rows);
    if (!status)
        status = diffmm__options_copy(module->context, module->options, &options);
    if (!status) /* where the items were fewer than the option said, they no longer may be */
        status = diffmm_options_set_integer(options, "denoiser.rank", (int64_t)rank);
    if (!status)
        status = diffmm__module_allocate(module->context, module->items + count, options,
                                         module->modality, &extended);
    diffmm_options_destroy(options);
    if (status)
        return status;
    copy_learnt(module, extended);
    memcpy(extended->basis_values + module->items * rank, rows, count * rank * sizeof *rows);
    for (size_t i = 0; i < count && module->weights; i++)
        extended->weights[module->items + i] = largest_weight(module);
    *out = extended;
    return DIFFMM_OK;
}

void diffmm_diffusion_destroy(diffmm_diffusion *module)
{
    diffmm__handle_release(module);
}

size_t diffmm_diffusion_items(const diffmm_diffusion *module)
{
    return module ? module->items : 0;
}

const float *diffmm_diffusion_basis(const diffmm_diffusion *module, size_t *rank)
{
    if (rank)
        *rank = module && module->basis_values ? module->basis.rank : 0;
    return module ? module->basis_values : NULL;
}

uint64_t diffmm_diffusion_steps(const diffmm_diffusion *module)
{
    return module ? module->steps : 0;
}

const diffmm_schedule *diffmm_diffusion_schedule(const diffmm_diffusion *module)
{
    return module ? module->schedule : NULL;
}

const diffmm_options *diffmm_diffusion_options(const diffmm_diffusion *module)
{
    return module ? module->options : NULL;
}
