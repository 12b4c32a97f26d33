/* SPDX-License-Identifier: BSD-2-Clause */
#include "linalg/gemm.h"

#include <stdbool.h>
#include <string.h>

#include "base/pool.h"
#include "base/sizes.h"
#include "linalg/blis.h"
#include "linalg/kernels.h"

/* BLIS multiplies where it knows the processor, elsewhere the library's own kernel
 * (linalg/product_kernel.h). */
static void multiply(size_t m, size_t n, size_t k, float alpha, struct diffmm__matrix a,
                     struct diffmm__matrix b, float beta, float *c, size_t c_stride)
{
    if (diffmm__blis_knows_processor())
        diffmm__blis_gemm(m, n, k, alpha, a, b, beta, c, c_stride);
    else
        diffmm__kernels()->product->multiply(m, n, k, alpha, a, b, beta, c, c_stride, false);
}

/* How many terms of a sum are added up before they are added to C; and how many at the end, if no more are
 * left. */
static void block_terms(size_t *at_once, size_t *at_end)
{
    if (diffmm__blis_knows_processor())
        diffmm__blis_terms(at_once, at_end);
    else
        *at_once = *at_end = DIFFMM__PRODUCT_TERMS;
}

void diffmm__gemm_serial(size_t m, size_t n, size_t k, float alpha, struct diffmm__matrix a,
                         struct diffmm__matrix b, float beta, float *c, size_t c_stride)
{
    if (m == 0 || n == 0)
        return;
    if (k == 0 && beta == 0.0f)
        for (size_t i = 0; i < m; i++)
            memset(c + i * c_stride, 0, n * sizeof *c);
    else
        multiply(m, n, k, alpha, a, b, beta, c, c_stride);
}

struct product {
    size_t m, n, k, tile_rows, tile_columns, column_tiles;
    float alpha, beta;
    struct diffmm__matrix a, b;
    float *c;
    size_t c_stride;
};

/* The operand from row (or column) `first` on. */
static struct diffmm__matrix from_row(struct diffmm__matrix x, size_t first)
{
    x.data += first * (x.transposed ? 1 : x.stride);
    return x;
}

static struct diffmm__matrix from_column(struct diffmm__matrix x, size_t first)
{
    x.data += first * (x.transposed ? x.stride : 1);
    return x;
}

static void tile_task(void *argument, size_t index, size_t worker)
{
    (void)worker;
    const struct product *p = argument;
    size_t row = index / p->column_tiles * p->tile_rows;
    size_t column = index % p->column_tiles * p->tile_columns;
    size_t rows = p->m - row < p->tile_rows ? p->m - row : p->tile_rows;
    size_t columns = p->n - column < p->tile_columns ? p->n - column : p->tile_columns;
    diffmm__gemm_serial(rows, columns, p->k, p->alpha, from_row(p->a, row),
                        from_column(p->b, column), p->beta, p->c + row * p->c_stride + column,
                        p->c_stride);
}

/* The size of equal parts of about `wanted`: a multiple of 16, which is a whole number of register
 * tiles. */
static size_t even_tile(size_t total, size_t wanted)
{
    size_t parts = (total + wanted / 2) / wanted;
    if (parts < 2)
        return total;
    return ((total + parts - 1) / parts + 15) / 16 * 16;
}

void diffmm__gemm(const diffmm_context *context, size_t m, size_t n, size_t k, float alpha,
                  struct diffmm__matrix a, struct diffmm__matrix b, float beta, float *c,
                  size_t c_stride)
{
    /* Tiles are large enough that packing is a few per cent of the time, and enough of them for the
     * threads that there may be: each packs what it has of B for its rows alone, so they have many rows.
     * Their size does not depend on the number of threads. */
    enum { tile_rows = 512, tile_columns = 1024, tiny = 64 * 64 * 64 };
    struct product p = {.m = m,
                        .n = n,
                        .k = k,
                        .alpha = alpha,
                        .beta = beta,
                        .a = a,
                        .b = b,
                        .c = c,
                        .c_stride = c_stride};
    if (m == 0 || n == 0)
        return;
    if (m * n * k <= tiny) {
        diffmm__gemm_serial(m, n, k, alpha, a, b, beta, c, c_stride);
        return;
    }
    bool narrow = n <= tile_columns;
    p.tile_columns = even_tile(n, narrow || m <= tile_rows ? tile_columns / 2 : tile_columns);
    p.tile_rows = even_tile(m, narrow && p.tile_columns == n ? tile_rows / 2 : tile_rows);
    p.column_tiles = (n + p.tile_columns - 1) / p.tile_columns;
    size_t row_tiles = (m + p.tile_rows - 1) / p.tile_rows;
    diffmm__parallel(context, row_tiles * p.column_tiles, tile_task, &p);
}

size_t diffmm__gemm_chunks(size_t k)
{
    enum { most = 4, terms = 512 };
    return k / terms < 1 ? 1 : k / terms > most ? most : k / terms;
}

size_t diffmm__gemm_next_terms(size_t left)
{
    size_t at_once, at_end;
    block_terms(&at_once, &at_end);
    return left > at_end ? at_once : left;
}

size_t diffmm__gemm_most_terms(void)
{
    size_t at_once, at_end;
    block_terms(&at_once, &at_end);
    return at_end > at_once ? at_end : at_once;
}

/* sum = the sum, in order, of parts of n floats that lie so many floats apart. */
static void add_parts(size_t parts, size_t apart, size_t n, const float *x, float *sum)
{
    memcpy(sum, x, n * sizeof *sum);
    for (size_t part = 1; part < parts; part++)
        diffmm__kernels()->add_scaled(n, 1.0f, x + part * apart, sum);
}

void diffmm__gemm_add_chunks(size_t k, size_t size, const float *scratch, float *c)
{
    add_parts(diffmm__gemm_chunks(k), size, size, scratch, c);
}

struct split_k {
    size_t m, n, k, chunks;
    struct diffmm__matrix a, b;
    float *scratch;
};

static void chunk_task(void *argument, size_t chunk, size_t worker)
{
    (void)worker;
    const struct split_k *s = argument;
    size_t begin = s->k * chunk / s->chunks, end = s->k * (chunk + 1) / s->chunks;
    diffmm__gemm_serial(s->m, s->n, end - begin, 1.0f, from_column(s->a, begin),
                        from_row(s->b, begin), 0.0f, s->scratch + chunk * s->m * s->n, s->n);
}

void diffmm__gemm_split_k(const diffmm_context *context, size_t m, size_t n, size_t k,
                          struct diffmm__matrix a, struct diffmm__matrix b, float *c,
                          float *scratch)
{
    struct split_k s = {.m = m,
                        .n = n,
                        .k = k,
                        .chunks = diffmm__gemm_chunks(k),
                        .a = a,
                        .b = b,
                        .scratch = scratch};
    diffmm__parallel(context, s.chunks, chunk_task, &s);
    diffmm__gemm_add_chunks(k, m * n, scratch, c);
}

size_t diffmm__gemm_room(void)
{
    return diffmm__blis_knows_processor() ? 0 : DIFFMM__PRODUCT_ROOM;
}

size_t diffmm__gemm_symmetric_scratch(size_t n, size_t k)
{
    return diffmm__size_product(diffmm__gemm_chunks(k),
                                diffmm__size_sum(diffmm__size_product(n, n), diffmm__gemm_room()));
}

struct symmetric {
    size_t n, k, chunks;
    const float *a, *b;
    float *c, *scratch;
};

static void triangle_task(void *argument, size_t chunk, size_t worker)
{
    (void)worker;
    const struct symmetric *s = argument;
    size_t begin = s->k * chunk / s->chunks, end = s->k * (chunk + 1) / s->chunks;
    const float *a = s->a + begin * s->n, *b = s->b + begin * s->n;
    float *triangle = s->scratch + chunk * s->n * s->n;
    if (diffmm__blis_knows_processor()) {
        diffmm__blis_gemmt(s->n, end - begin, a, b, triangle);
        return;
    }
    struct diffmm__matrix transposed = diffmm__transposed(a, s->n);
    transposed.room = s->scratch + s->chunks * s->n * s->n + chunk * DIFFMM__PRODUCT_ROOM;
    diffmm__kernels()->product->multiply(s->n, s->n, end - begin, 1.0f, transposed,
                                         diffmm__plain(b, s->n), 0.0f, triangle, s->n, true);
}

/* Add up the chunks' lower triangles, and mirror. */
static void mirror_rows(void *argument, size_t begin, size_t end)
{
    const struct symmetric *s = argument;
    for (size_t r = begin; r < end; r++)
        add_parts(s->chunks, s->n * s->n, r + 1, s->scratch + r * s->n, s->c + r * s->n);
    for (size_t c = 0; c < end; c++)
        for (size_t r = begin < c ? c : begin; r < end; r++)
            s->c[c * s->n + r] = s->c[r * s->n + c];
}

void diffmm__gemm_symmetric(const diffmm_context *context, size_t n, size_t k, const float *a,
                            const float *b, float *c, float *scratch)
{
    struct symmetric s = {.n = n,
                          .k = k,
                          .chunks = diffmm__gemm_chunks(k),
                          .a = a,
                          .b = b,
                          .c = c,
                          .scratch = scratch};
    if (k == 0) {
        memset(c, 0, n * n * sizeof *c);
        return;
    }
    diffmm__parallel(context, s.chunks, triangle_task, &s);
    diffmm__parallel_ranges(context, n, 32, mirror_rows, &s);
}
