/* SPDX-License-Identifier: BSD-2-Clause */
#include "contrastive/drawn_nodes.h"

#include "base/streams.h"
#include "support/contexts.h"
#include "support/failure.h"

enum { count = 20000 };

static void draw(diffmm_context *context, void *argument, void *out)
{
    const size_t *nodes = argument;
    diffmm__drawn_nodes_fill(context, 5, diffmm__stream_contrast(0, 9), *nodes, count, out);
}

START_TEST(the_same_draws_on_any_number_of_threads)
{
    size_t nodes = 1234567;
    expect_same_bits(count * sizeof(int32_t), draw, &nodes);
}
END_TEST

/* 20,000 draws of 10 nodes: each comes 2,000 times, with a deviation of 42. */
START_TEST(all_nodes_are_drawn_alike)
{
    int32_t *drawn = malloc(count * sizeof *drawn);
    size_t nodes = 10, often[10] = {0};
    ck_assert_ptr_nonnull(drawn);
    draw(NULL, &nodes, drawn);
    for (size_t j = 0; j < count; j++) {
        ck_assert(drawn[j] >= 0 && drawn[j] < 10);
        often[drawn[j]]++;
    }
    for (size_t v = 0; v < 10; v++)
        ck_assert(often[v] > 1800 && often[v] < 2200);
    free(drawn);
}
END_TEST

START_TEST(steps_sides_and_seeds_have_draws_of_their_own)
{
    enum { few = 16, kinds = 5 };
    int32_t drawn[kinds][few], longer[2 * few];
    const uint64_t far = UINT64_C(1) << 32;
    diffmm__drawn_nodes_fill(NULL, 1, diffmm__stream_contrast(0, 0), 1000000, few, drawn[0]);
    diffmm__drawn_nodes_fill(NULL, 1, diffmm__stream_contrast(1, 0), 1000000, few, drawn[1]);
    diffmm__drawn_nodes_fill(NULL, 1, diffmm__stream_contrast(0, 1), 1000000, few, drawn[2]);
    diffmm__drawn_nodes_fill(NULL, 1, diffmm__stream_contrast(0, far), 1000000, few, drawn[3]);
    diffmm__drawn_nodes_fill(NULL, 2, diffmm__stream_contrast(0, 0), 1000000, few, drawn[4]);
    for (size_t i = 0; i < kinds; i++)
        for (size_t k = 0; k < i; k++)
            ck_assert_mem_ne(drawn[i], drawn[k], sizeof drawn[i]);
    /* More draws begin with the same ones. */
    diffmm__drawn_nodes_fill(NULL, 1, diffmm__stream_contrast(0, 0), 1000000, 2 * few, longer);
    ck_assert_mem_eq(longer, drawn[0], sizeof drawn[0]);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {the_same_draws_on_any_number_of_threads,
                                  all_nodes_are_drawn_alike,
                                  steps_sides_and_seeds_have_draws_of_their_own};
    return run_tests("contrastive/drawn_nodes", tests, sizeof tests / sizeof *tests) != 0;
}
