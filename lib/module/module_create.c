/* SPDX-License-Identifier: BSD-2-Clause */
/* How modules come to be: with initial values, in a basis, as a copy, with further items. */
#include <math.h>
#include <string.h>

#include "base/check.h"
#include "base/handle.h"
#include "base/numbers.h"
#include "base/status.h"
#include "base/streams.h"
#include "linalg/gemm.h"
#include "module/module.h"
#include "options/options.h"

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
    diffmm_status status = diffmm__check_finite("basis", items * rank, basis);
    if (status)
        return status;
    float *gram = diffmm__allocate(context, rank * rank, sizeof *gram);
    if (!gram)
        return DIFFMM_ERROR_NO_MEMORY;
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
    if (module->weights) {
        float weight = largest_weight(module);
        for (size_t i = 0; i < count; i++)
            extended->weights[module->items + i] = weight;
    }
    *out = extended;
    return DIFFMM_OK;
}
