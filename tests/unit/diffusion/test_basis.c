/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/basis.h"

#include "support/close.h"
#include "support/contexts.h"
#include "support/orthonormal_basis.h"
#include "support/run.h"

enum { rows = 5, items = 70, rank = 9 };

static float values[items * rank], x[rows * items], z[rows * rank];
static double want_z[rows * rank], want_x[rows * items];
static const struct diffmm__basis basis = {.items = items, .rank = rank, .values = values};

static void begin(void)
{
    struct draws draws = {11};
    draw_basis(&draws, items, rank, values);
    draw_normals(&draws, rows * items, 1.0, x);
    for (size_t b = 0; b < rows; b++)
        for (size_t j = 0; j < rank; j++) {
            want_z[b * rank + j] = 0.0;
            for (size_t i = 0; i < items; i++)
                want_z[b * rank + j] += (double)x[b * items + i] * (double)values[i * rank + j];
        }
    for (size_t b = 0; b < rows; b++)
        for (size_t i = 0; i < items; i++) {
            want_x[b * items + i] = 0.0;
            for (size_t j = 0; j < rank; j++)
                want_x[b * items + i] += want_z[b * rank + j] * (double)values[i * rank + j];
        }
}

START_TEST(reads_and_writes_rows)
{
    diffmm_context *contexts[context_count];
    begin();
    contexts_begin(contexts);
    for (size_t c = 0; c < context_count; c++) {
        float back[rows * items];
        diffmm__basis_read(contexts[c], &basis, rows, x, z);
        expect_near("z", rows * rank, z, want_z, 1e-6);
        diffmm__basis_write(contexts[c], &basis, rows, z, back);
        expect_near("x", rows * items, back, want_x, 1e-6);
    }
    contexts_end(contexts);
}
END_TEST

/* A sparse row has the coordinates of the same dense row, whatever was there before. */
START_TEST(reads_a_sparse_row)
{
    static const int64_t pointers[] = {0, 0, 3};
    static const int32_t of[] = {4, 40, 69}, order[] = {1, 0};
    static const float factors[] = {2.0f, -1.0f, 0.5f};
    begin();
    const struct diffmm__batch_rows sparse = {
        .matrix = diffmm__csr_view(2, items, pointers, of, factors), .row_of = order};
    float got[rank];
    double want[rank];
    fill(rank, 7.0f, got);
    for (size_t j = 0; j < rank; j++) {
        want[j] = 0.0;
        for (size_t e = 0; e < 3; e++)
            want[j] += (double)factors[e] * (double)values[(size_t)of[e] * rank + j];
    }
    diffmm__basis_coordinates(&basis, &sparse, 0, got);
    expect_near("z", rank, got, want, 1e-6);
    diffmm__basis_coordinates(&basis, &sparse, 1, got);
    expect_untouched(rank, got, 0.0f);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {reads_and_writes_rows, reads_a_sparse_row};
    return run_tests("basis", tests, sizeof tests / sizeof *tests);
}
