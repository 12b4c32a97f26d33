/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/random.h"
#include "graph/edge_dropout.h"
#include "graph/graph.h"

#include "support/close.h"
#include "support/failing.h"
#include "support/oracle_graph.h"

enum { users = 40, items = 30, nodes = users + items };

static diffmm_status drop_at_random(const diffmm_graph *graph, double keep_rate, uint64_t seed,
                                    uint64_t stream, diffmm_graph **out)
{
    struct diffmm__edge_dropout drop;
    diffmm_status status = diffmm__edge_dropout_begin(
        graph->context, diffmm_graph_users(graph), diffmm_graph_items(graph),
        diffmm_graph_entries(graph), keep_rate, seed, stream, &drop);
    if (!status)
        *out = diffmm__edge_dropout_finish(&drop, graph);
    return status;
}

START_TEST(kept_entries_are_divided_by_the_rate)
{
    diffmm_graph *graph = random_graph(NULL, users, items, 200, 1.0, 1), *dropped;
    size_t entries = diffmm_graph_entries(graph), left = 0;
    uint8_t *kept = calloc(entries, 1);
    double *whole = dense_graph(graph);
    const struct diffmm__csr *rows = &graph->rows;
    for (size_t e = 0; e < entries; e += 1 + e % 3)
        kept[e] = (uint8_t)(1 + e % 255); /* any byte but 0 keeps */
    expect_success(diffmm_graph_drop_edges(graph, 0.3, kept, &dropped));
    double *got = dense_graph(dropped);
    for (size_t r = 0; r < nodes; r++)
        for (int64_t e = rows->pointers[r]; e < rows->pointers[r + 1]; e++) {
            size_t place = r * nodes + (size_t)rows->indices[e];
            double want = kept[e] ? whole[place] / 0.3 : 0.0;
            expect_close("entry", place, got[place], want, 1e-7 * want);
            left += kept[e] != 0;
        }
    ck_assert_uint_eq(diffmm_graph_entries(dropped), left);
    ck_assert_uint_eq(diffmm_graph_entries(graph), entries); /* a copy: the other stays */
    ck_assert_uint_eq(diffmm_graph_users(dropped), users);
    ck_assert_uint_eq(diffmm_graph_items(dropped), items);
    diffmm_graph_destroy(dropped);
    diffmm_graph_destroy(graph);
    free(whole);
    free(got);
    free(kept);
}
END_TEST

START_TEST(all_and_none)
{
    diffmm_graph *graph = random_graph(NULL, users, items, 200, 1.0, 1), *same, *empty;
    size_t entries = diffmm_graph_entries(graph);
    uint8_t *kept = malloc(entries);
    memset(kept, 1, entries);
    expect_success(diffmm_graph_drop_edges(graph, 1.0, kept, &same));
    ck_assert_uint_eq(diffmm_graph_entries(same), entries);
    ck_assert_mem_eq(same->rows.values, graph->rows.values, entries * sizeof(float));
    ck_assert_mem_eq(same->rows.indices, graph->rows.indices, entries * sizeof(int32_t));
    memset(kept, 0, entries);
    expect_success(diffmm_graph_drop_edges(graph, 0.5, kept, &empty));
    ck_assert_uint_eq(diffmm_graph_entries(empty), 0);
    float x[nodes], y[nodes];
    fill(nodes, 1.0f, x);
    fill(nodes, NAN, y);
    expect_success(diffmm_graph_multiply(empty, 1, x, y));
    expect_untouched(nodes, y, 0.0f);
    fill(nodes, NAN, y);
    expect_success(diffmm_graph_multiply_transposed(empty, 1, x, y));
    expect_untouched(nodes, y, 0.0f);
    diffmm_graph_destroy(graph);
    diffmm_graph_destroy(same);
    diffmm_graph_destroy(empty);
    free(kept);
}
END_TEST

START_TEST(random_drops_are_as_many_as_they_should_be)
{
    static const double rates[] = {0.1, 0.5, 0.9};
    diffmm_graph *graph = random_graph(NULL, 400, 300, 6000, 1.0, 2);
    double entries = (double)diffmm_graph_entries(graph);
    for (size_t r = 0; r < 3; r++) {
        diffmm_graph *dropped;
        double rate = rates[r];
        expect_success(drop_at_random(graph, rate, 7, 3, &dropped));
        double left = (double)diffmm_graph_entries(dropped);
        /* Five standard deviations of a binomial count. */
        expect_close("entries", r, left, rate * entries, 5.0 * sqrt(entries * rate * (1.0 - rate)));
        diffmm_graph_destroy(dropped);
    }
    diffmm_graph_destroy(graph);
}
END_TEST

START_TEST(each_entry_has_a_draw_of_its_own)
{
    diffmm_graph *graph = random_graph(NULL, users, items, 200, 1.0, 1), *random, *by_hand;
    size_t entries = diffmm_graph_entries(graph);
    uint8_t *kept = malloc(entries);
    for (size_t e = 0; e < entries; e++)
        kept[e] = diffmm__random_real(9, 4, e) < 0.6;
    expect_success(drop_at_random(graph, 0.6, 9, 4, &random));
    expect_success(diffmm_graph_drop_edges(graph, 0.6, kept, &by_hand));
    ck_assert_uint_eq(diffmm_graph_entries(random), diffmm_graph_entries(by_hand));
    ck_assert_mem_eq(random->rows.indices, by_hand->rows.indices,
                     diffmm_graph_entries(random) * sizeof(int32_t));
    ck_assert_mem_eq(random->rows.values, by_hand->rows.values,
                     diffmm_graph_entries(random) * sizeof(float));

    /* Of some edge only one direction is kept, and some self loop is dropped. */
    double *a = dense_graph(random);
    size_t one_way = 0, loops = 0;
    for (size_t r = 0; r < nodes; r++) {
        loops += a[r * nodes + r] > 0.0;
        for (size_t c = 0; c < nodes; c++)
            one_way += a[r * nodes + c] > 0.0 && !(a[c * nodes + r] > 0.0);
    }
    ck_assert(one_way > 0 && loops > 0 && loops < nodes);
    free(a);
    free(kept);
    diffmm_graph_destroy(graph);
    diffmm_graph_destroy(random);
    diffmm_graph_destroy(by_hand);
}
END_TEST

START_TEST(seeds_and_streams_differ)
{
    diffmm_graph *graph = random_graph(NULL, users, items, 200, 1.0, 1), *dropped[4];
    static const uint64_t seeds[] = {1, 1, 2, 1}, streams[] = {1, 1, 1, 2};
    double *a[4];
    for (size_t i = 0; i < 4; i++) {
        expect_success(drop_at_random(graph, 0.5, seeds[i], streams[i], &dropped[i]));
        a[i] = dense_graph(dropped[i]);
        size_t size = nodes * nodes * sizeof *a[i];
        ck_assert((memcmp(a[0], a[i], size) == 0) == (i < 2));
    }
    for (size_t i = 0; i < 4; i++) {
        free(a[i]);
        diffmm_graph_destroy(dropped[i]);
    }
    diffmm_graph_destroy(graph);
}
END_TEST

START_TEST(rate_one_is_the_same_graph)
{
    diffmm_graph *graph = random_graph(NULL, users, items, 200, 1.0, 1), *same;
    expect_success(drop_at_random(graph, 1.0, 1, 1, &same));
    ck_assert_ptr_eq(same, graph);
    diffmm_graph_destroy(graph);
    ck_assert_uint_eq(diffmm_graph_users(same), users);
    diffmm_graph_destroy(same);
}
END_TEST

START_TEST(bad_input)
{
    diffmm_graph *graph = random_graph(NULL, 2, 2, 3, 1.0, 1), *out = NULL;
    const uint8_t kept[4 + 6] = {1};
    expect_invalid(diffmm_graph_drop_edges(NULL, 0.5, kept, &out), "graph is NULL");
    expect_invalid(diffmm_graph_drop_edges(graph, 0.5, NULL, &out), "kept is NULL");
    expect_invalid(diffmm_graph_drop_edges(graph, 0.5, kept, NULL), "out is NULL");
    const double rates[] = {0.0, -0.5, 1.5, NAN, INFINITY, -INFINITY};
    for (size_t r = 0; r < sizeof rates / sizeof *rates; r++)
        expect_invalid(diffmm_graph_drop_edges(graph, rates[r], kept, &out), "keep_rate");
    ck_assert_ptr_null(out);
    diffmm_graph_destroy(graph);
}
END_TEST

static diffmm_status drop_given(void *argument)
{
    const diffmm_graph *graph = argument;
    uint8_t *kept = calloc(diffmm_graph_entries(graph), 1);
    kept[0] = kept[2] = 1;
    diffmm_graph *dropped = NULL;
    diffmm_status status = diffmm_graph_drop_edges(graph, 0.5, kept, &dropped);
    ck_assert((status == DIFFMM_OK) == (dropped != NULL));
    diffmm_graph_destroy(dropped);
    free(kept);
    return status;
}

static diffmm_status drop_random(void *argument)
{
    diffmm_graph *dropped = NULL;
    diffmm_status status = drop_at_random(argument, 0.5, 1, 1, &dropped);
    ck_assert((status == DIFFMM_OK) == (dropped != NULL));
    diffmm_graph_destroy(dropped);
    return status;
}

START_TEST(out_of_memory)
{
    struct failing failing = {0};
    diffmm_context *context = failing_context(&failing, 1);
    diffmm_graph *graph = random_graph(context, users, items, 200, 1.0, 1);
    ck_assert_uint_gt(fail_each_allocation(&failing, drop_given, graph), 0);
    ck_assert_uint_gt(fail_each_allocation(&failing, drop_random, graph), 0);
    diffmm_graph_destroy(graph);
    diffmm_context_destroy(context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {kept_entries_are_divided_by_the_rate,
                                  all_and_none,
                                  random_drops_are_as_many_as_they_should_be,
                                  each_entry_has_a_draw_of_its_own,
                                  seeds_and_streams_differ,
                                  rate_one_is_the_same_graph,
                                  bad_input,
                                  out_of_memory};
    return run_tests("edge_dropout", tests, sizeof tests / sizeof *tests) != 0;
}
