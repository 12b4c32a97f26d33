/* SPDX-License-Identifier: BSD-2-Clause */
/* Ridge regression of B (items x rank, less its mean) on the centred features F, in the basis of
 * F's right singular vectors V, where the normal equations are diagonal: with T = F V, whose
 * columns have the squared norms theta_j,
 *     M = diag(1 / (theta_j + lambda)) T^T B,   new rows: mean + (F' - mean of F) V M.
 * lambda is chosen from powers of ten times the mean of theta by generalised cross-validation
 * (Golub, Heath and Wahba, 1979), which stands for leaving out each item in turn:
 *     GCV(lambda) = RSS(lambda) / (1 - (1 + sum_j f_j) / items)^2,
 *     f_j = theta_j / (theta_j + lambda),
 *     RSS(lambda) = ||B||^2 - sum_j (1 - (1 - f_j)^2) ||(T^T B)_j||^2 / theta_j. */
#include "diffusion/spectral_basis_place.h"

#include <math.h>

#include <diffmm/diffusion.h>

#include "base/check.h"
#include "base/handle.h"
#include "base/memory.h"
#include "base/sizes.h"
#include "base/status.h"
#include "base/streams.h"
#include "base/structs.h"
#include "diffusion/feature_directions.h"
#include "diffusion/spectral_basis.h"
#include "linalg/gemm.h"
#include "linalg/vectors.h"

/* Wider features are reduced to as many principal components. */
enum { most_components = 512, rows_in_block = 2048 };

struct work {
    const struct diffmm__spectral_placement *placement;
    size_t rank, components;
    struct diffmm__feature_directions directions;
    float *t;              /* a block of T */
    float *map;            /* T^T B, then M: components x rank */
    float *sum, *chunks;   /* the part of T^T B of a block, and what that product needs */
    double *mean, *energy; /* of B's columns; of the rows of T^T B, divided by theta */
};

static void take(struct diffmm__arena *arena, const struct diffmm__spectral_placement *p,
                 struct work *w)
{
    size_t least = p->feature_columns < p->items ? p->feature_columns : p->items;
    size_t components = least < most_components ? least : most_components;
    size_t chunks = diffmm__gemm_chunks(rows_in_block);
    *w = (struct work){.placement = p, .rank = p->rank, .components = components};
    diffmm__feature_directions_take(arena, p->items, p->feature_columns, components,
                                    &w->directions);
    w->t = diffmm__arena_take(arena, rows_in_block * components, sizeof *w->t);
    w->map = diffmm__arena_take_zero(arena, components * w->rank, sizeof *w->map);
    w->sum = diffmm__arena_take(arena, components * w->rank, sizeof *w->sum);
    w->chunks = diffmm__arena_take(arena, components * w->rank * chunks, sizeof *w->chunks);
    w->mean = diffmm__arena_take_zero(arena, w->rank, sizeof *w->mean);
    w->energy = diffmm__arena_take_zero(arena, components, sizeof *w->energy);
}

/* The means, and ||B||^2 without them. */
static double centre_basis(struct work *w)
{
    const struct diffmm__spectral_placement *p = w->placement;
    double square = 0.0;
    for (size_t i = 0; i < p->items; i++)
        for (size_t r = 0; r < w->rank; r++)
            w->mean[r] += (double)p->basis[i * w->rank + r] / (double)p->items;
    for (size_t i = 0; i < p->items; i++)
        for (size_t r = 0; r < w->rank; r++) {
            double value = (double)p->basis[i * w->rank + r] - w->mean[r];
            square += value * value;
        }
    return square;
}

/* T^T B. The mean of B does not matter: the columns of T sum up to 0. */
static void multiply(struct work *w)
{
    const struct diffmm__spectral_placement *p = w->placement;
    const struct diffmm__feature_directions *d = &w->directions;
    size_t size = d->found * w->rank;
    for (size_t first = 0; first < p->items; first += rows_in_block) {
        size_t rows = p->items - first < rows_in_block ? p->items - first : rows_in_block;
        diffmm__feature_directions_project(d, rows, p->features + first * d->width, w->t, d->found);
        diffmm__gemm_split_k(d->context, d->found, w->rank, rows,
                             diffmm__transposed(w->t, d->found),
                             diffmm__plain(p->basis + first * w->rank, w->rank), w->sum, w->chunks);
        diffmm__vector_add_scaled(d->context, size, 1.0f, w->sum, w->map);
    }
    for (size_t j = 0; j < d->found; j++) {
        for (size_t r = 0; r < w->rank; r++) {
            double value = (double)w->map[j * w->rank + r];
            w->energy[j] += value * value;
        }
        w->energy[j] /= d->squares[j];
    }
}

/* GCV, or infinity where as many degrees of freedom as items are used. */
static double cross_validate(const struct work *w, double square, double lambda)
{
    double left = square, freedom = 1.0;
    for (size_t j = 0; j < w->directions.found; j++) {
        double factor = w->directions.squares[j] / (w->directions.squares[j] + lambda);
        left -= (1.0 - (1.0 - factor) * (1.0 - factor)) * w->energy[j];
        freedom += factor;
    }
    double rest = 1.0 - freedom / (double)w->placement->items;
    return rest > 1e-6 ? fmax(left, 0.0) / (rest * rest) : (double)INFINITY;
}

static double choose_ridge(const struct work *w, double square)
{
    enum { least = -6, most = 3 }; /* powers of ten */
    double mean = 0.0, best = (double)INFINITY, chosen = 0.0;
    for (size_t j = 0; j < w->directions.found; j++)
        mean += w->directions.squares[j] / (double)w->directions.found;
    for (int power = most; power >= least; power--) {
        double lambda = mean * pow(10.0, power), error = cross_validate(w, square, lambda);
        if (error < best || power == most) {
            best = error;
            chosen = lambda;
        }
    }
    return chosen;
}

static void solve(struct work *w)
{
    double square = centre_basis(w);
    multiply(w);
    double lambda = choose_ridge(w, square);
    for (size_t j = 0; j < w->directions.found; j++)
        for (size_t r = 0; r < w->rank; r++)
            w->map[j * w->rank + r] =
                (float)((double)w->map[j * w->rank + r] / (w->directions.squares[j] + lambda));
}

/* What lies so far outside of the items' features would overflow, and mean nothing. */
static diffmm_status check_range(const struct diffmm__feature_directions *d, size_t rows,
                                 const float *features)
{
    const double most = 1e12;
    for (size_t i = 0; i < rows; i++)
        for (size_t c = 0; c < d->width; c++) {
            double value = (double)features[i * d->width + c] - (double)d->mean[c];
            if (fabs(value) * d->scale > most)
                return diffmm__fail(DIFFMM_ERROR_NUMERIC,
                                    "new_features: row %zu, column %zu is more than 1e12 times as "
                                    "far from the mean as the features of any item",
                                    i, c);
        }
    return DIFFMM_OK;
}

static void place(const struct work *w, size_t rows, const float *features, float *out)
{
    const struct diffmm__feature_directions *d = &w->directions;
    for (size_t first = 0; first < rows; first += rows_in_block) {
        size_t now = rows - first < rows_in_block ? rows - first : rows_in_block;
        float *block = out + first * w->rank;
        for (size_t i = 0; i < now * w->rank; i++)
            block[i] = (float)w->mean[i % w->rank];
        if (d->found == 0)
            continue;
        diffmm__feature_directions_project(d, now, features + first * d->width, w->t, d->found);
        diffmm__gemm(d->context, now, w->rank, d->found, 1.0f, diffmm__plain(w->t, d->found),
                     diffmm__plain(w->map, w->rank), 1.0f, block, w->rank);
    }
}

diffmm_status diffmm__spectral_basis_place(const diffmm_context *context,
                                           const struct diffmm__spectral_placement *placement,
                                           size_t rows, const float *features, float *out)
{
    struct work w;
    struct diffmm__arena arena = diffmm__arena_on(context);
    take(&arena, placement, &w);
    diffmm_status status =
        arena.failed
            ? DIFFMM_ERROR_NO_MEMORY
            : diffmm__feature_directions_find(&w.directions, placement->features, placement->seed,
                                              placement->stream + DIFFMM__SPECTRAL_STREAM_OF_PLACE);
    if (!status && (status = check_range(&w.directions, rows, features)) == DIFFMM_OK) {
        solve(&w);
        place(&w, rows, features, out);
    }
    diffmm__arena_end(&arena);
    return status;
}

static diffmm_status check(const diffmm_spectral_basis_place_arguments *a)
{
    diffmm_status status;
    size_t columns = a->feature_columns;
    if ((status = diffmm__check_size("items", a->items, 1, INT32_MAX)) ||
        (status = diffmm__check_size("feature_columns", columns, 1, diffmm__most_columns)) ||
        (status = diffmm__check_size("rank", a->rank, 1, DIFFMM__SPECTRAL_MOST_RANK)) ||
        (status = diffmm__check_size("new_items", a->new_items, 0, INT32_MAX)) ||
        (status = diffmm__size_check_array("items", a->items, "feature_columns", columns,
                                           sizeof(float))) ||
        (status = diffmm__size_check_array("items", a->items, "rank", a->rank, sizeof(float))) ||
        (status = diffmm__size_check_array("new_items", a->new_items, "feature_columns", columns,
                                           sizeof(float))) ||
        (status =
             diffmm__size_check_array("new_items", a->new_items, "rank", a->rank, sizeof(float))))
        return status;
    if (a->new_items > 0 && !a->placed)
        return diffmm__null("placed");
    if ((status = diffmm__check_finite("features", a->items * columns, a->features)) ||
        (status = diffmm__check_finite("basis", a->items * a->rank, a->basis)) || a->new_items == 0)
        return status;
    return diffmm__check_finite("new_features", a->new_items * columns, a->new_features);
}

diffmm_status
diffmm_spectral_basis_place_with(diffmm_context *context,
                                 const diffmm_spectral_basis_place_arguments *arguments)
{
    DIFFMM__CALL context_call = diffmm__call_reads(context);
    if (!arguments)
        return diffmm__null("arguments");
    diffmm_spectral_basis_place_arguments a;
    diffmm_status status = diffmm__struct_read(&a, &diffmm__layout_spectral_basis_place_arguments,
                                               arguments, "arguments");
    if (status || (status = check(&a)) || a.new_items == 0)
        return status;
    struct diffmm__spectral_placement placement = {
        .items = a.items,
        .feature_columns = a.feature_columns,
        .features = a.features,
        .rank = a.rank,
        .basis = a.basis,
        .seed = a.seed,
        .stream = diffmm__stream_spectral_basis(DIFFMM__NO_MODALITY)};
    return diffmm__spectral_basis_place(context, &placement, a.new_items, a.new_features, a.placed);
}
