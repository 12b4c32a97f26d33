/* SPDX-License-Identifier: BSD-2-Clause */
/* Which directions of R are worth keeping depends on how its rows and columns are scaled. Those of
 * R itself reproduce what users with long rows and popular items do, and of A_hat's block
 *     S = (D_u + 1)^-1/2 R (D_i + 1)^-1/2,   with columns of V scaled back by (D_i + 1)^1/2,
 * what is alike whatever its size; the 1 keeps pairs that are alone from being directions of their
 * own (regularised spectral clustering: Qin and Rohe, 2013). Recall@20 on held-out items, rank 256,
 * of x0 projected, and of the best linear denoiser in the basis at dropout 0.5 (Chen et al.,
 * Marginalized denoising autoencoders, 2012):
 *                          TikTok, image        debian, text
 *     R                    .043  .067           .389  .588
 *     R (D_i + 1)^-1/2     .073  .075           .584  .604
 *     S                    .067  .079           .576  .607 */
#include "diffusion/spectral_basis.h"

#include <math.h>
#include <string.h>

#include <diffmm/diffusion.h>

#include "base/check.h"
#include "base/handle.h"
#include "base/memory.h"
#include "base/pool.h"
#include "base/sizes.h"
#include "base/status.h"
#include "base/streams.h"
#include "base/structs.h"
#include "diffusion/feature_directions.h"
#include "linalg/gemm.h"
#include "linalg/kernels.h"
#include "linalg/leading_vectors.h"
#include "linalg/orthonormal.h"
#include "linalg/vectors.h"

/* Parts of the streams: each solution takes two. */
enum {
    stream_of_features = 0,
    stream_of_interactions = 2,
    stream_of_known = 4,
    stream_of_completion = 5
};

/* How many directions come from where, of `rank`: first popularity and 1. */
static size_t wanted_of_features(size_t items, size_t feature_columns, size_t rank)
{
    size_t quarter = rank / 4;
    size_t least = feature_columns < items ? feature_columns : items;
    return quarter < least ? quarter : least;
}

static size_t wanted_of_interactions(size_t rank, size_t of_features)
{
    return rank - of_features > 2 ? rank - of_features - 2 : 0;
}

/* S = W_u R W without what the first two columns of the basis hold already, K = [W popularity, W 1]
 * made orthonormal; streamed over blocks of users:
 *     y = P S^T S P x,   P = 1 - K K^T,
 *     S^T S P x = sum over blocks of S_b^T (S_b x - S_b K K^T x).
 * Without that, the first singular vector would nearly be popularity once more. */
enum { known = 2 };

struct interactions {
    const diffmm_context *context;
    struct diffmm__csr scaled;     /* S */
    struct diffmm__csr transposed; /* S_b^T */
    float *item_scale;             /* W */
    float *z;                      /* S_b P x */
    float *known, *known_product;  /* K, and S K */
    float *along, *along_chunks;   /* K^T x, and what that product needs */
    size_t block;                  /* users in a block */
};

/* Users in a block: as many as make S_b x a matrix of 4 M floats. */
static size_t block_of_users(size_t users, size_t columns)
{
    enum { floats = 1 << 22, least = 256 };
    size_t block = floats / columns < least ? least : floats / columns;
    return block < users ? block : users;
}

static void take_interactions(struct diffmm__arena *arena, size_t users, size_t items,
                              size_t entries, size_t count, struct interactions *s)
{
    size_t columns = diffmm__leading_block(items, count);
    s->block = block_of_users(users, columns);
    diffmm__csr_take(arena, users, items, entries, true, &s->scaled);
    diffmm__csr_take(arena, items, s->block, entries, true, &s->transposed);
    s->item_scale = diffmm__arena_take(arena, items, sizeof *s->item_scale);
    s->z = diffmm__arena_take(arena, s->block * columns, sizeof *s->z);
    s->known = diffmm__arena_take(arena, items * known, sizeof *s->known);
    s->known_product = diffmm__arena_take(arena, users * known, sizeof *s->known_product);
    s->along = diffmm__arena_take(arena, known * columns, sizeof *s->along);
    s->along_chunks = diffmm__arena_take(arena, known * columns * diffmm__gemm_chunks(items),
                                         sizeof *s->along_chunks);
}

static void fill_interactions(const struct diffmm__spectral_source *source, const float *popularity,
                              struct interactions *s)
{
    const struct diffmm__csr *train = source->train;
    float user_offset = source->user_offset > 0.0f ? source->user_offset : 1.0f;
    float item_offset = source->item_offset > 0.0f ? source->item_offset : 1.0f;
    for (size_t i = 0; i < train->columns; i++)
        s->item_scale[i] = 1.0f / sqrtf(popularity[i] + item_offset);
    s->scaled.pointers[0] = 0;
    for (size_t u = 0; u < train->rows; u++) {
        float user_scale = 1.0f / sqrtf((float)diffmm__csr_row_entries(train, u) + user_offset);
        int64_t to = s->scaled.pointers[u];
        for (int64_t e = train->pointers[u]; e < train->pointers[u + 1]; e++, to++) {
            s->scaled.indices[to] = train->indices[e];
            s->scaled.values[to] = user_scale * s->item_scale[train->indices[e]];
        }
        s->scaled.pointers[u + 1] = to;
    }
}

/* y = A x + start for a sparse A; `start` is NULL or y. */
struct sparse_product {
    const struct diffmm__csr *a;
    size_t columns;
    const float *x, *start;
    float *y;
    const struct diffmm__vector_kernels *kernels;
};

static void multiply_range(void *argument, size_t begin, size_t end)
{
    const struct sparse_product *p = argument;
    for (size_t r = begin; r < end; r++) {
        int64_t first = p->a->pointers[r];
        size_t place = r * p->columns;
        p->kernels->add_rows(diffmm__csr_row_entries(p->a, r), p->a->indices + first,
                             p->a->values + first, 1.0f, p->columns, p->x,
                             p->start ? p->start + place : NULL, p->y + place);
    }
}

static void multiply(const diffmm_context *context, const struct diffmm__csr *a, size_t columns,
                     const float *x, const float *start, float *y)
{
    struct sparse_product p = {
        .a = a, .columns = columns, .x = x, .start = start, .y = y, .kernels = diffmm__kernels()};
    diffmm__parallel_ranges(context, a->rows, 128, multiply_range, &p);
}

static diffmm_status begin_known(const struct diffmm__spectral_source *source,
                                 const float *popularity, struct interactions *s)
{
    size_t items = source->train->columns;
    for (size_t i = 0; i < items; i++) {
        s->known[i * known] = s->item_scale[i] * popularity[i];
        s->known[i * known + 1] = s->item_scale[i];
    }
    diffmm_status status = diffmm__orthonormal_columns(
        s->context, items, known, source->seed, source->stream + stream_of_known, s->known, NULL);
    multiply(s->context, &s->scaled, known, s->known, NULL, s->known_product);
    return status;
}

/* s->along = K^T x. */
static void project_on_known(struct interactions *s, size_t columns, const float *x)
{
    diffmm__gemm_split_k(s->context, known, columns, s->scaled.columns,
                         diffmm__transposed(s->known, known), diffmm__plain(x, columns), s->along,
                         s->along_chunks);
}

/* y -= (rows x known) s->along. */
static void remove_known(struct interactions *s, size_t rows, size_t columns, const float *of,
                         float *y)
{
    diffmm__gemm(s->context, rows, columns, known, -1.0f, diffmm__plain(of, known),
                 diffmm__plain(s->along, columns), 1.0f, y, columns);
}

static void multiply_interactions(void *argument, size_t columns, const float *x, float *y)
{
    struct interactions *s = argument;
    const struct diffmm__csr *all = &s->scaled;
    project_on_known(s, columns, x);
    diffmm__vector_clear(s->context, all->columns * columns, y);
    for (size_t first = 0; first < all->rows; first += s->block) {
        size_t users = all->rows - first < s->block ? all->rows - first : s->block;
        struct diffmm__csr block =
            diffmm__csr_view(users, all->columns, all->pointers + first, all->indices, all->values);
        diffmm__csr_transpose(s->context, &block, users, NULL, &s->transposed);
        multiply(s->context, &block, columns, x, NULL, s->z);
        remove_known(s, users, columns, s->known_product + first * known, s->z);
        multiply(s->context, &s->transposed, columns, s->z, y, y);
    }
    project_on_known(s, columns, y);
    remove_known(s, all->columns, columns, s->known, y);
}

static void count_items(const struct diffmm__csr *train, float *popularity)
{
    memset(popularity, 0, train->columns * sizeof *popularity);
    for (int64_t e = train->pointers[0]; e < train->pointers[train->rows]; e++)
        popularity[train->indices[e]] += 1.0f;
}

/* Columns `first` .. of the basis: W^-1 V. */
static diffmm_status add_interactions(const diffmm_context *context,
                                      const struct diffmm__spectral_source *source,
                                      const float *popularity, size_t first, size_t count,
                                      float *basis)
{
    const struct diffmm__csr *train = source->train;
    size_t rank = source->rank;
    struct interactions s = {.context = context};
    struct diffmm__arena arena = diffmm__arena_on(context);
    take_interactions(&arena, train->rows, train->columns, diffmm__csr_entries(train), count, &s);
    struct diffmm__leading leading = {.rows = train->columns,
                                      .wanted = count,
                                      .product = multiply_interactions,
                                      .argument = &s,
                                      .seed = source->seed,
                                      .stream = source->stream + stream_of_interactions};
    diffmm_status status = arena.failed ? DIFFMM_ERROR_NO_MEMORY : DIFFMM_OK;
    if (!status) {
        fill_interactions(source, popularity, &s);
        status = begin_known(source, popularity, &s);
    }
    if (!status)
        status = diffmm__leading_vectors(context, &leading, basis + first, rank, NULL);
    for (size_t i = 0; i < train->columns && !status; i++)
        for (size_t c = first; c < first + count; c++)
            basis[i * rank + c] /= s.item_scale[i];
    diffmm__arena_end(&arena);
    return status;
}

/* The last columns of the basis: U, or as many of it as F has; *found is how many. Their norms, the
 * singular values, are left to the orthonormalisation. */
static diffmm_status add_features(const diffmm_context *context,
                                  const struct diffmm__spectral_source *source, size_t count,
                                  float *basis, size_t *found)
{
    size_t items = source->train->columns, rank = source->rank;
    struct diffmm__feature_directions directions;
    struct diffmm__arena arena = diffmm__arena_on(context);
    diffmm__feature_directions_take(&arena, items, source->feature_columns, count, &directions);
    diffmm_status status =
        arena.failed ? DIFFMM_ERROR_NO_MEMORY
                     : diffmm__feature_directions_find(&directions, source->features, source->seed,
                                                       source->stream + stream_of_features);
    if (!status && directions.found > 0)
        diffmm__feature_directions_project(&directions, items, source->features,
                                           basis + rank - directions.found, rank);
    *found = status ? 0 : directions.found;
    diffmm__arena_end(&arena);
    return status;
}

diffmm_status diffmm__spectral_basis_compute(const diffmm_context *context,
                                             const struct diffmm__spectral_source *source,
                                             float *basis)
{
    size_t items = source->train->columns, rank = source->rank, of_features = 0;
    size_t wanted = wanted_of_features(items, source->feature_columns, rank);
    float *popularity = diffmm__allocate(context, items, sizeof *popularity);
    diffmm_status status = popularity ? DIFFMM_OK : DIFFMM_ERROR_NO_MEMORY;
    if (!status && wanted > 0)
        status = add_features(context, source, wanted, basis, &of_features);
    size_t of_interactions = wanted_of_interactions(rank, of_features);
    if (!status) {
        count_items(source->train, popularity);
        for (size_t i = 0; i < items; i++) {
            basis[i * rank] = popularity[i];
            if (rank > 1)
                basis[i * rank + 1] = 1.0f;
        }
        if (of_interactions > 0)
            status = add_interactions(context, source, popularity, 2, of_interactions, basis);
    }
    diffmm__release(context, popularity);
    return status ? status
                  : diffmm__orthonormal_columns(context, items, rank, source->seed,
                                                source->stream + stream_of_completion, basis, NULL);
}

/* The memory of the three steps, which follow each other. Fewer directions of the features leave
 * more to the interactions. */
size_t diffmm__spectral_basis_bytes(size_t users, size_t items, size_t entries,
                                    size_t feature_columns, size_t rank)
{
    size_t of_features = wanted_of_features(items, feature_columns, rank);
    size_t of_interactions = wanted_of_interactions(rank, 0);
    struct diffmm__arena first = diffmm__arena_measure(), second = diffmm__arena_measure();
    struct diffmm__feature_directions directions;
    struct interactions interactions;
    diffmm__feature_directions_take(&first, items, feature_columns, of_features, &directions);
    take_interactions(&second, users, items, entries, of_interactions, &interactions);
    size_t peak = diffmm__size_greater(
        diffmm__size_sum(first.bytes,
                         diffmm__feature_directions_bytes(feature_columns, of_features)),
        diffmm__size_sum(second.bytes, diffmm__leading_bytes(items, of_interactions)));
    return diffmm__size_sum(diffmm__allocation_bytes(items, sizeof(float)),
                            diffmm__size_greater(peak, diffmm__orthonormal_bytes(items, rank)));
}

double diffmm__spectral_basis_flops(size_t items, size_t entries, size_t feature_columns,
                                    size_t rank)
{
    size_t of_features = wanted_of_features(items, feature_columns, rank);
    size_t of_interactions = wanted_of_interactions(rank, of_features);
    double n = (double)diffmm__leading_block(items, of_interactions);
    double m = (double)diffmm__leading_block(feature_columns, of_features);
    double dense = 4.0 * (double)items * (double)feature_columns * m;
    double sparse = 4.0 * (double)entries * n;
    return DIFFMM__LEADING_PRODUCTS * (dense + sparse) +
           diffmm__leading_flops(items, of_interactions) +
           diffmm__leading_flops(feature_columns, of_features) +
           4.0 * (double)items * (double)rank * (double)rank;
}

static diffmm_status check_sizes(const diffmm_spectral_basis_arguments *a)
{
    diffmm_status status;
    size_t most = a->items < DIFFMM__SPECTRAL_MOST_RANK ? a->items : DIFFMM__SPECTRAL_MOST_RANK;
    if ((status = diffmm__check_size("users", a->users, 0, INT32_MAX)) ||
        (status = diffmm__check_size("items", a->items, 1, INT32_MAX)) ||
        (status = diffmm__check_size("rank", a->rank, 1, most)) ||
        (status =
             diffmm__check_size("feature_columns", a->feature_columns, 0, diffmm__most_columns)) ||
        (status = diffmm__size_check_array("items", a->items, "rank", a->rank, sizeof(float))))
        return status;
    return diffmm__size_check_array("items", a->items, "feature_columns", a->feature_columns,
                                    sizeof(float));
}

static diffmm_status check(const diffmm_spectral_basis_arguments *a,
                           const struct diffmm__csr *train)
{
    const struct diffmm__csr_expected expected = {.pointers = "row_pointers",
                                                  .indices = "row_items",
                                                  .columns = "items",
                                                  .ascending = true,
                                                  .status = DIFFMM_ERROR_INVALID_ARGUMENT};
    diffmm_status status = check_sizes(a);
    if (status)
        return status;
    if (!a->row_pointers || !a->basis)
        return diffmm__null(!a->row_pointers ? "row_pointers" : "basis");
    if (a->feature_columns > 0 &&
        (status = diffmm__check_finite("features", a->items * a->feature_columns, a->features)))
        return status;
    return diffmm__csr_check(train, &expected);
}

diffmm_status diffmm_spectral_basis_with(diffmm_context *context,
                                         const diffmm_spectral_basis_arguments *arguments)
{
    DIFFMM__CALL context_call = diffmm__call_reads(context);
    if (!arguments)
        return diffmm__null("arguments");
    diffmm_spectral_basis_arguments a;
    diffmm_status status =
        diffmm__struct_read(&a, &diffmm__layout_spectral_basis_arguments, arguments, "arguments");
    if (status)
        return status;
    struct diffmm__csr train =
        diffmm__csr_view(a.users, a.items, a.row_pointers, a.row_items, NULL);
    if ((status = check(&a, &train)))
        return status;
    struct diffmm__spectral_source source = {
        .train = &train,
        .feature_columns = a.feature_columns,
        .features = a.features,
        .rank = a.rank,
        .seed = a.seed,
        .stream = diffmm__stream_spectral_basis(DIFFMM__NO_MODALITY)};
    float *basis = diffmm__allocate(context, a.items * a.rank, sizeof *basis);
    if (!basis)
        return DIFFMM_ERROR_NO_MEMORY;
    status = diffmm__spectral_basis_compute(context, &source, basis);
    if (!status)
        memcpy(a.basis, basis, a.items * a.rank * sizeof *basis);
    diffmm__release(context, basis);
    return status;
}
