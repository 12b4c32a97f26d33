/* SPDX-License-Identifier: BSD-2-Clause */
/* The columns of B are packed in panels as wide as a tile of C, DIFFMM__PRODUCT_TERMS steps deep, which stay in the
 * near caches while the rows of A pass by. A is read where it lies, unless it is transposed: then each term of a tile's
 * rows would come from a page of its own, and the rows are packed, in strips as high as a tile. The tile's sums stay in
 * registers, together with a row of the panel and a factor of A: enough sums to hide the latency of a fused
 * multiply-add, and enough rows and columns that loads keep up. */
#include "linalg/product_kernel.h"

#include "base/sizes.h"
#include "linalg/lanes.h"

#if DIFFMM__VECTOR_BYTES == 64
enum { tile_rows = 12, tile_vectors = 2 };
#elif DIFFMM__VECTOR_BYTES == 32
enum { tile_rows = 6, tile_vectors = 2 };
#elif defined(__aarch64__)
enum { tile_rows = 8, tile_vectors = 3 };
#else
enum { tile_rows = 4, tile_vectors = 2 };
#endif
enum { tile_columns = tile_vectors * part_floats, few_rows = 4 };
/* So many rows of A, or a little more, pass a panel; what they hold of a block of terms stays in the outer caches.
 * On the stack there is room for fewer packed rows. All are whole strips. */
enum { block_rows = 1056, stack_rows = 72 };

/* Strips of tile_rows rows of op(A). They, the rows and the terms lie so many floats apart. */
struct strips {
    const float *data;
    size_t strip, row, term;
};

/* Where a tile's sums go: C = alpha sum + beta C. */
struct target {
    float alpha, beta, *c;
    size_t stride, columns;
};

static inline __attribute__((always_inline)) void update(size_t rows,
                                                         const vector sum[tile_rows][tile_vectors],
                                                         float alpha, float beta, float *c,
                                                         size_t stride)
{
#pragma GCC unroll 12
    for (size_t i = 0; i < rows; i++)
#pragma GCC unroll 3
        for (size_t v = 0; v < tile_vectors; v++) {
            vector *place = (vector *)(c + i * stride + v * part_floats);
            vector value = alpha * sum[i][v];
            if (beta != 0.0f)
                value += beta * *place;
            *place = value;
        }
}

/* A tile with fewer columns, by way of a whole one. */
static inline __attribute__((always_inline)) void
update_part(size_t rows, const vector sum[tile_rows][tile_vectors], struct target to)
{
    float whole[tile_rows * tile_columns];
    update(rows, sum, to.alpha, 0.0f, whole, tile_columns);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < to.columns; j++) {
            float *place = to.c + i * to.stride + j, value = whole[i * tile_columns + j];
            *place = to.beta != 0.0f ? value + to.beta * *place : value;
        }
}

/* Called with constant rows. Three rows share an address, since a processor adds a register to it, once or twice, for
 * nothing. */
static inline __attribute__((always_inline)) void tile(size_t rows, size_t k, const float *a,
                                                       size_t row_step, size_t term_step,
                                                       const float *restrict panel,
                                                       struct target to)
{
    enum { group = 3, groups = (tile_rows + group - 1) / group };
    vector sum[tile_rows][tile_vectors];
    const float *row[groups];
#pragma GCC unroll 12
    for (size_t i = 0; i < rows; i++) {
        if (i % group == 0)
            row[i / group] = a + i * row_step;
#pragma GCC unroll 3
        for (size_t v = 0; v < tile_vectors; v++)
            sum[i][v] = (vector){0};
        for (size_t j = 0; j < tile_columns; j += DIFFMM__LANES)
            __builtin_prefetch(to.c + i * to.stride + j, 1);
    }
    for (size_t p = 0; p < k; p++, panel += tile_columns) {
        vector b[tile_vectors];
        /* Rows that lie where they lie are too many for the processor to see what comes next. */
        if (term_step == 1 && p % DIFFMM__LANES == 0)
#pragma GCC unroll 12
            for (size_t i = 0; i < rows; i++)
                __builtin_prefetch(row[i / group] + (tile_rows + i % group) * row_step);
#pragma GCC unroll 3
        for (size_t v = 0; v < tile_vectors; v++)
            b[v] = *(const vector *)(panel + v * part_floats);
#pragma GCC unroll 12
        for (size_t i = 0; i < rows; i++)
#pragma GCC unroll 3
            for (size_t v = 0; v < tile_vectors; v++)
                sum[i][v] = fused_part(row[i / group][i % group * row_step], b[v], sum[i][v]);
#pragma GCC unroll 12
        for (size_t g = 0; g < (rows + group - 1) / group; g++)
            row[g] += term_step;
    }
    if (to.columns < tile_columns)
        update_part(rows, sum, to);
    else if (to.beta == 0.0f)
        update(rows, sum, to.alpha, 0.0f, to.c, to.stride);
    else
        update(rows, sum, to.alpha, to.beta, to.c, to.stride);
}

/* A strip that has fewer rows than a tile. */
static inline __attribute__((always_inline)) void pass_part(size_t rows, size_t k, struct strips a,
                                                            const float *panel, struct target to)
{
    for (; rows >= few_rows; rows -= few_rows) {
        tile(few_rows, k, a.data, a.row, a.term, panel, to);
        a.data += few_rows * a.row;
        to.c += few_rows * to.stride;
    }
    for (; rows > 0; rows--) {
        tile(1, k, a.data, a.row, a.term, panel, to);
        a.data += a.row;
        to.c += to.stride;
    }
}

/* Rows of A, past one panel. */
static inline __attribute__((always_inline)) void pass_rows(size_t rows, size_t k, struct strips a,
                                                            const float *panel, struct target to)
{
    for (; rows >= tile_rows; rows -= tile_rows) {
        tile(tile_rows, k, a.data, a.row, a.term, panel, to);
        a.data += a.strip;
        to.c += tile_rows * to.stride;
    }
    pass_part(rows, k, a, panel, to);
}

/* Rows of B that lie one after the other: panel[p][j] = b[p][j]. */
static void pack_rows(size_t k, const float *b, size_t stride, float *restrict panel)
{
    enum { ahead = 8 };
    for (size_t p = 0; p < k; p++, b += stride, panel += tile_columns) {
        for (size_t j = 0; j < tile_columns; j += DIFFMM__LANES)
            __builtin_prefetch(b + ahead * stride + j);
        memcpy(panel, b, tile_columns * sizeof *panel);
    }
}

typedef float four __attribute__((vector_size(16), aligned(4), may_alias));
#ifdef __clang__
#define DIFFMM__MERGE(x, y, ...) __builtin_shufflevector(x, y, __VA_ARGS__)
#else
typedef int32_t four_bits __attribute__((vector_size(16)));
#define DIFFMM__MERGE(x, y, ...) __builtin_shuffle(x, y, (four_bits){__VA_ARGS__})
#endif

/* Four columns of B, four terms of each. */
static inline void pack_square(const float *b, size_t stride, float *restrict panel)
{
    four x0 = *(const four *)b, x1 = *(const four *)(b + stride),
         x2 = *(const four *)(b + 2 * stride), x3 = *(const four *)(b + 3 * stride);
    four low01 = DIFFMM__MERGE(x0, x1, 0, 4, 1, 5), low23 = DIFFMM__MERGE(x2, x3, 0, 4, 1, 5);
    four high01 = DIFFMM__MERGE(x0, x1, 2, 6, 3, 7), high23 = DIFFMM__MERGE(x2, x3, 2, 6, 3, 7);
    *(four *)panel = DIFFMM__MERGE(low01, low23, 0, 1, 4, 5);
    *(four *)(panel + tile_columns) = DIFFMM__MERGE(low01, low23, 2, 3, 6, 7);
    *(four *)(panel + 2 * tile_columns) = DIFFMM__MERGE(high01, high23, 0, 1, 4, 5);
    *(four *)(panel + 3 * tile_columns) = DIFFMM__MERGE(high01, high23, 2, 3, 6, 7);
}

/* Columns of B whose terms lie one after the other: panel[p][j] = b[j][p]. */
static void pack_columns(size_t k, const float *b, size_t stride, float *restrict panel)
{
    size_t p = 0;
    for (; p + 4 <= k; p += 4)
        for (size_t j = 0; j < tile_columns; j += 4) {
            pack_square(b + j * stride + p, stride, panel + p * tile_columns + j);
            if (p % DIFFMM__LANES == 0)
                for (size_t each = j; each < j + 4; each++)
                    __builtin_prefetch(b + each * stride + p + 2 * DIFFMM__LANES);
        }
    for (; p < k; p++)
        for (size_t j = 0; j < tile_columns; j++)
            panel[p * tile_columns + j] = b[j * stride + p];
}

/* A panel of k terms and n columns, from that term and column on; zeros beyond the last column. */
static void pack(size_t n, size_t k, struct diffmm__matrix b, size_t term, size_t column,
                 float *panel)
{
    const float *from =
        b.transposed ? b.data + column * b.stride + term : b.data + term * b.stride + column;
    if (n == tile_columns) {
        if (b.transposed)
            pack_columns(k, from, b.stride, panel);
        else
            pack_rows(k, from, b.stride, panel);
        return;
    }
    size_t term_step = b.transposed ? 1 : b.stride, column_step = b.transposed ? b.stride : 1;
    for (size_t p = 0; p < k; p++)
        for (size_t j = 0; j < tile_columns; j++)
            panel[p * tile_columns + j] = j < n ? from[p * term_step + j * column_step] : 0.0f;
}

/* A block of a product. */
struct block {
    size_t first, rows, n, term, k;
    struct diffmm__matrix b;
    bool lower;
};

/* Called with constant steps where these are constant. */
static inline __attribute__((always_inline)) void multiply_block(const struct block *block,
                                                                 struct strips a, struct target to)
{
    float panel[DIFFMM__PRODUCT_TERMS * tile_columns] __attribute__((aligned(64)));
    float *c = to.c + block->first * to.stride;
    size_t n = block->lower ? diffmm__size_lesser(block->n, block->first + block->rows) : block->n;
    for (size_t column = 0; column < n; column += tile_columns) {
        size_t above =
            block->lower && column > block->first ? (column - block->first) / tile_rows : 0;
        struct strips from = a;
        from.data += above * a.strip;
        to.c = c + above * tile_rows * to.stride + column;
        to.columns = diffmm__size_lesser(n - column, tile_columns);
        pack(to.columns, block->k, block->b, block->term, column, panel);
        pass_rows(block->rows - above * tile_rows, block->k, from, panel, to);
    }
}

static void multiply_plain(const struct block *block, struct diffmm__matrix a, struct target to)
{
    struct strips strips = {.data = a.data + block->first * a.stride + block->term,
                            .strip = tile_rows * a.stride,
                            .row = a.stride,
                            .term = 1};
    multiply_block(block, strips, to);
}

static void multiply_transposed(const struct block *block, struct diffmm__matrix a,
                                struct target to)
{
    enum { strip = DIFFMM__PRODUCT_TERMS * tile_rows };
    float stack[stack_rows / tile_rows * strip] __attribute__((aligned(64)));
    float *packed = a.room ? a.room : stack;
    for (size_t row = 0; row < block->rows; row += tile_rows) {
        float *out = packed + row / tile_rows * strip;
        const float *from = a.data + block->term * a.stride + block->first + row;
        size_t rows = diffmm__size_lesser(block->rows - row, tile_rows);
        for (size_t p = 0; p < block->k; p++, from += a.stride, out += tile_rows)
            if (rows == tile_rows)
                memcpy(out, from, tile_rows * sizeof *out);
            else
                memcpy(out, from, rows * sizeof *out);
    }
    multiply_block(block, (struct strips){packed, strip, 1, tile_rows}, to);
}

static void kernel_multiply(size_t m, size_t n, size_t k, float alpha, struct diffmm__matrix a,
                            struct diffmm__matrix b, float beta, float *c, size_t c_stride,
                            bool lower)
{
    size_t packed = a.room ? DIFFMM__PRODUCT_ROOM_ROWS : stack_rows;
    size_t most = a.transposed ? packed : block_rows, blocks = (m + most - 1) / most;
    size_t rows = ((m + blocks - 1) / blocks + tile_rows - 1) / tile_rows * tile_rows;
    for (size_t first = 0; first < m; first += rows) {
        struct target to = {.alpha = alpha, .beta = beta, .c = c, .stride = c_stride};
        struct block block = {.first = first,
                              .rows = diffmm__size_lesser(m - first, rows),
                              .n = n,
                              .b = b,
                              .lower = lower};
        do {
            block.k = diffmm__size_lesser(k - block.term, DIFFMM__PRODUCT_TERMS);
            if (a.transposed)
                multiply_transposed(&block, a, to);
            else
                multiply_plain(&block, a, to);
            to.beta = 1.0f;
            block.term += block.k;
        } while (block.term < k);
    }
}

extern const struct diffmm__product_kernel DIFFMM__PASTE(diffmm__product_kernel_, DIFFMM__VARIANT);
const struct diffmm__product_kernel DIFFMM__PASTE(diffmm__product_kernel_, DIFFMM__VARIANT) = {
    .multiply = kernel_multiply,
};
