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

#include "base/memory.h"
#include "base/pool.h"
#include "base/sizes.h"
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
 *     y = P S^T S P x,   P = 1 - K K^T,   S^T S P x = sum over blocks of S_b^T (S_b x - S_b K K^T x).
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

static void fill_interactions(const struct diffmm__csr *train, const float *popularity,
                              struct interactions *s)
{
    for (size_t i = 0; i < train->columns; i++)
        s->item_scale[i] = 1.0f / sqrtf(popularity[i] + 1.0f);
    s->scaled.pointers[0] = 0;
    for (size_t u = 0; u < train->rows; u++) {
        float user_scale = 1.0f / sqrtf((float)diffmm__csr_row_entries(train, u) + 1.0f);
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
        fill_interactions(train, popularity, &s);
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

/* F with its columns centred, divided by its largest entry, and streamed over blocks of items:
 *     y = F^T F x = sum over blocks of F_b^T (F_b x). */
struct features {
    const diffmm_context *context;
    size_t items, width, block;
    const float *values;
    float *mean;
    double scale;
    float *centred;      /* F_b */
    float *z;            /* F_b x */
    float *sum, *chunks; /* F_b^T z, and what that product needs */
    float *right;        /* singular vectors: width x count; and squared values */
    double *squares;
};

enum { items_in_block = 2048 };

struct block_of_items {
    const struct features *features;
    size_t first;
};

static void take_features(struct diffmm__arena *arena, size_t items, size_t width, size_t count,
                          struct features *f)
{
    size_t columns = diffmm__leading_block(width, count);
    f->block = items < items_in_block ? items : items_in_block;
    f->items = items;
    f->width = width;
    f->mean = diffmm__arena_take(arena, width, sizeof *f->mean);
    f->centred = diffmm__arena_take(arena, f->block * width, sizeof *f->centred);
    f->z = diffmm__arena_take(arena, f->block * columns, sizeof *f->z);
    f->sum = diffmm__arena_take(arena, width * columns, sizeof *f->sum);
    f->chunks = diffmm__arena_take(arena, width * columns * diffmm__gemm_chunks(f->block),
                                   sizeof *f->chunks);
    f->right = diffmm__arena_take(arena, width * count, sizeof *f->right);
    f->squares = diffmm__arena_take(arena, count, sizeof *f->squares);
}

static void average_columns(void *argument, size_t begin, size_t end)
{
    const struct features *f = argument;
    for (size_t c = begin; c < end; c++) {
        double sum = 0.0;
        for (size_t i = 0; i < f->items; i++)
            sum += (double)f->values[i * f->width + c] / (double)f->items;
        f->mean[c] = (float)sum;
    }
}

/* The mean is rounded to a float, so that a column of equal values becomes exactly 0. */
static void centre(struct features *f)
{
    double most = 0.0;
    diffmm__parallel_ranges(f->context, f->width, 16, average_columns, f);
    for (size_t i = 0; i < f->items; i++)
        for (size_t c = 0; c < f->width; c++)
            most = fmax(most, fabs((double)f->values[i * f->width + c] - (double)f->mean[c]));
    f->scale = most > 0.0 ? 1.0 / most : 0.0;
}

static void centre_range(void *argument, size_t begin, size_t end)
{
    const struct block_of_items *b = argument;
    const struct features *f = b->features;
    for (size_t i = begin; i < end; i++) {
        const float *from = f->values + (b->first + i) * f->width;
        for (size_t c = 0; c < f->width; c++)
            f->centred[i * f->width + c] =
                (float)(((double)from[c] - (double)f->mean[c]) * f->scale);
    }
}

/* The block from item `first` on, centred; returns its number of items. */
static size_t centre_block(const struct features *f, size_t first)
{
    struct block_of_items b = {.features = f, .first = first};
    size_t items = f->items - first < f->block ? f->items - first : f->block;
    diffmm__parallel_ranges(f->context, items, 64, centre_range, &b);
    return items;
}

static void multiply_features(void *argument, size_t columns, const float *x, float *y)
{
    struct features *f = argument;
    diffmm__vector_clear(f->context, f->width * columns, y);
    for (size_t first = 0; first < f->items; first += f->block) {
        size_t items = centre_block(f, first);
        diffmm__gemm(f->context, items, columns, f->width, 1.0f,
                     diffmm__plain(f->centred, f->width), diffmm__plain(x, columns), 0.0f, f->z,
                     columns);
        diffmm__gemm_split_k(f->context, f->width, columns, items,
                             diffmm__transposed(f->centred, f->width), diffmm__plain(f->z, columns),
                             f->sum, f->chunks);
        diffmm__vector_add_scaled(f->context, f->width * columns, 1.0f, f->sum, y);
    }
}

/* The left singular vectors, F times the right ones, in the columns of the basis from `first` on.
 * Their norms, the singular values, are left to the orthonormalisation. */
static void write_left_vectors(struct features *f, size_t count, struct diffmm__matrix right,
                               float *basis, size_t rank)
{
    for (size_t first = 0; first < f->items; first += f->block) {
        size_t items = centre_block(f, first);
        diffmm__gemm(f->context, items, count, f->width, 1.0f, diffmm__plain(f->centred, f->width),
                     right, 0.0f, basis + first * rank, rank);
    }
}

/* The last columns of the basis: U. Where F has fewer directions than `count`, as many as it has;
 * *found is how many. */
static diffmm_status add_features(const diffmm_context *context,
                                  const struct diffmm__spectral_source *source, size_t count,
                                  float *basis, size_t *found)
{
    const double negligible = 1e-6; /* of the largest eigenvalue: rounding errors of floats */
    size_t items = source->train->columns, width = source->feature_columns;
    struct features f = {.context = context, .values = source->features};
    struct diffmm__arena arena = diffmm__arena_on(context);
    take_features(&arena, items, width, count, &f);
    struct diffmm__leading leading = {.rows = width,
                                      .wanted = count,
                                      .product = multiply_features,
                                      .argument = &f,
                                      .seed = source->seed,
                                      .stream = source->stream + stream_of_features};
    diffmm_status status = arena.failed ? DIFFMM_ERROR_NO_MEMORY : DIFFMM_OK;
    if (!status) {
        centre(&f);
        status = diffmm__leading_vectors(context, &leading, f.right, count, f.squares);
    }
    for (*found = 0; !status && *found < count && f.squares[*found] > negligible * f.squares[0];)
        ++*found;
    if (!status && *found > 0)
        write_left_vectors(&f, *found, diffmm__plain(f.right, count), basis + source->rank - *found,
                           source->rank);
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

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* The memory of the three steps, which follow each other. Fewer directions of the features leave
 * more to the interactions. */
size_t diffmm__spectral_basis_bytes(size_t users, size_t items, size_t entries,
                                    size_t feature_columns, size_t rank)
{
    size_t of_features = wanted_of_features(items, feature_columns, rank);
    size_t of_interactions = wanted_of_interactions(rank, 0);
    struct diffmm__arena first = diffmm__arena_measure(), second = diffmm__arena_measure();
    struct features features;
    struct interactions interactions;
    take_features(&first, items, feature_columns, of_features, &features);
    take_interactions(&second, users, items, entries, of_interactions, &interactions);
    size_t peak =
        larger(diffmm__size_sum(first.bytes, diffmm__leading_bytes(feature_columns, of_features)),
               diffmm__size_sum(second.bytes, diffmm__leading_bytes(items, of_interactions)));
    return diffmm__size_sum(diffmm__allocation_bytes(items, sizeof(float)),
                            larger(peak, diffmm__orthonormal_bytes(items, rank)));
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
