/* SPDX-License-Identifier: BSD-2-Clause */
#include "graph/graph.h"

#include "support/failing.h"
#include "support/oracle_graph.h"

enum { users = 4, items = 5, nodes = users + items };

static diffmm_graph *small_graph(diffmm_context *context)
{
    static const int32_t user[] = {0, 0, 2, 3}, item[] = {1, 4, 1, 0};
    diffmm_graph *graph;
    expect_success(diffmm_graph_create_bipartite(context, users, items, 4, user, item, &graph));
    return graph;
}

START_TEST(counts)
{
    diffmm_graph *graph = small_graph(NULL);
    ck_assert_uint_eq(diffmm_graph_users(graph), users);
    ck_assert_uint_eq(diffmm_graph_items(graph), items);
    ck_assert_uint_eq(diffmm_graph_entries(graph), 2 * 4 + nodes);
    diffmm_graph_destroy(graph);
    ck_assert_uint_eq(diffmm_graph_users(NULL), 0);
    ck_assert_uint_eq(diffmm_graph_items(NULL), 0);
    ck_assert_uint_eq(diffmm_graph_entries(NULL), 0);
    diffmm_graph_destroy(NULL);
}
END_TEST

START_TEST(rows_in_place)
{
    diffmm_graph *graph = small_graph(NULL);
    const int64_t *pointers = NULL;
    const int32_t *columns = NULL;
    const float *values = NULL;
    expect_success(diffmm_graph_rows(graph, NULL, NULL, NULL));
    expect_success(diffmm_graph_rows(graph, &pointers, NULL, NULL));
    expect_success(diffmm_graph_rows(graph, NULL, &columns, NULL));
    expect_success(diffmm_graph_rows(graph, NULL, NULL, &values));
    ck_assert(pointers == graph->rows.pointers && columns == graph->rows.indices &&
              values == graph->rows.values);
    pointers = NULL;
    expect_invalid(diffmm_graph_rows(NULL, &pointers, NULL, NULL), "graph is NULL");
    ck_assert_ptr_null(pointers);
    diffmm_graph_destroy(graph);
}
END_TEST

START_TEST(a_graph_outlives_its_context)
{
    struct failing failing = {0};
    diffmm_context *context = failing_context(&failing, 2);
    diffmm_graph *graph = small_graph(context);
    diffmm_context_destroy(context);
    float x[nodes] = {1}, y[nodes];
    expect_success(diffmm_graph_multiply(graph, 1, x, y));
    ck_assert(y[0] > 0.0f);
    diffmm_graph_destroy(graph);
}
END_TEST

START_TEST(the_last_holder_ends_it)
{
    diffmm_graph *graph = small_graph(NULL);
    ck_assert_ptr_eq(diffmm__graph_retain(graph), graph);
    diffmm_graph_destroy(graph);
    ck_assert_uint_eq(diffmm_graph_users(graph), users);
    diffmm_graph_destroy(graph);
}
END_TEST

/* Entry (r, c) of `rows` is entry (c, r) of `transposed`, whose rows ascend too. */
static void expect_transposed(const diffmm_graph *graph)
{
    double *a = dense_graph(graph);
    const struct diffmm__csr *t = &graph->transposed;
    ck_assert_int_eq(t->pointers[0], 0);
    ck_assert_int_eq(t->pointers[nodes], graph->rows.pointers[nodes]);
    for (size_t r = 0; r < nodes; r++)
        for (int64_t e = t->pointers[r]; e < t->pointers[r + 1]; e++) {
            ck_assert(e == t->pointers[r] || t->indices[e] > t->indices[e - 1]);
            ck_assert((double)t->values[e] == a[(size_t)t->indices[e] * nodes + r]);
        }
    free(a);
}

START_TEST(the_transposed_matrix)
{
    diffmm_graph *graph = small_graph(NULL), *dropped;
    ck_assert_ptr_eq(graph->transposed.values, graph->rows.values); /* symmetric: shared */
    expect_transposed(graph);
    uint8_t kept[2 * 4 + nodes];
    for (size_t e = 0; e < sizeof kept; e++)
        kept[e] = e % 3 != 1;
    expect_success(diffmm_graph_drop_edges(graph, 0.5, kept, &dropped));
    ck_assert_ptr_ne(dropped->transposed.values, dropped->rows.values);
    expect_transposed(dropped);
    diffmm_graph_destroy(dropped);
    diffmm_graph_destroy(graph);
}
END_TEST

static diffmm_status allocate(void *argument)
{
    diffmm_graph *graph = NULL;
    diffmm_status status = diffmm__graph_create(argument, users, items, 3, false, &graph);
    ck_assert((status == DIFFMM_OK) == (graph != NULL));
    diffmm_graph_destroy(graph);
    return status;
}

START_TEST(out_of_memory)
{
    expect_survives_no_memory(allocate);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {counts,
                                  rows_in_place,
                                  a_graph_outlives_its_context,
                                  the_last_holder_ends_it,
                                  the_transposed_matrix,
                                  out_of_memory};
    return run_tests("graph", tests, sizeof tests / sizeof *tests) != 0;
}
