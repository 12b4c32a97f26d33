/* SPDX-License-Identifier: BSD-2-Clause */
/* Single functions, asked about entries and draws beyond 2^31 and 2^32. Arrays of so many elements are
 * addresses of which only the pages that are touched take memory. */
#include <sys/mman.h>

#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/streams.h"
#include "dataset/catalog.h"
#include "diffusion/draws.h"
#include "graph/bipartite.h"
#include "linalg/csr.h"
#include "linalg/kernels.h"
#include "linalg/normal.h"
#include "support/failure.h"

static const int64_t places[] = {(INT64_C(1) << 31) - 2, (INT64_C(1) << 31) + 3,
                                 (INT64_C(1) << 32) - 3, (INT64_C(1) << 32) + 5};
enum { place_count = sizeof places / sizeof *places };

/* Addresses for `count` elements, all 0. */
static void *reserve(size_t count, size_t size)
{
    void *memory = mmap(NULL, count * size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    ck_assert(memory != MAP_FAILED);
    return memory;
}

enum { rows = 3, columns = 9 };

/* Three rows, {1, 4, 8}, {} and {0, 4}, whose first entry is number `base`. */
static struct diffmm__csr rows_at(int64_t base, int64_t pointers[rows + 1], int32_t *indices)
{
    static const int32_t entries[] = {1, 4, 8, 0, 4};
    static const int64_t starts[] = {0, 3, 3, 5};
    for (size_t r = 0; r <= rows; r++)
        pointers[r] = base + starts[r];
    memcpy(indices + base, entries, sizeof entries);
    return diffmm__csr_view(rows, columns, pointers, indices, NULL);
}

START_TEST(sparse_rows_with_entries_far_behind)
{
    size_t reserved = (size_t)places[place_count - 1] + 16;
    int32_t *indices = reserve(reserved, sizeof *indices);
    for (size_t p = 0; p < place_count; p++) {
        int64_t base = places[p], pointers[rows + 1];
        struct diffmm__csr csr = rows_at(base, pointers, indices), transposed, both;
        const struct diffmm__csr_expected expected = {.pointers = "pointers",
                                                      .indices = "indices",
                                                      .columns = "columns",
                                                      .ascending = true,
                                                      .status = DIFFMM_ERROR_FORMAT};
        ck_assert_uint_eq(diffmm__csr_entries(&csr), 5);
        ck_assert_int_eq(diffmm__csr_lower_bound(&csr, 0, 5), base + 2);
        ck_assert_int_eq(diffmm__csr_lower_bound(&csr, 2, 8), base + 5);
        ck_assert(diffmm__csr_has(&csr, 2, 4) && !diffmm__csr_has(&csr, 1, 4));
        expect_success(diffmm__csr_check(&csr, &expected));
        ck_assert(diffmm__csr_ascends(&csr));

        expect_success(diffmm__csr_begin(NULL, columns, rows, 5, false, &transposed));
        diffmm__csr_transpose(NULL, &csr, rows, NULL, &transposed);
        ck_assert_uint_eq(diffmm__csr_row_entries(&transposed, 4), 2);
        ck_assert_int_eq(transposed.indices[transposed.pointers[4] + 1], 2);
        diffmm__csr_end(NULL, &transposed);

        const struct diffmm__csr *const parts[] = {&csr, &csr};
        expect_success(diffmm__csr_unite(NULL, 2, parts, &both));
        ck_assert_uint_eq(diffmm__csr_entries(&both), 5);
        ck_assert_int_eq(both.indices[4], 4);
        diffmm__csr_end(NULL, &both);

        indices[base + 2] = columns;
        expect_failure(diffmm__csr_check(&csr, &expected), DIFFMM_ERROR_FORMAT,
                       "is 9, but there are 9 columns");
    }
    munmap(indices, reserved * sizeof *indices);
}
END_TEST

/* Rows with 2^31 - 1, 2^31 and 2^32 entries: where they begin, and the memory that they would take. */
START_TEST(sums_of_long_rows)
{
    const int64_t sizes[] = {INT32_MAX, INT64_C(1) << 31, INT64_C(1) << 32};
    int64_t pointers[4] = {0, sizes[0], sizes[1], sizes[2]};
    diffmm__csr_row_starts(3, pointers);
    ck_assert_int_eq(pointers[0], 0);
    ck_assert_int_eq(pointers[1], sizes[0]);
    ck_assert_int_eq(pointers[2], sizes[0] + sizes[1]);
    ck_assert_int_eq(pointers[3], sizes[0] + sizes[1] + sizes[2]);
    ck_assert_uint_ge(diffmm__csr_bytes(3, (size_t)1 << 33, true), (size_t)8 << 33);
    ck_assert_uint_lt(diffmm__csr_bytes(3, (size_t)1 << 33, true), ((size_t)8 << 33) + 1024);

    /* What the library cannot count in its numbers is refused, not cut off. */
    expect_success(diffmm__catalog_check_counts(1 << 30, 1 << 29, INT32_MAX));
    expect_failure(diffmm__catalog_check_counts(5, 5, (size_t)1 << 32),
                   DIFFMM_ERROR_INVALID_ARGUMENT, "4294967296 different training interactions");
    expect_failure(diffmm__catalog_check_counts((size_t)1 << 32, 5, 5),
                   DIFFMM_ERROR_INVALID_ARGUMENT, "4294967296 users");
    expect_failure(diffmm__catalog_check_counts(1 << 30, (size_t)1 << 30, 5),
                   DIFFMM_ERROR_INVALID_ARGUMENT, "1073741824 items");
}
END_TEST

static int ascending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void expect_distinct(size_t count, uint64_t *draws)
{
    qsort(draws, count, sizeof *draws, ascending);
    for (size_t i = 1; i < count; i++)
        ck_assert(draws[i] != draws[i - 1]);
}

/* Positions that agree in their low 10 to 63 bits give other draws. */
START_TEST(draws_of_positions_beyond_32_bits)
{
    enum { first_bit = 10, bits = 64 - first_bit, near = 5, all = (bits + 1) * near };
    uint64_t draws[all], reals[all], stream = diffmm__stream_negatives(3);
    for (size_t i = 0; i < all; i++) {
        size_t bit = first_bit + i / near;
        uint64_t position = (bit < 64 ? UINT64_C(1) << bit : 0) + i % near;
        uint32_t draw[4];
        diffmm__random4(7, stream, position, draw);
        draws[i] = (uint64_t)draw[0] << 32 | draw[1];
        double real = diffmm__random_real(7, stream, position);
        memcpy(&reals[i], &real, sizeof real);
    }
    expect_distinct(all, draws);
    expect_distinct(all, reals);
}
END_TEST

/* Noise and dropout of row r of users x items: positions r x blocks of items, up to 2^56. Rows that
 * are 2^6, 2^12, 2^26 .. apart would share draws if positions were cut off at 2^31 or 2^32. */
START_TEST(draws_of_rows)
{
    enum { items = 1 << 20, shown = 64, row_count = 40 };
    static float x[items];
    uint64_t noise[row_count], drops[row_count];
    const struct diffmm__draws d = {.seed = 5,
                                    .noise_stream = diffmm__stream_noise(1, 2),
                                    .dropout_stream = diffmm__stream_dropout(1, 2),
                                    .time_stream = diffmm__stream_time(1, 2),
                                    .dropout = 0.5};
    for (size_t i = 0; i < row_count; i++) {
        uint64_t row = i < 31 ? UINT64_C(1) << i : (UINT64_C(1) << 31) - 1 - (i - 31);
        uint64_t mask = 0;
        diffmm__normal_draws(d.seed, d.noise_stream, row * (items / 64), shown, x);
        memcpy(&noise[i], x, sizeof noise[i]);
        for (size_t j = 0; j < 64; j++)
            mask |= (uint64_t)(diffmm__draws_factor(&d, row, items, items - 64 + j) > 0) << j;
        drops[i] = mask;
    }
    expect_distinct(row_count, noise);
    expect_distinct(row_count, drops);
    /* The whole row of one of the last users. */
    diffmm__draws_noise(&d, (UINT64_C(1) << 31) - 2, items, x);
    float last[shown];
    diffmm__normal_draws(d.seed, d.noise_stream,
                         ((UINT64_C(1) << 31) - 2) * (items / 64) + items / 64 - 1, shown, last);
    ck_assert(memcmp(x + items - shown, last, sizeof last) == 0);
}
END_TEST

/* The vector kernels count in parts of 32 bits: across their ends, blocks are the same whether drawn
 * together or one by one. */
START_TEST(draws_across_the_end_of_32_bits)
{
    enum { blocks = 40 };
    float together[64 * blocks], one[64];
    uint32_t bits[64 * blocks], one_bits[64], one_by_one[4];
    for (unsigned end = 28; end <= 32; end += 4) {
        uint64_t first = (UINT64_C(1) << end) - blocks / 2;
        diffmm__kernels()->normal(1, 2, first, blocks, together);
        diffmm__kernels()->bits(1, 2, first, blocks, bits);
        for (size_t b = 0; b < blocks; b++) {
            diffmm__kernels()->normal(1, 2, first + b, 1, one);
            diffmm__kernels()->bits(1, 2, first + b, 1, one_bits);
            ck_assert(memcmp(together + 64 * b, one, sizeof one) == 0);
            ck_assert(memcmp(bits + 64 * b, one_bits, sizeof one_bits) == 0);
            diffmm__random4(1, 2, (first + b) * 16 + 15, one_by_one);
            for (size_t c = 0; c < 4; c++)
                ck_assert_uint_eq(one_bits[16 * c + 15], one_by_one[c]);
        }
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {sparse_rows_with_entries_far_behind, sums_of_long_rows,
                                  draws_of_positions_beyond_32_bits, draws_of_rows,
                                  draws_across_the_end_of_32_bits};
    return run_tests("places", tests, sizeof tests / sizeof *tests);
}
