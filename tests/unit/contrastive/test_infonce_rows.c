/* SPDX-License-Identifier: BSD-2-Clause */
#include "contrastive/infonce_rows.h"

#include "support/close.h"
#include "support/draws.h"
#include "support/failure.h"

static struct diffmm__infonce_rows take(struct diffmm__arena *arena, size_t nodes, size_t batch,
                                        size_t negatives)
{
    const struct diffmm__infonce_shape shape = {
        .nodes = nodes, .batch = batch, .negatives = negatives};
    *arena = diffmm__arena_on(NULL);
    struct diffmm__infonce_rows rows = diffmm__infonce_rows_take(arena, &shape);
    ck_assert(!arena->failed);
    return rows;
}

START_TEST(all_nodes_are_rows_and_the_batch_ascends)
{
    static const int32_t batch[] = {5, 0, 5, 2, 5, 2};
    struct diffmm__arena arena;
    struct diffmm__infonce_rows rows = take(&arena, 7, 6, 0);
    diffmm__infonce_rows_all(&rows, 7, 6, batch);
    const struct diffmm__batch_nodes *out = &rows.batch;
    ck_assert_uint_eq(rows.count, 7);
    ck_assert_uint_eq(rows.candidates, 7);
    ck_assert(!rows.nodes && !rows.factors);
    ck_assert_uint_eq(out->count, 3);
    ck_assert_uint_eq(out->total, 6);
    ck_assert(out->rows[0] == 0 && out->rows[1] == 2 && out->rows[2] == 5);
    ck_assert(out->times[0] == 1.0f && out->times[1] == 2.0f && out->times[2] == 3.0f);
    for (size_t v = 0; v < 7; v++)
        ck_assert_int_eq(rows.seen[v], 0);
    diffmm__arena_end(&arena);
}
END_TEST

START_TEST(drawn_nodes_come_first_and_then_the_batch)
{
    static const int32_t batch[] = {5, 0, 5, 2, 5, 2}, negatives[] = {6, 2, 6, 4};
    struct diffmm__arena arena;
    struct diffmm__infonce_rows rows = take(&arena, 7, 6, 4);
    diffmm__infonce_rows_drawn(&rows, 7, 6, batch, 4, negatives);
    const struct diffmm__batch_nodes *out = &rows.batch;
    ck_assert_uint_eq(rows.candidates, 3);
    ck_assert_uint_eq(rows.count, 5);
    static const int32_t nodes[] = {6, 2, 4, 5, 0};
    ck_assert_mem_eq(rows.nodes, nodes, sizeof nodes);
    ck_assert(rows.factors[0] == 3.5f && rows.factors[1] == 1.75f && rows.factors[2] == 1.75f);
    ck_assert_uint_eq(out->count, 3);
    ck_assert_uint_eq(out->total, 6);
    ck_assert(out->rows[0] == 3 && out->rows[1] == 4 && out->rows[2] == 1);
    ck_assert(out->times[0] == 3.0f && out->times[1] == 1.0f && out->times[2] == 2.0f);
    for (size_t v = 0; v < 7; v++)
        ck_assert_int_eq(rows.seen[v], 0);
    diffmm__arena_end(&arena);
}
END_TEST

/* Random batches and draws, again and again with the same arrays, against counting. */
START_TEST(every_node_has_one_row_whatever_is_drawn)
{
    enum { nodes = 12, most_batch = 20, most_drawn = 30 };
    struct diffmm__arena arena;
    struct draws draws = {3};
    struct diffmm__infonce_rows rows = take(&arena, nodes, most_batch, most_drawn);
    const struct diffmm__infonce_shape shape = {nodes, most_batch, most_drawn};
    for (size_t k = 0; k < 300; k++) {
        size_t batch_count = 1 + k % most_batch, drawn = 1 + k * 7 % most_drawn, found = 0;
        int32_t batch[most_batch], negatives[most_drawn], times[nodes] = {0}, often[nodes] = {0};
        draw_numbers(&draws, batch_count, nodes, batch);
        draw_numbers(&draws, drawn, nodes, negatives);
        for (size_t b = 0; b < batch_count; b++)
            times[batch[b]]++;
        for (size_t j = 0; j < drawn; j++)
            often[negatives[j]]++;
        diffmm__infonce_rows_drawn(&rows, nodes, batch_count, batch, drawn, negatives);
        ck_assert_uint_le(rows.count, diffmm__infonce_rows_most(&shape));
        ck_assert_uint_le(rows.candidates, diffmm__infonce_rows_candidates(&shape));
        for (size_t v = 0; v < nodes; v++)
            found += often[v] > 0 || times[v] > 0;
        ck_assert_uint_eq(found, rows.count);
        for (size_t r = 0; r < rows.count; r++) {
            int32_t node = rows.nodes[r];
            ck_assert((often[node] > 0) == (r < rows.candidates));
            if (r < rows.candidates)
                expect_close("factor", r, (double)rows.factors[r],
                             12.0 / (double)drawn * often[node], 1e-6 * 12.0 * often[node]);
            often[node] = -1; /* no second row */
        }
        for (size_t i = 0; i < rows.batch.count; i++) {
            int32_t *count = &times[rows.nodes[rows.batch.rows[i]]];
            ck_assert(rows.batch.times[i] == (float)*count && *count > 0);
            *count = 0;
        }
        for (size_t v = 0; v < nodes; v++)
            ck_assert(times[v] == 0 && rows.seen[v] == 0);
    }
    diffmm__arena_end(&arena);
}
END_TEST

START_TEST(rows_are_at_most_the_nodes)
{
    const struct diffmm__infonce_shape few = {100, 10, 20}, crowded = {100, 90, 20},
                                       many = {100, 10, 1000}, all = {100, 10, 0};
    ck_assert_uint_eq(diffmm__infonce_rows_most(&few), 30);
    ck_assert_uint_eq(diffmm__infonce_rows_most(&crowded), 100);
    ck_assert_uint_eq(diffmm__infonce_rows_most(&many), 100);
    ck_assert_uint_eq(diffmm__infonce_rows_most(&all), 100);
    ck_assert_uint_eq(diffmm__infonce_rows_candidates(&few), 20);
    ck_assert_uint_eq(diffmm__infonce_rows_candidates(&many), 100);
    ck_assert_uint_eq(diffmm__infonce_rows_candidates(&all), 100);
}
END_TEST

/* Gradients are added where they are to be kept, and overwrite all rows where they are not. */
START_TEST(gradients_go_back_to_the_rows_of_their_nodes)
{
    enum { nodes = 6, d = 2, size = nodes * d };
    static const int32_t batch[] = {4}, negatives[] = {1};
    const float view[size] = {0, 0, 3, 4, 0, 0, 0, 0, 0, 2, 0, 0};
    struct diffmm__arena arena;
    struct diffmm__infonce_rows rows = take(&arena, nodes, 1, 1);
    float normalized[2 * d], norms[2];
    diffmm__infonce_rows_drawn(&rows, nodes, 1, batch, 1, negatives);
    diffmm__infonce_rows_normalize(NULL, &rows, d, view, normalized, norms);
    ck_assert(norms[0] == 5.0f && norms[1] == 2.0f);
    expect_close("x", 0, (double)normalized[0], 0.6, 1e-7);
    expect_close("y", 0, (double)normalized[1], 0.8, 1e-7);
    ck_assert(normalized[2] == 0.0f && normalized[3] == 1.0f);
    for (int keep = 0; keep < 2; keep++) {
        float gradient[2 * d] = {0, 0, 8, 9}, grad[size];
        fill(size, keep ? 1.0f : NAN, grad);
        diffmm__infonce_rows_backward(NULL, &rows, (struct diffmm__part){0, nodes}, d, normalized,
                                      norms, gradient, (float)keep, grad);
        for (size_t i = 0; i < size; i++)
            ck_assert(grad[i] == (float)keep + (i == 8 ? 4.0f : 0.0f));
    }
    diffmm__arena_end(&arena);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        all_nodes_are_rows_and_the_batch_ascends, drawn_nodes_come_first_and_then_the_batch,
        every_node_has_one_row_whatever_is_drawn, rows_are_at_most_the_nodes,
        gradients_go_back_to_the_rows_of_their_nodes};
    return run_tests("contrastive/infonce_rows", tests, sizeof tests / sizeof *tests) != 0;
}
