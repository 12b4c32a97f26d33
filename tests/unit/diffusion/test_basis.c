/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/basis.h"

#include "support/close.h"
#include "support/contexts.h"
#include "support/orthonormal_basis.h"
#include "support/run.h"

enum { rows = 2, items = 70, rank = 9 };

static float values[items * rank], weights[items + 1];
static const int64_t pointers[] = {0, 0, 3};
static const int32_t of[] = {4, 40, 69}, order[] = {1, 0};
static const float factors[] = {2.0f, -1.0f, 0.5f};

/* A basis with weights, or without. */
static struct diffmm__basis begin(bool weighted)
{
    struct draws draws = {11};
    draw_basis(&draws, items, rank, values);
    for (size_t i = 0; i < items; i++)
        weights[i] = 0.5f + (float)draw_real(&draws);
    weights[items] = 6.0f;
    return (struct diffmm__basis){
        .items = items, .rank = rank, .values = values, .weights = weighted ? weights : NULL};
}

static struct diffmm__batch_rows sparse_rows(void)
{
    return (struct diffmm__batch_rows){
        .matrix = diffmm__csr_view(rows, items, pointers, of, factors), .row_of = order};
}

/* The row of three entries has the weight (3 + 6)^-1/2 = 1/3. */
START_TEST(adds_a_row)
{
    for (int weighted = 0; weighted < 2; weighted++) {
        struct diffmm__basis basis = begin(weighted);
        const struct diffmm__batch_rows x0 = sparse_rows();
        float got[rank];
        double want[rank];
        fill(rank, 7.0f, got);
        for (size_t j = 0; j < rank; j++) {
            want[j] = 7.0;
            for (size_t e = 0; e < 3; e++)
                want[j] += 0.25 * (double)factors[e] * (double)values[(size_t)of[e] * rank + j] *
                           (weighted ? (double)weights[of[e]] / 3.0 : 1.0);
        }
        diffmm__basis_add_row(&basis, &x0, 0, 0.25f, got);
        expect_near("z", rank, got, want, 1e-6);
        diffmm__basis_add_row(&basis, &x0, 1, 0.25f, got); /* it has no entries */
        expect_near("z", rank, got, want, 1e-6);
        diffmm__basis_unweight_row(&basis, &x0, 0, got);
        for (size_t j = 0; j < rank; j++)
            want[j] *= weighted ? 3.0 : 1.0;
        expect_near("unweighted z", rank, got, want, 1e-6);
    }
}
END_TEST

/* An item's entry is the product of its score row with the coordinates. */
START_TEST(writes_rows)
{
    diffmm_context *contexts[context_count];
    contexts_begin(contexts);
    for (int weighted = 0; weighted < 2; weighted++)
        for (size_t c = 0; c < context_count; c++) {
            struct diffmm__basis basis = begin(weighted);
            struct draws draws = {5};
            float z[rows * rank], x[rows * items], row[rank];
            double want[rows * items];
            draw_normals(&draws, rows * rank, 1.0, z);
            for (size_t i = 0; i < items; i++) {
                diffmm__basis_score_row(&basis, i, row);
                for (size_t b = 0; b < rows; b++) {
                    want[b * items + i] = 0.0;
                    for (size_t j = 0; j < rank; j++) {
                        double entry = (double)values[i * rank + j];
                        if (weighted)
                            entry /= (double)weights[i];
                        want[b * items + i] += (double)z[b * rank + j] * entry;
                        expect_close("score row", j, (double)row[j], entry, 1e-6);
                    }
                }
            }
            diffmm__basis_write(contexts[c], &basis, rows, z, x);
            expect_near("x", rows * items, x, want, 1e-6);
        }
    contexts_end(contexts);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {adds_a_row, writes_rows};
    return run_tests("basis", tests, sizeof tests / sizeof *tests);
}
